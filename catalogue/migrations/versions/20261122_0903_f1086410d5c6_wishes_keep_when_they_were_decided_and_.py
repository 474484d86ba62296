"""Wishes keep when they were decided and fulfilled

Revision: f1086410d5c6, after 2f179fa8d90e
"""

import sqlalchemy as sa
from alembic import op

revision = 'f1086410d5c6'
down_revision = '2f179fa8d90e'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('wish', schema=None) as batch_op:
        batch_op.add_column(sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('fulfilled_at', sa.DateTime(timezone=True), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('wish', schema=None) as batch_op:
        batch_op.drop_column('fulfilled_at')
        batch_op.drop_column('decided_at')

