"""What people, slips of the finger and attackers type: each time a sentence at the field and a status 4xx.

Nothing is written, what was typed is still there, and it is never an error page.
"""

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import zip_longest
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import delete
from werkzeug.test import TestResponse

from qtxvol.accounts.models import Attempt
from qtxvol.extensions import db
from qtxvol.storage import transaction
from tests.factories import DEPARTMENT, NOW, PASSWORD, accepted, claimed, closed, dispatched, placed, window
from tests.web.pages import FROM_HERE, Form, get_page, post_form, read, submit
from tests.web.pictures import jpeg_bytes, jpeg_file, upload
from tests.web.site import WHAT, WHERE, WHO, Site, fill_wizard, number_in, place_by_wizard

LONG_AGO = NOW - timedelta(days=5)
MEGABYTE = "长" * (1024 * 1024 // 3)


@pytest.fixture(scope="module")
def numbers(site_of_module: Site) -> dict[str, str]:
    """An order for each thing that can be done."""
    site = site_of_module
    made = {
        "closed": site.make(closed, agreed=window(1)).number,
        "placed": site.make(placed).number,
        "dispatched": site.make(dispatched).number,
        "claimed": site.make(claimed).number,
        "started": site.make(accepted, LONG_AGO, agreed=window(1, now=LONG_AGO)).number,
        "accepted": site.make(accepted, agreed=window(4)).number,
    }
    made["overdue"] = site.make(placed, NOW - timedelta(days=30)).number
    return made


@pytest.fixture
def untouched(still: Site, numbers: dict[str, str]) -> Iterator[Site]:
    """The city of this module; the test fails when anything was written but counted attempts."""
    before = still.rows("attempts")
    yield still
    assert still.rows("attempts") == before
    with still.app.app_context(), transaction():
        db.session.execute(delete(Attempt))


def assert_refused_at(answer: TestResponse, name: str, typed: Any, action: str = "", sentence: str = "") -> None:
    """422, a sentence at the field that says `sentence`, and the form still holds what was typed."""
    assert answer.status_code == 422, f"{name}={typed!r:.60}: {answer.status}"
    page = read(answer)
    error = page.error_of(name, action)
    assert error, f"{name}={typed!r:.60}: no sentence at the field"
    assert sentence in error, f"{name}={typed!r:.60}: {error}"
    assert "error-summary" in page.html
    if isinstance(typed, str) and typed.strip():
        if any(name in form.options for form in page.forms):
            return  # a choice that is none can't be shown as chosen
        held = [value for form in page.forms for key, value in form.fields if key == name]
        assert any(value.strip() == typed.strip().replace("\r\n", "\n") for value in held), f"{name} lost {typed!r:.60}"


# the order form


def bad_fields() -> list[tuple[str, str, str]]:
    """Field, what is typed, a part of the sentence."""
    control = "无法显示的字符"
    return [
        ("audience", "", "请选一类对象"),
        ("audience", "martians", "请选一类对象"),
        ("audience", "a\0b", "请选一类对象"),
        ("item", "", "请选一个项目"),
        ("item", "S99", "请选一个项目"),
        ("item", "\0", "请选一个项目"),
        ("wish", "很" * 501, "最多 500 个字，请删去 1 个"),
        ("wish", MEGABYTE, "最多 500 个字"),
        ("wish", "一\0二", control),
        ("wish", "一\x1b[31m二", control),
        ("division_code", "", "请选社区或村"),
        ("division_code", "640381999999", "请从列表里选一项"),
        ("division_code", "'; DROP TABLE orders; --", "请从列表里选一项"),
        ("division_code", "\0", "请从列表里选一项"),
        ("venue", "", "请写具体地点"),
        ("venue", "   ", "请写具体地点"),
        ("venue", "室" * 121, "最多 120 个字，请删去 1 个"),
        ("venue", "二楼\0", control),
        ("day_1", "", "请选日期"),
        ("day_1", "明天", "请选日期"),
        ("day_1", "2026-02-30", "请选日期"),
        ("day_1", "2026-11-23", "已经过去"),
        ("day_1", "1926-11-28", "已经过去"),
        ("day_1", "2031-11-28", "一年之内"),
        ("day_1", "9999-12-31", "一年之内"),
        ("day_1", "0001-01-01", ""),
        ("day_1", "2026-11-28\0", control),
        ("slot_1", "", "请选上午、下午或晚上"),
        ("slot_1", "midnight", "请从列表里选一项"),
        ("requester_kind", "robot", "请选一项"),
        ("organisation", "校" * 65, "最多 64 个字，请删去 1 个"),
        ("headcount", "", "请填大约多少人"),
        ("headcount", "0", "1 到 5000"),
        ("headcount", "-1", "1 到 5000"),
        ("headcount", "5001", "1 到 5000"),
        ("headcount", "1000000000", "1 到 5000"),
        ("headcount", "9" * 400, "请填整数"),
        ("headcount", "9" * 5000, "请填整数"),
        ("headcount", "abc", "请填整数"),
        ("headcount", "3.5", "请填整数"),
        ("headcount", "1e3", "请填整数"),
        ("headcount", "三十", "请填整数"),
        ("headcount", "30\0", "请填整数"),
        ("contact_name", "", "请填称呼"),
        ("contact_name", "王" * 33, "最多 32 个字，请删去 1 个"),
        ("contact_name", "王\0", control),
        ("contact_phone", "", "请填联系电话"),
        ("contact_phone", "12345", "电话号码不对"),
        ("contact_phone", "1990000123", "电话号码不对"),
        ("contact_phone", "199000012345", "电话号码不对"),
        ("contact_phone", "abc", "电话号码不对"),
        ("contact_phone", "1" * 100000, "电话号码不对"),
        ("contact_phone", "19900001234\0", ""),
        ("urgency", "emergency", "请选一项"),
        ("urgency", "\0", "请选一项"),
    ]


@pytest.fixture(scope="module")
def last_screen(site_of_module: Site, numbers: dict[str, str]) -> tuple[FlaskClient, Form]:
    """A resident's browser with the third screen, filled in and not yet sent."""
    client = site_of_module.browser()
    with time_machine.travel(NOW, tick=False):
        return client, fill_wizard(client).form("/order")


def test_every_bad_field_of_the_order_form_gets_a_sentence(
    untouched: Site, last_screen: tuple[FlaskClient, Form]
) -> None:
    client, form = last_screen
    for name, typed, sentence in bad_fields():
        answer = submit(client, form, {**WHO, name: typed, "go": "send"})
        assert_refused_at(answer, name, typed, sentence=sentence)
        page = read(answer).form("/order")
        if name != "contact_name":
            assert page.get("contact_name") == "王女士", f"{name}: the rest of the form is gone"
        if name != "venue":
            assert page.get("venue") == WHERE["venue"], f"{name}: the rest of the form is gone"


def test_every_bad_field_of_the_on_behalf_form_gets_a_sentence(untouched: Site) -> None:
    client = untouched.browser(untouched.city.community)
    form = get_page(client, "/community/order?audience=elderly").form("/community/order")
    good = {**WHAT, **WHERE, **WHO, "go": "send"}
    for name, typed, sentence in bad_fields():
        assert_refused_at(submit(client, form, {**good, name: typed}), name, typed, sentence=sentence)


def test_wished_times_out_of_order_are_refused_at_the_field(
    untouched: Site, last_screen: tuple[FlaskClient, Form]
) -> None:
    client, form = last_screen
    for times, at, sentence in (
        ({"from_1": "10:00", "to_1": "09:00"}, "to_1", "结束时间要晚于开始时间"),
        ({"from_1": "10:00", "to_1": "10:00"}, "to_1", "结束时间要晚于开始时间"),
        ({"from_1": "07:00", "to_1": "22:00"}, "to_1", "不超过 12 小时"),
        ({"from_1": "10:00", "to_1": ""}, "to_1", "请把开始和结束时间都填上"),
        ({"from_1": "", "to_1": "11:00"}, "from_1", "请把开始和结束时间都填上"),
        ({"from_1": "25:00", "to_1": "26:00"}, "from_1", "请把开始和结束时间都填上"),
        ({"from_1": "10点", "to_1": "11点"}, "from_1", "请把开始和结束时间都填上"),
        ({"day_2": "2026-11-28", "slot_2": "morning"}, "day_2", "和前面的一样"),
        ({"day_2": "2026-11-20", "slot_2": "morning"}, "day_2", "已经过去"),
        ({"day_6": "2026-11-30"}, "slot_6", "请选上午、下午或晚上"),
        ({"day_1": "", "slot_1": ""}, "windows", "请至少选一个方便的时间"),
    ):
        answer = submit(client, form, {**WHO, **times, "go": "send"})
        assert_refused_at(answer, at, times.get(at, ""), sentence=sentence)


def test_an_organisation_must_say_its_name_and_consent_must_be_given(
    untouched: Site, last_screen: tuple[FlaskClient, Form]
) -> None:
    client, form = last_screen
    answer = submit(client, form, {**WHO, "requester_kind": "school", "go": "send"})
    assert_refused_at(answer, "organisation", "", sentence="请填单位名称")
    answer = submit(client, form, {**WHO, "consent": None, "go": "send"})
    assert answer.status_code == 422
    assert "请先勾选同意" in read(answer).text


def test_each_screen_holds_its_reader_until_it_is_filled_in(untouched: Site) -> None:
    client = untouched.browser()
    answer = submit(client, get_page(client, "/order").form("/order"), {"go": "next"})
    assert_refused_at(answer, "audience", "")
    answer = submit(client, read(answer).form("/order"), {"audience": "elderly", "go": "next"})
    assert_refused_at(answer, "item", "")
    answer = submit(client, read(answer).form("/order"), {"item": "free", "go": "next"})
    assert_refused_at(answer, "wish", "", sentence="请用一两句话写清楚想要什么")
    answer = submit(client, read(answer).form("/order"), {"item": "S05", "go": "next"})
    assert answer.status_code == 200
    answer = submit(client, read(answer).form("/order"), {"go": "next"})
    assert_refused_at(answer, "venue", "")


def test_a_robot_that_fills_the_trap_places_nothing(untouched: Site, last_screen: tuple[FlaskClient, Form]) -> None:
    client, form = last_screen
    assert submit(client, form, {**WHO, "website": "http://spam.example", "go": "send"}).status_code == 422


def test_odd_hidden_values_of_the_order_form_are_no_error_page(
    untouched: Site, last_screen: tuple[FlaskClient, Form]
) -> None:
    client, form = last_screen
    for name in ("screen", "go", "key"):
        for value in ("", "0", "99", "-1", "abc", "\0", "<b>", "长" * 1000):
            answer = submit(client, form, {**WHO, "headcount": "0", "go": "send", name: value})
            assert answer.status_code in (200, 422), (name, value)


def test_an_order_with_an_odd_key_is_placed_all_the_same(site: Site) -> None:
    client = site.browser()
    form = fill_wizard(client).form("/order")
    for count, key in enumerate(["", "\0", "a\nb", "k" * 65, "𬭸" * 64, "k" * 300000], 1):
        number_in(submit(client, form, {**WHO, "contact_phone": f"1990000000{count}", "key": key, "go": "send"}))
        assert site.rows()["orders"] == count, key


def test_a_phone_number_in_the_wish_is_warned_of_and_can_be_confirmed(site: Site) -> None:
    client = site.browser()
    page = get_page(client, "/order?audience=elderly&item=S05")
    typed = {"item": "S05", "wish": "到了打我手机 １３９ 1234-5678", "go": "next"}
    answer = submit(client, page.form("/order"), typed)
    assert_refused_at(answer, "wish", typed["wish"], sentence="好像写了电话号码")
    again = read(answer).form("/order")
    assert "phone_in_text_ok" in again.names
    answer = submit(client, again, {"phone_in_text_ok": "y", "go": "next"})
    assert answer.status_code == 200
    answer = submit(client, read(answer).form("/order"), {**WHERE, "go": "next"})
    number = number_in(submit(client, read(answer).form("/order"), {**WHO, "go": "send"}))
    assert site.order(number).wish == "到了打我手机 １３９ 1234-5678"


ODD_WORDS = [
    "👵🏽学手机📱",
    "𬭸先生的𠮷野家",
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"'><b>粗</b>",
    '=HYPERLINK("http://evil.example","点我")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "{{ 7*7 }} {% raw %} ${7*7} %(name)s %s",
    "أهلا \u202e反向 \u200b零宽",
]


def test_odd_words_are_kept_and_shown_as_they_are(site: Site) -> None:
    for words in ODD_WORDS:
        typed = {"wish": words, "venue": words, "organisation": words, "contact_name": words[:32]}
        client = site.browser()
        number = number_in(place_by_wizard(client, requester_kind="school", **typed))
        order = site.order(number)
        assert {name: getattr(order, name) for name in typed} == typed
        search = "/community/?" + urlencode({"q": words[:3]})
        for page in (
            site.page(site.city.community, number),
            get_page(site.browser(site.city.community), "/community/"),
            get_page(site.browser(site.city.community), search),
            get_page(client, site.link(number)),
            get_page(site.browser(site.city.office), "/office/?tab=all"),
        ):
            assert not any("alert" in body for body in page.script_bodies)
            assert not any(tag == "img" and "onerror" in attributes for tag, attributes in page.tags)
            assert not any(tag == "b" for tag, _ in page.tags)
            assert " ".join(words.split())[:23] in page.text
    assert not site.findings()


def test_full_width_digits_and_a_landline_are_understood(site_sqlite: Site) -> None:
    answer = place_by_wizard(site_sqlite.browser(), headcount="３０", contact_phone="（０９５３）３０５１２３４")
    order = site_sqlite.order(number_in(answer))
    assert (order.headcount, order.contact_phone) == (30, "09533051234")


def test_the_longest_allowed_words_are_taken(site: Site) -> None:
    changes = {"wish": "𬭸" * 500, "venue": "𬭸" * 120, "contact_name": "𬭸" * 32, "headcount": "5000"}
    order = site.order(number_in(place_by_wizard(site.browser(), **changes)))
    assert (len(order.wish), len(order.venue), len(order.contact_name)) == (500, 120, 32)


@pytest.mark.parametrize("raw", [b"%ED%A0%80", b"%FF%FE", b"%C3%28", b"%00", b"\xff\xfe", b"%", b"%zz"])
def test_bytes_that_are_no_text_are_no_error_page(
    untouched: Site, last_screen: tuple[FlaskClient, Form], raw: bytes
) -> None:
    client, form = last_screen
    token = (form.get("csrf_token") or "").encode()
    for field in (b"venue", b"key", b"screen", b"go", b"day_1", b"headcount", b"item", b"audience", raw):
        body = b"csrf_token=" + token + b"&" + field + b"=" + raw
        answer = client.post(
            "/order", data=body, content_type="application/x-www-form-urlencoded", headers=dict(FROM_HERE)
        )
        assert answer.status_code in (200, 400, 422), field


# photos


def bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (12000, 12000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"hello", "photo.jpg", "不是照片"),
        (b"", "photo.jpg", "不是照片"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "a.jpg", "不是照片"),
        (b"GIF89a" + bytes(100), "a.gif", "不是照片"),
        (b"%PDF-1.7\n", "a.png", "不是照片"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a.png", ""),
        (b"MZ" + bytes(1000), "a.png\0.exe", "不是照片"),
        (bytes(8 * 1024 * 1024 + 1), "a.jpg", "太大"),
    ],
)
def test_a_file_that_is_no_photo_is_refused_at_the_field(
    untouched: Site, last_screen: tuple[FlaskClient, Form], content: bytes, name: str, sentence: str
) -> None:
    client, form = last_screen
    answer = submit(client, form, {**WHO, "photos": [upload(content, name)], "go": "send"})
    assert_refused_at(answer, "photos", None, sentence=sentence)
    assert read(answer).form("/order").get("contact_phone") == WHO["contact_phone"]


