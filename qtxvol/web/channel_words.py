"""Words for channels: what became of a message, what was done to a channel."""

from collections.abc import Callable, Mapping
from typing import Any

from qtxvol.channels.message import Receipt, State
from qtxvol.channels.specs import CHANNELS
from qtxvol.web.display import say
from qtxvol.web.i18n import _, _l

#: What this side finds out by itself (`message.FAULTS`), and what to do about it.
FAULT_WORDS: Mapping[str, Any] = {
    "bad_address": _l("地址不对，请核对"),
    "host_forbidden": _l("不允许发往这个主机"),
    "cannot_connect": _l("连不上对方的服务器，请核对地址和端口，或看看网络"),
    "no_answer": _l("发出去了，但没有等到回答"),
    "unreadable_answer": _l("对方的回答看不懂"),
    "redirect": _l("对方要求转到别的地址，没有跟过去，请填最终的地址"),
    "not_configured": _l("还没有设置好"),
    "not_installed": _l("没有安装 notify-more，请管理员安装"),
    "tls_missing": _l("服务器不支持 STARTTLS，没有用明文发送"),
    "sign_in_failed": _l("登录名或密码不对"),
    "broken": _l("程序出错，请管理员查看日志"),
}

_STATES: Mapping[str, Any] = {
    State.SENT: _l("已送达对方服务器"),
    State.RETRY: _l("没有发出去，以后会再试"),
    State.REFUSED: _l("对方拒收"),
    State.UNKNOWN: _l("不知道有没有送到"),
}

#: Tone of a `note`.
TONES: Mapping[str, str] = {State.SENT: "done", State.RETRY: "warn", State.REFUSED: "bad", State.UNKNOWN: "warn"}

_ACTIONS: Mapping[str, Callable[[], str]] = {
    "set_up": lambda: _("改了设置"),
    "on": lambda: _("启用"),
    "off": lambda: _("停用"),
    "tried": lambda: _("发了测试消息"),
    "address_added": lambda: _("加了接收地址"),
    "address_removed": lambda: _("删了接收地址"),
}


def channel_name(code: str) -> str:
    """`短信`; the code of one that is not known any more."""
    return say(CHANNELS[code].label) if code in CHANNELS else code


def fault_words(detail: str) -> str:
    """A detail of a receipt: our own codes in words, what the other side said as it is."""
    return str(FAULT_WORDS.get(detail, detail))


def receipt_words(receipt: Receipt) -> str:
    """The whole answer in one line: `对方拒收：errcode 93000 invalid webhook url`."""
    state, detail = str(_STATES[receipt.state]), fault_words(receipt.detail)
    return _("%(state)s：%(detail)s", state=state, detail=detail) if detail else state


def event_words(channel: str, action: str, about: list[str]) -> str:
    """`改了设置：端口、密码或授权码`."""
    title = _ACTIONS[action]()
    if action == "tried":
        parts = [str(_STATES.get(state, state)) for state in about]
    else:
        labels = {field.name: say(field.label) for field in CHANNELS[channel].fields} if channel in CHANNELS else {}
        parts = [labels.get(name, name) for name in about]
    return _("%(state)s：%(detail)s", state=title, detail=_("、").join(parts)) if parts else title
