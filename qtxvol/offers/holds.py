"""A team says yes for one time, and people are asked by name: 应单. With enough of them the order is accepted at once;
otherwise it is let go of, and others are asked.

One hold at a time and one writer: every change happens in a transaction that has locked the order first.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.exc import OperationalError

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.matching.candidates import Opening, check_slot
from qtxvol.matching.crew import choose_crew
from qtxvol.matching.needs import Need
from qtxvol.matching.profiles import Team as CityTeam
from qtxvol.matching.profiles import Volunteer as Member
from qtxvol.matching.settings import MatchSettings
from qtxvol.matching.situation import Situation
from qtxvol.matching.slots import week_of
from qtxvol.notices.queue import To, hasten_notices, queue_notices
from qtxvol.offers import replacing
from qtxvol.offers.ask_list import (
    SHORTEST_WAIT,
    Listed,
    Turn,
    as_people,
    ask_people,
    by_urgency,
    can_ask,
    count_as_come,
    end_asks,
    is_current,
    later,
    lengthen,
    list_asks,
    list_people,
    lock_people,
    minutes_left,
    persons_of,
    silent_from,
    team_actor,
    tell_not_needed,
    times_of,
    where_is,
    withdraw_asking,
    write_list,
)
from qtxvol.offers.asking import Wanted, Where, can_be_met, choose_next, is_enough, is_needed, those
from qtxvol.offers.clock import slot_of
from qtxvol.offers.joint_time import check_joint_time
from qtxvol.offers.rules import get_settings
from qtxvol.offers.situation import Matching, load_matching
from qtxvol.orders.claim import look_again
from qtxvol.orders.lifecycle import Action, Party, Status
from qtxvol.orders.models import Crew, CrewAsk, Hold, Offer, Order, OrderEvent
from qtxvol.orders.replies import DECLINE_REASONS, LONGEST_TEXT, OTHER
from qtxvol.orders.serve import accept_order, asked_teams, check_agreed, check_parallel, check_team, check_week
from qtxvol.orders.transition import Effect, Outcome, change_order, lock_order
from qtxvol.orders.transition import hold as remember
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer

_LOG = logging.getLogger(__name__)

#: Who acts when nobody does.
HOLDS = system_actor("请人")
#: The service's own reason for letting go: too few people could come.
SHORT = "short"
#: The other: the team was put out of use while its people were asked.
OUT_OF_USE = "team_inactive"
_OWN_REASONS = (SHORT, OUT_OF_USE)
#: A crew that isn't found after so many waits for an answer won't be.
MOST_WAITS = 6
_MINUTE = timedelta(minutes=1)


def hold_order(
    number: str,
    actor: Actor,
    *,
    agreed: Window,
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Say yes for the actor's team and one time; its people are asked by name, just enough of them.

    :param agreed: aware UTC, in the future: one of the resident's windows, or agreed with them on the phone.
    :raise Refused: `naming_off` the office has people named by hand; `no_crew` nobody to propose, with `why` as in
        `Choice.obstacle`; `no_time_to_ask` it begins too soon; `not_asked`, `team_inactive`, `team_full`,
        `team_week_full` with `most`, `is_held`, `handed_elsewhere` (409); `bad_window` (422); else as `change_order`.
    """

    def prepare(order: Order) -> Effect:
        settings = get_settings()
        if not settings.is_naming_open:
            raise Refused("naming_off", 409)
        check_agreed(agreed, now)
        check_joint_time(order, agreed, now)
        check_team(order, actor)
        check_parallel(order, actor.team_id, agreed)
        check_week(order, actor.team_id, agreed)
        team_id = actor.team_id or 0
        matching = load_matching([order], now, also_teams=[team_id])
        listed = list_people(order, team_id, agreed, now, matching=matching)
        if listed is None or not _suffices(listed):
            why = _why_no_crew(matching, order, team_id, slot_of(agreed.starts_at))
            raise Refused("no_crew", 409, field="agreed_start", why=why)
        if not can_ask(order, _until(order, agreed, now, settings), now, settings):
            raise Refused("no_time_to_ask", 409, field="agreed_start")
        others = tuple(team for team in asked_teams(order.id) if team != team_id)

        def then(event: OrderEvent) -> None:
            _begin(order, team_id, agreed, listed, event, now, settings)

        return Effect({"held_team_id": team_id}, told_teams=others, then=then)

    payload = {**_times(agreed), "team_id": actor.team_id, "text": text}
    return change_order(number, Action.HOLD, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _suffices(listed: Listed) -> bool:
    leads = sum(may_lead for _who, may_lead, _is_lent, _chance in listed.people)
    return len(listed.people) >= listed.wanted.people and leads >= listed.wanted.leads


def _begin(
    order: Order,
    team_id: int,
    agreed: Window,
    listed: Listed,
    event: OrderEvent,
    now: datetime,
    settings: MatchSettings,
) -> None:
    hold = Hold(
        order_id=order.id,
        team_id=team_id,
        event_id=event.id,
        starts_at=agreed.starts_at,
        ends_at=agreed.ends_at,
        leads=listed.wanted.leads,
        people=listed.wanted.people,
        held_at=now,
        until=_until(order, agreed, now, settings),
    )
    db.session.add(hold)
    db.session.flush()
    remember(order.id, "team", [str(team_id)], now)
    _set_offer(order.id, team_id, now, "held", (None, "declined", "standby"))
    lock_people(hold, [who for who, _may_lead, _is_lent, _chance in listed.people])
    asks = write_list(order, hold, listed)
    turn = Turn(order, hold, now, listed.matching if is_current(listed, now) else None)
    ask_people(order, hold, [ask for ask in asks[: listed.first] if turn.may_ask(ask)], now, settings)
    _settle(order, hold, now, settings, turn=turn)


def _until(order: Order, agreed: Window, now: datetime, settings: MatchSettings) -> datetime:
    """People get their notice; where it is late for that already, half of the time that is left is theirs, the other
    half that of the next team."""
    wait, start = by_urgency(settings.crew_wait, order), agreed.starts_at
    noticed = start - by_urgency(settings.notice, order) * _MINUTE
    if noticed <= later(order, now, wait, settings):
        noticed = min(start, later(order, now, minutes_left(order, now, start, settings) / 2, settings))
    return min(later(order, now, MOST_WAITS * wait, settings), noticed)


def let_go_order(
    number: str,
    actor: Actor,
    *,
    reason: str,
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Let a held order go: whoever was asked need not come, and other teams are asked.

    :param reason: a code of `DECLINE_REASONS`; of the service itself `short` or
        `team_inactive`.
    :raise Refused: `not_held`, `held_elsewhere` (409); `unknown` reason, `missing` text beside "other" (422).
    """
    text = text.strip()[:LONGEST_TEXT]

    def prepare(order: Order) -> Effect:
        if reason not in DECLINE_REASONS and not (reason in _OWN_REASONS and actor.party is Party.SYSTEM):
            raise Refused("unknown", 422, field="reason")
        if reason == OTHER and not text:
            raise Refused("missing", 422, field="text")
        hold = find_open_hold(order.id)
        if hold is None:
            raise AssertionError("an order that is held has its hold")
        others = {team for team in asked_teams(order.id) if team != hold.team_id}
        if actor.party is Party.DEPARTMENT:
            others.add(hold.team_id)

        def then(event: OrderEvent) -> None:
            _end(hold, SHORT if reason == SHORT else "let_go", now)
            end_asks(order, hold, list_asks(hold.id), "void", now)
            _tell_silent(order, hold, now)
            if actor.party is Party.TEAM:
                _set_offer(order.id, hold.team_id, now, "declined", ("held",), reason=reason, text=text)
            else:
                _set_offer(order.id, hold.team_id, now, "standby", ("held",), is_void=reason == OUT_OF_USE)
            if reason in _OWN_REASONS:
                reader = To(Party.TEAM, str(hold.team_id), order.id)
                _tell("crew_short" if reason == SHORT else "team_stopped", order, hold, [reader], now)
            look_again(order, now)

        told_as = {Party.DEPARTMENT: ("team_stopped", times_of(hold))} if reason == OUT_OF_USE else {}
        return Effect({"held_team_id": None}, told_teams=tuple(sorted(others)), told_as=told_as, then=then)

    payload = {"reason": reason, "text": text}
    return change_order(number, Action.LET_GO, actor, payload, now=now, prepare=prepare, version=version, key=key)


def settle(order: Order, hold: Hold, now: datetime, *, gone: int = 0) -> None:
    """Somebody has answered or fallen silent: accept the order once enough have said yes, ask the next ones while too
    few probably will, let it go once there can't be enough, or the team is out of use. Inside a transaction that has
    locked the order.

    :param gone: so many have just fallen out.
    """
    _settle(order, hold, now, get_settings(), gone=gone)


def _settle(
    order: Order, hold: Hold, now: datetime, settings: MatchSettings, *, gone: int = 0, turn: Turn | None = None
) -> None:
    wanted = Wanted(hold.leads, hold.people)
    asks = list_asks(hold.id)
    lock_people(hold, [ask.volunteer_id for ask in asks])
    if not db.session.get_one(Team, hold.team_id).is_active:  # as it was locked just now
        let_go_order(order.number, HOLDS, reason=OUT_OF_USE, now=now)
        return
    if wanted.is_met_by(those(as_people(asks), Where.YES)):
        _accept(order, hold, asks, now, settings)
        return
    _end_surplus(order, hold, asks, wanted, now)
    turn, by_id = turn or Turn(order, hold, now), {ask.id: ask for ask in asks}
    target = by_urgency(settings.crew_target, order)
    is_in_time = can_ask(order, hold.until, now, settings)
    while is_in_time:
        chosen = choose_next(as_people(asks), wanted, target, at_least=gone)
        if not chosen:
            people = as_people(asks)
            still = wanted.without(those(people, Where.YES))
            more = [] if is_enough(people, wanted, target) else lengthen(order, hold, asks, still, turn)
            if not more:
                break
            asks += more
            by_id.update({ask.id: ask for ask in more})
            continue
        able = [by_id[person.id] for person in chosen if turn.may_ask(by_id[person.id])]
        for person in chosen:  # whoever can't be asked any more is passed over for good
            if by_id[person.id] not in able:
                by_id[person.id].ending = "void"
        ask_people(order, hold, able, now, settings)
        gone = max(0, gone - len(able))
        if len(able) == len(chosen):
            break
    db.session.flush()
    people = as_people(asks)
    if not can_be_met(people if is_in_time else those(people, Where.WAITING, Where.YES), wanted):
        let_go_order(order.number, HOLDS, reason=SHORT, now=now)


def _end_surplus(order: Order, hold: Hold, asks: Sequence[CrewAsk], wanted: Wanted, now: datetime) -> None:
    """Once all helpers are found, whoever can't lead is asked no more."""
    people = {person.id: person for person in as_people(asks)}
    surplus = [
        ask for ask in asks if where_is(ask) is Where.WAITING and not is_needed(people[ask.id], people.values(), wanted)
    ]
    end_asks(order, hold, surplus, "not_needed", now)


def _accept(order: Order, hold: Hold, asks: Sequence[CrewAsk], now: datetime, settings: MatchSettings) -> None:
    """With exactly those who have said yes. Whoever has left since, or serves elsewhere, is replaced."""
    said_yes = [ask for ask in asks if where_is(ask) is Where.YES]
    people = sorted(set(persons_of([ask.volunteer_id for ask in said_yes]).values()))
    agreed = Window(hold.starts_at, hold.ends_at)
    try:
        accept_order(order.number, team_actor(hold.team_id), agreed=agreed, volunteer_ids=people, now=now)
    except (Refused, NotFound) as refusal:
        _LOG.info("%s can't be accepted with those who said yes: %s", order.number, refusal)
        gone = _list_gone(said_yes, hold)
        end_asks(order, hold, gone, "void", now)
        if gone:
            _settle(order, hold, now, settings, gone=len(gone))
        else:
            let_go_order(order.number, HOLDS, reason=SHORT, now=now)
        return
    count_as_come(order, people, now, with_team=True)
    _tell("crew_ready", order, hold, [To(Party.TEAM, str(hold.team_id), order.id)], now)


def _list_gone(asks: Sequence[CrewAsk], hold: Hold) -> list[CrewAsk]:
    """Who can't come any more, or turned out to be somebody else on the list. Whether they are free was looked at when
    they said yes, and they were locked."""
    gone, seen = [], set()
    for ask in asks:
        row = db.session.get_one(Volunteer, ask.volunteer_id, populate_existing=True)
        who = row.merged_into_id or row.id
        person = db.session.get_one(Volunteer, who, populate_existing=True)
        is_theirs = ask.is_lent or hold.team_id in (row.team_id if person is not row else None, person.team_id)
        if who in seen or person.status != "verified" or not is_theirs:
            gone.append(ask)
        seen.add(who)
    return gone


# What others do


def hasten_hold(order: Order, now: datetime) -> None:
    """The order became an emergency: whoever would be asked in the morning is asked now, more people are asked, and
    less time is given. Whoever has kept it waiting too long by now counts as silent in the next turn. Inside a
    transaction that has locked the order, whose new urgency stands in it."""
    hold = find_open_hold(order.id) if order.held_team_id is not None else None
    if hold is None:
        return
    settings = get_settings()
    for ask in list_asks(hold.id):
        if where_is(ask) is Where.WAITING and ask.asked_at is not None and ask.asked_at > now:
            ask.asked_at = now
    hasten_notices(order.id, ["join_ask"], now)
    hold.until = min(hold.until, _until(order, Window(hold.starts_at, hold.ends_at), now, settings))
    db.session.flush()
    _settle(order, hold, now, settings)


def follow_step(order: Order, event: OrderEvent, now: datetime) -> None:
    """Called by `transition.py` after every step: a hold ends when the order is accepted or goes elsewhere, and whoever
    was asked is told. The order and its crew stand as after the step."""
    action, has_moved = Action(event.action), event.to_status != event.from_status
    if event.from_status == Status.CLAIMED and has_moved:
        hold = find_open_hold(order.id)
        if hold is not None:
            is_theirs = action is Action.ACCEPT and order.team_id == hold.team_id
            _follow_end(order, hold, now, is_theirs=is_theirs)
    elif event.from_status == Status.ACCEPTED and (has_moved or action is Action.RESCHEDULE):
        replacing.end(order, now)
    elif action is Action.CREW:
        replacing.trim(order, now)


def _follow_end(order: Order, hold: Hold, now: datetime, *, is_theirs: bool) -> None:
    asks = list_asks(hold.id)
    _end(hold, "accepted" if is_theirs else "void", now)
    if not is_theirs:
        end_asks(order, hold, asks, "void", now)
        _tell_silent(order, hold, now)
        _set_offer(order.id, hold.team_id, now, "standby", ("held",))
        return
    crew = set(db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == order.id)))
    persons = persons_of([ask.volunteer_id for ask in asks])
    for ask in asks:
        is_named = persons[ask.volunteer_id] in crew
        if is_named and ask.asked_at is not None:
            ask.ending = "named"
        elif is_named:  # named by hand, without having been asked
            ask.ending = "void"
    end_asks(order, hold, asks, "not_needed", now, with_reserve=False)  # the others go on standing by
    _tell_silent(order, hold, now)


