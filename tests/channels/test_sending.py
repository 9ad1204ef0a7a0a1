"""`send` as the worker calls it: the stored settings, one honest receipt, and nothing private in the log."""

import json
import logging
import sys
import types
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from qtxvol.channels import sending
from qtxvol.channels.message import Message
from qtxvol.channels.models import Channel
from qtxvol.channels.sending import Receipt, list_ready, note_receipt, send
from qtxvol.channels.specs import CHANNELS
from qtxvol.extensions import db
from qtxvol.notices.models import CHANNELS as CARRIED
from qtxvol.storage import transaction
from tests.channels.conftest import a_message
from tests.channels.receivers import Receiver, smtp_receiver
from tests.databases import running_app, settings_for
from tests.factories import NOW


def keep(code: str, is_on: bool = True, **settings: str) -> None:
    with transaction():
        db.session.merge(
            Channel(code=code, is_on=is_on, settings=json.dumps(settings), version=1, changed_at=NOW, failure="")
        )


@pytest.fixture
def listed(sqlite_database: str, tmp_path: Path, receiver: Receiver):
    """A service that may send to the receiver."""
    with (
        running_app(settings_for(sqlite_database, tmp_path, outgoing_hosts=(receiver.host, "127.0.0.1"))) as app,
        app.app_context(),
    ):
        yield app


def test_every_channel_has_a_sender() -> None:
    assert set(sending.SENDERS) == set(CHANNELS) == set(CARRIED)


@pytest.mark.usefixtures("listed")
def test_a_message_goes_out_with_the_stored_settings(receiver: Receiver) -> None:
    keep("webhook", secret="kept secret")
    assert send("webhook", a_message(receiver.url)).state == "sent"
    assert "X-Qtxvol-Signature" in receiver.seen[0].headers


@pytest.mark.usefixtures("listed")
def test_mail_goes_out_with_the_stored_settings() -> None:
    with smtp_receiver() as (mailbox, port):
        keep("mail", host="127.0.0.1", port=str(port), security="none", sender="keji@qtx.example")
        assert send("mail", a_message("zhao@mail.example")).state == "sent"
    assert mailbox.letters[0]["From"] == "青铜峡科普点单 <keji@qtx.example>"


@pytest.mark.usefixtures("ctx")
def test_settings_are_sealed_at_rest_and_read_on_both_databases() -> None:
    keep("webhook", secret="kept secret")
    stored = db.session.execute(text("SELECT settings FROM channels")).scalar() or ""
    assert "kept secret" not in stored
    assert sending.read_settings("webhook") == {"secret": "kept secret"}
    assert sending.read_settings("mail") is None


@pytest.mark.usefixtures("ctx_sqlite")
def test_sending_leaves_the_callers_session_alone() -> None:
    keep("webhook")
    channel = db.session.scalar(select(Channel))
    send("webhook", a_message("https://127.0.0.1/"))
    assert channel in db.session
    assert channel.code == "webhook"


@pytest.mark.usefixtures("ctx_sqlite")
def test_a_channel_that_was_never_set_up_waits_for_somebody() -> None:
    receipt = send("mail", a_message("zhao@mail.example"))
    assert (receipt.state, receipt.detail) == ("retry", "not_configured")


@pytest.mark.usefixtures("ctx_sqlite")
def test_a_key_that_is_lost_is_no_error_page() -> None:
    keep("mail")
    with transaction():
        db.session.execute(text("UPDATE channels SET settings = 'gAAAAAnonsense'"))
    assert send("mail", a_message("zhao@mail.example")).detail == "not_configured"


@pytest.mark.usefixtures("listed")
def test_what_the_other_side_repeats_of_ours_is_taken_out(receiver: Receiver) -> None:
    keep("wecom", hosts="127.0.0.1")
    url = f"{receiver.url}/send?key=very-secret-token"
    receiver.says(json.dumps({"errcode": 1, "errmsg": f"no {url}\nfor 19900000001 “请准时到场。”"}))
    receipt = send("wecom", a_message(url))
    assert (receipt.state, receipt.detail) == ("refused", "errcode 1 no … for … “…”")


