"""What a notice says, in the words of its kind, for one channel and one language.

`word_notices` words a whole batch in a constant number of statements; the worker sends what it gives, and the inbox
shows it. Which words: `seeds.py` and what the office made of them; their values: `values.py`; their links: `links.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select

from qtxvol.base import utcnow
from qtxvol.extensions import db
from qtxvol.notices.answers import answer_paths
from qtxvol.notices.facts import NoticeFacts, load_facts_of
from qtxvol.notices.kinds import KINDS
from qtxvol.notices.links import link_of, unsubscribe_token
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To
from qtxvol.notices.seeds import Template, WordingKey, audience_of, family_of, get_seed
from qtxvol.notices.values import values_of
from qtxvol.notices.variables import fill
from qtxvol.notices.wording_models import Wording
from qtxvol.orders.lifecycle import Party
from qtxvol.settings import Settings

#: What the inbox calls itself: words without any link, beside a link of the page's own.
INBOX = "inbox"
LONGEST_SUBJECT = 80


@dataclass(frozen=True, slots=True)
class Worded:
    """A notice in words.

    :ivar link: absolute, where to look or to answer; empty without a public address (and then in the text, too).
    :ivar unsubscribe: absolute, for `List-Unsubscribe`; empty for kinds that must be known.
    """

    subject: str
    text: str
    link: str = ""
    unsubscribe: str = ""


def word_notices(
    notices: Sequence[Notice], *, channel: str, locale: str, recipients: Mapping[int, str] | None = None
) -> dict[int, Worded]:
    """The words of each notice, by its id; twelve statements at most, whatever the number of notices.

    Never a full telephone or identity number, and never an error: a kind without words has general ones, a value that
    is missing is talked around.
    :param channel: one of `models.CHANNELS`, or `INBOX`.
    :param recipients: as in `deliveries.recipient`, by notice; needed for the unsubscribe link of an account.
    """
    if not notices:
        return {}
    facts = load_facts_of(notices)
    edited = load_edited({notice.kind for notice in notices})
    settings: Settings = current_app.extensions["qtxvol_settings"]
    answers = {} if channel == INBOX else _answers_to(notices)
    worder = _Worder(facts, edited, answers, settings, channel, locale)
    return {notice.id: worder.word(notice, (recipients or {}).get(notice.id, "")) for notice in notices}


def load_edited(kinds: Iterable[str]) -> dict[WordingKey, Template]:
    """The wordings of these kinds that the office has edited; one statement."""
    rows = db.session.scalars(select(Wording).where(Wording.kind.in_(set(kinds))))
    return {WordingKey(row.kind, row.audience, row.family, row.locale): Template(row.subject, row.text) for row in rows}


def _answers_to(notices: Sequence[Notice]) -> dict[int, str]:
    """The paths of the one-tap answers that these notices ask for, by notice; three statements."""
    asked = {}
    for notice in notices:
        kind, party = KINDS.get(notice.kind), Party(notice.party)
        purpose = kind.asks(party) if kind else ""
        if purpose and notice.order_id is not None:
            asked[notice.id] = (purpose, notice.order_id, To(party, notice.scope, notice.order_id))
    paths = answer_paths(asked.values(), utcnow()) if asked else {}
    return {notice_id: paths[wanted] for notice_id, wanted in asked.items()}


@dataclass(frozen=True, slots=True)
class _Worder:
    facts: NoticeFacts
    edited: Mapping[WordingKey, Template]
    answers: Mapping[int, str]
    settings: Settings
    channel: str
    locale: str

    def word(self, notice: Notice, recipient: str) -> Worded:
        family = family_of(self.channel)
        key = WordingKey(notice.kind, audience_of(notice.party), family, self.locale)
        template = self.edited.get(key) or get_seed(key)
        values = values_of(notice, self.facts, self.locale, is_short=family == "short" and self.channel != INBOX)
        if self.channel == INBOX:
            return Worded(fill(template.subject, values, self.locale), self._without_links(template.text, values))
        order = self.facts.orders.get(notice.order_id or 0)
        look = self._absolute(link_of(notice, order, self.settings.secret_key))
        answer = self._absolute(self.answers.get(notice.id, "")) or look
        values |= {"link": look, "answer_link": answer, "hotline": self.settings.hotline}
        subject = fill(template.subject, values, self.locale)[:LONGEST_SUBJECT]
        text = fill(template.text, values, self.locale)
        stop = self._unsubscribe(notice, recipient)
        if stop:
            text += _STOP[self.locale][family].format(stop)
        if order is not None and order.is_drill:
            mark = _DRILL[self.locale]
            subject, text = mark + subject, mark + text
        has_answer = "{answer_link}" in template.text
        return Worded(subject, text, answer if has_answer else look, stop)

    def _without_links(self, text: str, values: Mapping[str, str]) -> str:
        for name in ("link", "answer_link"):
            text = text.replace(f"{{{name}}}", "")
        return fill(text, values, self.locale)

    def _absolute(self, path: str) -> str:
        return self.settings.public_url + path if self.settings.public_url and path else ""

    def _unsubscribe(self, notice: Notice, recipient: str) -> str:
        kind = KINDS.get(notice.kind)
        if kind is None or not kind.is_optional or notice.is_emergency:
            return ""
        token = unsubscribe_token(recipient or _own_recipient(notice), notice.kind, self.settings.secret_key)
        return self._absolute(f"/u/{token}") if token else ""


def _own_recipient(notice: Notice) -> str:
    """A volunteer and an order's resident are the only ones of their kind; a body has several accounts."""
    match notice.party:
        case Party.VOLUNTEER:
            return f"volunteer:{notice.scope}"
        case Party.RESIDENT:
            return f"order:{notice.order_id}"
    return ""


_STOP = {
    "zh": {"long": "\n\n不想再收这类提醒，点这里就能停：{}", "short": " 不再提醒：{}"},
    "en": {"long": "\n\nTo get no more of these: {}", "short": " Stop these: {}"},
}
_DRILL = {"zh": "【演练】", "en": "[Drill] "}