def _tell_silent(order: Order, hold: Hold, now: datetime) -> None:
    """Whoever has not answered yet could still have said yes."""
    tell_not_needed(order, hold, [ask for ask in list_asks(hold.id) if ask.ending == "silent"], now)


def lock_asking(people: Collection[int]) -> list[Order]:
    """Lock the orders for which these are asked, or stand by, in the order of their ids: before the people."""
    open_asks = select(CrewAsk.order_id).where(CrewAsk.volunteer_id.in_(people), CrewAsk.ending.in_(("", "silent")))
    orders = select(Order).where(Order.id.in_(open_asks)).order_by(Order.id)
    locked = orders.with_for_update(of=Order, key_share=True).execution_options(populate_existing=True)
    return list(db.session.scalars(locked))


def release_people(orders: Sequence[Order], people: Collection[int], now: datetime) -> None:
    """These are gone for good: nobody waits for their answer, and others are asked. They are told nothing.

    :param orders: locked, as by `lock_asking`.
    """
    for order in orders:
        mine = select(CrewAsk).where(CrewAsk.order_id == order.id, CrewAsk.volunteer_id.in_(people))
        asks = db.session.scalars(mine.where(CrewAsk.ending.in_(("", "silent")))).all()
        gone = [ask for ask in asks if where_is(ask) in (Where.WAITING, Where.YES)]
        for ask in asks:
            ask.ending = "void"
        db.session.flush()
        withdraw_asking(order, asks, now)
        hold = find_open_hold(order.id)
        if hold is not None and any(ask.hold_id == hold.id for ask in asks):
            settle(order, hold, now, gone=sum(ask.hold_id == hold.id for ask in gone))
        elif gone:
            replacing.replace_absent(order, now)


