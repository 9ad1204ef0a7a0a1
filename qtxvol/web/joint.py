"""并场: what could be held together, what is being asked about, and the answers that residents give on the telephone. A
page that community and department desks share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.phones import has_phone_inside
from qtxvol.offers.joint import (
    LONGEST_WORDS,
    JointIdea,
    answer_joint,
    call_off_joint,
    find_joined_seat,
    find_joint,
    find_open_seat,
    propose_joint,
)
from qtxvol.offers.joint_queries import Proposed, list_proposed
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Order
from qtxvol.orders.numbers import parse_number, spoken
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, ID, LARGEST_ID, desk_of, render_desk
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, _l
from qtxvol.web.joint_words import joint_facts, joint_said, joint_until
from qtxvol.web.wording import refusal_sentence

#: Ideas on one page; the likeliest come first, and each that is taken up makes room.
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Typed:
    """What came back with a sentence: it stands in the form still.

    :ivar idea: number of the host that was proposed. :ivar host: of the one that was chosen.
    """

    idea: str = ""
    host: str = ""
    others: Sequence[str] = ()
    starts_at: str = ""
    text: str = ""


def add_joint(bp: Blueprint) -> None:
    """Give a desk the page `/joint`."""
    bp.add_url_rule("/joint", "joint", show)
    bp.add_url_rule("/joint", "propose_joint", propose, methods=["POST"])
    bp.add_url_rule(f"/joint/<{ID}:session_id>/off", "call_off_joint", call_off, methods=["POST"])
    if bp.name == desk_of(Party.COMMUNITY):
        bp.add_url_rule(f"/joint/<{ID}:session_id>/answer", "answer_joint", answer, methods=["POST"])
    party = Party.COMMUNITY if bp.name == desk_of(Party.COMMUNITY) else Party.DEPARTMENT
    EXTRA_NAV[party].append((f"{bp.name}.joint", _l("可以并场")))


def show() -> ResponseReturnValue:
    """What could be held together, and what is being asked about."""
    return _page(current_actor())


def propose() -> ResponseReturnValue:
    """Ask everybody. The form carries the orders that were ticked, the host among them, and one of the times."""
    actor = current_actor()
    typed = Typed(
        idea=request.form.get("idea", "")[:40],
        host=request.form.get("host", "")[:40],
        others=[text[:40] for text in request.form.getlist("others")[:20]],
        starts_at=request.form.get("window", "")[:80],
        text=request.form.get("text", "").strip()[: LONGEST_WORDS + 1],
    )
    if len(typed.text) > LONGEST_WORDS:
        return _page(actor, _("给居民的话太长了，最多 %(most)s 个字。", most=LONGEST_WORDS), typed), 422
    if has_phone_inside(typed.text):
        return _page(actor, _("这里好像写了手机号码，别人会看到。请删掉号码再提交。"), typed), 422
    host, others = parse_number(typed.host), [parse_number(text) for text in typed.others]
    if host is None or None in others:
        return _page(actor, _("没有收到您的选择，请再点一次。"), typed), 422
    try:
        propose_joint(
            actor,
            host_number=host,
            numbers=[number for number in others if number and number != host],
            window=_window(typed.starts_at),
            text=typed.text,
            now=now(),
        )
    except Refused as refused:
        if refused.status == 403:
            raise
        return _page(actor, refusal_sentence(refused), typed), refused.status
    flash(_("已经分别问各家了，两天内答复。愿意的会自动并过去，不愿意的照常单独办。"), "done")
    return redirect(url_for(".joint"), 303)


def call_off(session_id: int) -> ResponseReturnValue:
    """Stop asking."""
    call_off_joint(session_id, current_actor(), now())
    flash(_("已经停止征求意见，没并过来的照常单独办。"), "done")
    return redirect(url_for(".joint"), 303)


def answer(session_id: int) -> ResponseReturnValue:
    """What a resident said on the telephone."""
    actor, number = current_actor(), parse_number(request.form.get("number", "")[:40])
    if number is None:
        raise NotFound(session_id)
    said = request.form.get("answer")
    if said not in ("yes", "no"):
        return _page(actor, _("没有收到您的选择，请再点一次。")), 422
    try:
        seat = answer_joint(number, actor, session_id=session_id, is_yes=said == "yes", now=now())
    except Refused as refused:
        if refused.status == 403:
            raise
        return _page(actor, refusal_sentence(refused)), refused.status
    if seat.has_joined:
        flash(_("%(number)s 已并到一起办。", number=spoken(number)), "done")
    elif said == "yes":
        flash(_("已记下：%(number)s 愿意一起办。等主场那一家同意后自动并过去。", number=spoken(number)), "done")
    else:
        flash(_("已记下：%(number)s 单独办。", number=spoken(number)), "done")
    return redirect(url_for(".joint"), 303)


def _window(text: str) -> Window | None:
    """The time in the value of a choice; None: the first that suits all."""
    start, _slash, end = text.partition("/")
    try:
        window = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
    except ValueError:
        return None
    return window if window.starts_at.tzinfo and window.ends_at.tzinfo else None


def window_value(window: Window) -> str:
    return f"{window.starts_at.isoformat()}/{window.ends_at.isoformat()}"


def _page(actor: Actor, message: str = "", typed: Typed | None = None) -> str:
    ideas = find_joint(actor, now())
    return render_desk(
        "desk/joint.html",
        nav_current=f"{desk_of(actor.party)}.joint",
        ideas=ideas[:MOST_SHOWN],
        more=max(0, len(ideas) - MOST_SHOWN),
        proposed=list_proposed(actor, now()),
        message=message,
        typed=typed or Typed(),
        window_value=window_value,
        is_community=actor.party is Party.COMMUNITY,
        longest=LONGEST_WORDS,
    )


# On an order's own page


def joint_on_page(actor: Actor, order: Order) -> dict[str, Any]:
    """What an order's page shows of it: to a desk that something could be held together, or is being asked about; to
    the resident the question."""
    if actor.party is Party.RESIDENT:
        seat = find_open_seat(order.id, now())
        if seat is not None:
            shown = {"joint": joint_facts(seat), "joint_said": joint_said(seat), "joint_until": joint_until(seat)}
            return {"joint_seat": seat, **shown}
        part = find_joined_seat(order)
        return {"joint_part": joint_facts(part), "joint_said": joint_said(part)} if part is not None else {}
    if actor.party not in (Party.COMMUNITY, Party.DEPARTMENT) or order.status not in _LOOKED_AT:
        return {}
    url = url_for(f"{desk_of(actor.party)}.joint")
    if find_open_seat(order.id, now()) is not None:
        return {"joint_url": url, "joint_asked": True}
    ideas = find_joint(actor, now(), like=order) if order.menu_item_id and order.urgency == "normal" else []
    return {"joint_url": url, "joint_idea": ideas[0] if ideas else None}


def say_joint(actor: Actor, number: str, back: str) -> ResponseReturnValue:
    """What a resident taps on their order's page.

    :raise NotFound: not asked.
    """
    session_id, said = request.form.get("session_id", 0, type=int), request.form.get("answer")
    if not 0 < session_id <= LARGEST_ID:
        raise NotFound(number)
    if said not in ("yes", "no"):
        flash(_("没有收到您的选择，请再点一次。"), "warn")
        return redirect(back, 303)
    try:
        seat = answer_joint(number, actor, session_id=session_id, is_yes=said == "yes", now=now())
    except Refused as refused:
        if refused.status == 403:
            raise
        flash(refusal_sentence(refused), "warn")
        return redirect(back, 303)
    flash(joint_said(seat), "done")
    return redirect(back, 303)


_LOOKED_AT = (Status.PLACED, Status.DISPATCHED, Status.CLAIMED)

__all__ = ["JointIdea", "Proposed", "add_joint", "joint_on_page"]
