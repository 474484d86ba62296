"""What changes feed the index: after each flush, the modules concerned are queued in the same transaction.

Every mapped class is declared here, in ``FEEDS`` or in ``SILENT``; a test holds the list complete. Statements that change rows
without loading them (``update(Module)``) are not seen: use objects, or queue by :func:`queue`.
"""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from catalogue.db import Base, Session
from catalogue.models import (
    Action,
    ApiToken,
    AuditEvent,
    Bookmark,
    BulkChange,
    Company,
    CompanyCalendar,
    CompanyImport,
    CompanyLink,
    Confirmation,
    CooperationEntry,
    Decision,
    Demand,
    DemandEvent,
    DemandImport,
    Digest,
    ErasedAccount,
    Feedback,
    FeedbackStep,
    FrozenReport,
    Identity,
    ImportFile,
    ImportRow,
    ImportRun,
    IndexQueue,
    Introduction,
    Invitation,
    Job,
    LinkCheck,
    LoginAttempt,
    Measure,
    MeasureModule,
    MeasurePrerequisite,
    Membership,
    Module,
    ModuleDistinct,
    ModuleLock,
    ModuleMerge,
    ModuleVersion,
    NoticeShown,
    OneTimeLink,
    OutboxMail,
    PendingVersion,
    PersonCopy,
    Programme,
    Provider,
    RecoveryCode,
    ReportLink,
    Retreat,
    RetreatItem,
    RetreatParticipant,
    RetreatVote,
    Run,
    RunCommitment,
    SavedSearch,
    SearchGap,
    SecondFactor,
    SentForm,
    Source,
    SourceItem,
    SourceRun,
    Switch,
    SwotText,
    SwotVersion,
    SynonymRule,
    Term,
    User,
    UserSession,
    Wish,
    WishSupport,
    module_term,
)

__all__ = ["FED", "FEEDS", "SILENT", "queue"]

FED = "feeds the index"  # in the info of a session that queued something

# for one changed object: a query for the ids of the modules that must be indexed again, or the ids
_Concerned = Callable[[Any], "sa.Select[uuid.UUID] | Iterable[uuid.UUID]"]


def _of_term(term: Term) -> "sa.Select[uuid.UUID]":
    """Modules with the term or any term below it, with a run in such a region: they are found under the term, too."""
    tree = sa.select(Term.id).where(Term.id == term.id).cte("tree", recursive=True)
    tree = tree.union(sa.select(Term.id).join(tree, Term.parent_id == tree.c.id))
    below = sa.select(tree.c.id)
    with_term = sa.select(module_term.c.module_id).where(module_term.c.term_id.in_(below))
    with_run = sa.select(Run.module_id).where(Run.region_id.in_(below))
    return sa.select(Module.id).where(Module.id.in_(with_term) | Module.id.in_(with_run))


FEEDS: dict[type[Base], _Concerned] = {
    Module: lambda module: [module.id],
    Run: lambda run: [run.module_id],
    Provider: lambda provider: sa.select(Module.id).where(Module.provider_id == provider.id),
    Programme: lambda programme: sa.select(Module.id).where(Module.programme_id == programme.id),
    Term: _of_term,
}
SILENT: frozenset[type[Base]] = frozenset({
    Action, ApiToken, AuditEvent, Bookmark, BulkChange, Company, CompanyImport, Confirmation, CooperationEntry, Decision, Demand,
    DemandEvent, Digest, Feedback, FeedbackStep, ImportFile,
    ImportRow, ImportRun, IndexQueue, Introduction, Invitation, LinkCheck, LoginAttempt, Measure, MeasureModule, MeasurePrerequisite, Membership, ModuleDistinct, ModuleLock,
    ModuleMerge, ModuleVersion,
    FrozenReport, Identity, OneTimeLink, OutboxMail, PendingVersion, ReportLink, SavedSearch, SearchGap, SentForm, Source, SourceItem,
    SourceRun, SwotText, SwotVersion, SynonymRule, User, UserSession, Wish, WishSupport,
    Retreat, RetreatItem, RetreatParticipant, RetreatVote,
    CompanyCalendar, CompanyLink, DemandImport,
    RunCommitment,
    ErasedAccount, NoticeShown, PersonCopy,
    Job, Switch,
    RecoveryCode, SecondFactor,
})  # fmt: skip


def queue(session: Session, modules: Iterable[uuid.UUID]) -> None:
    """Let the index learn these modules anew after this transaction."""
    rows = [{"module_id": identity} for identity in dict.fromkeys(modules)]
    if rows:
        session.connection().execute(sa.insert(IndexQueue), rows)
        session.info[FED] = True


@event.listens_for(sa.orm.Session, "after_flush")
def _queue_touched(session: Session, _context: object) -> None:
    touched: dict[uuid.UUID, None] = {}
    new = (thing for thing in session.new if isinstance(thing, Module | Run))  # anything else has no modules yet
    for thing in [*new, *(o for o in session.dirty if session.is_modified(o)), *session.deleted]:
        concerned = FEEDS.get(type(thing))
        if concerned is None:
            continue
        found = concerned(thing)
        ids = session.connection().execute(found).scalars() if isinstance(found, sa.Select) else found
        touched.update(dict.fromkeys(ids))
    queue(session, touched)
