"""Tables: teams, volunteers, and everything that happens to the two."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from qtxvol.accounts.phones import mask_phone
from qtxvol.base import Base, UTCDateTime
from qtxvol.privacy.sealed import Sealed, SealedWords
from qtxvol.volunteers.identity import mask_number

#: What kind of organisation hosts a team.
HOST_KINDS = ("school", "hospital", "community", "enterprise", "society", "government", "other")
#: Which of the three heads that the plan counts on (三长) a volunteer is.
SANZHANG_ROLES = ("hospital_head", "school_head", "agro_station_head")
#: The documents that tell who somebody is.
ID_KINDS = ("resident_id", "passport", "hk_macau_permit", "taiwan_permit", "foreign_permanent_resident")
#: Who wrote a registration down.
REGISTERED_BY = ("self", "team", "office", "import")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Team(Base):
    """A volunteer team of a school, hospital, community, enterprise or society, under one department."""

    __tablename__ = "teams"
    __table_args__ = (
        CheckConstraint(_one_of("host_kind", HOST_KINDS), name="host_kind"),
        CheckConstraint("level BETWEEN 1 AND 4", name="level"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="parent"),
        CheckConstraint("parallel_events >= 1", name="parallel_events"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    name_en: Mapped[str] = mapped_column(String(120), default="")
    host: Mapped[str] = mapped_column(String(64), default="")
    host_kind: Mapped[str] = mapped_column(String(16), default="other")
    department_id: Mapped[str] = mapped_column(ForeignKey("departments.id"), index=True)
    #: 1 the city's, 4 the smallest; what it is called stands in `level_label`.
    level: Mapped[int] = mapped_column(default=3)
    #: Free word for the level; empty: the usual one (`teams.LEVEL_LABELS`).
    level_label: Mapped[str] = mapped_column(String(16), default="")
    #: The team above; never one that stands below this one.
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"), index=True)
    #: Where the team is at home (a town or community).
    division_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"))
    #: Division codes that it serves; empty: the whole city.
    area: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Theme codes it can serve.
    themes: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Services per week it can carry.
    weekly_capacity: Mapped[int] = mapped_column(default=2)
    #: Services that it can carry at one and the same time.
    parallel_events: Mapped[int] = mapped_column(default=3)
    #: The leader's standing consent: the team's people may be asked to complete the crews of other teams nearby.
    is_lending: Mapped[bool] = mapped_column(default=False)
    #: The leader wants no ordinary offers before then; emergencies still come.
    asks_paused_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Closed services a year that it owes; 0: none are asked for.
    yearly_minimum: Mapped[int] = mapped_column(default=4)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class LendingConsent(Base):
    """The leader said that the team's people may be asked to help others, or took it back. The newest of a team agrees
    with `teams.is_lending`; old ones stay."""

    __tablename__ = "lending_consents"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    is_on: Mapped[bool]
    set_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Volunteer(Base):
    """One person. Counts towards the target only while `status` is verified."""

    __tablename__ = "volunteers"
    __table_args__ = (
        UniqueConstraint("team_id", "team_role"),  # one leader and one deputy; NULL roles are no twins
        Index("ix_volunteers_name", "name"),
        CheckConstraint("status IN ('applied', 'verified', 'paused', 'left', 'refused', 'merged')", name="status"),
        CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name="merged"),
        CheckConstraint(_one_of("id_kind", ID_KINDS), name="id_kind"),
        CheckConstraint("id_number_digest IS NULL OR id_kind IS NOT NULL", name="id_number_digest"),
        CheckConstraint(_one_of("sanzhang_role", SANZHANG_ROLES), name="sanzhang_role"),
        CheckConstraint(_one_of("registered_by", REGISTERED_BY), name="registered_by"),
        CheckConstraint(
            "team_role IS NULL OR (team_role IN ('leader', 'deputy') AND team_id IS NOT NULL)", name="team_role"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Printed on lists and certificates; not an identity number.
    number: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(32))
    #: One of `ID_KINDS`; None: the document is still to be shown, and nobody is verified without.
    id_kind: Mapped[str | None] = mapped_column(String(32))
    id_number: Mapped[str | None] = mapped_column(Sealed)
    #: Of the number alone: the same number under another kind of document is the same person, or a slip.
    id_number_digest: Mapped[str | None] = mapped_column(String(64), unique=True, info={"kind": "id"})
    birth_on: Mapped[date | None]
    phone: Mapped[str | None] = mapped_column(Sealed)
    phone_digest: Mapped[str | None] = mapped_column(String(64), index=True, info={"kind": "phone"})
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"), index=True)
    #: leader or deputy of that team.
    team_role: Mapped[str | None] = mapped_column(String(8))
    #: Where the person would like to serve; the team decides.
    preferred_team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    division_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"))
    employer: Mapped[str] = mapped_column(String(64), default="")
    job_title: Mapped[str] = mapped_column(String(32), default="")
    #: Skill codes the person has; those held under a professional licence stand in `licences`.
    skills: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Theme codes and audience codes that the person likes to serve; empty: any.
    topics: Mapped[list[str]] = mapped_column(JSON, default=list)
    audiences: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Slots of `availability.SLOTS`, e.g. "sat-morning"; empty: not said.
    availability: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Kilometres from home, at most; None: not said.
    max_distance_km: Mapped[int | None]
    #: Services a week, at most; None: not said.
    weekly_load: Mapped[int | None]
    sanzhang_role: Mapped[str | None] = mapped_column(String(24))
    #: The hospital, school or station that a `sanzhang_role` heads.
    institution: Mapped[str] = mapped_column(String(64), default="")
    #: 科技特派员, sent to villages by the science office.
    is_technology_envoy: Mapped[bool] = mapped_column(default=False)
    #: The wording that was agreed to, and when; empty for names off a list.
    consent_version: Mapped[str] = mapped_column(String(16), default="")
    consented_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Of somebody of 16 or 17.
    guardian_name: Mapped[str | None] = mapped_column(Sealed)
    guardian_phone: Mapped[str | None] = mapped_column(Sealed)
    guardian_consented_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: One of `REGISTERED_BY`.
    registered_by: Mapped[str] = mapped_column(String(8), default="office")
    status: Mapped[str] = mapped_column(String(16), default="applied", index=True)
    #: The row that this same person goes on with, while `status` is merged; never one that is merged itself.
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"), index=True)
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def masked_phone(self) -> str:
        """Enough to recognise one's own; empty without a phone."""
        return mask_phone(self.phone) if self.phone else ""

    @property
    def masked_id(self) -> str:
        """Enough to recognise one's own; empty without a document."""
        return mask_number(self.id_number) if self.id_number else ""

    @classmethod
    def person_id(cls) -> ColumnElement[int]:
        """The id under which a person's hours are added up, whichever of their rows they were written to."""
        return func.coalesce(cls.merged_into_id, cls.id)

    @classmethod
    def rows_of(cls, volunteer_id: ColumnElement[int] | int) -> Select[int]:
        """The ids of all rows of a person, given the row that they go on with. For `.in_()`."""
        row = aliased(cls)
        return select(row.id).where(func.coalesce(row.merged_into_id, row.id) == volunteer_id)


