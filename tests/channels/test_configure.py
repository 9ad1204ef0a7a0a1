"""Setting channels up, the office's alone; and the addresses of bodies, each body's own."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from qtxvol.channels.configure import TRIES, set_up_channel, switch_channel, try_channel
from qtxvol.channels.contacts import (
    Body,
    add_address,
    list_addresses,
    list_bodies,
    list_offered,
    read_body,
    remove_address,
    try_contact,
)
from qtxvol.channels.models import Channel, ChannelEvent
from qtxvol.channels.queries import get_channel, list_channels, read_shown
from qtxvol.channels.sending import read_settings
from qtxvol.extensions import db
from qtxvol.notices.models import ContactPoint
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from tests.channels.receivers import Receiver
from tests.databases import running_app, settings_for
from tests.factories import COMMUNITY, DEPARTMENT, NOW, City, make_city

MAIL = {
    "host": "smtp.example.cn",
    "security": "tls",
    "port": "465",
    "username": "keji",
    "password": "s3cret-pass",
    "sender": "keji@example.cn",
    "sender_name": "青铜峡科普点单",
}
SMS = {
    "method": "POST",
    "url": "https://sms.example.cn/send",
    "headers": "Content-Type: application/json",
    "body": '{"to":"{phone}","text":"{text}"}',
    "success": "json:Code=OK",
}
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k1"


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


@pytest.fixture
def city_sqlite(ctx_sqlite: None) -> City:
    return make_city()


def events() -> list[tuple[str, str, list[str]]]:
    rows = db.session.scalars(select(ChannelEvent).order_by(ChannelEvent.id))
    return [(row.channel, row.action, row.about) for row in rows]


def refusal(step: object) -> Refused:
    with pytest.raises(Refused) as caught:
        step()
    return caught.value


def test_settings_are_kept_and_written_down_without_what_they_say(city: City) -> None:
    assert set_up_channel(city.office, "mail", MAIL, 0, NOW)
    assert (read_settings("mail") or {}) == MAIL
    assert events() == [("mail", "set_up", list(MAIL))]
    stored = db.session.execute(select(ChannelEvent)).scalars().one()
    assert "s3cret" not in json.dumps(stored.about)
    assert (stored.party, stored.account_id) == ("office", city.office.account_id)
    assert not get_channel("mail").is_on


def test_a_secret_left_empty_stays_and_a_dash_takes_it_away(city_sqlite: City) -> None:
    set_up_channel(city_sqlite.office, "mail", MAIL, 0, NOW)
    assert not set_up_channel(city_sqlite.office, "mail", {**MAIL, "password": ""}, 1, NOW)
    assert read_shown("mail")[0].get("password") is None
    assert read_shown("mail")[1] == {"password"}
    set_up_channel(city_sqlite.office, "mail", {**MAIL, "password": "", "port": "587"}, 1, NOW)
    assert (read_settings("mail") or {})["password"] == "s3cret-pass"
    set_up_channel(city_sqlite.office, "mail", {**MAIL, "password": "-"}, 2, NOW)
    assert (read_settings("mail") or {})["password"] == ""
    assert events()[1:] == [("mail", "set_up", ["port"]), ("mail", "set_up", ["port", "password"])]


@pytest.mark.parametrize(
    ("code", "first", "change", "secret"),
    [
        ("mail", MAIL, {"host": "smtp.thief.example"}, "password"),
        ("sms", {**SMS, "secret": "s3cret-key"}, {"url": "https://thief.example/?s={secret}"}, "secret"),
        ("sms", {**SMS, "secret": "s3cret-key"}, {"body": '{"to":"{phone}","text":"{secret}"}'}, "secret"),
    ],
)
def test_a_secret_that_is_kept_goes_nowhere_else(
    city_sqlite: City, code: str, first: dict[str, str], change: dict[str, str], secret: str
) -> None:
    set_up_channel(city_sqlite.office, code, first, 0, NOW)
    moved = {**first, **change, secret: ""}
    refused = refusal(lambda: set_up_channel(city_sqlite.office, code, moved, 1, NOW))
    assert (refused.status, refused.about["field"]) == (422, secret)
    assert (read_settings(code) or {})[secret] == first[secret]
    assert next(iter(change.values())) not in (read_settings(code) or {}).values()
    assert set_up_channel(city_sqlite.office, code, {**moved, secret: "typed-again"}, 1, NOW)
    assert set_up_channel(city_sqlite.office, code, {**first, secret: "-"}, 2, NOW)


def test_of_two_who_edit_at_once_the_second_is_told(city: City) -> None:
    set_up_channel(city.office, "mail", MAIL, 0, NOW)
    late = refusal(lambda: set_up_channel(city.office, "mail", {**MAIL, "port": "25"}, 0, NOW))
    assert (late.code, late.status) == ("settings_changed", 409)
    assert (read_settings("mail") or {})["port"] == "465"


@pytest.mark.parametrize(
    ("code", "values", "field"),
    [
        ("mail", {"port": "0"}, "port"),
        ("mail", {"port": "99999"}, "port"),
        ("mail", {"port": "smtp"}, "port"),
        ("mail", {"security": "ssl"}, "security"),
        ("mail", {"security": "none"}, "security"),
        ("mail", {"sender": "科普"}, "sender"),
        ("mail", {"sender_name": "科普\r\nBcc: x@y.cn"}, "sender_name"),
        ("mail", {"sender_name": "长" * 41}, "sender_name"),
        ("sms", {"url": "http://sms.example.cn/"}, "url"),
        ("sms", {"url": "https://10.0.0.1/"}, "url"),
        ("sms", {"url": "https://{phone}.example.cn/"}, "url"),
        ("sms", {"url": "https://sms.example.cn/?x={mobile}"}, "url"),
        ("sms", {"body": '{"to":"13900000000"}'}, "body"),
        ("sms", {"body": "{phone} {name}"}, "body"),
        ("sms", {"headers": "no colon"}, "headers"),
        ("sms", {"success": "ok"}, "success"),
        ("sms", {"again": "json:Code=BUSY\nbusy"}, "again"),
    ],
)
def test_a_setting_that_will_not_do_is_refused_at_its_field(
    city_sqlite: City, code: str, values: dict[str, str], field: str
) -> None:
    whole = {**(MAIL if code == "mail" else SMS), **values}
    refused = refusal(lambda: set_up_channel(city_sqlite.office, code, whole, 0, NOW))
    assert (refused.status, refused.about["field"]) == (422, field)
    assert refused.about["message"]
    assert refused.about["message_en"]
    assert read_settings(code) is None


def test_a_channel_is_switched_on_when_nothing_is_missing(city: City) -> None:
    refused = refusal(lambda: switch_channel(city.office, "mail", True, NOW))
    assert refused.about["field"] == "host"
    set_up_channel(city.office, "mail", MAIL, 0, NOW)
    switch_channel(city.office, "mail", True, NOW)
    switch_channel(city.office, "mail", True, NOW)  # a double tap
    assert get_channel("mail").is_on
    gone = refusal(lambda: set_up_channel(city.office, "mail", {**MAIL, "host": ""}, 2, NOW))
    assert gone.about["field"] == "host"
    switch_channel(city.office, "mail", False, NOW)
    switch_channel(city.office, "wecom", True, NOW)  # needs nothing
    assert [(channel, action) for channel, action, _ in events()] == [
        ("mail", "set_up"),
        ("mail", "on"),
        ("mail", "off"),
        ("wecom", "on"),
    ]
    assert [each.spec.code for each in list_channels() if each.is_on] == ["wecom"]


def test_only_the_office_sets_channels_up(city_sqlite: City) -> None:
    for actor in (city_sqlite.department, city_sqlite.team, city_sqlite.community, city_sqlite.volunteer):
        for step in (
            lambda actor=actor: set_up_channel(actor, "mail", MAIL, 0, NOW),
            lambda actor=actor: switch_channel(actor, "wecom", True, NOW),
            lambda actor=actor: try_channel(actor, "wecom", WECOM, NOW),
        ):
            assert refusal(step).status == 403
    with pytest.raises(NotFound):
        set_up_channel(city_sqlite.office, "pigeon", {}, 0, NOW)


def test_what_was_done_cannot_be_changed_or_deleted(city: City) -> None:
    switch_channel(city.office, "wecom", True, NOW)
    for statement in (ChannelEvent.__table__.update().values(action="off"), ChannelEvent.__table__.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction():
            db.session.execute(statement)


def test_a_try_shows_the_real_answer_and_is_written_down(receiver: Receiver, sqlite_database: str, tmp_path) -> None:
    settings = settings_for(sqlite_database, tmp_path, outgoing_hosts=(receiver.host,))
    with running_app(settings) as app, app.app_context():
        city = make_city()
        switch_channel(city.office, "wecom", True, NOW)
        receiver.says('{"errcode":93000,"errmsg":"invalid webhook url"}')
        receipt = try_channel(city.office, "wecom", f"{receiver.url}/send?key=k1", NOW)
        assert (receipt.state, receipt.detail) == ("refused", "errcode 93000 invalid webhook url")
        assert get_channel("wecom").is_failing
        receiver.says('{"errcode":0}')
        assert (
            try_channel(city.office, "wecom", f"{receiver.url}/send?key=k1", NOW + timedelta(minutes=2)).state == "sent"
        )
        assert not get_channel("wecom").is_failing
        assert "测试消息" in json.loads(receiver.seen[-1].body)["text"]["content"]
        assert [event[1:] for event in events()] == [("on", []), ("tried", ["refused"]), ("tried", ["sent"])]
        for _ in range(TRIES.free):
            try_channel(city.office, "wecom", f"{receiver.url}/send?key=k1", NOW + timedelta(hours=1))
        often = refusal(lambda: try_channel(city.office, "wecom", f"{receiver.url}/?key=k", NOW + timedelta(hours=1)))
        assert (often.code, often.status) == ("wait", 429)


def test_a_body_adds_tries_and_removes_its_own_address(receiver: Receiver, sqlite_database: str, tmp_path) -> None:
    settings = settings_for(sqlite_database, tmp_path, outgoing_hosts=(receiver.host,))
    with running_app(settings) as app, app.app_context():
        city = make_city()
        switch_channel(city.office, "webhook", True, NOW)
        body = Body(Party.DEPARTMENT, DEPARTMENT)
        point = add_address(city.department, body, "webhook", f"{receiver.url}/in#secret", NOW)
        assert add_address(city.department, body, "webhook", f"{receiver.url}/in#secret", NOW) == point
        rows = list_addresses(city.department)
        assert [(row.channel, row.party, row.scope) for row in rows] == [("webhook", "department", DEPARTMENT)]
        assert "secret" not in rows[0].masked
        assert try_contact(city.department, point, NOW).state == "sent"
        assert "X-Qtxvol-Signature" in receiver.seen[0].headers
        remove_address(city.department, point, NOW)
        assert not list_addresses(city.department)
        with pytest.raises(NotFound):
            remove_address(city.department, point, NOW)
        assert [event[1] for event in events()] == ["on", "address_added", "tried", "address_removed"]


def test_nobody_touches_another_bodys_addresses_but_the_office(city: City) -> None:
    switch_channel(city.office, "wecom", True, NOW)
    point = add_address(city.department, Body(Party.DEPARTMENT, DEPARTMENT), "wecom", WECOM, NOW)
    for actor in (city.other_department, city.team, city.community):
        assert not list_addresses(actor)
        for step in (remove_address, try_contact):
            with pytest.raises(NotFound):
                step(actor, point, NOW)
        foreign = refusal(
            lambda actor=actor: add_address(actor, Body(Party.DEPARTMENT, DEPARTMENT), "wecom", WECOM, NOW)
        )
        assert foreign.status == 403
    assert refusal(lambda: list_addresses(city.volunteer)).status == 403
    assert [row.id for row in list_addresses(city.office)] == [point]
    remove_address(city.office, point, NOW)
    assert db.session.scalar(select(ContactPoint.id)) is None


def test_a_personal_address_is_no_bodys(city_sqlite: City) -> None:
    with transaction():
        row = ContactPoint(account_id=city_sqlite.department.account_id, channel="mail", address="a@b.cn")
        row.address_digest, row.masked, row.added_at = "x", "a***@b.cn", NOW
        db.session.add(row)
    assert not list_addresses(city_sqlite.office)
    with pytest.raises(NotFound):
        remove_address(city_sqlite.office, row.id, NOW)


def test_addresses_are_added_only_of_channels_that_are_on(city_sqlite: City) -> None:
    own = Body(Party.COMMUNITY, COMMUNITY)
    off = refusal(lambda: add_address(city_sqlite.community, own, "wecom", WECOM, NOW))
    assert off.about["field"] == "channel"
    with transaction():
        for code in ("wecom", "apprise"):
            db.session.add(Channel(code=code, is_on=True, settings='{"services":"bark"}', changed_at=NOW))
    assert list_offered(city_sqlite.community) == ["wecom"]
    assert list_offered(city_sqlite.office) == ["wecom", "apprise"]
    only_office = refusal(lambda: add_address(city_sqlite.community, own, "apprise", "bark://push.example/k", NOW))
    assert only_office.about["field"] == "channel"
    bad = refusal(lambda: add_address(city_sqlite.community, own, "wecom", "https://example.cn/", NOW))
    assert bad.about["field"] == "address"


def test_the_office_chooses_among_bodies_that_are_there(city_sqlite: City) -> None:
    bodies = list_bodies()
    assert bodies["office:"] == ("纲要办", "Programme office")
    assert f"department:{DEPARTMENT}" in bodies
    assert f"community:{COMMUNITY}" in bodies
    assert f"team:{city_sqlite.team.team_id}" in bodies
    for key in bodies:
        assert read_body(key)
    for text in (
        "",
        "department:",
        "department:none",
        "team:x",
        "team:99999999999",
        "volunteer:1",
        "system:",
        "office:x",
    ):
        assert refusal(lambda text=text: read_body(text)).about["field"] == "body"
