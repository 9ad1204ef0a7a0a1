"""The lifecycle of an order as one table of rules: the only place that knows who may do what from where.

Buttons, server checks, the API, docs/lifecycle.md and the tests read these rows, so they cannot disagree.
A missing row means: nobody may. Pure Python: no Flask, no database; `now` comes in with the facts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Party(StrEnum):
    """Who acts. `SYSTEM` is the service itself: a job, never a person."""

    RESIDENT = "resident"
    COMMUNITY = "community"
    DEPARTMENT = "department"
    TEAM = "team"
    VOLUNTEER = "volunteer"
    OFFICE = "office"
    SYSTEM = "system"


class Status(StrEnum):
    """Where an order is. Past participles: an action has led here."""

    PLACED = "placed"
    DISPATCHED = "dispatched"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    REJECTED = "rejected"
    MERGED = "merged"
    CANCELLED = "cancelled"
    UNMET = "unmet"
    UNREACHABLE = "unreachable"


class Action(StrEnum):
    """What a party does. Verbs."""

    PLACE = "place"
    ASK = "ask"
    ANSWER = "answer"
    DISPATCH = "dispatch"
    REJECT = "reject"
    MERGE = "merge"
    RETURN = "return"
    RULE = "rule"
    CLAIM = "claim"
    RELEASE = "release"
    OFFER = "offer"
    ACCEPT = "accept"
    WITHDRAW = "withdraw"
    RESCHEDULE = "reschedule"
    NO_SHOW = "no_show"
    CLOSE = "close"
    REOPEN = "reopen"
    CANCEL = "cancel"
    GIVE_UP = "give_up"
    RATE = "rate"
    RECALL = "recall"
    UNCLAIM = "unclaim"
    RESTORE = "restore"
    SPLIT = "split"
    CREW = "crew"
    REROUTE = "reroute"
    TURN_BACK = "turn_back"
    LAPSE = "lapse"
    REINSTATE = "reinstate"
    END_UNREACHABLE = "end_unreachable"
    RESUME = "resume"
    PUSH = "push"
    HOLD = "hold"
    LET_GO = "let_go"
    JOIN = "join"


#: Somebody still owes the resident something.
OPEN = frozenset({Status.PLACED, Status.DISPATCHED, Status.CLAIMED, Status.ACCEPTED})
#: Over without a service of its own. A rejection, a merging and an ending as unreachable can still be undone.
ENDED = frozenset({Status.REJECTED, Status.MERGED, Status.CANCELLED, Status.UNMET, Status.UNREACHABLE})
#: Nothing leads out of these.
FINAL = frozenset({Status.CANCELLED, Status.UNMET})

#: After so many returns by departments the office may rule.
RETURNS_BEFORE_RULING = 2
#: A resident's dispute can reopen a closed order for so long.
REOPEN_WITHIN = timedelta(days=15)
#: A claim is taken back without a reason for so long; afterwards the department releases the order.
UNCLAIM_WITHIN = timedelta(minutes=30)
#: A rejected order can be taken up again for so long.
RESTORE_WITHIN = timedelta(days=15)
#: An order that ended because its resident couldn't be reached is taken up again for so long: a season. Its contact is
#: kept longer than that unless the office has chosen otherwise.
RESUME_WITHIN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Label:
    """The same word in Chinese and English."""

    zh: str
    en: str


PARTY_LABELS = {
    Party.RESIDENT: Label("群众", "Resident"),
    Party.COMMUNITY: Label("社区", "Community"),
    Party.DEPARTMENT: Label("部门", "Department"),
    Party.TEAM: Label("志愿服务队", "Volunteer team"),
    Party.VOLUNTEER: Label("志愿者", "Volunteer"),
    Party.OFFICE: Label("纲要办", "Programme office"),
    Party.SYSTEM: Label("系统", "System"),
}

STATUS_LABELS = {
    Status.PLACED: Label("待派单", "Placed"),
    Status.DISPATCHED: Label("待领单", "Dispatched"),
    Status.CLAIMED: Label("待接单", "Claimed"),
    Status.ACCEPTED: Label("待服务", "Accepted"),
    Status.CLOSED: Label("已办结", "Closed"),
    Status.REJECTED: Label("不予受理", "Rejected"),
    Status.MERGED: Label("已并单", "Merged"),
    Status.CANCELLED: Label("已撤单", "Cancelled"),
    Status.UNMET: Label("未能满足", "Unmet"),
    Status.UNREACHABLE: Label("联系不上", "Unreachable"),
}


@dataclass(frozen=True, slots=True)
class Wait:
    """An open status: who owes the next step, and which time limit counts (`time_limits.step`)."""

    owner: Party
    step: str


#: Every open status has an owner and a clock (a test says so).
WAITS = {
    Status.PLACED: Wait(Party.COMMUNITY, "dispatch"),
    Status.DISPATCHED: Wait(Party.DEPARTMENT, "claim"),
    Status.CLAIMED: Wait(Party.TEAM, "accept"),
    Status.ACCEPTED: Wait(Party.TEAM, "close"),
}


#: Every step that has a time limit: those of `WAITS`, and three that run beside them: the team's first phone call, the
#: service itself, and the resident's rating.
STEPS = ("dispatch", "claim", "accept", "first_call", "serve", "close", "rate")


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What a guard may look at. Times are aware UTC.

    :ivar agreed_start: set from accept to the end of the order's life.
    :ivar clock_stopped_at: since when a question to the resident is open.
    :ivar handed_team_id: the one team to which the department handed the order, if it did.
    :ivar asking_team_id: of the team that asks now.
    :ivar status_since: when the order came to stand where it stands.
    :ivar last_action: what was done to the order last, by anybody.
    :ivar can_leave_joined: the order that this one was merged into is open and was never closed.
    :ivar has_tried_enough: the resident was called often enough, on enough days, for the order to end as unreachable.
    :ivar held_team_id: of the team that has said yes and is finding its people, if one has.
    :ivar is_push: a department placed it itself, for a community, while an emergency is open.
    """

    status: Status
    now: datetime
    due_at: datetime | None = None
    is_ruled: bool = False
    returns_count: int = 0
    agreed_start: datetime | None = None
    agreed_end: datetime | None = None
    closed_at: datetime | None = None
    clock_stopped_at: datetime | None = None
    is_rated: bool = False
    handed_team_id: int | None = None
    asking_team_id: int | None = None
    status_since: datetime | None = None
    last_action: Action | None = None
    can_leave_joined: bool = False
    has_tried_enough: bool = False
    is_push: bool = False
    held_team_id: int | None = None

    @property
    def has_open_question(self) -> bool:
        """The clock stands still exactly while a question to the resident is open."""
        return self.clock_stopped_at is not None


