"""The list of people of one hold: reading it, asking those whose turn it is, ending it. Inside the caller's
transaction, with the order locked."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.matching.crew import choose_crew
from qtxvol.matching.profiles import Volunteer as Member
from qtxvol.matching.settings import MatchSettings
from qtxvol.notices.queue import To, key_for, queue_notices, withdraw_notices
from qtxvol.offers.asking import USUAL_CHANCE, Person, Wanted, Where
from qtxvol.offers.clock import slot_of
from qtxvol.offers.learn import clue_to_json
from qtxvol.offers.models import PlanLine
from qtxvol.offers.pace import after_waking, next_waking, waking_minutes
from qtxvol.offers.rules import URGENCIES
from qtxvol.offers.situation import Matching, load_matching
from qtxvol.orders.bookings import list_bookings
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CrewAsk, Hold, Order, Reply, ReplyChange
from qtxvol.orders.replies import Purpose
from qtxvol.orders.serve import start_of_week
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound
from qtxvol.volunteers.models import Team, Volunteer

#: A list has so many people for each one wanted, and so many more; when it runs out, it is made longer.
LISTED_EACH, LISTED_MORE = 3, 6
#: At least so many of them are people who may lead, as long as there are any: without a lead nothing takes place.
LEADS_SHARE = 1 / 3
#: So many minutes everybody has to answer, however late it is.
SHORTEST_WAIT = 5
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_Row = tuple[int, bool, bool, float]


@dataclass(frozen=True, slots=True)
class Listed:
    """Who could come: in the order in which they are asked, `first` of them at once.

    :ivar people: id, may lead, is of another team, chance of a yes. :ivar matching: what that was read from.
    """

    people: Sequence[_Row]
    first: int
    wanted: Wanted
    matching: Matching


# whom to ask


def list_people(
    order: Order,
    team_id: int,
    agreed: Window,
    now: datetime,
    *,
    without: Collection[int] = (),
    wanted: Wanted | None = None,
    matching: Matching | None = None,
) -> Listed | None:
    """The people to ask for a service of the team at that time, best first: those that a confirmed plan named, the
    team's own, neighbours who lend a hand. No more of them than are probably needed.

    :param without: ids of people who are not to be asked. :param wanted: when it is not the whole crew.
    :param matching: what was read for this order and team just now, if it was.
    :return: None when there are not enough, or nobody of the team can lead it.
    """
    matching = matching or load_matching([order], now, also_teams=[team_id])
    situation, need = matching.situation, matching.needs[order.id]
    if wanted is not None:
        need = replace(need, leads=wanted.leads, helpers=wanted.helpers)
    team, slot = situation.city.teams.get(team_id), slot_of(agreed.starts_at)
    crew = choose_crew(situation, need, team, slot, matching.now) if team is not None else None
    if crew is None or team is None:
        return None
    taken = {*without, *busy_people([*crew.ask, *crew.reserve], agreed, order.id)}
    planned = _planned(order.id, team_id, agreed)
    able = [person for person in (*crew.ask, *crew.reserve) if person not in taken]
    able.sort(key=lambda person: planned.index(person) if person in planned else len(planned))
    people = [
        (who, person.may_lead(need.topic), person.team != team_id, _chance(matching, order, person.id, team_id))
        for who in able
        if (person := situation.city.volunteers.get(who)) is not None
    ]
    asked = set(planned) & set(able) or set(crew.ask) - taken
    wanted = Wanted(need.leads, need.people)
    return Listed(_shorten(people, len(asked), wanted), len(asked), wanted, matching)


def most_listed(wanted: Wanted) -> int:
    """So long is a list at first."""
    return LISTED_EACH * wanted.people + LISTED_MORE


def _shorten(people: Sequence[_Row], first: int, wanted: Wanted) -> list[_Row]:
    """The head of the list, in which those who may lead have their share."""
    most = max(most_listed(wanted), first)
    if len(people) <= most:
        return list(people)
    kept, rest = set(range(first)), range(first, len(people))
    share = max(LEADS_SHARE, wanted.leads / max(1, wanted.people))
    able = math.ceil(most * share) - sum(people[i][1] for i in kept)
    kept.update([i for i in rest if people[i][1]][: max(0, min(able, most - len(kept)))])
    kept.update([i for i in rest if i not in kept][: most - len(kept)])
    return [people[i] for i in sorted(kept)]


def _planned(order_id: int, team_id: int, agreed: Window) -> list[int]:
    """Whom a plan named that somebody has confirmed."""
    line = db.session.scalars(
        select(PlanLine)
        .where(
            PlanLine.order_id == order_id,
            PlanLine.team_id == team_id,
            PlanLine.status == "confirmed",
            PlanLine.starts_at == agreed.starts_at,
        )
        .order_by(PlanLine.id.desc())
        .limit(1)
    ).one_or_none()
    return list(line.people) if line is not None else []


def _chance(matching: Matching, order: Order, person_id: int, team_id: int) -> float:
    situation = matching.situation
    person = situation.city.volunteers[person_id]
    return situation.volunteers.chance(
        situation.volunteer_clue(matching.needs[order.id], person, team_id, matching.now)
    )


def busy_people(people: Collection[int], agreed: Window, order_id: int) -> set[int]:
    """Who of them has promised to be elsewhere at that time, or in the same half of the day."""
    around = Window(agreed.starts_at - _DAY, agreed.ends_at + _DAY)
    slot = slot_of(agreed.starts_at)
    return {
        booking.person_id
        for booking in list_bookings(people, around, without_order=order_id)
        if booking.window.overlaps(agreed) or slot_of(booking.window.starts_at) == slot
    }


def persons_of(people: Collection[int]) -> dict[int, int]:
    """By the row that somebody was asked with the one that they go on with since."""
    rows = db.session.execute(select(Volunteer.id, Volunteer.person_id()).where(Volunteer.id.in_(people)))
    return {row: person for row, person in rows}


def lock_people(hold: Hold, people: Collection[int]) -> None:
    """The team, then all of these people in the order of their ids, as accepting does: before anybody is asked or says
    yes, so that nobody is asked twice at one moment, or says yes to two services. What is to count is read after it."""
    db.session.get_one(Team, hold.team_id, with_for_update={"key_share": True}, populate_existing=True)
    went_on = select(Volunteer.merged_into_id).where(Volunteer.id.in_(people))
    rows = select(Volunteer.id).where(or_(Volunteer.id.in_(people), Volunteer.id.in_(went_on))).order_by(Volunteer.id)
    db.session.execute(rows.with_for_update(of=Volunteer, key_share=True)).all()


def is_current(listed: Listed, now: datetime) -> bool:
    """Has none of them been asked anything else since the list was thought out? Once they are locked, nobody will."""
    monday = start_of_week(now)
    asked = (
        select(CrewAsk.volunteer_id, func.count())
        .join(Order, Order.id == CrewAsk.order_id)
        .where(
            CrewAsk.volunteer_id.in_([who for who, _may_lead, _is_lent, _chance in listed.people]),
            CrewAsk.asked_at >= monday,
            CrewAsk.asked_at < monday + 7 * _DAY,
            Order.urgency != "emergency",
            Order.is_drill.is_(False),
        )
        .group_by(CrewAsk.volunteer_id)
    )
    counts, known = {who: number for who, number in db.session.execute(asked)}, listed.matching
    return all(
        known.situation.ledger.volunteer_asks_in_week(who, known.now) == counts.get(who, 0)
        for who, _may_lead, _is_lent, _chance in listed.people
    )


# the list


def write_list(order: Order, hold: Hold, listed: Listed, after: int = 0) -> list[CrewAsk]:
    """The list, nobody on it asked yet. :param after: so many stand on it already."""
    asks = [
        CrewAsk(
            hold_id=hold.id,
            order_id=order.id,
            volunteer_id=who,
            position=position,
            may_lead=may_lead,
            is_lent=is_lent,
            starts_at=hold.starts_at,
            ends_at=hold.ends_at,
            chance=chance,
        )
        for position, (who, may_lead, is_lent, chance) in enumerate(listed.people, after + 1)
    ]
    # in the order of their ids: each row locks its volunteer a little, and accepting locks them in that order
    by_person = sorted(asks, key=lambda ask: ask.volunteer_id)
    db.session.add_all(by_person)
    db.session.flush()
    return asks


def lengthen(order: Order, hold: Hold, asks: Sequence[CrewAsk], still: Wanted, turn: "Turn") -> list[CrewAsk]:
    """More people for a list that has run out, as far as they can come by now; nobody where it had never been cut.

    :param still: how many are missing, and leads among them.
    """
    if len(asks) < LISTED_EACH + LISTED_MORE:
        return []
    agreed, known = Window(hold.starts_at, hold.ends_at), {ask.volunteer_id for ask in asks}
    listed = list_people(order, hold.team_id, agreed, turn.now, without=known, wanted=still, matching=turn.matching)
    if listed is None:
        return []
    people = [row for row in listed.people if row[1] or still.helpers]
    return write_list(order, hold, replace(listed, people=people), after=len(asks))


def list_asks(hold_id: int) -> list[CrewAsk]:
    """Everybody on the list, in its order."""
    asks = select(CrewAsk).where(CrewAsk.hold_id == hold_id).order_by(CrewAsk.position)
    return list(db.session.scalars(asks.execution_options(populate_existing=True)))


def where_is(ask: CrewAsk) -> Where:
    """Somebody's standing on the list while their crew is found."""
    if ask.ending or ask.answer == "no":
        return Where.OUT
    if ask.answer == "yes":
        return Where.YES
    return Where.WAITING if ask.asked_at is not None else Where.RESERVE


