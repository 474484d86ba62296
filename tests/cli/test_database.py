"""``catalogue db``: a backup before the schema changes, and no way back that loses what was entered."""

from catalogue import schema
from catalogue.db import Database
from catalogue.models import FeedbackKind, SwotScope, SwotText
from catalogue.services import backup
from catalogue.services.errors import Refused
from catalogue.settings import Settings
from tests import factories
from tests.cli.conftest import Run
from tests.conftest import ON_SQLITE

BEFORE_DECISIONS = "28e79e9639f9"


@ON_SQLITE
def test_an_upgrade_keeps_the_state_before_it(run: Run, settings: Settings, database: Database) -> None:
    assert "state before" not in run("db", "upgrade").output, "nothing changes"
    schema.downgrade(database, "-1")
    upgraded = run("db", "upgrade")
    assert schema.is_current(database)
    file = next((settings.state / "before-upgrade").iterdir())
    assert str(file) in upgraded.output
    assert backup.verify(file, schema.known_revisions(database))[0].revision != schema.head(database)
    schema.downgrade(database, "-1")
    assert "state before" not in run("db", "upgrade", "--no-backup").output


@ON_SQLITE
def test_going_back_is_refused_if_it_deletes_what_was_entered(run: Run, database: Database) -> None:
    with database.write() as session:
        factories.make_module(session, "Bleibt")
    assert run("db", "downgrade", "-1").exit_code == 0
    schema.upgrade(database)
    with database.write() as session:
        session.add(SwotText(scope=SwotScope.ALL, field=FeedbackKind.STRENGTH, text="viel Platz"))
    refused = run("db", "downgrade", BEFORE_DECISIONS)
    assert isinstance(refused.exception, Refused)
    assert "1 rows of swot_text" in str(refused.exception)
    assert schema.is_current(database)
    assert run("db", "downgrade", BEFORE_DECISIONS, "--lose-data").exit_code == 0
    assert schema.current(database) == BEFORE_DECISIONS
    schema.upgrade(database)
