"""Check-in, late entries, objections, spot checks, no-shows, points.

Revision ID: 0006
Revises: 0005
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHECKS = {
    "source": "source IN ('check_in', 'leader', 'late', 'correction', 'reopen')",
    "thread": "(corrects_id IS NULL) = (root_id IS NULL)",
    "root": "(corrects_id IS NULL) = (source IN ('check_in', 'leader', 'late'))",
    "span": "ended_at >= started_at",
    "voucher": "event_id IS NOT NULL OR request_id IS NOT NULL",
}

OLD_COLUMNS = ("id", "volunteer_id", "order_id", "event_id", "minutes", "served_on", "corrects_id", "created_at")
NEW_COLUMNS = (
    "closure", "request_id", "source", "started_at", "ended_at", "root_id", "vouched_party", "vouched_name",
    "vouched_by_account_id", "confirmed_by_account_id",
)  # fmt: skip


def upgrade() -> None:
    _make_tables()
    _let_change("hours_entries")
    moment = qtxvol.base.UTCDateTime(timezone=True)
    new = (
        sa.Column("closure", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=True),
        sa.Column("started_at", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("root_id", sa.Integer(), nullable=True),
        sa.Column("vouched_party", sa.String(length=16), nullable=True),
        sa.Column("vouched_name", sa.String(length=64), nullable=True),
        sa.Column("vouched_by_account_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_by_account_id", sa.Integer(), nullable=True),
    )
    for column in new:
        op.add_column("hours_entries", column)
    _fill_old_entries(op.get_bind())
    # SQLite rebuilds the table, and its triggers go with the old one: they are made anew below
    with op.batch_alter_table("hours_entries") as batch_op:
        batch_op.alter_column("event_id", existing_type=sa.Integer(), nullable=True)
        batch_op.alter_column("closure", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("source", existing_type=sa.String(length=16), nullable=False)
        batch_op.alter_column("started_at", existing_type=moment, nullable=False)
        batch_op.alter_column("ended_at", existing_type=moment, nullable=False)
        batch_op.alter_column("vouched_party", existing_type=sa.String(length=16), nullable=False)
        batch_op.alter_column("vouched_name", existing_type=sa.String(length=64), nullable=False)
        for column, other in (
            ("request_id", "hours_requests"),
            ("root_id", "hours_entries"),
            ("vouched_by_account_id", "accounts"),
            ("confirmed_by_account_id", "accounts"),
        ):
            batch_op.create_foreign_key(f"fk_hours_entries_{column}_{other}", other, [column], ["id"])
        for name, check in CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_hours_entries_{name}"), check)
        batch_op.create_index("ix_hours_entries_root_id", ["root_id"])
        batch_op.create_index("ix_hours_entries_request_id", ["request_id"])
        batch_op.create_index("ix_hours_entries_volunteer_id_started_at", ["volunteer_id", "started_at"])
    for table in ("hours_entries", "points_entries"):
        _let_only_grow(table)


def downgrade() -> None:
    for table in ("hours_entries", "points_entries"):
        _let_change(table)
    _drop_requested_entries(op.get_bind())
    with op.batch_alter_table("hours_entries") as batch_op:
        for name in ("volunteer_id_started_at", "request_id", "root_id"):
            batch_op.drop_index(f"ix_hours_entries_{name}")
        for name in CHECKS:
            batch_op.drop_constraint(op.f(f"ck_hours_entries_{name}"), type_="check")
        for column, other in (
            ("request_id", "hours_requests"),
            ("root_id", "hours_entries"),
            ("vouched_by_account_id", "accounts"),
            ("confirmed_by_account_id", "accounts"),
        ):
            batch_op.drop_constraint(f"fk_hours_entries_{column}_{other}", type_="foreignkey")
        for column in (
            "closure",
            "request_id",
            "source",
            "started_at",
            "ended_at",
            "root_id",
            "vouched_party",
            "vouched_name",
            "vouched_by_account_id",
            "confirmed_by_account_id",
        ):
            batch_op.drop_column(column)
        batch_op.alter_column("event_id", existing_type=sa.Integer(), nullable=False)
    _let_only_grow("hours_entries")
    for table in (
        "points_entries",
        "hours_rules",
        "no_shows",
        "spot_check_orders",
        "spot_checks",
        "presences",
        "hours_objections",
        "hours_requests",
        "attendances",
    ):
        op.drop_table(table)


def _fill_old_entries(connection: sa.Connection) -> None:
    """What the old lines rest on is known to their events: when the service was, and who closed it."""
    entries = sa.table(
        "hours_entries",
        *(sa.column(name) for name in ("id", "order_id", "event_id", "corrects_id", "closure", "source", "root_id")),
        *(sa.column(name, qtxvol.base.UTCDateTime(timezone=True)) for name in ("started_at", "ended_at")),
        *(sa.column(name) for name in ("vouched_party", "vouched_name", "vouched_by_account_id")),
    )
    events = sa.table(
        "order_events",
        *(sa.column(name) for name in ("id", "order_id", "sequence", "action", "party", "actor_name")),
        sa.column("actor_account_id"),
        sa.column("payload", sa.JSON()),
    )
    rows = connection.execute(
        sa.select(entries.c.id, entries.c.order_id, entries.c.corrects_id, events.c.id.label("event_id"))
        .add_columns(events.c.sequence, events.c.payload, events.c.party, events.c.actor_name)
        .add_columns(events.c.actor_account_id)
        .join(events, events.c.id == entries.c.event_id)
        .order_by(entries.c.id)
    ).all()
    closes = sa.select(sa.func.count()).where(events.c.action == "close")
    said: dict[int, dict[str, object]] = {}
    for row in rows:
        if row.corrects_id is None:
            before = closes.where(events.c.order_id == row.order_id, events.c.sequence <= row.sequence)
            values = {
                "closure": connection.scalar(before),
                "source": "leader",
                "root_id": None,
                "started_at": datetime.fromisoformat(row.payload["actual_start"]),
                "ended_at": datetime.fromisoformat(row.payload["actual_end"]),
            }
        else:
            values = {**said[row.corrects_id], "source": "reopen", "root_id": row.corrects_id}
        said[row.id] = values
        connection.execute(
            sa.update(entries)
            .where(entries.c.id == row.id)
            .values(
                **values,
                vouched_party=row.party,
                vouched_name=row.actor_name,
                vouched_by_account_id=row.actor_account_id,
            )
        )


def _drop_requested_entries(connection: sa.Connection) -> None:
    """Lines that only a request vouches for had no place in the old table: late entries and corrections go. What was
    taken back after a correction is taken back from the line of the close."""
    entries = sa.table("hours_entries", *(sa.column(name) for name in OLD_COLUMNS + NEW_COLUMNS))
    thread = sa.func.coalesce(entries.c.root_id, entries.c.id)
    threads: dict[int, list[sa.Row[*tuple[object, ...]]]] = {}
    for row in connection.execute(
        sa.select(entries)
        .where(thread.in_(sa.select(thread).where(entries.c.event_id.is_(None))))
        .order_by(entries.c.id)
    ):
        threads.setdefault(row.root_id or row.id, []).append(row)
    for root, *later in threads.values():
        gone = later if root.event_id is not None else [root, *later]
        for row in reversed(gone):  # each line is named by the one after it
            connection.execute(sa.delete(entries).where(entries.c.id == row.id))
        for row in later:
            if row.event_id is not None and root.event_id is not None:
                values = {**row._asdict(), "corrects_id": root.id, "minutes": -root.minutes}
                connection.execute(sa.insert(entries).values(values))


def _let_change(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(f"DROP TRIGGER {table}_no_delete")
    else:
        op.execute(f"DROP TRIGGER {table}_no_change ON {table}")
        op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")


def _let_only_grow(table: str) -> None:
    """The triggers of 0002, by the function that stands there."""
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


def _make_tables() -> None:
    op.create_table(
        "attendances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("in_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("in_how", sa.String(length=8), nullable=False),
        sa.Column("out_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("out_how", sa.String(length=8), nullable=True),
        sa.Column("in_by_account_id", sa.Integer(), nullable=True),
        sa.Column("out_by_account_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("in_how IN ('code', 'leader')", name=op.f("ck_attendances_in_how")),
        sa.CheckConstraint("out_how IN ('code', 'leader')", name=op.f("ck_attendances_out_how")),
        sa.CheckConstraint("(out_at IS NULL) = (out_how IS NULL)", name=op.f("ck_attendances_out")),
        sa.CheckConstraint("out_at IS NULL OR out_at >= in_at", name=op.f("ck_attendances_span")),
        sa.ForeignKeyConstraint(
            ["in_by_account_id"], ["accounts.id"], name=op.f("fk_attendances_in_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_attendances_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["out_by_account_id"], ["accounts.id"], name=op.f("fk_attendances_out_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_attendances_volunteer_id_volunteers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendances")),
    )
    op.create_index("ix_attendances_order_id_volunteer_id", "attendances", ["order_id", "volunteer_id"], unique=False)
    op.create_index("ix_attendances_volunteer_id_in_at", "attendances", ["volunteer_id", "in_at"], unique=False)
    op.create_table(
        "hours_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("closure", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("minutes_before", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("proposed_party", sa.String(length=16), nullable=False),
        sa.Column("proposed_name", sa.String(length=64), nullable=False),
        sa.Column("proposed_by_account_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("decided_by_account_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("notice_ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(status = 'waiting') = (decided_at IS NULL)", name=op.f("ck_hours_requests_decided")),
        sa.CheckConstraint("kind IN ('late', 'correction')", name=op.f("ck_hours_requests_kind")),
        sa.CheckConstraint("status IN ('waiting', 'confirmed', 'refused')", name=op.f("ck_hours_requests_status")),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_hours_requests_minutes")),
        sa.ForeignKeyConstraint(
            ["decided_by_account_id"], ["accounts.id"], name=op.f("fk_hours_requests_decided_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_hours_requests_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["proposed_by_account_id"], ["accounts.id"], name=op.f("fk_hours_requests_proposed_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_hours_requests_volunteer_id_volunteers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_requests")),
    )
    op.create_index(
        "ix_hours_requests_order_id_volunteer_id", "hours_requests", ["order_id", "volunteer_id"], unique=False
    )
    op.create_index("ix_hours_requests_status_proposed_at", "hours_requests", ["status", "proposed_at"], unique=False)
    op.create_table(
        "hours_objections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("made_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("decided_by_account_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint("(status = 'open') = (decided_at IS NULL)", name=op.f("ck_hours_objections_decided")),
        sa.CheckConstraint("status IN ('open', 'upheld', 'dismissed')", name=op.f("ck_hours_objections_status")),
        sa.ForeignKeyConstraint(
            ["decided_by_account_id"], ["accounts.id"], name=op.f("fk_hours_objections_decided_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["hours_requests.id"], name=op.f("fk_hours_objections_request_id_hours_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_objections")),
    )
    op.create_index(op.f("ix_hours_objections_request_id"), "hours_objections", ["request_id"], unique=False)
    op.create_table(
        "presences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("closure", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(length=16), nullable=False),
        sa.Column("did_take_place", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("party IN ('community', 'office')", name=op.f("ck_presences_party")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_presences_account_id_accounts")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_presences_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presences")),
        sa.UniqueConstraint("order_id", "closure", "party", name=op.f("uq_presences_order_id_closure_party")),
    )
    op.create_table(
        "spot_checks",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("closed_count", sa.Integer(), nullable=False),
        sa.Column("drawn_count", sa.Integer(), nullable=False),
        sa.Column("drawn_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_spot_checks_percent")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_spot_checks")),
    )
    op.create_table(
        "spot_check_orders",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("closure", sa.Integer(), nullable=False),
        sa.Column("is_drawn", sa.Boolean(), nullable=False),
        sa.Column("call_back_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.CheckConstraint(
            "answer IN ('', 'confirmed', 'denied', 'unreachable')", name=op.f("ck_spot_check_orders_answer")
        ),
        sa.CheckConstraint("(call_back_id IS NOT NULL) = is_drawn", name=op.f("ck_spot_check_orders_drawn")),
        sa.ForeignKeyConstraint(
            ["call_back_id"], ["call_backs.id"], name=op.f("fk_spot_check_orders_call_back_id_call_backs")
        ),
        sa.ForeignKeyConstraint(["day"], ["spot_checks.day"], name=op.f("fk_spot_check_orders_day_spot_checks")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_spot_check_orders_order_id_orders")),
        sa.PrimaryKeyConstraint("day", "order_id", name=op.f("pk_spot_check_orders")),
        sa.UniqueConstraint("call_back_id", name=op.f("uq_spot_check_orders_call_back_id")),
    )
    op.create_table(
        "no_shows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("recorded_party", sa.String(length=16), nullable=False),
        sa.Column("recorded_name", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("objection", sa.Text(), nullable=False),
        sa.Column("objected_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("decided_by_account_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", qtxvol.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('upheld', 'lifted')) = (decided_at IS NOT NULL)", name=op.f("ck_no_shows_decided")
        ),
        sa.CheckConstraint(
            "status IN ('stands', 'objected', 'upheld', 'lifted', 'excused')", name=op.f("ck_no_shows_status")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_account_id"], ["accounts.id"], name=op.f("fk_no_shows_decided_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["order_events.id"], name=op.f("fk_no_shows_event_id_order_events")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_no_shows_order_id_orders")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_no_shows_team_id_teams")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteers.id"], name=op.f("fk_no_shows_volunteer_id_volunteers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_no_shows")),
        sa.UniqueConstraint("event_id", "volunteer_id", name=op.f("uq_no_shows_event_id_volunteer_id")),
    )
    op.create_index("ix_no_shows_order_id", "no_shows", ["order_id"], unique=False)
    op.create_index(op.f("ix_no_shows_team_id"), "no_shows", ["team_id"], unique=False)
    op.create_index("ix_no_shows_volunteer_id_expires_on", "no_shows", ["volunteer_id", "expires_on"], unique=False)
    op.create_table(
        "hours_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("set_by_account_id", sa.Integer(), nullable=False),
        sa.Column("set_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_by_account_id"], ["accounts.id"], name=op.f("fk_hours_rules_set_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_rules")),
    )
    op.create_index("ix_hours_rules_name", "hours_rules", ["name"], unique=False)
    op.create_table(
        "points_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("per_hour", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("by_account_id", sa.Integer(), nullable=True),
        sa.Column("created_at", qtxvol.base.UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'spend') = (order_id IS NULL)", name=op.f("ck_points_entries_order")),
        sa.CheckConstraint("kind IN ('earn', 'adjust', 'spend')", name=op.f("ck_points_entries_kind")),
        sa.CheckConstraint("points <> 0", name=op.f("ck_points_entries_points")),
        sa.ForeignKeyConstraint(
            ["by_account_id"], ["accounts.id"], name=op.f("fk_points_entries_by_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_points_entries_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_points_entries_volunteer_id_volunteers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_entries")),
    )
    op.create_index(op.f("ix_points_entries_order_id"), "points_entries", ["order_id"], unique=False)
    op.create_index("ix_points_entries_volunteer_id", "points_entries", ["volunteer_id"], unique=False)
