"""Several orders of a list in one go: ticked, looked at on a page of their own, confirmed, and told one by one.

Nothing is kept between the pages: what was ticked travels in the form, and the same page sent twice does nothing the
second time, so that its answer can be shown again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import find_obstacle
from qtxvol.base import AnyRow
from qtxvol.directory.queries import list_departments
from qtxvol.offers.suggest import suggest_for_each
from qtxvol.orders.bulk import MOST_AT_ONCE, Pick, Taken, claim_each, dispatch_each
from qtxvol.orders.lifecycle import Action, find_refusal, find_undo, get_rule
from qtxvol.orders.numbers import parse_number
from qtxvol.orders.queries import list_numbered
from qtxvol.orders.transition import facts_of
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import desk_of, render_desk
from qtxvol.web.display import pick, say
from qtxvol.web.forms import now
from qtxvol.web.i18n import _
from qtxvol.web.list_filters import args_of, filters_of, query_of
from qtxvol.web.match_words import department_note
from qtxvol.web.order_list import WORKED_OFF, Tap
from qtxvol.web.wording import CONFIRMATIONS, refusal_sentence

#: A verb of the bulk module.
Verb = Callable[..., list[Taken]]

_VERBS: dict[Action, Verb] = {Action.DISPATCH: dispatch_each, Action.CLAIM: claim_each}


@dataclass(frozen=True, slots=True)
class Destination:
    """The department that an order would go to, and why that one.

    :ivar suggested_id: the one that the service suggests first.
    """

    department_id: str
    name: str
    why: str
    suggested_id: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A ticked order on the confirming page: what sending it would do, or why it can't be done.

    :ivar value: what the page sends back for it.
    """

    number: str
    row: AnyRow | None
    destination: Destination | None = None
    why_not: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What has become of one order: done, with the way to take it back, or not, with the reason."""

    number: str
    row: AnyRow | None
    why_not: str = ""
    undo: Tap | None = None


def add_bulk(bp: Blueprint) -> None:
    """Give a desk whose list can be worked off its two pages for several orders."""
    bp.add_url_rule("/bulk", "check_bulk", check_bulk, methods=["POST"])
    bp.add_url_rule("/bulk/confirmed", "do_bulk", do_bulk, methods=["POST"])


def check_bulk() -> ResponseReturnValue:
    """Look at what was ticked before anything is done: each order, where it would go and why, or why it can't."""
    actor = current_actor()
    numbers = _numbers(request.form.getlist("number"))
    if not numbers:
        flash(_("还没有勾选。请先在单的前面打勾，再点这个按钮。"), "warn")
        return redirect(_list_url(), 303)
    action = WORKED_OFF[actor.party]
    rows = list_numbered(actor, numbers)
    find_destination = _destinations(action, request.form.get("department_id", ""), rows)
    checked = [_check(action, actor, row, find_destination) for row in rows]
    known = {row.number for row in rows}
    sentence = refusal_sentence(Refused("no_such_order", 404))
    checked += [Checked(number, None, why_not=sentence) for number in numbers if number not in known]
    return render_desk(
        "desk/bulk_check.html",
        nav_current="waiting",
        action=say(get_rule(action).label),
        confirm=str(CONFIRMATIONS[action]),
        has_destination=action is Action.DISPATCH,
        chooses_asking=action is Action.CLAIM,
        ready=[each for each in checked if not each.why_not],
        refused=[each for each in checked if each.why_not],
        key=uuid4().hex,
        list_query=_list_query(),
        list_url=_list_url(),
        do_url=url_for(f"{desk_of(actor.party)}.do_bulk"),
    )


def do_bulk() -> ResponseReturnValue:
    """Take the step for each order that is still ticked, and say exactly what was done and what was not."""
    actor = current_actor()
    picks = [found for text in request.form.getlist("order") if (found := _pick(text)) is not None]
    if not picks:
        flash(_("没有选中任何单，什么也没有办。"), "warn")
        return redirect(_list_url(), 303)
    key = request.form.get("key", "")
    action = WORKED_OFF[actor.party]
    chosen = {"is_auto_asked": "is_auto_asked" in request.form} if action is Action.CLAIM else {}
    taken = _VERBS[action](
        picks, actor, now=now(), key=key if 0 < len(key) <= 40 and key.isprintable() else uuid4().hex, **chosen
    )
    return _show_taken(actor, taken)


