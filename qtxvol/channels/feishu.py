"""飞书 group robots, signed where the robot asks for it (安全设置：签名校验)."""

from typing import Any

from qtxvol.channels.message import Message, Receipt, Way
from qtxvol.channels.robots import ask_robot, cut, judge, sign, split_address, text_of

HOSTS = frozenset({"open.feishu.cn", "open.larksuite.com"})
_LARGEST_BYTES = 18_000
#: More than five a second or a hundred a minute; the whole platform is busy.
_RATE_LIMITS = (11232, 99991400)


def send(message: Message, way: Way) -> Receipt:
    """:raise Fault: not taken."""
    url, secret = split_address(message.address)
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": cut(text_of(message), _LARGEST_BYTES)}}
    if secret:
        seconds = str(int(way.at.timestamp()))
        # time and secret are the key, and nothing is signed with it: so the platform has it
        body |= {"timestamp": seconds, "sign": sign(f"{seconds}\n{secret}", "")}
    answer = ask_robot(url, body, HOSTS, way)
    code = answer.get("code", answer.get("StatusCode"))  # older robots answer in the second way
    return judge(code, answer.get("msg", answer.get("StatusMessage", "")), rate_limits=_RATE_LIMITS)
