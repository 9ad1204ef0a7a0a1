"""钉钉 group robots, signed where the robot asks for it (安全设置：加签)."""

from urllib.parse import quote

from qtxvol.channels.message import Message, Receipt, Way
from qtxvol.channels.robots import ask_robot, cut, judge, sign, split_address, text_of

HOSTS = frozenset({"oapi.dingtalk.com", "api.dingtalk.com"})
_LARGEST_BYTES = 18_000
#: More than twenty messages a minute.
_RATE_LIMITS = (130101, 410100)
_BUSY = (-1,)


def send(message: Message, way: Way) -> Receipt:
    """:raise Fault: not taken."""
    url, secret = split_address(message.address)
    body = {"msgtype": "text", "text": {"content": cut(text_of(message), _LARGEST_BYTES)}}
    answer = ask_robot(signed(url, secret, int(way.at.timestamp() * 1000)), body, HOSTS, way)
    return judge(answer.get("errcode"), answer.get("errmsg", ""), rate_limits=_RATE_LIMITS, busy=_BUSY)


def signed(url: str, secret: str, milliseconds: int) -> str:
    """The address with time and signature; as it is without a secret. The signature is good for an hour."""
    if not secret:
        return url
    signature = quote(sign(secret, f"{milliseconds}\n{secret}"), safe="")
    return f"{url}{'&' if '?' in url else '?'}timestamp={milliseconds}&sign={signature}"