def _show_taken(actor: Actor, taken: Sequence[Taken]) -> ResponseReturnValue:
    action = WORKED_OFF[actor.party]
    rows = {row.number: row for row in list_numbered(actor, [each.pick.number for each in taken])}
    told = [_tell(action, actor, each, rows.get(each.pick.number)) for each in taken]
    return render_desk(
        "desk/bulk_done.html",
        nav_current="waiting",
        action=say(get_rule(action).label),
        done=[each for each in told if not each.why_not],
        refused=[each for each in told if each.why_not],
        list_url=_list_url(),
    )


def _check(
    action: Action, actor: Actor, row: AnyRow, find_destination: Callable[[AnyRow], Destination | str | None]
) -> Checked:
    """The same checks as those of the step itself, which asks again when it comes to it."""
    facts = facts_of(row.Order, actor, now(), last_action=row.last_action)
    code = find_refusal(get_rule(action), actor.party, facts) or find_obstacle(actor, row.Order, action)
    if code is not None:
        refused = Refused(code, winner=row.last_actor_name, stands_at=row.status)
        return Checked(row.number, row, why_not=refusal_sentence(refused))
    destination = find_destination(row)
    if isinstance(destination, str):
        return Checked(row.number, row, why_not=destination)
    where = f"{destination.department_id}|{destination.suggested_id}" if destination else "|"
    return Checked(row.number, row, destination, value=f"{row.number}|{row.version}|{where}")


def _destinations(action: Action, chosen: str, rows: Sequence[AnyRow]) -> Callable[[AnyRow], Destination | str | None]:
    """Says for each order where it would go, or why nobody can be named; None where nothing is to be chosen.

    :param chosen: the one department for all; empty: each to the one that is suggested first for it.
    """
    if action is not Action.DISPATCH:
        return lambda row: None
    departments = {each.id: pick(each.name, each.name_en) for each in list_departments()}
    if chosen and chosen not in departments:
        raise Refused("unknown", 422, field="department_id")
    suggested = suggest_for_each([row.Order for row in rows], now())

    def find(row: AnyRow) -> Destination | str:
        first = next(iter(suggested[row.Order.id]), None)
        suggested_id = first.department_id if first else ""
        if chosen:
            return Destination(chosen, departments[chosen], _("您选的部门"), suggested_id)
        if row.returns_count:
            return _("被部门退回过，请打开这张单，看了原因再派。")
        if first is None:
            return _("没有建议的部门，请打开这张单，自己选一个。")
        name = pick(first.named.name, first.named.name_en)
        return Destination(suggested_id, name, department_note(first), suggested_id)

    return find


def _tell(action: Action, actor: Actor, taken: Taken, row: AnyRow | None) -> Told:
    if taken.refused is not None:
        return Told(taken.pick.number, row, why_not=refusal_sentence(taken.refused))
    return Told(taken.pick.number, row, undo=_undo_of(action, actor, row, now()) if row is not None else None)


def _undo_of(action: Action, actor: Actor, row: AnyRow, moment: datetime) -> Tap | None:
    """One tap that takes the step back, as long as it can be."""
    rule = find_undo(action)
    if rule is None or row.last_action != action:
        return None
    if find_refusal(rule, actor.party, facts_of(row.Order, actor, moment, last_action=action)):
        return None
    url = url_for(f"{desk_of(actor.party)}.act", number=row.number, action=rule.action)
    return Tap(url, str(CONFIRMATIONS[rule.action]), {"version": str(row.version)})


def _numbers(texts: Sequence[str]) -> list[str]:
    """What was ticked, each once.

    :raise Refused: `too_many_at_once` (422).
    """
    numbers = list(dict.fromkeys(number for text in texts if (number := parse_number(text[:40])) is not None))
    if len(numbers) > MOST_AT_ONCE:
        raise Refused("too_many_at_once", 422, most=MOST_AT_ONCE)
    return numbers


def _pick(text: str) -> Pick | None:
    number, _bar, rest = text.partition("|")
    version, _bar, where = rest.partition("|")
    department_id, _bar, suggested_id = where.partition("|")
    known = parse_number(number[:40])
    if known is None or not (version.isascii() and version.isdecimal() and len(version) < 9):
        return None
    return Pick(known, int(version), *(code.replace("\0", "")[:32] for code in (department_id, suggested_id)))


def _list_query() -> str:
    """Where the list stood when it was left, checked."""
    return query_of(filters_of(request.form.get("list", "")[:500], current_actor().party))


def _list_url() -> str:
    party = current_actor().party
    filters = filters_of(request.form.get("list", "")[:500], party)
    return url_for(f"{desk_of(party)}.inbox", **args_of(filters))
