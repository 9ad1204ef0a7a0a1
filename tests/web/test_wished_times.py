"""The times that suit a resident: many with one tap, ticked in the grid of the coming days, typed for other days."""

from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import WorkdayOverride
from qtxvol.extensions import db
from qtxvol.orders.models import Order, WishedTime
from qtxvol.storage import transaction
from qtxvol.web.view_settings import COOKIE
from tests.conftest import csrf_of
from tests.web.pages import Form, Page, get_page, read, submit
from tests.web.site import WHAT, WHO, Site, number_in

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

PLACE = {"division_code": "640381001002", "venue": "社区二楼活动室"}
TWELVE = [f"2026-11-{day}:{half}" for day in (25, 26, 27, 28, 29, 30) for half in ("morning", "afternoon")]


def second_screen(client: FlaskClient) -> Form:
    answer = submit(client, get_page(client, "/order").form("/order"), {**WHAT, "go": "next"})
    return read(answer).form("/order")


def times_of(site: Site, number: str) -> list[tuple[str, str]]:
    """As they stand in the record, on the city's clock."""
    with site.app.app_context():
        rows = db.session.scalars(
            select(WishedTime)
            .join(Order, Order.id == WishedTime.order_id)
            .where(Order.number == number)
            .order_by(WishedTime.position)
        ).all()
        return [
            (row.starts_at.astimezone(CITY_TIME).strftime("%m-%d %H:%M"), f"{row.ends_at.astimezone(CITY_TIME):%H:%M}")
            for row in rows
        ]


def ticked(page: Page) -> list[str]:
    return [value for name, value in page.form("/order").fields if name == "windows"]


def test_the_coming_six_days_can_be_ticked_three_times_each(site_sqlite: Site) -> None:
    options = second_screen(site_sqlite.browser()).options["windows"]
    assert len(options) == 18
    assert options[0] == "2026-11-25:morning"
    assert options[-1] == "2026-11-30:evening"


@pytest.mark.parametrize(
    ("audience", "language", "says"),
    [
        ("youth", "zh", "本学期：2026—2027学年第一学期，9月1日—1月15日。"),
        ("youth", "en", "1 Sep–15 Jan"),
        ("elderly", "zh", ""),
    ],
)
def test_who_orders_for_young_people_reads_when_term_is(
    site_sqlite: Site, audience: str, language: str, says: str
) -> None:
    client = site_sqlite.browser()
    with client.session_transaction() as session:
        session["language"] = language
    page = get_page(client, f"/order?audience={audience}")
    answer = submit(client, page.form("/order"), {"audience": audience, "item": "free", "wish": "看星星", "go": "next"})
    text = read(answer).text
    assert (says in text) if says else ("学期" not in text)


def test_tomorrow_is_the_citys_tomorrow(site_sqlite: Site) -> None:
    site_sqlite.move_to(datetime(2026, 11, 24, 16, 30, tzinfo=UTC))  # half past midnight in the city
    assert second_screen(site_sqlite.browser()).options["windows"][0] == "2026-11-26:morning"


def test_ticked_and_typed_times_are_kept_through_all_screens_and_placed(site: Site) -> None:
    client = site.browser()
    wished = {"windows": ["2026-11-29:evening", "2026-11-26:afternoon", "2026-11-26:morning"]}
    typed = {"day_1": "2026-12-20", "from_1": "10:00", "to_1": "11:00"}
    answer = submit(client, second_screen(client), {**PLACE, **wished, **typed, "go": "next"})
    page = read(answer)
    assert "11月26日（周四） 上午" in page.text
    assert "12月20日（周日） 10:00–11:00" in page.text
    back = read(submit(client, page.form("/order"), {"go": "back"}))
    assert sorted(ticked(back)) == sorted(wished["windows"])
    assert back.form("/order").get("day_1") == "2026-12-20"
    again = read(submit(client, back.form("/order"), {"go": "next"}))
    number = number_in(submit(client, again.form("/order"), {**WHO, "go": "send"}))
    assert times_of(site, number) == [
        ("11-26 09:00", "11:30"),
        ("11-26 14:30", "17:30"),
        ("11-29 19:00", "21:00"),
        ("12-20 10:00", "11:00"),
    ]