#: Looks at the facts and names the reason why not, or None.
Guard = Callable[[OrderFacts], str | None]


def check_not_ruled(facts: OrderFacts) -> str | None:
    """A ruling of the office binds: it can't be returned."""
    return "is_ruled" if facts.is_ruled else None


def check_needs_ruling(facts: OrderFacts) -> str | None:
    """The office rules after two returns or when the step is overdue, not over the heads of those in time."""
    overdue = facts.due_at is not None and facts.due_at < (facts.clock_stopped_at or facts.now)
    return None if overdue or facts.returns_count >= RETURNS_BEFORE_RULING else "needs_no_ruling"


def check_before_start(facts: OrderFacts) -> str | None:
    """Once the agreed time has come, the honest ways out are no_show and close."""
    return "has_started" if facts.agreed_start is not None and facts.agreed_start <= facts.now else None


def check_after_start(facts: OrderFacts) -> str | None:
    """Nobody can miss, or have held, a service that has not begun."""
    return "not_started" if facts.agreed_start is None or facts.now < facts.agreed_start else None


def check_dispute_in_time(facts: OrderFacts) -> str | None:
    """A closed order can be taken up again within 15 days."""
    return "too_late" if facts.closed_at is None or facts.closed_at + REOPEN_WITHIN < facts.now else None


def check_no_open_question(facts: OrderFacts) -> str | None:
    """One question at a time: the resident must know which one to answer."""
    return "question_open" if facts.has_open_question else None


def check_open_question(facts: OrderFacts) -> str | None:
    """There is something to answer."""
    return None if facts.has_open_question else "no_question"


def check_unrated(facts: OrderFacts) -> str | None:
    """Once per closure."""
    return "is_rated" if facts.is_rated else None


def check_not_handed_elsewhere(facts: OrderFacts) -> str | None:
    """The department may hand the order to one team; the others see it and wait."""
    mine = facts.handed_team_id in (None, facts.asking_team_id)
    return None if mine else "handed_elsewhere"


def check_not_held_elsewhere(facts: OrderFacts) -> str | None:
    """The first acceptable yes wins; whoever says yes while that team finds its people stands by."""
    mine = facts.held_team_id in (None, facts.asking_team_id)
    return None if mine else "held_elsewhere"


