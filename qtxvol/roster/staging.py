"""What was read, kept for a while in a SQLite file of its own so that a clerk can look at it before anything is taken.

One file for each list, under the data folder, readable by the service alone; whatever could identify or reach a
person stands in it sealed. It is thrown away with the list (`take.py`).
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flask import current_app
from sqlite_utils import Database

from qtxvol.accounts.phones import mask_phone, parse_phone
from qtxvol.orders.lifecycle import Label
from qtxvol.paging import PAGE_SIZE, Page, nearest
from qtxvol.privacy.numbers import has_own_number
from qtxvol.privacy.vault import current_vault
from qtxvol.roster.checking import Person, Problem, mask_text
from qtxvol.roster.compare import Outcome, Verdict
from qtxvol.roster.reading import Head, Row
from qtxvol.settings import Settings
from qtxvol.volunteers.identity import Document, mask_number

_TROUBLED = "outcome IN ('refused', 'differs')"


@dataclass(frozen=True, slots=True)
class StagedLine:
    """One line as a clerk sees it; phone and document are masked."""

    row: int
    name: str
    phone: str
    document: str
    about: str
    outcome: Outcome
    problems: tuple[Problem, ...]
    number: str


def staging_folder() -> Path:
    """Where the files are; only the service may look into it."""
    settings: Settings = current_app.extensions["qtxvol_settings"]
    folder = settings.data / "rosters"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def staging_file(key: str) -> Path:
    return staging_folder() / f"{key}.sqlite3"


def has_staging(key: str) -> bool:
    return staging_file(key).is_file()


def drop_staging(key: str) -> None:
    """Throw what was read away; nothing happens when it is gone."""
    for suffix in ("", "-journal"):
        Path(f"{staging_file(key)}{suffix}").unlink(missing_ok=True)


class Staging:
    """The lines of one list. Made by `new_staging` and `open_staging`."""

    def __init__(self, file: Path) -> None:
        self._db = Database(file)
        self._db.conn.execute("PRAGMA synchronous = off")  # after a power cut the list is simply sent again
        self._lines = self._db.table("lines")
        self._vault = current_vault()

    def close(self) -> None:
        self._db.conn.close()

    def write_head(self, head: Head) -> None:
        self._db.table("head").insert(
            {
                "kind": head.kind,
                "sheet": head.sheet,
                "unread": json.dumps(head.unread),
                "sealed": self._vault.seal(json.dumps(asdict(head))),
            }
        )
        self._lines.create(
            {
                "row": int,
                "name": str,
                "phone": str,
                "document": str,
                "about": str,
                "outcome": str,
                "problems": str,
                "number": str,
                "cells": str,
                "person": str,
            },
            pk="row",
        )
        self._lines.create_index(["outcome"])

    def about(self) -> tuple[str, list[str]]:
        """The sheet's name, and the headings that mean nothing here."""
        found = next(iter(self._db.table("head").rows))
        return found["sheet"], json.loads(found["unread"])

    def read_head(self) -> Head:
        found = json.loads(self._vault.open(next(iter(self._db.table("head").rows))["sealed"]))
        above = tuple((number, tuple(cells)) for number, cells in found["above"])
        return Head(
            found["kind"], found["sheet"], above, tuple(found["headings"]), found["number"], tuple(found["keys"])
        )

    def write_lines(self, lines: Iterable[tuple[Row, Person | None, Verdict]]) -> None:
        """Add lines; the sealed original beside what is shown of it."""
        self._lines.insert_all(self._record(*line) for line in lines)

    def _record(self, row: Row, person: Person | None, verdict: Verdict) -> dict[str, Any]:
        shown = {key: cell.text for key, cell in row.values.items()}
        return {
            "row": row.number,
            "name": shown.get("name", "")[:40],
            "phone": _masked_phone(shown.get("phone", "")),
            "document": _masked_number(shown.get("id_number", "")),
            "about": " · ".join(
                "…" if has_own_number(shown[key]) else shown[key][:40]
                for key in ("team", "employer", "title", "division", "skills")
                if shown.get(key)
            ),
            **_verdict_record(verdict),
            "cells": self._vault.seal(json.dumps(row.cells)),
            "person": self._vault.seal(json.dumps(_packed(person))) if person else "",
        }

    def write_verdicts(self, verdicts: dict[int, Verdict]) -> None:
        """What is to become of some lines, anew."""
        with self._db.conn:
            self._db.conn.executemany(
                "UPDATE lines SET outcome = :outcome, problems = :problems, number = :number WHERE row = :row",
                [{"row": row, **_verdict_record(verdict)} for row, verdict in verdicts.items()],
            )

    def page(self, number: int, *, is_troubled: bool = False) -> Page[StagedLine]:
        """A page of the lines in the order of the sheet; with `is_troubled` those that are not taken alone."""
        where = _TROUBLED if is_troubled else None
        total = self._lines.count_where(where)
        number, pages = nearest(number, total, PAGE_SIZE)
        rows = self._lines.rows_where(
            where, order_by="row", limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE, select=_SHOWN
        )
        return Page([_line(row) for row in rows], total, number, pages)

    def people(self, *, size: int = 500) -> Iterator[dict[int, Person]]:
        """Everybody without a problem of their own line, by row, some hundred at a time."""
        last = 0
        while True:
            found = list(
                self._lines.rows_where(
                    "row > ? AND person <> ''", [last], order_by="row", limit=size, select="row, person"
                )
            )
            if not found:
                return
            last = found[-1]["row"]
            yield {row["row"]: self._person(row["person"]) for row in found}

    def _person(self, sealed: str) -> Person:
        found = json.loads(self._vault.open(sealed))
        kind, number, said = found.pop("document") or ("", "", None)
        return Person(
            **{
                **found,
                "document": Document(kind, number, _day(said)) if kind else None,
                "birth_on": _day(found["birth_on"]),
                "skills": tuple(found["skills"]),
            }
        )

    def originals(self) -> Iterator[tuple[StagedLine, Sequence[str]]]:
        """Every line with its cells as they came."""
        for row in self._lines.rows_where(order_by="row"):
            yield _line(row), json.loads(self._vault.open(row["cells"]))