def test_a_cut_off_photo_and_a_picture_bomb_are_refused(untouched: Site, last_screen: tuple[FlaskClient, Form]) -> None:
    client, form = last_screen
    for content in (jpeg_bytes()[:400], bomb()):
        answer = submit(client, form, {**WHO, "photos": [upload(content, "a.jpg")], "go": "send"})
        assert_refused_at(answer, "photos", None)


def test_seven_photos_are_one_too_many(untouched: Site, last_screen: tuple[FlaskClient, Form]) -> None:
    client, form = last_screen
    answer = submit(client, form, {**WHO, "photos": [jpeg_file() for _ in range(7)], "go": "send"})
    assert_refused_at(answer, "photos", None, sentence="最多上传 6 张")


def test_text_instead_of_a_file_is_no_error_page(untouched: Site, last_screen: tuple[FlaskClient, Form]) -> None:
    client, form = last_screen
    answer = submit(client, form, {**WHO, "photos": "photo.jpg", "headcount": "0", "go": "send"})
    assert answer.status_code == 422


def test_fifty_megabytes_are_refused_at_the_field_and_nothing_typed_is_lost(
    untouched: Site, last_screen: tuple[FlaskClient, Form]
) -> None:
    client, form = last_screen
    answer = submit(client, form, {**WHO, "photos": [upload(bytes(50 * 1024 * 1024), "a.jpg")], "go": "send"})
    assert answer.status_code == 422
    assert "每张请不超过 8 MB" in read(answer).text
    assert WHO["contact_name"] in answer.get_data(as_text=True)


