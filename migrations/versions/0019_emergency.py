"""Emergencies: events, areas, topics, experts, facts, reviews; orders that belong to one.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)
APPEND_ONLY = "emergency_events"


def upgrade() -> None:
    _make_events()
    _make_parts()
    _make_facts()
    _make_trail()
    _mark_orders()


def _make_events() -> None:
    op.create_table(
        "emergencies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("hotline", sa.String(length=40), nullable=False),
        sa.Column("is_drill", sa.Boolean(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("planned_end_at", TIME, nullable=False),
        sa.Column("follows_id", sa.Integer(), nullable=True),
        sa.Column("open_key", sa.String(length=64), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("opened_by_account_id", sa.Integer(), nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("closed_by_account_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("title <> '' AND advice <> ''", name=op.f("ck_emergencies_told")),
        sa.CheckConstraint("planned_end_at > starts_at", name=op.f("ck_emergencies_planned")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_emergencies_version")),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by_account_id IS NULL)", name=op.f("ck_emergencies_closed")),
        sa.ForeignKeyConstraint(["follows_id"], ["emergencies.id"], name=op.f("fk_emergencies_follows_id_emergencies")),
        sa.ForeignKeyConstraint(
            ["opened_by_account_id"], ["accounts.id"], name=op.f("fk_emergencies_opened_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_account_id"], ["accounts.id"], name=op.f("fk_emergencies_closed_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergencies")),
        sa.UniqueConstraint("open_key", name=op.f("uq_emergencies_open_key")),
    )


def _make_parts() -> None:
    op.create_table(
        "emergency_areas",
        sa.Column("emergency_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergencies.id"], name=op.f("fk_emergency_areas_emergency_id_emergencies")
        ),
        sa.ForeignKeyConstraint(
            ["division_code"], ["divisions.code"], name=op.f("fk_emergency_areas_division_code_divisions")
        ),
        sa.PrimaryKeyConstraint("emergency_id", "division_code", name=op.f("pk_emergency_areas")),
    )
    op.create_table(
        "emergency_topics",
        sa.Column("emergency_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.CheckConstraint("kind IN ('theme', 'item')", name=op.f("ck_emergency_topics_kind")),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergencies.id"], name=op.f("fk_emergency_topics_emergency_id_emergencies")
        ),
        sa.PrimaryKeyConstraint("emergency_id", "kind", "code", name=op.f("pk_emergency_topics")),
    )
    op.create_table(
        "emergency_experts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("emergency_id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("named_at", TIME, nullable=False),
        sa.Column("dropped_at", TIME, nullable=True),
        sa.CheckConstraint("(volunteer_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_emergency_experts_one")),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergencies.id"], name=op.f("fk_emergency_experts_emergency_id_emergencies")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_emergency_experts_volunteer_id_volunteers")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_emergency_experts_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_experts")),
    )
    op.create_index("ix_emergency_experts_emergency_id", "emergency_experts", ["emergency_id"])


def _make_facts() -> None:
    op.create_table(
        "emergency_facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("emergency_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("checked_by", sa.String(length=40), nullable=False),
        sa.Column("checked_at", TIME, nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("written_at", TIME, nullable=False),
        sa.Column("written_by_account_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_why", sa.String(length=120), nullable=False),
        sa.CheckConstraint("text <> '' AND source <> '' AND checked_by <> ''", name=op.f("ck_emergency_facts_checked")),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergencies.id"], name=op.f("fk_emergency_facts_emergency_id_emergencies")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["emergency_facts.id"], name=op.f("fk_emergency_facts_replaces_id_emergency_facts")
        ),
        sa.ForeignKeyConstraint(
            ["written_by_account_id"], ["accounts.id"], name=op.f("fk_emergency_facts_written_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_facts")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_emergency_facts_replaces_id")),
    )
    op.create_index("ix_emergency_facts_emergency_id", "emergency_facts", ["emergency_id"])


def _make_trail() -> None:
    op.create_table(
        "emergency_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("emergency_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("actor_key", sa.String(length=64), nullable=False),
        sa.Column("party", sa.String(length=16), nullable=False),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("actor_account_id", sa.Integer(), nullable=True),
        sa.Column("happened_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergencies.id"], name=op.f("fk_emergency_events_emergency_id_emergencies")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_emergency_events_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["actor_account_id"], ["accounts.id"], name=op.f("fk_emergency_events_actor_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_events")),
        sa.UniqueConstraint("emergency_id", "sequence", name=op.f("uq_emergency_events_emergency_id_sequence")),
    )
    op.create_index("ix_emergency_events_order_id", "emergency_events", ["order_id"])
    op.create_table(
        "emergency_reviews",
        sa.Column("emergency_id", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("lessons", sa.Text(), nullable=False),
        sa.Column("lessons_at", TIME, nullable=True),
        sa.Column("lessons_by_account_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergencies.id"], name=op.f("fk_emergency_reviews_emergency_id_emergencies")
        ),
        sa.ForeignKeyConstraint(
            ["lessons_by_account_id"], ["accounts.id"], name=op.f("fk_emergency_reviews_lessons_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("emergency_id", name=op.f("pk_emergency_reviews")),
    )
    _protect()


def _protect() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {APPEND_ONLY}_no_{verb.lower()} BEFORE {verb} ON {APPEND_ONLY} "
                f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {APPEND_ONLY}_no_change BEFORE UPDATE OR DELETE ON {APPEND_ONLY} "
        "FOR EACH ROW EXECUTE FUNCTION qtxvol_refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {APPEND_ONLY}_no_truncate BEFORE TRUNCATE ON {APPEND_ONLY} "
        "FOR EACH STATEMENT EXECUTE FUNCTION qtxvol_refuse_change()"
    )


def _mark_orders() -> None:
    """Orders from before belong to no emergency: none was ever an exercise."""
    for column in (
        sa.Column("emergency_id", sa.Integer(), nullable=True),
        sa.Column("is_drill", sa.Boolean(), nullable=True),
        sa.Column("is_push", sa.Boolean(), nullable=True),
    ):
        op.add_column("orders", column)
    op.execute("UPDATE orders SET is_drill = false, is_push = false")
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("is_drill", existing_type=sa.Boolean(), nullable=False)
        batch.alter_column("is_push", existing_type=sa.Boolean(), nullable=False)
        batch.create_foreign_key(op.f("fk_orders_emergency_id_emergencies"), "emergencies", ["emergency_id"], ["id"])
        batch.create_check_constraint(op.f("ck_orders_drill"), "NOT is_drill OR emergency_id IS NOT NULL")
        batch.create_check_constraint(op.f("ck_orders_push"), "NOT is_push OR emergency_id IS NOT NULL")
        batch.create_index(op.f("ix_orders_emergency_id"), ["emergency_id"])


def downgrade() -> None:
    """Exercises become orders like all others: there is no way to tell them apart any more."""
    with op.batch_alter_table("orders") as batch:
        batch.drop_index(op.f("ix_orders_emergency_id"))
        batch.drop_constraint(op.f("ck_orders_push"), type_="check")
        batch.drop_constraint(op.f("ck_orders_drill"), type_="check")
        batch.drop_constraint(op.f("fk_orders_emergency_id_emergencies"), type_="foreignkey")
        for column in ("is_push", "is_drill", "emergency_id"):
            batch.drop_column(column)
    op.execute("DELETE FROM terms WHERE kind = 'emergency'")
    for table in (
        "emergency_reviews",
        "emergency_events",
        "emergency_facts",
        "emergency_experts",
        "emergency_topics",
        "emergency_areas",
        "emergencies",
    ):
        op.drop_table(table)
