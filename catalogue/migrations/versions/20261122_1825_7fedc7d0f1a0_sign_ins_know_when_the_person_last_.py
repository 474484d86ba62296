"""sign-ins know when the person last proved to be themselves

Revision: 7fedc7d0f1a0, after ce4776f6f52a
"""

import sqlalchemy as sa
from alembic import op

revision = "7fedc7d0f1a0"
down_revision = "ce4776f6f52a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("user_session") as table:
        table.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE user_session SET confirmed_at = created_at")
    with op.batch_alter_table("user_session") as table:
        table.alter_column("confirmed_at", existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("user_session") as table:
        table.drop_column("confirmed_at")