def advance_holds(now: datetime) -> int:
    """Take silence for a no, let go of what is past its time and of what a team out of use holds; each hold in its own
    transaction, in which everything is looked at again, so any number of workers may do so.

    :return: how many holds and replacements have moved.
    """
    settings = get_settings()
    moved = sum(_try(number, now, settings) for number in _list_due(now, settings))
    return moved + replacing.advance(now, settings)


def _list_due(now: datetime, settings: MatchSettings) -> list[str]:
    """Holds whose time is over, whose team is out of use, or that somebody has kept waiting too long; one statement."""
    first = func.min(CrewAsk.asked_at).filter(CrewAsk.answer.is_(None), CrewAsk.ending == "")
    rows = db.session.execute(
        select(Order, Hold.until, first.label("first"), Team.is_active)
        .join(Hold, Hold.order_id == Order.id)
        .join(Team, Team.id == Hold.team_id)
        .outerjoin(CrewAsk, CrewAsk.hold_id == Hold.id)
        .where(Hold.ended_at.is_(None))
        .group_by(Order.id, Hold.id, Team.id)
        .having(or_(Hold.until <= now, first <= now - SHORTEST_WAIT * _MINUTE, Team.is_active.is_(False)))
        .order_by(Hold.until)
    ).all()
    return [
        order.number
        for order, until, asked_at, is_active in rows
        if not is_active
        or until <= now
        or (asked_at is not None and silent_from(asked_at, order, settings, until) <= now)
    ]


