"""The whole city on one page: where orders wait, where they are late, and how it has been going."""

from flask import request
from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Party
from qtxvol.progress.queries import get_board
from qtxvol.progress.standing import count_exits, get_standing, list_towns
from qtxvol.progress.weeks import get_weeks
from qtxvol.reports.queries import read_census
from qtxvol.web.charts import board_picture, flow_picture, heat_picture, map_picture, weeks_picture
from qtxvol.web.desk import EXTRA_NAV, render_desk
from qtxvol.web.forms import now
from qtxvol.web.i18n import _l
from qtxvol.web.office.views import bp

EXTRA_NAV[Party.OFFICE][:0] = [
    ("office.overview", _l("全市一览")),
    ("office.figures", _l("数字与明细")),
    ("office.papers", _l("评估材料")),
]


@bp.get("/overview")
def overview() -> ResponseReturnValue:
    """All pictures, with links to the lists behind them; `map` chooses what the map shows."""
    standing, towns, census = get_standing(now()), list_towns(), read_census(now())
    people = {key: heads.registered for key, heads in census.by(0).items()}
    weeks = get_weeks(now(), with_late_steps=True)
    measures = ("waiting", "overdue", "closed", "volunteers")
    return render_desk(
        "office/overview.html",
        flow=flow_picture(standing, count_exits(now()), weeks.recent, is_public=False),
        heat=heat_picture(standing, towns),
        map=map_picture(request.args.get("map", ""), measures, standing, weeks, people, towns, "office.overview"),
        weeks=weeks_picture(weeks),
        board=board_picture(get_board(now())),
    )
