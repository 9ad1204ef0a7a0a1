"""Last year's field days, so that somebody has a star, and the list of commendation that came of them."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, Seat
from qtxvol.base import CITY_TIME
from qtxvol.demo.parties import DEPARTMENT, HOME, City, CityTeam
from qtxvol.demo.people import People
from qtxvol.directory.queries import list_menu
from qtxvol.extensions import db
from qtxvol.orders.claim import claim_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.place import Wish, place_order
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order
from qtxvol.orders.windows import Window
from qtxvol.recognition.awards import award_stars, set_publication
from qtxvol.recognition.commend import Criteria, confirm_list, count_list, decide, find_list, submit_list
from qtxvol.storage import transaction

#: Field days of ten hours: enough for the first star.
FIELD_DAYS = 11
_HOURS = 10
#: Who comes to all of them, and who to the first few.
_ALWAYS, _SOMETIMES, _FEW = 3, 2, 7


def make_field_days(city: City, now: datetime) -> None:
    """A closed service on every second Saturday of last year's spring and summer, through the real services."""
    team = city.teams[0]
    always, sometimes = _people(city, team)
    item = next(
        item
        for item in list_menu()
        if item.department_id == DEPARTMENT
        and item.theme in team.themes
        and not item.is_licence_required
        and city.volunteer.skills.intersection(item.needed_skills)
        and item.min_volunteers <= _ALWAYS
    )
    for number, day in enumerate(_saturdays(now.astimezone(CITY_TIME).year - 1)):
        crew = (*always, *(sometimes if number < _FEW else ()))
        start = datetime.combine(day, time(8), CITY_TIME).astimezone(UTC)
        agreed = Window(start, start + timedelta(hours=_HOURS))
        with transaction():
            _serve(city, team, item.id, item.audiences[0], crew, agreed, is_rated=number % 3 != 1)
    award_stars(_spring(now))


def _people(city: City, team: CityTeam) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The account `volunteer` and colleagues."""
    others = [member.id for member in team.members if member.id != city.volunteer.id]
    return (city.volunteer.id, *others[: _ALWAYS - 1]), tuple(others[_ALWAYS - 1 : _ALWAYS - 1 + _SOMETIMES])


def _saturdays(year: int) -> list[date]:
    first = date(year, 3, 1)
    first += timedelta(days=(5 - first.weekday()) % 7)
    return [first + timedelta(days=14 * number) for number in range(FIELD_DAYS)]


def _serve(
    city: City, team: CityTeam, item_id: str, audience: str, crew: tuple[int, ...], agreed: Window, *, is_rated: bool
) -> None:
    before = agreed.starts_at - timedelta(days=6)
    wish = Wish(
        audience=audience,
        headcount=120,
        division_code=HOME,
        venue="文化广场",
        windows=(agreed,),
        contact_name="演示联系人",
        contact_phone="19900009999",
        consent_version="demo",
        menu_item_id=item_id,
    )
    clerk = city.clerk_of(HOME)
    number = place_order(wish, clerk, key=f"demo-field-day-{agreed.starts_at:%Y%m%d}", now=before).number
    dispatch_order(number, clerk, department_id=DEPARTMENT, now=before + timedelta(hours=3))
    claim_order(number, city.liaisons[DEPARTMENT], now=before + timedelta(hours=20))
    accept_order(number, team.actor, agreed=agreed, volunteer_ids=crew, now=before + timedelta(hours=30))
    done = agreed.ends_at + timedelta(hours=1)
    close_order(
        number,
        team.actor,
        actual=agreed,
        attendance=110,
        report="全天摆摊义诊、讲科普，发了资料，居民来得不少。",
        minutes=dict.fromkeys(crew, _HOURS * 60),
        now=done,
    )
    if is_rated:
        verdict = Verdict(stars=5, did_take_place=True, would_order_again=True)
        rate_order(number, clerk, verdict=verdict, now=done + timedelta(days=2))


def make_recognition(city: City, people: People, now: datetime, password_hash: str) -> None:
    """Stars, and last year's list: decided at the one desk, confirmed at the other."""
    award_stars(now)
    year = now.astimezone(CITY_TIME).year - 1
    second = _second_desk(people, password_hash, now)
    own = Actor(Party.VOLUNTEER, "志愿者", volunteer_id=city.volunteer.id)
    set_publication(own, True, _spring(now))
    count_list(city.office, year, Criteria(), _spring(now))
    view = find_list(year)
    entries = [row.Commendation for row in view.people] if view else []
    last = next((entry for entry in entries if entry.volunteer_id != city.volunteer.id), None)
    for entry in entries:
        is_commended = entry is not last
        reason = "" if is_commended else "本人提出不参加（演示）"
        decide(city.office, year, [entry.id], is_commended=is_commended, reason=reason, now=_spring(now))
    submit_list(city.office, year, _spring(now) + timedelta(hours=1))
    confirm_list(second, year, _spring(now) + timedelta(days=1))
    count_list(city.office, year + 1, Criteria(min_hours=6, min_services=3), now)


def _spring(now: datetime) -> datetime:
    """A morning in January of this year, or just before now in January."""
    january = datetime(now.astimezone(CITY_TIME).year, 1, 12, 9, tzinfo=CITY_TIME).astimezone(UTC)
    return min(january, now - timedelta(days=2))


def _second_desk(people: People, password_hash: str, now: datetime) -> Actor:
    """A colleague at the office, for what takes two."""
    account = db.session.scalar(select(Account).where(Account.username == "office-2"))
    if account is None:
        with transaction():
            account = Account(
                username="office-2",
                display_name=people.name(),
                phone=people.phone(),
                password_hash=password_hash,
                created_at=now - timedelta(days=560),
            )
            db.session.add(account)
            db.session.flush()
            db.session.add(Seat(account_id=account.id, party=Party.OFFICE))
    return Actor(Party.OFFICE, "纲要办", account_id=account.id)
