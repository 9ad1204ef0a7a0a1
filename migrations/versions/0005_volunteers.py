"""Registration, teams, memberships, merges.

Revision ID: 0005
Revises: 0004
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

import qtxvol.base
from qtxvol.privacy.vault import current_vault

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)
WERE = "status IN ('applied', 'verified', 'paused', 'left', 'refused')"
ARE = "status IN ('applied', 'verified', 'paused', 'left', 'refused', 'merged')"

TEAM_CHECKS = {
    "host_kind": "host_kind IN ('school', 'hospital', 'community', 'enterprise', 'society', 'government', 'other')",
    "level": "level BETWEEN 1 AND 4",
    "parent": "parent_id IS NULL OR parent_id <> id",
    "parallel_events": "parallel_events >= 1",
}
VOLUNTEER_CHECKS = {
    "merged": "(status = 'merged') = (merged_into_id IS NOT NULL)",
    "id_kind": (
        "id_kind IN ('resident_id', 'passport', 'hk_macau_permit', 'taiwan_permit', 'foreign_permanent_resident')"
    ),
    "id_number_digest": "id_number_digest IS NULL OR id_kind IS NOT NULL",
    "sanzhang_role": "sanzhang_role IN ('hospital_head', 'school_head', 'agro_station_head')",
    "registered_by": "registered_by IN ('self', 'team', 'office', 'import')",
    "team_role": "team_role IS NULL OR (team_role IN ('leader', 'deputy') AND team_id IS NOT NULL)",
}

#: New columns that may not be empty, with what old rows get. The three limits of a team are wide for teams that were
#: there before anybody could set them.
TEAM_FILLED = {
    "host_kind": (sa.String(16), "other"),
    "level": (sa.Integer(), 3),
    "level_label": (sa.String(16), ""),
    "area": (sa.JSON(), []),
    "parallel_events": (sa.Integer(), 5),
    "yearly_minimum": (sa.Integer(), 0),
}
VOLUNTEER_FILLED = {
    "employer": (sa.String(64), ""),
    "job_title": (sa.String(32), ""),
    "topics": (sa.JSON(), []),
    "audiences": (sa.JSON(), []),
    "availability": (sa.JSON(), []),
    "institution": (sa.String(64), ""),
    "is_technology_envoy": (sa.Boolean(), False),
    "consent_version": (sa.String(16), ""),
    "registered_by": (sa.String(8), "office"),
}
VOLUNTEER_EMPTY = {
    "id_kind": sa.String(32),
    "id_number": sa.Text(),
    "id_number_digest": sa.String(64),
    "birth_on": sa.Date(),
    "phone_digest": sa.String(64),
    "team_role": sa.String(8),
    "preferred_team_id": sa.Integer(),
    "max_distance_km": sa.Integer(),
    "weekly_load": sa.Integer(),
    "sanzhang_role": sa.String(24),
    "consented_at": TIME,
    "guardian_name": sa.Text(),
    "guardian_phone": sa.Text(),
    "guardian_consented_at": TIME,
    "merged_into_id": sa.Integer(),
}


def upgrade() -> None:
    _fill("teams", TEAM_FILLED)
    _fill("volunteers", VOLUNTEER_FILLED)
    with op.batch_alter_table("teams") as batch:
        batch.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        for name, (kind, _value) in TEAM_FILLED.items():
            batch.alter_column(name, existing_type=kind, nullable=False)
        batch.create_foreign_key("fk_teams_parent_id_teams", "teams", ["parent_id"], ["id"])
        batch.create_index("ix_teams_parent_id", ["parent_id"])
        for name, condition in TEAM_CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_teams_{name}"), condition)
    with op.batch_alter_table("volunteers") as batch:
        for name, kind in VOLUNTEER_EMPTY.items():
            batch.add_column(sa.Column(name, kind, nullable=True))
        for name, (kind, _value) in VOLUNTEER_FILLED.items():
            batch.alter_column(name, existing_type=kind, nullable=False)
        batch.alter_column("phone", existing_type=sa.String(20), type_=sa.Text(), existing_nullable=True)
        batch.create_foreign_key("fk_volunteers_merged_into_id_volunteers", "volunteers", ["merged_into_id"], ["id"])
        batch.create_foreign_key("fk_volunteers_preferred_team_id_teams", "teams", ["preferred_team_id"], ["id"])
        batch.create_index("ix_volunteers_merged_into_id", ["merged_into_id"])
        batch.create_index("ix_volunteers_phone_digest", ["phone_digest"])
        batch.create_index("ix_volunteers_name", ["name"])
        batch.create_unique_constraint("uq_volunteers_id_number_digest", ["id_number_digest"])
        batch.create_unique_constraint("uq_volunteers_team_id_team_role", ["team_id", "team_role"])
        batch.drop_constraint(op.f("ck_volunteers_status"), type_="check")
        batch.create_check_constraint(op.f("ck_volunteers_status"), ARE)
        for name, condition in VOLUNTEER_CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_volunteers_{name}"), condition)
    _make_tables()
    _make_append_only()
    _seal_phones()
    _make_licences()
    with op.batch_alter_table("volunteers") as batch:
        batch.drop_column("licensed_skills")
        batch.drop_column("licence_expires_on")


def _fill(table: str, columns: dict[str, tuple[Any, Any]]) -> None:
    """Add the columns, empty, and give every old row its value."""
    with op.batch_alter_table(table) as batch:
        for name, (kind, _value) in columns.items():
            batch.add_column(sa.Column(name, kind, nullable=True))
    rows = sa.table(table, *(sa.column(name, kind) for name, (kind, _value) in columns.items()))
    op.execute(rows.update().values({name: value for name, (_kind, value) in columns.items()}))


def _make_tables() -> None:
    op.create_table(
        "volunteer_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("was", sa.String(64), nullable=False),
        sa.Column("became", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("actor_key", sa.String(48), nullable=False),
        sa.Column("party", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.String(64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_volunteer_events_volunteer_id_volunteers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer_events")),
    )
    op.create_index("ix_volunteer_events_volunteer_id", "volunteer_events", ["volunteer_id"])
    op.create_table(
        "licences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("skill", sa.String(32), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteers.id"], name=op.f("fk_licences_volunteer_id_volunteers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licences")),
        sa.UniqueConstraint("volunteer_id", "skill", name=op.f("uq_licences_volunteer_id_skill")),
    )
    op.create_table(
        "volunteer_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("kind IN ('insurance', 'training')", name=op.f("ck_volunteer_records_kind")),
        sa.CheckConstraint("until_on IS NULL OR until_on >= from_on", name=op.f("ck_volunteer_records_period")),
        sa.CheckConstraint("hours >= 0", name=op.f("ck_volunteer_records_hours")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_volunteer_records_volunteer_id_volunteers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer_records")),
    )
    op.create_index("ix_volunteer_records_volunteer_id", "volunteer_records", ["volunteer_id"])
    op.create_table(
        "merges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survivor_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("merged_at", TIME, nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
        sa.CheckConstraint("survivor_id <> merged_id", name=op.f("ck_merges_two_rows")),
        sa.ForeignKeyConstraint(["survivor_id"], ["volunteers.id"], name=op.f("fk_merges_survivor_id_volunteers")),
        sa.ForeignKeyConstraint(["merged_id"], ["volunteers.id"], name=op.f("fk_merges_merged_id_volunteers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index("ix_merges_survivor_id", "merges", ["survivor_id"])
    op.create_index("ix_merges_merged_id", "merges", ["merged_id"])
    op.create_table(
        "distinct_pairs",
        sa.Column("low_id", sa.Integer(), nullable=False),
        sa.Column("high_id", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.String(64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_distinct_pairs_ordered")),
        sa.ForeignKeyConstraint(["low_id"], ["volunteers.id"], name=op.f("fk_distinct_pairs_low_id_volunteers")),
        sa.ForeignKeyConstraint(["high_id"], ["volunteers.id"], name=op.f("fk_distinct_pairs_high_id_volunteers")),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_distinct_pairs")),
    )
    op.create_table(
        "team_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'accepted', 'declined', 'withdrawn')", name=op.f("ck_team_requests_status")
        ),
        sa.CheckConstraint("(status = 'open') = (decided_at IS NULL)", name=op.f("ck_team_requests_decided")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_team_requests_volunteer_id_volunteers")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_requests_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_requests")),
    )
    op.create_index("ix_team_requests_volunteer_id", "team_requests", ["volunteer_id"])
    op.create_index("ix_team_requests_team_id", "team_requests", ["team_id"])
    op.create_table(
        "volunteer_rules",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("edited_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_volunteer_rules")),
    )


def _make_append_only() -> None:
    """What happened to a volunteer can't be changed, as in migration 0002."""
    table = "volunteer_events"
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


