"""Evaluation papers: self-checks of towns and units, the list of duties, summaries, model cases.

Every figure comes from `measures.tally`. A paper costs the same number of statements however large the city is.
Lines with nothing on them are shown too: nought is an answer. What belongs to no town, unit or programme has a line of
its own, so that the lines of a table add up to its last line.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from qtxvol.base import CITY_TIME
from qtxvol.orders.lifecycle import Label
from qtxvol.refusals import NotFound
from qtxvol.reports.measures import (
    ACTIVE,
    ATTENDANCE,
    CLOSED,
    JOINED,
    LATE,
    MINUTES,
    PLACED,
    RATED,
    REGISTERED,
    SERVED,
    SERVICES,
    STARS,
    UNMET,
    UNREACHABLE,
    By,
    Key,
    Measure,
    Scope,
    tally,
)
from qtxvol.reports.queries import PARTS, Names, last_day, list_duties, list_programmes_for_all, read_names
from qtxvol.reports.sheets import Cell, Column, Kind, Paper, Row, Sheet
from qtxvol.reports.target_lines import read_target_sheet

#: Columns of most tables. The average rating stands behind RATED, from STARS.
FLOWS = (PLACED, CLOSED, UNMET, UNREACHABLE, LATE, ATTENDANCE, RATED, SERVICES, SERVED, MINUTES)
DONE = (CLOSED, ATTENDANCE, RATED, SERVICES, SERVED, MINUTES)
PEOPLE = (JOINED, REGISTERED, ACTIVE)

TOWN_HEAD = Label("镇街", "Town")
UNIT_HEAD = Label("部门", "Unit")
MONTH_HEAD = Label("月份", "Month")
YEAR_HEAD = Label("年份", "Year")
PROGRAMME_HEAD = Label("行动或工程", "Action or project")
NO_TOWN = Label("没有写明镇街", "No town said")
NO_UNIT = Label("还没有派到部门，或不在队里", "Not given to a unit, or in no team")
NO_PROGRAMME = Label("没有对应的行动或工程", "No action or project")
TOTAL = Label("合计", "Total")

NOTES = (
    Label(
        "每个数都由系统里的单、时长台账和志愿者名册直接算出；合计行与各行分别统计，可加的列相加必须相等。",
        "Every figure is counted from the orders, the hours ledger and the register of volunteers; the last line is "
        "counted by itself and equals the lines above wherever they can be added.",
    ),
    Label(
        "“人”是不同的人，“人次”是次数，不能混加。参加服务的志愿者按人计：在两个镇街服务过的人两处都列，全市只算一人，"
        "所以各行相加会多于合计。",
        "People are distinct people, person-times are attendances; they are never mixed. Volunteers who served in two "
        "towns stand in both lines and are one in the total, so those lines add up to more than the total.",
    ),
    Label(
        "注册和活跃按最后一天以前核验、制表时仍在册的人算，退出和合并的人不再出现，所以往年的数以当年公布的为准；"
        "平均评分是星数之和除以已评价的单数，没评的不算。",
        "Registered and active are people verified by the last day who are on the books when the paper is made; who "
        "left or was merged appears no more, so for past years what was published then stands. The average rating is "
        "the sum of stars by rated orders; those not rated are left out.",
    ),
)


def town_paper(town: str, year: int, now: datetime) -> Paper:
    """The self-check of a town (`standing.Town.key`). :raise NotFound: no such town, or a year still to come."""
    frame = _Frame(year, now)
    if town not in frame.names.towns:
        raise NotFound(town)
    scope = frame.scope(town=town)
    return frame.paper(
        f"town-{town}-{year}",
        Label(f"{year} 年镇街自查表", f"Self-check of a town, {year}"),
        frame.names.towns[town],
        frame.figures((*FLOWS, *PEOPLE), scope),
        frame.table(Label("按月", "By month"), By.MONTH, FLOWS, scope),
        frame.table(Label("按行动和工程", "By action and project"), By.PROGRAMME, DONE, scope),
        frame.table(Label("按承办部门", "By unit"), By.UNIT, DONE, scope, shows_idle=False),
    )


def towns_paper(year: int, now: datetime) -> Paper:
    """All towns side by side."""
    frame = _Frame(year, now)
    return frame.paper(
        f"towns-{year}",
        Label(f"{year} 年各镇街自查汇总", f"Self-checks of all towns, {year}"),
        frame.span,
        frame.table(Label("点单和服务", "Orders and services"), By.TOWN, FLOWS, frame.scope()),
        frame.table(Label("志愿者（按住处）", "Volunteers by home"), By.TOWN, PEOPLE, frame.scope()),
    )


def unit_paper(unit: str, year: int, now: datetime) -> Paper:
    """The self-check of a department. :raise NotFound: no such department, or a year still to come."""
    frame = _Frame(year, now)
    if unit not in frame.names.units:
        raise NotFound(unit)
    scope = frame.scope(unit=unit)
    return frame.paper(
        f"unit-{unit}-{year}",
        Label(f"{year} 年部门自查表", f"Self-check of a unit, {year}"),
        frame.names.units[unit],
        frame.figures((*FLOWS, *PEOPLE), scope),
        frame.table(Label("按月", "By month"), By.MONTH, FLOWS, scope),
        frame.table(Label("按镇街", "By town"), By.TOWN, DONE, scope),
        frame.duties(scope, unit),
        *frame.targets(unit),
    )


def units_paper(year: int, now: datetime) -> Paper:
    """All departments side by side."""
    frame = _Frame(year, now)
    return frame.paper(
        f"units-{year}",
        Label(f"{year} 年各部门自查汇总", f"Self-checks of all units, {year}"),
        frame.span,
        frame.table(Label("点单和服务", "Orders and services"), By.UNIT, FLOWS, frame.scope()),
        frame.table(Label("志愿者（按所在队的部门）", "Volunteers by unit"), By.UNIT, PEOPLE, frame.scope()),
    )


def duties_paper(year: int, now: datetime) -> Paper:
    """What the plan asks of each unit, against what was done under each action and project."""
    frame = _Frame(year, now)
    return frame.paper(
        f"duties-{year}",
        Label(f"{year} 年责任清单与完成情况", f"Duties and what was done, {year}"),
        frame.span,
        frame.duties(frame.scope()),
        *frame.targets(),
    )


def year_paper(year: int, now: datetime) -> Paper:
    """The yearly summary of the city."""
    frame = _Frame(year, now)
    scope = frame.scope()
    return frame.paper(
        f"year-{year}",
        Label(f"{year} 年度总结", f"Summary of {year}"),
        frame.span,
        frame.figures((*FLOWS, *PEOPLE), scope),
        *frame.targets(),
        frame.table(Label("按月", "By month"), By.MONTH, FLOWS, scope),
        frame.table(Label("按镇街", "By town"), By.TOWN, FLOWS, scope),
        frame.table(Label("按部门", "By unit"), By.UNIT, FLOWS, scope),
        frame.table(Label("按行动和工程", "By action and project"), By.PROGRAMME, DONE, scope),
    )


def period_paper(first: date, last: date, name: Label, now: datetime) -> Paper:
    """The summary of a plan's period, year by year. :raise NotFound: it has not begun."""
    frame = _Frame(first.year, now, Scope(first, min(last, now.astimezone(CITY_TIME).date())))
    scope = frame.scope()
    return frame.paper(
        f"period-{first.year}-{last.year}",
        Label(f"{name.zh}总结", f"Summary of {name.en}"),
        frame.span,
        frame.figures((*FLOWS, *PEOPLE), scope),
        *frame.targets(),
        frame.table(Label("按年", "By year"), By.YEAR, (*FLOWS, JOINED), scope),
        frame.table(Label("按镇街", "By town"), By.TOWN, FLOWS, scope),
        frame.table(Label("按部门", "By unit"), By.UNIT, FLOWS, scope),
        frame.table(Label("按行动和工程", "By action and project"), By.PROGRAMME, DONE, scope),
    )


