"""A desk's inbox: everything that it has been told, whatever it was about, and having read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.actor import Actor
from qtxvol.base import AnyRow
from qtxvol.directory.queries import list_departments
from qtxvol.notices.links import page_of
from qtxvol.notices.queries import list_notices, mark_one_read, mark_read
from qtxvol.notices.wording import INBOX, Worded, word_notices
from qtxvol.orders.lifecycle import Party
from qtxvol.volunteers.queries import team_names
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import ID, LARGEST_ID, count_numbers, desk_of, render_desk
from qtxvol.web.display import is_english, item_name, pick
from qtxvol.web.forms import now
from qtxvol.web.order_page import doer, payload_teams
from qtxvol.web.wording import event_title

#: They read what happened in the words of the trade, with who did it beside; the others read a sentence.
_CLERKS = (Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM, Party.OFFICE)


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One line of the inbox.

    :ivar text: a second line; empty for a step of an order, whose title says it all.
    :ivar url: what it is about; its name is `what`, empty when that is no order.
    """

    id: int
    title: str
    text: str
    who: str
    url: str
    what: str
    number: str
    at: datetime
    is_read: bool


def add_notices(bp: Blueprint) -> None:
    """Give a desk its inbox."""
    bp.add_url_rule("/notices", "notices", notices)
    bp.add_url_rule("/notices", "read_notices", read_notices, methods=["POST"])
    bp.add_url_rule(f"/notices/<{ID}:notice_id>/read", "read_notice", read_notice, methods=["POST"])


def notices() -> ResponseReturnValue:
    """What this desk has been told; `?show=unread` leaves out what was read."""
    actor = current_actor()
    numbers = count_numbers(actor)
    is_unread_only = request.args.get("show") == "unread"
    page = list_notices(actor, request.args.get("page", 1, type=int), now(), is_unread_only=is_unread_only)
    return render_desk(
        "desk/notices.html",
        numbers=numbers,
        page=page,
        unread=numbers.counts["notices"],
        newest_id=page.rows[0].Notice.id if page.rows and page.number == 1 else 0,
        lines=_make_lines(actor, page.rows),
        is_unread_only=is_unread_only,
        url_for_page=lambda number: url_for(request.endpoint or "", page=number, **_show(is_unread_only)),
    )


def read_notices() -> ResponseReturnValue:
    """Somebody of this desk has read them, up to the newest that the page showed."""
    up_to = request.form.get("up_to", 0, type=int)
    mark_read(current_actor(), max(0, min(up_to, LARGEST_ID)), now())
    return _back()


def read_notice(notice_id: int) -> ResponseReturnValue:
    """Somebody of this desk has read this one."""
    mark_one_read(current_actor(), notice_id, now())
    return _back(**_show(request.form.get("show") == "unread"), page=request.form.get("page", 1, type=int))


def _show(is_unread_only: bool) -> dict[str, Any]:
    return {"show": "unread"} if is_unread_only else {}


def _back(**args: Any) -> ResponseReturnValue:
    if args.get("page") == 1:
        del args["page"]
    return redirect(url_for(f"{desk_of(current_actor().party)}.notices", **args), 303)


def _make_lines(actor: Actor, rows: Sequence[AnyRow]) -> list[NoticeLine]:
    plain = [row for row in rows if _is_plain(actor, row)]
    spoken = [row.Notice for row in rows if not _is_plain(actor, row)]
    words = word_notices(spoken, channel=INBOX, locale="en" if is_english() else "zh")
    named = (
        list_departments(active_only=False) if any("department_id" in row.OrderEvent.payload for row in plain) else ()
    )
    departments = {each.id: pick(each.name, each.name_en) for each in named}
    asked = {team for row in plain for team in payload_teams(row.OrderEvent.payload)}
    teams = team_names(asked) if asked else {}
    return [
        _make_line(actor, row, words.get(row.Notice.id) or Worded(event_title(row.OrderEvent, departments, teams), ""))
        for row in rows
    ]


def _is_plain(actor: Actor, row: AnyRow) -> bool:
    """It is said in the words of the trade, with who did it beside."""
    return actor.party in _CLERKS and row.OrderEvent is not None and row.Notice.kind == row.OrderEvent.action


def _make_line(actor: Actor, row: AnyRow, worded: Worded) -> NoticeLine:
    notice, event = row.Notice, row.OrderEvent
    return NoticeLine(
        id=notice.id,
        title=worded.subject,
        text=worded.text,
        who=doer(event) if event is not None else "",
        url=_url(actor, row),
        what=item_name(row) if row.number else "",
        number=row.number or "",
        at=notice.due_at,
        is_read=notice.read_at is not None,
    )


def _url(actor: Actor, row: AnyRow) -> str:
    """The page that it is about; empty when that would be this one."""
    path = page_of(row.Notice.kind, actor.party, row.number or "", row.Notice.about)
    return "" if path.endswith("/notices") else f"{request.script_root}{path}"
