"""Who is told when a clock runs out, and that each is told once.

Due soon: whoever owes the step. Overdue: they, and who stands above them. Twice the limit: the programme office.

Who stands above whom: a community's town (a town's own orders: the office); a department's programme office; a team's
department, meaning the one that holds the order, which can give it to another team. A body for which nobody can sign in
is told through the one above it. What is done about it: `ladder.py`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Insert, and_, case, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from qtxvol.accounts.models import Account, Seat
from qtxvol.base import AnyRow
from qtxvol.directory.models import Division
from qtxvol.directory.queries import COMMUNITY
from qtxvol.extensions import db
from qtxvol.notices.queue import Telling, To, queue_all
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import ClockAlarm, Offer, Order, OrderClock

#: So many clocks are told of in one run; the rest has its turn in the next.
MOST_CLOCKS = 400
#: A team that is asked has at least so long to answer before anything is done about it; in an emergency so long.
TIME_TO_ANSWER = timedelta(hours=4)
TIME_TO_ANSWER_IN_EMERGENCY = timedelta(hours=1)

#: The steps of the ladder, lowest first.
LEVELS = ("soon", "overdue", "twice")
#: What is owed to the resident's face rather than at a desk: the team is asked, in words of its own.
ASKED: Mapping[str, str] = {"first_call": "call_missing", "close": "close_missing"}


def ring(now: datetime) -> int:
    """Tell whoever has to be told by now, or as many as one run may; a fixed number of statements.

    :return: of how many clocks somebody was told.
    """
    rows = _list_ringing(now)
    if not rows:
        return 0
    fresh = write_alarms([(row.clock_id, LEVELS[row.level - 1]) for row in rows], now)
    _pass_over([(row.clock_id, level) for row in rows for level in LEVELS[: row.level - 1]], now)
    ringing = [row for row in rows if row.clock_id in fresh]
    asked = _list_asked_teams(ringing)
    manned = _find_manned(ringing, asked)
    queue_all((each for row in ringing for each in _tell(row, asked.get(row.order_id, ()), manned)), now)
    return len(ringing)


def _list_ringing(now: datetime) -> Sequence[AnyRow]:
    """Running clocks with a step of the ladder that is due and was not taken, emergencies first, then the longest due.
    A clock that stands still doesn't ring."""
    level = _level(now)
    rung = (
        select(func.max(case(*((ClockAlarm.kind == kind, at) for at, kind in enumerate(LEVELS, 1)), else_=0)))
        .where(ClockAlarm.clock_id == OrderClock.id)
        .scalar_subquery()
    )
    return db.session.execute(
        _select_clocks(level.label("level"))
        .where(
            OrderClock.ended_at.is_(None),
            OrderClock.stopped_at.is_(None),
            OrderClock.soon_at <= now,
            OrderClock.step != "rate",
            level > func.coalesce(rung, 0),
        )
        .order_by(is_emergency().desc(), OrderClock.due_at, OrderClock.id)
        .limit(MOST_CLOCKS)
    ).all()


def _level(now: datetime) -> ColumnElement[int]:
    """Which step of the ladder is due, 1 to 3."""
    is_twice = and_(OrderClock.twice_at <= now, or_(OrderClock.step.not_in(ASKED), _had_time_to_answer(now)))
    return case((is_twice, 3), (OrderClock.due_at < now, 2), else_=1)


def _had_time_to_answer(now: datetime) -> ColumnElement[bool]:
    latest = case((is_emergency(), now - TIME_TO_ANSWER_IN_EMERGENCY), else_=now - TIME_TO_ANSWER)
    return exists().where(
        ClockAlarm.clock_id == OrderClock.id,
        ClockAlarm.kind == "overdue",
        ClockAlarm.is_passed_over.is_(False),
        ClockAlarm.rung_at <= latest,
    )


def is_emergency() -> ColumnElement[bool]:
    """The order is an emergency."""
    return Order.urgency == "emergency"


def _select_clocks(*more: ColumnElement[Any]) -> Any:
    """Clocks with their order and the bodies that it is with."""
    return (
        select(
            OrderClock.id.label("clock_id"),
            OrderClock.step,
            OrderClock.party,
            OrderClock.due_at,
            Order.id.label("order_id"),
            Order.number,
            Order.urgency,
            Order.is_drill,
            Order.division_code,
            Order.department_id,
            Order.handed_team_id,
            Order.team_id,
            Division.level.label("division_level"),
            Division.parent_code,
            *more,
        )
        .join(Order, Order.id == OrderClock.order_id)
        .join(Division, Division.code == Order.division_code)
    )


