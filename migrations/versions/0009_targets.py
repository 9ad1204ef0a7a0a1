"""Periods, targets, reported values, snapshots, restatements.

The daily counts of volunteers become snapshots of target T23. What the database knows of old targets stays; the
facts that are loaded next (`qtxvol init`) bring the rest.

Revision ID: 0009
Revises: 0008
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

APPEND_ONLY = ("target_snapshots", "restatements", "target_reports", "report_decisions")

UNITS = ("人", "人次", "名", "次", "场", "家", "个", "处", "支", "户", "项", "小时", "%")
UNIT = "unit IN (" + ", ".join(f"'{unit}'" for unit in ("", *UNITS)) + ")"
COMPARATOR = "comparator IN ('gte', 'reach', 'lte')"
KIND = "kind IN ('ratio', 'recurring', 'cumulative', 'build', 'qualitative')"
MEASURED_BY = "measured_by IN ('direct', 'order_records', 'partial', 'external')"
MEASURE = "measure IN ('', 'volunteers', 'per_school', 'attendance')"
NUMBER = "(kind = 'qualitative') = (value IS NULL)"
PART = "part IN ('lead', 'responsible', 'cooperating')"

#: The period that all targets had so far, and the one that an office may have written down by hand.
PERIODS = (
    ("2021-2025", "十四五", "14th Five-Year Plan", date(2021, 1, 1), date(2025, 12, 31), None),
    ("2026-2030", "十五五", "15th Five-Year Plan", date(2026, 1, 1), date(2030, 12, 31), "2021-2025"),
)


def upgrade() -> None:
    _add_periods()
    _widen_targets()
    _add_tables()
    _widen_job_runs()
    _move_counts()
    _protect()


def _edited() -> list[sa.Column[Any]]:
    return [
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("edited_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
    ]


def _add_periods() -> None:
    op.create_table(
        "periods",
        sa.Column("id", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("name_en", sa.String(length=64), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("predecessor_id", sa.String(length=9), nullable=True),
        sa.Column("opened_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        *_edited(),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_periods_span")),
        sa.ForeignKeyConstraint(["predecessor_id"], ["periods.id"], name=op.f("fk_periods_predecessor_id_periods")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_periods")),
        sa.UniqueConstraint("predecessor_id", name=op.f("uq_periods_predecessor_id")),
    )


def _widen_targets() -> None:
    texts = {"code": 16, "period_id": 9, "comparator": 8, "kind": 16, "measure": 16, "note": 200}
    with op.batch_alter_table("targets") as batch:
        for name, length in texts.items():
            batch.add_column(sa.Column(name, sa.String(length=length), nullable=True))
        batch.add_column(sa.Column("counts", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("report_months", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("programme_id", sa.String(length=8), nullable=True))
    _fill_targets()
    with op.batch_alter_table("targets") as batch:
        for name, length in texts.items():
            batch.alter_column(name, existing_type=sa.String(length=length), nullable=False)
        batch.alter_column("counts", existing_type=sa.JSON(), nullable=False)
        batch.alter_column("report_months", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("value", existing_type=sa.Double(), nullable=True)
        batch.create_foreign_key(op.f("fk_targets_period_id_periods"), "periods", ["period_id"], ["id"])
        batch.create_foreign_key(op.f("fk_targets_programme_id_programmes"), "programmes", ["programme_id"], ["id"])
        batch.create_unique_constraint(op.f("uq_targets_period_id_code"), ["period_id", "code"])
        for name, condition in {
            "unit": UNIT,
            "comparator": COMPARATOR,
            "kind": KIND,
            "measured_by": MEASURED_BY,
            "measure": MEASURE,
            "number": NUMBER,
        }.items():
            batch.create_check_constraint(op.f(f"ck_targets_{name}"), condition)


def _fill_targets() -> None:
    connection = op.get_bind()
    targets = sa.table(
        "targets",
        *(sa.column(name) for name in ("id", "code", "period_id", "comparator", "kind", "measure", "note", "unit")),
        sa.column("counts", sa.JSON()),
        sa.column("report_months"),
        sa.column("starts_on", sa.Date()),
        sa.column("measured_by"),
    )
    starts = {row.id: row.starts_on for row in connection.execute(sa.select(targets.c.id, targets.c.starts_on))}
    if not starts:
        return
    periods = sa.table(
        "periods",
        *(sa.column(name) for name in ("id", "name", "name_en", "predecessor_id")),
        sa.column("starts_on", sa.Date()),
        sa.column("ends_on", sa.Date()),
        sa.column("is_active", sa.Boolean()),
    )
    has_next = any(day >= PERIODS[1][3] for day in starts.values())
    for name, *rest in PERIODS[: 2 if has_next else 1]:
        values = dict(zip(("name", "name_en", "starts_on", "ends_on", "predecessor_id"), rest, strict=True))
        connection.execute(periods.insert().values(id=name, is_active=True, **values))
    for target, day in starts.items():
        connection.execute(
            targets.update()
            .where(targets.c.id == target)
            .values(
                code=target,
                period_id=PERIODS[1 if day >= PERIODS[1][3] else 0][0],
                comparator="gte",
                kind="cumulative",
                measure="volunteers" if target == "T23" else "",
                note="",
                counts={},
                report_months=12,
            )
        )
    # a unit that this service doesn't know cannot be added up with anything: named in the note instead
    connection.execute(
        targets.update()
        .where(targets.c.unit.not_in(["", *UNITS]))
        .values(note=sa.literal("原单位：") + targets.c.unit, unit="项")
    )
    known = ("direct", "order_records", "partial", "external")
    connection.execute(targets.update().where(targets.c.measured_by.not_in(known)).values(measured_by="external"))


def _add_tables() -> None:
    op.create_table(
        "target_units",
        sa.Column("target_id", sa.String(length=16), nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_edited(),
        sa.CheckConstraint(PART, name=op.f("ck_target_units_part")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_target_units_target_id_targets")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_target_units_department_id_departments")
        ),
        sa.PrimaryKeyConstraint("target_id", "department_id", name=op.f("pk_target_units")),
    )
    op.create_index(op.f("ix_target_units_department_id"), "target_units", ["department_id"])
    op.create_table(
        "semesters",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("name_en", sa.String(length=64), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        *_edited(),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_semesters_span")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_semesters")),
    )
    op.create_table(
        "schools",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=True),
        *_edited(),
        sa.ForeignKeyConstraint(["division_code"], ["divisions.code"], name=op.f("fk_schools_division_code_divisions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schools")),
    )
    op.create_table(
        "target_snapshots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=True),
        sa.Column("denominator", sa.Integer(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("counted_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_target_snapshots_revision")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_target_snapshots_target_id_targets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_snapshots")),
        sa.UniqueConstraint("target_id", "day", "revision", name=op.f("uq_target_snapshots_target_id_day_revision")),
    )
    op.create_table(
        "restatements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("value_before", sa.Double(), nullable=False),
        sa.Column("value_after", sa.Double(), nullable=False),
        sa.Column("numerator_before", sa.Integer(), nullable=True),
        sa.Column("numerator_after", sa.Integer(), nullable=True),
        sa.Column("denominator_before", sa.Integer(), nullable=True),
        sa.Column("denominator_after", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("restated_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_restatements_target_id_targets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restatements")),
    )
    op.create_index(op.f("ix_restatements_target_id_restated_at"), "restatements", ["target_id", "restated_at"])
    op.create_table(
        "target_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.String(length=16), nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=True),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("file_type", sa.String(length=80), nullable=False),
        sa.Column("file_bytes", sa.Integer(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("corrects_id", sa.Integer(), nullable=True),
        sa.Column("entered_by_account_id", sa.Integer(), nullable=False),
        sa.Column("entered_party", sa.String(length=16), nullable=False),
        sa.Column("entered_name", sa.String(length=64), nullable=False),
        sa.Column("entered_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_target_reports_target_id_targets")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_target_reports_department_id_departments")
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["target_reports.id"], name=op.f("fk_target_reports_corrects_id_target_reports")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_account_id"], ["accounts.id"], name=op.f("fk_target_reports_entered_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_reports")),
    )
    for columns in (["target_id", "as_of_on"], ["department_id"], ["corrects_id"]):
        op.create_index(op.f(f"ix_target_reports_{'_'.join(columns)}"), "target_reports", columns)
    op.create_table(
        "report_files",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["target_reports.id"], name=op.f("fk_report_files_report_id_target_reports")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_files")),
    )
    op.create_table(
        "report_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("decided_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["target_reports.id"], name=op.f("fk_report_decisions_report_id_target_reports")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_report_decisions_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_decisions")),
        sa.UniqueConstraint("report_id", name=op.f("uq_report_decisions_report_id")),
    )


def _widen_job_runs() -> None:
    with op.batch_alter_table("job_runs") as batch:
        batch.add_column(sa.Column("worker", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("inputs", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("counts", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("checksum", sa.String(length=64), nullable=True))
    op.execute("UPDATE job_runs SET worker = '', inputs = '{}', counts = '{}', checksum = ''")
    op.execute("UPDATE job_runs SET job = 'count_targets' WHERE job = 'count_volunteers'")
    with op.batch_alter_table("job_runs") as batch:
        for name in ("worker", "checksum"):
            batch.alter_column(name, existing_type=sa.String(length=64), nullable=False)
        for name in ("inputs", "counts"):
            batch.alter_column(name, existing_type=sa.JSON(), nullable=False)


def _snapshots() -> sa.TableClause:
    return sa.table(
        "target_snapshots",
        *(sa.column(name) for name in ("target_id", "revision", "value", "numerator", "denominator", "checksum")),
        sa.column("day", sa.Date()),
        sa.column("details", sa.JSON()),
        sa.column("inputs", sa.JSON()),
        sa.column("counted_at", qtxvol.base.UTCDateTime(timezone=True)),
    )


def _counts() -> sa.TableClause:
    return sa.table(
        "volunteer_counts",
        *(sa.column(name) for name in ("registered", "active", "applied")),
        sa.column("day", sa.Date()),
        sa.column("counted_at", qtxvol.base.UTCDateTime(timezone=True)),
    )


def _move_counts() -> None:
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT id FROM targets WHERE id = 'T23'")).first() is not None:
        counts = _counts()
        rows = [
            {
                "target_id": "T23",
                "day": row.day,
                "revision": 1,
                "value": row.registered,
                "numerator": row.active,
                "denominator": row.registered,
                "details": {"applied": row.applied},
                "inputs": {},
                "checksum": "",
                "counted_at": row.counted_at,
            }
            for row in connection.execute(sa.select(counts).order_by(counts.c.day))
        ]
        if rows:
            connection.execute(_snapshots().insert(), rows)
    op.drop_table("volunteer_counts")


def _protect() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        if is_sqlite:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION qtxvol_refuse_change()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION qtxvol_refuse_change()"
            )


def downgrade() -> None:
    """The counts of volunteers come back; reports, other snapshots and further periods are gone."""
    op.create_table(
        "volunteer_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("registered", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("counted_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_volunteer_counts")),
    )
    connection = op.get_bind()
    snapshots = _snapshots()
    latest = {
        row.day: {
            "day": row.day,
            "registered": int(row.value),
            "active": row.numerator or 0,
            "applied": row.details.get("applied", 0),
            "counted_at": row.counted_at,
        }
        for row in connection.execute(
            sa.select(snapshots).where(snapshots.c.target_id == "T23").order_by(snapshots.c.revision)
        )
    }
    if latest:
        connection.execute(_counts().insert(), list(latest.values()))
    for table in (
        "report_decisions",
        "report_files",
        "target_reports",
        "restatements",
        "target_snapshots",
        "schools",
        "semesters",
        "target_units",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM targets WHERE value IS NULL")
    with op.batch_alter_table("targets") as batch:
        for name in ("unit", "comparator", "kind", "measured_by", "measure", "number"):
            batch.drop_constraint(op.f(f"ck_targets_{name}"), type_="check")
        batch.drop_constraint(op.f("uq_targets_period_id_code"), type_="unique")
        batch.drop_constraint(op.f("fk_targets_period_id_periods"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_targets_programme_id_programmes"), type_="foreignkey")
        for name in (
            "code",
            "period_id",
            "comparator",
            "kind",
            "measure",
            "note",
            "counts",
            "report_months",
            "programme_id",
        ):
            batch.drop_column(name)
        batch.alter_column("value", existing_type=sa.Double(), nullable=False)
    op.drop_table("periods")
    op.execute("UPDATE job_runs SET job = 'count_volunteers' WHERE job = 'count_targets'")
    with op.batch_alter_table("job_runs") as batch:
        for name in ("worker", "inputs", "counts", "checksum"):
            batch.drop_column(name)
