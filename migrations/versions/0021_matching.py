"""Matching: who was asked and with what chance, holds and people asked by name, weights and what was learned, plans,
other times, joint sessions.

Revision ID: 0021
Revises: 0020
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)
OFFERS: dict[str, Any] = {
    "voided_at": TIME,
    "silent_at": TIME,
    "proposed_start": TIME,
    "proposed_end": TIME,
    "suggested_place": sa.Integer(),
    "chance": sa.Double(),
    "clue": sa.JSON(),
    "learned_at": TIME,
}


def upgrade() -> None:
    op.create_table(
        "match_beliefs",
        sa.Column("model", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("sureness", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("model", "key", name=op.f("pk_match_beliefs")),
    )
    op.create_table(
        "match_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("asked_by_account_id", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=80), nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("beat_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("is_cancel_wanted", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("bound", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "status IN ('waiting', 'solving', 'ready', 'cancelled', 'failed')", name=op.f("ck_match_plans_status")
        ),
        sa.CheckConstraint("done >= 0 AND done <= orders", name=op.f("ck_match_plans_done")),
        sa.ForeignKeyConstraint(
            ["asked_by_account_id"], ["accounts.id"], name=op.f("fk_match_plans_asked_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_match_plans_department_id_departments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_plans")),
    )
    op.create_index("ix_match_plans_status", "match_plans", ["status"])

    op.create_table(
        "match_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("is_usual", sa.Boolean(), nullable=False),
        sa.Column("set_by_account_id", sa.Integer(), nullable=False),
        sa.Column("set_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["set_by_account_id"], ["accounts.id"], name=op.f("fk_match_rules_set_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_rules")),
    )
    op.create_index("ix_match_rules_name", "match_rules", ["name"])

    op.create_table(
        "joint_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host_order_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("proposed_by_account_id", sa.Integer(), nullable=True),
        sa.Column("until", TIME, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.CheckConstraint("status IN ('open', 'called_off', 'over')", name=op.f("ck_joint_sessions_status")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_joint_sessions_order")),
        sa.ForeignKeyConstraint(["host_order_id"], ["orders.id"], name=op.f("fk_joint_sessions_host_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["proposed_by_account_id"], ["accounts.id"], name=op.f("fk_joint_sessions_proposed_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joint_sessions")),
    )
    op.create_index("ix_joint_sessions_host_order_id", "joint_sessions", ["host_order_id"])

    op.create_table(
        "plan_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("order_version", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", TIME, nullable=True),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("crew_size", sa.Integer(), nullable=False),
        sa.Column("chance", sa.Double(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by_account_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("status = 'unserved' OR team_id IS NOT NULL", name=op.f("ck_plan_lines_team")),
        sa.CheckConstraint(
            "status IN ('proposed', 'unserved', 'confirmed', 'refused', 'skipped')", name=op.f("ck_plan_lines_status")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_account_id"], ["accounts.id"], name=op.f("fk_plan_lines_decided_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_plan_lines_order_id_orders")),
        sa.ForeignKeyConstraint(["plan_id"], ["match_plans.id"], name=op.f("fk_plan_lines_plan_id_match_plans")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_plan_lines_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_lines")),
        sa.UniqueConstraint("plan_id", "order_id", name=op.f("uq_plan_lines_plan_id_order_id")),
    )
    op.create_index("ix_plan_lines_order_id", "plan_lines", ["order_id"])

    op.create_table(
        "counter_offers",
        sa.Column("asked_event_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("answer", sa.String(length=8), nullable=True),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name=op.f("ck_counter_offers_answered")),
        sa.ForeignKeyConstraint(
            ["asked_event_id"], ["order_events.id"], name=op.f("fk_counter_offers_asked_event_id_order_events")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_counter_offers_order_id_orders")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_counter_offers_team_id_teams")),
        sa.PrimaryKeyConstraint("asked_event_id", name=op.f("pk_counter_offers")),
    )
    op.create_index("ix_counter_offers_order_id", "counter_offers", ["order_id"])
    op.create_index("ix_counter_offers_until", "counter_offers", ["until"])

    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("leads", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("held_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("ending", sa.String(length=16), nullable=False),
        sa.CheckConstraint("(ended_at IS NULL) = (ending = '')", name=op.f("ck_holds_ended")),
        sa.CheckConstraint("ending IN ('', 'accepted', 'let_go', 'short', 'void')", name=op.f("ck_holds_ending")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_holds_order")),
        sa.CheckConstraint("leads >= 1 AND people >= leads", name=op.f("ck_holds_people")),
        sa.ForeignKeyConstraint(["event_id"], ["order_events.id"], name=op.f("fk_holds_event_id_order_events")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_holds_order_id_orders")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_holds_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_order_id", "holds", ["order_id"])
    op.create_index("ix_holds_team_id_ended_at", "holds", ["team_id", "ended_at"])

    op.create_table(
        "joint_invites",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("answer", sa.String(length=8), nullable=True),
        sa.Column("joined_at", TIME, nullable=True),
        sa.CheckConstraint("answer IN ('yes', 'no')", name=op.f("ck_joint_invites_answer")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_joint_invites_answered")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_joint_invites_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["joint_sessions.id"], name=op.f("fk_joint_invites_session_id_joint_sessions")
        ),
        sa.PrimaryKeyConstraint("session_id", "order_id", name=op.f("pk_joint_invites")),
    )
    op.create_index("ix_joint_invites_order_id", "joint_invites", ["order_id"])

    op.create_table(
        "crew_asks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hold_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("may_lead", sa.Boolean(), nullable=False),
        sa.Column("is_lent", sa.Boolean(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("asked_at", TIME, nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("answer", sa.String(length=8), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("ending", sa.String(length=16), nullable=False),
        sa.Column("chance", sa.Double(), nullable=True),
        sa.Column("clue", sa.JSON(), nullable=True),
        sa.Column("learned_at", TIME, nullable=True),
        sa.CheckConstraint("answer IN ('yes', 'no')", name=op.f("ck_crew_asks_answer")),
        sa.CheckConstraint("ending IN ('', 'named', 'silent', 'not_needed', 'void')", name=op.f("ck_crew_asks_ending")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_crew_asks_answered")),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], name=op.f("fk_crew_asks_hold_id_holds")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_crew_asks_order_id_orders")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteers.id"], name=op.f("fk_crew_asks_volunteer_id_volunteers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crew_asks")),
        sa.UniqueConstraint("hold_id", "volunteer_id", name=op.f("uq_crew_asks_hold_id_volunteer_id")),
    )
    op.create_index("ix_crew_asks_asked_at", "crew_asks", ["asked_at"])
    op.create_index("ix_crew_asks_order_id", "crew_asks", ["order_id"])
    op.create_index("ix_crew_asks_volunteer_id_starts_at", "crew_asks", ["volunteer_id", "starts_at"])
    _widen(
        "offers",
        nullable=OFFERS,
        filled={"asked_by": (sa.String(16), "'department'"), "override_why": (sa.Text(), "''")},
    )
    # an offer that the department took back keeps what the team had said
    op.execute("UPDATE offers SET voided_at = answered_at, answer = NULL, answered_at = NULL WHERE answer = 'released'")
    with op.batch_alter_table("offers") as batch:
        batch.create_check_constraint(op.f("ck_offers_asked_by"), "asked_by IN ('department', 'system', 'plan')")
        batch.create_check_constraint(op.f("ck_offers_proposed"), "(proposed_start IS NULL) = (proposed_end IS NULL)")
    op.create_index("ix_offers_asked_at", "offers", ["asked_at"])
    _widen(
        "orders",
        nullable={"next_wave_at": TIME, "held_team_id": sa.Integer()},
        filled={"is_auto_asked": (sa.Boolean(), "false")},
    )
    with op.batch_alter_table("orders") as batch:
        batch.create_foreign_key(op.f("fk_orders_held_team_id_teams"), "teams", ["held_team_id"], ["id"])
    op.create_index("ix_orders_status_next_wave_at", "orders", ["status", "next_wave_at"])
    _widen("teams", nullable={"asks_paused_until": TIME}, filled={"is_lending": (sa.Boolean(), "false")})
    op.create_table(
        "lending_consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("set_by_account_id", sa.Integer(), nullable=False),
        sa.Column("set_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["set_by_account_id"], ["accounts.id"], name=op.f("fk_lending_consents_set_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_lending_consents_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lending_consents")),
    )
    op.create_index("ix_lending_consents_team_id", "lending_consents", ["team_id"])


def _widen(table: str, *, nullable: dict[str, Any], filled: dict[str, tuple[Any, str]]) -> None:
    """Add columns; those of `filled` get a value in the rows that are there."""
    for name, kind in {**nullable, **{name: kind for name, (kind, _value) in filled.items()}}.items():
        op.add_column(table, sa.Column(name, kind, nullable=True))
    op.execute(f"UPDATE {table} SET " + ", ".join(f"{name} = {value}" for name, (_kind, value) in filled.items()))
    with op.batch_alter_table(table) as batch:
        for name, (kind, _value) in filled.items():
            batch.alter_column(name, existing_type=kind, nullable=False)


def downgrade() -> None:
    op.execute("UPDATE offers SET answer = NULL, answered_at = NULL WHERE answer IN ('held', 'standby')")
    op.execute("UPDATE offers SET answer = 'released', answered_at = voided_at WHERE voided_at IS NOT NULL")
    with op.batch_alter_table("teams") as batch:
        batch.drop_column("asks_paused_until")
        batch.drop_column("is_lending")
    op.drop_index("ix_orders_status_next_wave_at", "orders")
    with op.batch_alter_table("orders") as batch:
        batch.drop_constraint(op.f("fk_orders_held_team_id_teams"), type_="foreignkey")
        batch.drop_column("next_wave_at")
        batch.drop_column("is_auto_asked")
        batch.drop_column("held_team_id")
    op.drop_index("ix_offers_asked_at", "offers")
    with op.batch_alter_table("offers") as batch:
        batch.drop_constraint(op.f("ck_offers_proposed"), type_="check")
        batch.drop_constraint(op.f("ck_offers_asked_by"), type_="check")
        for name in (*OFFERS, "asked_by", "override_why"):
            batch.drop_column(name)
    for table in (
        "lending_consents",
        "crew_asks",
        "joint_invites",
        "holds",
        "counter_offers",
        "plan_lines",
        "joint_sessions",
        "match_rules",
        "match_plans",
        "match_beliefs",
    ):
        op.drop_table(table)
