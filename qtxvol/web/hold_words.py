"""What a desk reads of the people who are asked by name: 请人进展."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.phones import mask_name
from qtxvol.offers.ask_list import where_is
from qtxvol.offers.asking import Where
from qtxvol.offers.holds import find_progress
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CrewAsk, Order
from qtxvol.web.answers.words import reason_in_words
from qtxvol.web.display import day_time, time_span
from qtxvol.web.forms import now
from qtxvol.web.i18n import _


@dataclass(frozen=True, slots=True)
class AskLine:
    """Somebody who was asked. :ivar note: when, and why not."""

    name: str
    said: str
    tone: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProgressLines:
    """The block on an order's page.

    :ivar reserve: names of those who stand by. :ivar until: how long a crew is sought. :ivar when: the service's time.
    :ivar notes: what is good to know of it, each a sentence.
    """

    title: str
    summary: str
    people: Sequence[AskLine]
    reserve: Sequence[str]
    until: str = ""
    when: str = ""
    notes: Sequence[str] = ()


def progress_lines(actor: Actor, order: Order, *, hides_names: bool = False) -> ProgressLines | None:
    """For the team that asks, the department that holds the order, and the office; None for others, or when nobody is
    asked.

    :param hides_names: shortens the own people's names too, and leaves out why they can't: a link may be passed on.
    """
    may_look = actor.party is Party.OFFICE or (
        actor.party is Party.DEPARTMENT and order.department_id == actor.department_id
    )
    if actor.party is Party.TEAM:
        may_look = actor.team_id in (order.held_team_id, order.team_id)
    progress = find_progress(order) if may_look else None
    if progress is None:
        return None
    is_own = actor.party is Party.TEAM and actor.team_id == progress.team_id and not hides_names
    hold, people, reserve = progress.hold, [], []
    for ask, name in progress.people:
        shown = _name(ask, name, is_own=is_own)
        if where_is(ask) is Where.RESERVE:
            reserve.append(shown)
        elif ask.asked_at is not None and (progress.is_held or not ask.ending):
            people.append(_line(ask, shown, shows_why=is_own and not ask.is_lent))
    when = time_span(hold.starts_at, hold.ends_at)
    if not progress.is_held:
        missing = _("有人来不了 %(when)s 的服务，请了下面的人。", when=when)
        return ProgressLines(_("正在请人补上"), missing, people, reserve)
    said_yes = sum(ask.answer == "yes" and not ask.ending for ask, _name in progress.people)
    asks = [ask for ask, _name in progress.people if ask.asked_at is not None]
    summary = _("要 %(people)d 人，请了 %(asked)d 位，已答应 %(count)d 人。",
                people=hold.people, asked=len(asks), count=said_yes)  # fmt: skip
    return ProgressLines(
        _("请人进展"), summary, people, reserve, day_time(hold.until), when, _notes(asks, hold.people - said_yes)
    )


def _notes(asks: Sequence[CrewAsk], missing: int) -> list[str]:
    waiting = [ask for ask in asks if where_is(ask) is Where.WAITING]
    later = min((ask.asked_at for ask in waiting if ask.asked_at is not None and ask.asked_at > now()), default=None)
    notes = []
    if later is not None:
        notes.append(_("夜里不打扰队员，%(when)s 起请人。", when=day_time(later)))
    if len(waiting) > missing:
        notes.append(_("有人会来不了，所以多请几位；人一齐，没回音的人马上收到“这次不用去了”。"))
    return notes


def _name(ask: CrewAsk, name: str, *, is_own: bool) -> str:
    """Full names are for the own team; of somebody of another team once they have said yes."""
    if not is_own or (ask.is_lent and ask.answer != "yes"):
        name = mask_name(name)
    return _("%(name)s（邻队）", name=name) if ask.is_lent else name


def _line(ask: CrewAsk, name: str, *, shows_why: bool) -> AskLine:
    if ask.answer == "yes":
        return AskLine(name, _("能去"), "good")
    if ask.answer == "no":
        why: list[Any] = [reason_in_words(ask.reason), ask.text] if shows_why else []
        return AskLine(name, _("去不了"), "bad", _("，").join(filter(None, why)))
    if ask.ending:
        return AskLine(name, _("没有回音") if ask.ending == "silent" else _("不用去了"), "ended")
    if ask.asked_at is not None and ask.asked_at > now():
        return AskLine(name, _("早上再请"), "wait", _("夜里不打扰"))
    return AskLine(name, _("等答复"), "wait", _("%(when)s请的", when=day_time(ask.asked_at)))
