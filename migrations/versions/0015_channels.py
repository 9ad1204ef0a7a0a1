"""Channels, who changed what about them, science days.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base
import qtxvol.privacy.sealed

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("settings", qtxvol.privacy.sealed.Sealed(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("failed_at", TIME, nullable=True),
        sa.Column("failure", sa.String(length=200), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_channels_version")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_channels")),
    )
    _make_events()
    _make_science_days()


def _make_events() -> None:
    name = "channel_events"
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("of_party", sa.String(length=16), nullable=False),
        sa.Column("of_scope", sa.String(length=32), nullable=False),
        sa.Column("party", sa.String(length=16), nullable=False),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_channel_events_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_events")),
    )
    op.create_index("ix_channel_events_channel_at", name, ["channel", "at"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} "
                f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE ON {name} "
        "FOR EACH ROW EXECUTE FUNCTION qtxvol_refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION qtxvol_refuse_change()"
    )


def _make_science_days() -> None:
    op.create_table(
        "science_days",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("note_en", sa.String(length=160), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("nth", sa.String(length=1), nullable=False),
        sa.Column("weekday", sa.String(length=1), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("length_days", sa.Integer(), nullable=False),
        sa.Column("dates", sa.JSON(), nullable=False),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column("menu_item_ids", sa.JSON(), nullable=False),
        sa.Column("nudge_days", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("edited_at", TIME, nullable=True),
        sa.CheckConstraint("month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31", name=op.f("ck_science_days_date")),
        sa.CheckConstraint("length_days BETWEEN 1 AND 62", name=op.f("ck_science_days_length")),
        sa.CheckConstraint("nudge_days BETWEEN 0 AND 120", name=op.f("ck_science_days_nudge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_science_days")),
    )


def downgrade() -> None:
    op.drop_table("science_days")
    op.drop_table("channel_events")
    op.drop_table("channels")
