"""The pictures of the public board and of the office's overview: counted numbers become sentences, plans and tables.

Each picture carries `finding`, one sentence with what it shows: it is the picture's text alternative, and stands under
the title for everybody. Numbers come from `progress/`, geometry from `progress/charts.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask_babel import format_date

from qtxvol.orders.lifecycle import STATUS_LABELS, WAITS, Action, Status, get_rule
from qtxvol.orders.lifecycle import Label as Words
from qtxvol.progress.charts import (
    LINE_HEIGHT,
    Box,
    Label,
    LinePlan,
    MapPlan,
    Place,
    Point,
    Spot,
    place_labels,
    plan_line,
    plan_map,
    text_size,
    wedge,
)
from qtxvol.progress.pace import Forecast, Pace, forecast, measure_pace, needed_per_month
from qtxvol.progress.queries import Board, Count, People
from qtxvol.progress.standing import EXITS, STEPS, Standing, Town, Waiting
from qtxvol.progress.weeks import Span, Weeks
from qtxvol.web.display import is_english, party_label, pick, say
from qtxvol.web.i18n import _, _l

#: Widths that a picture is planned for: inside a phone of 360 px, and on a desk.
NARROW, WIDE = 328, 960
_LETTERS = 13.0


def number(value: float) -> str:
    """`1,446`."""
    return f"{value:,.0f}"


def one_decimal(value: float | None) -> str:
    """`4.6`, or a dash where there is nothing to say."""
    return "—" if value is None else f"{value:.1f}"


def whole_day(day: date) -> str:
    """`2025年12月31日`."""
    return str(format_date(day, "d MMMM y" if is_english() else "y年M月d日"))


def month(day: date) -> str:
    """`2027年6月`."""
    return str(format_date(day, "MMMM y" if is_english() else "y年M月"))


# Volunteers


@dataclass(frozen=True, slots=True)
class BoardLayout:
    """The curve of the volunteers at one width. Heights and places in SVG units; None: not drawn.

    :ivar period_end: where the period ended on the time axis.
    :ivar needed: from the latest count to the target at the end of a period that still runs.
    :ivar labels: of the target, the end of the period and both lines; none lies on another.
    """

    plan: LinePlan
    active: LinePlan
    target_y: float
    period_end: float | None
    wedge: str
    needed: tuple[Point, Point] | None
    labels: Sequence[Label]


@dataclass(frozen=True, slots=True)
class BoardPicture:
    """The way to the target: sentences, the curve at both widths, and the months as a table."""

    finding: str
    ended: str
    outlook: str
    target: int
    latest: Count
    at_end: Count | None
    layouts: tuple[BoardLayout, BoardLayout]
    months: Sequence[Count]


def board_picture(board: Board) -> BoardPicture | None:
    """None before the first count, or without a target."""
    if board.counts is None or board.target is None:
        return None
    latest, target = board.counts, int(board.target.value)
    pace = measure_pace([(row.day, row.registered) for row in board.days])
    outlook = forecast((latest.day, latest.registered), target, pace) if pace else None
    ends_on = board.target.ends_on
    return BoardPicture(
        finding=_(
            "注册 %(registered)s 人，其中近一年活跃 %(active)s 人；目标 %(target)s 人，还差 %(missing)s 人。",
            registered=number(latest.registered),
            active=number(latest.active),
            target=number(target),
            missing=number(board.missing),
        ),
        ended=_say_end(board, target, ends_on),
        outlook=_say_outlook(latest, target, pace, outlook, None if board.is_over else ends_on),
        target=target,
        latest=latest,
        at_end=board.at_end,
        layouts=(
            _plan_board(board, target, pace, outlook, NARROW, 250),
            _plan_board(board, target, pace, outlook, WIDE, 330),
        ),
        months=board.trend,
    )


def _say_end(board: Board, target: int, ends_on: date) -> str:
    if not board.is_over:
        return _("规划期到 %(day)s为止。", day=whole_day(ends_on))
    if board.at_end is None:
        return _("规划期已于 %(day)s结束，当时没有统计。数字仍每天更新。", day=whole_day(ends_on))
    return _(
        "规划期已于 %(day)s结束；期内最后一次统计（%(counted)s）为 %(people)s 人，目标 %(target)s 人。数字仍每天更新。",
        day=whole_day(ends_on),
        counted=whole_day(board.at_end.day),
        people=number(board.at_end.registered),
        target=number(target),
    )


def _say_outlook(latest: Count, target: int, pace: Pace | None, outlook: Forecast | None, ends_on: date | None) -> str:
    """How quickly it goes, how quickly it would have to, and when the target would be reached."""
    if latest.registered >= target:
        return _("目标人数已经达到。")
    if pace is None or outlook is None:
        return _("统计还不到三个月，看不出速度。")
    words = [_("近三个月平均每月增加 %(people)s 人。", people=one_decimal(pace.per_month))]
    needed = needed_per_month((latest.day, latest.registered), target, ends_on) if ends_on else None
    if needed is not None:
        words.append(_("要按期达到目标，每月需增加 %(people)s 人。", people=one_decimal(needed)))
    if outlook.likely is None:
        words.append(_("照这个速度，十年内到不了目标。"))
    else:
        words.append(_("照这个速度，约在 %(month)s达到目标。", month=month(outlook.likely)))
    early, late = outlook.earliest, outlook.latest
    if early and late:
        words.append(
            _(
                "按过去一年里最快和最慢的三个月估算，在 %(early)s到 %(late)s之间。",
                early=month(early),
                late=month(late),
            )
        )
    elif early:
        words.append(_("按过去一年里最快的三个月估算，最早 %(early)s；按最慢的，十年内到不了。", early=month(early)))
    return (" " if is_english() else "").join(words)


def _plan_board(
    board: Board, target: int, pace: Pace | None, outlook: Forecast | None, width: int, height: int
) -> BoardLayout:
    points = [row for row in board.trend]
    latest, ends_on = points[-1], board.target.ends_on if board.target else points[-1].day
    start = (latest.day.toordinal(), latest.registered)
    is_open = latest.registered < target
    until = latest.day
    if is_open and outlook:
        furthest = latest.day + timedelta(days=540)
        until = min(furthest, outlook.latest or furthest) + timedelta(days=20)
    if not board.is_over and is_open:
        until = max(until, ends_on)
    ticks = [(day.toordinal(), f"{day:%Y-%m}") for day in _quarters(points[0].day, until)]

    def lay(values: Callable[[Count], int]) -> LinePlan:
        return plan_line(
            [(row.day.toordinal(), values(row)) for row in points],
            ticks,
            width=width,
            height=height,
            size=_LETTERS,
            top=target * 1.04,
            until=until.toordinal(),
        )

    plan = lay(lambda row: row.registered)
    corners: tuple[Point, ...] = ()
    if is_open and pace:
        corners = wedge(start, target, pace.quickest, pace.slowest, until.toordinal())
    active = lay(lambda row: row.active)
    is_end_shown = board.is_over and points[0].day <= ends_on
    period_end = plan.x(ends_on.toordinal()) if is_end_shown else None
    return BoardLayout(
        plan=plan,
        active=active,
        target_y=plan.y(target),
        period_end=period_end,
        wedge=" ".join(f"{plan.x(when):g},{plan.y(value):g}" for when, value in corners),
        needed=(plan.last, (plan.x(ends_on.toordinal()), plan.y(target)))
        if plan.last and is_open and not board.is_over and ends_on > latest.day
        else None,
        labels=_label_board(board, target, plan, active, period_end),
    )


def _label_board(board: Board, target: int, plan: LinePlan, active: LinePlan, period_end: float | None) -> list[Label]:
    """What stands beside the lines: the target and the period's end where they belong, the lines where there is room.

    The lines give way to each other, to the two fixed labels and to what may come, right of the latest count.
    """
    target_y = plan.y(target)
    fixed = [_write(_("目标 %(people)s 人", people=number(target)), plan.left + 4, target_y - 4)]
    if period_end is not None:
        words = _("规划期末")
        if board.at_end:
            words = _("规划期末 %(people)s 人", people=number(board.at_end.registered))
        label = _write(words, period_end + 5, target_y + 5 + _LETTERS * LINE_HEIGHT)
        if label.box.right > plan.right:
            label = _write(words, period_end - 5 - label.box.width, label.box.bottom)
        fixed.append(label)
    lines = [Box(x - 3, y - 3, 6, 6) for x, y in (*plan.dots, *active.dots)]
    (x, y), latest = plan.dots[-1], board.trend[-1]
    future = Box(x + 4, min(target_y, y) - 4, max(0.0, plan.right - x - 4), abs(y - target_y) + 8)
    spots = [
        Spot(x, y, 5, (_("注册 %(people)s", people=number(latest.registered)),)),
        Spot(*active.dots[-1], 5, (_("活跃 %(people)s", people=number(latest.active)),)),
    ]
    room = Box(plan.left, 0, plan.width - plan.left, plan.bottom)
    placed = place_labels(spots, room, _LETTERS, [*(label.box for label in fixed), *lines, future])
    return [*fixed, *(label for label in placed if label is not None)]


def _write(words: str, left: float, bottom: float) -> Label:
    """A line of text whose lower left corner is there."""
    width, height = text_size((words,), _LETTERS)
    return Label(Box(round(left, 1), round(bottom - height, 1), round(width, 1), round(height, 1)), (words,), None)


def _quarters(first: date, last: date) -> list[date]:
    """The first days of the quarters from `first` to `last`."""
    days = [date(year, at, 1) for year in range(first.year, last.year + 1) for at in (1, 4, 7, 10)]
    return [day for day in days if first <= day <= last]


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of a table with a bar: `percent` of the longest."""

    label: str
    value: int
    percent: float
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars, longest first; what has no name stands last. Together they are `total`."""

    finding: str
    rows: Sequence[Bar]
    total: int


def town_bars(people: People, towns: Sequence[Town]) -> Bars:
    """Registered volunteers by the town that they live in."""
    names = {town.key: pick(town.name, town.name_en) for town in towns}
    named = [(name, people.by_town.get(key, 0)) for key, name in names.items()]
    rest = sum(n for key, n in people.by_town.items() if key not in names)
    return _bars(named, _("没有写明镇街"), rest)


def department_bars(people: People) -> Bars:
    """Registered volunteers by the department behind their team."""
    named = [(say(label), n) for key, (label, n) in people.by_department.items() if key]
    return _bars(named, _("不在队里"), people.by_department.get("", (Words("", ""), 0))[1])


def _bars(named: Sequence[tuple[str, int]], rest_label: str, rest: int) -> Bars:
    most = max([n for _name, n in named] + [rest, 1])
    rows = [Bar(name, n, round(100 * n / most, 2)) for name, n in sorted(named, key=lambda row: -row[1])]
    if rest:
        rows.append(Bar(rest_label, rest, round(100 * rest / most, 2), is_rest=True))
    total = sum(row.value for row in rows)
    if not total:
        return Bars(_("还没有注册志愿者。"), rows, 0)
    first = rows[0]
    finding = _(
        "最多的是%(name)s，%(people)s 人，占 %(percent)s%%。",
        name=first.label,
        people=number(first.value),
        percent=number(100 * first.value / total),
    )
    return Bars(finding, rows, total)


# Flow


@dataclass(frozen=True, slots=True)
class Station:
    """A verb of the flow with the orders that wait before it. `overdue` None: not shown here.

    :ivar share: of the longest queue, 0 to 1; `late_share` the part of it that is overdue.
    :ivar exits: how orders left from here in the last 30 days: arrow, name, how often.
    """

    verb: str
    wait: str
    owner: str
    count: int
    overdue: int | None
    share: float
    late_share: float
    exits: Sequence[tuple[str, str, int]]
    url: str = ""
    is_soft: bool = False


@dataclass(frozen=True, slots=True)
class FlowPicture:
    """The five verbs and the rating, and what waits before each. `start` is the verb that everything begins with."""

    finding: str
    start: str
    stations: Sequence[Station]
    placed: int


def flow_picture(
    standing: Standing, exits: Mapping[tuple[Status, Action], int], recent: Span, *, is_public: bool
) -> FlowPicture:
    """The flow with its numbers. The public one has no links and does not say whose orders are overdue."""
    total = standing.total
    counts = {step: standing.before(step) for step in STEPS}
    most = max([each.count for each in counts.values()] + [recent.unrated, 1])
    stations = [
        Station(
            verb=say(get_rule(Action(WAITS[step].step)).label),
            wait=say(STATUS_LABELS[step]),
            owner=party_label(WAITS[step].owner),
            count=each.count,
            overdue=None if is_public else each.overdue,
            share=each.count / most,
            late_share=0 if is_public else each.overdue / most,
            exits=_exits(exits, step),
            url="" if is_public else url_for("office.inbox", tab="open", status=step),
        )
        for step, each in counts.items()
    ]
    stations.append(
        Station(
            verb=_("评价"),
            wait=_("办结未评"),
            owner=_("群众"),
            count=recent.unrated,
            overdue=None,
            share=recent.unrated / most,
            late_share=0,
            exits=_exits(exits, Status.CLOSED),
            url="" if is_public else url_for("office.inbox", tab="closed"),
            is_soft=True,
        )
    )
    return FlowPicture(
        finding=_say_flow(total, stations, is_public),
        start=say(get_rule(Action.PLACE).label),
        stations=stations,
        placed=recent.placed,
    )


def _say_flow(total: Waiting, stations: Sequence[Station], is_public: bool) -> str:
    if not total.count:
        return _("现在没有在办的单。")
    longest = max(stations[:-1], key=lambda each: each.count)
    words = _(
        "在办 %(count)s 单，最多的在“%(wait)s”，%(longest)s 单；已超时 %(overdue)s 单。",
        count=number(total.count),
        wait=longest.wait,
        longest=number(longest.count),
        overdue=number(total.overdue),
    )
    worst = max(stations[:-1], key=lambda each: each.overdue or 0)
    if is_public or not worst.overdue:
        return words
    more = _("超时最多的是“%(wait)s”，%(count)s 单。", wait=worst.wait, count=number(worst.overdue))
    return f"{words} {more}" if is_english() else words + more


#: Back to an earlier step, or out for good.
_BACK = frozenset({Action.RETURN, Action.RELEASE, Action.WITHDRAW, Action.NO_SHOW})


def _exits(exits: Mapping[tuple[Status, Action], int], step: Status) -> list[tuple[str, str, int]]:
    return [_exit(action, n) for action in EXITS if (n := exits.get((step, action), 0))]


def _exit(action: Action, n: int) -> tuple[str, str, int]:
    return ("↩" if action in _BACK else "→", say(get_rule(action).label), n)


# Heat


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Overdue of all. `level` 0 nothing waits, 1 nothing overdue, 2 to 4 up to a quarter, half, more of it overdue."""

    count: int
    overdue: int
    level: int
    url: str


