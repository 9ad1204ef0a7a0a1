"""Two rows that look like one person: merge them, say that they are two, take a merge back."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.refusals import Refused
from qtxvol.volunteers.doubles import dismiss_double, find_doubles, list_merges, merge_volunteers, undo_merge
from qtxvol.web.access import current_actor
from qtxvol.web.desk import ID, render_desk
from qtxvol.web.desk_frame import LARGEST_ID
from qtxvol.web.forms import now
from qtxvol.web.i18n import _
from qtxvol.web.office.views import bp, page_number, url_for_page
from qtxvol.web.volunteer_words import SOURCES, status_badge
from qtxvol.web.wording import refusal_sentence


@bp.get("/volunteers/doubles")
def doubles() -> ResponseReturnValue:
    """Pairs that nobody has judged, and the latest merges."""
    return _show()


@bp.post("/volunteers/doubles/merge")
def merge() -> ResponseReturnValue:
    """`survivor` goes on, the other of `one` and `two` is merged into it."""
    pair = {_sent_id("one"), _sent_id("two")}
    survivor = _sent_id("survivor")
    try:
        if len(pair) != 2 or survivor not in pair:
            flash(_("请选保留哪一条。"), "warn")
            return _show(), 422
        (merged,) = pair - {survivor}
        merge_volunteers(current_actor(), survivor, merged, now(), request.form.get("reason", ""))
    except Refused as refused:
        return _show(refusal_sentence(refused)), refused.status
    flash(_("已合并，时长合在一起算。合错了可以在下面撤销。"), "done")
    return redirect(url_for(".doubles"), 303)


@bp.post("/volunteers/doubles/dismiss")
def dismiss() -> ResponseReturnValue:
    """They are two people."""
    dismiss_double(current_actor(), _sent_id("one"), _sent_id("two"), now())
    flash(_("已记下：是两个人，不再提示。"), "done")
    return redirect(url_for(".doubles"), 303)


@bp.post(f"/merges/<{ID}:merge_id>/undo")
def take_merge_back(merge_id: int) -> ResponseReturnValue:
    """Two people again."""
    try:
        undo_merge(current_actor(), merge_id, now())
    except Refused as refused:
        return _show(refusal_sentence(refused)), refused.status
    flash(_("已撤销合并，两条登记都恢复原样。"), "done")
    return redirect(url_for(".doubles"), 303)


def _sent_id(name: str) -> int:
    """The id in a field of the form; 0, which nobody has, for anything else."""
    number = request.form.get(name, 0, type=int)
    return number if 0 < number <= LARGEST_ID else 0


def _show(message: str = "") -> str:
    return render_desk(
        "office/doubles.html",
        nav_current="office.teams",
        page=find_doubles(page_number()),
        merges=list_merges(),
        message=message,
        sources=SOURCES,
        status_badge=status_badge,
        url_for_page=url_for_page,
    )
