"""Sealed contact data, reveals, erasures, corrections.

What stands here already is sealed with the newest key; going back opens it again, so the keys must be there.
On SQLite the old text is overwritten in the file (`secure_delete`); on PostgreSQL it stays in dead rows until
VACUUM FULL, and in backups and write-ahead archives until these run out: docs/privacy.md.

Revision ID: 0004
Revises: 0003
"""

import secrets
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from alembic import op

import qtxvol.base
from qtxvol.accounts.phones import parse_phone
from qtxvol.privacy.numbers import drop_numbers, has_number
from qtxvol.privacy.sealed import MARK
from qtxvol.privacy.vault import current_vault

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("reveals", "erasures")
#: Texts that may hold a number, with their key.
WORDS = (("orders", "id", ("wish", "venue", "organisation")), ("order_notes", "event_id", ("text",)),
         ("call_backs", "id", ("outcome",)))  # fmt: skip
_BATCH = 500
_TIME = qtxvol.base.UTCDateTime(timezone=True)

ORDERS = sa.table(
    "orders",
    *(sa.column(name) for name in ("id", "contact_name", "contact_phone", "contact_phone_digest", "search_text")),
)
ACCOUNTS = sa.table("accounts", *(sa.column(name) for name in ("id", "username", "phone", "phone_digest")))


def upgrade() -> None:
    with op.batch_alter_table("orders") as batch_op:
        batch_op.add_column(sa.Column("contact_phone_digest", sa.String(64), nullable=True))
        batch_op.add_column(sa.Column("contact_erased_at", _TIME, nullable=True))
        for name, length in (("contact_name", 32), ("contact_phone", 20), ("venue", 120), ("organisation", 64)):
            batch_op.alter_column(name, existing_type=sa.String(length), type_=sa.Text(), existing_nullable=False)
    with op.batch_alter_table("accounts") as batch_op:
        batch_op.add_column(sa.Column("phone_digest", sa.String(64), nullable=True))
        batch_op.alter_column("phone", existing_type=sa.String(20), type_=sa.Text(), existing_nullable=True)
        batch_op.create_unique_constraint("uq_accounts_phone_digest", ["phone_digest"])
    _seal_orders()
    _seal_accounts()
    _change_words(lambda text: MARK + current_vault().seal(text) if has_number(text) else text)
    op.execute("DELETE FROM attempts WHERE key LIKE 'place:phone:%' OR key LIKE 'login:account:%'")
    with op.batch_alter_table("orders") as batch_op:
        batch_op.alter_column("contact_phone_digest", existing_type=sa.String(64), nullable=False)
        batch_op.create_index("ix_orders_contact_phone_digest", ["contact_phone_digest"])
        batch_op.create_index("ix_orders_contact_erased_at_status_since", ["contact_erased_at", "status_since"])
    _create_tables()


def downgrade() -> None:
    for name in APPEND_ONLY:
        _drop_triggers(name)
    for name in ("key_marks", "retentions", "corrections", "erasures", "reveals"):
        op.drop_table(name)
    _change_words(lambda text: current_vault().open(text.removeprefix(MARK)) if text.startswith(MARK) else text)
    _open_accounts()
    _open_orders()
    op.execute("DELETE FROM attempts")
    with op.batch_alter_table("accounts") as batch_op:
        batch_op.drop_constraint("uq_accounts_phone_digest", type_="unique")
        batch_op.drop_column("phone_digest")
        batch_op.alter_column("phone", existing_type=sa.Text(), type_=sa.String(20), existing_nullable=True)
    with op.batch_alter_table("orders") as batch_op:
        batch_op.drop_index("ix_orders_contact_erased_at_status_since")
        batch_op.drop_index("ix_orders_contact_phone_digest")
        batch_op.drop_column("contact_erased_at")
        batch_op.drop_column("contact_phone_digest")
        for name, length in (("contact_name", 32), ("contact_phone", 20), ("venue", 120), ("organisation", 64)):
            batch_op.alter_column(name, existing_type=sa.Text(), type_=sa.String(length), existing_nullable=False)


def _rows(table: sa.TableClause, key: str, columns: tuple[str, ...]) -> Iterator[sa.Row]:
    """Every row, a few hundred at a time, so that a large table needs no large memory."""
    last = -1
    while True:
        found = (
            op.get_bind()
            .execute(
                sa.select(table.c[key], *(table.c[name] for name in columns))
                .where(table.c[key] > last)
                .order_by(table.c[key])
                .limit(_BATCH)
            )
            .all()
        )
        yield from found
        if len(found) < _BATCH:
            return
        last = found[-1][0]


def _seal_orders() -> None:
    vault = current_vault()
    for row in _rows(ORDERS, "id", ("contact_name", "contact_phone", "search_text")):
        phone = row.contact_phone
        op.get_bind().execute(
            ORDERS.update()
            .where(ORDERS.c.id == row.id)
            .values(
                contact_name=vault.seal(row.contact_name) if row.contact_name else "",
                contact_phone=vault.seal(phone) if phone else "",
                contact_phone_digest=vault.digest("phone", phone) if phone else "",
                search_text=drop_numbers(row.search_text),
            )
        )