@dataclass(frozen=True, slots=True)
class Heat:
    """Towns by steps; the last row and the last column are sums."""

    finding: str
    steps: Sequence[str]
    rows: Sequence[tuple[str, Sequence[HeatCell]]]
    total: Sequence[HeatCell]


def heat_picture(standing: Standing, towns: Sequence[Town]) -> Heat:
    """Where and before which step orders are overdue, with links to the lists behind the numbers."""
    known = {town.key for town in towns}
    rows = [
        (
            pick(town.name, town.name_en),
            [
                *(_cell(standing.at(town.key, step), town.code, step) for step in STEPS),
                _cell(standing.in_town(town.key), town.code),
            ],
        )
        for town in towns
    ]
    elsewhere = [key for key in standing.towns() if key not in known]
    rest = [sum((standing.at(key, step) for key in elsewhere), Waiting()) for step in STEPS]
    if any(each.count for each in rest):
        rows.append((_("其他"), [_cell(each) for each in (*rest, sum(rest, Waiting()))]))
    total = [*(_cell(standing.before(step), "", step) for step in STEPS), _cell(standing.total, "")]
    return Heat(_say_heat(rows, standing.total), [say(STATUS_LABELS[step]) for step in STEPS], rows, total)


def _cell(waiting: Waiting, division: str | None = None, step: Status | None = None) -> HeatCell:
    """:param division: "" for the whole city; None for what no list shows by itself."""
    share = waiting.overdue / waiting.count if waiting.count else 0
    level = 0 if not waiting.count else 1 if not waiting.overdue else 2 if share <= 0.25 else 3 if share <= 0.5 else 4
    url = ""
    if division is not None and waiting.count:
        tab = "overdue" if waiting.overdue else "open"
        url = url_for("office.inbox", tab=tab, division=division or None, status=step)
    return HeatCell(waiting.count, waiting.overdue, level, url)


