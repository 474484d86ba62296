"""How things stand at the moment of a scrape. The same on every node, but for index, disk, caches and connections, which are its own."""

import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from weakref import WeakKeyDictionary

import sqlalchemy as sa
import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from catalogue.db import Database, DBAPIError
from catalogue.models import DemandEvent
from catalogue.search.index import IndexUnusable, SearchIndex
from catalogue.services import jobs, kept, readiness, switches
from catalogue.services.deadlines import Bounded
from catalogue.services.switches import Mode
from catalogue.settings import Settings

__all__ = ["standing"]

SECONDS = 2.0
log = structlog.get_logger(__name__)
_patience: WeakKeyDictionary[Database, Bounded[list[Metric]]] = WeakKeyDictionary()


def standing(settings: Settings, database: Database, index: SearchIndex) -> list[Metric]:
    """Return all gauges. What the database knows is left out, and ``catalogue_database_up`` is 0, if it does not answer in time."""
    bounded = _patience.setdefault(database, Bounded())
    try:
        stored = bounded(lambda: list(_stored(database, index)), SECONDS)
    except (DBAPIError, sa.exc.TimeoutError) as error:
        log.warning("figures without database", error=type(error).__name__)
        stored = None
    return [
        _one("catalogue_database_up", "1 if the database answered.", stored is not None),
        *(stored or []),
        *_index(index),
        *_machine(settings),
        *_memory(database),
        *_pool(database),
        _labelled("catalogue_build_info", "Version of the code.", {_version(): 1}, "version"),
    ]


def _stored(database: Database, index: SearchIndex) -> Iterator[Metric]:
    with database.read() as session:
        waiting = readiness.queues(session, index)
        yield _one("catalogue_index_queue_length", "Changes that this node's index has to learn.", waiting.index)
        yield _one("catalogue_index_queue_oldest_seconds", "Age of the oldest of them.", waiting.oldest_change_seconds)
        mails = {"waiting": waiting.mails, "failed": waiting.mails_failed}
        yield _labelled("catalogue_outbox_mails", "Mails that wait or were given up.", mails, "state")
        yield _one("catalogue_outbox_oldest_seconds", "Age of the oldest mail that waits.", waiting.oldest_mail_seconds)
        events = session.scalar(sa.select(sa.func.count()).select_from(DemandEvent)) or 0
        yield _one("catalogue_demand_events", "What companies ever said about modules.", events)
        last = {name: at.timestamp() for name, at in jobs.last_successes(session).items()}
        yield _labelled(
            "catalogue_job_last_success_timestamp_seconds", "When work in the background last succeeded.", last, "task"
        )
        mode = switches.read(session).mode
        modes = {one.value: one == mode for one in Mode}
        yield _labelled("catalogue_mode", "1 for the mode that is switched on.", modes, "mode")


def _index(index: SearchIndex) -> Iterator[Metric]:
    try:
        found = index.snapshot()
    except (IndexUnusable, OSError):
        yield _one("catalogue_index_usable", "1 if searches use the index, 0 if the database answers.", 0)
        return
    yield _one("catalogue_index_usable", "1 if searches use the index, 0 if the database answers.", 1)
    built = int(found.generation.rsplit("-", 1)[-1]) / 1e9
    yield _one("catalogue_index_generation_timestamp_seconds", "When the index in use was built anew.", built)
    yield _one("catalogue_index_generation", "Number of changes written to it since.", found.commit)
    yield _one("catalogue_index_documents", "Modules in it.", found.alive.bit_count())


def _machine(settings: Settings) -> Iterator[Metric]:
    free = {}
    for name, folder in (("state", str(settings.state)), ("temporary", tempfile.gettempdir())):
        try:
            free[name] = shutil.disk_usage(folder).free
        except OSError:
            free[name] = 0
    yield _labelled("catalogue_disk_free_bytes", "Room where the catalogue writes.", free, "folder")


def _memory(database: Database) -> Iterator[Metric]:
    yield _labelled("catalogue_cache_entries", "What is kept in memory, by cache.", kept.sizes(database), "cache")


def _pool(database: Database) -> Iterator[Metric]:
    used, idle = database.connections()
    yield _labelled(
        "catalogue_database_connections", "Connections of this process.", {"used": used, "idle": idle}, "state"
    )


def _version() -> str:
    try:
        return version("modulkatalog")
    except PackageNotFoundError:
        return "unknown"


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _labelled(name: str, text: str, values: dict[str, float] | dict[str, int] | dict[str, bool], label: str) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family
