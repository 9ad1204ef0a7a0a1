"""Whom to ask, and why: the short list of teams for an order, why a team is not on it, and which department next.

The order of teams and their reasons are the core's (`matching.score`), so what a page says is what was decided. A
person decides; what they chose instead is kept with the step.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import exists, func, select

from qtxvol.base import AnyRow
from qtxvol.directory.models import MenuItem
from qtxvol.directory.queries import Suggestion as Named
from qtxvol.directory.queries import Wanted, list_answering
from qtxvol.directory.queries import suggest_departments as name_departments
from qtxvol.emergencies.queries import experts_first
from qtxvol.extensions import db
from qtxvol.matching.candidates import explain_absence
from qtxvol.matching.city import City
from qtxvol.matching.departments import suggest_departments as weigh_departments
from qtxvol.matching.needs import Need
from qtxvol.matching.profiles import Department, Remit
from qtxvol.matching.score import Reason, rank
from qtxvol.matching.situation import Situation
from qtxvol.offers.learn import clue_to_json
from qtxvol.offers.rules import get_settings
from qtxvol.offers.situation import Matching, load_matching, topic_of
from qtxvol.orders.claim import Proposal
from qtxvol.orders.lifecycle import Action, Label, Status
from qtxvol.orders.models import Hold, Offer, Order, OrderClock, OrderEvent, OrderHolder
from qtxvol.orders.windows import Window
from qtxvol.volunteers.models import Team

#: How far back the usual time to claim is looked for.
CLAIMS_OF = timedelta(days=90)
#: What a department takes of which nothing is known, where nobody has claimed anything yet; in minutes.
UNKNOWN_MINUTES = 240.0
#: What became of a question whose team said yes too late: it is the first to be asked when the order falls free.
STANDBY = "standby"
#: The part of a department where the experts of an emergency are.
EXPERT = "expert"
#: Parts that the core weighs against each other. Whom the menu names for the very item comes before those who answer
#: for the programme that it belongs to: less work elsewhere makes nobody know more of infectious diseases. Experts
#: come before, mere members after them.
WEIGHED = (frozenset({"menu", "alternative"}), frozenset({"lead", "responsible", "cooperating"}))


#: Why somebody chose another department than the first: codes that may stand in the record, where words may not.
OVERRIDE_WHY: Mapping[str, Label] = {
    "knows": Label("这个部门更熟悉情况", "This department knows the case better"),
    "busy": Label("推荐的部门手上单多", "The suggested department has many orders"),
    "wanted": Label("居民或部门提出来的", "The resident or the department asked for it"),
    "not_theirs": Label("不归推荐的部门管", "It is not the suggested department's field"),
    "other": Label("其他原因", "Something else"),
}


@dataclass(frozen=True, slots=True)
class TeamSuggestion:
    """A team for an order.

    :ivar place: 1 for the best. :ivar chance: of a yes with a whole crew. :ivar score: points; the sum of the reasons.
    :ivar window: the time to propose: the best of the order's times for this team. :ivar clue: what to learn from.
    :ivar is_standby: it has said yes before, when another team was first.
    """

    team_id: int
    name: str
    place: int
    chance: float
    score: float
    reasons: tuple[Reason, ...]
    window: Window | None
    clue: Mapping[str, object] = field(default_factory=dict)
    is_standby: bool = False

    def as_proposal(self) -> Proposal:
        """What is kept with the question when the team is asked."""
        return Proposal(place=self.place, chance=self.chance, clue=self.clue, window=self.window)


@dataclass(frozen=True, slots=True)
class DepartmentSuggestion:
    """A department for an order, and why.

    :ivar waiting: orders that it has been sent and not claimed.
    :ivar usual_minutes: half of its claims of the last 90 days took no longer; None: it has claimed none.
    :ivar claims: how many there were. :ivar has_had: the order was there before.
    """

    named: Named
    waiting: int = 0
    usual_minutes: float | None = None
    claims: int = 0
    has_had: bool = False

    @property
    def department_id(self) -> str:
        return self.named.department_id


# teams


def rank_teams(order: Order, now: datetime, *, matching: Matching | None = None) -> list[TeamSuggestion]:
    """Teams that can be asked now, best first, those that stand by before all others; without those that were asked
    for this order already.

    :param matching: of this order, where it is at hand; else it is loaded.
    """
    known = matching or load_matching([order], now)
    need, situation = known.needs[order.id], known.situation
    asked, found = _list_asked(order), []
    ranking = rank(situation, need, known.now, without={team for team, why in asked.items() if why != STANDBY})
    ranking.sort(key=lambda each: each.team not in asked)  # of those asked only they are left that stand by
    for place, each in enumerate(ranking, 1):
        clue = situation.captain_clue(need, situation.city.teams[each.team], known.now)
        found.append(
            TeamSuggestion(
                each.team,
                known.names[each.team],
                place,
                each.chance,
                each.score,
                each.reasons,
                known.windows.get((order.id, each.openings[0].slot)),
                clue_to_json(clue),
                each.team in asked,
            )
        )
    return found


def explain_team(order: Order, team: Team, now: datetime, *, matching: Matching | None = None) -> str | None:
    """Why a team is not on the list: a code of `web.match_words.OBSTACLES`; None when it is on it.

    What the core doesn't know comes first: the team is out of use, was asked already, another team has the order. That
    the order is handed to another team keeps none from the list: `is_handed_elsewhere` says so beside it.
    """
    if not team.is_active:
        return "out_of_use"
    if (standing := _standing_of(order, team.id)) is not None:
        return standing
    if (before := _list_asked(order).get(team.id, STANDBY)) != STANDBY:
        return before
    known = matching or load_matching([order], now, also_teams=[team.id])
    return explain_absence(known.situation, known.needs[order.id], known.situation.city.teams[team.id], known.now)


def _standing_of(order: Order, team_id: int) -> str | None:
    if order.team_id is not None:
        return "is_serving" if order.team_id == team_id else "taken"
    if order.held_team_id is not None:
        return "holds" if order.held_team_id == team_id else "held_elsewhere"
    return None


def is_handed_elsewhere(order: Order, team: Team) -> bool:
    """Whether the department wants another team and no other for now."""
    return order.handed_team_id not in (None, team.id) and order.team_id is None and order.held_team_id is None


def _list_asked(order: Order) -> dict[int, str]:
    """Teams that were asked in this round, or had the order and gave it up, with what became of it. Two statements.

    Only those that stand by are suggested again, unless their people could not be found.
    """
    fell_short = exists().where(
        Hold.order_id == Offer.order_id, Hold.team_id == Offer.team_id, Hold.ended_at.is_not(None)
    )
    asked = {
        team: _why_done("void" if voided_at and answer != "declined" else answer, silent_at is not None, has_tried)
        for team, answer, silent_at, voided_at, has_tried in db.session.execute(
            select(Offer.team_id, Offer.answer, Offer.silent_at, Offer.voided_at, fell_short)
            .where(Offer.order_id == order.id)
            .order_by(Offer.wave)
        )
    }
    held = select(OrderHolder.code).where(OrderHolder.order_id == order.id, OrderHolder.kind == "team")
    before = {int(code): "had_it" for code in db.session.scalars(held)}
    return {team: why for team, why in {**before, **asked}.items() if why}


def _why_done(answer: str | None, is_silent: bool, has_tried: bool) -> str:
    match answer:
        case None:
            return "asked_silent" if is_silent else "asked"
        case "void":
            return ""
        case "standby":
            return "found_no_people" if has_tried else STANDBY
        case "declined":
            return "declined"
    return "had_it"


# departments


def suggest_departments(order: Order, now: datetime) -> list[DepartmentSuggestion]:
    """Departments for one order, the one that probably serves it soonest first; experts of its emergency before all,
    those that only are members of the plan's group last."""
    named = experts_first(name_departments(order.menu_item_id, order.audience), order)
    return _weigh({order.id: (order, tuple(named))}, now)[order.id]


