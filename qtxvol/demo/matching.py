"""Teams and people of the demo city that are being asked just now: a wave that waits for answers, a team that has said
yes and finds its people, other times put to a resident, neighbours asked about a joint session, and a plan."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from qtxvol.base import CITY_TIME
from qtxvol.demo.parties import DEPARTMENT, HOME, City, CityTeam
from qtxvol.directory.queries import MenuEntry, list_menu
from qtxvol.extensions import db
from qtxvol.notices.answers import Given, answer_at_desk
from qtxvol.offers.ask_list import list_people
from qtxvol.offers.crew_asks import answer_ask
from qtxvol.offers.holds import hold_order, list_choices
from qtxvol.offers.joint import answer_joint, propose_joint
from qtxvol.offers.learn import learn_from_answers
from qtxvol.offers.other_times import propose_times, suggest_times
from qtxvol.offers.plan_solving import solve_next
from qtxvol.offers.plans import ask_for_plan
from qtxvol.offers.waves import ask_due
from qtxvol.orders.claim import claim_order, offer_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.half_days import HALF_DAYS
from qtxvol.orders.models import Crew, CrewAsk, Offer, Order
from qtxvol.orders.place import Wish, place_order
from qtxvol.orders.windows import Window
from qtxvol.storage import transaction
from qtxvol.volunteers.availability import DAYS
from qtxvol.volunteers.models import Volunteer

#: So many orders come of it, on top of those that were asked for.
MATCHING_ORDERS = 5

#: A community near HOME.
_NEAR = "640381001004"
#: A list of people is no longer than this.
_MOST_ASKED = 15
_DAYTIME = (time(9, 0), time(20, 30))
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


def make_matching(city: City, now: datetime) -> None:
    """Through the real services, at the latest moment before `now` at which people are asked."""
    at = _waking_hour(now)
    item, other = _pick_items(city)
    _ask_wave(city, item, at - 6 * _HOUR)
    _ask_for_other_times(city, other, at - 4 * _HOUR)
    _ask_neighbours(city, other, at - 3 * _HOUR)
    with transaction():
        learn_from_answers(at)
    ask_for_plan(city.liaisons[DEPARTMENT], at - _MINUTE)
    solve_next(at, "demo", clock=lambda: at)
    _find_people(city, item, at - 5 * _HOUR, _last_call(now))


def _waking_hour(now: datetime) -> datetime:
    local = now.astimezone(CITY_TIME)
    opens, closes = (datetime.combine(local.date(), each, CITY_TIME) for each in _DAYTIME)
    latest = min(local, closes)
    if latest < opens + 6 * _HOUR:  # there would be no time for it all before now
        latest = closes - timedelta(days=1)
    return latest.replace(second=0, microsecond=0).astimezone(UTC)


def _last_call(now: datetime) -> datetime:
    """Half an hour ago, or in the evening before: the latest moment at which people were asked and have answered."""
    local = now.astimezone(CITY_TIME)
    opens, evening = (datetime.combine(local.date(), each, CITY_TIME) for each in (_DAYTIME[0], time(20)))
    latest = min(local - timedelta(minutes=30), evening) if local >= opens else evening - timedelta(days=1)
    return latest.replace(second=0, microsecond=0).astimezone(UTC)


def _pick_items(city: City) -> tuple[MenuEntry, MenuEntry]:
    """Two that the first team can do: the one that takes most people, and another."""
    team = city.teams[0]
    able = [item for item in list_menu() if item.department_id == DEPARTMENT and _can_do(team, item)]
    able.sort(key=lambda item: (-item.min_volunteers, item.id))
    return able[0], able[1]


def _can_do(team: CityTeam, item: MenuEntry) -> bool:
    skilled = [member for member in team.members if member.skills.intersection(item.needed_skills)]
    return item.theme in team.themes and len(skilled) >= item.min_volunteers and not item.is_licence_required


def _place(
    city: City,
    item: MenuEntry,
    at: datetime,
    nth: int,
    *,
    place: str = HOME,
    wished: int = 4,
    windows: Sequence[Window] = (),
) -> str:
    wish = Wish(
        audience=item.audiences[0],
        headcount=18 + 4 * nth,
        division_code=place,
        venue="社区活动室",
        windows=tuple(windows) or tuple(_wished(at, 5 + 2 * day) for day in range(wished)),
        contact_name="演示居民",
        contact_phone=f"1990000{6100 + nth}",
        consent_version="demo",
        menu_item_id=item.id,
        is_joint_ok=nth >= 3,
    )
    clerk = city.clerk_of(place)
    number = place_order(wish, clerk, key=f"demo-matching-{nth}-{at:%Y%m%d}", now=at).number
    dispatch_order(number, clerk, department_id=DEPARTMENT, now=at + 9 * _MINUTE)
    return number


def _claim(city: City, number: str, at: datetime, *, is_auto_asked: bool = False) -> None:
    claim_order(number, city.liaisons[DEPARTMENT], is_auto_asked=is_auto_asked, now=at)


def _wished(at: datetime, days: int) -> Window:
    """The morning of a coming day."""
    return _window_on(at.astimezone(CITY_TIME).date() + timedelta(days=days), time(9), time(12))


def _window_on(day: date, opens: time, closes: time) -> Window:
    return Window(*(datetime.combine(day, each, CITY_TIME).astimezone(UTC) for each in (opens, closes)))


def _ask_wave(city: City, item: MenuEntry, at: datetime) -> None:
    """The service asks by itself; one team has declined already."""
    number = _place(city, item, at, 1)
    _claim(city, number, at + 25 * _MINUTE, is_auto_asked=True)
    ask_due(at + 26 * _MINUTE)
    team = _asked_teams(city, number)[0]
    answer_at_desk(number, team.actor, Given(is_yes=False, reason="no_time"), at + 3 * _HOUR)
    ask_due(at + 3 * _HOUR + _MINUTE)


def _asked_teams(city: City, number: str) -> list[CityTeam]:
    asked = set(db.session.scalars(select(Offer.team_id).join(Order).where(Order.number == number)))
    return [team for team in city.teams if team.id in asked]


def _find_people(city: City, item: MenuEntry, at: datetime, asked_at: datetime) -> None:
    """The team of the account `team` has said yes; one can't, one can, and whoever is asked before the account
    `volunteer` can't either: that one finds the question at their desk. Asked so late that everybody is still waited
    for when somebody looks."""
    team, helper = city.teams[0], city.volunteer.id
    number = _place(city, item, at, 2, windows=_times_of(helper, at))
    _claim(city, number, at + 20 * _MINUTE)
    offer_order(number, city.liaisons[DEPARTMENT], team_ids=[team.id], now=at + 24 * _MINUTE)
    order = db.session.scalars(select(Order).where(Order.number == number)).one()
    choices = list_choices(order, team.id, asked_at)
    lengths = {each.window: _count_listed(order, team, helper, each.window, asked_at) for each in choices}
    agreed = max(lengths, key=lambda window: lengths[window])
    hold_order(number, team.actor, agreed=agreed, now=asked_at)
    _answer(order, asked_at + 5 * _MINUTE, is_yes=False, without=helper)
    _answer(order, asked_at + 10 * _MINUTE, is_yes=True, without=helper)
    for turn in range(_MOST_ASKED if lengths[agreed] else 0):
        if helper in {ask.volunteer_id for ask in _list_waiting(order)}:
            break
        _answer(order, asked_at + (11 + turn) * _MINUTE, is_yes=False, without=helper)


def _times_of(person_id: int, at: datetime) -> list[Window]:
    """Half-days, from four days on, at which the person has said to have time, in weeks without a service of
    theirs."""
    free = db.session.get_one(Volunteer, person_id).availability
    taken = db.session.scalars(
        select(Order.agreed_start)
        .join(Crew, Crew.order_id == Order.id)
        .where(Crew.volunteer_id == person_id, Order.agreed_start > at)
    )
    weeks = {_week_of(start.astimezone(CITY_TIME).date()) for start in taken if start is not None}
    today, found = at.astimezone(CITY_TIME).date(), []
    for day in (today + timedelta(days=ahead) for ahead in range(4, 40)):
        for part, (opens, closes) in HALF_DAYS.items():
            if f"{list(DAYS)[day.weekday()]}-{part}" in free and _week_of(day) not in weeks:
                found.append(_window_on(day, time.fromisoformat(opens), time.fromisoformat(closes)))
    return found[:8]


def _week_of(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


def _count_listed(order: Order, team: CityTeam, person_id: int, agreed: Window, at: datetime) -> int:
    """How many could be asked for that time, if the person is among them; the more there are, the longer it takes
    until nobody is left."""
    listed = list_people(order, team.id, agreed, at)
    people = {row[0] for row in listed.people} if listed is not None else set()
    return len(people) if person_id in people else 0


def _list_asks(order: Order) -> Sequence[CrewAsk]:
    db.session.rollback()
    return db.session.scalars(select(CrewAsk).where(CrewAsk.order_id == order.id).order_by(CrewAsk.position)).all()


def _list_waiting(order: Order) -> list[CrewAsk]:
    """Who is asked and has not answered."""
    asks = _list_asks(order)
    return [ask for ask in asks if ask.asked_at is not None and ask.answer is None and ask.ending == ""]


def _answer(order: Order, at: datetime, *, is_yes: bool, without: int) -> None:
    """Somebody else says yes, rather one who can lead; or no, rather one who can't, and never the last who can."""
    waiting = _list_waiting(order)
    leads = [ask for ask in _list_asks(order) if ask.may_lead and ask.answer != "no"]
    others = [ask for ask in waiting if ask.volunteer_id != without and (is_yes or len(leads) > 1 or not ask.may_lead)]
    if not others or (is_yes and len(waiting) == 1):  # the order would be accepted, and nothing left to see
        return
    ask = min(others, key=lambda each: (each.may_lead != is_yes, each.position))
    with transaction():
        answer_ask(order, ask, is_yes=is_yes, reason="" if is_yes else "work", now=at)


def _ask_for_other_times(city: City, item: MenuEntry, at: datetime) -> None:
    """The resident gave one time only, and nobody has it free; three others are put to them."""
    number = _place(city, item, at, 3, wished=1)
    _claim(city, number, at + 30 * _MINUTE)
    order = db.session.scalars(select(Order).where(Order.number == number)).one()
    liaison, later = city.liaisons[DEPARTMENT], at + 2 * _HOUR
    windows = [each.window for each in suggest_times(order, liaison, later)[:3]]
    propose_times(number, liaison, windows=windows, now=later)


def _ask_neighbours(city: City, item: MenuEntry, at: datetime) -> None:
    """Two neighbouring communities want the same; the first asker has agreed to do it together."""
    host, guest = _place(city, item, at, 4), _place(city, item, at, 5, place=_NEAR)
    liaison = city.liaisons[DEPARTMENT]
    session = propose_joint(liaison, host_number=host, numbers=[guest], now=at + _HOUR)
    answer_joint(host, city.clerk_of(HOME), session_id=session, is_yes=True, now=at + 2 * _HOUR)