def _try(number: str, now: datetime, settings: MatchSettings) -> bool:
    try:
        return _advance(number, now, settings)
    except (Refused, NotFound) as refusal:
        _LOG.info("the hold of %s could not be moved on: %s", number, refusal)
    except OperationalError:  # the database is gone or busy: everything is tried again
        raise
    except Exception:  # one order keeps no other from its people
        _LOG.exception("the hold of %s could not be moved on", number)
    return False


def _advance(number: str, now: datetime, settings: MatchSettings) -> bool:
    with transaction():
        order = lock_order(number, HOLDS)
        hold = find_open_hold(order.id)
        if hold is None or order.held_team_id is None:
            return False
        is_active = db.session.get_one(Team, hold.team_id, populate_existing=True).is_active
        if not is_active or hold.until <= now:
            let_go_order(number, HOLDS, reason=SHORT if is_active else OUT_OF_USE, now=now)
            return True
        silent = [
            ask
            for ask in list_asks(hold.id)
            if where_is(ask) is Where.WAITING
            and ask.asked_at is not None
            and silent_from(ask.asked_at, order, settings, hold.until) <= now
        ]
        for ask in silent:
            ask.ending = "silent"
        db.session.flush()
        if silent:
            _settle(order, hold, now, settings, gone=len(silent))
        return bool(silent)


