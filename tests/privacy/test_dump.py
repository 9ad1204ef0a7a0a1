"""A copy of the database in the wrong hands: no telephone number and no identity number can be read in it.

Every number below is typed wherever a person can type one, through the services, on both databases. Then everything
that is stored is turned into text and searched, on SQLite the bytes of the file and its write-ahead log as well.
"""

import json
import re
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import inspect, select, text
from sqlalchemy.engine import make_url

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.attempts import PLACE_PHONE, count_attempt, key_of
from qtxvol.accounts.manage import register_resident
from qtxvol.accounts.seats import _find_account, sign_in
from qtxvol.extensions import db
from qtxvol.hours.models import NoShow
from qtxvol.hours.no_shows import object_to_no_show
from qtxvol.hours.objections import make_objection
from qtxvol.hours.presence import say_presence
from qtxvol.hours.requests import decide_request, propose_late
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.call_backs import finish_call_back
from qtxvol.orders.contact import log_call
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.orders.place import place_order
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import report_no_show
from qtxvol.privacy.correct import ask_for_correction, correct_contact
from qtxvol.privacy.reveal import reveal_contact, reveal_volunteer
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.membership import ask_to_join
from qtxvol.volunteers.register import VolunteerCard, register_volunteer
from qtxvol.volunteers.rules import set_rules
from tests.databases import running_app, settings_for
from tests.factories import NOW, City, accepted, closed, link_of, make_city, make_wish, new_key, placed, window

#: Eleven digits each, and none of them occurs in anything else that a test writes.
NUMBERS = {
    name: f"1990000{number}"
    for name, number in {
        "contact": 7101, "wish": 7102, "venue": 7103, "organisation": 7104, "note": 7105, "answer": 7106,
        "rating": 7107, "call_back": 7108, "username": 7109, "attempt": 7110, "volunteer": 7111, "guardian": 7112,
        "corrected": 7113, "request": 7114, "report": 7115, "cancel": 7116,
        "late": 7117, "objector": 7118, "settled": 7119, "joins": 7120, "absent": 7121,
        "second": 7122, "second_name": 7123, "called": 7124,
    }.items()
}  # fmt: skip
ID_NUMBER = "640381199001011233"
MINOR_ID = "640381201001011233"


def written(number: str) -> list[str]:
    """The ways in which somebody may write it."""
    return [number, f"{number[:3]} {number[3:7]} {number[7:]}", f"{number[:3]}-{number[3:7]}-{number[7:]}"]


def fill(city: City) -> None:
    """A resident, a clerk, a leader and two volunteers who write numbers wherever they can."""
    n = NUMBERS
    wish = make_wish(
        contact_phone=n["contact"],
        wish=f"请打 {n['wish']}",
        venue=f"王家后院，{n['venue'][:3]} {n['venue'][3:7]} {n['venue'][7:]}",
        organisation=f"第三小学 {n['organisation']}",
        second_name=f"女儿 {n['second_name']}",
        second_phone=n["second"],
    )
    with_text = place_order(wish, city.resident, key=new_key(), now=NOW)
    ask_resident(with_text.number, city.community, text=f"是 {n['note']} 吗", now=NOW)
    answer_question(with_text.number, link_of(with_text), text=f"是 {n['answer']}", now=NOW)
    correct_contact(with_text.number, link_of(with_text), phone=n["corrected"], now=NOW)
    reveal_contact(with_text.number, city.community, reason="arrange", now=NOW)
    reveal_contact(with_text.number, city.community, reason="arrange", contact="second", now=NOW)
    log_call(
        with_text.number, city.community, contact="second", outcome="other", words=f"让打 {n['called']}",
        key=new_key(), now=NOW,
    )  # fmt: skip
    cancel_order(with_text.number, link_of(with_text), reason="other", text=f"改打 {n['cancel']}", now=NOW)
    done = closed(city, contact_phone=n["contact"], agreed=window(2))
    after = window(2).ends_at + timedelta(hours=2)
    rate_order(done.number, link_of(done), verdict=Verdict(1, True, 3, False, f"打 {n['rating']}"), now=after)
    task = db.session.execute(text("SELECT id FROM call_backs")).scalar_one()
    finish_call_back(task, city.community, outcome=f"打过 {n['call_back']}", now=after)
    account = register_resident(
        username=n["username"], display_name="王女士", password="a-good-long-pass", division_code=None, now=NOW
    )
    assert sign_in(n["username"], "a-good-long-pass", "10.0.0.1", NOW).account_id == account
    with pytest.raises(Refused, match="wrong_password"):
        sign_in(n["attempt"], "wrong", "10.0.0.1", NOW)
    count_attempt(key_of("place:phone", n["attempt"]), PLACE_PHONE, NOW)
    ask_for_correction(account, f"电话是 {n['request']}", NOW)
    set_rules(city.office, {"minors_allowed": 1}, NOW)
    card = VolunteerCard(name="李测试", phone=n["volunteer"], id_kind="resident_id", id_number=ID_NUMBER)
    person = register_volunteer(card, actor=city.office, registered_by="office", now=NOW)
    minor = replace(
        card,
        name="李小测",
        phone=n["volunteer"],
        id_number=MINOR_ID,
        guardian_name="李大测",
        guardian_phone=n["guardian"],
        has_guardian_consent=True,
    )
    register_volunteer(minor, actor=city.office, registered_by="office", now=NOW)
    reveal_volunteer(person.volunteer_id, "id_number", city.office, reason="identify", now=NOW)
    late = propose_late(
        done.number, city.team, volunteer_id=city.crew[1], minutes=30, reason="forgotten", text=f"问 {n['late']}",
        now=after,
    )  # fmt: skip
    decide_request(late, city.office, is_confirmed=True, text=f"问过 {n['late']}", now=after)
    make_objection(late, text="没来", contact=n["objector"], now=after)
    with transaction():
        order = db.session.get_one(Order, done.order_id)
        say_presence(order, city.community, did_take_place=True, text=f"打过 {n['settled']}", now=after)
    missed = accepted(city, contact_phone=n["contact"], agreed=window(4))
    report_no_show(missed.number, link_of(missed), text="没人来", now=window(4).ends_at + timedelta(hours=1))
    mark = db.session.scalars(select(NoShow.id)).one()
    person = Actor(Party.VOLUNTEER, "志愿者", volunteer_id=city.crew[0])
    object_to_no_show(mark, person, text=f"打 {n['absent']} 问", now=after)
    ask_to_join(person, city.other_team.team_id or 0, NOW, f"我的电话 {n['joins']}")
    accepted(city, contact_phone=n["contact"], agreed=window(5))
    placed(city, contact_phone=n["contact"])


