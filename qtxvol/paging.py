"""One page of a list: which rows, of how many. Shared by the reads that lists of pages need."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func

from qtxvol.extensions import db

PAGE_SIZE = 30

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`rows` of the page `number` out of `pages`; `total` rows in all."""

    rows: Sequence[Row]
    total: int
    number: int
    pages: int

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return self.number < self.pages


def page_of(rows: Sequence[Row], number: int) -> Page[Row]:
    """A page of a list that is in memory already. A number beyond the ends gives the nearest page."""
    number, pages = _nearest(number, len(rows))
    return Page(rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE], len(rows), number, pages)


def select_page(statement: Select[*tuple[Any, ...]], number: int) -> Page[Any]:
    """A page of what `statement` selects, in its order: two statements, whatever the number of rows."""
    counting = statement.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    total = db.session.scalar(counting) or 0
    number, pages = _nearest(number, total)
    rows = db.session.execute(statement.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
    return Page(rows, total, number, pages)


def _nearest(number: int, total: int) -> tuple[int, int]:
    pages = max(1, -(-total // PAGE_SIZE))
    return min(max(1, number), pages), pages
