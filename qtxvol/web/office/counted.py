"""From a daily count of a target to the very people and orders that it was made of."""

from datetime import date
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.progress.count import list_terms
from qtxvol.progress.drill import list_counted_orders, list_counted_people, list_counted_schools
from qtxvol.progress.models import TargetSnapshot
from qtxvol.progress.targets import get_target, list_snapshots, today_of
from qtxvol.refusals import NotFound
from qtxvol.volunteers.teams import HOST_KIND_LABELS
from qtxvol.web.desk import render_desk
from qtxvol.web.forms import now, parse_day
from qtxvol.web.office.views import bp, page_number, url_for_page


@bp.get("/progress/counted/<target_id>")
def counted(target_id: str) -> ResponseReturnValue:
    """The rows of the target's count of `day`, the latest without; as known when it was counted."""
    target = get_target(target_id[:16], today_of(now()))
    snapshot = _get_snapshot(target.id, parse_day(request.args.get("day", "")))
    day, known_at = snapshot.day, snapshot.counted_at
    active_only = request.args.get("active") == "1"
    more: dict[str, Any] = {}
    if target.measure == "volunteers":
        more["people"] = list_counted_people(day, known_at, page_number(), active_only=active_only)
    else:
        terms = list_terms()
        more["orders"] = list_counted_orders(target.id, day, known_at, terms, page_number())
        if target.measure == "per_school":
            more["schools"] = list_counted_schools(target.id, day, known_at, terms)
    return render_desk(
        "office/counted.html",
        nav_current="office.figures",
        target=target,
        snapshot=snapshot,
        active_only=active_only,
        hosts=HOST_KIND_LABELS,
        url_for_page=url_for_page,
        tabs=[
            (url_for(".counted", target_id=target.id, day=day, active=active), active == ("1" if active_only else None))
            for active in (None, "1")
        ],
        **more,
    )


def _get_snapshot(target_id: str, day: date | None) -> TargetSnapshot:
    """:raise NotFound: nobody counted then."""
    found = list_snapshots(target_id, day, day)
    if not found:
        raise NotFound(target_id)
    return found[-1]
