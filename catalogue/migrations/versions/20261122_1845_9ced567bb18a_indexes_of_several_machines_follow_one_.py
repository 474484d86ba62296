"""indexes of several machines follow one log of changes

Revision: 9ced567bb18a, after 87ea92503dd9
"""

import sqlalchemy as sa
from alembic import op

revision = '9ced567bb18a'
down_revision = '87ea92503dd9'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('index_queue', schema=None) as batch_op:
        batch_op.add_column(sa.Column('transaction_id', sa.BigInteger(), server_default='0', nullable=False))
        batch_op.create_index(batch_op.f('ix_index_queue_transaction_id_id'), ['transaction_id', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('index_queue', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_index_queue_transaction_id_id'))
        batch_op.drop_column('transaction_id')
