"""The working calendar, time limits by unit and theme, and the clocks of orders that are open already.

Revision ID: 0012
Revises: 0011
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)
UNITS = "'working_minutes', 'working_hours', 'working_days', 'hours', 'days'"
#: Which step an open order waited for, whose it was, and for how many hours when no limit row said otherwise.
WAITED = {
    "placed": ("dispatch", "community", "division_code", 24),
    "dispatched": ("claim", "department", "department_id", 24),
    "claimed": ("accept", "team", "handed_team_id", 48),
    "accepted": ("close", "team", "team_id", 24),
}
DAY = timedelta(days=1)


def upgrade() -> None:
    _make_calendar()
    _widen_limits()
    _begin_clocks()


def _make_calendar() -> None:
    op.create_table(
        "office_hours",
        sa.Column("weekday", sa.String(length=3), nullable=False),
        sa.Column("half", sa.String(length=2), nullable=False),
        sa.Column("opens_at", sa.String(length=5), nullable=False),
        sa.Column("closes_at", sa.String(length=5), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("edited_at", TIME, nullable=True),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_office_hours_order")),
        sa.PrimaryKeyConstraint("weekday", "half", name=op.f("pk_office_hours")),
    )
    op.create_table(
        "workday_overrides",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_work", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_en", sa.String(length=96), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("edited_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_workday_overrides")),
    )
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.Column("confirmed_by_account_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["confirmed_by_account_id"], ["accounts.id"], name=op.f("fk_calendar_years_confirmed_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )


def _widen_limits() -> None:
    """A limit that the office has edited stays as many hours round the clock; the others follow the data again."""
    op.rename_table("time_limits", "former_limits")
    with op.batch_alter_table("former_limits") as batch:  # its names are wanted for the new one
        batch.drop_constraint(op.f("ck_time_limits_hours_positive"), type_="check")
    _make_limits(
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_time_limits_amount_positive")),
        sa.CheckConstraint(f"unit IN ({UNITS})", name=op.f("ck_time_limits_unit")),
        keys=("step", "urgency", "category"),
    )
    op.execute(
        "INSERT INTO time_limits (step, urgency, category, amount, unit, is_active, edited_at) "
        "SELECT step, urgency, 'all', hours, 'hours', is_active, edited_at FROM former_limits"
    )
    op.drop_table("former_limits")


def _make_limits(*more: sa.schema.SchemaItem, keys: tuple[str, ...]) -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:  # an index keeps its name when its table is renamed
        op.execute("ALTER TABLE former_limits DROP CONSTRAINT pk_time_limits")
    op.create_table(
        "time_limits",
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("urgency", sa.String(length=16), nullable=False),
        *more,
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("edited_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_time_limits")),
    )


def _begin_clocks() -> None:
    """What was due before stays due then. A team that had accepted owes no first call, which nobody had asked of it."""
    connection = op.get_bind()
    orders = sa.table(
        "orders",
        sa.column("id", sa.Integer),
        sa.column("status", sa.String),
        *(sa.column(name, TIME) for name in ("status_since", "due_at", "clock_stopped_at", "agreed_start", "agreed_end")),
        *(sa.column(name, TIME) for name in ("closed_at",)),
        *(sa.column(name, sa.String) for name in ("division_code", "department_id", "urgency")),
        *(sa.column(name, sa.Integer) for name in ("team_id", "handed_team_id", "merged_into_id", "closures_count")),
    )
    events = sa.table(
        "order_events",
        *(sa.column(name, sa.Integer) for name in ("id", "order_id")),
        *(sa.column(name, sa.String) for name in ("from_status", "to_status", "action")),
    )
    entered = (
        sa.select(events.c.order_id, events.c.to_status, sa.func.max(events.c.id).label("event_id"))
        .where(sa.or_(events.c.from_status.is_(None), events.c.from_status != events.c.to_status, events.c.action == "rule"))
        .group_by(events.c.order_id, events.c.to_status)
        .subquery()
    )
    limits = {
        (step, urgency): amount
        for step, urgency, amount in connection.execute(
            sa.text("SELECT step, urgency, amount FROM time_limits WHERE category = 'all' AND is_active")
        )
    }
    found = connection.execute(
        sa.select(orders, entered.c.event_id)
        .join(entered, sa.and_(entered.c.order_id == orders.c.id, entered.c.to_status == orders.c.status))
        .where(orders.c.status.in_(WAITED))
        .order_by(orders.c.id)
    ).all()
    rows = [row for order in found for row in _clocks_of(order, limits)]
    rows += _ratings(connection, orders, entered)
    _insert(connection, rows)


def _clocks_of(order: sa.Row, limits: dict[tuple[str, str], int]) -> list[dict[str, object]]:
    step, party, column, hours = WAITED[order.status]
    hours = limits.get((step, order.urgency), limits.get((step, "normal"), hours))
    start = order.agreed_end if step == "close" and order.agreed_end else order.status_since
    span = timedelta(hours=hours)
    due = order.due_at or start + span
    main = {
        "order_id": order.id,
        "step": step,
        "party": party,
        "scope": str(getattr(order, column) or ""),
        "started_event_id": order.event_id,
        "started_at": start,
        "amount": hours,
        "unit": "hours",
        "soon_at": due - span / 4,
        "due_at": due,
        "twice_at": due + span,
        "stopped_at": order.clock_stopped_at,
        "ended_at": None,
        "ending": "",
    }
    if step != "close":
        return [main]
    day_over = _day_over(order.agreed_end)
    serve = {
        **main,
        "step": "serve",
        "started_at": order.status_since,
        "amount": 15,
        "unit": "working_days",
        "soon_at": max(order.status_since, day_over - DAY),
        "due_at": day_over,
        "twice_at": day_over + DAY,
    }
    return [main, serve]


def _day_over(moment: datetime) -> datetime:
    local = moment.astimezone(qtxvol.base.CITY_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    return (local + DAY).astimezone(UTC)


def _ratings(connection: sa.Connection, orders: sa.TableClause, entered: sa.Subquery) -> list[dict[str, object]]:
    """Residents whose service was closed in the last seven days and who have not rated it still may, in time."""
    now = datetime.now(UTC)
    ratings = sa.table("ratings", *(sa.column(name, sa.Integer) for name in ("asker_order_id", "closure")))
    served = orders.alias("served")
    asker = orders.alias("asker")
    found = connection.execute(
        sa.select(asker.c.id, served.c.closed_at, entered.c.event_id)
        .select_from(served)
        .join(asker, sa.or_(asker.c.id == served.c.id, asker.c.merged_into_id == served.c.id))
        .join(entered, sa.and_(entered.c.order_id == served.c.id, entered.c.to_status == "closed"))
        .outerjoin(
            ratings,
            sa.and_(ratings.c.asker_order_id == asker.c.id, ratings.c.closure == served.c.closures_count),
        )
        .where(served.c.status == "closed", served.c.closed_at > now - 7 * DAY, ratings.c.closure.is_(None))
    ).all()
    return [
        {
            "order_id": row.id,
            "step": "rate",
            "party": "resident",
            "scope": "",
            "started_event_id": row.event_id,
            "started_at": row.closed_at,
            "amount": 7,
            "unit": "days",
            "soon_at": row.closed_at + 7 * DAY * 3 / 4,
            "due_at": row.closed_at + 7 * DAY,
            "twice_at": row.closed_at + 14 * DAY,
            "stopped_at": None,
            "ended_at": None,
            "ending": "",
        }
        for row in found
    ]


def _insert(connection: sa.Connection, rows: list[dict[str, object]]) -> None:
    times = ("started_at", "soon_at", "due_at", "twice_at", "stopped_at", "ended_at")
    clocks = sa.table(
        "order_clocks",
        *(sa.column(name, TIME) for name in times),
        *(sa.column(name, sa.Integer) for name in ("order_id", "started_event_id", "amount")),
        *(sa.column(name, sa.String) for name in ("step", "party", "scope", "unit", "ending")),
    )
    for first in range(0, len(rows), 500):
        connection.execute(sa.insert(clocks), rows[first : first + 500])


def downgrade() -> None:
    op.execute("DELETE FROM order_clocks")
    op.rename_table("time_limits", "former_limits")
    _make_limits(
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.CheckConstraint("hours > 0", name=op.f("ck_time_limits_hours_positive")),
        keys=("step", "urgency"),
    )
    op.execute(
        "INSERT INTO time_limits (step, urgency, hours, is_active, edited_at) SELECT step, urgency, "
        "CASE unit WHEN 'working_days' THEN amount * 24 WHEN 'days' THEN amount * 24 "
        "WHEN 'working_minutes' THEN (amount + 59) / 60 ELSE amount END, is_active, edited_at FROM former_limits "
        "WHERE category = 'all' AND step IN ('dispatch', 'claim', 'accept', 'close')"
    )
    op.drop_table("former_limits")
    op.drop_table("calendar_years")
    op.drop_table("workday_overrides")
    op.drop_table("office_hours")
