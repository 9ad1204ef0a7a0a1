"""What a paper is before it is drawn: tables of figures with their units and where they come from; pure.

The print page and the xlsx file are made from the same `Paper`, so what the one says the other says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from qtxvol.orders.lifecycle import Label


class Kind(StrEnum):
    """How the values of a column are written. MINUTES are kept as minutes and read as hours."""

    TEXT = "text"
    NUMBER = "number"
    MINUTES = "minutes"
    DECIMAL = "decimal"
    DAY = "day"


NOTHING = Label("", "")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `unit` stands behind the label in its head: 人 and 人次 can't be mistaken.

    :ivar is_sum: the last line is the sum of the lines above; else it is counted by itself.
    :ivar is_short: a word or two, which is not broken.
    """

    label: Label
    kind: Kind = Kind.TEXT
    unit: Label = NOTHING
    is_sum: bool = True
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, None for nothing to say, and what to ask for to see the rows behind it.

    :ivar source: measure and filters, as `drill` and the office's pages take them; empty when nothing is behind it.
    """

    value: str | int | float | date | None
    source: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A line. Texts are `Label`s so that page and file can choose the language; figures are cells."""

    cells: Sequence[Label | Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its heading; `total` is its last line, `notes` stand below."""

    name: Label
    columns: Sequence[Column]
    rows: Sequence[Row]
    total: Row | None = None
    notes: Sequence[Label] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A model case: words instead of figures."""

    title: Label
    facts: Sequence[Label]
    text: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole paper. `code` names its file and its page."""

    code: str
    title: Label
    subject: Label
    made_at: datetime
    sheets: Sequence[Sheet] = ()
    stories: Sequence[Story] = ()
    notes: Sequence[Label] = ()


#: Chooses one of a label's two languages.
Say = Callable[[Label], str]


def text_of(value: Label | Cell, say: Say) -> Any:
    """What stands in a cell: a text in the chosen language, or the plain value."""
    return say(value) if isinstance(value, Label) else value.value


def head_of(column: Column, say: Say) -> str:
    """`办结（单）`."""
    unit = say(column.unit)
    name = say(column.label)
    if not unit:
        return name
    return f"{name}（{unit}）" if column.label.zh == name else f"{name} ({unit})"
