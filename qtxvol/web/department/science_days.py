"""The calendar of science days and the next school term, with what the department has to offer for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask.typing import ResponseReturnValue

from qtxvol.base import AnyRow
from qtxvol.directory.science_days import (
    Coming,
    departments_of,
    find_next_term,
    keeps_school_terms,
    list_days,
    list_items,
)
from qtxvol.orders.lifecycle import Party
from qtxvol.web.access import current_actor
from qtxvol.web.department.views import bp
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.display import pick
from qtxvol.web.i18n import _l
from qtxvol.web.science_days import left_words, span_words, today

EXTRA_NAV[Party.DEPARTMENT].append(("department.science_days", _l("科普节日")))


@dataclass(frozen=True, slots=True)
class Line:
    """A day of the list. :ivar items: of the department's own menu, by name. :ivar fits: it is told of the day."""

    day: Coming
    when: str
    left: str
    items: Sequence[str]
    fits: bool


@bp.get("/science-days")
def science_days() -> ResponseReturnValue:
    """The year ahead."""
    department = current_actor().department_id or ""
    items = [item for item in list_items() if department in departments_of(item)]
    lines = [_line(day, items, department) for day in list_days(today())]
    term = find_next_term(today()) if keeps_school_terms(department) else None
    return render_desk(
        "department/science_days.html",
        lines=lines,
        term=term,
        term_when=span_words(term.span) if term else "",
        term_left=left_words(term.span) if term else "",
    )


def _line(day: Coming, items: Sequence[AnyRow], department: str) -> Line:
    fitting = [item for item in items if day.fits(item)]
    own = [pick(item.name, item.name_en) for item in fitting if item.department_id == department]
    return Line(day, span_words(day.span), left_words(day.span), own, bool(fitting))
