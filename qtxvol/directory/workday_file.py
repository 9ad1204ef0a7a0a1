"""A file of days off and make-up workdays: read, compared with the calendar, and written as a whole or not at all.

One day a line: `date,is_work,name`; the heading may be missing or Chinese. A line that can't be right is refused with
its number, and nothing is written.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.directory.models import WorkdayOverride
from qtxvol.directory.workdays import MOST_YEARS, load_calendar, save_days
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label, Party
from qtxvol.refusals import Refused
from qtxvol.storage import transaction

#: Ten years of holidays are shorter.
MOST_LINES = 2_000
LARGEST_BYTES = 200_000
LONGEST_NAME = 64
_HEADINGS = {"date", "日期"}
_YES = frozenset({"1", "true", "yes", "y", "work", "上班", "是", "调休上班"})
_NO = frozenset({"0", "false", "no", "n", "off", "放假", "否", "休息"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that was refused. `line` from 1, as a spreadsheet shows it."""

    line: int
    text: str
    reason: Label


@dataclass(frozen=True, slots=True)
class Change:
    """What a line would do. `was`: whether the day is a workday now."""

    day: date
    is_work: bool
    name: str
    was: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as it was read: what would change, what stays, what is wrong."""

    changes: tuple[Change, ...]
    same: int
    faults: tuple[Fault, ...]

    @property
    def years(self) -> list[int]:
        """Of the days that would change."""
        return sorted({change.day.year for change in self.changes})


def read_workdays(data: bytes) -> Reading:
    """Read a file and compare it with the calendar; writes nothing.

    :param data: UTF-8 or GB 18030, as spreadsheets save it.
    :raise Refused: `workday_file` (422) with `message`: no text, nothing in it, or too long.
    """
    days: dict[date, tuple[bool, str]] = {}
    faults: list[Fault] = []
    lines = list(_lines(data))
    for number, cells in lines:
        found = _read_line(cells)
        if isinstance(found, Label):
            faults.append(Fault(number, ",".join(cells)[:80], found))
        elif found[0] in days:
            again = Label("这一天前面已经写过了，请只留一行。", "This day stands further up already: keep one line.")
            faults.append(Fault(number, ",".join(cells)[:80], again))
        else:
            days[found[0]] = found[1:]
    if not lines:
        _refuse("文件里没有日期。请每行写一天：日期,是否上班,名称。", "No days in it. One a line: date,is_work,name.")
    changes, same = _compare(days)
    return Reading(tuple(changes), same, tuple(faults))


def import_workdays(data: bytes, actor: Actor, now: datetime, *, source: str = "import") -> Reading:
    """Write what a file says, whole or not at all; reloads leave these days alone.

    :raise Refused: `wrong_party` (403); `workday_file` (422), also when a line is wrong: then nothing is written.
    """
    if actor.party not in (Party.OFFICE, Party.SYSTEM):
        raise Refused("wrong_party", 403)
    with transaction():
        reading = read_workdays(data)
        if reading.faults:
            first = reading.faults[0]
            _refuse(
                f"有 {len(reading.faults)} 行不对，什么都没有写入。第 {first.line} 行：{first.reason.zh}",
                f"{len(reading.faults)} lines are wrong, nothing was written. Line {first.line}: {first.reason.en}",
            )
        save_days(
            [
                {"day": each.day, "is_work": each.is_work, "name": each.name, "name_en": "", "source": source}
                for each in reading.changes
            ],
            now,
        )
    return reading


def _compare(days: Mapping[date, tuple[bool, str]]) -> tuple[list[Change], int]:
    calendar = load_calendar()
    stored = {
        row.day: row
        for row in db.session.scalars(
            select(WorkdayOverride).where(WorkdayOverride.day.in_(days), WorkdayOverride.is_active)
        )
    }
    changes, same = [], 0
    for day, (is_work, name) in sorted(days.items()):
        row = stored.get(day)
        if row is not None and (row.is_work, name or row.name) == (is_work, row.name):
            same += 1
            continue
        changes.append(Change(day, is_work, name, was=calendar.is_work(day), is_new=row is None))
    return changes, same


def _lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line that says something, without the heading."""
    if len(data) > LARGEST_BYTES:
        _refuse("文件太大了，请不超过 200 KB。", "The file is too big: at most 200 KB.")
    text = _decode(data)
    rows = csv.reader(io.StringIO(text.replace("\t", ",").replace("，", ",")))
    try:
        for number, cells in enumerate(rows, 1):
            cells = [cell.strip() for cell in cells]
            if number > MOST_LINES:
                _refuse("文件最多 2000 行，请分开导入。", "At most 2000 lines: send it in parts.")
            if any(cells) and not (number == 1 and cells[0].lower() in _HEADINGS):
                yield number, cells
    except csv.Error:
        _refuse("这不是 CSV 文件，请用模板另存为 CSV。", "This is no CSV file: save the template as CSV.")


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    _refuse("读不出文字，请把文件另存为 CSV（UTF-8）。", "No readable text: save the file as CSV (UTF-8).")


def _read_line(cells: Sequence[str]) -> tuple[date, bool, str] | Label:
    """Day, whether it is worked, name; or what is wrong with the line."""
    if len(cells) < 2:
        return Label("缺“是否上班”，请写成：日期,是否上班,名称。", "is_work is missing: write date,is_work,name.")
    day = _read_day(cells[0])
    if day is None:
        return Label("日期不对，请写成 2026-10-10。", "The date is wrong: write it like 2026-10-10.")
    if abs(day.year - 2050) > MOST_YEARS:
        return Label("年份不对，请写 2000 到 2100 年之间的日期。", "The year is wrong: from 2000 to 2100.")
    word = cells[1].lower()
    if word not in _YES and word not in _NO:
        return Label("“是否上班”请写 1（上班）或 0（放假）。", "is_work is 1 (workday) or 0 (day off).")
    name = cells[2] if len(cells) > 2 else ""
    if len(name) > LONGEST_NAME or not name.isprintable():
        return Label("名称最多 64 个字，不能换行。", "The name: at most 64 characters, in one line.")
    return day, word in _YES, name


def _read_day(text: str) -> date | None:
    parts = text.replace("/", "-").replace(".", "-").split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):
        return None
    try:
        return date(*(int(part) for part in parts))
    except ValueError:
        return None


def _refuse(zh: str, en: str) -> NoReturn:
    raise Refused("workday_file", 422, field="file", message=zh, message_en=en)
