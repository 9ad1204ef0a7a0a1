"""What the sheet says is what happened, counted by hand here."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from qtxvol.emergencies.events import close_emergency
from qtxvol.emergencies.facts import add_fact
from qtxvol.emergencies.models import EmergencyReview
from qtxvol.emergencies.push import push_services
from qtxvol.emergencies.raising import raise_orders
from qtxvol.emergencies.review import checksum_of, write_lessons
from qtxvol.extensions import db
from qtxvol.orders.claim import claim_order
from qtxvol.orders.decline import give_up_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.serve import accept_order, close_order
from qtxvol.refusals import NotFound, Refused
from tests.emergencies.plans import opened, push_of, statement_of
from tests.factories import COMMUNITY, NOW, City, make_city, placed, window

pytestmark = pytest.mark.usefixtures("ctx")

MINUTE = timedelta(minutes=1)


def serve(city: City, number: str, *, days: float, people: tuple[int, ...], attendance: int) -> None:
    agreed = window(days)
    accept_order(number, city.team, agreed=agreed, volunteer_ids=people, now=NOW + 90 * MINUTE)
    close_order(
        number,
        city.team,
        actual=agreed,
        attendance=attendance,
        report="讲完了。",
        minutes=dict.fromkeys(people, 60),
        now=agreed.ends_at + 60 * MINUTE,
    )


def live_through(city: City) -> int:
    """One raised, two ordered, one pushed; two served by three people, one given up, one late and still open."""
    before = placed(city, NOW - timedelta(hours=5)).number
    event = opened(city)
    add_fact(event, statement_of(), city.office, now=NOW)
    raise_orders(event, city.office, now=NOW)
    ordered = placed(city).number
    dispatch_order(ordered, city.community, department_id="health", now=NOW + 30 * MINUTE)
    claim_order(ordered, city.department, now=NOW + 50 * MINUTE)
    serve(city, ordered, days=1, people=city.crew[:2], attendance=30)
    pushed = push_services(event, push_of(places=(COMMUNITY,)), city.department, key="p" * 20, now=NOW)[0].number
    serve(city, pushed, days=2, people=city.crew[1:], attendance=25)
    unmet = placed(city, actor=city.community).number
    give_up_order(unmet, city.office, text="没有合适的人", now=NOW + timedelta(hours=1))
    dispatch_order(before, city.community, department_id="health", now=NOW + timedelta(hours=3))
    close_emergency(event, city.office, reason="回落", now=NOW + timedelta(days=3))
    return event


def figures_of(event: int) -> dict:
    return db.session.get_one(EmergencyReview, event).figures


def test_the_sheet_counts_orders_people_and_lateness():
    city = make_city()
    figures = figures_of(live_through(city))
    assert figures["orders"] == 4
    assert figures["origins"] == {"resident": 1, "on_behalf": 1, "push": 1, "raised": 1}
    assert figures["statuses"] == {"closed": 2, "dispatched": 1, "unmet": 1}
    assert (figures["services"], figures["attendance"], figures["communities"]) == (2, 55, 1)
    assert figures["volunteers"] == 3, "people, not attendances: one of them served twice"
    assert (figures["unmet"], figures["open"]) == (1, 1)
    assert figures["overdue"] == {"owed": 1, "done_late": 1}, "dispatched an hour late; nobody has claimed it since"
    assert figures["lasted_minutes"] == 3 * 24 * 60


def test_the_sheet_says_how_long_each_step_took():
    city = make_city()
    steps = {step.pop("step"): step for step in figures_of(live_through(city))["steps"]}
    assert steps["dispatch"]["count"] == 2, "a push waits for nobody, and giving up is no dispatch"
    assert steps["dispatch"]["max"] == 180, "from the raising on, not from the five hours before"
    assert steps["claim"] == {"count": 1, "median": 20, "p90": 20, "max": 20}
    assert steps["accept"]["max"] == 90
    assert steps["to_accept"]["count"] == 2


def test_the_timeline_tells_what_was_done_and_the_checksum_fits():
    city = make_city()
    event = live_through(city)
    review = db.session.scalars(select(EmergencyReview)).one()
    assert [line["deed"] for line in review.figures["timeline"]] == ["open", "add_fact", "push", "close"]
    assert review.checksum == checksum_of(review.figures)
    was = review.checksum
    assert write_lessons(event, "名单要平时备好。", city.office, now=NOW)
    assert not write_lessons(event, "名单要平时备好。", city.office, now=NOW), "a double tap"
    assert db.session.get_one(EmergencyReview, event).checksum == was, "lessons are words beside the figures"


def test_lessons_are_for_the_office_and_for_what_is_over():
    city = make_city()
    event = opened(city)
    with pytest.raises(NotFound):
        write_lessons(event, "太早", city.office, now=NOW)
    close_emergency(event, city.office, reason="回落", now=NOW)
    with pytest.raises(Refused, match="wrong_party"):
        write_lessons(event, "不是我的", city.department, now=NOW)
    with pytest.raises(Refused, match="missing"):
        write_lessons(event, "", city.office, now=NOW)
