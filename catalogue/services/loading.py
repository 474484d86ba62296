"""Loading a document of modules: all or nothing, any number of times, never deleting, never undoing what staff changed by hand."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select

from catalogue.db import Session, utcnow
from catalogue.models import Module, ModuleVersion, Vocabulary, WorkflowState
from catalogue.services import audit, module_history, module_rules, redirects, source_lists, vocabularies
from catalogue.services.documents import Document, Row
from catalogue.services.errors import Invalid
from catalogue.services.load_references import References
from catalogue.services.module_input import FIELDS, ModuleInput, input_of, tidy
from catalogue.services.modules import LOADED
from catalogue.services.permissions import Actor, require
from catalogue.services.recognition import Offer, Recogniser
from catalogue.services.slugs import RESERVED
from catalogue.services.source_lists import ListRow
from catalogue.texts import N_, Text

__all__ = ["LoadReport", "load"]

ACTION = "loaded"  # name of the versions that a load writes
CHUNK = 500


@dataclass
class LoadReport:
    """What a load did. ``kept`` maps slugs to fields that staff had changed by hand and that stay as they are."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    terms: int = 0
    kept: dict[str, list[str]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def load(session: Session, actor: Actor, document: Document, *, overwrite: bool = False) -> LoadReport:
    """Bring the modules of *document* into the catalogue: new ones are published, known ones (by slug) changed where they differ.

    Adds the vocabularies, providers and programmes they need. With *overwrite* the document also wins over changes by hand.
    Raises :class:`Invalid` with the places of all errors; nothing is loaded then.
    """
    require(actor, "catalogue.load")
    with session.begin_nested():
        report = LoadReport(terms=vocabularies.load(session, actor), unread=document.unread)
        inputs = _inputs(session, document)
        known = _known(session, [row.slug for row in document.rows])
        elsewhere = redirects.targets(session)
        by_hand = {} if overwrite else _changed_by_hand(session, known.values())
        position = (session.scalar(select(func.max(Module.position))) or 0) + 1
        wrong: dict[str, Text] = {}
        for number, (row, given) in enumerate(zip(document.rows, inputs, strict=True)):
            module = known.get(row.slug)
            try:
                if module is None:
                    _add(session, actor, row.slug, given, position + number)
                    report.new += 1
                elif module.id in elsewhere:  # merged: staff decided which words hold
                    report.unchanged += 1
                else:
                    _change(session, actor, module, given, by_hand.get(module.id, set()), report)
            except Invalid as error:
                wrong |= {f"{row.place}, {name}": text for name, text in error.fields.items()}
        if wrong:
            raise Invalid(fields=wrong)
        if report.new or report.changed:
            audit.record(session, actor, "catalogue.load", new=report.new, changed=report.changed)
    return report


def _add(session: Session, actor: Actor, slug: str, given: ModuleInput, position: int) -> None:
    if slug in RESERVED:
        raise Invalid("id", N_("Diese Kennung ist für Seiten des Katalogs vergeben."))
    checked = module_rules.check(session, given)
    module = Module(
        id=uuid.uuid4(), slug=slug, state=WorkflowState.PUBLISHED, published_at=utcnow(), position=position, runs=[]
    )
    checked.write_to(module)
    session.add(module)
    session.flush()
    module_history.record(session, actor, module, ACTION)


def _change(
    session: Session, actor: Actor, module: Module, given: ModuleInput, by_hand: set[str], report: LoadReport
) -> None:
    now = input_of(module)
    differing = {name for name in FIELDS if getattr(given, name) != getattr(now, name)}
    if kept := differing & by_hand:
        report.kept[module.slug] = sorted(kept)
    if not differing - by_hand:
        report.unchanged += 1
        return
    merged = replace(now, **{name: getattr(given, name) for name in differing - by_hand})
    module_rules.check(session, merged, module).write_to(module)
    module.updated_at = utcnow()
    session.flush()
    module_history.record(session, actor, module, ACTION)
    report.changed += 1


def _known(session: Session, slugs: list[str]) -> dict[str, Module]:
    found: dict[str, Module] = {}
    for start in range(0, len(slugs), CHUNK):
        rows = session.scalars(select(Module).where(Module.slug.in_(slugs[start : start + CHUNK])).options(*LOADED))
        found |= {module.slug: module for module in rows}
    return found


def _changed_by_hand(session: Session, modules: Iterable[Module]) -> dict[uuid.UUID, set[str]]:
    """Return the fields of each module that somebody wrote otherwise than by a load."""
    ids = {module.id for module in modules}
    rows = session.execute(
        select(ModuleVersion.module_id, ModuleVersion.action, ModuleVersion.changed, ModuleVersion.snapshot).where(
            ModuleVersion.action != ACTION
        )
    )
    found: dict[uuid.UUID, set[str]] = {}
    for module_id, action, changed, snapshot in rows:
        if module_id in ids:
            written = [name for name in FIELDS if snapshot.get(name)] if action == "created" else changed
            found.setdefault(module_id, set()).update(written)
    return found


def _inputs(session: Session, document: Document) -> list[ModuleInput]:
    """Return what the rows say, with the things that the tables or their own words assign to them."""
    references = References(session, document.assignments)
    used = (vocabulary for vocabulary in Vocabulary if vocabulary not in (Vocabulary.SECTOR, Vocabulary.HV_LEVEL))
    recogniser = Recogniser({vocabulary: vocabularies.terms(session, vocabulary) for vocabulary in used})
    return [tidy(_input(row, document, references, recogniser)) for row in document.rows]


def _input(row: Row, document: Document, references: References, recogniser: Recogniser) -> ModuleInput:
    listed = row.values if isinstance(row.values, ListRow) else None
    given = source_lists.input_of(row.values) if isinstance(row.values, ListRow) else row.values.to_input()
    if assigned := document.assignments.mapping.get(row.slug):
        given = replace(
            given,
            terms=assigned.terms,
            provider=assigned.provider,
            programme=assigned.programme,
            languages=assigned.languages or given.languages,
            offer_status=assigned.offer_status or given.offer_status,
            as_of=assigned.as_of or given.as_of,
        )
    elif not given.terms:
        given = replace(given, terms=recogniser.terms(_offer(given)))
    provider = references.provider(given.provider, given.provider_text)
    programme = references.programme(given.programme, (listed.project or "") if listed else "")
    return replace(
        given,
        provider=provider.slug if provider else given.provider,
        provider_text="" if provider and provider.name == given.provider_text else given.provider_text,
        programme=programme.slug if programme else given.programme,
        as_of=given.as_of or document.as_of,
    )


def _offer(given: ModuleInput) -> Offer:
    return Offer(
        title=given.title, facts=(*given.contents, *given.description.splitlines()), audience=given.audience_text,
        level=given.level_text, format=given.format_text, duration=given.duration_text, place=given.place_text,
        certificate=given.certificate_text, price=given.price_text,
    )  # fmt: skip
