"""Brings the facts of `qtxvol/data/` into the database: once for a new city, again after every upgrade.

What the office has edited is the office's: such a row is never overwritten. Not here: editing (`edit.py`).
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update

from qtxvol.base import Base
from qtxvol.directory.models import (
    ALL_CATEGORIES,
    Department,
    Division,
    MenuItem,
    OfficeHours,
    Programme,
    Reason,
    Route,
    ScienceDay,
    Term,
    TimeLimit,
)
from qtxvol.directory.workdays import seed_calendar
from qtxvol.extensions import db
from qtxvol.orders.deadlines import Unit
from qtxvol.orders.lifecycle import STEPS, Action
from qtxvol.progress.models import Period, Semester, Target, TargetUnit
from qtxvol.progress.semesters import term_names, usual_terms
from qtxvol.recognition.models import StarLevel
from qtxvol.storage import transaction

#: One row of a table, by column name.
Row = dict[str, Any]
#: The rows of every table, parents before children.
Facts = dict[type[Base], list[Row]]

URGENCIES = ("normal", "urgent", "emergency")
#: Actions whose `reason` is one of the coded ones.
REASONED = (Action.REJECT, Action.RETURN, Action.RELEASE, Action.WITHDRAW, Action.CANCEL)
PARTS = ("lead", "responsible", "cooperating")

#: The menu names its formats in Chinese only.
_FORMATS_EN = {
    "lecture": "Lecture",
    "hands_on": "Hands-on session",
    "drill": "Drill",
    "consultation": "Consultation",
    "field": "In the field",
    "visit": "Study visit",
}


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did, counted by table name.

    :ivar kept: rows that differ from the data because the office edited them; left as they are.
    """

    loaded_at: datetime
    inserted: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    @property
    def has_changes(self) -> bool:
        """The load wrote at least one row."""
        return bool(self.inserted.total() or self.updated.total())


def load_facts(now: datetime, *, folder: Traversable | None = None) -> LoadReport:
    """Insert missing facts, refresh unedited ones that changed in the data, and leave the rest alone.

    Never touches a row with `edited_at`, never deletes: a fact that is gone from the data stays in the
    database, because old orders point at it (the office deactivates it). Loading twice changes nothing.
    All or nothing; of two loads of an empty PostgreSQL at once, one fails whole.
    :param folder: where the files are; the package's own `data` when None.
    :raise ValueError: the data contradict themselves (an unknown department in a route ...).
    Cost: at most three statements per table, however many rows.
    """
    facts = read_facts(folder if folder is not None else files("qtxvol") / "data")
    report = LoadReport(now)
    with transaction():
        for model, rows in facts.items():
            _load_table(cast(Table, model.__table__), rows, report)
        _load_workdays(now, report)
        db.session.expire_all()  # what was read before may have changed beneath the session
    return report


def _load_workdays(now: datetime, report: LoadReport) -> None:
    days = seed_calendar(now)
    for counter, count in ((report.inserted, days.inserted), (report.updated, days.updated), (report.kept, days.kept)):
        if count:
            counter["workday_overrides"] += count


def _load_table(table: Table, rows: Sequence[Row], report: LoadReport) -> None:
    keys = [column.name for column in table.primary_key]
    stored = {tuple(row[key] for key in keys): row for row in db.session.execute(select(table)).mappings()}
    missing, changed = [], []
    for row in rows:
        present = stored.get(tuple(row[key] for key in keys))
        if present is None:
            missing.append(row)
        elif any(present[name] != value for name, value in row.items()):
            if present["edited_at"] is None:
                changed.append(row)
            else:
                report.kept[table.name] += 1
    if missing:
        db.session.execute(insert(table), missing)
        report.inserted[table.name] += len(missing)
    if changed:
        # edited_at once more: on PostgreSQL the office may have saved since the SELECT above
        statement = (
            update(table)
            .where(*(table.c[key] == bindparam(f"old_{key}") for key in keys), table.c.edited_at.is_(None))
            .values({name: bindparam(f"new_{name}") for name in changed[0] if name not in keys})
        )
        db.session.connection().execute(
            statement,
            [{(f"old_{n}" if n in keys else f"new_{n}"): value for n, value in row.items()} for row in changed],
        )
        report.updated[table.name] += len(changed)


