"""Addresses as somebody types them: read and checked, without looking anything up."""

import re
from collections.abc import Collection
from typing import NoReturn

from qtxvol.accounts.phones import parse_phone
from qtxvol.channels import dingtalk, feishu, mail, more, wecom
from qtxvol.channels.hosts import check_target, parse_target
from qtxvol.channels.message import Fault, State
from qtxvol.channels.robots import has_token, split_address

#: Longer ones no service has.
LONGEST = 500
_OFFICIAL = {"wecom": wecom.HOSTS, "dingtalk": dingtalk.HOSTS, "feishu": feishu.HOSTS}
_MOBILE = re.compile(r"1[3-9]\d{9}")
_NUMBER = re.compile(r"\d{7,}")


def read_address(channel: str, text: str, listed: Collection[str] = (), setup: dict[str, str] | None = None) -> str:
    """The address in plain form.

    :param listed: `QTXVOL_OUTGOING_HOSTS`. :param setup: the channel's settings.
    :raise Fault: `bad_address`, or `host_forbidden` for a host that nothing will ever be sent to.
    """
    text, setup = text.strip(), setup or {}
    if not text or len(text) > LONGEST:
        _refuse()
    match channel:
        case "mail":
            return _read_mail(text)
        case "sms":
            return _read_mobile(text)
        case "apprise":
            if not more.is_allowed(text, setup.get("services", "")):
                _refuse("host_forbidden")
            return text
    return _read_url(channel, text, listed, setup)


def mask_numbers(text: str) -> str:
    """No run of digits that could be somebody's number."""
    return _NUMBER.sub("…", text)


def _read_mail(text: str) -> str:
    if not mail.is_mail_address(text) or "." not in text.rpartition("@")[2]:
        _refuse()
    return text


def _read_mobile(text: str) -> str:
    digits = parse_phone(text)
    if digits is None or not _MOBILE.fullmatch(digits):
        _refuse()
    return digits


def _read_url(channel: str, text: str, listed: Collection[str], setup: dict[str, str]) -> str:
    url, _secret = split_address(text)
    target = parse_target(url)
    official = _OFFICIAL.get(channel)
    check_target(target, listed, official | set(setup.get("hosts", "").split()) if official else None)
    has = {
        "wecom": lambda: has_token(url, "key"),
        "dingtalk": lambda: has_token(url, "access_token"),
        "feishu": lambda: re.fullmatch(r".*/hook/[\w-]+", target.path) is not None,
    }
    if channel in has and not has[channel]():
        _refuse()
    if not re.fullmatch(r"[!-~]*", text):
        _refuse()
    return text


def _refuse(code: str = "bad_address") -> NoReturn:
    raise Fault(State.REFUSED, code)
