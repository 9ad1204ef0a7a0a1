"""Model cases.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("written_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("written_by_account_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("title <> '' AND story <> ''", name=op.f("ck_model_cases_told")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_model_cases_version")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_model_cases_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["written_by_account_id"], ["accounts.id"], name=op.f("fk_model_cases_written_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_cases")),
        sa.UniqueConstraint("order_id", name=op.f("uq_model_cases_order_id")),
    )


def downgrade() -> None:
    op.drop_table("model_cases")
