"""The way to the target: the curve of the volunteers, sentences, and the months as a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from qtxvol.progress.charts import (
    LINE_HEIGHT,
    Box,
    Label,
    LinePlan,
    Point,
    Spot,
    place_labels,
    plan_line,
    text_size,
    wedge,
)
from qtxvol.progress.pace import Forecast, Pace, forecast, measure_pace, needed_per_month
from qtxvol.progress.queries import Board, Count
from qtxvol.web.charts.words import LETTERS, NARROW, WIDE, month, number, one_decimal, whole_day
from qtxvol.web.display import is_english
from qtxvol.web.i18n import _


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
    latest, target = board.counts, int(board.target.value or 0)
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
            size=LETTERS,
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
        label = _write(words, period_end + 5, target_y + 5 + LETTERS * LINE_HEIGHT)
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
    placed = place_labels(spots, room, LETTERS, [*(label.box for label in fixed), *lines, future])
    return [*fixed, *(label for label in placed if label is not None)]


def _write(words: str, left: float, bottom: float) -> Label:
    """A line of text whose lower left corner is there."""
    width, height = text_size((words,), LETTERS)
    return Label(Box(round(left, 1), round(bottom - height, 1), round(width, 1), round(height, 1)), (words,), None)


def _quarters(first: date, last: date) -> list[date]:
    """The first days of the quarters from `first` to `last`."""
    days = [date(year, at, 1) for year in range(first.year, last.year + 1) for at in (1, 4, 7, 10)]
    return [day for day in days if first <= day <= last]