def test_sixty_megabytes_are_too_much_and_a_sentence_says_so(
    untouched: Site, last_screen: tuple[FlaskClient, Form]
) -> None:
    client, form = last_screen
    answer = submit(client, form, {**WHO, "photos": [upload(bytes(60 * 1024 * 1024), "a.jpg")], "go": "send"})
    assert answer.status_code == 413
    assert "50 MB" in read(answer).text


def test_three_megabytes_of_words_are_too_much(untouched: Site, last_screen: tuple[FlaskClient, Form]) -> None:
    client, form = last_screen
    answer = submit(client, form, {**WHO, "venue": "x" * (3 * 1024 * 1024), "go": "send"})
    assert answer.status_code == 413


def test_a_thousand_fields_are_too_many(untouched: Site, last_screen: tuple[FlaskClient, Form]) -> None:
    client, form = last_screen
    answer = submit(client, form, {f"x{i}": "1" for i in range(3000)})
    assert answer.status_code in (413, 422)


# tracking, signing in, the password


@pytest.mark.parametrize(
    ("number", "tail", "status", "at"),
    [
        ("", "1234", 422, "number"),
        ("QTX00000001", "1234", 422, "number"),
        ("abc", "1234", 422, "number"),
        ("QTX\0", "1234", 422, "number"),
        ("Q" * 300000, "1234", 422, "number"),
        ("<script>", "1234", 422, "number"),
        ("²³¹²³¹²³", "1234", 422, "number"),
        ("QTX 0000 0000", "", 422, "tail"),
        ("QTX 0000 0000", "\0", 422, "tail"),
        ("QTX 0000 0000", "1234", 404, ""),
        ("QTX 0000 0000", "1" * 300000, 404, ""),
        ("QTX 0000 0000", "𬭸", 404, ""),
    ],
)
def test_a_bad_number_or_tail_leads_nowhere(untouched: Site, number: str, tail: str, status: int, at: str) -> None:
    answer = post_form(untouched.browser(), "/track", "/track", {"number": number, "tail": tail})
    assert answer.status_code == status
    page = read(answer)
    assert page.form("/track").get("number") == number.strip()
    if at:
        assert page.error_of(at)
    else:
        assert "没有找到" in page.text


