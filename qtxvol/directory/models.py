"""Tables of facts. Loaded from `qtxvol/data/`, edited by the office; `edited_at` protects a row from reloads."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class Edited:
    """A fact that the office may change. The loader never overwrites a row with `edited_at`."""

    is_active: Mapped[bool] = mapped_column(default=True)
    edited_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Division(Edited, Base):
    """A province, prefecture, county, town or community. Attribution: qtxvol/data/README.md."""

    __tablename__ = "divisions"

    #: Twelve digits, statistical division code; also sorts towns and communities as the state does.
    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"), index=True)
    #: 1 province, 2 prefecture, 3 county, 4 town, 5 community or village.
    level: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    display_name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(96), default="")
    #: GCJ-02, not WGS-84; towns only.
    lon_gcj02: Mapped[float | None]
    lat_gcj02: Mapped[float | None]
    as_of: Mapped[str] = mapped_column(String(10), default="")
    source: Mapped[str] = mapped_column(String(32), default="")


class Department(Edited, Base):
    """A unit that the plan names, or one that the office added."""

    __tablename__ = "departments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    kind: Mapped[str] = mapped_column(String(32), default="government")
    aliases: Mapped[list[str]] = mapped_column(JSON, default=list)
    position: Mapped[int] = mapped_column(default=0)


class Programme(Edited, Base):
    """One of the plan's five actions (A1-A5) or five projects (P1-P5)."""

    __tablename__ = "programmes"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    section: Mapped[str] = mapped_column(String(16), default="")
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    #: The plan says "all members of the leading group" and lists none.
    is_for_all_members: Mapped[bool] = mapped_column(default=False)


class Route(Edited, Base):
    """Who leads what: a department's part in a programme."""

    __tablename__ = "routes"
    __table_args__ = (CheckConstraint("part IN ('lead', 'responsible', 'cooperating')", name="part"),)

    programme_id: Mapped[str] = mapped_column(ForeignKey("programmes.id"), primary_key=True)
    department_id: Mapped[str] = mapped_column(ForeignKey("departments.id"), primary_key=True)
    part: Mapped[str] = mapped_column(String(16))
    position: Mapped[int] = mapped_column(default=0)


class Term(Edited, Base):
    """A word of the menu: an audience, theme, skill or format, in Chinese and English."""

    __tablename__ = "terms"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(96), default="")
    position: Mapped[int] = mapped_column(default=0)


class MenuItem(Edited, Base):
    """Something that can be ordered."""

    __tablename__ = "menu_items"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    audiences: Mapped[list[str]] = mapped_column(JSON, default=list)
    theme: Mapped[str] = mapped_column(String(32), index=True)
    format: Mapped[str] = mapped_column(String(16), default="lecture")
    needed_skills: Mapped[list[str]] = mapped_column(JSON, default=list)
    duration_minutes: Mapped[int] = mapped_column(default=60)
    headcount_min: Mapped[int] = mapped_column(default=1)
    headcount_max: Mapped[int] = mapped_column(default=200)
    min_volunteers: Mapped[int] = mapped_column(default=1)
    #: No acceptance without a volunteer who holds a needed skill under licence.
    is_licence_required: Mapped[bool] = mapped_column(default=False)
    has_minors_present: Mapped[bool] = mapped_column(default=False)
    #: The topic's natural owner is not named in the plan; the lead unit arranges the speaker.
    needs_outside_expert: Mapped[bool] = mapped_column(default=False)
    is_emergency_topic: Mapped[bool] = mapped_column(default=False)
    programme_id: Mapped[str | None] = mapped_column(ForeignKey("programmes.id"))
    department_id: Mapped[str] = mapped_column(ForeignKey("departments.id"))
    alternative_department_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    quote: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int] = mapped_column(default=0)


class Reason(Edited, Base):
    """A coded reason that an action must or may carry."""

    __tablename__ = "reasons"

    #: The action it belongs to: reject, return, release, withdraw, cancel.
    action: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    #: What the resident reads beside it, e.g. the 12345 hotline when the wish is out of scope.
    hint: Mapped[str] = mapped_column(String(200), default="")
    hint_en: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int] = mapped_column(default=0)


class TimeLimit(Edited, Base):
    """Hours for a step (`lifecycle.WAITS`) at an urgency."""

    __tablename__ = "time_limits"
    __table_args__ = (CheckConstraint("hours > 0", name="hours_positive"),)

    step: Mapped[str] = mapped_column(String(16), primary_key=True)
    urgency: Mapped[str] = mapped_column(String(16), primary_key=True)
    hours: Mapped[int]