def as_people(asks: Iterable[CrewAsk]) -> list[Person]:
    """The list as the rules of asking see it."""
    return [
        Person(ask.id, ask.may_lead, USUAL_CHANCE if ask.chance is None else ask.chance, where_is(ask)) for ask in asks
    ]


# asking


def ask_people(order: Order, hold: Hold, asks: Sequence[CrewAsk], now: datetime, settings: MatchSettings) -> None:
    """Ask these: at once, or in the morning when it is night; emergencies wake people."""
    if not asks:
        return
    due = now if order.is_emergency else next_waking(now, settings)
    for ask in asks:
        ask.asked_at = due
    queue_notices(
        "join_ask",
        [_reader(order, ask) for ask in asks],
        now=now,
        order_id=order.id,
        about=times_of(hold),
        key=_key(hold.id),
        due_at=due,
        is_emergency=order.is_emergency,
    )
    db.session.flush()


def _key(hold_id: int) -> str:
    return f"join_ask:{hold_id}"


def _reader(order: Order, ask: CrewAsk) -> To:
    return To(Party.VOLUNTEER, str(ask.volunteer_id), order.id)


@dataclass(slots=True)
class Turn:
    """Whose turn it is may have changed since the list was written: whoever is taken, muted or asked often enough by
    now is passed over. What is known is read once, when first needed."""

    order: Order
    hold: Hold
    now: datetime
    known: Matching | None = None

    @property
    def matching(self) -> Matching:
        if self.known is None:
            self.known = load_matching([self.order], self.now, also_teams=[self.hold.team_id])
        return self.known

    def is_led_by(self, people: Iterable[int]) -> bool:
        """Could one of them lead the service?"""
        known, topic = self.matching.situation.city.volunteers, self.matching.needs[self.order.id].topic
        return any(known[person].may_lead(topic) for person in people if person in known)

    def may_ask(self, ask: CrewAsk) -> bool:
        """Also notes what the chance of a yes is read from."""
        situation, need = self.matching.situation, self.matching.needs[self.order.id]
        person = situation.city.volunteers.get(ask.volunteer_id) or self._survivor(ask)
        if person is None or (person.team != self.hold.team_id and not situation.city.is_lending(person)):
            return False
        if not situation.may_ask(person, slot_of(ask.starts_at), need.urgency, self.matching.now):
            return False
        if busy_people([person.id], Window(ask.starts_at, ask.ends_at), self.order.id):
            return False
        clue = situation.volunteer_clue(need, person, self.hold.team_id, self.matching.now)
        ask.chance, ask.clue = situation.volunteers.chance(clue), clue_to_json(clue)
        return True

    def _survivor(self, ask: CrewAsk) -> Member | None:
        """Whom somebody goes on as, whose row was merged since; None when that one is on the list as well."""
        who = persons_of([ask.volunteer_id])[ask.volunteer_id]
        twice = select(CrewAsk.id).where(CrewAsk.hold_id == ask.hold_id, CrewAsk.volunteer_id == who)
        if db.session.scalar(twice.limit(1)) is not None:
            return None
        return self.matching.situation.city.volunteers.get(who)