def check_not_held(facts: OrderFacts) -> str | None:
    """Nothing pulls an order from under a team that is finding its people; it is let go of first."""
    return "is_held" if facts.held_team_id is not None else None


def check_held(facts: OrderFacts) -> str | None:
    """A team that holds an order lets it go; the department and the service do so for it."""
    if facts.held_team_id is None:
        return "not_held"
    return check_not_held_elsewhere(facts) if facts.asking_team_id is not None else None


def check_claim_untouched(facts: OrderFacts) -> str | None:
    """An undo takes back the claim itself; once anybody has built on it, the department has to say why."""
    return None if facts.last_action is Action.CLAIM else "claim_used"


def check_claim_fresh(facts: OrderFacts) -> str | None:
    """A slip of the finger is noticed within half an hour."""
    is_fresh = facts.status_since is not None and facts.now <= facts.status_since + UNCLAIM_WITHIN
    return None if is_fresh else "claim_settled"


def check_rejection_in_time(facts: OrderFacts) -> str | None:
    """A rejected order can be taken up again within 15 days."""
    is_in_time = facts.status_since is not None and facts.now <= facts.status_since + RESTORE_WITHIN
    return None if is_in_time else "rejection_settled"


def check_resume_in_time(facts: OrderFacts) -> str | None:
    """Whoever is heard of within 90 days goes on with the same order."""
    is_in_time = facts.status_since is not None and facts.now <= facts.status_since + RESUME_WITHIN
    return None if is_in_time else "resume_settled"


def check_joined_open(facts: OrderFacts) -> str | None:
    """Once the joined order was served or has ended, this asker was served, or was told, with it."""
    return None if facts.can_leave_joined else "joined_ended"


def check_just_rerouted(facts: OrderFacts) -> str | None:
    """What the system moved on can be moved back until anybody has acted on it."""
    return None if facts.last_action is Action.REROUTE else "reroute_used"


def check_just_lapsed(facts: OrderFacts) -> str | None:
    """What the system took back can be given again until anybody has acted on it."""
    return None if facts.last_action is Action.LAPSE else "lapse_used"


def check_tried_enough(facts: OrderFacts) -> str | None:
    """Nobody is unreachable after one call."""
    return None if facts.has_tried_enough else "tried_too_little"


