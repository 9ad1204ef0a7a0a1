"""The towns where they lie."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from qtxvol.progress.charts import MapPlan, Place, plan_map
from qtxvol.progress.standing import Standing, Town
from qtxvol.progress.weeks import Weeks
from qtxvol.web.charts.words import LETTERS, NARROW, number
from qtxvol.web.display import pick
from qtxvol.web.i18n import _, _l

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
    rows: Sequence[tuple[str, int | None, int]]
    rest: int
    total: int
    choices: Sequence[tuple[str, str, bool]]


def map_picture(
    measure: str,
    measures: Sequence[str],
    standing: Standing,
    weeks: Weeks,
    people: Mapping[str, int],
    towns: Sequence[Town],
    endpoint: str,
    hidden: Collection[str] = (),
) -> MapPicture:
    """:param measure: as asked for; the first of `measures` stands in for what is not one of them.

    :param people: registered volunteers by town.
    :param hidden: towns whose people are too few to be told; they are in the rest.
    """
    measure = measure if measure in measures else measures[0]
    values = _values(measure, standing, weeks, people)
    has_rings = measure == "waiting"
    places = [
        Place(
            pick(town.name, town.name_en),
            town.lon,
            town.lat,
            0 if measure == "volunteers" and town.key in hidden else values.get(town.key, 0),
            standing.in_town(town.key).overdue if has_rings else 0,
            _("不单列") if measure == "volunteers" and town.key in hidden else "",
        )
        for town in towns
    ]
    total = sum(values.values())
    label = str(MEASURES[measure])
    shown = sorted(places, key=lambda place: -place.value)
    rows = [(place.name, None if place.text else place.value, place.part) for place in shown]
    return MapPicture(
        finding=_say_map(rows, total, label, measure),
        measure=measure,
        label=label,
        has_rings=has_rings,
        layouts=(
            plan_map(places, NARROW, 400, size=LETTERS, largest=20),
            plan_map(places, 480, 520, size=LETTERS, largest=28),
        ),
        rows=rows,
        rest=total - sum(place.value for place in places),
        total=total,
        choices=[
            (str(MEASURES[each]), url_for(endpoint, map=each, _anchor="map"), each == measure) for each in measures
        ],
    )


def _values(measure: str, standing: Standing, weeks: Weeks, people: Mapping[str, int]) -> Mapping[str, int]:
    if measure == "volunteers":
        return people
    if measure == "closed":
        return weeks.closed_by_town
    waiting = {key: standing.in_town(key) for key in standing.towns()}
    return {key: each.overdue if measure == "overdue" else each.count for key, each in waiting.items()}


def _say_map(rows: Sequence[tuple[str, int | None, int]], total: int, label: str, measure: str) -> str:
    if not total or not rows or not rows[0][1]:
        return _("%(label)s：各镇街都还没有。", label=label)
    values = {"label": label, "name": rows[0][0], "most": number(rows[0][1]), "total": number(total)}
    if measure == "volunteers":
        return _("%(label)s：%(name)s最多，%(most)s 人，全市 %(total)s 人。", **values)
    return _("%(label)s：%(name)s最多，%(most)s 单，全市 %(total)s 单。", **values)
