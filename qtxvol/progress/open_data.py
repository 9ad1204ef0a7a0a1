"""The open-data bundle: one SQLite file from either database, written with sqlite-utils, without any person in it."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlite_utils import Database

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import Department, Division, MenuItem, Term
from qtxvol.extensions import db
from qtxvol.orders.models import Order, OrderEvent, Rating
from qtxvol.progress.count import is_latest
from qtxvol.progress.models import Target, TargetSnapshot
from qtxvol.progress.queries import VOLUNTEER_TARGET

_BATCH = 500


def write_open_data(file: Path, now: datetime) -> dict[str, int]:
    """Write the bundle and say how many rows each table has.

    No names, phones, venues, texts, links or times of day of residents and volunteers; places only down to the town,
    so that nobody in a small village can be picked out. The file is complete or not there.
    """
    draft = file.with_suffix(file.suffix + ".part")
    draft.unlink(missing_ok=True)
    bundle = Database(draft)
    bundle.table("divisions").insert_all(_facts(Division, "code", "name", "name_en", "parent_code", "level"), pk="code")
    bundle.table("departments").insert_all(_facts(Department, "id", "name", "name_en"), pk="id")
    bundle.table("menu_items").insert_all(
        _facts(MenuItem, "id", "name", "name_en", "theme", "format", "programme_id"), pk="id"
    )
    bundle.table("terms").insert_all(_facts(Term, "kind", "code", "name", "name_en"), pk=("kind", "code"))
    bundle.table("targets").insert_all(_facts(Target, "id", "name", "name_en", "value", "unit", "section"), pk="id")
    bundle.table("orders").insert_all(
        _orders(), pk="row", batch_size=_BATCH, foreign_keys=[("menu_item_id", "menu_items", "id")]
    )
    bundle.table("steps").insert_all(_steps(), pk=("order_row", "sequence"), batch_size=_BATCH)
    bundle.table("volunteer_counts").insert_all(_counts(), pk="day")
    bundle.table("about").insert(
        {"made_at": now.astimezone(CITY_TIME).isoformat(), "source": "qtxvol", "licence": "CC BY 4.0"}
    )
    counts = {table.name: table.count for table in bundle.tables}
    bundle.conn.execute("pragma optimize")
    bundle.close()
    os.replace(draft, file)
    return counts


def _facts(model: Any, *columns: str) -> Iterator[dict[str, Any]]:
    for row in db.session.execute(select(*(getattr(model, column) for column in columns))):
        yield dict(zip(columns, row, strict=True))


def _orders() -> Iterator[dict[str, Any]]:
    rows = db.session.execute(
        select(Order, Rating.stars)
        .outerjoin(Rating, (Rating.asker_order_id == Order.id) & (Rating.closure == Order.closures_count))
        .where(Order.counts())
        .order_by(Order.id)
        .execution_options(yield_per=_BATCH)
    )
    for order, stars in rows:
        yield {
            "row": order.id,
            "town": order.division_code[:9] + "000",
            "status": order.status,
            "audience": order.audience,
            "theme": order.theme,
            "menu_item_id": order.menu_item_id,
            "headcount": order.headcount,
            "attendance": order.attendance,
            "requester_kind": order.requester_kind,
            "is_on_behalf": order.is_on_behalf,
            "department_id": order.department_id,
            "placed_on": _day(order.placed_at),
            "closed_on": _day(order.closed_at),
            "stars": stars,
        }


def _steps() -> Iterator[dict[str, Any]]:
    rows = db.session.execute(
        select(
            OrderEvent.order_id,
            OrderEvent.sequence,
            OrderEvent.action,
            OrderEvent.party,
            OrderEvent.from_status,
            OrderEvent.to_status,
            OrderEvent.was_overdue,
            OrderEvent.happened_at,
        )
        .join(Order, Order.id == OrderEvent.order_id)
        .where(Order.counts())
        .order_by(OrderEvent.order_id, OrderEvent.sequence)
        .execution_options(yield_per=_BATCH)
    )
    for row in rows:
        step = row._asdict()
        yield {"order_row": step.pop("order_id"), "happened_on": _day(step.pop("happened_at")), **step}


def _counts() -> Iterator[dict[str, Any]]:
    rows = db.session.execute(
        select(TargetSnapshot.day, TargetSnapshot.value, TargetSnapshot.numerator)
        .join(Target, Target.id == TargetSnapshot.target_id)
        .where(Target.code == VOLUNTEER_TARGET, is_latest())
        .order_by(TargetSnapshot.day, Target.starts_on)
    )
    counts = {day: {"day": day.isoformat(), "registered": int(value), "active": active} for day, value, active in rows}
    yield from counts.values()


def _day(moment: datetime | None) -> str | None:
    return moment.astimezone(CITY_TIME).date().isoformat() if moment else None
