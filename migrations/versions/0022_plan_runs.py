"""Matching: all lines of a plan confirmed by the worker, and who let the service ask for an order.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "auto_switches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("by_account_id", sa.Integer(), nullable=True),
        sa.Column("switched_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_auto_switches_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["by_account_id"], ["accounts.id"], name=op.f("fk_auto_switches_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_switches")),
    )
    op.create_index("ix_auto_switches_order_id", "auto_switches", ["order_id"])
    op.create_table(
        "plan_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("asked_by_account_id", sa.Integer(), nullable=False),
        sa.Column("is_handed", sa.Boolean(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("last_line_id", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=80), nullable=False),
        sa.Column("beat_at", TIME, nullable=True),
        sa.Column("is_stop_wanted", sa.Boolean(), nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("ending", sa.String(length=16), nullable=False),
        sa.CheckConstraint("ending IN ('', 'done', 'stopped', 'no_seat', 'nobody')", name=op.f("ck_plan_runs_ending")),
        sa.CheckConstraint("(ended_at IS NULL) = (ending = '')", name=op.f("ck_plan_runs_ended")),
        sa.ForeignKeyConstraint(["plan_id"], ["match_plans.id"], name=op.f("fk_plan_runs_plan_id_match_plans")),
        sa.ForeignKeyConstraint(
            ["asked_by_account_id"], ["accounts.id"], name=op.f("fk_plan_runs_asked_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_runs")),
    )
    op.create_index("ix_plan_runs_ended_at", "plan_runs", ["ended_at"])
    op.create_index("ix_plan_runs_plan_id", "plan_runs", ["plan_id"])


def downgrade() -> None:
    op.drop_table("plan_runs")
    op.drop_table("auto_switches")
