"""What did not arrive, at the desks of the office and of a community: phone, send once more, tick off."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from qtxvol.channels.specs import CHANNELS
from qtxvol.notices.dead_letters import (
    AGES,
    KINDS_OF_LETTERS,
    LetterFilters,
    list_dead_letters,
    mark_told,
    retry_letter,
    retry_letters,
)
from qtxvol.notices.deliver import WHY
from qtxvol.notices.kinds import KINDS
from qtxvol.orders.lifecycle import Party
from qtxvol.web.access import current_actor
from qtxvol.web.channel_words import channel_name, fault_words
from qtxvol.web.deliveries import WHY_WORDS
from qtxvol.web.desk_frame import EXTRA_NAV, ID, desk_of, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, _l, ngettext

_TABS = {"dead": _l("没送达"), "unknown": _l("可能已送达"), "handled": _l("已处理")}
_AGE_WORDS = {"new": _l("一天以内"), "old": _l("超过一天")}
_WHYS = {"dead": ("refused", "gave_up", "no_address", "channel_off"), "unknown": ("no_answer", "stopped")}


def add_undelivered(bp: Blueprint, party: Party) -> None:
    """The list at `/undelivered` of this desk, and what is done about a line."""
    bp.add_url_rule("/undelivered", "undelivered", undelivered)
    bp.add_url_rule("/undelivered", "send_all_again", send_all_again, methods=["POST"])
    bp.add_url_rule(f"/undelivered/<{ID}:delivery_id>/again", "send_again", send_again, methods=["POST"])
    bp.add_url_rule(f"/undelivered/<{ID}:delivery_id>/told", "told_by_phone", told_by_phone, methods=["POST"])
    EXTRA_NAV[party].append((f"{bp.name}.undelivered", _l("没送达的通知")))


def undelivered() -> ResponseReturnValue:
    """The list, narrowed by channel, cause and age."""
    filters = _filters_of(request.args)
    page = list_dead_letters(current_actor(), filters, request.args.get("page", 1, type=int), now())
    own = f"{_desk()}.undelivered"
    return render_desk(
        "desk/undelivered.html",
        nav_current=own,
        page=page,
        filters=filters,
        tabs=[(url_for(own, which=code), label, code == filters.which) for code, label in _TABS.items()],
        channels=[(code, channel_name(code)) for code in CHANNELS],
        whys=[(code, WHY_WORDS[code]) for code in _WHYS.get(filters.which, ())],
        ages=list(_AGE_WORDS.items()),
        channel_name=channel_name,
        why_words=WHY_WORDS,
        fault_words=fault_words,
        kind_label=lambda code: say(KINDS[code].label) if code in KINDS else code,
        fields=_fields(filters),
        url_for_page=lambda number: url_for(own, **_fields(filters), page=number),
    )


def send_again(delivery_id: int) -> ResponseReturnValue:
    """One line once more."""
    retry_letter(delivery_id, current_actor(), now())
    flash(_("已重新排队，几秒钟内发出。"), "done")
    return _back()


def send_all_again() -> ResponseReturnValue:
    """All lines that the list shows, on all its pages."""
    count = retry_letters(current_actor(), _filters_of(request.form), now())
    flash(ngettext("已重新排队 %(num)d 条。", "已重新排队 %(num)d 条。", count), "done")
    return _back()


def told_by_phone(delivery_id: int) -> ResponseReturnValue:
    """The reader knows it by now."""
    mark_told(delivery_id, current_actor(), now())
    flash(_("已记为电话告知。"), "done")
    return _back()


def _desk() -> str:
    return desk_of(current_actor().party)


def _back() -> ResponseReturnValue:
    return redirect(url_for(f"{_desk()}.undelivered", **_fields(_filters_of(request.form))), 303)


def _filters_of(given: MultiDict[str, str]) -> LetterFilters:
    """What is not known is left out."""
    which, channel, why, age = (given.get(name, "") for name in ("which", "channel", "why", "age"))
    return LetterFilters(
        which=which if which in KINDS_OF_LETTERS else "dead",
        channel=channel if channel in CHANNELS else "",
        why=why if why in WHY else "",
        age=age if age in AGES else "",
    )


def _fields(filters: LetterFilters) -> dict[str, Any]:
    named = {"which": filters.which, "channel": filters.channel, "why": filters.why, "age": filters.age}
    return {name: value for name, value in named.items() if value}
