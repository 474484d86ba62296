"""What a SWOT can be about: the whole offer, a topic, a module or a provider, named in addresses like "topic:sicherheit"."""

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from catalogue.db import Session
from catalogue.models import (
    Feedback,
    Module,
    Provider,
    SwotScope,
    SwotText,
    Term,
    Vocabulary,
    WorkflowState,
    module_term,
)
from catalogue.services import vocabularies
from catalogue.services.errors import NotFound
from catalogue.services.permissions import Actor, can, require
from catalogue.texts import N_

__all__ = ["WHOLE", "Subject", "choices", "concerned", "find", "published"]

MOST_MODULES = 100


@dataclass(frozen=True)
class Subject:
    """One thing that remarks speak of. ``key``: its code or slug; ``label_en`` may be empty."""

    scope: SwotScope
    reference: str = ""
    key: str = ""
    label: str = ""
    label_en: str = ""

    @property
    def about(self) -> str:
        """How addresses name it; empty for the whole."""
        return f"{self.scope.value}:{self.key}" if self.key else ""


WHOLE = Subject(SwotScope.ALL, label=SwotScope.ALL.label)


def find(session: Session, actor: Actor, about: str) -> Subject:
    """Return what *about* names; NotFound if there is no such thing, or if it is a module that *actor* may not see."""
    require(actor, "swot.read")
    scope, _, key = about.partition(":")
    if not about:
        return WHOLE
    found: Subject | None = None
    if scope == SwotScope.TOPIC:
        term = vocabularies.find(session, Vocabulary.TOPIC, key)
        found = _of_term(term) if term else None
    elif scope == SwotScope.PROVIDER:
        provider = session.scalar(sa.select(Provider).where(Provider.slug == key))
        found = _of_provider(provider) if provider else None
    elif scope == SwotScope.MODULE:
        module = session.scalar(sa.select(Module).where(Module.slug == key))
        if module and (module.state == WorkflowState.PUBLISHED or can(actor, "module.see_unpublished")):
            found = _of_module(module)
    if found is None:
        raise NotFound(N_("Dazu gibt es keine Übersicht."))
    return found


def _of_term(term: Term) -> Subject:
    return Subject(SwotScope.TOPIC, str(term.id), term.code, term.label_de, term.label_en)


def _of_provider(provider: Provider) -> Subject:
    return Subject(SwotScope.PROVIDER, str(provider.id), provider.slug, provider.name)


def _of_module(module: Module) -> Subject:
    return Subject(SwotScope.MODULE, str(module.id), module.slug, module.title)


def concerned(session: Session, subject: Subject) -> sa.ColumnElement[bool]:
    """Return the condition for remarks about *subject*. A topic includes those below it; the whole includes everything."""
    if subject.scope == SwotScope.ALL:
        return sa.true()
    identity = uuid.UUID(subject.reference)
    if subject.scope == SwotScope.MODULE:
        return Feedback.module_id == identity
    if subject.scope == SwotScope.PROVIDER:
        return Feedback.module_id.in_(sa.select(Module.id).where(Module.provider_id == identity))
    tagged = sa.select(module_term.c.module_id).where(module_term.c.term_id.in_(_with_below(session, identity)))
    return Feedback.module_id.in_(tagged)


def _with_below(session: Session, topic: uuid.UUID) -> set[uuid.UUID]:
    pairs = session.execute(sa.select(Term.id, Term.parent_id).where(Term.vocabulary == Vocabulary.TOPIC)).all()
    found, before = {topic}, 0
    while len(found) > before:
        before = len(found)
        found |= {identity for identity, parent in pairs if parent in found}
    return found


def choices(session: Session, actor: Actor) -> list[tuple[SwotScope, list[Subject]]]:
    """Return what staff can choose: all topics, the providers and modules that remarks speak of (those with most of them)."""
    require(actor, "report.see")
    topics = [_of_term(term) for term in vocabularies.terms(session, Vocabulary.TOPIC)]
    said = sa.select(Feedback.module_id, sa.func.count().label("n")).where(Feedback.module_id.is_not(None))
    counted = said.group_by(Feedback.module_id).order_by(sa.desc("n")).limit(MOST_MODULES).subquery()
    modules = session.scalars(
        sa.select(Module).join(counted, counted.c.module_id == Module.id).order_by(Module.sort_title)
    )
    spoken_of = sa.select(Module.provider_id).where(Module.id.in_(sa.select(Feedback.module_id)))
    providers = session.scalars(sa.select(Provider).where(Provider.id.in_(spoken_of)).order_by(Provider.sort_name))
    found = [
        (SwotScope.TOPIC, topics),
        (SwotScope.PROVIDER, [_of_provider(one) for one in providers]),
        (SwotScope.MODULE, [_of_module(one) for one in modules]),
    ]
    return [(scope, listed) for scope, listed in found if listed]


def published(session: Session, actor: Actor) -> list[Subject]:
    """Return what members can read a SWOT about, the whole first, then by name."""
    require(actor, "swot.read")
    rows = session.execute(sa.select(SwotText.scope, SwotText.reference).where(SwotText.published).distinct())
    wanted = {(scope, reference) for scope, reference in rows}
    ids = {scope: [uuid.UUID(key) for found, key in wanted if found == scope and key] for scope in SwotScope}
    found = [WHOLE] if (SwotScope.ALL, "") in wanted else []
    listed = [_of_term(one) for one in session.scalars(sa.select(Term).where(Term.id.in_(ids[SwotScope.TOPIC])))]
    providers = session.scalars(sa.select(Provider).where(Provider.id.in_(ids[SwotScope.PROVIDER])))
    public = sa.select(Module).where(Module.id.in_(ids[SwotScope.MODULE]), Module.state == WorkflowState.PUBLISHED)
    listed += [_of_provider(one) for one in providers] + [_of_module(one) for one in session.scalars(public)]
    return found + sorted(listed, key=lambda one: one.label.casefold())