def suggest_for_each(orders: Sequence[Order], now: datetime) -> dict[int, list[DepartmentSuggestion]]:
    """The same for many orders that are sent out together, without experts and mere members: what the first takes
    counts as waiting for the next. A constant number of statements."""
    ids = {order.menu_item_id for order in orders if order.menu_item_id}
    items = {
        row.id: row
        for row in db.session.execute(
            select(
                MenuItem.id, MenuItem.department_id, MenuItem.alternative_department_ids, MenuItem.programme_id
            ).where(MenuItem.id.in_(ids))
        )
    }
    wanted = {order.id: _wanted(order, items.get(order.menu_item_id or "")) for order in orders}
    answering = list_answering(set(wanted.values()))
    return _weigh({order.id: (order, answering[wanted[order.id]]) for order in orders}, now, takes=True)


def _wanted(order: Order, item: AnyRow | None) -> Wanted:
    if item is None:
        return Wanted(order.audience)
    alternatives = tuple(item.alternative_department_ids)
    return Wanted(order.audience, item.department_id, alternatives, item.programme_id)


def _weigh(
    asked: Mapping[int, tuple[Order, Sequence[Named]]], now: datetime, *, takes: bool = False
) -> dict[int, list[DepartmentSuggestion]]:
    """Put the named departments in the core's order, each with what speaks for it. Four statements."""
    settings, waiting, usual = get_settings(), _count_waiting(), _list_usual_minutes(now)
    had = _list_had({order.id for order, _named in asked.values() if order.returns_count})
    known = [each.minutes for each in usual.values()]
    middle = median(known) if known else UNKNOWN_MINUTES
    codes = {each.department_id for _order, named in asked.values() for each in named}
    departments = [Department(code, usual[code].minutes if code in usual else middle) for code in sorted(codes)]
    city = City(places=(), departments=departments, remits={}, teams=(), volunteers=(), settings=settings)
    situation, found = Situation(city, settings), {}
    for order, named in asked.values():
        listed = [
            DepartmentSuggestion(
                each,
                waiting[each.department_id],
                usual[each.department_id].minutes if each.department_id in usual else None,
                usual[each.department_id].claims if each.department_id in usual else 0,
                each.department_id in had[order.id],
            )
            for each in _in_order(situation, order, named, waiting)
        ]
        # whoever gave the order back comes after everybody else, not out of the list: things change
        found[order.id] = sorted(listed, key=lambda each: each.has_had)
        if takes and listed:
            waiting[found[order.id][0].department_id] += 1
    return found


