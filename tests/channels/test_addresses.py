"""Addresses as somebody types them."""

import pytest

from qtxvol.channels.addresses import mask_numbers, read_address
from qtxvol.channels.message import Fault

WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k1"
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=t#SEC1"
FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/a-b-1"


@pytest.mark.parametrize(
    ("channel", "typed", "kept"),
    [
        ("mail", " keji@example.cn ", "keji@example.cn"),
        ("sms", "199 0000-0001", "19900000001"),
        ("wecom", WECOM, WECOM),
        ("dingtalk", DINGTALK, DINGTALK),
        ("feishu", FEISHU, FEISHU),
        ("webhook", " https://hooks.example.net/in#secret", "https://hooks.example.net/in#secret"),
    ],
)
def test_a_good_address_is_kept_in_plain_form(channel: str, typed: str, kept: str) -> None:
    assert read_address(channel, typed) == kept


@pytest.mark.parametrize(
    ("channel", "typed", "why"),
    [
        ("mail", "keji@localhost", "bad_address"),
        ("mail", "a@b.cn\r\nBcc: c@d.cn", "bad_address"),
        ("sms", "0953 3051234", "bad_address"),
        ("sms", "", "bad_address"),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "bad_address"),
        ("wecom", "https://qyapi.weixin.qq.com.example.net/cgi-bin/webhook/send?key=k", "host_forbidden"),
        ("wecom", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", "host_forbidden"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=", "bad_address"),
        ("feishu", "https://open.feishu.cn/", "bad_address"),
        ("webhook", "http://hooks.example.net/", "host_forbidden"),
        ("webhook", "https://192.168.1.1/", "host_forbidden"),
        ("webhook", "https://hooks.example.net/#密钥", "bad_address"),
        ("webhook", "https://hooks.example.net/" + "x" * 500, "bad_address"),
        ("apprise", "bark://push.example/k", "host_forbidden"),
    ],
)
def test_a_bad_address_is_refused(channel: str, typed: str, why: str) -> None:
    with pytest.raises(Fault) as caught:
        read_address(channel, typed)
    assert caught.value.receipt.detail == why


def test_the_office_may_allow_hosts_of_its_own() -> None:
    url = "https://chat.gov.example/cgi-bin/webhook/send?key=k"
    assert read_address("wecom", url, setup={"hosts": "chat.gov.example other.example"}) == url
    assert read_address("webhook", "http://10.0.0.5:8080/in", {"10.0.0.5:8080"})
    assert read_address("apprise", "bark://push.example/k", setup={"services": "bark"})


def test_no_run_of_digits_that_could_be_a_number_stays() -> None:
    assert mask_numbers("code 45009 for 19900000001") == "code 45009 for …"
