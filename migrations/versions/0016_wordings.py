"""Wordings and what readers want.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "wordings",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("family", sa.String(length=8), nullable=False),
        sa.Column("locale", sa.String(length=2), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_at", TIME, nullable=False),
        sa.CheckConstraint("family IN ('short', 'long')", name=op.f("ck_wordings_family")),
        sa.CheckConstraint("locale IN ('zh', 'en')", name=op.f("ck_wordings_locale")),
        sa.CheckConstraint("subject <> '' AND text <> ''", name=op.f("ck_wordings_said")),
        sa.PrimaryKeyConstraint("kind", "audience", "family", "locale", name=op.f("pk_wordings")),
    )
    op.create_table(
        "wording_edits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("family", sa.String(length=8), nullable=False),
        sa.Column("locale", sa.String(length=2), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_account_id", sa.Integer(), nullable=False),
        sa.Column("by_name", sa.String(length=64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("action IN ('edit', 'reset')", name=op.f("ck_wording_edits_action")),
        sa.ForeignKeyConstraint(
            ["by_account_id"], ["accounts.id"], name=op.f("fk_wording_edits_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wording_edits")),
    )
    op.create_index("ix_wording_edits_kind_audience", "wording_edits", ["kind", "audience"])
    _make_append_only()


def downgrade() -> None:
    op.drop_table("wording_edits")
    op.drop_table("wordings")


def _make_append_only() -> None:
    """Who changed what can't be changed, as in migration 0002."""
    table = "wording_edits"
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION qtxvol_refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION qtxvol_refuse_change()"
    )
