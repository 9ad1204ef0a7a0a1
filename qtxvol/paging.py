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
    number, pages = nearest(number, len(rows), PAGE_SIZE)
    return Page(rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE], len(rows), number, pages)


def select_page(statement: Select[*tuple[Any, ...]], number: int, *, size: int = PAGE_SIZE) -> Page[Any]:
    """A page of what `statement` selects, in its order: two statements, whatever the number of rows."""
    counting = statement.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    total = db.session.scalar(counting) or 0
    number, pages = nearest(number, total, size)
    rows = db.session.execute(statement.limit(size).offset((number - 1) * size)).all()
    return Page(rows, total, number, pages)


def nearest(number: int, total: int, size: int) -> tuple[int, int]:
    """The page that exists nearest to `number`, and how many pages there are."""
    pages = max(1, -(-total // size))
    return min(max(1, number), pages), pages