def test_the_right_number_with_a_wrong_tail_says_no_more_than_a_wrong_number(
    untouched: Site, numbers: dict[str, str]
) -> None:
    texts = set()
    for number in (numbers["placed"], "QTX00000000"):
        answer = post_form(untouched.browser(), "/track", "/track", {"number": number, "tail": "9999"})
        assert answer.status_code == 404
        texts.add(read(answer).text)
    assert len(texts) == 1


def test_guessing_tails_is_slowed_down(untouched: Site, numbers: dict[str, str]) -> None:
    client = untouched.browser()
    statuses = [
        post_form(client, "/track", "/track", {"number": numbers["placed"], "tail": f"{i:04d}"}).status_code
        for i in range(6)
    ]
    assert statuses == [404] * 5 + [429]
    # not even the right one opens while waiting
    answer = post_form(client, "/track", "/track", {"number": numbers["placed"], "tail": "1234"})
    assert answer.status_code == 429
    assert "试得太多了" in read(answer).text


@pytest.mark.parametrize(
    ("username", "password", "at"),
    [
        ("", "x", "username"),
        ("x", "", "password"),
        ("a\0b", "x", "username"),
        ("nobody", "x", ""),
        ("𬭸👵", "x", ""),
        ("' OR 1=1 --", "x", ""),
        ("u" * 300000, "x", ""),
        ("nobody", "p" * 300000, ""),
        ("nobody", "\0", ""),
    ],
)
def test_a_bad_sign_in_is_refused_with_a_sentence(untouched: Site, username: str, password: str, at: str) -> None:
    answer = post_form(untouched.browser(), "/login", "/login", {"username": username, "password": password})
    assert answer.status_code == 422
    page = read(answer)
    assert page.form("/login").get("username") == username
    assert not page.form("/login").get("password")
    if at:
        assert page.error_of(at)
    else:
        assert "用户名或密码不对" in page.text


@pytest.mark.parametrize(
    ("old", "new", "again", "at", "sentence"),
    [
        ("", "eine-gute-neue", "eine-gute-neue", "old_password", "现在的密码"),
        ("wrong", "eine-gute-neue", "eine-gute-neue", "old_password", "密码不对"),
        (PASSWORD, "", "", "new_password", "请填新密码"),
        (PASSWORD, "kurz", "kurz", "new_password", "至少 10 个字符"),
        (PASSWORD, "x" * 129, "x" * 129, "new_password", "最多 128 个字符"),
        (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "new_password", "太容易猜到"),
        (PASSWORD, "1234567890", "1234567890", "new_password", "太容易猜到"),
        (PASSWORD, PASSWORD, PASSWORD, "new_password", "和旧密码一样"),
    ],
)
def test_a_bad_new_password_is_refused_at_the_field(
    untouched: Site, old: str, new: str, again: str, at: str, sentence: str
) -> None:
    client = untouched.browser(untouched.city.volunteer)
    form = get_page(client, "/account").form("/account")
    repeat = next(name for name in form.names if "again" in name)
    answer = submit(client, form, {"old_password": old, "new_password": new, repeat: again})
    assert_refused_at(answer, at, None, sentence=sentence)
    assert "username" not in read(answer).error_of(at)


def test_two_different_new_passwords_are_refused(untouched: Site) -> None:
    client = untouched.browser(untouched.city.volunteer)
    form = get_page(client, "/account").form("/account")
    repeat = next(name for name in form.names if "again" in name)
    typed = {"old_password": PASSWORD, "new_password": "eine-gute-neue", repeat: "eine-andere-neue"}
    assert_refused_at(submit(client, form, typed), repeat, None, sentence="两次填的新密码不一样")