# Parts


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column of figures: a measure, or the average that two of them make."""

    column: Column
    value: Callable[[Mapping[str, int]], int | float | None]
    measure: Measure | None


def _shown(measures: Iterable[Measure]) -> list[_Shown]:
    found = []
    for each in measures:
        kind = Kind.MINUTES if each is MINUTES else Kind.NUMBER
        column = Column(each.label, kind, each.unit, is_sum=not each.is_distinct)
        found.append(_Shown(column, lambda figures, key=each.key: figures.get(key, 0), each))  # type: ignore[misc]
        if each is RATED:
            average = Column(Label("平均评分", "Average rating"), Kind.DECIMAL, STARS.unit, is_sum=False)
            found.append(_Shown(average, _average, None))
    return found


def _average(figures: Mapping[str, int]) -> float | None:
    rated = figures.get(RATED.key, 0)
    return round(figures.get(STARS.key, 0) / rated, 2) if rated else None


def _asked(measures: Sequence[Measure]) -> list[Measure]:
    """With the stars behind the ratings."""
    return [*measures, *([STARS] if RATED in measures else [])]


def source_of(measure: Measure, scope: Scope) -> dict[str, str]:
    """What an address needs to show the rows of a figure."""
    groups = ("town", "unit", "programme", "host", "team", "profession")
    given = {group: str(value) for group in groups if (value := getattr(scope, group)) is not None}
    days = {"first": scope.first, "last": scope.last}
    return {"measure": measure.key, **{name: day.isoformat() for name, day in days.items() if day}, **given}


class _Frame:
    """A paper in the making: its days, the names of its lines, and its tables."""

    def __init__(self, year: int, now: datetime, span: Scope | None = None) -> None:
        self.now = now
        if not 2000 <= year <= now.astimezone(CITY_TIME).year:
            raise NotFound(str(year))
        self._span = span or Scope(date(year, 1, 1), last_day(year, now))
        first, last = self._span.first, self._span.last
        if first is None or last is None or last < first:
            raise NotFound(str(year))
        self.first, self.last = first, last
        self.names: Names = read_names()
        self._totals: dict[Scope, dict[str, int]] = {}

    @property
    def span(self) -> Label:
        """From when to when."""
        return Label(f"{self.first} 至 {self.last}", f"{self.first} to {self.last}")

    def scope(self, **more: Any) -> Scope:
        return Scope(self.first, self.last, **more)

    def paper(self, code: str, title: Label, subject: Label, *sheets: Sheet) -> Paper:
        """:param subject: whose paper it is; the days stand beside it."""
        if subject != self.span:
            subject = Label(f"{subject.zh}，{self.span.zh}", f"{subject.en}, {self.span.en}")
        return Paper(code, title, subject, self.now, sheets, notes=NOTES)

    def targets(self, lead_id: str | None = None) -> list[Sheet]:
        """The targets of the plan's period that the last day lies in, as they stand today; nothing without any."""
        sheet = read_target_sheet(self.last, self.now.astimezone(CITY_TIME).date(), lead_id=lead_id)
        return [sheet] if sheet else []

    def _total(self, scope: Scope) -> dict[str, int]:
        """All figures of a scope, counted by themselves: the last lines of the tables."""
        if scope not in self._totals:
            found = tally(_asked((*FLOWS, *PEOPLE)), (), scope)
            self._totals[scope] = {key: values.get((), 0) for key, values in found.items()}
        return self._totals[scope]

    def figures(self, measures: Sequence[Measure], scope: Scope) -> Sheet:
        """All figures of a scope, one a line, each with how it is counted."""
        found = self._total(scope)
        rows = []
        for shown in _shown(measures):
            value = shown.value(found)
            if shown.column.kind is Kind.MINUTES:
                value = round((value or 0) / 60, 2)
            source = source_of(shown.measure, scope) if shown.measure else {}
            how = shown.measure.how if shown.measure else Label("星数之和除以已评价的单数。", "Stars by rated orders.")
            rows.append(Row([shown.column.label, Cell(value, source), shown.column.unit, how]))
        columns = [
            Column(Label("指标", "Figure")),
            Column(Label("数值", "Value"), Kind.DECIMAL, is_sum=False),
            Column(Label("单位", "Unit")),
            Column(Label("怎么算的", "How it is counted")),
        ]
        return Sheet(Label("合计", "In all"), columns, rows)

    def table(
        self, name: Label, by: By, measures: Sequence[Measure], scope: Scope, *, shows_idle: bool = True
    ) -> Sheet:
        """Figures by one kind of group. :param shows_idle: groups in which nothing happened too."""
        found = tally(_asked(measures), (by,), scope)
        total = self._total(scope)
        seen = {key for values in found.values() for (key,) in values}
        head, lines = self._lines(by, seen, shows_idle)
        shown = _shown(measures)
        rows = [
            self._row(label, shown, {m: found[m].get((key,), 0) for m in found}, scope.within(by, key))
            for key, label in lines
        ]
        return Sheet(
            name, [Column(head), *(each.column for each in shown)], rows, self._row(TOTAL, shown, total, scope)
        )

    def _row(self, label: Label, shown: Sequence[_Shown], figures: Mapping[str, int], scope: Scope) -> Row:
        cells = [
            Cell(value := each.value(figures), source_of(each.measure, scope) if each.measure and value else {})
            for each in shown
        ]
        return Row([label, *cells])

    def _lines(self, by: By, seen: set[Any], shows_idle: bool) -> tuple[Label, list[tuple[Any, Label]]]:
        """The head of the first column, and the lines: what there is in its order, then what has no name."""
        if by is By.MONTH:
            last = self.last.month if self.last.year == self.first.year else 12
            return MONTH_HEAD, [(n, Label(f"{n} 月", _MONTHS[n - 1])) for n in range(1, last + 1)]
        if by is By.YEAR:
            return YEAR_HEAD, [(n, Label(str(n), str(n))) for n in range(self.first.year, self.last.year + 1)]
        head, known, rest = {
            By.TOWN: (TOWN_HEAD, self.names.towns, NO_TOWN),
            By.UNIT: (UNIT_HEAD, self.names.units, NO_UNIT),
            By.PROGRAMME: (PROGRAMME_HEAD, self.names.programmes, NO_PROGRAMME),
        }[by]
        lines: list[tuple[Any, Label]] = [
            (key, label)
            for key, label in known.items()
            if key in seen or (shows_idle and key not in self.names.retired)
        ]
        unknown = sorted(seen - set(known) - {""})
        lines += [(key, Label(key, key)) for key in unknown]
        return head, [*lines, ("", rest)] if "" in seen else lines

    def duties(self, scope: Scope, unit: str | None = None) -> Sheet:
        """Units by programme: the part that the plan gives them, and what was done. All orders are in it.

        :param unit: this one's lines only; `scope` holds it then.
        """
        found = tally(_asked(DONE), (By.PROGRAMME, By.UNIT), scope)
        total = self._total(scope)
        parts = {
            (duty.programme_id, duty.department_id): duty.part
            for duty in list_duties()
            if unit is None or duty.department_id == unit
        }
        for_all = list_programmes_for_all()
        seen = {key for values in found.values() for key in values}
        shown = _shown(DONE)
        rows = []
        for key in self._duty_lines(parts, seen):
            programme, department = key
            figures = {m: found[m].get(key, 0) for m in found}
            line = self._row(self._part(key, parts, for_all), shown, figures, self._narrow(scope, key))
            rows.append(
                Row([
                    self.names.programmes.get(programme, NO_PROGRAMME),
                    self.names.units.get(department, NO_UNIT),
                    *line.cells,
                ])
            )  # fmt: skip
        columns = [
            Column(PROGRAMME_HEAD),
            Column(UNIT_HEAD),
            Column(Label("计划里的责任", "Part in the plan")),
            *(each.column for each in shown),
        ]
        last = self._row(Label("", ""), shown, total, scope)
        return Sheet(
            Label("责任清单", "List of duties"),
            columns,
            rows,
            Row([TOTAL, Label("", ""), *last.cells]),
            notes=(
                Label(
                    "办结的单按菜单项目归到行动或工程，自由填写的按服务对象归，按承办部门列行；计划没有列名、但承办过的部门也列出。",
                    "Closed orders belong to an action or project by their menu item, free wishes by their audience, "
                    "and stand with the unit that had them; units that the plan does not name stand here when they "
                    "had any.",
                ),
            ),
        )

    def _narrow(self, scope: Scope, key: Key) -> Scope:
        return scope.within(By.PROGRAMME, key[0]).within(By.UNIT, key[1])

    def _duty_lines(self, parts: Mapping[Key, str], seen: set[Key]) -> list[Key]:
        """By programme: the plan's units in its order, then others that did something; last what has no programme."""
        order = {programme: place for place, programme in enumerate(self.names.programmes)}
        named = [key for key in parts if key[0] not in self.names.retired or key in seen]
        others = sorted(seen - set(parts))
        return sorted([*named, *others], key=lambda key: order.get(key[0], len(order)))

    def _part(self, key: Key, parts: Mapping[Key, str], for_all: frozenset[str]) -> Label:
        if key in parts:
            return PARTS[parts[key]]
        if key[0] in for_all and key[1]:
            return Label("成员单位", "Member")
        return Label("计划未列", "Not named in the plan") if key[0] and key[1] else Label("", "")


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