@pytest.mark.usefixtures("ctx_sqlite")
def test_a_mistake_of_ours_is_a_receipt_and_says_nothing_private(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(message: Message, way: object) -> Receipt:
        raise RuntimeError(f"could not send {message.text} to {message.address}")

    keep("mail")
    monkeypatch.setitem(sending.SENDERS, "mail", broken)
    with caplog.at_level(logging.DEBUG):
        receipt = send("mail", a_message("zhao@mail.example"))
    assert (receipt.state, receipt.detail) == ("unknown", "broken")
    assert "RuntimeError at broken" in caplog.text
    assert "zhao" not in caplog.text
    assert "请准时到场" not in caplog.text


def test_a_message_shows_nothing_private_when_it_is_printed() -> None:
    shown = repr(a_message("zhao@mail.example", link="https://qtx.example/t/secret"))
    assert shown == "Message(key='notice-12-mail')"


@pytest.mark.usefixtures("ctx")
def test_ready_is_what_is_on() -> None:
    keep("mail")
    keep("sms", is_on=False)
    assert list_ready() == {"mail"}


@pytest.mark.usefixtures("ctx")
def test_when_it_last_worked_is_kept_to_the_minute() -> None:
    keep("mail")
    with transaction():
        note_receipt("mail", Receipt("sent"), NOW)
        note_receipt("mail", Receipt("sent"), NOW + timedelta(seconds=30))
        note_receipt("mail", Receipt("retry", "SMTP 450"), NOW + timedelta(seconds=31))
        note_receipt("sms", Receipt("sent"), NOW)
    row = db.session.scalar(select(Channel))
    assert (row.sent_at, row.failed_at, row.failure) == (NOW, NOW + timedelta(seconds=31), "SMTP 450")
    with transaction():
        note_receipt("mail", Receipt("sent"), NOW + timedelta(minutes=2))
    assert db.session.scalar(select(Channel.sent_at)) == NOW + timedelta(minutes=2)


def fake_apprise(monkeypatch: pytest.MonkeyPatch, answer: bool) -> list[tuple[str, str, str]]:
    told: list[tuple[str, str, str]] = []

    class Apprise:
        def add(self, url: str) -> bool:
            self.url = url
            return "bad" not in url

        def notify(self, title: str, body: str) -> bool:
            told.append((self.url, title, body))
            return answer

    module = types.ModuleType("apprise")
    module.Apprise = Apprise
    monkeypatch.setitem(sys.modules, "apprise", module)
    return told


@pytest.mark.usefixtures("ctx_sqlite")
def test_apprise_serves_the_services_that_the_office_names(monkeypatch: pytest.MonkeyPatch) -> None:
    told = fake_apprise(monkeypatch, True)
    keep("apprise", services="bark dingtalk json")
    assert send("apprise", a_message("bark://push.example/k")).state == "sent"
    assert told == [("bark://push.example/k?cto=5&rto=5", "明天有服务", "请准时到场。")]
    for address in ("ntfy://push.example/k", "dingtalk://token", "json://10.0.0.1/", "bark", "bark://a b"):
        assert send("apprise", a_message(address)).state == "refused"
    assert send("apprise", a_message("bark://bad")).detail == "bad_address"


@pytest.mark.usefixtures("ctx_sqlite")
def test_apprises_no_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_apprise(monkeypatch, False)
    keep("apprise", services="bark")
    assert send("apprise", a_message("bark://push.example/k")).state == "retry"


def test_without_the_extra_it_says_so(app_sqlite: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with app_sqlite.app_context():
        keep("apprise", services="bark")
        assert send("apprise", a_message("bark://push.example/k")).detail == "not_installed"