# the forms of the steps

OTHER = {"reason": "other", "text": "见说明"}
TIME = {"wished": "other", "agreed_start": "2026-12-03T09:00", "agreed_end": "2026-12-03T10:00"}
CLOSE = {"actual_start": "2026-11-20T10:00", "actual_end": "2026-11-20T11:00", "attendance": "30", "report": "好"}
RATE = {"took_place": "yes", "stars": "5", "came_count": "30", "again": "yes", "text": "好"}

#: Which order, whose desk, the step, and what would be right.
STEPS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("placed", "community", "dispatch", {"department_id": DEPARTMENT, "text": "请办"}),
    ("placed", "community", "reject", OTHER),
    ("placed", "community", "merge", {"into_number": "QTX 0000 0000"}),
    ("placed", "community", "ask", {"text": "几楼？"}),
    ("placed", "community", "cancel", OTHER),
    ("dispatched", "department", "return", OTHER),
    ("claimed", "department", "release", OTHER),
    ("claimed", "department", "offer", {"text": "请接"}),
    ("overdue", "office", "rule", {"department_id": DEPARTMENT, "text": "请办"}),
    ("claimed", "office", "give_up", {"text": "抱歉"}),
    ("claimed", "team", "accept", {**TIME, "text": "好"}),
    ("accepted", "team", "reschedule", {**TIME, "text": "好"}),
    ("accepted", "team", "withdraw", OTHER),
    ("started", "team", "close", CLOSE),
    ("started", "community", "no_show", {"text": "没来"}),
    ("closed", "community", "reopen", {"text": "没讲完"}),
    ("closed", "community", "rate", RATE),
]

_BAD_TEXTS = ["一\0二", "一\x07二", "长" * 501]
_BAD_NUMBERS = ["-1", "5001", "1000000000", "9" * 400, "abc", "3.5", "1\0"]
_BAD_TIMES = ["", "abc", "2026-13-45T09:00", "2026-11-20", "\0", "T", "9" * 1000]

#: Step and field: what is wrong with it. Required texts may also not be empty.
BAD_VALUES: dict[tuple[str, str], list[Any]] = {
    ("dispatch", "department_id"): ["", "nowhere", "\0", "健", "health' --"],
    ("rule", "department_id"): ["", "nowhere", "\0"],
    **{(step, "reason"): ["", "nonsense", "\0"] for step in ("reject", "cancel", "return", "release", "withdraw")},
    **{(step, "suggested_department_id"): ["nowhere", "\0"] for step in ("return", "release")},
    **{
        (step, "text"): _BAD_TEXTS
        for step in ("dispatch", "return", "release", "withdraw", "cancel", "offer", "accept", "reschedule", "rate")
    },
    **{(step, "text"): ["", " \n ", *_BAD_TEXTS] for step in ("reject", "ask", "rule", "give_up", "no_show", "reopen")},
    ("merge", "into_number"): ["", "abc", "QTX00000001", "QTX 0000 0000", "\0", "单" * 21],
    ("merge", "candidate"): ["nonsense", "QTX00000000", "\0"],
    ("offer", "team_ids"): [None, "abc", "999999", "-1", "１", "\0", "9" * 400],
    ("accept", "volunteer_ids"): [None, "abc", "999999", "-1", "１", "\0", "9" * 400],
    ("close", "attendance"): ["", *_BAD_NUMBERS],
    ("close", "report"): ["", "一\0二", "长" * 1001, MEGABYTE],
    ("close", "actual_start"): _BAD_TIMES[:2] + _BAD_TIMES[2:3] + _BAD_TIMES[4:],
    ("close", "actual_end"): _BAD_TIMES[:2] + _BAD_TIMES[2:3] + _BAD_TIMES[4:],
    ("rate", "stars"): [None, "0", "6", "abc", "\0", "５", "-1"],
    ("rate", "took_place"): [None, "maybe", "\0"],
    ("rate", "came_count"): _BAD_NUMBERS,
}  # fmt: skip


@pytest.mark.parametrize(("which", "desk", "step", "good"), STEPS, ids=[f"{row[2]}-by-{row[1]}" for row in STEPS])
def test_every_bad_field_of_a_step_gets_a_sentence(
    untouched: Site, numbers: dict[str, str], which: str, desk: str, step: str, good: dict[str, Any]
) -> None:
    actor, number = getattr(untouched.city, desk), numbers[which]
    client = untouched.browser(actor)
    form = untouched.page(actor, number).form(f"/{desk}/orders/{number}/{step}")
    choices = {"volunteer_ids": str(untouched.city.crew[1]), "team_ids": str(untouched.city.team.team_id)}
    good = {**{name: value for name, value in choices.items() if name in form.names}, **good}
    cases = [(name, value) for (action, name), values in BAD_VALUES.items() if action == step for value in values]
    assert cases
    for name, typed in cases:
        answer = submit(client, form, {**good, name: typed})
        kept = typed if name not in form.options else None
        assert_refused_at(answer, name, kept, step)
        again = read(answer).form(form.action)
        for other, value in good.items():
            if other != name and other in form.names and not isinstance(value, list):
                assert again.get(other) == value, f"{step}: a bad {name} loses {other}"
    assert untouched.steps(number)


