"""The contract of docs/channels.md, from the receiver's side."""

import hashlib
import hmac
import json

import pytest

from qtxvol.channels import webhook
from tests.channels.conftest import AT, a_message, a_way
from tests.channels.receivers import Receiver


def test_the_receiver_can_check_who_sent_it_and_knows_a_repeat(receiver: Receiver) -> None:
    message = a_message(receiver.url + "/in?x=1", link="https://qtx.example/o/1", calendar="BEGIN:VCALENDAR\n")
    way = a_way(receiver.host, secret="our secret")
    assert webhook.send(message, way).state == webhook.send(message, way).state == "sent"
    first, second = receiver.seen
    stamp = first.headers["X-Qtxvol-Timestamp"]
    assert stamp == str(int(AT.timestamp()))
    wanted = hmac.new(b"our secret", stamp.encode() + b"." + first.body, hashlib.sha256).hexdigest()
    assert first.headers["X-Qtxvol-Signature"] == f"sha256={wanted}"
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == "notice-12-mail"
    assert json.loads(first.body) == {
        "key": "notice-12-mail",
        "subject": "明天有服务",
        "text": "请准时到场。",
        "link": "https://qtx.example/o/1",
        "calendar": "BEGIN:VCALENDAR\n",
    }


def test_an_addresss_own_secret_goes_first_and_is_not_sent(receiver: Receiver) -> None:
    webhook.send(a_message(receiver.url + "/in#own"), a_way(receiver.host, secret="common"))
    seen = receiver.seen[0]
    stamp = seen.headers["X-Qtxvol-Timestamp"]
    assert seen.path == "/in"
    assert seen.headers["X-Qtxvol-Signature"] == f"sha256={webhook.signature('own', stamp, seen.body)}"


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    webhook.send(a_message(receiver.url), a_way(receiver.host))
    assert "X-Qtxvol-Signature" not in receiver.seen[0].headers


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_taken_whatever_stands_in_it(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda seen: (status, {}, b"" if status == 204 else b"\xff not json")
    assert webhook.send(a_message(receiver.url), a_way(receiver.host)).detail == f"HTTP {status}"
