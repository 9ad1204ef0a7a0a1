"""The hours room of the demo city: check-ins, late entries with their notices, an objection, spot checks, a no-show."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME
from qtxvol.demo.parties import City
from qtxvol.extensions import db
from qtxvol.hours.attendance import check_in, check_out
from qtxvol.hours.codes import make_code
from qtxvol.hours.models import NoShow, SpotCheckOrder
from qtxvol.hours.no_shows import object_to_no_show
from qtxvol.hours.objections import decide_objection, make_objection
from qtxvol.hours.requests import decide_request, propose_late
from qtxvol.hours.spot_checks import answer_spot_check, draw_day
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Crew, Order
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer

#: Signs the codes of the demo's past; no installation has this key.
_KEY = "the past of the demo city"

_DRAWN_DAYS = 21


def attend(number: str, nonce: str, people: Sequence[int], start: datetime, end: datetime) -> None:
    """These volunteers check in a little before the service and out when it ends."""
    chance = random.Random(number)
    for person in people:
        actor = Actor(Party.VOLUNTEER, "志愿者", volunteer_id=person)
        came = start - timedelta(minutes=chance.randint(2, 15))
        check_in(actor, number, make_code(_KEY, number, nonce, came), (_KEY,), came)
        check_out(actor, number, make_code(_KEY, number, nonce, end), (_KEY,), end)


def make_hours(city: City, now: datetime) -> None:
    """What has happened to hours in the last weeks, through the real services."""
    _check_in_now(now)
    _make_late_entries(city, now)
    _draw(city, now)
    _object_to_marks(now)


def _check_in_now(now: datetime) -> None:
    """Whoever is at a service just now has checked in and has to check out."""
    rows = db.session.execute(
        select(Order.number, Order.link_nonce, Order.agreed_start, Crew.volunteer_id)
        .join(Crew, Crew.order_id == Order.id)
        .where(
            Order.status == Status.ACCEPTED,
            Order.agreed_start < now,
            Order.agreed_end > now - timedelta(hours=2),
        )
        .order_by(Order.id, Crew.volunteer_id)
    ).all()
    for number, nonce, start, person in rows:
        if start is None:
            continue
        actor = Actor(Party.VOLUNTEER, "志愿者", volunteer_id=person)
        check_in(actor, number, make_code(_KEY, number, nonce, start), (_KEY,), start)


def _make_late_entries(city: City, now: datetime) -> None:
    """One counts by now, one was objected to with success, one is on notice, one under objection, one waits."""
    found, used = _forgotten(city, now), set[str]()
    text = "办结时漏记了一名队员，现场签到表上有签名。"
    for days, reason in (
        (25, "forgotten"),
        (16, "joined_on_site"),
        (4, "forgotten"),
        (2, "system"),
        (0, "wrong_person"),
    ):
        at = now - timedelta(days=days, hours=3)
        request = _propose(city, found, used, reason, text, at)
        if request is None or not days:
            continue
        then = at + timedelta(hours=2)
        decide_request(request, city.office, is_confirmed=True, text="", now=then)
        if days == 16:
            objection = make_objection(
                request, text="那天我在现场，没有见到这个人。", contact="", now=then + timedelta(days=2)
            )
            decide_objection(
                objection,
                city.office,
                is_upheld=True,
                minutes=0,
                text="已核实：签到表上没有本人签名，时长更正为 0。",
                now=then + timedelta(days=4),
            )
        if days == 4:
            make_objection(request, text="这场只讲了半个小时，时间对不上。", contact="", now=then + timedelta(days=1))


def _forgotten(city: City, now: datetime) -> Iterator[tuple[str, int, int, datetime]]:
    """Closed orders of the first team, each with a member who has no hours in it: number, person, minutes, closed."""
    team = city.teams[0]
    orders = db.session.execute(
        select(Order.number, Order.actual_start, Order.actual_end, Order.closed_at)
        .where(Order.team_id == team.id, Order.status == Status.CLOSED, Order.closed_at > now - timedelta(days=120))
        .order_by(Order.closed_at, Order.id)
    ).all()
    people = db.session.scalars(
        select(Volunteer.id).where(Volunteer.team_id == team.id, Volunteer.status == "verified").order_by(Volunteer.id)
    ).all()
    db.session.rollback()
    for i, order in enumerate(orders):
        minutes = int((order.actual_end - order.actual_start).total_seconds() // 60)
        for person in people[-1 - i % 3 :: -1]:
            yield order.number, person, minutes, order.closed_at


def _propose(
    city: City,
    found: Iterator[tuple[str, int, int, datetime]],
    used: set[str],
    reason: str,
    text: str,
    at: datetime,
) -> int | None:
    """The first of these that nothing speaks against, each time in another order; None when there is none left."""
    for number, person, minutes, closed_at in found:
        if closed_at > at or number in used:
            continue
        try:
            asked = propose_late(
                number,
                city.teams[0].actor,
                volunteer_id=person,
                minutes=minutes,
                reason=reason,
                text=text,
                now=at,
            )
        except Refused:
            continue
        used.add(number)
        return asked
    return None


def _draw(city: City, now: datetime) -> None:
    """The draws of the last three weeks; most calls are made."""
    today = now.astimezone(CITY_TIME).date()
    for back in range(_DRAWN_DAYS, 0, -1):
        day = today - timedelta(days=back)
        draw_day(day, now - timedelta(days=back - 1, hours=1))
    calls = db.session.execute(
        select(SpotCheckOrder.call_back_id, Order.division_code)
        .join(Order, Order.id == SpotCheckOrder.order_id)
        .where(SpotCheckOrder.is_drawn)
        .order_by(SpotCheckOrder.day, Order.number)
    ).all()
    db.session.rollback()
    for call_back_id, division in calls[:-1]:
        answer_spot_check(
            call_back_id or 0,
            city.clerk_of(division),
            answer="confirmed",
            outcome="已电话核实：志愿者按时到场，时间和人数与登记相符。",
            now=now - timedelta(hours=1),
        )


def _object_to_marks(now: datetime) -> None:
    """One of those who were marked objects."""
    with transaction():
        row = db.session.execute(
            select(NoShow.id, NoShow.volunteer_id).where(NoShow.status == "stands").order_by(NoShow.id)
        ).first()
    if row is not None:
        actor = Actor(Party.VOLUNTEER, "志愿者", volunteer_id=row.volunteer_id)
        object_to_no_show(
            row.id, actor, text="通知上的时间是下午，我下午到了，会场已经散了。", now=now - timedelta(hours=5)
        )