@pytest.mark.parametrize(("which", "step"), [("claimed", "accept"), ("accepted", "reschedule")])
def test_a_bad_time_is_refused_at_the_field(untouched: Site, numbers: dict[str, str], which: str, step: str) -> None:
    team, number = untouched.city.team, numbers[which]
    client = untouched.browser(team)
    form = untouched.page(team, number).form(f"/team/orders/{number}/{step}")
    crew = {"volunteer_ids": str(untouched.city.crew[1])} if step == "accept" else {}
    for start, end, sentence in (
        ("", "", "请选一个居民方便的时间"),
        ("2026-12-03T09:00", "", "请选一个居民方便的时间"),
        ("", "2026-12-03T09:00", "请选一个居民方便的时间"),
        ("2026-12-03T10:00", "2026-12-03T09:00", "结束时间要晚于开始时间"),
        ("2026-12-03T10:00", "2026-12-03T10:00", "结束时间要晚于开始时间"),
        ("2026-11-20T09:00", "2026-11-20T10:00", "已经过去"),
        ("2031-11-20T09:00", "2031-11-20T10:00", "一年之内"),
        ("2026-12-03T00:00", "2026-12-03T13:00", "不超过 12 小时"),
        ("0001-01-01T00:00", "0001-01-01T01:00", ""),
        ("0001-01-01T00:00+14:00", "0001-01-01T01:00", ""),
        ("9999-12-31T23:00", "9999-12-31T23:59", ""),
        ("9999-12-31T23:00-12:00", "9999-12-31T23:59-12:00", ""),
        ("abc", "2026-12-03T09:00", "请填日期和时间"),
        ("2026-12-03T09:00\0", "2026-12-03T10:00", ""),
    ):
        answer = submit(client, form, {**crew, "wished": "other", "agreed_start": start, "agreed_end": end})
        assert_refused_at(answer, "agreed_start", start, step, sentence)
    for wished in ("", "0", "99", "-1", "abc", "\0", "²", "9" * 5000):
        answer = submit(client, form, {**crew, "wished": wished, "agreed_start": "", "agreed_end": ""})
        assert_refused_at(answer, "wished", None, step, "请选一个居民方便的时间")


def test_a_bad_write_up_is_refused_at_the_field(untouched: Site, numbers: dict[str, str]) -> None:
    team, number = untouched.city.team, numbers["started"]
    client = untouched.browser(team)
    form = untouched.page(team, number).form(f"/team/orders/{number}/close")
    minutes = f"minutes_{untouched.city.crew[0]}"
    for changes, at, sentence in (
        ({"actual_end": "2026-11-20T09:00"}, "actual_end", "结束时间要晚于开始时间"),
        ({"actual_end": "2026-11-25T09:00", "actual_start": "2026-11-25T08:00"}, "actual_end", "结束时间还没到"),
        ({"actual_start": "2026-11-19T20:00"}, "actual_end", "不超过 12 小时"),
        ({"actual_start": "0001-01-01T00:00", "actual_end": "0001-01-01T01:00"}, "actual_end", ""),
        ({"actual_start": "9999-12-31T22:00", "actual_end": "9999-12-31T23:00"}, "actual_end", ""),
        ({minutes: ""}, minutes, "请填分钟数"),
        ({minutes: "-5"}, minutes, "0 到 720"),
        ({minutes: "721"}, minutes, "0 到 720"),
        ({minutes: "abc"}, minutes, "请填整数"),
        ({"photos": [jpeg_file() for _ in range(7)]}, "photos", "最多上传 6 张"),
        ({"photos": [upload(b"hello", "a.jpg")]}, "photos", "不是照片"),
    ):
        answer = submit(client, form, {**CLOSE, minutes: "60", **changes})
        assert_refused_at(answer, at, None, "close", sentence)
        assert read(answer).form(form.action).get("report") == "好"
    # more minutes than the service lasted: the sentence names no field that stands there, but it is said
    answer = submit(client, form, {**CLOSE, minutes: "300"})
    assert answer.status_code == 422
    assert "服务分钟数要在 0 到 60 之间" in read(answer).text


def test_more_than_one_team_can_not_be_the_only_one(untouched: Site, numbers: dict[str, str]) -> None:
    city, number = untouched.city, numbers["claimed"]
    teams = [str(city.team.team_id), str(city.other_team.team_id)]
    answer = untouched.act(city.department, number, "offer", {"team_ids": teams, "is_handed": "y"})
    assert_refused_at(answer, "team_ids", None, "offer", "只能选一支服务队")


@pytest.mark.parametrize("number_of", ["QTX", "itself", "ended", "elsewhere"])
def test_a_bad_merge_target_is_refused_at_the_field(untouched: Site, numbers: dict[str, str], number_of: str) -> None:
    typed = {"itself": numbers["placed"], "ended": numbers["closed"], "elsewhere": "QTX 0000 0000"}.get(
        number_of, "QTX"
    )
    answer = untouched.act(untouched.city.community, numbers["placed"], "merge", {"into_number": typed})
    assert_refused_at(answer, "into_number", typed, "merge")


@pytest.mark.parametrize("value", ["", "0", "abc", "-1", "\0", "9" * 5000, "２"])
@pytest.mark.parametrize("name", ["version", "key"])
def test_an_odd_version_or_key_is_no_error_page(
    untouched: Site, numbers: dict[str, str], name: str, value: str
) -> None:
    answer = untouched.act(untouched.city.community, numbers["placed"], "ask", {"text": "", name: value})
    assert answer.status_code == 422


def test_the_residents_bad_steps_are_refused_too(untouched: Site, numbers: dict[str, str]) -> None:
    for which, step, changes, at in (
        ("placed", "cancel", {"reason": ""}, "reason"),
        ("placed", "cancel", {"reason": "other", "text": ""}, "text"),
        ("started", "no_show", {"text": " "}, "text"),
        ("closed", "rate", {"took_place": "yes"}, "stars"),
        ("closed", "rate", {"stars": "5"}, "took_place"),
        ("closed", "rate", {"stars": "5", "took_place": "yes", "came_count": "-3"}, "came_count"),
    ):
        answer = untouched.act_by_link(numbers[which], step, changes)
        assert_refused_at(answer, at, changes.get(at), step)