@pytest.mark.parametrize(
    ("wished", "sentence"),
    [
        ({"windows": None}, "请至少选一个方便的时间"),
        ({"windows": [*TWELVE, "2026-11-25:evening"]}, "最多选十二个时间"),
        ({"windows": TWELVE, "day_1": "2026-12-20", "slot_1": "morning"}, "最多选十二个时间"),
        ({"windows": None, "quick": ["whenever"]}, "请至少选一个方便的时间"),
        ({"windows": ["2026-11-24:morning"]}, "已经过去"),
        ({"windows": ["2026-11-23:morning"]}, "已经过去"),
        ({"windows": ["2031-11-23:morning"]}, "一年之内"),
        ({"windows": ["0001-01-01:morning"]}, ""),
        ({"windows": ["9999-12-31:evening"]}, "一年之内"),
        ({"windows": ["2026-11-25:midnight"]}, "请从列表里选时间"),
        ({"windows": ["tomorrow"]}, "请从列表里选时间"),
        ({"windows": ["", "\0", "长" * 1000, ":"]}, "请从列表里选时间"),
    ],
)
def test_a_sentence_at_the_grid_and_good_ticks_stay(
    site_sqlite: Site, wished: dict[str, object], sentence: str
) -> None:
    client = site_sqlite.browser()
    answer = submit(client, second_screen(client), {**PLACE, **wished, "go": "next"})
    assert answer.status_code == 422
    page = read(answer)
    assert page.error_of("windows")
    assert sentence in page.error_of("windows")
    assert 'href="#windows-0"' in page.html, "the summary leads to the first box"
    for value in wished["windows"] or ():  # type: ignore[attr-defined]
        if value in TWELVE:
            assert value in ticked(page)


