"""The ladder's alarms, and its switches.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "clock_alarms",
        sa.Column("clock_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("rung_at", TIME, nullable=False),
        sa.Column("is_passed_over", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('soon', 'overdue', 'twice', 'moved', 'stuck')", name=op.f("ck_clock_alarms_kind")),
        sa.CheckConstraint(
            "NOT is_passed_over OR kind IN ('soon', 'overdue')", name=op.f("ck_clock_alarms_passed_over")
        ),
        sa.ForeignKeyConstraint(["clock_id"], ["order_clocks.id"], name=op.f("fk_clock_alarms_clock_id_order_clocks")),
        sa.PrimaryKeyConstraint("clock_id", "kind", name=op.f("pk_clock_alarms")),
    )
    op.create_index("ix_clock_alarms_kind_rung_at", "clock_alarms", ["kind", "rung_at"])
    op.create_table(
        "ladder_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("set_by_account_id", sa.Integer(), nullable=False),
        sa.Column("set_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["set_by_account_id"], ["accounts.id"], name=op.f("fk_ladder_rules_set_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_rules")),
    )
    op.create_index("ix_ladder_rules_name", "ladder_rules", ["name"])


def downgrade() -> None:
    op.drop_table("ladder_rules")
    op.drop_table("clock_alarms")
