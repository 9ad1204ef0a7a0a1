"""What tests of the flow ask again and again: how a step was refused, and that nothing of it stayed behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import func, literal, select, union_all

from qtxvol.base import Base
from qtxvol.extensions import db
from qtxvol.orders.check import Finding, check_orders
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.refusals import NotFound, Refused


def order_of(number: str) -> Order:
    """The row as it stands in the database now."""
    db.session.rollback()
    return db.session.scalars(
        select(Order).where(Order.number == number).execution_options(populate_existing=True)
    ).one()


def events_of(number: str) -> list[OrderEvent]:
    """All of the order's events, first to last."""
    db.session.rollback()
    return list(
        db.session.scalars(
            select(OrderEvent)
            .join(Order, Order.id == OrderEvent.order_id)
            .where(Order.number == number)
            .order_by(OrderEvent.sequence)
        )
    )


def row_counts() -> dict[str, int]:
    """Rows in every table of the service."""
    db.session.rollback()
    counts = union_all(
        *(
            select(literal(name).label("name"), func.count().label("rows")).select_from(table)
            for name, table in Base.metadata.tables.items()
        )
    )
    return {row.name: row.rows for row in db.session.execute(counts)}


def snapshot() -> tuple[Any, ...]:
    """Row counts, and every column of every order."""
    counts = row_counts()
    orders = db.session.execute(select(*Order.__table__.columns).order_by(Order.id)).all()
    db.session.rollback()
    return counts, [tuple(row) for row in orders]


@contextmanager
def nothing_written() -> Iterator[None]:
    before = snapshot()
    yield
    assert snapshot() == before


@contextmanager
def refused(code: str, status: int, **about: Any) -> Iterator[None]:
    """The step inside is refused with `code` and `status`, saying at least `about`, and leaves nothing behind."""
    with nothing_written(), pytest.raises(Refused) as caught:
        yield
    refusal = caught.value
    assert (refusal.code, refusal.status) == (code, status), refusal.about
    assert {name: refusal.about.get(name) for name in about} == about


@contextmanager
def not_found() -> Iterator[None]:
    """For this actor the order does not exist."""
    with nothing_written(), pytest.raises(NotFound):
        yield


def findings() -> list[Finding]:
    """What `qtxvol check` says."""
    db.session.rollback()
    return list(check_orders())