class VolunteerEvent(Base):
    """Something happened to a volunteer: who did it, from what to what, and why. Never changed."""

    __tablename__ = "volunteer_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), index=True)
    #: One of `events.ACTIONS`.
    action: Mapped[str] = mapped_column(String(16))
    #: Status, team's name, role, or the other row's number, before and after; codes, not words. A registration
    #: says in `was` who wrote it down, a correction in `became` which columns changed.
    was: Mapped[str] = mapped_column(String(64), default="")
    became: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(String(200), default="")
    #: `Actor.key`, party and the name of the body that acted.
    actor_key: Mapped[str] = mapped_column(String(48))
    party: Mapped[str] = mapped_column(String(16))
    actor_name: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class Licence(Base):
    """A professional licence of a volunteer. Somebody looked at the paper before it was written down."""

    __tablename__ = "licences"
    __table_args__ = (UniqueConstraint("volunteer_id", "skill"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    #: The skill that it allows to exercise.
    skill: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(String(64), default="")
    number: Mapped[str | None] = mapped_column(Sealed)
    #: The last day; None: for good.
    expires_on: Mapped[date | None]

    def is_valid_on(self, day: date) -> bool:
        return self.expires_on is None or self.expires_on >= day


class VolunteerRecord(Base):
    """An insurance that covers a volunteer, or a training that they took part in."""

    __tablename__ = "volunteer_records"
    __table_args__ = (
        CheckConstraint("kind IN ('insurance', 'training')", name="kind"),
        CheckConstraint("until_on IS NULL OR until_on >= from_on", name="period"),
        CheckConstraint("hours >= 0", name="hours"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(64))
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    #: Of a training; never hours of service.
    hours: Mapped[int] = mapped_column(default=0)
    entered_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Merge(Base):
    """Two rows turned out to be one person. Kept with everything that is needed to take it back."""

    __tablename__ = "merges"
    __table_args__ = (CheckConstraint("survivor_id <> merged_id", name="two_rows"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    survivor_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), index=True)
    merged_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), index=True)
    #: Of the merged row, before: status, role in its team, and the rows that had been merged into it.
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    merged_at: Mapped[datetime] = mapped_column(UTCDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class DistinctPair(Base):
    """Two rows look like one person and are not: somebody has checked."""

    __tablename__ = "distinct_pairs"
    __table_args__ = (CheckConstraint("low_id < high_id", name="ordered"),)

    low_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)
    high_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)
    actor_name: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class TeamRequest(Base):
    """A volunteer asks to join a team, coming from another one or from none."""

    __tablename__ = "team_requests"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'accepted', 'declined', 'withdrawn')", name="status"),
        CheckConstraint("(status = 'open') = (decided_at IS NULL)", name="decided"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), index=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    text: Mapped[str] = mapped_column(SealedWords, default="")
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(16), default="open")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str] = mapped_column(String(64), default="")
    answer: Mapped[str] = mapped_column(SealedWords, default="")


class VolunteerRule(Base):
    """A number that the office sets for volunteers and teams; what has no row has its usual value (`rules.RULES`)."""

    __tablename__ = "volunteer_rules"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int]
    edited_at: Mapped[datetime] = mapped_column(UTCDateTime)
