"""Which module a line means: by its entry at the source, then by slug, by code, by address and title."""

import uuid
from dataclasses import dataclass, field

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Module, ModuleVersion, SourceItem, WorkflowState
from catalogue.services import redirects
from catalogue.services.import_lines import Read
from catalogue.services.sorting import sort_key

__all__ = ["UNDONE", "Matcher"]

UNDONE = "import_undone"  # the name of the action in the history


@dataclass
class Matcher:
    """Finds modules, and notices when two lines mean the same one."""

    by_key: dict[str, uuid.UUID] = field(default_factory=dict)
    by_slug: dict[str, uuid.UUID] = field(default_factory=dict)
    by_code: dict[str, uuid.UUID] = field(default_factory=dict)
    by_source: dict[tuple[str, str], uuid.UUID] = field(default_factory=dict)
    withdrawn: set[uuid.UUID] = field(default_factory=set)  # made by an import that was undone; they come back as new
    taken: dict[object, int] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, source_id: uuid.UUID | None = None) -> "Matcher":
        """Return a matcher for all modules, archived ones included, that knows the entries of one source.

        What was merged means the module that stands for it.
        """
        matcher = cls()
        stands_for = redirects.targets(session)
        if source_id is not None:
            items = select(SourceItem.key, SourceItem.module_id).where(SourceItem.source_id == source_id)
            matcher.by_key = {key: stands_for.get(module, module) for key, module in session.execute(items)}
        rows = session.execute(
            select(Module.id, Module.slug, Module.code, Module.source_url, Module.sort_title).order_by(Module.id)
        )
        for own, slug, code, source, title in rows:
            identity = stands_for.get(own, own)
            matcher.by_slug[slug] = identity
            if code:
                matcher.by_code[code] = identity
            if source:
                matcher.by_source.setdefault((source, title), identity)
        undone = select(ModuleVersion.module_id).where(ModuleVersion.action == UNDONE)
        matcher.withdrawn = set(
            session.scalars(
                select(Module.id).where(
                    Module.id.in_(undone), Module.state == WorkflowState.ARCHIVED, Module.published_at.is_(None)
                )
            )
        )
        return matcher

    def match(self, found: Read) -> uuid.UUID | None:
        """Return the module that the line means, None for a new one."""
        if found.key in self.by_key:
            return self.by_key[found.key]
        if found.slug:
            return self.by_slug.get(found.slug)
        if (code := found.values.get("code", "")) and code in self.by_code:
            return self.by_code[code]
        source = found.values.get("source_url", "")
        return self.by_source.get((source, sort_key(found.values.get("title", "")))) if source else None

    def earlier(self, found: Read, module: uuid.UUID | None) -> int | None:
        """Return the number of the line that already means this module, entry, slug or code; else remember this one."""
        marks: list[object] = [module] if module else []
        marks += [
            (kind, word)
            for kind, word in (("key", found.key), ("slug", found.slug), ("code", found.values.get("code", "")))
            if word
        ]
        for mark in marks:
            if mark in self.taken:
                return self.taken[mark]
        self.taken.update(dict.fromkeys(marks, found.line.number))
        return None