def _in_order(
    situation: Situation, order: Order, named: Sequence[Named], waiting: Mapping[str, int]
) -> Iterator[Named]:
    """Experts, then those that answer for the order as the core weighs them, then mere members."""
    yield from (each for each in named if each.part == EXPERT)
    for parts in WEIGHED:
        weighed = {each.department_id: each for each in named if each.part in parts}
        if weighed:
            lead, *others = weighed
            need = Need(order.id, topic_of(order), order.audience, 0, 0.0, (), remit=Remit(lead, tuple(others)))
            yield from (weighed[choice.code] for choice in weigh_departments(situation, need, waiting))
    known = frozenset({EXPERT}).union(*WEIGHED)
    yield from (each for each in named if each.part not in known)


def _count_waiting() -> dict[str, int]:
    """Orders that each department has been sent and not claimed; one statement. Who has none is there with nought."""
    rows = db.session.execute(
        select(Order.department_id, func.count())
        .where(Order.status == Status.DISPATCHED, Order.counts(), Order.department_id.is_not(None))
        .group_by(Order.department_id)
    )
    return defaultdict(int, {code: count for code, count in rows if code is not None})


@dataclass(frozen=True, slots=True)
class _Usual:
    minutes: float
    claims: int


def _list_usual_minutes(now: datetime) -> dict[str, _Usual]:
    """How long claiming took each department, half of the time, in the last 90 days; one statement.

    By the hours of the clock on the wall: that is what the resident waits.
    """
    spans: dict[str, list[float]] = defaultdict(list)
    for code, started_at, ended_at in db.session.execute(
        select(OrderClock.scope, OrderClock.started_at, OrderClock.ended_at)
        .join(OrderEvent, OrderEvent.id == OrderClock.ended_event_id)
        .join(Order, Order.id == OrderClock.order_id)
        .where(
            OrderClock.step == "claim",
            OrderClock.ended_at >= now - CLAIMS_OF,
            OrderClock.ended_at <= now,
            OrderEvent.action == Action.CLAIM,
            Order.counts(),
        )
    ):
        if ended_at is not None:
            spans[code].append((ended_at - started_at).total_seconds() / 60)
    return {code: _Usual(median(minutes), len(minutes)) for code, minutes in spans.items()}


def _list_had(order_ids: Collection[int]) -> dict[int, set[str]]:
    """Departments that had each of the orders; one statement, or none."""
    had: dict[int, set[str]] = defaultdict(set)
    if order_ids:
        for order_id, code in db.session.execute(
            select(OrderHolder.order_id, OrderHolder.code).where(
                OrderHolder.order_id.in_(order_ids), OrderHolder.kind == "department"
            )
        ):
            had[order_id].add(code)
    return had
