"""Half a year of orders in small pictures, and the same in one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qtxvol.progress.charts import LinePlan, plan_line
from qtxvol.progress.weeks import Span, Weeks
from qtxvol.web.charts.words import LETTERS, NARROW, number, one_decimal
from qtxvol.web.i18n import _


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
    plan = plan_line(points, ticks[::-5][::-1], width=NARROW, height=128, size=LETTERS, top=top)
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