def _say_heat(rows: Sequence[tuple[str, Sequence[HeatCell]]], total: Waiting) -> str:
    if not total.overdue:
        return _("现在没有超时的单。")
    name, cells = max(rows, key=lambda row: row[1][-1].overdue)
    return _(
        "全市超时 %(overdue)s 单（在办 %(count)s 单）；最多的是%(town)s，%(most)s 单。",
        overdue=number(total.overdue),
        count=number(total.count),
        town=name,
        most=number(cells[-1].overdue),
    )


# Map


#: What the map can show: label and unit.
MEASURES: dict[str, Any] = {
    "waiting": _l("在办"),
    "overdue": _l("已超时"),
    "closed": _l("近 30 天办结"),
    "volunteers": _l("注册志愿者"),
}


@dataclass(frozen=True, slots=True)
class MapPicture:
    """The towns where they lie, at both widths. `rows` are town, value, overdue; together with `rest` all there is."""

    finding: str
    measure: str
    label: str
    has_rings: bool
    layouts: tuple[MapPlan, MapPlan]
    rows: Sequence[tuple[str, int, int]]
    rest: int
    total: int
    choices: Sequence[tuple[str, str, bool]]


def map_picture(
    measure: str,
    measures: Sequence[str],
    standing: Standing,
    weeks: Weeks,
    people: People,
    towns: Sequence[Town],
    endpoint: str,
) -> MapPicture:
    """:param measure: as asked for; the first of `measures` stands in for what is not one of them."""
    measure = measure if measure in measures else measures[0]
    values = _values(measure, standing, weeks, people)
    has_rings = measure == "waiting"
    places = [
        Place(
            pick(town.name, town.name_en),
            town.lon,
            town.lat,
            values.get(town.key, 0),
            standing.in_town(town.key).overdue if has_rings else 0,
        )
        for town in towns
    ]
    total = sum(values.values())
    label = str(MEASURES[measure])
    rows = sorted(((place.name, place.value, place.part) for place in places), key=lambda row: -row[1])
    return MapPicture(
        finding=_say_map(rows, total, label, measure),
        measure=measure,
        label=label,
        has_rings=has_rings,
        layouts=(
            plan_map(places, NARROW, 400, size=_LETTERS, largest=20),
            plan_map(places, 480, 520, size=_LETTERS, largest=28),
        ),
        rows=rows,
        rest=total - sum(place.value for place in places),
        total=total,
        choices=[
            (str(MEASURES[each]), url_for(endpoint, map=each, _anchor="map"), each == measure) for each in measures
        ],
    )