def read_facts(folder: Traversable) -> Facts:
    """All facts of `folder` as rows, checked against each other.

    :raise ValueError: naming the row and the unknown or repeated thing.
    """
    plan = _read_json(folder, "plan_units.json")
    menu = _read_json(folder, "service_menu.json")
    targets = _read_json(folder, "plan_targets.json")
    facts: Facts = {
        Division: list(_divisions(folder)),
        Department: list(_departments(plan)),
        Programme: list(_programmes(plan)),
        Route: list(_routes(plan)),
        Term: [*_terms(menu), *_emergency_kinds(_read_json(folder, "emergency_kinds.json"))],
        MenuItem: list(_menu_items(menu)),
        ScienceDay: list(_science_days(_read_json(folder, "science_days.json"))),
        Reason: list(_reasons(_read_json(folder, "reasons.json"))),
        TimeLimit: list(_time_limits(_read_json(folder, "time_limits.json"))),
        OfficeHours: list(_office_hours(_read_json(folder, "office_hours.json"))),
        StarLevel: list(_star_levels(_read_json(folder, "star_levels.json"))),
        Period: list(_periods(targets)),
        Target: list(_targets(targets, _read_json(folder, "target_measures.json"), plan)),
        TargetUnit: list(_target_units(targets, plan)),
        Semester: list(_semesters(targets)),
    }
    _check(facts)
    return facts


#: The plan's file remarks in English; a note is read by staff as it stands, like one they write themselves.
_NOTES = {
    "per school per semester": "按每所学校、每个学期计算",
    "per school": "按每所学校计算",
    "per administrative village": "按行政村计算",
    "named deliverable; the count is implied": "方案只点了名称，个数由名称得出",
    "core indicator of this service": "本系统的核心指标",
}


