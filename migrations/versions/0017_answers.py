"""One-tap answers: what volunteers, leaders and residents are asked, and what they say; offers can be declined.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

import qtxvol.base

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TIME = qtxvol.base.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("party", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("volunteer_id", sa.Integer(), nullable=True),
        sa.Column("agreed_start", TIME, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("answer", sa.String(length=8), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.CheckConstraint("answer IN ('yes', 'no')", name=op.f("ck_replies_answer")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_replies_answered")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_replies_order_id_orders")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteers.id"], name=op.f("fk_replies_volunteer_id_volunteers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
        sa.UniqueConstraint(
            "order_id",
            "purpose",
            "party",
            "scope",
            "agreed_start",
            name=op.f("uq_replies_order_id_purpose_party_scope_agreed_start"),
        ),
    )
    op.create_index(op.f("ix_replies_volunteer_id"), "replies", ["volunteer_id"])
    op.create_table(
        "reply_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=8), nullable=False),
        sa.Column("answered_at", TIME, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["reply_id"], ["replies.id"], name=op.f("fk_reply_changes_reply_id_replies")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reply_changes_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_changes")),
    )
    op.create_index(op.f("ix_reply_changes_reply_id"), "reply_changes", ["reply_id"])
    for column in (sa.Column("reason", sa.String(32), nullable=True), sa.Column("text", sa.Text(), nullable=True)):
        op.add_column("offers", column)
    op.execute("UPDATE offers SET reason = '', text = ''")
    with op.batch_alter_table("offers") as batch:
        batch.alter_column("reason", existing_type=sa.String(32), nullable=False)
        batch.alter_column("text", existing_type=sa.Text(), nullable=False)
    _make_append_only("reply_changes")


def _make_append_only(table: str) -> None:
    """What was answered can't be changed, as in migration 0002."""
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


def downgrade() -> None:
    op.execute("UPDATE offers SET answer = NULL, answered_at = NULL WHERE answer = 'declined'")
    with op.batch_alter_table("offers") as batch:
        batch.drop_column("text")
        batch.drop_column("reason")
    op.drop_table("reply_changes")
    op.drop_table("replies")
