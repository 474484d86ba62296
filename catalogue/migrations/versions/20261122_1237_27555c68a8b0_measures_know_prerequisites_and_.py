"""Measures know prerequisites and alternatives, runs know bookings and why they were cancelled

Revision: 27555c68a8b0, after c0a622149cb7
"""

import sqlalchemy as sa
from alembic import op

revision = "27555c68a8b0"
down_revision = "c0a622149cb7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measure_prerequisite",
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("before_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("module_id <> before_id", name=op.f("ck_measure_prerequisite_not_itself")),
        sa.ForeignKeyConstraint(
            ["measure_id", "before_id"],
            ["measure_module.measure_id", "measure_module.module_id"],
            name="fk_measure_prerequisite_part_before",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["measure_id", "module_id"],
            ["measure_module.measure_id", "measure_module.module_id"],
            name="fk_measure_prerequisite_part",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("measure_id", "module_id", "before_id", name=op.f("pk_measure_prerequisite")),
    )
    # the default only fills the rows that exist; new ones get theirs from the model
    with op.batch_alter_table("measure_module", schema=None) as batch_op:
        batch_op.add_column(sa.Column("choice", sa.String(length=1), nullable=False, server_default=""))
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("booked", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("cancel_reason", sa.String(length=500), nullable=False, server_default=""))
        batch_op.create_check_constraint(batch_op.f("ck_run_booked_not_negative"), "booked IS NULL OR booked >= 0")


def downgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_run_booked_not_negative"), type_="check")
        batch_op.drop_column("cancel_reason")
        batch_op.drop_column("booked")
    with op.batch_alter_table("measure_module", schema=None) as batch_op:
        batch_op.drop_column("choice")
    op.drop_table("measure_prerequisite")
