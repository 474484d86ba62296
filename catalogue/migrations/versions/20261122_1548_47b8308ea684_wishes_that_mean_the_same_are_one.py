"""wishes that mean the same are one

Revision: 47b8308ea684, after 32710a39d868
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '47b8308ea684'
down_revision = '32710a39d868'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('search_gap', schema=None) as batch_op:
        batch_op.add_column(sa.Column('note', sa.String(length=300), server_default='', nullable=False))

    with op.batch_alter_table('wish', schema=None) as batch_op:
        batch_op.add_column(sa.Column('merged_into_id', sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f('ix_wish_merged_into_id'), ['merged_into_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_wish_merged_into_id_wish'), 'wish', ['merged_into_id'], ['id'], ondelete='SET NULL')



def downgrade() -> None:
    with op.batch_alter_table('wish', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_wish_merged_into_id_wish'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_wish_merged_into_id'))
        batch_op.drop_column('merged_into_id')

    with op.batch_alter_table('search_gap', schema=None) as batch_op:
        batch_op.drop_column('note')