def _values(measure: str, standing: Standing, weeks: Weeks, people: People) -> Mapping[str, int]:
    if measure == "volunteers":
        return people.by_town
    if measure == "closed":
        return weeks.closed_by_town
    waiting = {key: standing.in_town(key) for key in standing.towns()}
    return {key: each.overdue if measure == "overdue" else each.count for key, each in waiting.items()}


def _say_map(rows: Sequence[tuple[str, int, int]], total: int, label: str, measure: str) -> str:
    if not total or not rows or not rows[0][1]:
        return _("%(label)s：各镇街都还没有。", label=label)
    values = {"label": label, "name": rows[0][0], "most": number(rows[0][1]), "total": number(total)}
    if measure == "volunteers":
        return _("%(label)s：%(name)s最多，%(most)s 人，全市 %(total)s 人。", **values)
    return _("%(label)s：%(name)s最多，%(most)s 单，全市 %(total)s 单。", **values)


# Weeks


@dataclass(frozen=True, slots=True)
class Panel:
    """One of several small pictures with the same time axis."""

    title: str
    unit: str
    finding: str
    latest: str
    plan: LinePlan


@dataclass(frozen=True, slots=True)
class WeeksPicture:
    """26 weeks in small pictures, and the same in one table."""

    finding: str
    panels: Sequence[Panel]
    spans: Sequence[Span]
    has_late: bool