def _tell(row: AnyRow, asked: Iterable[int], manned: Collection[To]) -> list[Telling]:
    """What is told about one clock, and to whom."""
    owners, lead = _owners_of(row, asked), _lead_of(row)
    owes = owners[0]
    about = {"step": row.step, "due": row.due_at.isoformat(), "owner": owes.party, "owner_scope": owes.scope}
    office = To(Party.OFFICE)

    def telling(kind: str, readers: Iterable[To]) -> Telling:
        return Telling(
            kind,
            readers,
            order_id=row.order_id,
            about=about,
            key=f"{kind}:{row.clock_id}",
            is_emergency=row.urgency == "emergency" and not row.is_drill,  # an exercise wakes nobody
        )

    match LEVELS[row.level - 1]:
        case "soon":
            there = [each for each in owners if each in manned] or ([lead] if lead in manned else [])
            return [telling("due_soon", there)]
        case "overdue":
            there = [each for each in owners if each in manned]
            above = lead if lead in manned else office
            return [telling(ASKED.get(row.step, "overdue"), there), telling("overdue_lead", [above])]
    return [telling("overdue_twice", [office])]


def _owners_of(row: AnyRow, asked: Iterable[int]) -> list[To]:
    """Who owes the step. What waits in the pool is owed by the department that looks for a team, and by the teams that
    it has asked."""
    match row.party:
        case Party.COMMUNITY:
            return [To(Party.COMMUNITY, row.division_code)]
        case Party.DEPARTMENT:
            return [To(Party.DEPARTMENT, row.department_id or "")]
    team = row.team_id or row.handed_team_id
    if team is not None:
        return [To(Party.TEAM, str(team))]
    return [To(Party.DEPARTMENT, row.department_id or ""), *(To(Party.TEAM, str(each)) for each in asked)]


def _lead_of(row: AnyRow) -> To:
    """Who stands above those that owe it."""
    if row.party == Party.COMMUNITY and row.division_level == COMMUNITY:
        return To(Party.COMMUNITY, row.parent_code or "")
    if row.party == Party.TEAM and (row.team_id or row.handed_team_id) is not None:
        return To(Party.DEPARTMENT, row.department_id or "")
    return To(Party.OFFICE)


def _list_asked_teams(rows: Sequence[AnyRow]) -> dict[int, list[int]]:
    """Teams with an offer that they have not answered, by order."""
    waiting = [row.order_id for row in rows if row.step == "accept"]
    asked: dict[int, list[int]] = {}
    found = db.session.execute(
        select(Offer.order_id, Offer.team_id)
        .where(Offer.order_id.in_(waiting), Offer.answer.is_(None))
        .distinct()
        .order_by(Offer.order_id, Offer.team_id)
    )
    for order_id, team_id in found:
        asked.setdefault(order_id, []).append(team_id)
    return asked


def _find_manned(rows: Sequence[AnyRow], asked: Mapping[int, Sequence[int]]) -> set[To]:
    """The bodies of these clocks for which somebody can sign in; the office always is."""
    places = {code for row in rows for code in (row.division_code, row.parent_code) if code}
    units = {row.department_id for row in rows if row.department_id}
    teams = {team for row in rows for team in (row.team_id, row.handed_team_id) if team is not None}
    teams |= {team for each in asked.values() for team in each}
    seats = db.session.execute(
        select(Seat.party, Seat.division_code, Seat.department_id, Seat.team_id)
        .join(Account, Account.id == Seat.account_id)
        .where(
            Account.is_active,
            or_(
                and_(Seat.party == Party.COMMUNITY, Seat.division_code.in_(places)),
                and_(Seat.party == Party.DEPARTMENT, Seat.department_id.in_(units)),
                and_(Seat.party == Party.TEAM, Seat.team_id.in_(teams)),
            ),
        )
        .distinct()
    )
    codes = {Party.COMMUNITY: "division_code", Party.DEPARTMENT: "department_id", Party.TEAM: "team_id"}
    return {To(Party.OFFICE), *(To(Party(row.party), str(getattr(row, codes[Party(row.party)]))) for row in seats)}


def write_alarms(rows: Sequence[tuple[int, str]], now: datetime) -> set[int]:
    """Write down what is done about these clocks.

    :param rows: clock and kind.
    :return: the clocks of which it had not been done, here or by another worker at this very moment.
    """
    values = [{"clock_id": clock, "kind": kind, "rung_at": now, "is_passed_over": False} for clock, kind in rows]
    return set(db.session.scalars(_insert_new(values).returning(ClockAlarm.clock_id)))


def _pass_over(rows: Sequence[tuple[int, str]], now: datetime) -> None:
    values = [{"clock_id": clock, "kind": kind, "rung_at": now, "is_passed_over": True} for clock, kind in rows]
    if values:
        db.session.execute(_insert_new(values))


def _insert_new(values: Sequence[Mapping[str, Any]]) -> Insert:
    """An INSERT that passes over what is there already; on PostgreSQL it waits for whoever is just writing the same."""
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    statement = sqlite.insert(ClockAlarm) if is_sqlite else postgresql.insert(ClockAlarm)
    return statement.values(list(values)).on_conflict_do_nothing(index_elements=["clock_id", "kind"])