def silent_from(asked_at: datetime, order: Order, settings: MatchSettings, until: datetime) -> datetime:
    """From when on somebody's silence counts as a no; sleep doesn't count against them.

    :param until: by then the crew must stand. Nobody keeps the others waiting for more than half of what is left, so
        that the next ones can still be asked.
    """
    wait = by_urgency(settings.crew_wait, order)
    if later(order, asked_at, 2 * wait, settings) <= until:
        return later(order, asked_at, wait, settings)
    half = minutes_left(order, asked_at, until, settings) / 2
    return later(order, asked_at, min(wait, max(SHORTEST_WAIT, half)), settings)


def can_ask(order: Order, until: datetime, now: datetime, settings: MatchSettings) -> bool:
    """Would somebody who is asked now, or in the morning when it is night, still have time to answer?"""
    return later(order, now, SHORTEST_WAIT, settings) <= until


def later(order: Order, at: datetime, minutes: float, settings: MatchSettings) -> datetime:
    """So many minutes on, during which people can be asked; an emergency wakes them."""
    return at + timedelta(minutes=minutes) if order.is_emergency else after_waking(at, minutes, settings)


def minutes_left(order: Order, at: datetime, until: datetime, settings: MatchSettings) -> float:
    """How many minutes there are for asking people."""
    return (until - at) / _MINUTE if order.is_emergency else waking_minutes(at, until, settings)


