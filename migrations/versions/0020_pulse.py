"""What is stuck: backups.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("file", sa.String(length=120), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_backups_size_bytes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backups")),
    )


def downgrade() -> None:
    op.drop_table("backups")
