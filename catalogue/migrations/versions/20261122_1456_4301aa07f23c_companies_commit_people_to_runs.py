"""companies commit people to runs

Revision: 4301aa07f23c, after 43ccf87cb6a3
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '4301aa07f23c'
down_revision = '43ccf87cb6a3'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('run_commitment',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('run_id', sa.Uuid(), nullable=False),
    sa.Column('company_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('asked', 'coming', 'other_time', 'declined', name='commitmentstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('people', sa.Integer(), nullable=True),
    sa.Column('period', sa.String(length=10), nullable=False),
    sa.Column('source', sa.Enum('self', 'call', 'visit', 'workshop', 'survey', name='demandsource', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_by_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'coming') = (people IS NOT NULL)", name=op.f('ck_run_commitment_people_if_coming')),
    sa.CheckConstraint('people IS NULL OR people BETWEEN 1 AND 100000', name=op.f('ck_run_commitment_people_range')),
    sa.ForeignKeyConstraint(['answered_by_id'], ['user.id'], name=op.f('fk_run_commitment_answered_by_id_user'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_run_commitment_company_id_company'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_run_commitment_run_id_run'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_run_commitment')),
    sa.UniqueConstraint('run_id', 'company_id', name=op.f('uq_run_commitment_run_id_company_id'))
    )
    with op.batch_alter_table('run_commitment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_run_commitment_answered_by_id'), ['answered_by_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_run_commitment_company_id'), ['company_id'], unique=False)

    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.add_column(sa.Column('told', sa.String(length=32), server_default='', nullable=False))
        batch_op.add_column(sa.Column('enough_at', sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE run SET told = state")  # nobody gets mails about runs that stand there already



def downgrade() -> None:
    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.drop_column('enough_at')
        batch_op.drop_column('told')

    with op.batch_alter_table('run_commitment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_run_commitment_company_id'))
        batch_op.drop_index(batch_op.f('ix_run_commitment_answered_by_id'))

    op.drop_table('run_commitment')