def by_urgency(numbers: Sequence[float], order: Order) -> float:
    return numbers[list(URGENCIES).index(order.urgency)]


# ending


def end_asks(
    order: Order, hold: Hold, asks: Iterable[CrewAsk], ending: str, now: datetime, *, with_reserve: bool = True
) -> None:
    """These are asked no more; whoever was, and has not said no, is told that they need not come.

    :param with_reserve: also those who only stand by.
    """
    ended = [ask for ask in asks if not ask.ending and (with_reserve or ask.asked_at is not None)]
    told = [ask for ask in ended if ask.answer != "no"]
    for ask in ended:
        ask.ending = ending
    db.session.flush()
    tell_not_needed(order, hold, told, now)


def tell_not_needed(order: Order, hold: Hold, asks: Iterable[CrewAsk], now: datetime) -> None:
    """To those who were asked; whoever would have been asked in the morning isn't."""
    asks = list(asks)
    asked = [ask for ask in asks if ask.asked_at is not None and ask.asked_at <= now]
    withdraw_asking(order, [ask for ask in asks if ask.asked_at is not None and ask.asked_at > now], now)
    queue_notices(
        "not_needed",
        [_reader(order, ask) for ask in asked],
        now=now,
        order_id=order.id,
        about=times_of(hold),
        key=f"not_needed:{hold.id}",
        is_emergency=order.is_emergency,
    )


def withdraw_asking(order: Order, asks: Sequence[CrewAsk], now: datetime) -> None:
    """What hasn't been sent yet of the questions to these, and of theirs alone."""
    if asks:
        keys = [key_for(_key(ask.hold_id), _reader(order, ask)) for ask in asks]
        withdraw_notices(order.id, ["join_ask"], now, keys=keys)


def count_as_come(order: Order, people: Collection[int], now: datetime, *, with_team: bool = False) -> None:
    """Whoever has just said yes to this very time is not asked again whether they come. Reminders stay.

    :param with_team: so has the leader, for the team.
    """
    asked = Reply.volunteer_id.in_(people)
    replies = db.session.scalars(
        select(Reply).where(
            Reply.order_id == order.id,
            Reply.purpose == Purpose.COME,
            Reply.agreed_start == order.agreed_start,
            Reply.answer.is_(None),
            or_(asked, Reply.party == Party.TEAM) if with_team else asked,
        )
    ).all()
    for reply in replies:
        reply.answer, reply.answered_at = "yes", now
    db.session.flush()
    db.session.add_all(ReplyChange(reply_id=reply.id, answer="yes", answered_at=now) for reply in replies)
    db.session.flush()


def times_of(hold: Hold) -> dict[str, object]:
    """The time, as a wording takes it."""
    return {"start": hold.starts_at.isoformat(), "end": hold.ends_at.isoformat()}


def team_actor(team_id: int) -> Actor:
    """The team, as the one who acts when enough of its people have said yes.

    :raise NotFound: no such team.
    """
    team = db.session.get(Team, team_id)
    if team is None:
        raise NotFound(team_id)
    return Actor(Party.TEAM, team.name, team_id=team.id, department_id=team.department_id, themes=tuple(team.themes))
