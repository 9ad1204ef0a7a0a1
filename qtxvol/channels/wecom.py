"""企业微信 group robots."""

from qtxvol.channels.message import Message, Receipt, Way
from qtxvol.channels.robots import ask_robot, cut, judge, split_address, text_of

HOSTS = frozenset({"qyapi.weixin.qq.com"})
_LARGEST_BYTES = 2048
#: Too often per minute; too many at once.
_RATE_LIMITS = (45009, 45033)
_BUSY = (-1,)


def send(message: Message, way: Way) -> Receipt:
    """:raise Fault: not taken."""
    url, _ = split_address(message.address)
    body = {"msgtype": "text", "text": {"content": cut(text_of(message), _LARGEST_BYTES)}}
    answer = ask_robot(url, body, HOSTS, way)
    return judge(answer.get("errcode"), answer.get("errmsg", ""), rate_limits=_RATE_LIMITS, busy=_BUSY)
