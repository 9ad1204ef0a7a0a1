"""Calls to residents: a second contact, tries to reach somebody, call-backs with a result and a due time, orders that
look alike and are two.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)
#: Earlier tasks have no working calendar behind them: three days plus a weekend.
DUE = {"sqlite": "datetime(opened_at, '+5 days') || '.000000'", "postgresql": "opened_at + interval '5 days'"}


def upgrade() -> None:
    _widen_orders()
    _widen_call_backs()
    _add_attempts()
    op.create_table(
        "distinct_orders",
        sa.Column("low_id", sa.Integer(), nullable=False),
        sa.Column("high_id", sa.Integer(), nullable=False),
        sa.Column("said_at", TIME, nullable=False),
        sa.Column("said_by_account_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_distinct_orders_sorted")),
        sa.ForeignKeyConstraint(["low_id"], ["orders.id"], name=op.f("fk_distinct_orders_low_id_orders")),
        sa.ForeignKeyConstraint(["high_id"], ["orders.id"], name=op.f("fk_distinct_orders_high_id_orders")),
        sa.ForeignKeyConstraint(
            ["said_by_account_id"], ["accounts.id"], name=op.f("fk_distinct_orders_said_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_distinct_orders")),
    )
    op.create_index("ix_distinct_orders_high_id", "distinct_orders", ["high_id"])


def _widen_orders() -> None:
    texts = {"second_name": sa.Text(), "second_phone": sa.Text(), "second_phone_tail": sa.String(4), "browser_mark": sa.String(24)}
    for name, kind in texts.items():
        op.add_column("orders", sa.Column(name, kind, nullable=True))
    op.add_column("orders", sa.Column("is_joint_ok", sa.Boolean(), nullable=True))
    op.execute("UPDATE orders SET second_name = '', second_phone = '', second_phone_tail = '', browser_mark = '', is_joint_ok = false")
    with op.batch_alter_table("orders") as batch:
        for name, kind in texts.items():
            batch.alter_column(name, existing_type=kind, nullable=False)
        batch.alter_column("is_joint_ok", existing_type=sa.Boolean(), nullable=False)


def _widen_call_backs() -> None:
    for column in (
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("result", sa.String(16), nullable=True),
        sa.Column("done_by_name", sa.String(64), nullable=True),
    ):
        op.add_column("call_backs", column)
    due = DUE[op.get_bind().dialect.name]
    op.execute(
        f"UPDATE call_backs SET due_at = {due}, done_by_name = '', "  # noqa: S608
        "result = CASE WHEN done_at IS NULL THEN '' ELSE 'other' END"
    )
    op.execute(
        "UPDATE call_backs SET result = (SELECT CASE answer WHEN 'unreachable' THEN 'unreached' ELSE answer END "
        "FROM spot_check_orders WHERE call_back_id = call_backs.id) "
        "WHERE id IN (SELECT call_back_id FROM spot_check_orders WHERE answer <> '') AND done_at IS NOT NULL"
    )
    with op.batch_alter_table("call_backs") as batch:
        batch.alter_column("due_at", existing_type=TIME, nullable=False)
        batch.alter_column("result", existing_type=sa.String(16), nullable=False)
        batch.alter_column("done_by_name", existing_type=sa.String(64), nullable=False)
        batch.create_check_constraint(op.f("ck_call_backs_done"), "(done_at IS NULL) = (result = '')")
        batch.create_index("ix_call_backs_done_at_due_at", ["done_at", "due_at"])


def _add_attempts() -> None:
    op.create_table(
        "contact_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("call_back_id", sa.Integer(), nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("party", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.String(64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("contact", sa.String(8), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.CheckConstraint("contact IN ('first', 'second')", name=op.f("ck_contact_attempts_contact")),
        sa.CheckConstraint(
            "outcome IN ('reached', 'no_answer', 'wrong_number', 'refused', 'other')",
            name=op.f("ck_contact_attempts_outcome"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_contact_attempts_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["call_back_id"], ["call_backs.id"], name=op.f("fk_contact_attempts_call_back_id_call_backs")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_contact_attempts_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_attempts")),
        sa.UniqueConstraint("order_id", "key", name=op.f("uq_contact_attempts_order_id_key")),
    )
    op.create_index("ix_contact_attempts_call_back_id", "contact_attempts", ["call_back_id"])


def downgrade() -> None:
    op.drop_table("distinct_orders")
    op.drop_table("contact_attempts")
    with op.batch_alter_table("call_backs") as batch:
        batch.drop_index("ix_call_backs_done_at_due_at")
        batch.drop_constraint(op.f("ck_call_backs_done"), type_="check")
        for column in ("due_at", "result", "done_by_name"):
            batch.drop_column(column)
    with op.batch_alter_table("orders") as batch:
        for column in ("second_name", "second_phone", "second_phone_tail", "browser_mark", "is_joint_ok"):
            batch.drop_column(column)
