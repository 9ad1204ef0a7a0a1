"""Lists that were read in.

Revision ID: 0007
Revises: 0006
"""

import qtxvol.base
import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roster_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("file_digest", sa.String(64), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("read_by", sa.String(64), nullable=False),
        sa.Column("read_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("decided_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("cleared_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('read', 'taken', 'cancelled')", name=op.f("ck_roster_runs_state")),
        sa.CheckConstraint("(state = 'read') = (decided_at IS NULL)", name=op.f("ck_roster_runs_decided")),
        sa.CheckConstraint("mode IN ('', 'all', 'valid')", name=op.f("ck_roster_runs_mode")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_roster_runs_team_id_teams")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_roster_runs_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_runs")),
        sa.UniqueConstraint("key", name=op.f("uq_roster_runs_key")),
    )
    with op.batch_alter_table("roster_runs") as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_runs_file_digest"), ["file_digest"], unique=False)


def downgrade() -> None:
    op.drop_table("roster_runs")
