"""Tables of the flow. Only `transition.py` writes an order's status; events are never changed or deleted."""

from datetime import datetime

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    and_,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.orders.lifecycle import Status
from qtxvol.privacy.sealed import Sealed, SealedName, SealedWords

_STATUSES = ", ".join(f"'{status}'" for status in Status)


class Order(Base):
    """A resident's request and where it is."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("headcount BETWEEN 1 AND 5000", name="headcount"),
        CheckConstraint("status <> 'accepted' OR (team_id IS NOT NULL AND agreed_start IS NOT NULL)", name="accepted"),
        CheckConstraint("status NOT IN ('dispatched', 'claimed') OR department_id IS NOT NULL", name="held"),
        CheckConstraint("menu_item_id IS NOT NULL OR wish <> ''", name="wanted"),
        Index("ix_orders_status_due_at", "status", "due_at"),
        Index("ix_orders_division_code_status", "division_code", "status"),
        Index("ix_orders_department_id_status", "department_id", "status"),
        Index("ix_orders_team_id_status", "team_id", "status"),
        Index("ix_orders_placed_at", "placed_at"),
        Index("ix_orders_status_next_wave_at", "status", "next_wave_at"),
        Index("ix_orders_contact_phone_tail", "contact_phone_tail"),
        Index("ix_orders_contact_phone_digest", "contact_phone_digest"),
        Index("ix_orders_contact_erased_at_status_since", "contact_erased_at", "status_since"),
        CheckConstraint("NOT is_drill OR emergency_id IS NOT NULL", name="drill"),
        CheckConstraint("NOT is_push OR emergency_id IS NOT NULL", name="push"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(11), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    #: Rises by one with every event; the number of the last event.
    version: Mapped[int] = mapped_column(default=1)
    status_since: Mapped[datetime] = mapped_column(UTCDateTime)
    #: When the owner of the status must have acted; None when nobody owes anything.
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Set while a question to the resident is open: the clock stands still.
    clock_stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # what is wanted
    audience: Mapped[str] = mapped_column(String(32))
    menu_item_id: Mapped[str | None] = mapped_column(ForeignKey("menu_items.id"))
    wish: Mapped[str] = mapped_column(SealedWords, default="")
    #: The menu item's theme; None for a free-text wish.
    theme: Mapped[str | None] = mapped_column(String(32))
    #: Item, wish, venue and organisation, folded for searching; no number of a person.
    search_text: Mapped[str] = mapped_column(Text, default="")
    headcount: Mapped[int]
    urgency: Mapped[str] = mapped_column(String(16), default="normal")
    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    venue: Mapped[str] = mapped_column(SealedWords)

    # who asks
    requester_kind: Mapped[str] = mapped_column(String(16), default="resident")
    organisation: Mapped[str] = mapped_column(SealedWords, default="")
    #: Loaded only where it is asked for: no list opens what it does not show.
    contact_name: Mapped[str] = mapped_column(SealedName, deferred=True, deferred_raiseload=True)
    #: Opened by `privacy/` alone, which writes down who looked.
    contact_phone: Mapped[str] = mapped_column(Sealed, deferred=True, deferred_raiseload=True)
    #: The last four digits, readable: for tracking, and for the mask.
    contact_phone_tail: Mapped[str] = mapped_column(String(4))
    contact_phone_digest: Mapped[str] = mapped_column(String(64), info={"kind": "phone"})
    #: Somebody else to call when the resident can't be reached; empty when nobody was named. Sealed like the first,
    #: and never looked for: it has no digest.
    second_name: Mapped[str] = mapped_column(SealedName, default="", deferred=True, deferred_raiseload=True)
    second_phone: Mapped[str] = mapped_column(Sealed, default="", deferred=True, deferred_raiseload=True)
    second_phone_tail: Mapped[str] = mapped_column(String(4), default="")
    #: Keyed digest of the browser session that placed it, so that the same browser is told of its own order; a cookie
    #: that changed with each order would spoil the way back to the form.
    browser_mark: Mapped[str] = mapped_column(String(24), default="")
    #: Would do it together with neighbours who ordered the same; the desk decides.
    is_joint_ok: Mapped[bool] = mapped_column(default=False)
    #: When name, phone, place and words of the resident were erased.
    contact_erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    consent_version: Mapped[str] = mapped_column(String(16))
    #: Random part of the secret link; a new value makes the old link useless.
    link_nonce: Mapped[str] = mapped_column(String(32))
    #: From the form, so that the same form sent twice is one order.
    place_key: Mapped[str] = mapped_column(String(64), unique=True)
    placed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    placed_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    is_on_behalf: Mapped[bool] = mapped_column(default=False)

    # in an emergency (qtxvol/emergencies/)
    #: The emergency that it belongs to, from its placing or since the office raised it; stays when that is over.
    emergency_id: Mapped[int | None] = mapped_column(ForeignKey("emergencies.id"), index=True)
    #: Part of an exercise: it goes through all steps and counts nowhere (`counts`). Never changes.
    is_drill: Mapped[bool] = mapped_column(default=False)
    #: Sent by a department without anybody having asked (送单).
    is_push: Mapped[bool] = mapped_column(default=False)

    # who serves
    department_id: Mapped[str | None] = mapped_column(ForeignKey("departments.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    #: The one team that the department chose, while it has.
    handed_team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    #: The team that has said yes and is finding its people, while it is (`Hold`).
    held_team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    #: The service asks teams by itself, wave after wave, and when it looks at the order next; None when it doesn't.
    is_auto_asked: Mapped[bool] = mapped_column(default=False)
    next_wave_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    agreed_start: Mapped[datetime | None] = mapped_column(UTCDateTime)
    agreed_end: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_ruled: Mapped[bool] = mapped_column(default=False)
    returns_count: Mapped[int] = mapped_column(default=0)
    #: How many teams were asked by name, in how many waves.
    waves_count: Mapped[int] = mapped_column(default=0)

    # how it ended
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    actual_start: Mapped[datetime | None] = mapped_column(UTCDateTime)
    actual_end: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attendance: Mapped[int | None]
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closures_count: Mapped[int] = mapped_column(default=0)
    #: Reason code of a rejection or cancellation.
    ending_reason: Mapped[str] = mapped_column(String(32), default="")

    @property
    def is_emergency(self) -> bool:
        """It is one in earnest: an exercise jumps queues too, but wakes nobody at night."""
        return self.urgency == "emergency" and not self.is_drill

    @classmethod
    def counts(cls) -> ColumnElement[bool]:
        """The condition that every figure about orders asks for: an exercise is no service (a test says so)."""
        return cls.is_drill.is_(False)


class WishedTime(Base):
    """One of the windows that suit the resident (`windows.MOST_WINDOWS`, and those agreed to later); half-open
    [starts_at, ends_at)."""

    __tablename__ = "wished_times"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="order"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)


class OrderEvent(Base):
    """One step of one order. Append-only: triggers on both databases refuse UPDATE and DELETE."""

    __tablename__ = "order_events"
    __table_args__ = (
        UniqueConstraint("order_id", "sequence"),
        UniqueConstraint("order_id", "actor_key", "idempotency_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: 1, 2, 3 ... within the order; equals the order's version after the event.
    sequence: Mapped[int]
    action: Mapped[str] = mapped_column(String(16))
    party: Mapped[str] = mapped_column(String(16))
    actor_key: Mapped[str] = mapped_column(String(64))
    actor_name: Mapped[str] = mapped_column(String(64))
    actor_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str] = mapped_column(String(16))
    #: What the action carried. No names, phones or addresses of residents: those live in `orders` and can be erased.
    payload: Mapped[dict[str, object]] = mapped_column(JSON)
    #: Mark of the request, to know it again when it is repeated.
    fingerprint: Mapped[str] = mapped_column(String(32))
    idempotency_key: Mapped[str | None] = mapped_column(String(64))
    #: Was the step late? Stays true for ever.
    was_overdue: Mapped[bool] = mapped_column(default=False)
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    previous_hash: Mapped[str] = mapped_column(String(64))
    row_hash: Mapped[str] = mapped_column(String(64))


class OrderClock(Base):
    """A limit that ran, or runs, for one step of an order: who owed what by when. Written with the step that starts
    it, by the limit of that day; a limit that is changed later changes nothing here. Due soon, overdue, and overdue
    but done later are read from its times and stay apart for ever."""

    __tablename__ = "order_clocks"
    __table_args__ = (
        Index("ix_order_clocks_order_id", "order_id"),
        Index("ix_order_clocks_ended_at_due_at", "ended_at", "due_at"),
        CheckConstraint("ending IN ('', 'done', 'void')", name="ending"),
        CheckConstraint("(ended_at IS NULL) = (ending = '')", name="ended"),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: One of `lifecycle.STEPS`.
    step: Mapped[str] = mapped_column(String(16))
    #: Which party owes it, and which one of the party (as in `notices.scope`).
    party: Mapped[str] = mapped_column(String(16))
    scope: Mapped[str] = mapped_column(String(32), default="")
    started_event_id: Mapped[int] = mapped_column(ForeignKey("order_events.id"))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The limit: so many of `unit` (`deadlines.Unit`).
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(String(16))
    #: From when on it is due soon; when it is due; when twice the limit has gone by.
    soon_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    twice_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Since when it stands still, while a question to the resident is open.
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: `done`: what was owed was done, late or not; `void`: nobody owes it any more (rerouted, cancelled ...).
    ending: Mapped[str] = mapped_column(String(8), default="")
    ended_event_id: Mapped[int | None] = mapped_column(ForeignKey("order_events.id"))


class ClockAlarm(Base):
    """What the ladder did about a clock; each kind at most once (qtxvol/orders/ladder.py)."""

    __tablename__ = "clock_alarms"
    __table_args__ = (
        CheckConstraint("kind IN ('soon', 'overdue', 'twice', 'moved', 'stuck')", name="kind"),
        CheckConstraint("NOT is_passed_over OR kind IN ('soon', 'overdue')", name="passed_over"),
        Index("ix_clock_alarms_kind_rung_at", "kind", "rung_at"),
    )

    clock_id: Mapped[int] = mapped_column(ForeignKey("order_clocks.id"), primary_key=True)
    #: `soon`, `overdue`, `twice`: somebody was told; `moved`: the order was rerouted or taken back; `stuck`: nobody is
    #: left whom the order could be given to.
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    rung_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Nobody was told: when the ladder came by, a higher step was due already.
    is_passed_over: Mapped[bool] = mapped_column(default=False)


class LadderRule(Base):
    """A switch of the ladder that the office has set. The newest of a name counts; old ones stay."""

    __tablename__ = "ladder_rules"
    __table_args__ = (Index("ix_ladder_rules_name", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: A name of `ladder_rules.SWITCHES`.
    name: Mapped[str] = mapped_column(String(32))
    is_on: Mapped[bool]
    set_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)


class OrderHolder(Base):
    """A department or team that has had to do with an order, and so may go on knowing of it."""

    __tablename__ = "order_holders"
    __table_args__ = (Index("ix_order_holders_kind_code", "kind", "code"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    #: `department` or `team`.
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    #: The department's id, or the team's id as text.
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Offer(Base):
    """A team asked by name to take an order."""

    __tablename__ = "offers"
    __table_args__ = (
        UniqueConstraint("order_id", "team_id", "wave"),
        Index("ix_offers_asked_at", "asked_at"),
        CheckConstraint("asked_by IN ('department', 'system', 'plan')", name="asked_by"),
        CheckConstraint("(proposed_start IS NULL) = (proposed_end IS NULL)", name="proposed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    wave: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: `held`: the leader said yes and people are being asked; `accepted`; `standby`: yes, but another team was first,
    #: or its crew stayed short; `declined`; None: no answer yet.
    answer: Mapped[str | None] = mapped_column(String(16))
    #: When the question ended because the order went elsewhere. What the team had said by then stays.
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When the silence was taken for a no, for the next wave and for learning. The team may still answer.
    silent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Who asked: a person of the department, the service wave by wave, or a confirmed line of a plan.
    asked_by: Mapped[str] = mapped_column(String(16), default="department")
    #: The time that was proposed with it: where most of the team's people are free.
    proposed_start: Mapped[datetime | None] = mapped_column(UTCDateTime)
    proposed_end: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Where the team stood in the suggestion, 1 for the first, and with what chance of a yes; None: it wasn't there.
    suggested_place: Mapped[int | None]
    chance: Mapped[float | None]
    #: What the chance was read from (`matching.likelihood.Clue`), for learning from the answer; and since when it has
    #: been learned from.
    clue: Mapped[dict[str, object] | None] = mapped_column(JSON)
    learned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Why a person asked another than the suggested first.
    override_why: Mapped[str] = mapped_column(SealedWords, default="")
    #: Why it was declined: a code of `replies.DECLINE_REASONS`, and the leader's own words.
    reason: Mapped[str] = mapped_column(String(32), default="")
    text: Mapped[str] = mapped_column(SealedWords, default="")

    @classmethod
    def is_standing(cls) -> ColumnElement[bool]:
        """The condition that an offer still counts: not answered, or answered with yes; not once it was declined or the
        order was given back."""
        return and_(cls.voided_at.is_(None), or_(cls.answer.is_(None), cls.answer.in_(("accepted", "held", "standby"))))

    @classmethod
    def is_owed(cls) -> ColumnElement[bool]:
        """The condition that the team may still say whether it can."""
        return and_(cls.voided_at.is_(None), cls.answer.is_(None))


class Hold(Base):
    """A team's leader has said yes for one time, and people are asked by name. Ended when enough have said yes (the
    order is accepted), when they can't be found, or when somebody lets the order go."""

    __tablename__ = "holds"
    __table_args__ = (
        Index("ix_holds_order_id", "order_id"),
        Index("ix_holds_team_id_ended_at", "team_id", "ended_at"),
        CheckConstraint("ends_at > starts_at", name="order"),
        CheckConstraint("ending IN ('', 'accepted', 'let_go', 'short', 'void')", name="ending"),
        CheckConstraint("(ended_at IS NULL) = (ending = '')", name="ended"),
        CheckConstraint("leads >= 1 AND people >= leads", name="people"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    #: The event that began it.
    event_id: Mapped[int] = mapped_column(ForeignKey("order_events.id"))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: How many must say yes, and how many of them must be able to lead.
    leads: Mapped[int]
    people: Mapped[int]
    held_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: By then they are found, or the order is let go.
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: `accepted`; `let_go` by a person; `short`: not enough people said yes; `void`: the order went elsewhere.
    ending: Mapped[str] = mapped_column(String(16), default="")


class CrewAsk(Base):
    """A person who is asked by name to serve, or stands by to be asked when somebody declines."""

    __tablename__ = "crew_asks"
    __table_args__ = (
        UniqueConstraint("hold_id", "volunteer_id"),
        Index("ix_crew_asks_order_id", "order_id"),
        Index("ix_crew_asks_volunteer_id_starts_at", "volunteer_id", "starts_at"),
        Index("ix_crew_asks_asked_at", "asked_at"),
        CheckConstraint("answer IN ('yes', 'no')", name="answer"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
        CheckConstraint("ending IN ('', 'named', 'silent', 'not_needed', 'void')", name="ending"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    hold_id: Mapped[int] = mapped_column(ForeignKey("holds.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    #: 1 is asked first.
    position: Mapped[int]
    may_lead: Mapped[bool]
    #: Of another team, whose leader lets its people lend a hand.
    is_lent: Mapped[bool] = mapped_column(default=False)
    #: The time that is asked about; the hold's.
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: None: stands by.
    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str | None] = mapped_column(String(8))
    #: Why not: a code of `replies.COME_REASONS`, and the person's own words.
    reason: Mapped[str] = mapped_column(String(32), default="")
    text: Mapped[str] = mapped_column(SealedWords, default="")
    #: `named` for the crew; `silent`: no answer in time, somebody else was asked; `not_needed`: enough others had said
    #: yes; `void`: the order went elsewhere. Empty while it is open.
    ending: Mapped[str] = mapped_column(String(16), default="")
    chance: Mapped[float | None]
    clue: Mapped[dict[str, object] | None] = mapped_column(JSON)
    learned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @classmethod
    def is_open(cls) -> ColumnElement[bool]:
        """The condition that somebody who was asked may still say yes, be it late; the hold stands beside it."""
        return or_(cls.ending == "", and_(cls.ending == "silent", Hold.ended_at.is_(None)))


class Crew(Base):
    """A volunteer named for an accepted order. Rows go when the team withdraws; the events keep who was named."""

    __tablename__ = "crews"
    __table_args__ = (Index("ix_crews_volunteer_id", "volunteer_id"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)


class Reply(Base):
    """Something that one reader is asked about one agreed time, with one tap, and what they say to it now. Asked anew
    when the service moves; when it moves back, the old reply counts again."""

    __tablename__ = "replies"
    __table_args__ = (
        UniqueConstraint("order_id", "purpose", "party", "scope", "agreed_start"),
        CheckConstraint("answer IN ('yes', 'no')", name="answer"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: The order that is served.
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: `come`, `confirm_time` or `took_place` (qtxvol/orders/replies.py).
    purpose: Mapped[str] = mapped_column(String(16))
    party: Mapped[str] = mapped_column(String(16))
    #: Which one of the party: the volunteer's id, the team's, or that of the resident's own order.
    scope: Mapped[str] = mapped_column(String(32))
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"), index=True)
    agreed_start: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str | None] = mapped_column(String(8))
    #: Why not: a code of `replies.COME_REASONS`.
    reason: Mapped[str] = mapped_column(String(32), default="")
    text: Mapped[str] = mapped_column(SealedWords, default="")
    #: Times that would suit the resident instead, as pairs of ISO texts.
    windows: Mapped[list[list[str]]] = mapped_column(JSON, default=list)


class ReplyChange(Base):
    """Each answer that was ever given to a `Reply`, in its order. Append-only; without reasons and words, which say
    how somebody is and can be erased."""

    __tablename__ = "reply_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    reply_id: Mapped[int] = mapped_column(ForeignKey("replies.id"), index=True)
    answer: Mapped[str] = mapped_column(String(8))
    answered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: None when it came by the link.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class OrderNote(Base):
    """What a person wrote with a step. Apart from the event, which keeps only its hash, so that text about
    people can be erased while the chain stays whole."""

    __tablename__ = "order_notes"

    event_id: Mapped[int] = mapped_column(ForeignKey("order_events.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    text: Mapped[str] = mapped_column(SealedWords)


class Question(Base):
    """Something that the resident has to answer first. The words stand in the notes of the two events."""

    __tablename__ = "questions"
    __table_args__ = (Index("ix_questions_order_id", "order_id"),)

    asked_event_id: Mapped[int] = mapped_column(ForeignKey("order_events.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Set when it is answered, or when the order moved on without an answer.
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answered_event_id: Mapped[int | None] = mapped_column(ForeignKey("order_events.id"))


class Rating(Base):
    """How it went, once per closure. "Not rated" is the absence of a row and is never five stars."""

    __tablename__ = "ratings"
    __table_args__ = (
        UniqueConstraint("asker_order_id", "closure"),
        Index("ix_ratings_order_id", "order_id"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: The order that was served.
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: The order of the one who rates: the same, or one that was merged into it.
    asker_order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: The event; its note holds the words.
    event_id: Mapped[int] = mapped_column(ForeignKey("order_events.id"))
    #: 1 for the first closing, 2 after a reopen, ...
    closure: Mapped[int]
    stars: Mapped[int]
    did_take_place: Mapped[bool]
    came_count: Mapped[int | None]
    would_order_again: Mapped[bool | None]
    #: By the community on the phone, marked so wherever ratings are shown.
    is_call_back: Mapped[bool] = mapped_column(default=False)
    rated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class CallBack(Base):
    """A task for the community: call the resident, e.g. after a low rating. Reopening stays a person's decision."""

    __tablename__ = "call_backs"
    __table_args__ = (
        Index("ix_call_backs_order_id", "order_id"),
        Index("ix_call_backs_done_at_due_at", "done_at", "due_at"),
        CheckConstraint("(done_at IS NULL) = (result = '')", name="done"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: One of `calls.CallCause`.
    cause: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Three working days later.
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    #: The body, as others read it.
    done_by_name: Mapped[str] = mapped_column(String(64), default="")
    #: One of `calls.CallResult`; empty while it is open.
    result: Mapped[str] = mapped_column(String(16), default="")
    #: What was said.
    outcome: Mapped[str] = mapped_column(SealedWords, default="")


class ContactAttempt(Base):
    """A try to reach the resident of an order by telephone: who, when, on which number, and what it came to."""

    __tablename__ = "contact_attempts"
    __table_args__ = (
        UniqueConstraint("order_id", "key"),
        Index("ix_contact_attempts_call_back_id", "call_back_id"),
        CheckConstraint("contact IN ('first', 'second')", name="contact"),
        CheckConstraint("outcome IN ('reached', 'no_answer', 'wrong_number', 'refused', 'other')", name="outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: The task that the call was made for, if it was.
    call_back_id: Mapped[int | None] = mapped_column(ForeignKey("call_backs.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The body that called, as the resident reads it; the account is for the office.
    party: Mapped[str] = mapped_column(String(16))
    actor_name: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    #: `first` or `second` number.
    contact: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(SealedWords, default="")
    #: From the form: the same button pressed twice is one try.
    key: Mapped[str] = mapped_column(String(64))


class DistinctOrders(Base):
    """Somebody has looked: these two orders look alike and are two. Nobody is asked again."""

    __tablename__ = "distinct_orders"
    __table_args__ = (CheckConstraint("low_id < high_id", name="sorted"),)

    low_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    high_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True, index=True)
    said_at: Mapped[datetime] = mapped_column(UTCDateTime)
    said_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class Attachment(Base):
    """A photo that came with placing or closing, re-encoded. The picture itself is in the database: one backup
    holds everything, and several web machines need no shared folder."""

    __tablename__ = "attachments"
    __table_args__ = (Index("ix_attachments_order_id", "order_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: `place` or `close`.
    action: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    size_bytes: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)


class AttachmentContent(Base):
    """The JPEG of an attachment, apart from its row so that no list ever loads it."""

    __tablename__ = "attachment_contents"

    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachments.id"), primary_key=True)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)
