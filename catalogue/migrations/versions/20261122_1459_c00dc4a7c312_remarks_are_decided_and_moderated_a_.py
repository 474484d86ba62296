"""remarks are decided and moderated, a SWOT is written, digests are chosen

Revision: c00dc4a7c312, after 71f32684f66e
"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = 'c00dc4a7c312'
down_revision = '71f32684f66e'
branch_labels = None
depends_on = None

# Old to new: what was answered was decided only if it was a question; the pages called "closed" done ("erledigt").
# Answers stay. Back: a state without an answer was at most read.
NEW_STATES = {
    "seen": "state = 'read' OR (state = 'answered' AND kind <> 'question')",
    "done": "state = 'closed' OR (state = 'answered' AND kind = 'question')",
}
OLD_STATES = {
    "closed": "state IN ('done', 'declined')",
    "answered": "state IN ('seen', 'planned') AND answer <> ''",
    "read": "state IN ('seen', 'planned')",
}


def _convert(states: dict[str, str], adding: bool) -> None:
    """Exchange the states and their check, and add or drop the columns of hiding."""
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_feedback_feedbackstate"), type_="check")
        if adding:
            batch_op.add_column(sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True))
            batch_op.add_column(sa.Column("hidden_reason", sa.Text(), server_default="", nullable=False))
        else:
            batch_op.drop_constraint(batch_op.f("ck_feedback_hidden"), type_="check")
    # what was hidden stays for the network office alone, on the way back, too: no update makes anything visible
    for state, condition in states.items():
        op.execute(f"UPDATE feedback SET state = '{state}' WHERE {condition}")  # noqa: S608
    allowed = ("new", "seen", "planned", "done", "declined") if adding else ("new", "read", "answered", "closed")
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_check_constraint(batch_op.f("ck_feedback_feedbackstate"), sa.column("state").in_(allowed))
        if adding:
            batch_op.create_check_constraint(batch_op.f("ck_feedback_hidden"), "hidden_at IS NULL OR visibility = 'network'")
        else:
            batch_op.drop_column("hidden_reason")
            batch_op.drop_column("hidden_at")


def _keep_answers() -> None:
    """Every answer that was given becomes the first step of its remark."""
    feedback = sa.table(
        "feedback", sa.column("id", sa.Uuid()), sa.column("state"), sa.column("answer"), sa.column("answered_by_id", sa.Uuid()),
        sa.column("answered_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    step = sa.table(
        "feedback_step", sa.column("id", sa.Uuid()), sa.column("feedback_id", sa.Uuid()), sa.column("action"), sa.column("text"),
        sa.column("user_id", sa.Uuid()), sa.column("at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    rows = op.get_bind().execute(sa.select(feedback).where(feedback.c.answered_at.is_not(None), feedback.c.state != "new"))
    found = [
        {"id": uuid.uuid4(), "feedback_id": row.id, "action": row.state, "text": row.answer, "user_id": row.answered_by_id,
         "at": row.answered_at}
        for row in rows
    ]  # fmt: skip
    if found:
        op.bulk_insert(step, found)


def upgrade() -> None:
    op.create_table('swot_text',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('scope', sa.Enum('all', 'topic', 'module', 'provider', name='swotscope', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('reference', sa.String(length=36), nullable=False),
    sa.Column('field', sa.Enum('strength', 'weakness', 'opportunity', 'threat', 'question', name='feedbackkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('published', sa.Boolean(), nullable=False),
    sa.Column('edited_by', sa.String(length=254), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_swot_text')),
    sa.UniqueConstraint('scope', 'reference', 'field', name=op.f('uq_swot_text_scope_reference_field'))
    )
    with op.batch_alter_table('swot_text', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_swot_text_reference'), ['reference'], unique=False)

    op.create_table('digest',
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('frequency', sa.Enum('off', 'daily', 'weekly', 'monthly', name='frequency', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_digest_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_digest'))
    )
    op.create_table('swot_version',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('swot_text_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('published', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('user_label', sa.String(length=254), nullable=False),
    sa.ForeignKeyConstraint(['swot_text_id'], ['swot_text.id'], name=op.f('fk_swot_version_swot_text_id_swot_text'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_swot_version')),
    sa.UniqueConstraint('swot_text_id', 'number', name=op.f('uq_swot_version_swot_text_id_number'))
    )
    with op.batch_alter_table('swot_version', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_swot_version_swot_text_id'), ['swot_text_id'], unique=False)

    op.create_table('feedback_step',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('feedback_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('action', sa.Enum('seen', 'planned', 'done', 'declined', 'hidden', 'shown', 'moved', name='feedbackaction', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['feedback_id'], ['feedback.id'], name=op.f('fk_feedback_step_feedback_id_feedback'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_feedback_step_user_id_user'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feedback_step'))
    )
    with op.batch_alter_table('feedback_step', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_feedback_step_feedback_id'), ['feedback_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_feedback_step_user_id'), ['user_id'], unique=False)

    _convert(NEW_STATES, adding=True)
    _keep_answers()



def downgrade() -> None:
    with op.batch_alter_table('feedback_step', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_feedback_step_user_id'))
        batch_op.drop_index(batch_op.f('ix_feedback_step_feedback_id'))

    op.drop_table('feedback_step')
    _convert(OLD_STATES, adding=False)
    with op.batch_alter_table('swot_version', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_swot_version_swot_text_id'))

    op.drop_table('swot_version')
    op.drop_table('digest')
    with op.batch_alter_table('swot_text', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_swot_text_reference'))

    op.drop_table('swot_text')