def test_a_typed_time_that_is_ticked_already_is_pointed_out_at_its_row(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    twice = {"windows": ["2026-11-26:morning"], "day_1": "2026-11-26", "slot_1": "morning"}
    page = read(submit(client, second_screen(client), {**PLACE, **twice, "go": "next"}))
    assert "和前面的一样" in page.error_of("day_1")


def test_the_same_box_sent_twice_counts_once(site: Site) -> None:
    client = site.browser()
    wished = {"windows": ["2026-11-26:morning"] * 9}
    page = read(submit(client, second_screen(client), {**PLACE, **wished, "go": "next"}))
    assert len(times_of(site, number_in(submit(client, page.form("/order"), {**WHO, "go": "send"})))) == 1


def test_a_page_left_open_over_midnight_still_shows_what_was_ticked(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    site_sqlite.move_to(datetime(2026, 11, 24, 15, 50, tzinfo=UTC))  # ten to midnight in the city
    form = second_screen(client)
    site_sqlite.move_to(datetime(2026, 11, 24, 16, 10, tzinfo=UTC))
    page = read(submit(client, form, {**PLACE, "windows": ["2026-11-25:evening"], "venue": "", "go": "next"}))
    assert ticked(page) == ["2026-11-25:evening"]
    assert "今天" in page.text


def test_elder_mode_offers_fewer_boxes_and_keeps_what_was_ticked_before(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    client.set_cookie(COOKIE, "elder-125-auto")
    form = second_screen(client)
    assert len(form.options["windows"]) == 8
    page = read(submit(client, form, {**PLACE, "venue": "", "windows": ["2026-11-30:evening"], "go": "next"}))
    assert ticked(page) == ["2026-11-30:evening"]


def test_a_clerk_ticks_times_for_a_resident_on_the_phone(site: Site) -> None:
    client = site.browser(site.city.community)
    form = get_page(client, "/community/order?audience=elderly").form("/community/order")
    wished = {"windows": ["2026-11-27:morning", "2026-11-28:afternoon"]}
    answer = submit(client, form, {**WHAT, **PLACE, **WHO, **wished, "go": "send"})
    number = answer.location.rpartition("/")[2]
    assert [start for start, _end in times_of(site, number)] == ["11-27 09:00", "11-28 14:30"]


# Many with one tap


def placed_after(client: FlaskClient, wished: dict[str, object]) -> tuple[Page, str]:
    """The third screen, and the number of the order that it placed."""
    page = read(submit(client, second_screen(client), {**PLACE, **wished, "go": "next"}))
    return page, number_in(submit(client, page.form("/order"), {**WHO, "go": "send"}))


@pytest.mark.parametrize(
    ("choice", "label", "starts"),
    [
        ("work_morning", "工作日上午都行", ["11-26", "11-27", "11-30", "12-01", "12-02", "12-03"]),
        ("work_afternoon", "工作日下午都行", ["11-26", "11-27", "11-30", "12-01", "12-02", "12-03"]),
        ("evening", "晚上都行", ["11-26", "11-27", "11-28", "11-29", "11-30", "12-01"]),
        ("weekend", "周末都行", ["11-28", "11-28", "11-29", "11-29", "12-05", "12-05"]),
    ],
)
def test_two_taps_give_more_than_four_times(site: Site, choice: str, label: str, starts: list[str]) -> None:
    page, number = placed_after(site.browser(), {"quick": [choice]})
    assert label in page.text, "the summary says what was tapped"
    assert "再多选几个" not in page.text
    assert [start[:5] for start, _end in times_of(site, number)] == starts


def test_any_day_gives_as_many_as_there_is_room_for_beside_what_was_ticked(site_sqlite: Site) -> None:
    page, number = placed_after(
        site_sqlite.browser(), {"quick": ["any", "evening"], "windows": ["2026-11-25:morning", "2026-11-27:morning"]}
    )
    times = times_of(site_sqlite, number)
    assert len(times) == len(set(times)) == 12
    assert times[:2] == [("11-25 09:00", "11:30"), ("11-27 09:00", "11:30")], "what was ticked comes first"
    assert "哪天都行；共 12 个时间，11月25日到12月5日，含周末" in page.text
    assert len({start[:5] for start, _end in times}) == 11, "on many days"
    assert not any(end == "21:00" for _start, end in times), "any day says it all"


def test_several_taps_have_their_share_of_the_times_each(site_sqlite: Site) -> None:
    taps = ["work_morning", "work_afternoon", "evening", "weekend"]
    page, number = placed_after(site_sqlite.browser(), {"quick": taps})
    times = times_of(site_sqlite, number)
    assert len(times) == len(set(times)) == 12
    assert times == sorted(times)
    assert "周末都行；共 12 个时间，11月26日到" in page.text
    assert "含周末" in page.text
    weekend = [start for start, end in times if start[:5] in ("11-28", "11-29", "12-05", "12-06") and end != "21:00"]
    assert len(weekend) == 3
    assert sum(end == "21:00" for _start, end in times) == 3


def test_a_weekend_that_is_made_up_for_is_a_workday_and_a_day_off_is_none(site_sqlite: Site) -> None:
    with site_sqlite.app.app_context(), transaction():
        db.session.add(WorkdayOverride(day=date(2026, 11, 28), is_work=True, name="调休上班"))
        db.session.add(WorkdayOverride(day=date(2026, 11, 30), is_work=False, name="放假"))
    _page, number = placed_after(site_sqlite.browser(), {"quick": ["work_morning"]})
    days = [start[:5] for start, _end in times_of(site_sqlite, number)]
    assert days == ["11-26", "11-27", "11-28", "12-01", "12-02", "12-03"]
    _page, number = placed_after(site_sqlite.browser(), {"quick": ["weekend"]})
    days = [start[:5] for start, _end in times_of(site_sqlite, number)]
    assert days == ["11-29", "11-29", "12-05", "12-05", "12-06", "12-06"]


def test_what_was_tapped_stands_there_still_after_an_error_and_after_going_back(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    wished = {"quick": ["weekend", "evening"], "windows": ["2026-11-26:morning"]}
    bad = read(submit(client, second_screen(client), {**PLACE, **wished, "venue": "", "go": "next"}))
    third = read(submit(client, bad.form("/order"), {"venue": "活动室", "go": "next"}))
    back = read(submit(client, third.form("/order"), {"go": "back"}))
    for page in (bad, back):
        assert [value for name, value in page.form("/order").fields if name == "quick"] == ["evening", "weekend"]
        assert ticked(page) == ["2026-11-26:morning"]


def test_a_choice_that_there_is_not_is_a_sentence(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    bad = submit(client, second_screen(client), {**PLACE, "quick": ["weekend", "\0长"], "go": "next"})
    assert bad.status_code == 422
    assert "请从列表里选时间" in read(bad).text


def test_few_times_are_a_friendly_word_and_no_obstacle(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    wished = {"windows": ["2026-11-26:morning", "2026-11-27:morning", "2026-11-28:morning"]}
    page, number = placed_after(client, wished)
    assert "您选了 3 个时间。再多选几个，更快有人来；不选也可以直接提交。" in page.text
    assert ("go", "back") in page.form("/order").buttons
    assert len(times_of(site_sqlite, number)) == 3
    four = [*wished["windows"], "2026-11-29:morning"]
    page = read(submit(client, second_screen(client), {**PLACE, "windows": four, "go": "next"}))
    assert "再多选几个，更快有人来" not in page.text


def test_elder_mode_and_the_form_for_no_line_offer_the_same_taps(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    client.set_cookie(COOKIE, "elder-125-auto")
    assert len(second_screen(client).options["quick"]) == 5
    kept = get_page(client, "/offline/order").form("/order")
    assert len(kept.options["quick"]) == 5
    sent = kept.filled({**WHAT, **PLACE, **WHO, "quick": ["weekend"], "key": "a" * 32})
    answer = client.post("/offline/orders", data={**sent.to_dict(flat=False), "csrf_token": csrf_of(client, "/order")})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert len(times_of(site_sqlite, answer.get_json()["number"])) == 6


def test_a_clerk_taps_for_a_resident_on_the_phone(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.community)
    form = get_page(client, "/community/order?audience=elderly").form("/community/order")
    answer = submit(client, form, {**WHAT, **PLACE, **WHO, "quick": ["work_afternoon"], "go": "send"})
    assert len(times_of(site_sqlite, answer.location.rpartition("/")[2])) == 6
