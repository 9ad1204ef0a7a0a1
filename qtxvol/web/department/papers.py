"""The department's own self-check, year by year."""

from flask import url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Party
from qtxvol.reports.papers import unit_paper
from qtxvol.reports.queries import list_years
from qtxvol.reports.sheets import Paper
from qtxvol.web.access import current_actor
from qtxvol.web.department.views import bp
from qtxvol.web.desk import EXTRA_NAV, render_desk
from qtxvol.web.desk_frame import ID
from qtxvol.web.forms import now
from qtxvol.web.i18n import _l
from qtxvol.web.report_pages import send_file, show_paper

EXTRA_NAV[Party.DEPARTMENT].append(("department.papers", _l("自查表")))


@bp.get("/papers")
def papers() -> ResponseReturnValue:
    """A self-check for every year."""
    return render_desk("desk/papers.html", years=list_years(now()))


@bp.get(f"/papers/<{ID}:year>")
def paper(year: int) -> ResponseReturnValue:
    """The department's sheet of a year."""
    return show_paper(_make(year), back_url=url_for(".papers"), xlsx_url=url_for(".paper_file", year=year))


@bp.get(f"/papers/<{ID}:year>.xlsx")
def paper_file(year: int) -> ResponseReturnValue:
    """The same as a file."""
    return send_file(_make(year))


def _make(year: int) -> Paper:
    return unit_paper(current_actor().department_id or "", year, now())