def everything() -> str:
    """All rows of all tables as text."""
    names = inspect(db.engine).get_table_names()
    with db.engine.connect() as connection:
        parts = [
            json.dumps([name, [str(value) for value in row]], ensure_ascii=False)
            for name in names
            for row in connection.execute(text(f'SELECT * FROM "{name}"'))
        ]
    return "\n".join(parts)


def readable(dump: str) -> list[str]:
    """What of the numbers stands there, also when something stands between the digits."""
    plain = re.sub(r"(?<=\d)[\s\-./()]{1,2}(?=\d)", "", dump)
    secrets = {**NUMBERS, "id": ID_NUMBER, "minor": MINOR_ID}
    return [name for name, number in secrets.items() if number in dump or number in plain]


def test_no_number_of_a_person_can_be_read_in_a_dump(app: Flask, tmp_path: Path):
    with app.app_context():
        fill(make_city())
        dump = everything()
        url = db.engine.url
    assert "合理膳食" in dump  # the search looks at what is there
    assert readable(dump) == []
    if url.get_backend_name() == "sqlite":
        file = Path(str(make_url(str(url)).database))
        connection = sqlite3.connect(file)
        assert readable("\n".join(connection.iterdump())) == []
        connection.close()
        for part in (file, file.with_name(file.name + "-wal")):
            raw = part.read_bytes().decode("utf-8", errors="replace") if part.exists() else ""
            assert readable(raw) == [], part


def test_what_stood_readable_before_is_sealed_by_the_migration_and_opened_again_on_the_way_back(
    empty_database_url: str, tmp_path: Path
):
    """Rows of an installation from before, also the bytes that SQLite would leave in free pages."""
    phones = {"contact": "13900007101", "account": "13900007102", "note": "13900007103"}
    with running_app(settings_for(empty_database_url, tmp_path)) as app, app.app_context():
        flask_migrate.upgrade(revision="0003")
        moment = "2026-11-24 02:00:00" if db.engine.dialect.name == "sqlite" else NOW
        with db.engine.begin() as connection:
            for statement in OLD_ROWS:
                connection.execute(text(statement), {**phones, "now": moment})
        flask_migrate.upgrade()
        dump = everything()
        assert [phone for phone in phones.values() if phone in dump] == []
        assert sign_in_name(phones["account"])
        if db.engine.dialect.name == "sqlite":
            file = Path(str(db.engine.url.database))
            db.engine.dispose()
            assert [phone for phone in phones.values() if phone.encode() in file.read_bytes()] == []
        flask_migrate.downgrade(revision="0003")
        row = dict(db.session.execute(text("SELECT contact_phone, contact_name, wish FROM orders")).one()._mapping)
        assert row == {"contact_phone": phones["contact"], "contact_name": "王女士", "wish": f"打 {phones['note']}"}
        assert db.session.execute(text("SELECT username, phone FROM accounts")).one() == (phones["account"],) * 2
        db.session.rollback()


def sign_in_name(phone: str) -> bool:
    found = _find_account(phone)
    db.session.rollback()
    return found is not None


OLD_ROWS = (
    "INSERT INTO divisions (code, name, display_name, name_en, level, kind, as_of, source, is_active) "
    "VALUES ('640381001002', '东街', '东街', '', 5, 'community', '2025', 'test', TRUE)",
    "INSERT INTO accounts (id, username, display_name, phone, password_hash, must_change_password, is_active, "
    "session_epoch, created_at) VALUES (1, :account, '王女士', NULL, 'x', FALSE, TRUE, 1, :now)",
    "INSERT INTO orders (id, number, status, version, status_since, audience, menu_item_id, wish, search_text, "
    "headcount, urgency, division_code, venue, requester_kind, organisation, contact_name, contact_phone, "
    "contact_phone_tail, consent_version, link_nonce, place_key, placed_at, is_on_behalf, is_ruled, "
    "returns_count, waves_count, closures_count, ending_reason) VALUES (1, 'QTX12345678', 'placed', 1, :now, "
    "'elderly', NULL, '打 ' || :note, '打 ' || :note, 3, 'normal', '640381001002', '楼下', 'resident', '', "
    "'王女士', :contact, '7101', '1', 'n', 'k', :now, FALSE, FALSE, 0, 0, 0, '')",
)


def test_the_search_itself_finds_what_is_readable():
    number = NUMBERS["contact"]
    for way in written(number):
        assert readable(f"x {way} y") == ["contact"]
    assert readable("1990000 000") == []
