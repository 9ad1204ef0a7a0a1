"""Deliveries: how notices go out, by which addresses, and what readers wish.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base
import qtxvol.privacy.sealed

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)
SEALED = qtxvol.privacy.sealed.Sealed()
CHANNELS = "channel IN ('mail', 'sms', 'wecom', 'dingtalk', 'feishu', 'webhook', 'apprise')"


def upgrade() -> None:
    _make_contact_points()
    _make_notice_wishes()
    _make_deliveries()
    op.create_table(
        "lane_pauses",
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", TIME, nullable=False),
        sa.Column("paused_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_lane_pauses")),
    )


def _make_contact_points() -> None:
    name = "contact_points"
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("volunteer_id", sa.Integer(), nullable=True),
        sa.Column("party", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address", SEALED, nullable=False),
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("masked", sa.String(length=64), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("verified_at", TIME, nullable=True),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("added_by_account_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(CASE WHEN account_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN volunteer_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN party = '' THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_contact_points_owner"),
        ),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_contact_points_channel")),
        sa.CheckConstraint("rank BETWEEN 1 AND 8", name=op.f("ck_contact_points_rank")),
        _to(name, "account_id", "accounts"),
        _to(name, "volunteer_id", "volunteers"),
        _to(name, "added_by_account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f("ix_contact_points_account_id"), name, ["account_id"])
    op.create_index(op.f("ix_contact_points_volunteer_id"), name, ["volunteer_id"])
    op.create_index("ix_contact_points_party_scope", name, ["party", "scope"])


def _make_notice_wishes() -> None:
    name = "notice_wishes"
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("volunteer_id", sa.Integer(), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("muted", sa.JSON(), nullable=False),
        sa.Column("is_digest", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(length=2), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_until", sa.Integer(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.CheckConstraint(
            "(CASE WHEN account_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN volunteer_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN order_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_notice_wishes_owner"),
        ),
        sa.CheckConstraint("locale IN ('zh', 'en')", name=op.f("ck_notice_wishes_locale")),
        sa.CheckConstraint(
            "quiet_from BETWEEN 0 AND 1439 AND quiet_until BETWEEN 0 AND 1439", name=op.f("ck_notice_wishes_quiet")
        ),
        _to(name, "account_id", "accounts"),
        _to(name, "volunteer_id", "volunteers"),
        _to(name, "order_id", "orders"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        *(
            sa.UniqueConstraint(column, name=op.f(f"uq_{name}_{column}"))
            for column in ("account_id", "volunteer_id", "order_id")
        ),
    )


def _make_deliveries() -> None:
    name = "deliveries"
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("volunteer_id", sa.Integer(), nullable=True),
        sa.Column("point_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=2), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("is_emergency", sa.Boolean(), nullable=False),
        sa.Column("is_digest", sa.Boolean(), nullable=False),
        sa.Column("bundle_id", sa.Integer(), nullable=True),
        sa.Column("told_at", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("give_up_at", TIME, nullable=False),
        sa.Column("claimed_by", sa.String(length=64), nullable=False),
        sa.Column("claimed_until", TIME, nullable=True),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("handled_at", TIME, nullable=True),
        sa.Column("handled_by_account_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'failed', 'sent', 'unknown', 'dead', 'void')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_deliveries_channel")),
        sa.CheckConstraint("locale IN ('zh', 'en')", name=op.f("ck_deliveries_locale")),
        _to(name, "notice_id", "notices"),
        _to(name, "order_id", "orders"),
        _to(name, "account_id", "accounts"),
        _to(name, "volunteer_id", "volunteers"),
        _to(name, "point_id", "contact_points", ondelete="SET NULL"),
        _to(name, "bundle_id", "deliveries"),
        _to(name, "handled_by_account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
        sa.UniqueConstraint("notice_id", "recipient", "rank", name=op.f("uq_deliveries_notice_id_recipient_rank")),
    )
    for column in ("account_id", "volunteer_id", "point_id", "bundle_id"):
        op.create_index(op.f(f"ix_deliveries_{column}"), name, [column])
    op.create_index("ix_deliveries_state_next_at", name, ["state", "next_at"])
    op.create_index("ix_deliveries_order_id_recipient", name, ["order_id", "recipient"])


def _to(table: str, column: str, other: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )


def downgrade() -> None:
    for name in ("lane_pauses", "deliveries", "notice_wishes", "contact_points"):
        op.drop_table(name)