VOLUNTEERS = sa.table(
    "volunteers",
    sa.column("id", sa.Integer()),
    sa.column("phone", sa.Text()),
    sa.column("phone_digest", sa.String()),
    sa.column("licensed_skills", sa.JSON()),
    sa.column("licence_expires_on", sa.Date()),
)
LICENCES = sa.table(
    "licences",
    sa.column("volunteer_id", sa.Integer()),
    sa.column("skill", sa.String()),
    sa.column("title", sa.String()),
    sa.column("expires_on", sa.Date()),
)


def _seal_phones() -> None:
    rows = op.get_bind().execute(sa.select(VOLUNTEERS.c.id, VOLUNTEERS.c.phone).where(VOLUNTEERS.c.phone.is_not(None)))
    for row in rows.all():
        vault = current_vault()
        op.execute(
            VOLUNTEERS.update()
            .where(VOLUNTEERS.c.id == row.id)
            .values(phone=vault.seal(row.phone), phone_digest=vault.digest("phone", row.phone))
        )


def _make_licences() -> None:
    old = op.get_bind().execute(
        sa.select(VOLUNTEERS.c.id, VOLUNTEERS.c.licensed_skills, VOLUNTEERS.c.licence_expires_on)
    )
    rows = [
        {"volunteer_id": row.id, "skill": skill, "title": "", "expires_on": row.licence_expires_on}
        for row in old.all()
        for skill in row.licensed_skills
    ]
    if rows:
        op.bulk_insert(LICENCES, rows)