# Reads


def find_open_hold(order_id: int) -> Hold | None:
    """The hold of an order that is held; at most one."""
    return db.session.scalars(select(Hold).where(Hold.order_id == order_id, Hold.ended_at.is_(None))).one_or_none()


@dataclass(frozen=True, slots=True)
class Choice:
    """A time for which the team could say yes.

    :ivar free: how many of its people have time then, and may be asked.
    :ivar obstacle: why it can't, a code of `check_slot`, or `left_alone`: people have time, but were asked often enough
        this week or want no messages; empty when it can.
    :ivar is_proposed: it was proposed with the question.
    """

    window: Window
    free: int = 0
    obstacle: str = ""
    is_proposed: bool = False


def list_choices(order: Order, team_id: int, now: datetime) -> list[Choice]:
    """The resident's times that still lie ahead, as the team sees them: what was proposed first, then those that fit by
    their time, then those that don't. Of an order that neighbours have joined the time that they agreed to alone."""
    matching = load_matching([order], now, also_teams=[team_id])
    team, need = matching.situation.city.teams.get(team_id), matching.needs[order.id]
    found, proposed = [], _proposed_start(order.id, team_id)
    for (order_id, slot), window in matching.windows.items():
        if order_id != order.id or window.starts_at <= now or team is None:
            continue
        free, obstacle = _look_at(matching, order, need, team, slot)
        found.append(Choice(window, free, obstacle, is_proposed=window.starts_at == proposed))
    return sorted(found, key=lambda each: (bool(each.obstacle), not each.is_proposed, each.window.starts_at))