def test_a_bad_call_back_is_refused_and_keeps_what_was_typed(site: Site) -> None:
    number = site.make(closed).number
    site.move_to(window(4).starts_at)
    assert site.act_by_link(number, "rate", {**RATE, "stars": "1"}).status_code == 303
    clerk = site.browser(site.city.community)
    form = next(each for each in site.page(site.city.community, number).forms if "/call-backs/" in each.action)
    before = site.rows()
    for typed in ("", "   ", "一\0二", "长" * 501):
        answer = submit(clerk, form, {"result": "explained", "outcome": typed})
        assert_refused_at(answer, "outcome", typed)
    assert site.rows() == before
    token = {"csrf_token": form.get("csrf_token"), "result": "explained", "outcome": "好"}
    assert clerk.post("/community/call-backs/999999", data=token).status_code == 404
    assert clerk.post(f"/community/call-backs/{10**30}", data=token).status_code == 404
    stranger = site.browser(site.city.other_community)
    other = get_page(stranger, "/account").form("/logout").get("csrf_token")
    assert (
        stranger.post(form.action, data={"csrf_token": other, "result": "explained", "outcome": "好"}).status_code
        == 404
    )
    assert site.rows() == before
    assert submit(clerk, form, {"result": "explained", "outcome": "已道歉"}).status_code == 303


# addresses


def test_unknown_numbers_links_and_actions_are_not_found(untouched: Site, numbers: dict[str, str]) -> None:
    client = untouched.browser(untouched.city.community)
    stranger = untouched.browser()
    placed_link, closed_link = (untouched.link(numbers[each]) for each in ("placed", "closed"))
    token = placed_link.rsplit("/", 1)[1]
    for url in (
        "/community/orders/QTX00000000",
        "/community/orders/QTX00000001",
        "/community/orders/%00",
        "/community/orders/" + "9" * 5000,
        "/community/orders/𬭸",
        f"/community/orders/{numbers['placed']}/photos/1",
        f"/community/orders/{numbers['placed']}/photos/{10**30}",
        f"/community/orders/{numbers['placed']}/photos/-1",
    ):
        assert client.get(url).status_code == (400 if "%00" in url else 404), url
    for url in (
        f"/t/{numbers['closed']}/{token}",
        f"/t/QTX00000000/{token}",
        placed_link + "x",
        placed_link[:-1],
        placed_link.replace(token, ""),
        placed_link.replace(token, "𬭸"),
        placed_link.replace(token, "%00"),
        placed_link.replace(token, "%FF"),
        placed_link.lower(),
        f"/t/%00/{token}",
        f"/t/%ED%A0%80/{token}",
        f"/t/{'9' * 5000}/{token}",
        f"{placed_link}/photos/1",
        f"{placed_link}/photos/{10**30}",
        f"/t/{numbers['closed']}/{token}/qr.svg",
        f"/t/%00/{token}/qr.svg",
        "/menu/S99",
        "/menu/%00",
        "/menu/" + "S" * 5000,
    ):
        assert stranger.get(url).status_code == (400 if "%00" in url else 404), url
    csrf = get_page(stranger, "/track").form("/track").get("csrf_token")
    for url in (
        f"{placed_link}/explode",
        f"{placed_link}/place",
        f"{placed_link}/%00",
        f"/t/{numbers['closed']}/{token}/rate",
        f"/t/%00/{token}/rate",
    ):
        assert stranger.post(url, data={"csrf_token": csrf}).status_code == (400 if "%00" in url else 404), url
    assert stranger.post(f"{closed_link}/accept", data={"csrf_token": csrf}).status_code in (403, 409, 422)
    csrf = get_page(client, "/account").form("/logout").get("csrf_token")
    for url in (f"/community/orders/{numbers['placed']}/{each}" for each in ("explode", "place", "%00", "DISPATCH")):
        assert client.post(url, data={"csrf_token": csrf}).status_code == (400 if "%00" in url else 404), url


def test_opening_a_post_address_is_a_page_that_says_so(untouched: Site, numbers: dict[str, str]) -> None:
    for url in ("/logout", f"{untouched.link(numbers['placed'])}/rate"):
        answer = untouched.browser().get(url)
        assert answer.status_code == 405, url
        assert "这个地址不能这样打开" in read(answer).text
        assert "POST" in answer.headers["Allow"]
    answer = untouched.browser(untouched.city.department).get(f"/department/orders/{numbers['dispatched']}/claim")
    assert answer.status_code == 405
    assert untouched.browser().post("/").status_code in (400, 405)


ODD_QUERIES = (
    "page=-1",
    "page=0",
    "page=abc",
    "page=999999",
    f"page={10**18}",
    f"page={'9' * 5000}",
    "page=%00",
    "page=２",
    "tab=%00",
    "tab=nonsense",
    "tab=all&tab=closed",
    "division=..",
    "division=%00",
    "division=640381000000",
    "division=１２３４５６７８９０１２",
    "theme=%00",
    "theme=' OR 1=1 --",
    "overdue=1",
    "overdue=%00",
    "q=%00",
    "q=%25_%5C",
    "q=' OR 1=1 --",
    "q=%FF%FE",
    "q=%ED%A0%80",
    f"q={'长' * 2000}",
    "audience=%00",
    "audience=nonsense",
    "item=%00",
    "item=S05",
    "community=%00",
    "community=999999999999",
    "number=%00",
    "new=%00",
    "next=%00",
    "next=https://evil.example",
    "next=//[",
    "on=0001-01-01&of=0001-01-01",
    "on=9999-12-31&of=9999-12-31",
    "on=%00",
    "map=nonsense",
    "code=²",
    "since=0001-01-01T00:00:00%2B14:00",
    "since=9999-12-31T23:59:59-12:00",
    "%00=%00",
    "&&==&",
    "kind=%00",
    "status=%00",
    "team=%00",
    "day_1=%00",
)


