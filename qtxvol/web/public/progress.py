"""How far the city has come, for anybody: the board, all targets, model cases."""

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Label
from qtxvol.progress.goals import Light
from qtxvol.progress.queries import get_board
from qtxvol.progress.standing import count_exits, get_standing, list_towns
from qtxvol.progress.targets import (
    PeriodView,
    count_lights,
    find_period,
    list_periods,
    list_restatements,
    list_targets,
    today_of,
)
from qtxvol.progress.weeks import get_weeks
from qtxvol.refusals import NotFound
from qtxvol.reports.cases import facts_of, list_cases
from qtxvol.reports.queries import list_period_ends, list_years, read_census, read_names
from qtxvol.reports.sheets import Paper
from qtxvol.reports.target_lines import CAUSES, LIGHTS, leads_of, reached_of, source_of, target_sheet, wanted_of
from qtxvol.web.charts import (
    board_picture,
    flow_picture,
    map_picture,
    one_decimal,
    people_tables,
    rating_note,
    weeks_picture,
)
from qtxvol.web.forms import now
from qtxvol.web.public.views import bp
from qtxvol.web.report_pages import send_file, show_paper

#: Tone of a light's badge; its shape differs too.
LIGHT_TONES = {
    Light.DONE: "good",
    Light.ON_COURSE: "busy",
    Light.BEHIND: "bad",
    Light.NO_DATA: "wait",
    Light.ENDED: "ended",
}


@bp.get("/progress")
def progress() -> ResponseReturnValue:
    """How far it is to 2,000 science volunteers, how orders go, and what counts; `map` chooses what the map shows."""
    board, towns, weeks, standing = get_board(now()), list_towns(), get_weeks(now()), get_standing(now())
    census = read_census(now())
    people = people_tables(census, read_names(), today_of(now()), is_public=True)
    hidden = next(table.hidden for table in people if table.kind == "town")
    return render_template(
        "public/progress.html",
        board=board_picture(board),
        missing=board.missing,
        quote=board.target.quote if board.target else "",
        ends=list_period_ends(now()),
        restated=list_restatements(board.target.id, 5) if board.target else [],
        causes=CAUSES,
        people=people,
        recent=weeks.recent,
        rating=one_decimal(weeks.recent.average),
        rating_note=rating_note(weeks.recent),
        flow=flow_picture(standing, count_exits(now()), weeks.recent, is_public=True),
        map=map_picture(
            request.args.get("map", ""),
            ("volunteers", "closed"),
            standing,
            weeks,
            {key: heads.registered for key, heads in census.by(0).items()},
            towns,
            "public.progress",
            hidden,
        ),
        weeks=weeks_picture(weeks),
    )


@bp.get("/progress/targets")
def targets() -> ResponseReturnValue:
    """Every target of a period with what was reached, who says so and its light; those without a number too."""
    period, periods = _period()
    found = list_targets(period.id, today_of(now())) if period else []
    return render_template(
        "public/targets.html",
        period=period,
        periods=periods,
        targets=found,
        lights=[(LIGHTS[light], count, LIGHT_TONES[light]) for light, count in count_lights(found).items()],
        light_labels=LIGHTS,
        light_tones=LIGHT_TONES,
        wanted_of=wanted_of,
        reached_of=reached_of,
        source_of=source_of,
        leads_of=leads_of,
    )


@bp.get("/progress/targets/sheet")
def targets_sheet() -> ResponseReturnValue:
    """The same for the printer."""
    period, _periods = _period()
    args: dict[str, Any] = {"period": period.id if period else None}
    return show_paper(_targets_paper(), back_url=url_for(".targets", **args), xlsx_url=url_for(".targets_file", **args))


@bp.get("/progress/targets.xlsx")
def targets_file() -> ResponseReturnValue:
    """The same as a file."""
    return send_file(_targets_paper())


@bp.get("/progress/cases")
def cases() -> ResponseReturnValue:
    """Model cases of a year, in the office's words."""
    years = list_years(now())
    year = request.args.get("year", years[0], type=int)
    year = year if year in years else years[0]
    found = [(case, facts_of(row, with_number=False)) for case, row in list_cases(year) if row.is_good]
    return render_template("public/cases.html", cases=found, year=year, years=years)


def _period() -> tuple[PeriodView | None, list[PeriodView]]:
    """The one asked for, and all that have begun."""
    today = today_of(now())
    periods = [each for each in list_periods(today) if each.starts_on <= today]
    return find_period(periods, today, request.args.get("period", "")), periods


def _targets_paper() -> Paper:
    period, _periods = _period()
    if period is None:
        raise NotFound("period")
    return Paper(
        f"targets-{period.id}",
        Label("目标完成情况", "Targets and how they stand"),
        Label(
            f"{period.name.zh}，{period.starts_on} 至 {period.ends_on}",
            f"{period.name.en}, {period.starts_on} to {period.ends_on}",
        ),
        now(),
        [target_sheet(period.name, list_targets(period.id, today_of(now())))],
        notes=(
            Label(
                "填报的数由牵头单位填写、第二人确认后才列出；系统统计的数每天更新。没有数值的目标也列出。",
                "Reported figures are written by the lead unit and stand here once a second person has confirmed them; "
                "counted ones are renewed daily. Targets without a number are listed too.",
            ),
        ),
    )
