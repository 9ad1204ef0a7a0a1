"""SMS through a template: what goes into the gaps, and which answers mean yes."""

import json

import pytest

from qtxvol.channels import sms
from qtxvol.channels.message import Fault, Receipt
from qtxvol.channels.sms import fill, find_unknown_gaps, is_rule, matches
from qtxvol.channels.wire import Answer
from tests.channels.conftest import a_message, a_way
from tests.channels.receivers import Receiver

PHONE = "19900000001"
JSON = "Content-Type: application/json\nAuthorization: APPCODE {secret}"


def send(receiver: Receiver, **setup: str) -> Receipt:
    defaults = {"url": receiver.url + "/send", "headers": JSON, "body": '{"to":"{phone}","text":"{text}","id":"{key}"}'}
    message = a_message(PHONE, text='说"好"\n{key} \\', link="https://qtx.example/t/1")
    return sms.send(message, a_way(receiver.host, secret="s3cret", **{**defaults, **setup}))


def test_values_cannot_leave_their_place_in_json(receiver: Receiver) -> None:
    receiver.says('{"Code":"OK","BizId":"9001"}')
    receipt = send(receiver, success="json:Code=OK", reference="BizId")
    assert (receipt.state, receipt.reference) == ("sent", "9001")
    seen = receiver.seen[0]
    assert json.loads(seen.body) == {
        "to": PHONE,
        "text": '说"好"\n{key} \\\nhttps://qtx.example/t/1',
        "id": "notice-12-mail",
    }
    assert seen.headers["Authorization"] == "APPCODE s3cret"


def test_a_form_and_an_address_are_escaped_each_in_its_way(receiver: Receiver) -> None:
    receiver.says("OK")
    send(
        receiver,
        headers="Content-Type: application/x-www-form-urlencoded",
        body="to={phone}&m={text}",
        url=f"{receiver.url}/s?k={{key}}&t={{text}}",
    )
    seen = receiver.seen[0]
    assert seen.body.startswith(b"to=19900000001&m=%E8%AF%B4%22")
    assert b"&" not in seen.body[len("to=19900000001&") :]
    assert seen.path.startswith("/s?k=notice-12-mail&t=%E8%AF%B4%22")
    assert seen.path.count("&") == 1


def test_get_asks_with_get(receiver: Receiver) -> None:
    receiver.says("0")
    send(receiver, method="GET", body="", url=receiver.url + "/s?to={phone}", success="contains:0")
    assert (receiver.seen[0].method, receiver.seen[0].path) == ("GET", f"/s?to={PHONE}")


@pytest.mark.parametrize(
    ("status", "body", "state", "detail"),
    [
        (200, '{"Code":"isv.MOBILE_NUMBER_ILLEGAL"}', "refused", "HTTP 200 isv.MOBILE_NUMBER_ILLEGAL"),
        (200, '{"Code":"isv.BUSINESS_LIMIT_CONTROL"}', "retry", "HTTP 200 isv.BUSINESS_LIMIT_CONTROL"),
        (200, "<html>", "refused", "HTTP 200"),
        (400, '{"Code":"OK"}', "refused", "HTTP 400 OK"),
        (401, "", "retry", "HTTP 401"),
        (429, "", "retry", "HTTP 429"),
        (502, "", "retry", "HTTP 502"),
        (302, "", "refused", "redirect"),
    ],
)
def test_the_offices_own_sentence_decides(receiver: Receiver, status: int, body: str, state: str, detail: str) -> None:
    receiver.says(body, status)
    with pytest.raises(Fault) as caught:
        send(receiver, success="json:Code=OK", again="\njson:Code=isv.BUSINESS_LIMIT_CONTROL\n")
    assert (caught.value.receipt.state, caught.value.receipt.detail) == (state, detail)


@pytest.mark.parametrize(
    "phone", ["", "1390000000a", "+8613900000000", "139 0000 0000", "1" * 30, "１３９００００００００"]
)
def test_only_digits_are_a_number(phone: str) -> None:
    with pytest.raises(Fault) as caught:
        sms.send(a_message(phone), a_way(url="https://sms.example.net/"))
    assert caught.value.receipt.detail == "bad_address"


@pytest.mark.parametrize(
    ("rule", "body", "holds"),
    [
        ("json:Response.SendStatusSet.0.Code=Ok", '{"Response":{"SendStatusSet":[{"Code":"Ok"}]}}', True),
        ("json:Response.SendStatusSet.1.Code=Ok", '{"Response":{"SendStatusSet":[{"Code":"Ok"}]}}', False),
        ("json:ok=true", '{"ok":true}', True),
        ("json:ok=1", '{"ok":true}', False),
        ("json:code=0", '{"code":0}', True),
        ("json:code=0", "[", False),
        ("contains:success", "result=success", True),
        ("contains:success", "failure", False),
        ("status:200", "", True),
        ("status:204", "", False),
    ],
)
def test_rules_on_answers(rule: str, body: str, holds: bool) -> None:
    assert is_rule(rule)
    assert matches(rule, Answer(200, body.encode())) is holds


@pytest.mark.parametrize("rule", ["", "ok", "status:abc", "json:=1", "json:Code", "contains:", "regex:.*"])
def test_what_is_no_rule(rule: str) -> None:
    assert not is_rule(rule)


def test_unknown_gaps_are_found_and_left_alone() -> None:
    assert find_unknown_gaps('{"a":{"b":"{phone}"},"c":"{mobile}"}') == ["mobile"]
    assert fill("{phone} {mobile}", {"phone": "1"}, "") == "1 {mobile}"


def test_xml_and_headers_are_escaped() -> None:
    assert fill("<t>{text}</t>", {"text": '<a>&"'}, "text/xml") == "<t>&lt;a&gt;&amp;&quot;</t>"
    headers = sms.read_headers("X-Text: {text}", {"text": "a\r\nX-Injected: 1"})
    assert headers == {"X-Text": "a  X-Injected: 1"}
