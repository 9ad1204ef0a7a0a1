"""Tables: the append-only ledger of hours, and what its lines rest on: check-ins, requests, objections, spot checks,
no-shows; the office's rules; the ledger of points."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.privacy.sealed import Sealed, SealedWords


class HoursEntry(Base):
    """A line of the ledger: minutes served by one volunteer in one order. Never changed; a correction is a new line
    that names the line before it. Lines that correct one another are a thread: its sum is what stands."""

    __tablename__ = "hours_entries"
    __table_args__ = (
        CheckConstraint("source IN ('check_in', 'leader', 'late', 'correction', 'reopen')", name="source"),
        CheckConstraint("(corrects_id IS NULL) = (root_id IS NULL)", name="thread"),
        CheckConstraint("(corrects_id IS NULL) = (source IN ('check_in', 'leader', 'late'))", name="root"),
        CheckConstraint("ended_at >= started_at", name="span"),
        CheckConstraint("event_id IS NOT NULL OR request_id IS NOT NULL", name="voucher"),
        Index("ix_hours_entries_volunteer_id_served_on", "volunteer_id", "served_on"),
        Index("ix_hours_entries_volunteer_id_started_at", "volunteer_id", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    #: Which closing of the order it belongs to: 1 for the first, 2 after a reopen, ...
    closure: Mapped[int]
    #: The event that vouches for it: a close, or the reopen that takes it back.
    event_id: Mapped[int | None] = mapped_column(ForeignKey("order_events.id"))
    #: The request that vouches for it: a late entry or a correction.
    request_id: Mapped[int | None] = mapped_column(ForeignKey("hours_requests.id"), index=True)
    #: How it came about: `check_in` and `leader` at a close, `late`, `correction`, `reopen`.
    source: Mapped[str] = mapped_column(String(16))
    #: Minutes; negative when they are taken back.
    minutes: Mapped[int]
    served_on: Mapped[date]
    #: Where the minutes lie: check-in to check-out, or the service's actual span. No person has two that overlap.
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The line before it in its thread, and the thread's first line; both None on the first.
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("hours_entries.id"), unique=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("hours_entries.id"), index=True)
    #: Who vouches for it: the party, the desk's name and the account; and the second person where one is needed.
    vouched_party: Mapped[str] = mapped_column(String(16))
    vouched_name: Mapped[str] = mapped_column(String(64))
    vouched_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    confirmed_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Attendance(Base):
    """A volunteer came to a service and left again. No place is asked for or kept."""

    __tablename__ = "attendances"
    __table_args__ = (
        CheckConstraint("in_how IN ('code', 'leader')", name="in_how"),
        CheckConstraint("out_how IN ('code', 'leader')", name="out_how"),
        CheckConstraint("(out_at IS NULL) = (out_how IS NULL)", name="out"),
        CheckConstraint("out_at IS NULL OR out_at >= in_at", name="span"),
        Index("ix_attendances_order_id_volunteer_id", "order_id", "volunteer_id"),
        Index("ix_attendances_volunteer_id_in_at", "volunteer_id", "in_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    in_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: `code`: by the rotating code shown on site; `leader`: signed by the leader.
    in_how: Mapped[str] = mapped_column(String(8))
    out_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    out_how: Mapped[str | None] = mapped_column(String(8))
    in_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    out_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class HoursRequest(Base):
    """Minutes that somebody asks to write beside the normal way: forgotten at the close (`late`), or other than what
    stands (`correction`). More minutes need a second person; the words stay here so that they can be erased."""

    __tablename__ = "hours_requests"
    __table_args__ = (
        CheckConstraint("kind IN ('late', 'correction')", name="kind"),
        CheckConstraint("status IN ('waiting', 'confirmed', 'refused')", name="status"),
        CheckConstraint("(status = 'waiting') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("minutes >= 0", name="minutes"),
        Index("ix_hours_requests_order_id_volunteer_id", "order_id", "volunteer_id"),
        Index("ix_hours_requests_status_proposed_at", "status", "proposed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    #: The closing of the order that it is about.
    closure: Mapped[int]
    #: What shall stand in the end, not the difference.
    minutes: Mapped[int]
    #: What stood when it was asked for; None for a late entry.
    minutes_before: Mapped[int | None]
    #: A code of `rules.LATE_REASONS` or `rules.CORRECTION_REASONS`.
    reason: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(SealedWords, default="")
    status: Mapped[str] = mapped_column(String(16), default="waiting")
    proposed_party: Mapped[str] = mapped_column(String(16))
    proposed_name: Mapped[str] = mapped_column(String(64))
    proposed_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The second person; nobody but the first where minutes only become fewer.
    decided_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decision: Mapped[str] = mapped_column(SealedWords, default="")
    #: Late entries: the last day on which anybody may object.
    notice_ends_on: Mapped[date | None]


class HoursObjection(Base):
    """Somebody says that a late entry is not right. It stays visible whatever is decided."""

    __tablename__ = "hours_objections"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'upheld', 'dismissed')", name="status"),
        CheckConstraint("(status = 'open') = (decided_at IS NULL)", name="decided"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("hours_requests.id"), index=True)
    text: Mapped[str] = mapped_column(SealedWords)
    #: How to reach whoever objects, if they want an answer; sealed.
    contact: Mapped[str] = mapped_column(Sealed, default="")
    status: Mapped[str] = mapped_column(String(16), default="open")
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: What the office answers; public.
    decision: Mapped[str] = mapped_column(SealedWords, default="")


class Presence(Base):
    """An official word on whether a closed service took place: the community confirms what nobody rated, the office
    settles what is disputed. What residents say stands in their ratings."""

    __tablename__ = "presences"
    __table_args__ = (
        UniqueConstraint("order_id", "closure", "party"),
        CheckConstraint("party IN ('community', 'office')", name="party"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    closure: Mapped[int]
    party: Mapped[str] = mapped_column(String(16))
    did_take_place: Mapped[bool]
    name: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    text: Mapped[str] = mapped_column(SealedWords, default="")
    said_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SpotCheck(Base):
    """The draw of a day's closed orders: everything that is needed to draw again and see the same."""

    __tablename__ = "spot_checks"
    __table_args__ = (CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),)

    #: The city's day on which the orders were closed.
    day: Mapped[date] = mapped_column(primary_key=True)
    #: SHA-256 over the day and the numbers of its closed orders, 64 hex digits.
    seed: Mapped[str] = mapped_column(String(64))
    percent: Mapped[int]
    closed_count: Mapped[int]
    drawn_count: Mapped[int]
    drawn_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SpotCheckOrder(Base):
    """A closed order that took part in a draw, and what the call brought where it was drawn."""

    __tablename__ = "spot_check_orders"
    __table_args__ = (
        CheckConstraint("answer IN ('', 'confirmed', 'denied', 'unreachable')", name="answer"),
        CheckConstraint("(call_back_id IS NOT NULL) = is_drawn", name="drawn"),
    )

    day: Mapped[date] = mapped_column(ForeignKey("spot_checks.day"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    closure: Mapped[int]
    is_drawn: Mapped[bool]
    call_back_id: Mapped[int | None] = mapped_column(ForeignKey("call_backs.id"), unique=True)
    answer: Mapped[str] = mapped_column(String(16), default="")


class NoShow(Base):
    """A named volunteer did not come. A mark with an end; the person may object; it never touches hours."""

    __tablename__ = "no_shows"
    __table_args__ = (
        UniqueConstraint("event_id", "volunteer_id"),
        CheckConstraint("status IN ('stands', 'objected', 'upheld', 'lifted', 'excused')", name="status"),
        CheckConstraint("(status IN ('upheld', 'lifted')) = (decided_at IS NOT NULL)", name="decided"),
        Index("ix_no_shows_volunteer_id_expires_on", "volunteer_id", "expires_on"),
        Index("ix_no_shows_order_id", "order_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    #: The close or the no-show report that it comes from.
    event_id: Mapped[int] = mapped_column(ForeignKey("order_events.id"))
    #: The team for which the person was named.
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    #: A code of `rules.NO_SHOW_REASONS`.
    reason: Mapped[str] = mapped_column(String(32))
    #: `stands`, `objected` (not decided yet), `upheld` after an objection, `lifted`, `excused` by its reason.
    status: Mapped[str] = mapped_column(String(16))
    recorded_party: Mapped[str] = mapped_column(String(16))
    recorded_name: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The last day on which the mark counts.
    expires_on: Mapped[date]
    objection: Mapped[str] = mapped_column(SealedWords, default="")
    objected_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decision: Mapped[str] = mapped_column(SealedWords, default="")


class HoursRule(Base):
    """A number that the office has set, e.g. the share of spot checks. The newest of a name counts; old ones stay."""

    __tablename__ = "hours_rules"
    __table_args__ = (Index("ix_hours_rules_name", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: A name of `rules.NUMBERS`.
    name: Mapped[str] = mapped_column(String(32))
    value: Mapped[int]
    set_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)


class PointsEntry(Base):
    """A line of the second ledger: points earned by hours that count, or spent. Never changed, and nothing here
    touches the hours."""

    __tablename__ = "points_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('earn', 'adjust', 'spend')", name="kind"),
        CheckConstraint("(kind = 'spend') = (order_id IS NULL)", name="order"),
        CheckConstraint("points <> 0", name="points"),
        Index("ix_points_entries_volunteer_id", "volunteer_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    #: `earn` for hours, `adjust` when the hours behind it changed, `spend` by the office with a reason.
    kind: Mapped[str] = mapped_column(String(16))
    points: Mapped[int]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    #: Minutes that counted, and points for an hour, when it was written.
    minutes: Mapped[int | None]
    per_hour: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(120), default="")
    by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
