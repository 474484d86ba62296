"""the record only grows; copies, deletions and notices of people

Revision: 87ea92503dd9, after 7fedc7d0f1a0
"""

import sqlalchemy as sa
from alembic import op

revision = '87ea92503dd9'
down_revision = '7fedc7d0f1a0'
branch_labels = None
depends_on = None

# The record refuses to be changed, save that a person's name gives way to "ehemalige Person", and to be shortened, save for what is
# older than a year. A later migration that rebuilds audit_event on SQLite loses the triggers and has to make them again.
UNCHANGED = ("id", "at", "user_id", "company_id", "action", "thing", "thing_id")
SQLITE = [
    f"""CREATE TRIGGER audit_event_refuse_update BEFORE UPDATE ON audit_event
    WHEN NOT ({" AND ".join(f"NEW.{name} IS OLD.{name}" for name in UNCHANGED)}
        AND (NEW.user_label IS OLD.user_label OR NEW.user_label LIKE 'ehemalige Person%')
        AND (NEW.thing_label IS OLD.thing_label OR instr(NEW.thing_label, 'ehemalige Person') > 0)
        AND (NEW.details IS OLD.details OR instr(NEW.details, 'ehemalige Person') > 0))
    BEGIN SELECT RAISE(ABORT, 'audit events are only ever added'); END""",
    """CREATE TRIGGER audit_event_refuse_delete BEFORE DELETE ON audit_event
    WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-365 days')
    BEGIN SELECT RAISE(ABORT, 'audit events are only ever added'); END""",
]
POSTGRESQL = [
    f"""CREATE FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.at <= now() - interval '365 days' THEN RETURN OLD; END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            IF {" AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in UNCHANGED)}
                AND (NEW.user_label = OLD.user_label OR NEW.user_label LIKE 'ehemalige Person%')
                AND (NEW.thing_label = OLD.thing_label OR strpos(NEW.thing_label, 'ehemalige Person') > 0)
                AND (NEW.details = OLD.details OR strpos(NEW.details::text, 'ehemalige Person') > 0)
            THEN RETURN NEW; END IF;
        END IF;
        RAISE EXCEPTION 'audit events are only ever added';
    END $$""",
    """CREATE TRIGGER audit_event_refuse BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_guard()""",
    """CREATE TRIGGER audit_event_refuse_truncate BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_guard()""",
]


def _run(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement.replace("%", "%%") if not _is_sqlite() else statement)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    op.create_table('erased_account',
    sa.Column('id_hash', sa.String(length=64), nullable=False),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id_hash', name=op.f('pk_erased_account'))
    )
    op.create_table('notice_shown',
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.String(length=20), nullable=False),
    sa.Column('shown_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_notice_shown_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'version', name=op.f('pk_notice_shown'))
    )
    op.create_table('person_copy',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_person_copy_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person_copy'))
    )
    with op.batch_alter_table('person_copy', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_person_copy_user_id'), ['user_id'], unique=False)

    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.add_column(sa.Column('warned_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True))
    _run(SQLITE if _is_sqlite() else POSTGRESQL)


def downgrade() -> None:
    if _is_sqlite():
        _run(["DROP TRIGGER audit_event_refuse_update", "DROP TRIGGER audit_event_refuse_delete"])
    else:
        _run(["DROP TRIGGER audit_event_refuse ON audit_event", "DROP TRIGGER audit_event_refuse_truncate ON audit_event",
              "DROP FUNCTION audit_event_guard()"])
    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.drop_column('reminded_at')
        batch_op.drop_column('warned_at')

    with op.batch_alter_table('person_copy', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_copy_user_id'))

    op.drop_table('person_copy')
    op.drop_table('notice_shown')
    op.drop_table('erased_account')