def check_is_push(facts: OrderFacts) -> str | None:
    """Services go out unasked in an emergency only."""
    return None if facts.is_push else "no_push"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: `by` may do `action` from `when`, leading `to` (None: the status stays).

    :ivar carries: payload keys that must be present and not empty.
    :ivar guards: reasons why not, looked at in this order.
    :ivar tells: parties that get a notice; nobody is told what they did themselves. Teams means: the order's own,
        and those that were asked by name, when it is taken or free again.
    :ivar undoes: the action that this one takes back. One tap: it carries nothing.
    """

    action: Action
    label: Label
    by: frozenset[Party]
    when: frozenset[Status]
    to: Status | None
    carries: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    tells: frozenset[Party] = frozenset()
    undoes: Action | None = None

    @property
    def stays(self) -> bool:
        """The action leaves the status as it is."""
        return self.to is None


def _rule(
    action: Action,
    zh: str,
    en: str,
    *,
    by: Iterable[Party],
    when: Iterable[Status],
    to: Status | None,
    carries: tuple[str, ...] = (),
    guards: tuple[Guard, ...] = (),
    tells: Iterable[Party] = (),
    undoes: Action | None = None,
) -> Rule:
    return Rule(action, Label(zh, en), frozenset(by), frozenset(when), to, carries, guards, frozenset(tells), undoes)


_R, _C, _D, _T, _O = Party.RESIDENT, Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM, Party.OFFICE
_V = Party.VOLUNTEER
_S = Status

RULES: tuple[Rule, ...] = (
    _rule(
        Action.PLACE, "点单", "Place", by={_R, _C, _D}, when=(), to=_S.PLACED, tells={_C},
        carries=("audience", "headcount", "division_code", "venue", "wished_times", "consent"),
    ),
    _rule(
        Action.DISPATCH, "派单", "Dispatch", by={_C}, when={_S.PLACED}, to=_S.DISPATCHED,
        carries=("department_id",), tells={_D, _R},
    ),
    _rule(
        Action.CLAIM, "领单", "Claim", by={_D}, when={_S.DISPATCHED}, to=_S.CLAIMED, tells={_C, _R},
    ),
    _rule(
        Action.OFFER, "推单", "Offer", by={_D, Party.SYSTEM}, when={_S.CLAIMED}, to=None,
        carries=("team_ids",), guards=(check_not_held,), tells={_T},
    ),
    _rule(
        Action.ACCEPT, "接单", "Accept", by={_T}, when={_S.CLAIMED}, to=_S.ACCEPTED,
        carries=("agreed_start", "agreed_end", "volunteer_ids"),
        guards=(check_not_handed_elsewhere, check_not_held_elsewhere), tells={_R, _C, _D, _T, _V},
    ),
    _rule(
        Action.CLOSE, "办结", "Close", by={_T}, when={_S.ACCEPTED}, to=_S.CLOSED,
        carries=("actual_start", "actual_end", "attendance", "report", "minutes"),
        guards=(check_after_start,), tells={_R, _C, _D},
    ),
    _rule(
        Action.RATE, "评单", "Rate", by={_R, _C}, when={_S.CLOSED}, to=None,
        carries=("stars", "took_place"), guards=(check_unrated,), tells={_C, _D, _T},
    ),
    _rule(
        Action.ASK, "询问", "Ask", by={_C, _D, _T}, when=OPEN, to=None,
        carries=("text",), guards=(check_no_open_question,), tells={_R, _C},
    ),
    _rule(
        Action.ANSWER, "补充", "Answer", by={_R, _C, Party.SYSTEM}, when=OPEN, to=None,
        carries=("text",), guards=(check_open_question,), tells={_C, _D, _T},
    ),
    _rule(
        Action.REJECT, "不予受理", "Reject", by={_C}, when={_S.PLACED}, to=_S.REJECTED,
        carries=("reason", "text"), tells={_R},
    ),
    _rule(
        Action.MERGE, "并单", "Merge", by={_C}, when={_S.PLACED}, to=_S.MERGED,
        carries=("into_number",), tells={_R},
    ),
    _rule(
        Action.RETURN, "退单", "Return", by={_D}, when={_S.DISPATCHED}, to=_S.PLACED,
        carries=("reason",), guards=(check_not_ruled,), tells={_C, _O},
    ),
    _rule(
        Action.RULE, "裁定", "Rule", by={_O}, when={_S.PLACED, _S.DISPATCHED}, to=_S.DISPATCHED,
        carries=("department_id", "text"), guards=(check_needs_ruling,), tells={_C, _D, _R},
    ),
    _rule(
        Action.RELEASE, "退领", "Release", by={_D}, when={_S.CLAIMED}, to=_S.PLACED,
        carries=("reason",), tells={_C, _T, _O},
    ),
    _rule(
        Action.RESCHEDULE, "改期", "Reschedule", by={_T}, when={_S.ACCEPTED}, to=None,
        carries=("agreed_start", "agreed_end"), guards=(check_before_start,), tells={_R, _C, _D, _V},
    ),
    _rule(
        Action.WITHDRAW, "撤回接单", "Withdraw", by={_T}, when={_S.ACCEPTED}, to=_S.CLAIMED,
        carries=("reason",), guards=(check_before_start,), tells={_R, _C, _D, _T, _V},
    ),
    _rule(
        Action.NO_SHOW, "未到场", "No show", by={_R, _C}, when={_S.ACCEPTED}, to=_S.CLAIMED,
        carries=("text",), guards=(check_after_start,), tells={_R, _C, _D, _T, _O, _V},
    ),
    _rule(
        Action.REOPEN, "重办", "Reopen", by={_C, _O}, when={_S.CLOSED}, to=_S.CLAIMED,
        carries=("text",), guards=(check_dispute_in_time,), tells={_R, _C, _D, _T},
    ),
    _rule(
        Action.CANCEL, "撤单", "Cancel", by={_R, _C}, when=OPEN, to=_S.CANCELLED,
        carries=("reason",), guards=(check_before_start,), tells={_R, _C, _D, _T, _V},
    ),
    _rule(
        Action.GIVE_UP, "未能满足", "Give up", by={_O}, when=OPEN, to=_S.UNMET,
        carries=("text",), tells={_R, _C, _D, _T, _V},
    ),
    _rule(
        Action.RECALL, "收回派单", "Recall", by={_C}, when={_S.DISPATCHED}, to=_S.PLACED,
        guards=(check_not_ruled,), tells={_D, _R}, undoes=Action.DISPATCH,
    ),
    _rule(
        Action.UNCLAIM, "撤销领单", "Undo claim", by={_D}, when={_S.CLAIMED}, to=_S.DISPATCHED,
        guards=(check_claim_untouched, check_claim_fresh), tells={_C, _R, _T}, undoes=Action.CLAIM,
    ),
    _rule(
        Action.RESTORE, "恢复受理", "Restore", by={_C}, when={_S.REJECTED}, to=_S.PLACED,
        guards=(check_rejection_in_time,), tells={_R}, undoes=Action.REJECT,
    ),
    _rule(
        Action.SPLIT, "撤销并单", "Undo merge", by={_C}, when={_S.MERGED}, to=_S.PLACED,
        guards=(check_joined_open,), tells={_R}, undoes=Action.MERGE,
    ),
    _rule(
        Action.CREW, "换人", "Change crew", by={_T}, when={_S.ACCEPTED}, to=None,
        carries=("volunteer_ids",), guards=(check_before_start,), tells={_V},
    ),
    _rule(
        Action.REROUTE, "转派", "Reroute", by={Party.SYSTEM}, when={_S.DISPATCHED}, to=_S.DISPATCHED,
        carries=("department_id", "reason"), guards=(check_not_ruled,), tells={_C, _D, _R},
    ),
    _rule(
        Action.TURN_BACK, "撤销转派", "Undo rerouting", by={_C, _O}, when={_S.DISPATCHED}, to=_S.DISPATCHED,
        guards=(check_just_rerouted,), tells={_C, _D, _R}, undoes=Action.REROUTE,
    ),
    _rule(
        Action.LAPSE, "逾约收回", "Take back", by={Party.SYSTEM}, when={_S.ACCEPTED}, to=_S.CLAIMED,
        carries=("reason",), tells={_R, _C, _D, _T, _V},
    ),
    _rule(
        Action.REINSTATE, "恢复接单", "Give back", by={_D, _O}, when={_S.CLAIMED}, to=_S.ACCEPTED,
        guards=(check_just_lapsed,), tells={_R, _C, _D, _T, _V}, undoes=Action.LAPSE,
    ),
    _rule(
        Action.END_UNREACHABLE, "联系不上", "Unreachable", by={_C}, when=OPEN, to=_S.UNREACHABLE,
        guards=(check_tried_enough, check_before_start), tells={_R, _D, _T, _V},
    ),
    _rule(
        Action.RESUME, "重新受理", "Resume", by={_C}, when={_S.UNREACHABLE}, to=_S.PLACED,
        guards=(check_resume_in_time,), tells={_R}, undoes=Action.END_UNREACHABLE,
    ),
    _rule(
        Action.PUSH, "送单", "Push", by={_D}, when={_S.PLACED}, to=_S.CLAIMED,
        carries=("department_id",), guards=(check_is_push,), tells={_C, _T},
    ),
    _rule(
        Action.HOLD, "应单", "Hold", by={_T}, when={_S.CLAIMED}, to=None,
        carries=("agreed_start", "agreed_end"),
        guards=(check_not_handed_elsewhere, check_not_held), tells={_D, _T},
    ),
    _rule(
        Action.LET_GO, "放手", "Let go", by={_T, _D, Party.SYSTEM}, when={_S.CLAIMED}, to=None,
        carries=("reason",), guards=(check_held,), tells={_D, _T},
    ),
    _rule(
        Action.JOIN, "并场", "Join", by={_R}, when={_S.PLACED, _S.DISPATCHED, _S.CLAIMED}, to=_S.MERGED,
        carries=("into_number",), guards=(check_not_held,), tells={_C, _D, _T},
    ),
)  # fmt: skip

_BY_ACTION = {rule.action: rule for rule in RULES}
_UNDONE_BY = {rule.undoes: rule for rule in RULES if rule.undoes is not None}


def get_rule(action: Action) -> Rule:
    """The row of `action`. Every action has exactly one (a test says so)."""
    return _BY_ACTION[action]


def find_undo(action: Action) -> Rule | None:
    """The row that takes `action` back, or None when nothing does."""
    return _UNDONE_BY.get(action)


def find_refusal(rule: Rule, party: Party, facts: OrderFacts) -> str | None:
    """Why `party` can't do this now, or None when it can.

    :return: `wrong_party` (403) before `wrong_status` (409) before the first guard that objects (409).
    """
    if party not in rule.by:
        return "wrong_party"
    if facts.status not in rule.when:
        return "wrong_status"
    return next((code for guard in rule.guards if (code := guard(facts))), None)


def list_rules_of(party: Party) -> list[Rule]:
    """Rows that `party` could ever use on an order, in the order of the table."""
    return [rule for rule in RULES if party in rule.by and rule.when]