def weeks_picture(weeks: Weeks) -> WeeksPicture:
    """Placed and closed (and late steps, when they were asked for) share a scale; the others have their own."""
    spans = weeks.spans
    has_late = weeks.recent.late_steps is not None
    top = max(max(span.placed, span.closed, span.late_steps or 0) for span in spans)
    panels = [
        _panel(_("点单数"), _("张"), spans, lambda span: span.placed, top),
        _panel(_("办结数"), _("张"), spans, lambda span: span.closed, top),
    ]
    if has_late:
        panels.append(_panel(_("迟办的步骤"), _("步"), spans, lambda span: span.late_steps, top))
    panels += [
        _panel(_("从点单到办结，中位数"), _("天"), spans, lambda span: span.median_days, 0, one_decimal),
        _panel(_("平均评分（只算评了的）"), _("星"), spans, lambda span: span.average, 5, one_decimal),
        _panel(_("办结未评的占比"), "%", spans, lambda span: span.unrated_percent, 100),
    ]
    last = spans[-1]
    finding = _(
        "最近 7 天点单 %(placed)s 单，办结 %(closed)s 单；26 周合计点单 %(all_placed)s 单，办结 %(all_closed)s 单。",
        placed=number(last.placed),
        closed=number(last.closed),
        all_placed=number(sum(span.placed for span in spans)),
        all_closed=number(sum(span.closed for span in spans)),
    )
    return WeeksPicture(finding, panels, spans, has_late)


