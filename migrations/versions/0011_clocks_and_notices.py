"""Clocks of orders, notices of every kind, the status unreachable.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)
WERE = (
    "status IN ('placed', 'dispatched', 'claimed', 'accepted', 'closed', 'rejected', 'merged', 'cancelled', 'unmet')"
)
ARE = WERE[:-1] + ", 'unreachable')"


def upgrade() -> None:
    with op.batch_alter_table("orders") as batch:
        batch.drop_constraint(op.f("ck_orders_status"), type_="check")
        batch.create_check_constraint(op.f("ck_orders_status"), ARE)
    _make_clocks()
    _widen_notices()


def _make_clocks() -> None:
    op.create_table(
        "order_clocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("party", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("started_event_id", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("soon_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("twice_at", TIME, nullable=False),
        sa.Column("stopped_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("ending", sa.String(length=8), nullable=False),
        sa.Column("ended_event_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("ending IN ('', 'done', 'void')", name=op.f("ck_order_clocks_ending")),
        sa.CheckConstraint("(ended_at IS NULL) = (ending = '')", name=op.f("ck_order_clocks_ended")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_order_clocks_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_clocks_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["started_event_id"], ["order_events.id"], name=op.f("fk_order_clocks_started_event_id_order_events")
        ),
        sa.ForeignKeyConstraint(
            ["ended_event_id"], ["order_events.id"], name=op.f("fk_order_clocks_ended_event_id_order_events")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_clocks")),
    )
    op.create_index("ix_order_clocks_order_id", "order_clocks", ["order_id"])
    op.create_index("ix_order_clocks_ended_at_due_at", "order_clocks", ["ended_at", "due_at"])


def _widen_notices() -> None:
    for column in (
        sa.Column("kind", sa.String(32), nullable=True),
        sa.Column("about", sa.JSON(), nullable=True),
        sa.Column("is_emergency", sa.Boolean(), nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("planned_at", TIME, nullable=True),
    ):
        op.add_column("notices", column)
    # what was told before there were channels stands in the inboxes and is not sent anywhere now
    op.execute(
        "UPDATE notices SET kind = (SELECT action FROM order_events WHERE order_events.id = notices.event_id), "
        "about = '{}', is_emergency = false, due_at = queued_at, planned_at = queued_at"
    )
    with op.batch_alter_table("notices") as batch:
        batch.add_column(sa.Column("key", sa.String(96), nullable=True))
        batch.add_column(sa.Column("withdrawn_at", TIME, nullable=True))
        batch.alter_column("kind", existing_type=sa.String(32), nullable=False)
        batch.alter_column("about", existing_type=sa.JSON(), nullable=False)
        batch.alter_column("is_emergency", existing_type=sa.Boolean(), nullable=False)
        batch.alter_column("due_at", existing_type=TIME, nullable=False)
        batch.alter_column("order_id", existing_type=sa.Integer(), nullable=True)
        batch.alter_column("event_id", existing_type=sa.Integer(), nullable=True)
        batch.create_unique_constraint(op.f("uq_notices_key"), ["key"])
        batch.create_check_constraint(op.f("ck_notices_resident"), "party <> 'resident' OR order_id IS NOT NULL")
        batch.create_index("ix_notices_planned_at_due_at", ["planned_at", "due_at"])


def downgrade() -> None:
    op.execute("DELETE FROM notices WHERE event_id IS NULL OR order_id IS NULL")
    with op.batch_alter_table("notices") as batch:
        batch.drop_index("ix_notices_planned_at_due_at")
        batch.drop_constraint(op.f("ck_notices_resident"), type_="check")
        batch.drop_constraint(op.f("uq_notices_key"), type_="unique")
        batch.alter_column("order_id", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("event_id", existing_type=sa.Integer(), nullable=False)
        for column in ("kind", "about", "key", "is_emergency", "due_at", "planned_at", "withdrawn_at"):
            batch.drop_column(column)
    op.drop_table("order_clocks")
    op.execute("UPDATE orders SET status = 'cancelled' WHERE status = 'unreachable'")
    with op.batch_alter_table("orders") as batch:
        batch.drop_constraint(op.f("ck_orders_status"), type_="check")
        batch.create_check_constraint(op.f("ck_orders_status"), WERE)
