"""What a serving process does beside answering: it follows the log of changes, and reads ahead what the first pages would wait for."""

import threading
import time

import structlog

from catalogue.db import Database
from catalogue.logs import describe
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import search
from catalogue.services.demand_log import demand_log
from catalogue.services.permissions import VISITOR
from catalogue.services.report_facts import Facts
from catalogue.services.report_query import ReportQuery
from catalogue.settings import Settings

__all__ = ["follow", "start", "warm"]

EVERY = 1.0  # seconds between two looks into the log: a change of another machine is found within two
VERIFY = 300.0  # seconds between two looks whether the files of the index are still what was written
LONGEST = 15.0  # seconds between two tries while the database is away
log = structlog.get_logger(__name__)


def start(database: Database, settings: Settings, index: SearchIndex) -> None:
    """Begin both; the threads end with the process."""
    threading.Thread(target=warm, args=(database, index), name="warm", daemon=True).start()
    if settings.inline_indexing:
        threading.Thread(target=follow, args=(database, index), name="index-follow", daemon=True).start()


def warm(database: Database, index: SearchIndex) -> None:
    """Open the index, read what companies said and what reports need. Requests that come meanwhile wait for the same, nothing is read twice."""
    started = time.monotonic()
    try:
        with database.read() as session:
            search.find(session, VISITOR, index, Query())
            demand_log(session)
            Facts(session, ReportQuery())
    except Exception as error:  # the first page reads it then, and says what is wrong
        log.warning("not read ahead", error=describe(error))
        return
    log.debug("read ahead", seconds=round(time.monotonic() - started, 2))


def follow(
    database: Database, index: SearchIndex, stop: threading.Event | None = None, verify_every: float = VERIFY
) -> None:
    """Let the index learn, again and again, what anybody changed, until *stop* is set. A failure is told once and tried again."""
    stop, pause, failed, verified = stop or threading.Event(), EVERY, False, time.monotonic()
    while not stop.wait(pause):
        try:
            if time.monotonic() - verified >= verify_every:
                verified = time.monotonic()
                if not index.verify():
                    log.warning("index was changed by others or by the disk, it is made anew")
                    sync.heal(database, index)
            if sync.is_waiting(database, index):
                sync.drain(database, index)
            pause, failed = EVERY, False
        except Exception as error:
            if not failed:
                log.warning("cannot follow changes for now", error=describe(error))
            pause, failed = min(2 * pause, LONGEST), True