def rating_note(recent: Span) -> str:
    """Beside the average: how many stand behind it, and how many said nothing."""
    if not recent.closed:
        return _("近 30 天没有办结的单")
    return _(
        "近 30 天办结的单：%(rated)s 单评了，%(unrated)s 单没评（%(percent)s%%）",
        rated=number(recent.rated),
        unrated=number(recent.unrated),
        percent=number(recent.unrated_percent or 0),
    )


def _panel(
    title: str,
    unit: str,
    spans: Sequence[Span],
    value_of: Callable[[Span], float | None],
    top: float,
    write: Callable[[float], str] = number,
) -> Panel:
    points = [(float(index), value_of(span)) for index, span in enumerate(spans)]
    values = [value for _when, value in points if value is not None]
    ticks = [(float(index), f"{span.last:%m-%d}") for index, span in enumerate(spans)]
    plan = plan_line(points, ticks[::-5][::-1], width=NARROW, height=128, size=_LETTERS, top=top)
    if not values:
        return Panel(title, unit, _("%(title)s：还没有数据。", title=title), "—", plan)
    finding = _(
        "%(title)s：最近一次有数的一周 %(latest)s，26 周里最低 %(low)s，最高 %(high)s（%(unit)s）。",
        title=title,
        latest=write(values[-1]),
        low=write(min(values)),
        high=write(max(values)),
        unit=unit,
    )
    return Panel(title, unit, finding, write(values[-1]), plan)