def _read_json(folder: Traversable, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def _divisions(folder: Traversable) -> Iterator[Row]:
    lines = (folder / "divisions.csv").read_text(encoding="utf-8").splitlines()
    for line in csv.DictReader(lines):
        yield {
            "code": line["code"],
            "parent_code": line["parent_code"] or None,
            "level": int(line["level"]),
            "kind": line["kind"],
            "name": line["name"],
            "display_name": line["display_name"],
            "name_en": line["name_en"],
            "lon_gcj02": float(line["lon_gcj02"]) if line["lon_gcj02"] else None,
            "lat_gcj02": float(line["lat_gcj02"]) if line["lat_gcj02"] else None,
            "as_of": line["as_of"],
            "source": line["source"],
        }


def _departments(plan: Mapping[str, Any]) -> Iterator[Row]:
    for position, unit in enumerate(plan["units"], 1):
        yield {
            "id": unit["id"],
            "name": unit["zh"],
            "name_en": unit["en"],
            "kind": unit["kind"],
            "aliases": unit["aliases"],
            "position": position,
        }


def _programmes(plan: Mapping[str, Any]) -> Iterator[Row]:
    for programme in plan["actions_and_projects"]:
        yield {
            "id": programme["id"],
            "kind": programme["kind"],
            "section": programme["section"],
            "name": programme["zh"],
            "name_en": programme["en"],
            "is_for_all_members": programme["responsible_all_members"],
        }


def _routes(plan: Mapping[str, Any]) -> Iterator[Row]:
    for programme in plan["actions_and_projects"]:
        parts = [(part, department) for part in PARTS for department in programme[part]]
        for position, (part, department) in enumerate(parts, 1):
            yield {
                "programme_id": programme["id"],
                "department_id": department,
                "part": part,
                "position": position,
            }


def _terms(menu: Mapping[str, Any]) -> Iterator[Row]:
    for kind in ("audience", "theme", "skill", "format"):
        for position, (code, names) in enumerate(menu[kind + "s"].items(), 1):
            zh, en = (names, _FORMATS_EN.get(code, "")) if isinstance(names, str) else (names["zh"], names["en"])
            yield {"kind": kind, "code": code, "name": zh, "name_en": en, "position": position}


def _emergency_kinds(data: Mapping[str, Any]) -> Iterator[Row]:
    for position, each in enumerate(data["emergency_kinds"], 1):
        yield {
            "kind": "emergency",
            "code": each["code"],
            "name": each["zh"],
            "name_en": each["en"],
            "position": position,
        }


def _menu_items(menu: Mapping[str, Any]) -> Iterator[Row]:
    for position, item in enumerate(menu["items"], 1):
        yield {
            "id": item["id"],
            "name": item["zh"],
            "name_en": item["en"],
            "audiences": item["audiences"],
            "theme": item["theme"],
            "format": item["format"],
            "needed_skills": item["needed_skills"],
            "duration_minutes": item["default_duration_minutes"],
            "headcount_min": item["headcount_min"],
            "headcount_max": item["headcount_max"],
            "min_volunteers": item["min_volunteers"],
            "is_licence_required": item["licence_required"],
            "has_minors_present": item["minors_present"],
            "needs_outside_expert": item["outside_expert"],
            "is_emergency_topic": item["emergency_topic"],
            "programme_id": item["parent"],
            "department_id": item["suggested_lead_unit"],
            "alternative_department_ids": item["alternative_units"],
            "quote": item["quote"],
            "position": position,
        }


def _science_days(data: Mapping[str, Any]) -> Iterator[Row]:
    for day in data["science_days"]:
        yield {
            "id": day["id"],
            "name": day["zh"],
            "name_en": day["en"],
            "note": day["zh_note"],
            "note_en": day["en_note"],
            "month": day["month"],
            "nth": str(day.get("nth", 0)),
            "weekday": str(day.get("weekday", 1)),
            "day": day.get("day", 1),
            "length_days": day.get("length_days", 1),
            "dates": day.get("dates", []),
            "themes": day["themes"],
            "menu_item_ids": day.get("items", []),
            "nudge_days": day["nudge_days"],
        }


def _reasons(data: Mapping[str, Any]) -> Iterator[Row]:
    position: Counter[str] = Counter()
    for reason in data["reasons"]:
        position[reason["action"]] += 1
        yield {
            "action": reason["action"],
            "code": reason["code"],
            "name": reason["zh"],
            "name_en": reason["en"],
            "hint": reason["hint"],
            "hint_en": reason["hint_en"],
            "position": position[reason["action"]],
        }


def _time_limits(data: Mapping[str, Any]) -> Iterator[Row]:
    for limit in data["time_limits"]:
        category = limit.get("category", ALL_CATEGORIES)
        yield {**{name: limit[name] for name in ("step", "urgency", "amount", "unit")}, "category": category}


def _office_hours(data: Mapping[str, Any]) -> Iterator[Row]:
    for hours in data["office_hours"]:
        for weekday in hours["weekdays"]:
            yield {"weekday": weekday, **{name: hours[name] for name in ("half", "opens_at", "closes_at")}}


def _star_levels(data: Mapping[str, Any]) -> Iterator[Row]:
    for level in data["star_levels"]:
        yield {
            "id": level["id"],
            "stars": level["stars"],
            "name": level["zh"],
            "name_en": level["en"],
            "hours": level["hours"],
        }


def _periods(data: Mapping[str, Any]) -> Iterator[Row]:
    period = data["period"]
    yield {
        "id": _period_id(data),
        "name": period["zh"].strip("“”期间"),
        "name_en": "14th Five-Year Plan",
        "starts_on": date.fromisoformat(period["start"]),
        "ends_on": date.fromisoformat(period["end"]),
    }


def _period_id(data: Mapping[str, Any]) -> str:
    return f"{data['period']['start'][:4]}-{data['period']['end'][:4]}"


def _targets(data: Mapping[str, Any], measuring: Mapping[str, Any], plan: Mapping[str, Any]) -> Iterator[Row]:
    """Standing requirements (due: null) and targets without a number hold to the end of the period."""
    starts, ends = data["period"]["start"], data["period"]["end"]
    programmes = {programme["id"] for programme in plan["actions_and_projects"]}
    for position, target in enumerate((*data["targets"], *data["qualitative"]), 1):
        value, counts = target.get("value"), dict(measuring["measures"].get(target["id"], {}))
        yield {
            "id": target["id"],
            "code": target["id"],
            "period_id": _period_id(data),
            "name": target["zh"],
            "name_en": target["en"],
            "value": None if value is None else float(value),
            "unit": target.get("unit", ""),
            "unit_en": target.get("unit_en", ""),
            "comparator": target.get("comparator", "gte"),
            "kind": target.get("kind", "qualitative"),
            "starts_on": date.fromisoformat(starts),
            "ends_on": date.fromisoformat(target.get("due") or ends),
            "measured_by": target.get("measured_by", "external"),
            "measure": counts.pop("measure", ""),
            "counts": counts,
            "programme_id": target["parent"] if target["parent"] in programmes else None,
            "section": target["section"],
            "quote": target["quote"],
            "note": _NOTES.get(target.get("note", ""), target.get("note", "")),
            "position": position,
        }


def _target_units(data: Mapping[str, Any], plan: Mapping[str, Any]) -> Iterator[Row]:
    """Whoever has a part in the target's action or project; the coordinator leads what belongs to the whole plan."""
    programmes = {programme["id"]: programme for programme in plan["actions_and_projects"]}
    for target in (*data["targets"], *data["qualitative"]):
        programme = programmes.get(target["parent"], {"lead": [plan["coordinator"]]})
        parts = [(part, department) for part in PARTS for department in programme.get(part, ())]
        for position, (part, department) in enumerate(parts, 1):
            yield {"target_id": target["id"], "department_id": department, "part": part, "position": position}


def _semesters(data: Mapping[str, Any]) -> Iterator[Row]:
    """Those of the period and the next one, and the one that the period began in."""
    first = int(data["period"]["start"][:4])
    for term in usual_terms(first - 1, first + 9):
        name, name_en = term_names(term.id)
        yield {
            "id": term.id,
            "name": name,
            "name_en": name_en,
            "starts_on": term.starts_on,
            "ends_on": term.ends_on,
        }


def _check(facts: Facts) -> None:
    """Every key once, every reference to something that is there.

    :raise ValueError: otherwise.
    """
    for model, rows in facts.items():
        keys = [column.name for column in cast(Table, model.__table__).primary_key]
        _check_unique(model.__tablename__, (tuple(row[key] for key in keys) for row in rows))

    departments = {row["id"] for row in facts[Department]}
    programmes = {row["id"] for row in facts[Programme]}
    terms: dict[str, set[str]] = {}
    for row in facts[Term]:
        terms.setdefault(row["kind"], set()).add(row["code"])

    above: set[str] = set()
    for row in facts[Division]:
        if row["parent_code"] is not None:
            _check_known(f"division {row['code']}", "parent", [row["parent_code"]], above)
        above.add(row["code"])
    for row in facts[Route]:
        _check_known(f"route {row['programme_id']}", "department", [row["department_id"]], departments)
    for row in facts[MenuItem]:
        item = f"menu item {row['id']}"
        _check_known(item, "department", [row["department_id"], *row["alternative_department_ids"]], departments)
        _check_known(item, "programme", [row["programme_id"]] if row["programme_id"] else [], programmes)
        _check_known(item, "audience", row["audiences"], terms["audience"])
        _check_known(item, "theme", [row["theme"]], terms["theme"])
        _check_known(item, "format", [row["format"]], terms["format"])
        _check_known(item, "skill", row["needed_skills"], terms["skill"])
    for row in facts[TargetUnit]:
        _check_known(f"target {row['target_id']}", "department", [row["department_id"]], departments)
    known_codes = {
        "audiences": terms["audience"],
        "themes": terms["theme"],
        "formats": terms["format"],
        "items": {row["id"] for row in facts[MenuItem]},
    }
    for row in facts[Target]:
        for what, codes in row["counts"].items():
            _check_known(f"target {row['id']}", what, codes, known_codes.get(what, set()))
    for row in facts[Reason]:
        _check_known(f"reason {row['code']}", "action", [row["action"]], set(REASONED))
    for row in facts[TimeLimit]:
        _check_known("time limit", "step", [row["step"]], set(STEPS))
        _check_known("time limit", "unit", [row["unit"]], set(Unit))
        _check_known("time limit", "category", [row["category"]], {ALL_CATEGORIES, *terms["theme"]})
        _check_known("time limit", "urgency", [row["urgency"]], set(URGENCIES))


def _check_unique(table: str, keys: Iterable[tuple[Any, ...]]) -> None:
    for key, count in Counter(keys).items():
        if count > 1:
            raise ValueError(f"{table}: {'/'.join(map(str, key))} occurs {count} times")


def _check_known(where: str, what: str, named: Iterable[str], known: set[Any]) -> None:
    for name in named:
        if name not in known:
            raise ValueError(f"{where}: unknown {what} {name!r}")
