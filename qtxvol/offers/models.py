"""Tables of matching: the office's weights, what was learned, who let the service ask, plans, other times, joint
sessions. Who was asked and what they said stands with the orders (`orders.models`: Offer, Hold, CrewAsk)."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.privacy.sealed import SealedWords


class MatchRule(Base):
    """A switch or weight of matching that the office has set. The newest of a name counts; old ones stay."""

    __tablename__ = "match_rules"
    __table_args__ = (Index("ix_match_rules_name", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: A name of `offers.rules`.
    name: Mapped[str] = mapped_column(String(32))
    #: Switches are 0 or 1.
    value: Mapped[float]
    #: None where the row only says that the office went back to the usual value.
    is_usual: Mapped[bool] = mapped_column(default=False)
    set_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MatchBelief(Base):
    """One weight of what was learned from answers (`matching.likelihood.Belief`)."""

    __tablename__ = "match_beliefs"

    #: `captains` or `volunteers`.
    model: Mapped[str] = mapped_column(String(16), primary_key=True)
    #: `shared:0` …, or a leaning: `team:12`, `team:12:topic:N07`, `person:34`.
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[float]
    sureness: Mapped[float]


class AutoSwitch(Base):
    """Somebody let the service ask the teams of an order, or took the choice over, between two of its steps. How the
    order stands is `Order.is_auto_asked`; the steps that change it are told by their events."""

    __tablename__ = "auto_switches"
    __table_args__ = (Index("ix_auto_switches_order_id", "order_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    is_on: Mapped[bool]
    #: The body, as the order's events name it; and the account of the person.
    actor_name: Mapped[str] = mapped_column(String(64))
    by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    switched_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MatchPlan(Base):
    """A plan that was asked for: solved by the worker, looked through by a person."""

    __tablename__ = "match_plans"
    __table_args__ = (
        Index("ix_match_plans_status", "status"),
        CheckConstraint("status IN ('waiting', 'solving', 'ready', 'cancelled', 'failed')", name="status"),
        CheckConstraint("done >= 0 AND done <= orders", name="done"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Whose orders; None: the whole city's.
    department_id: Mapped[str | None] = mapped_column(ForeignKey("departments.id"))
    status: Mapped[str] = mapped_column(String(16), default="waiting")
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: Who solves it, since when, and when it last said that it is alive.
    worker: Mapped[str] = mapped_column(String(80), default="")
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    beat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_cancel_wanted: Mapped[bool] = mapped_column(default=False)
    #: How many workers have begun to solve it; one that takes workers down is given up.
    tries: Mapped[int] = mapped_column(default=0)
    #: Orders in all, and those that are planned so far.
    orders: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    #: Points of the proposal and of the bound (`matching.proposal.Plan`).
    value: Mapped[int] = mapped_column(default=0)
    bound: Mapped[int] = mapped_column(default=0)
    #: Why it failed, as a code of `offers.plans`.
    fault: Mapped[str] = mapped_column(String(32), default="")


class PlanLine(Base):
    """What a plan says about one order, and what a person made of it."""

    __tablename__ = "plan_lines"
    __table_args__ = (
        UniqueConstraint("plan_id", "order_id"),
        Index("ix_plan_lines_order_id", "order_id"),
        CheckConstraint("status IN ('proposed', 'unserved', 'confirmed', 'refused', 'skipped')", name="status"),
        CheckConstraint("status = 'unserved' OR team_id IS NOT NULL", name="team"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("match_plans.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: The order's version when it was planned.
    order_version: Mapped[int]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Ids of the people to ask once the leader agrees, in their order: so many as the service takes, leads first, and
    #: then those who are asked besides because not everybody will say yes.
    people: Mapped[list[int]] = mapped_column(JSON, default=list)
    crew_size: Mapped[int] = mapped_column(default=0)
    chance: Mapped[float | None]
    #: Terms of the score: [code, points, facts].
    reasons: Mapped[list[list[object]]] = mapped_column(JSON, default=list)
    #: `proposed`, `unserved` with why, `confirmed`, `refused` with why (stale), `skipped` by a person.
    status: Mapped[str] = mapped_column(String(16))
    #: A code of `matching.words.UNSERVED`, or of `matching.words.STALE` and the obstacles.
    why: Mapped[str] = mapped_column(String(32), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class PlanRun(Base):
    """All open lines of a plan, confirmed by the worker: there are more of them than somebody waits for."""

    __tablename__ = "plan_runs"
    __table_args__ = (
        Index("ix_plan_runs_plan_id", "plan_id"),
        Index("ix_plan_runs_ended_at", "ended_at"),
        CheckConstraint("ending IN ('', 'done', 'stopped', 'no_seat', 'nobody')", name="ending"),
        CheckConstraint("(ended_at IS NULL) = (ending = '')", name="ended"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("match_plans.id"))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: Others may not accept the orders until the department asks on.
    is_handed: Mapped[bool] = mapped_column(default=False)
    #: Lines that were open when it was asked for, and those that have had their turn, up to the last of them.
    lines: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    last_line_id: Mapped[int] = mapped_column(default=0)
    #: Who confirms, and when that worker last said that it is alive.
    worker: Mapped[str] = mapped_column(String(80), default="")
    beat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_stop_wanted: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: `stopped` by a person; `no_seat`: who asked for it works there no more; `nobody`: no worker took it up in time.
    ending: Mapped[str] = mapped_column(String(16), default="")


class CounterOffer(Base):
    """Other times that a team or department proposes to the resident, with a question of the order (`Question`)."""

    __tablename__ = "counter_offers"
    __table_args__ = (
        Index("ix_counter_offers_order_id", "order_id"),
        Index("ix_counter_offers_until", "until"),
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered"),
    )

    asked_event_id: Mapped[int] = mapped_column(ForeignKey("order_events.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    #: Who proposes; the team is asked first once the resident agrees.
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    #: Pairs of ISO texts, at most `MOST_OTHER_TIMES`.
    windows: Mapped[list[list[str]]] = mapped_column(JSON)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: By then it is answered, or the question ends without an answer.
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: `yes`, `no`, or `void`: the question ended otherwise.
    answer: Mapped[str | None] = mapped_column(String(8))
    #: Which of the windows, from 0.
    chosen: Mapped[int | None]


class JointSession(Base):
    """Orders for the same nearby, proposed as one session; each asker joins by their own consent."""

    __tablename__ = "joint_sessions"
    __table_args__ = (
        Index("ix_joint_sessions_host_order_id", "host_order_id"),
        CheckConstraint("ends_at > starts_at", name="order"),
        CheckConstraint("status IN ('open', 'called_off', 'over')", name="status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: The order that the others join, and whose place it is.
    host_order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    text: Mapped[str] = mapped_column(SealedWords, default="")
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    proposed_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    #: Answers count until then.
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(16), default="open")


class JointInvite(Base):
    """One asker's order in a proposed joint session; the host's asker is asked too."""

    __tablename__ = "joint_invites"
    __table_args__ = (
        Index("ix_joint_invites_order_id", "order_id"),
        CheckConstraint("answer IN ('yes', 'no')", name="answer"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    )

    session_id: Mapped[int] = mapped_column(ForeignKey("joint_sessions.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str | None] = mapped_column(String(8))
    #: When the order became part of the session.
    joined_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