_SHOWN = "row, name, phone, document, about, outcome, problems, number"


@contextmanager
def new_staging(key: str) -> Iterator[Staging]:
    """An empty file that only the service can read; after an error it is gone."""
    file = staging_file(key)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    staging = Staging(file)
    try:
        yield staging
    except BaseException:
        staging.close()
        drop_staging(key)
        raise
    staging.close()


@contextmanager
def open_staging(key: str) -> Iterator[Staging]:
    """What was read before.

    :raise FileNotFoundError: it was thrown away, or lies on another machine.
    """
    if not has_staging(key):
        raise FileNotFoundError(key)
    staging = Staging(staging_file(key))
    try:
        yield staging
    finally:
        staging.close()


def _packed(person: Person) -> dict[str, Any]:
    document = person.document
    return {
        "name": person.name,
        "phone": person.phone,
        "document": (document.kind, document.number, _iso(document.birth_on)) if document else None,
        "birth_on": _iso(person.birth_on),
        "division_code": person.division_code,
        "employer": person.employer,
        "title": person.title,
        "team_id": person.team_id,
        "skills": person.skills,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _verdict_record(verdict: Verdict) -> dict[str, str]:
    problems = [[each.code, each.column, each.text.zh, each.text.en] for each in verdict.problems]
    return {
        "outcome": verdict.outcome,
        "problems": json.dumps(problems, ensure_ascii=False) if problems else "",
        "number": verdict.number,
    }


def _line(row: dict[str, Any]) -> StagedLine:
    problems = tuple(
        Problem(code, column, Label(zh, en)) for code, column, zh, en in json.loads(row["problems"] or "[]")
    )
    shown = {name: row[name] for name in ("row", "name", "phone", "document", "about", "outcome", "number")}
    return StagedLine(**shown, problems=problems)


def _masked_phone(text: str) -> str:
    digits = parse_phone(text)
    return mask_phone(digits) if digits else mask_text(text)


def _masked_number(text: str) -> str:
    plain = text.replace(" ", "")
    return mask_number(plain) if plain.isascii() and plain.isalnum() else mask_text(text)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