def in_rounds(queries: Iterable[str]) -> list[str]:
    """Each round has one odd value for each name: a few requests try them all."""
    by_name = defaultdict(list)
    for query in queries:
        by_name[query.split("=")[0]].append(query)
    return ["&".join(filter(None, values)) for values in zip_longest(*by_name.values(), fillvalue="")]


@pytest.mark.parametrize("party", ["nobody", "resident", "community", "department", "team", "volunteer", "office"])
def test_odd_query_strings_are_no_error_page(untouched: Site, numbers: dict[str, str], party: str) -> None:
    if party == "nobody":
        client = untouched.browser()
        paths = ["/", "/menu", "/progress", "/about", "/order", "/track", "/login", untouched.link(numbers["placed"])]
    else:
        client = untouched.browser(getattr(untouched.city, party))
        paths = [
            rule.rule
            for rule in untouched.app.url_map.iter_rules()
            if rule.rule.startswith(f"/{party}/") and "GET" in (rule.methods or ()) and "<" not in rule.rule
        ]
    rounds = in_rounds(ODD_QUERIES)
    for path in paths:
        # a record is dear to draw, and reads nothing from its address
        for query in rounds[:2] if path.endswith("/record.pdf") else rounds:
            answer = client.get(f"{path}?{query}")
            assert answer.status_code in (200, 303, 400, 404), f"{path}?{query}: {answer.status}"


@pytest.mark.parametrize("name", ["Referer", "Origin"])
@pytest.mark.parametrize("path", ["/track", "/view", "/logout"])
def test_an_address_that_is_none_in_a_header_is_no_error_page(untouched: Site, name: str, path: str) -> None:
    client = untouched.browser()
    token = get_page(client, "/track").form("/track").get("csrf_token")
    for data in ({}, {"csrf_token": token, "next": "//["}):
        assert client.post(path, data=data, headers={name: "http://[x"}).status_code in (303, 400, 422)


@pytest.mark.parametrize("value", ["abc", "", "-1", str(-(10**30)), str(10**30), "9" * 5000, "\0", "1.5"])
def test_an_odd_notice_number_is_no_error_page(still: Site, numbers: dict[str, str], value: str) -> None:
    client = still.browser(still.city.team)
    token = get_page(client, "/account").form("/logout").get("csrf_token")
    answer = client.post("/team/notices", data={"csrf_token": token, "up_to": value})
    assert answer.status_code in (303, 400, 422)


@pytest.mark.parametrize("value", ["", "xx", "\0", "zh" * 50000])
def test_an_unknown_language_changes_nothing(untouched: Site, value: str) -> None:
    client = untouched.browser()
    answer = submit(client, get_page(client, "/").form("/view"), {"language": value})
    assert answer.status_code == 303
    assert 'lang="zh-CN"' in client.get("/").text


# anything at all

ODD_TEXT = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "0", "-1", "1", "other", "y", "yes", "５", "\0", "é" * 600, "2026-12-01", "2026-12-01T09:00"]),
    st.from_regex(r"[0-9T:\-+Z.]{1,30}", fullmatch=True),
    st.integers(min_value=-(10**30), max_value=10**30).map(str),
)  # fmt: skip


def test_whatever_is_sent_to_any_form_is_no_error_page(site: Site) -> None:
    """Every address that takes a POST, with its own fields and others, filled with anything."""
    city = site.city
    orders = [site.make(make).number for make in (placed, dispatched, claimed, accepted)]
    actors = {
        party: getattr(city, party) for party in ("resident", "community", "department", "team", "volunteer", "office")
    }
    steps = ["dispatch", "reject", "merge", "ask", "answer", "claim", "return", "release", "offer", "accept", "close"]
    steps += ["withdraw", "reschedule", "no_show", "reopen", "cancel", "give_up", "rate", "rule", "place", "explode"]
    rules = [rule for rule in site.app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    names = [*_all_names(site), "nonsense"]
    tokens = {
        party: get_page(site.browser(actor), "/account").form("/logout").get("csrf_token")
        for party, actor in actors.items()
    }
    stranger = site.browser()
    stranger_token = get_page(stranger, "/track").form("/track").get("csrf_token")

    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        rule=st.sampled_from(rules),
        number=st.sampled_from(orders),
        step=st.sampled_from(steps),
        some_id=st.sampled_from(["1", "2", "999", "none"]),
        values=st.lists(st.tuples(st.sampled_from(names), ODD_TEXT), max_size=25),
    )
    def send(rule: Any, number: str, step: str, some_id: str, values: list[tuple[str, str]]) -> None:
        from tests.web.test_gates import address

        desk = rule.rule.split("/")[1]
        client, token = (site.browser(actors[desk]), tokens[desk]) if desk in actors else (stranger, stranger_token)
        if rule.rule == "/logout":
            client = site.browser()
            token = get_page(client, "/track").form("/track").get("csrf_token")
        url = address(
            rule.rule.replace("<action>", step).replace("<token>", site.link(number).rsplit("/", 1)[1]), number
        )
        body = Form(url, "post", fields=[("csrf_token", token or ""), *values])
        answer = submit(client, body)
        assert answer.status_code < 500, f"{url} {values!r}"

    send()
    assert not site.findings()


def _all_names(site: Site) -> list[str]:
    """Names of the fields of all forms that a city has just now."""
    found: set[str] = set()
    pages = [(site.browser(), "/login"), (site.browser(), "/track"), (site.browser(site.city.team), "/account")]
    for party in ("resident", "community", "department", "team", "office"):
        browser = site.browser(getattr(site.city, party))
        pages += [(browser, f"/{party}/"), (browser, "/community/order")]
        pages += [
            (browser, a["href"] or "")
            for tag, a in get_page(browser, f"/{party}/").tags
            if tag == "a" and "/orders/" in (a.get("href") or "")
        ]
    for client, url in pages:
        for form in read(client.get(url)).forms:
            found |= form.names
    return sorted(found - {"csrf_token"})
