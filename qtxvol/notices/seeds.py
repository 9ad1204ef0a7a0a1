"""The wordings that this service comes with: one for every kind of notice and every sort of reader, in two languages.

What the office has not edited is said in these words, so that a new release reaches it. Not here: what the office
edits (`edit_wordings.py`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from qtxvol.notices.kinds import KINDS, NoticeKind
from qtxvol.orders.lifecycle import Label, Party

#: Sorts of readers. A clerk is a clerk, whatever the desk; a team's leader is a volunteer who organises.
AUDIENCES: Mapping[str, Label] = {
    "resident": Label("居民", "Resident"),
    "volunteer": Label("志愿者", "Volunteer"),
    "team": Label("服务队", "Team"),
    "staff": Label("社区、部门和纲要办", "Community, department and office"),
}
_AUDIENCE_OF = {Party.RESIDENT: "resident", Party.VOLUNTEER: "volunteer", Party.TEAM: "team"}

#: Short for text messages and group robots, long for mail.
FAMILIES: Mapping[str, Label] = {
    "short": Label("短信和群机器人", "Text messages and robots"),
    "long": Label("邮件", "Mail"),
}


@dataclass(frozen=True, slots=True, order=True)
class WordingKey:
    """Which wording."""

    kind: str
    audience: str
    family: str
    locale: str


@dataclass(frozen=True, slots=True)
class Template:
    """What is said, with variables in braces. A short one has a subject too: robots show it, text messages don't."""

    subject: str
    text: str


def audience_of(party: str) -> str:
    """The sort of reader that a party is."""
    return _AUDIENCE_OF.get(Party(party), "staff")


def family_of(channel: str) -> str:
    """Mail has room; everything else is short."""
    return "long" if channel == "mail" else "short"


def list_keys() -> Iterator[WordingKey]:
    """Every wording that the office may edit, in the order of the kinds."""
    for kind in KINDS.values():
        audiences = {audience_of(party) for party in kind.readers}
        for audience in AUDIENCES:
            if audience in audiences:
                yield from (
                    WordingKey(kind.code, audience, family, lang) for family in FAMILIES for lang in ("zh", "en")
                )


@cache
def get_seed(key: WordingKey) -> Template:
    """The words that came with the service; for a kind or reader without words of its own, those that always fit."""
    kind = KINDS.get(key.kind)
    has_order = kind is None or kind.has_order
    words = _load().get(key.kind, {}).get(key.audience) or _load()["any" if has_order else "any_plain"]["any"]
    subject, said, more = words[key.locale]
    link = _link(kind, key.audience)
    if key.family == "short":
        return Template(subject, f"{said}{{{link}}}" if key.locale == "zh" else f"{said} {{{link}}}")
    parts = _LONG[key.locale]
    body = f"{said}{more}" if key.locale == "zh" else f"{said} {more}".strip()
    facts = "{facts}\n\n" if has_order else ""
    call = parts["answer" if link == "answer_link" else "look"]
    return Template(subject, f"{parts['hello']}\n\n{body}\n\n{facts}{call}{{{link}}}\n\n{parts['foot']}")


def _link(kind: NoticeKind | None, audience: str) -> str:
    party = next((party for party, name in _AUDIENCE_OF.items() if name == audience), None)
    return "answer_link" if kind is not None and party is not None and kind.asks(party) else "link"


_LONG = {
    "zh": {
        "hello": "您好：",
        "look": "点开查看：",
        "answer": "请点开回复：",
        "foot": "咨询电话：{hotline}\n青铜峡科普点单",
    },
    "en": {
        "hello": "Hello,",
        "look": "Have a look: ",
        "answer": "Please answer here: ",
        "foot": "Questions? Call {hotline}\nQingtongxia Science Orders",
    },
}


@cache
def _load() -> Mapping[str, Mapping[str, Mapping[str, tuple[str, str, str]]]]:
    text = files("qtxvol").joinpath("data/wordings.json").read_text("utf-8")
    found: Mapping[str, Mapping[str, Mapping[str, tuple[str, str, str]]]] = json.loads(text)["wordings"]
    return found