def _look_at(matching: Matching, order: Order, need: Need, team: CityTeam, slot: int) -> tuple[int, str]:
    """How many of the team may be asked, and why no crew is found in the slot: what a yes would be told."""
    situation, now = matching.situation, matching.now
    seen = check_slot(situation, need, team, slot, now)
    if not isinstance(seen, Opening) and seen not in ("no_lead", "too_few"):
        return 0, seen
    if choose_crew(situation, need, team, slot, now, with_reserve=False) is None:
        return 0, _why_no_crew(matching, order, team.id, slot)
    return sum(situation.may_ask(each, slot, need.urgency, now) for each in situation.city.members[team.id]), ""


def _why_no_crew(matching: Matching, order: Order, team_id: int, slot: int) -> str:
    """Where no crew is found: `no_lead`, `too_few`, or `left_alone` when the people who have time would do."""
    situation, need = matching.situation, matching.needs[order.id]
    members = situation.city.members[team_id] if team_id in situation.city.teams else ()
    able = [each for each in members if situation.may_ask(each, slot, need.urgency, matching.now)]
    free = [each for each in members if _has_time(situation, each, slot)]
    able_leads, free_leads = (sum(each.may_lead(need.topic) for each in people) for people in (able, free))
    if free_leads < need.leads:
        return "no_lead"
    return "left_alone" if able_leads < need.leads or len(free) >= need.people else "too_few"


def _has_time(situation: Situation, person: Member, slot: int) -> bool:
    """Has time and room in the week, whatever they were asked and want to be asked."""
    ledger = situation.ledger
    if not person.has_time_in(slot) or ledger.is_booked(person.id, slot):
        return False
    return ledger.booked_in_week(person.id, week_of(slot)) < person.week_limit


def _proposed_start(order_id: int, team_id: int) -> datetime | None:
    offers = select(Offer.proposed_start).where(Offer.order_id == order_id, Offer.team_id == team_id)
    return db.session.scalar(offers.order_by(Offer.wave.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class Progress:
    """Who is asked for an order, for those who arrange it.

    :ivar team_id: the team that asks. :ivar is_held: its crew is being found; otherwise somebody is to stand in.
    :ivar people: rows of (CrewAsk, name), in the order of the list.
    """

    hold: Hold
    team_id: int
    is_held: bool
    people: Sequence[AnyRow]


def find_progress(order: Order) -> Progress | None:
    """The list of a crew that is being found, or from which somebody is asked to stand in; two statements at most."""
    if order.status not in (Status.CLAIMED, Status.ACCEPTED) or (
        order.status == Status.CLAIMED and order.held_team_id is None
    ):
        return None
    hold = find_open_hold(order.id) if order.status == Status.CLAIMED else replacing.find_list(order)
    if hold is None:
        return None
    people = db.session.execute(
        select(CrewAsk, Volunteer.name)
        .join(Volunteer, Volunteer.id == CrewAsk.volunteer_id)
        .where(CrewAsk.hold_id == hold.id)
        .order_by(CrewAsk.position)
    ).all()
    is_held = hold.ended_at is None
    if not is_held and not any(where_is(row.CrewAsk) is Where.WAITING for row in people):
        return None
    return Progress(hold, hold.team_id, is_held, people)


# Small writes


def _end(hold: Hold, ending: str, now: datetime) -> None:
    hold.ending, hold.ended_at = ending, now
    db.session.flush()


def _set_offer(
    order_id: int,
    team_id: int,
    now: datetime,
    answer: str,
    when: Sequence[str | None],
    *,
    reason: str = "",
    text: str = "",
    is_void: bool = False,
) -> None:
    """The team's newest question, where it stood at one of `when`. :param is_void: it counts no more."""
    offer = db.session.scalars(
        select(Offer)
        .where(Offer.order_id == order_id, Offer.team_id == team_id)
        .order_by(Offer.wave.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if offer is not None and offer.voided_at is None and offer.answer in when:
        is_still_yes = (offer.answer, answer) == ("held", "standby")  # nothing new was said
        offer.answered_at = offer.answered_at if is_still_yes else now
        offer.answer, offer.reason, offer.text = answer, reason, text
        offer.voided_at = now if is_void else None
        db.session.flush()


def _tell(kind: str, order: Order, hold: Hold, readers: Sequence[To], now: datetime) -> None:
    queue_notices(kind, readers, now=now, order_id=order.id, about=times_of(hold), is_emergency=order.is_emergency)


def _times(window: Window) -> dict[str, str]:
    return {
        "agreed_start": window.starts_at.astimezone(UTC).isoformat(),
        "agreed_end": window.ends_at.astimezone(UTC).isoformat(),
    }
