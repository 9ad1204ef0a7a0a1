"""The times that suit a resident: ticked in the grid of the coming days, typed for other days, six at most."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.orders.models import Order, WishedTime
from qtxvol.web.view_settings import COOKIE
from tests.web.pages import Form, Page, get_page, read, submit
from tests.web.site import WHAT, WHO, Site, number_in

PLACE = {"division_code": "640381001002", "venue": "社区二楼活动室"}
SIX = [f"2026-11-{day}:morning" for day in (25, 26, 27, 28, 29, 30)]


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
        ({"windows": [*SIX, "2026-11-25:evening"]}, "最多选六个时间"),
        ({"windows": SIX, "day_1": "2026-12-20", "slot_1": "morning"}, "最多选六个时间"),
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
        if value in SIX:
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