def downgrade() -> None:
    """Licences with several last days keep the earliest; what only this version knows is lost."""
    with op.batch_alter_table("volunteers") as batch:
        batch.add_column(sa.Column("licensed_skills", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("licence_expires_on", sa.Date(), nullable=True))
    _unmake_licences()
    for row in op.get_bind().execute(sa.select(VOLUNTEERS.c.id, VOLUNTEERS.c.phone)).all():
        if row.phone:
            opened = current_vault().open(row.phone)
            op.execute(VOLUNTEERS.update().where(VOLUNTEERS.c.id == row.id).values(phone=opened))
    for table in (
        "volunteer_rules", "team_requests", "distinct_pairs", "merges", "volunteer_records", "licences",
        "volunteer_events",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute(sa.text("UPDATE volunteers SET status = 'left', merged_into_id = NULL WHERE merged_into_id IS NOT NULL"))
    with op.batch_alter_table("volunteers") as batch:
        for name in ("status", *VOLUNTEER_CHECKS):
            batch.drop_constraint(op.f(f"ck_volunteers_{name}"), type_="check")
        batch.create_check_constraint(op.f("ck_volunteers_status"), WERE)
        batch.drop_constraint("uq_volunteers_team_id_team_role", type_="unique")
        batch.drop_constraint("uq_volunteers_id_number_digest", type_="unique")
        for name in ("name", "phone_digest", "merged_into_id"):
            batch.drop_index(f"ix_volunteers_{name}")
        batch.drop_constraint("fk_volunteers_preferred_team_id_teams", type_="foreignkey")
        batch.drop_constraint("fk_volunteers_merged_into_id_volunteers", type_="foreignkey")
        batch.alter_column("licensed_skills", existing_type=sa.JSON(), nullable=False)
        batch.alter_column("phone", existing_type=sa.Text(), type_=sa.String(20), existing_nullable=True)
        for name in (*VOLUNTEER_EMPTY, *VOLUNTEER_FILLED):
            batch.drop_column(name)
    with op.batch_alter_table("teams") as batch:
        for name in TEAM_CHECKS:
            batch.drop_constraint(op.f(f"ck_teams_{name}"), type_="check")
        batch.drop_index("ix_teams_parent_id")
        batch.drop_constraint("fk_teams_parent_id_teams", type_="foreignkey")
        for name in ("parent_id", *TEAM_FILLED):
            batch.drop_column(name)


def _unmake_licences() -> None:
    skills: dict[int, list[str]] = {}
    ends: dict[int, list[date]] = {}
    for row in op.get_bind().execute(sa.select(LICENCES).order_by(LICENCES.c.skill)).all():
        skills.setdefault(row.volunteer_id, []).append(row.skill)
        if row.expires_on:
            ends.setdefault(row.volunteer_id, []).append(row.expires_on)
    op.execute(VOLUNTEERS.update().values(licensed_skills=[]))
    for volunteer_id, held in skills.items():
        op.execute(
            VOLUNTEERS.update()
            .where(VOLUNTEERS.c.id == volunteer_id)
            .values(licensed_skills=held, licence_expires_on=min(ends.get(volunteer_id, []), default=None))
        )
