"""Stars that are awarded, yearly lists of commendation, and what a certificate keeps of the name on it

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from qtxvol.base import UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = "commendation_events"


def upgrade() -> None:
    _upgrade_certificates()
    op.create_table(
        "star_levels",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("name_en", sa.String(64), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("edited_at", UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("stars BETWEEN 1 AND 10", name=op.f("ck_star_levels_stars")),
        sa.CheckConstraint("hours > 0", name=op.f("ck_star_levels_hours")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_star_levels")),
    )
    op.create_table(
        "star_awards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("level_id", sa.String(16), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("threshold_hours", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("awarded_on", sa.Date(), nullable=False),
        sa.Column("awarded_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_account_id", sa.Integer(), nullable=True),
        sa.Column("withdraw_reason", sa.String(120), nullable=False),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdraw_reason = '')", name=op.f("ck_star_awards_withdrawn")),
        sa.CheckConstraint("minutes >= threshold_hours * 60", name=op.f("ck_star_awards_earned")),
        _refers("star_awards", "volunteer_id", "volunteers"),
        _refers("star_awards", "level_id", "star_levels"),
        _refers("star_awards", "withdrawn_by_account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_star_awards")),
    )
    op.create_index(op.f("ix_star_awards_volunteer_id"), "star_awards", ["volunteer_id"])
    op.create_index(
        "uq_star_awards_standing",
        "star_awards",
        ["volunteer_id", "level_id"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "publication_consents",
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("agreed_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", UTCDateTime(timezone=True), nullable=True),
        _refers("publication_consents", "volunteer_id", "volunteers"),
        sa.PrimaryKeyConstraint("volunteer_id", name=op.f("pk_publication_consents")),
    )
    _create_lists()
    _make_append_only()


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def _upgrade_certificates() -> None:
    """Papers that are out keep the masked name; what was printed in full on them was never stored, nor is it now."""
    with op.batch_alter_table("certificates") as batch:
        batch.add_column(sa.Column("name_masked", sa.String(32), nullable=True))
        batch.add_column(sa.Column("name_digest", sa.String(64), nullable=True))
        batch.add_column(sa.Column("identity", sa.String(64), nullable=True))
        batch.add_column(sa.Column("themes", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("town_codes", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("replaces_id", sa.Integer(), nullable=True))
    _fill_certificates(op.get_bind())
    with op.batch_alter_table("certificates") as batch:
        for name, length in (("name_masked", 32), ("name_digest", 64), ("identity", 64)):
            batch.alter_column(name, existing_type=sa.String(length), nullable=False)
        for name in ("themes", "town_codes"):
            batch.alter_column(name, existing_type=sa.JSON(), nullable=False)
        batch.create_foreign_key(
            op.f("fk_certificates_replaces_id_certificates"), "certificates", ["replaces_id"], ["id"]
        )
        batch.create_unique_constraint(op.f("uq_certificates_replaces_id"), ["replaces_id"])


def _fill_certificates(connection: sa.Connection) -> None:
    """What was on the papers that are out, as the ledger was on their day."""
    papers = sa.table(
        "certificates",
        sa.column("id", sa.Integer()),
        sa.column("name_masked", sa.String()),
        sa.column("name_digest", sa.String()),
        sa.column("identity", sa.String()),
        sa.column("themes", sa.JSON()),
        sa.column("town_codes", sa.JSON()),
    )
    rows = connection.execute(
        sa.text("SELECT c.id, v.name FROM certificates c JOIN volunteers v ON v.id = c.volunteer_id")
    ).all()
    served = sa.text(
        "SELECT o.theme, o.division_code, SUM(h.minutes) FROM certificates c "
        "JOIN hours_entries h ON h.volunteer_id = c.volunteer_id "
        "AND h.served_on BETWEEN c.from_on AND c.until_on AND h.created_at <= c.issued_at "
        "JOIN orders o ON o.id = h.order_id WHERE c.id = :id GROUP BY o.theme, o.division_code"
    )
    for row in rows:
        themes: dict[str, int] = {}
        towns: dict[str, int] = {}
        for theme, division, minutes in connection.execute(served, {"id": row.id}):
            if minutes > 0:
                towns[division[:9] + "000"] = towns.get(division[:9] + "000", 0) + minutes
                if theme:
                    themes[theme] = themes.get(theme, 0) + minutes
        connection.execute(
            papers.update()
            .where(papers.c.id == row.id)
            .values(
                name_masked=row.name[:1] + "*" * max(1, len(row.name) - 1),
                name_digest="",
                identity="",
                themes=sorted(themes, key=lambda code: (-themes[code], code)),
                town_codes=sorted(towns, key=lambda code: (-towns[code], code)),
            )
        )


def _create_lists() -> None:
    op.create_table(
        "commendation_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("min_hours", sa.Integer(), nullable=False),
        sa.Column("min_services", sa.Integer(), nullable=False),
        sa.Column("needs_no_objection", sa.Boolean(), nullable=False),
        sa.Column("counted_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("submitted_by_account_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_account_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("status IN ('open', 'submitted', 'published')", name=op.f("ck_commendation_lists_status")),
        sa.CheckConstraint(
            "(status = 'open') = (submitted_by_account_id IS NULL)", name=op.f("ck_commendation_lists_submitted")
        ),
        sa.CheckConstraint(
            "(status = 'published') = (confirmed_by_account_id IS NOT NULL)",
            name=op.f("ck_commendation_lists_published"),
        ),
        sa.CheckConstraint(
            "confirmed_by_account_id IS NULL OR confirmed_by_account_id <> submitted_by_account_id",
            name=op.f("ck_commendation_lists_second_person"),
        ),
        sa.CheckConstraint("min_hours >= 0 AND min_services >= 0", name=op.f("ck_commendation_lists_criteria")),
        _refers("commendation_lists", "submitted_by_account_id", "accounts"),
        _refers("commendation_lists", "confirmed_by_account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commendation_lists")),
        sa.UniqueConstraint("year", name=op.f("uq_commendation_lists_year")),
    )
    op.create_table(
        "commendations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("name_masked", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("decided_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("decided_by_account_id", sa.Integer(), nullable=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in (
                "minutes",
                "services",
                "confirmed",
                "rated",
                "ratings",
                "stars_total",
                "objections",
                "star",
            )
        ),
        sa.CheckConstraint("status IN ('proposed', 'commended', 'declined')", name=op.f("ck_commendations_status")),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by_account_id IS NULL)", name=op.f("ck_commendations_decided")
        ),
        sa.CheckConstraint("status <> 'declined' OR reason <> ''", name=op.f("ck_commendations_reason")),
        sa.CheckConstraint("confirmed <= services AND rated <= services", name=op.f("ck_commendations_evidence")),
        _refers("commendations", "list_id", "commendation_lists"),
        _refers("commendations", "volunteer_id", "volunteers"),
        _refers("commendations", "decided_by_account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commendations")),
        sa.UniqueConstraint("list_id", "volunteer_id", name=op.f("uq_commendations_list_id_volunteer_id")),
    )
    op.create_index(op.f("ix_commendations_volunteer_id"), "commendations", ["volunteer_id"])
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("happened_at", UTCDateTime(timezone=True), nullable=False),
        _refers(TABLE, "list_id", "commendation_lists"),
        _refers(TABLE, "account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(op.f(f"ix_{TABLE}_list_id"), TABLE, ["list_id"])


def _make_append_only() -> None:
    """As 0002 does it for the events of orders; PostgreSQL has the function from there."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION qtxvol_refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION qtxvol_refuse_change()"
    )


def downgrade() -> None:
    for table in (
        TABLE,
        "commendations",
        "commendation_lists",
        "publication_consents",
        "star_awards",
        "star_levels",
    ):
        op.drop_table(table)
    with op.batch_alter_table("certificates") as batch:
        batch.drop_constraint(op.f("uq_certificates_replaces_id"), type_="unique")
        batch.drop_constraint(op.f("fk_certificates_replaces_id_certificates"), type_="foreignkey")
        for name in ("replaces_id", "town_codes", "themes", "identity", "name_digest", "name_masked"):
            batch.drop_column(name)
