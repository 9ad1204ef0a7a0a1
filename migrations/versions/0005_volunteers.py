"""Registration, teams, memberships, merges.

Revision ID: 0005
Revises: 0004
"""

import qtxvol.base  # noqa: F401
import sqlalchemy as sa  # noqa: F401
from alembic import op  # noqa: F401

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


WERE = "status IN ('applied', 'verified', 'paused', 'left', 'refused')"
ARE = "status IN ('applied', 'verified', 'paused', 'left', 'refused', 'merged')"


def upgrade() -> None:
    with op.batch_alter_table("volunteers") as batch_op:
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key("fk_volunteers_merged_into_id_volunteers", "volunteers", ["merged_into_id"], ["id"])
        batch_op.create_index("ix_volunteers_merged_into_id", ["merged_into_id"])
        batch_op.drop_constraint(op.f("ck_volunteers_status"), type_="check")
        batch_op.create_check_constraint(op.f("ck_volunteers_status"), ARE)
        batch_op.create_check_constraint(
            op.f("ck_volunteers_merged"), "(status = 'merged') = (merged_into_id IS NOT NULL)"
        )


def downgrade() -> None:
    with op.batch_alter_table("volunteers") as batch_op:
        batch_op.drop_constraint(op.f("ck_volunteers_merged"), type_="check")
        batch_op.drop_constraint(op.f("ck_volunteers_status"), type_="check")
        batch_op.create_check_constraint(op.f("ck_volunteers_status"), WERE)
        batch_op.drop_index("ix_volunteers_merged_into_id")
        batch_op.drop_constraint("fk_volunteers_merged_into_id_volunteers", type_="foreignkey")
        batch_op.drop_column("merged_into_id")
