"""Tables: accounts, their seats, and the counters that slow guessing down."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.privacy.sealed import Sealed


class Account(Base):
    """Somebody who can sign in. What they may do hangs on their seats, not on the account."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(64))
    #: Also to sign in with, instead of the user name. Loaded only where it is asked for.
    phone: Mapped[str | None] = mapped_column(Sealed, deferred=True, deferred_raiseload=True)
    phone_digest: Mapped[str | None] = mapped_column(String(64), unique=True, info={"kind": "phone"})
    #: argon2id, parameters inside.
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    #: Part of every session of this account; raising it signs out everywhere.
    session_epoch: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    signed_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Seat(Base):
    """A role of an account, bound to the community, department, team or volunteer that it acts for."""

    __tablename__ = "seats"
    __table_args__ = (
        UniqueConstraint("account_id", "party"),
        CheckConstraint(
            "(party = 'community' AND division_code IS NOT NULL)"
            " OR (party = 'department' AND department_id IS NOT NULL)"
            " OR (party = 'team' AND team_id IS NOT NULL)"
            " OR (party = 'volunteer' AND volunteer_id IS NOT NULL)"
            " OR party IN ('resident', 'office')",
            name="bound",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: A `Party` that has a desk: resident, community, department, team, volunteer, office.
    party: Mapped[str] = mapped_column(String(16))
    #: Also a resident's own community, to fill in the order form.
    division_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"))
    department_id: Mapped[str | None] = mapped_column(ForeignKey("departments.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"))
    #: When the first-run guide of this desk was put away; None: it is still shown.
    guide_seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SavedView(Base):
    """A list's filter that somebody named to come back to it: one tap instead of four."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("account_id", "party", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: The desk whose list it filters.
    party: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(24))
    #: The filter as a query string, made by the list from checked values; no words of a person.
    query: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Attempt(Base):
    """How often something was tried in a window of time: sign-in, tracking, placing. Rows age out by a job."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_window_start", "window_start"),)

    #: What is counted and of whom, e.g. `login:address:10.0.0.8`; what was typed stands there as a digest alone.
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    window_start: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
