"""Check-in, the close, confirmation, corrections, late entries, objections, no-shows, spot checks, points: through
the verbs, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.hours.attendance import check_in, check_out, list_open_services
from qtxvol.hours.codes import make_code
from qtxvol.hours.ledger import list_overlaps
from qtxvol.hours.models import HoursEntry, HoursRequest, NoShow, PointsEntry, SpotCheckOrder
from qtxvol.hours.no_shows import count_marks, decide_no_show, explain_no_show, object_to_no_show
from qtxvol.hours.numbers import get_number, set_number
from qtxvol.hours.objections import decide_objection, get_notice, list_notices, make_objection
from qtxvol.hours.points import credit_points, get_balance, spend_points
from qtxvol.hours.presence import confirm_presence, list_unconfirmed, settle_dispute
from qtxvol.hours.queries import counted_hours, list_hours, standing_minutes
from qtxvol.hours.requests import decide_request, propose_correction, propose_late
from qtxvol.hours.spot_checks import answer_spot_check, draw_day, draw_due
from qtxvol.orders.check import check_orders
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack, Order
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order, reopen_order, report_no_show
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.doubles import merge_volunteers
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, City, accepted, claimed, closed, make_actor, make_volunteer, window

KEY = "k" * 40
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
START, END = window(3).starts_at, window(3).ends_at
AFTER = END + HOUR


@contextmanager
def refused(code: str, status: int | None = None, **about: Any) -> Iterator[None]:
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.code == code
    assert status is None or caught.value.status == status
    assert caught.value.about.items() >= about.items()


def volunteer(person: int) -> Actor:
    return Actor(Party.VOLUNTEER, "志愿者", volunteer_id=person)


def row(order: Outcome) -> Order:
    db.session.rollback()
    return db.session.scalars(select(Order).where(Order.id == order.order_id)).one()


def code_of(order: Outcome, at: datetime) -> str:
    return make_code(KEY, order.number, row(order).link_nonce, at)


def attend(order: Outcome, person: int, came: datetime, left: datetime | None) -> None:
    assert check_in(volunteer(person), order.number, code_of(order, came), [KEY], came) == "in"
    if left is not None:
        assert check_out(volunteer(person), order.number, code_of(order, left), [KEY], left) == "out"


def close(city: City, order: Outcome, minutes: dict[int, int], **more: Any) -> Outcome:
    given: dict[str, Any] = {"actual": Window(START, END), "now": AFTER, **more}
    return close_order(order.number, city.team, attendance=20, report="讲完了。", minutes=minutes, **given)


def entries(order: Outcome) -> list[HoursEntry]:
    db.session.rollback()
    statement = select(HoursEntry).where(HoursEntry.order_id == order.order_id).order_by(HoursEntry.id)
    return list(db.session.scalars(statement))


def counted(person: int, as_of: datetime) -> int:
    db.session.rollback()
    return standing_minutes([person], as_of)[person].minutes


def waiting(person: int, as_of: datetime) -> int:
    return standing_minutes([person], as_of)[person].waiting_minutes


def findings(*orders: Outcome) -> list[Any]:
    db.session.rollback()
    return [each for each in check_orders() if not orders or each.number in {order.number for order in orders}]


def second_office(city: City) -> Actor:
    return make_actor(Party.OFFICE, "纲要办")


# Check-in


def test_hours_by_check_in_are_what_lies_within_the_service(city: City):
    order, (person, *_) = accepted(city), city.crew
    attend(order, person, START + 10 * MINUTE, END + 20 * MINUTE)
    with refused("over_check_in", 422, field="minutes"):
        close(city, order, {person: 90})
    close(city, order, {person: 80})
    (entry,) = entries(order)
    assert (entry.source, entry.minutes) == ("check_in", 80)
    assert (entry.started_at, entry.ended_at) == (START + 10 * MINUTE, END)
    assert (entry.vouched_party, entry.vouched_by_account_id) == ("team", city.team.account_id)
    assert findings(order) == []


def test_the_leader_can_only_make_less_of_a_check_in(city: City):
    order, (person, *_) = accepted(city), city.crew
    attend(order, person, START, END)
    close(city, order, {person: 30})
    assert [(entry.source, entry.minutes) for entry in entries(order)] == [("check_in", 30)]


def test_without_a_check_out_the_leader_signs(city: City):
    order, (person, *_) = accepted(city), city.crew
    attend(order, person, START + 30 * MINUTE, None)
    with refused("over_check_in", 422):
        close(city, order, {person: 61})
    close(city, order, {person: 60})
    assert [(entry.source, entry.minutes) for entry in entries(order)] == [("leader", 60)]


def test_times_signed_by_the_leader_are_kept_and_cap_the_minutes(city: City):
    order, (person, *_) = accepted(city), city.crew
    signed = {person: Window(START + 20 * MINUTE, START + 50 * MINUTE)}
    with refused("over_check_in", 422):
        close(city, order, {person: 31}, signed=signed)
    close(city, order, {person: 30}, signed=signed)
    (entry,) = entries(order)
    assert (entry.source, entry.started_at, entry.ended_at) == (
        "leader",
        signed[person].starts_at,
        signed[person].ends_at,
    )


def test_check_in_done_twice_keeps_the_first_time(city: City):
    order, (person, *_) = accepted(city), city.crew
    attend(order, person, START, None)
    later = START + 5 * MINUTE
    assert check_in(volunteer(person), order.number, code_of(order, later), [KEY], later) == "done"
    assert check_out(volunteer(person), order.number, code_of(order, END), [KEY], END) == "out"
    assert check_out(volunteer(person), order.number, code_of(order, AFTER), [KEY], AFTER) == "done"
    (service,) = list_open_services(volunteer(person), AFTER)
    assert (service.next_step, service.in_at, service.out_at) == ("done", START, END)


def test_check_in_opens_an_hour_before_and_shuts_with_the_service(city: City):
    order, (person, *_) = accepted(city), city.crew
    for at, code in (
        (START - HOUR - MINUTE, "check_in_early"),
        (END + MINUTE, "check_in_late"),
    ):
        with refused(code, 409):
            check_in(volunteer(person), order.number, code_of(order, at), [KEY], at)
    with refused("wrong_code", 422, field="code"):
        check_in(volunteer(person), order.number, "000000", [KEY], START)
    with refused("not_checked_in", 422):
        check_out(volunteer(person), order.number, code_of(order, END), [KEY], END)


def test_only_who_is_named_can_check_in(city: City):
    order = accepted(city)
    with pytest.raises(NotFound):
        check_in(volunteer(city.crew[1]), order.number, code_of(order, START), [KEY], START)
    with refused("wrong_party", 403):
        check_in(city.team, order.number, code_of(order, START), [KEY], START)


def test_somebody_whose_row_was_merged_checks_in_as_who_was_named(city: City):
    order = accepted(city, agreed=window(3))
    named, other = city.crew[0], city.crew[1]
    merge_volunteers(city.office, other, named, NOW, "同一人")
    (service,) = list_open_services(volunteer(other), START)
    assert (service.number, service.next_step) == (order.number, "in")
    attend(order, other, START, END)
    assert list_open_services(volunteer(other), END)[0].next_step == "done"
    close(city, order, {named: 90})
    assert [(line.volunteer_id, line.source) for line in entries(order)] == [(named, "check_in")]


def test_nobody_is_checked_in_at_two_services(city: City):
    person = city.crew[0]
    first = accepted(city)
    second = accepted(city, agreed=Window(END + 30 * MINUTE, END + 90 * MINUTE))
    attend(first, person, START, None)
    with refused("in_elsewhere", 409, number=first.number):
        check_in(volunteer(person), second.number, code_of(second, END), [KEY], END)
    check_out(volunteer(person), first.number, code_of(first, END), [KEY], END)
    assert check_in(volunteer(person), second.number, code_of(second, END), [KEY], END) == "in"


# Two places at once


def test_the_same_time_is_not_written_twice_for_one_person_on_two_rows(city: City):
    survivor, merged = city.crew[0], make_volunteer(city.team.team_id)
    first, second = accepted(city), claimed(city)
    agreed = Window(START + 30 * MINUTE, END + 30 * MINUTE)
    accept_order(second.number, city.team, agreed=agreed, volunteer_ids=[merged], now=NOW)
    merge(survivor, merged)
    close(city, first, {survivor: 90})
    with refused("person_elsewhere", 409):
        close_order(
            second.number, city.team, actual=agreed, attendance=9, report="讲完了。", minutes={merged: 60},
            now=AFTER + HOUR,
        )  # fmt: skip
    close_order(
        second.number, city.team, actual=Window(END, END + 30 * MINUTE), attendance=9, report="讲完了。",
        minutes={merged: 30}, now=AFTER + HOUR,
    )  # fmt: skip
    assert counted(survivor, AFTER + HOUR) == counted(merged, AFTER + HOUR) == 120


def test_rows_whose_hours_overlap_are_told_apart_before_they_are_merged(city: City):
    first = closed(city)
    other, order = make_volunteer(city.team.team_id), claimed(city)
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=[other], now=NOW)
    close(city, order, {other: 90})
    assert list_overlaps([city.crew[0], other]) == [(first.number, order.number)]
    assert list_overlaps([city.crew[1], other]) == []


def merge(survivor: int, merged: int) -> None:
    with transaction():
        person = db.session.get_one(Volunteer, merged)
        person.status, person.merged_into_id = "merged", survivor


# Who confirms


def test_hours_count_from_the_close_and_say_who_confirms_them(city: City):
    order, person = closed(city), city.crew[0]
    closing = END + HOUR
    rated = closing + DAY
    assert (counted(person, closing), list_hours(person)[0].confirmation) == (90, "unconfirmed")
    rate_order(
        order.number, Actor(Party.RESIDENT, "居民", order_id=order.order_id), verdict=Verdict(4, True), now=rated
    )
    assert list_hours(person)[0].confirmation == "resident"
    assert counted(person, rated) == 90


def test_the_community_confirms_with_one_tap_what_nobody_rated(city: City):
    order, person = closed(city), city.crew[0]
    assert order.number in {each.number for each in list_unconfirmed(city.community)}
    assert confirm_presence(order.number, city.community, AFTER)
    assert not confirm_presence(order.number, city.community, AFTER)
    assert list_hours(person)[0].confirmation == "community"
    assert order.number not in {each.number for each in list_unconfirmed(city.community)}
    with refused("wrong_party", 403):
        confirm_presence(order.number, city.office, AFTER)
    with pytest.raises(NotFound):
        confirm_presence(order.number, city.other_community, AFTER)


def test_disputed_hours_wait_for_the_office(city: City):
    order, person = closed(city), city.crew[0]
    resident = Actor(Party.RESIDENT, "居民", order_id=order.order_id)
    rate_order(order.number, resident, verdict=Verdict(1, False), now=AFTER)
    assert (counted(person, AFTER), waiting(person, AFTER)) == (0, 90)
    with refused("is_rated", 409):
        confirm_presence(order.number, city.community, AFTER)
    settle_dispute(order.number, city.office, did_take_place=True, text="签到表和照片都在。", now=AFTER + DAY)
    assert list_hours(person)[0].confirmation == "office"
    assert (counted(person, AFTER), counted(person, AFTER + DAY)) == (0, 90)
    with refused("not_disputed", 409):
        settle_dispute(order.number, city.office, did_take_place=False, text="再裁一次。", now=AFTER + DAY)


def test_a_service_that_did_not_take_place_leaves_no_hours_and_every_line(city: City):
    order, person = closed(city), city.crew[0]
    resident = Actor(Party.RESIDENT, "居民", order_id=order.order_id)
    rate_order(order.number, resident, verdict=Verdict(1, False), now=AFTER)
    settle_dispute(order.number, city.office, did_take_place=False, text="没有人到过现场。", now=AFTER + DAY)
    assert [(each.minutes, each.source) for each in entries(order)] == [(90, "leader"), (-90, "correction")]
    assert (counted(person, AFTER + DAY), waiting(person, AFTER + DAY)) == (0, 0)
    assert findings(order) == []


# Corrections


def test_fewer_minutes_are_written_at_once_and_more_with_a_second_person(city: City):
    order, person = closed(city), city.crew[0]
    first = entries(order)[0]
    words = {"text": "核对过签到表。", "now": AFTER}
    assert propose_correction(first.id, city.office, minutes=60, reason="left_early", **words)
    assert not propose_correction(first.id, city.office, minutes=75, reason="stayed_longer", **words)
    assert counted(person, AFTER) == 60
    request = db.session.scalars(select(HoursRequest.id).where(HoursRequest.status == "waiting")).all()[-1]
    with refused("second_person", 403):
        decide_request(request, city.office, is_confirmed=True, text="", now=AFTER)
    with refused("request_waiting", 409):
        propose_correction(first.id, city.office, minutes=0, reason="not_there", **words)
    colleague = second_office(city)
    decide_request(request, colleague, is_confirmed=True, text="", now=AFTER)
    lines = entries(order)
    assert [line.minutes for line in lines] == [90, -30, 15]
    assert [line.corrects_id for line in lines] == [None, lines[0].id, lines[1].id]
    assert (lines[2].vouched_by_account_id, lines[2].confirmed_by_account_id) == (
        city.office.account_id,
        colleague.account_id,
    )
    assert counted(person, AFTER) == 75
    reopen_order(order.number, city.office, text="重办。", now=AFTER)
    assert [line.minutes for line in entries(order)] == [90, -30, 15, -75]
    assert findings(order) == []


def test_a_correction_stays_within_the_service(city: City):
    order = closed(city)
    first = entries(order)[0]
    words = {"text": "核对过。", "now": AFTER}
    with refused("bad_minutes", 422, span=90):
        propose_correction(first.id, city.office, minutes=91, reason="stayed_longer", **words)
    with refused("unchanged", 422):
        propose_correction(first.id, city.office, minutes=90, reason="wrong_minutes", **words)
    with refused("unknown", 422, field="reason"):
        propose_correction(first.id, city.office, minutes=10, reason="objection_upheld", **words)
    with refused("missing", 422, field="text"):
        propose_correction(first.id, city.office, minutes=10, reason="other", text=" ", now=AFTER)
    with refused("wrong_party", 403):
        propose_correction(first.id, city.team, minutes=10, reason="other", **words)
    reopen_order(order.number, city.office, text="重办。", now=AFTER)
    with refused("not_closed", 409):
        propose_correction(first.id, city.office, minutes=10, reason="other", **words)


# Late entries and objections


def late(city: City, order: Outcome, person: int, minutes: int = 60, now: datetime = AFTER) -> int:
    return propose_late(
        order.number, city.team, volunteer_id=person, minutes=minutes, reason="forgotten", text="漏记了。", now=now
    )


def test_a_late_entry_needs_a_second_person_and_counts_after_its_notice(city: City):
    order, person = closed(city), city.crew[1]
    request = late(city, order, person)
    assert entries(order)[-1].volunteer_id != person
    with refused("request_waiting", 409):
        late(city, order, person)
    decide_request(request, city.office, is_confirmed=True, text="", now=AFTER)
    line = entries(order)[-1]
    assert (line.source, line.minutes, line.vouched_party) == ("late", 60, "team")
    assert (line.vouched_by_account_id, line.confirmed_by_account_id) == (city.team.account_id, city.office.account_id)
    last = AFTER.astimezone(CITY_TIME).date() + timedelta(days=7)
    assert db.session.get_one(HoursRequest, request).notice_ends_on == last
    for days, minutes in ((0, 0), (7, 0), (8, 60), (400, 60)):
        assert counted(person, AFTER + timedelta(days=days)) == minutes, days
    assert list_hours(person)[0].entry.source == "late"
    with refused("invalid", 422, field="minutes"):  # more than stood on the notice
        propose_correction(line.id, city.office, minutes=61, reason="stayed_longer", text="多讲了一会儿", now=AFTER)
    assert findings(order) == []


def test_who_asked_does_not_confirm(city: City):
    order, person = closed(city), city.crew[1]
    request = propose_late(
        order.number, city.office, volunteer_id=person, minutes=60, reason="other", text="漏记了。", now=AFTER
    )
    with refused("second_person", 403):
        decide_request(request, city.office, is_confirmed=True, text="", now=AFTER)
    with refused("wrong_party", 403):
        decide_request(request, city.team, is_confirmed=True, text="", now=AFTER)
    with refused("missing", 422, field="text"):
        decide_request(request, second_office(city), is_confirmed=False, text="", now=AFTER)
    decide_request(request, second_office(city), is_confirmed=False, text="没有证据。", now=AFTER)
    with refused("is_decided", 409):
        decide_request(request, second_office(city), is_confirmed=True, text="", now=AFTER)
    assert len(entries(order)) == 1


def test_what_cannot_have_been_is_not_entered_late(city: City):
    order, (served, person, third) = closed(city), city.crew
    with refused("has_hours", 409):
        late(city, order, served)
    with refused("bad_minutes", 422, span=90):
        late(city, order, person, 91)
    with refused("not_in_team", 422, field="volunteer_id"):
        late(city, order, city.other_crew[0])
    with refused("too_long_ago", 409, days=180):
        late(city, order, person, now=AFTER + timedelta(days=181))
    elsewhere = claimed(city)
    accept_order(elsewhere.number, city.team, agreed=window(3), volunteer_ids=[third], now=NOW)
    close(city, elsewhere, {third: 90})
    with refused("person_elsewhere", 409):
        late(city, order, third)
    with refused("not_closed", 409):
        late(city, accepted(city, agreed=window(9)), person)


def test_what_changed_since_it_was_asked_for_is_looked_at_again(city: City):
    """Between question and answer the person was written down somewhere else at that time."""
    order, person = closed(city), city.crew[1]
    request = late(city, order, person)
    elsewhere = claimed(city)
    accept_order(elsewhere.number, city.team, agreed=window(3), volunteer_ids=[person], now=NOW)
    close(city, elsewhere, {person: 90})
    with refused("person_elsewhere", 409):
        decide_request(request, city.office, is_confirmed=True, text="", now=AFTER)
    assert len(entries(order)) == 1


def test_an_objection_stops_a_late_entry_and_one_that_is_upheld_corrects_it(city: City):
    order, person = closed(city), city.crew[1]
    request = late(city, order, person)
    decide_request(request, city.office, is_confirmed=True, text="", now=AFTER)
    objection = make_objection(request, text="那天没有来。", contact="19900008888", now=AFTER + DAY)
    over = AFTER + 9 * DAY
    assert (counted(person, over), waiting(person, over)) == (0, 60)
    with refused("bad_minutes", 422):
        decide_objection(objection, city.office, is_upheld=True, minutes=60, text="属实。", now=over)
    decide_objection(objection, city.office, is_upheld=True, minutes=20, text="属实，只待了二十分钟。", now=over)
    assert [(line.source, line.minutes) for line in entries(order)[1:]] == [("late", 60), ("correction", -40)]
    assert (counted(person, over), waiting(person, over)) == (20, 0)
    notice = get_notice(request, over)
    assert (notice.standing, notice.days_left, [each.status for each in notice.objections]) == (20, 0, ["upheld"])
    assert request in {each.row.HoursRequest.id for each in list_notices(over).rows}
    assert findings(order) == []


def test_an_objection_that_is_not_upheld_changes_nothing_and_stays_readable(city: City):
    order, person = closed(city), city.crew[1]
    request = late(city, order, person)
    with pytest.raises(NotFound):
        make_objection(request, text="还没确认。", contact="", now=AFTER)
    decide_request(request, city.office, is_confirmed=True, text="", now=AFTER)
    objection = make_objection(request, text="不对。", contact="", now=AFTER + 7 * DAY)
    with refused("notice_over", 409):
        make_objection(request, text="不对。", contact="", now=AFTER + 8 * DAY)
    decide_objection(objection, city.office, is_upheld=False, minutes=0, text="签到表上有签名。", now=AFTER + 8 * DAY)
    assert counted(person, AFTER + 8 * DAY) == 60
    with refused("is_decided", 409):
        decide_objection(objection, city.office, is_upheld=True, minutes=0, text="又改。", now=AFTER + 9 * DAY)
    assert len(get_notice(request, AFTER + 9 * DAY).objections) == 1


def test_who_asked_for_a_late_entry_does_not_dismiss_what_is_said_against_it(city: City):
    order = accepted(city, agreed=window(3))
    close(city, order, {city.crew[0]: 60})
    request = propose_late(
        order.number, city.office, volunteer_id=city.crew[1], minutes=30, reason="forgotten", text="漏记", now=AFTER
    )
    decide_request(request, make_actor(Party.OFFICE, "另一位"), is_confirmed=True, text="", now=AFTER)
    objection = make_objection(request, text="他没来", contact="", now=AFTER)
    with refused("second_person", 403):
        decide_objection(objection, city.office, is_upheld=False, minutes=0, text="来了", now=AFTER)
    decide_objection(objection, city.office, is_upheld=True, minutes=0, text="是没来", now=AFTER)


@pytest.mark.parametrize("number", ["19900001234", "199 0000 1234", "640381198005171239"])
def test_no_number_is_taken_where_everybody_reads_or_nothing_can_be_erased(city: City, number: str):
    with refused("invalid", 422, field="text"):
        make_objection(1, text=f"打 {number} 问", contact="", now=AFTER)
    with refused("invalid", 422, field="reason"):
        spend_points(city.office, city.crew[0], points=1, reason=f"给 {number}", now=AFTER)


def test_contacts_of_objections_are_not_readable_in_the_database(city: City):
    request = late(city, closed(city), city.crew[1])
    decide_request(request, city.office, is_confirmed=True, text="", now=AFTER)
    make_objection(request, text="不对。", contact="19900008888", now=AFTER)
    kept = db.session.connection().exec_driver_sql("SELECT contact FROM hours_objections ORDER BY id DESC").scalar()
    assert kept
    assert "19900008888" not in kept


# What others build on


def test_counted_hours_are_one_row_for_each_person_and_order(city: City):
    survivor, merged = city.crew[0], make_volunteer(city.team.team_id)
    order = closed(city)
    merge(survivor, merged)
    rows = [each for each in db.session.execute(counted_hours(AFTER)) if each.order_id == order.order_id]
    (only,) = rows
    assert (only.person_id, only.team_id, only.minutes, only.source) == (survivor, city.team.team_id, 90, "leader")
    assert only.served_on == START.astimezone(CITY_TIME).date()
    assert [each for each in db.session.execute(counted_hours(START)) if each.order_id == order.order_id] == []


# No-shows


def marks(person: int, day: date) -> int:
    return count_marks([person], day).get(person, 0)


def no_show_of(person: int) -> NoShow:
    db.session.rollback()
    return db.session.scalars(select(NoShow).where(NoShow.volunteer_id == person)).one()


def test_who_was_named_and_served_nothing_gets_a_mark_that_ends(city: City):
    order, (one, two, three) = claimed(city), city.crew
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=[one, two, three], now=NOW)
    close(city, order, {one: 90, two: 0, three: 0}, absent={three: "told_in_time"})
    today = AFTER.astimezone(CITY_TIME).date()
    assert [marks(person, today) for person in city.crew] == [0, 1, 0]
    assert (no_show_of(two).reason, no_show_of(three).status) == ("no_word", "excused")
    assert marks(two, today + timedelta(days=180)) == 1
    assert marks(two, today + timedelta(days=181)) == 0


def test_a_team_that_did_not_come_marks_who_had_not_checked_in(city: City):
    order, (one, two, _) = claimed(city), city.crew
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=[one, two], now=NOW)
    attend(order, one, START, None)
    report_no_show(order.number, city.community, text="等了一小时。", now=AFTER)
    today = AFTER.astimezone(CITY_TIME).date()
    assert (marks(one, today), marks(two, today)) == (0, 1)
    explain_no_show(no_show_of(two).id, city.team, reason="weather", now=AFTER)
    assert (no_show_of(two).status, marks(two, today)) == ("excused", 0)
    with pytest.raises(NotFound):
        explain_no_show(no_show_of(two).id, city.other_team, reason="weather", now=AFTER)


@pytest.mark.parametrize(("is_lifted", "left"), [(True, 0), (False, 1)])
def test_the_person_objects_and_the_office_decides(city: City, is_lifted: bool, left: int):
    order, (one, two, _) = claimed(city), city.crew
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=[one, two], now=NOW)
    close(city, order, {one: 90, two: 0})
    today, record = AFTER.astimezone(CITY_TIME).date(), no_show_of(two).id
    with pytest.raises(NotFound):
        object_to_no_show(record, volunteer(one), text="不是我。", now=AFTER)
    object_to_no_show(record, volunteer(two), text="我到了，门锁着。", now=AFTER)
    assert marks(two, today) == 0
    decide_no_show(record, city.office, is_lifted=is_lifted, text="已核实。", now=AFTER)
    assert marks(two, today) == left
    with refused("is_decided", 409):
        object_to_no_show(record, volunteer(two), text="再来。", now=AFTER)
    assert counted(two, AFTER) == 0


# Spot checks


def test_a_days_draw_is_made_once_and_can_be_made_again_by_anybody(own_city: City):
    city = own_city
    set_number(city.office, "spot_check_percent", 100, NOW)
    order = closed(city)
    night = AFTER + DAY
    assert draw_due(night) == [AFTER.astimezone(CITY_TIME).date()]
    assert draw_due(night) == []
    drawn = db.session.scalars(select(SpotCheckOrder)).one()
    assert (drawn.order_id, drawn.is_drawn) == (order.order_id, True)
    task = db.session.get_one(CallBack, drawn.call_back_id)
    assert task.cause == "spot_check"
    answer_spot_check(task.id, city.community, answer="denied", outcome="居民说没有来。", now=night)
    assert (counted(city.crew[0], night), waiting(city.crew[0], night)) == (0, 90)
    check = draw_day(drawn.day, night)
    assert (check.closed_count, check.drawn_count, check.percent) == (1, 1, 100)
    assert findings() == []


def test_missed_days_are_drawn_later(own_city: City):
    night = AFTER + DAY
    draw_due(night)
    assert len(draw_due(night + 4 * DAY)) == 4


def test_an_answer_is_of_the_list(city: City):
    with refused("unknown", 422, field="answer"):
        answer_spot_check(1, city.community, answer="maybe", outcome="x", now=AFTER)


# The office's numbers, points


def test_only_the_office_sets_numbers_and_within_their_limits(own_city: City):
    with refused("wrong_party", 403):
        set_number(own_city.team, "notice_days", 5, NOW)
    with refused("out_of_range", 422, field="notice_days", low=1, high=60):
        set_number(own_city.office, "notice_days", 0, NOW)
    with pytest.raises(NotFound):
        set_number(own_city.office, "nothing", 1, NOW)
    assert set_number(own_city.office, "notice_days", 5, NOW)
    assert not set_number(own_city.office, "notice_days", 5, NOW)
    assert get_number("notice_days") == 5


def test_points_are_a_second_ledger_that_never_touches_hours(own_city: City):
    city, person = own_city, own_city.crew[0]
    order = closed(city)
    assert credit_points(AFTER) == 0  # off by default
    set_number(city.office, "points_enabled", 1, AFTER)
    assert (credit_points(AFTER), credit_points(AFTER), get_balance(person)) == (1, 0, 15)
    assert spend_points(city.office, person, points=10, reason="换一条毛巾", now=AFTER) == 5
    with refused("too_few_points", 409, left=5):
        spend_points(city.office, person, points=6, reason="换毛巾", now=AFTER)
    assert counted(person, AFTER) == 90
    set_number(city.office, "points_per_hour", 20, AFTER)  # for new hours; what was earned stays
    assert credit_points(AFTER) == 0
    propose_correction(entries(order)[0].id, city.office, minutes=60, reason="left_early", text="核对过。", now=AFTER)
    assert (credit_points(AFTER), get_balance(person)) == (1, 0)
    kinds = db.session.scalars(select(PointsEntry.kind).order_by(PointsEntry.id)).all()
    assert kinds == ["earn", "spend", "adjust"]


def test_a_merged_persons_points_are_one_balance(own_city: City):
    city, (person, other, _) = own_city, own_city.crew
    set_number(city.office, "points_enabled", 1, NOW)
    closed(city)
    credit_points(AFTER)
    merge(other, person)
    assert (credit_points(AFTER), get_balance(person), get_balance(other)) == (0, 15, 15)
    assert replace(city.volunteer).volunteer_id == person
