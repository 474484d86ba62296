"""What is done again and again in the background: mails, index, things that ended."""

from dataclasses import dataclass

from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import (
    access_requests,
    company_imports,
    company_links,
    confirmations,
    demand_imports,
    digests,
    imports,
    links,
    mail,
    outbox,
    retreats,
    run_news,
    schedules,
    search_gaps,
    sessions,
    source_runs,
    throttle,
)
from catalogue.settings import Settings

__all__ = ["Round", "run"]


@dataclass(frozen=True)
class Round:
    """What one round did."""

    mails: int
    pruned: int


def run(database: Database, settings: Settings, index: SearchIndex) -> Round:
    """Do one round. Safe to repeat, to interrupt, and to run beside another one."""
    sync.drain_quietly(database, index)
    if schedules.run_due(database):
        sync.drain_quietly(database, index)
    digests.send_due(database, settings, index)
    run_news.send_due(database, settings)
    sent = mail.deliver(database, settings)
    with database.write() as session:
        pruned = (
            throttle.prune(session)
            + sessions.prune(session, settings)
            + links.prune(session)
            + imports.prune(session)
            + search_gaps.prune(session)
            + confirmations.prune(session)
            + access_requests.prune(session)
            + company_imports.prune(session)
            + demand_imports.prune(session)
            + company_links.prune(session)
            + source_runs.prune(session)
            + outbox.prune(session)
            + retreats.prune(session)
        )
    return Round(sent, pruned)