def _open_orders() -> None:
    vault = current_vault()
    for row in _rows(ORDERS, "id", ("contact_name", "contact_phone")):
        op.get_bind().execute(
            ORDERS.update()
            .where(ORDERS.c.id == row.id)
            .values(
                contact_name=vault.open(row.contact_name) if row.contact_name else "",
                contact_phone=vault.open(row.contact_phone) if row.contact_phone else "",
            )
        )


def _seal_accounts() -> None:
    """A telephone number that served as a user name becomes the account's phone, by which it is found all the same."""
    vault, seen = current_vault(), set()
    for row in _rows(ACCOUNTS, "id", ("username", "phone")):
        named = parse_phone(row.username)
        phone = named or row.phone
        if not phone:
            continue
        digest = vault.digest("phone", phone)
        values = {"phone": vault.seal(phone), "phone_digest": None if digest in seen else digest}
        if named:
            values["username"] = f"tel-{phone[-4:]}-{secrets.token_hex(3)}"
        seen.add(digest)
        op.get_bind().execute(ACCOUNTS.update().where(ACCOUNTS.c.id == row.id).values(values))


def _open_accounts() -> None:
    vault = current_vault()
    for row in _rows(ACCOUNTS, "id", ("username", "phone")):
        if not row.phone:
            continue
        phone = vault.open(row.phone)
        username = phone if row.username.startswith(f"tel-{phone[-4:]}-") else row.username
        op.get_bind().execute(ACCOUNTS.update().where(ACCOUNTS.c.id == row.id).values(phone=phone, username=username))


def _change_words(change: Callable[[str], str]) -> None:
    for name, key, columns in WORDS:
        table = sa.table(name, sa.column(key), *(sa.column(column) for column in columns))
        for row in _rows(table, key, columns):
            new = {column: change(text) for column in columns if (text := getattr(row, column))}
            if changed := {column: text for column, text in new.items() if text != getattr(row, column)}:
                op.get_bind().execute(table.update().where(table.c[key] == row[0]).values(changed))


def _create_tables() -> None:
    op.create_table(
        "reveals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("volunteer_id", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("note", sa.String(60), nullable=False),
        sa.Column("party", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.String(64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("revealed_at", _TIME, nullable=False),
        sa.CheckConstraint("order_id IS NOT NULL OR volunteer_id IS NOT NULL", name=op.f("ck_reveals_whose")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_reveals_order_id_orders")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteers.id"], name=op.f("fk_reveals_volunteer_id_volunteers")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reveals_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveals")),
    )
    op.create_index("ix_reveals_order_id", "reveals", ["order_id"])
    op.create_index("ix_reveals_volunteer_id", "reveals", ["volunteer_id"])
    op.create_index("ix_reveals_account_id_revealed_at", "reveals", ["account_id", "revealed_at"])
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("volunteer_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("party", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.String(64), nullable=False),
        sa.Column("actor_account_id", sa.Integer(), nullable=True),
        sa.Column("erased_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "order_id IS NOT NULL OR volunteer_id IS NOT NULL OR account_id IS NOT NULL",
            name=op.f("ck_erasures_whose"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_erasures_order_id_orders")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteers.id"], name=op.f("fk_erasures_volunteer_id_volunteers")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_erasures_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["actor_account_id"], ["accounts.id"], name=op.f("fk_erasures_actor_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    for column in ("order_id", "volunteer_id", "account_id", "erased_at"):
        op.create_index(f"ix_erasures_{column}", "erasures", [column])
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.Column("done_by_account_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("order_id IS NOT NULL OR account_id IS NOT NULL", name=op.f("ck_corrections_whose")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_corrections_order_id_orders")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_corrections_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["done_by_account_id"], ["accounts.id"], name=op.f("fk_corrections_done_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    for column in ("order_id", "account_id", "done_at"):
        op.create_index(f"ix_corrections_{column}", "corrections", [column])
    op.create_table(
        "retentions",
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("changed_by_account_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("days BETWEEN 30 AND 3650", name=op.f("ck_retentions_days")),
        sa.ForeignKeyConstraint(
            ["changed_by_account_id"], ["accounts.id"], name=op.f("fk_retentions_changed_by_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_retentions")),
    )
    op.create_table(
        "key_marks",
        sa.Column("mark", sa.String(16), nullable=False),
        sa.Column("canary", sa.Text(), nullable=False),
        sa.Column("first_used_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_key_marks")),
    )
    for name in APPEND_ONLY:
        _create_triggers(name)


def _create_triggers(table: str) -> None:
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


def _drop_triggers(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(f"DROP TRIGGER {table}_no_delete")
        return
    op.execute(f"DROP TRIGGER {table}_no_change ON {table}")
    op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
