"""The three robots, as their own documents describe them: what goes out, and what each answer means."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from qtxvol.channels import dingtalk, feishu, wecom
from qtxvol.channels.message import Fault, Message, Receipt, Way
from tests.channels.conftest import AT, a_message, a_way
from tests.channels.receivers import Receiver

Sender = Callable[[Message, Way], Receipt]
TAKEN = {wecom.send: '{"errcode":0,"errmsg":"ok"}', dingtalk.send: '{"errcode":0,"errmsg":"ok"}'}
TAKEN[feishu.send] = '{"code":0,"msg":"success","data":{}}'
ALL = pytest.mark.parametrize("send", [wecom.send, dingtalk.send, feishu.send], ids=["wecom", "dingtalk", "feishu"])


def fault_of(send: Sender, receiver: Receiver, path: str = "/hook/abc?key=secret-token") -> Receipt:
    with pytest.raises(Fault) as caught:
        send(a_message(receiver.url + path), a_way(receiver.host))
    return caught.value.receipt


def test_wecom_gets_text_with_subject_and_link(receiver: Receiver) -> None:
    receiver.says(TAKEN[wecom.send])
    message = a_message(f"{receiver.url}/cgi-bin/webhook/send?key=k1", link="https://qtx.example/t/1")
    assert wecom.send(message, a_way(receiver.host)).state == "sent"
    seen = receiver.seen[0]
    assert (seen.method, seen.path) == ("POST", "/cgi-bin/webhook/send?key=k1")
    assert seen.headers["Content-Type"].startswith("application/json")
    text = "明天有服务\n请准时到场。\nhttps://qtx.example/t/1"
    assert json.loads(seen.body) == {"msgtype": "text", "text": {"content": text}}


def test_a_long_text_is_cut_where_wecom_would_refuse_it(receiver: Receiver) -> None:
    receiver.says(TAKEN[wecom.send])
    wecom.send(a_message(receiver.url + "/?key=k1", text="长" * 3000), a_way(receiver.host))
    content = json.loads(receiver.seen[0].body)["text"]["content"]
    assert len(content.encode()) <= 2048
    assert content.endswith("长…")


def test_dingtalk_signs_time_and_secret(receiver: Receiver) -> None:
    receiver.says(TAKEN[dingtalk.send])
    dingtalk.send(a_message(f"{receiver.url}/robot/send?access_token=t1#SECabc"), a_way(receiver.host))
    seen = receiver.seen[0]
    query = parse_qs(urlsplit(seen.path).query)
    stamp = str(int(AT.timestamp() * 1000))
    wanted = hmac.new(b"SECabc", f"{stamp}\nSECabc".encode(), hashlib.sha256).digest()
    assert query == {"access_token": ["t1"], "timestamp": [stamp], "sign": [base64.b64encode(wanted).decode()]}
    assert json.loads(seen.body)["text"]["content"] == "明天有服务\n请准时到场。"
    assert b"SECabc" not in seen.body
    assert "SECabc" not in seen.path


def test_dingtalk_without_a_secret_is_asked_as_it_is(receiver: Receiver) -> None:
    receiver.says(TAKEN[dingtalk.send])
    dingtalk.send(a_message(f"{receiver.url}/robot/send?access_token=t1"), a_way(receiver.host))
    assert receiver.seen[0].path == "/robot/send?access_token=t1"


def test_feishu_signs_nothing_with_time_and_secret(receiver: Receiver) -> None:
    receiver.says(TAKEN[feishu.send])
    feishu.send(a_message(f"{receiver.url}/open-apis/bot/v2/hook/h1#s3"), a_way(receiver.host))
    body = json.loads(receiver.seen[0].body)
    stamp = str(int(AT.timestamp()))
    wanted = base64.b64encode(hmac.new(f"{stamp}\ns3".encode(), b"", hashlib.sha256).digest()).decode()
    assert (body["timestamp"], body["sign"]) == (stamp, wanted)
    assert (body["msg_type"], body["content"]) == ("text", {"text": "明天有服务\n请准时到场。"})


def test_an_older_feishu_robot_is_understood(receiver: Receiver) -> None:
    receiver.says('{"StatusCode":0,"StatusMessage":"success"}')
    assert feishu.send(a_message(receiver.url + "/hook/h1"), a_way(receiver.host)).state == "sent"


@pytest.mark.parametrize(
    ("send", "answer", "state", "wait"),
    [
        (wecom.send, {"errcode": 93000, "errmsg": "invalid webhook url"}, "refused", None),
        (wecom.send, {"errcode": 45009, "errmsg": "api freq out of limit"}, "retry", 60),
        (wecom.send, {"errcode": -1, "errmsg": "system busy"}, "retry", None),
        (dingtalk.send, {"errcode": 310000, "errmsg": "sign not match"}, "refused", None),
        (dingtalk.send, {"errcode": 130101, "errmsg": "send too fast"}, "retry", 60),
        (feishu.send, {"code": 19021, "msg": "sign match fail"}, "refused", None),
        (feishu.send, {"code": 11232, "msg": "frequency limited"}, "retry", 60),
    ],
)
def test_a_code_other_than_zero_is_a_failure_although_http_says_200(
    receiver: Receiver, send: Sender, answer: dict[str, object], state: str, wait: int | None
) -> None:
    receiver.says(json.dumps(answer))
    receipt = fault_of(send, receiver)
    assert (receipt.state, receipt.retry_after) == (state, wait)
    assert receipt.detail == f"errcode {next(iter(answer.values()))} {list(answer.values())[1]}"


@ALL
@pytest.mark.parametrize("answer", ["", "<html>ok</html>", "[]", "{}", '{"errcode":"0","code":"0"}', '{"code":true}'])
def test_an_answer_that_says_nothing_is_unknown(receiver: Receiver, send: Sender, answer: str) -> None:
    receiver.says(answer)
    receipt = fault_of(send, receiver)
    assert (receipt.state, receipt.detail) == ("unknown", "unreadable_answer")


@ALL
def test_a_robot_on_another_host_is_not_asked(send: Sender) -> None:
    with pytest.raises(Fault) as caught:
        send(a_message("https://robots.example.net/hook/abc?key=k&access_token=t"), a_way())
    assert (caught.value.receipt.state, caught.value.receipt.detail) == ("refused", "host_forbidden")


@ALL
def test_a_busy_server_is_tried_again(receiver: Receiver, send: Sender) -> None:
    receiver.says("busy", 503, Retry_After="120")
    receipt = fault_of(send, receiver)
    assert (receipt.state, receipt.detail, receipt.retry_after) == ("retry", "HTTP 503", 120)
