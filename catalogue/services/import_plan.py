"""What a list would change: each line becomes a row with its kind, its differences field by field, and what is wrong with it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from catalogue.db import Session
from catalogue.models import ImportRow, ImportRun, Module, ModuleVersion, RowKind
from catalogue.services import durations, module_history, module_rules
from catalogue.services.errors import Invalid
from catalogue.services.import_lines import Read, Reader
from catalogue.services.import_matching import UNDONE, Matcher
from catalogue.services.module_batches import NEW_PROVIDER
from catalogue.services.module_columns import COLUMNS, flat, input_of_flat, names_of
from catalogue.services.module_input import ModuleInput, input_of, tidy
from catalogue.services.module_locks import locked
from catalogue.services.module_references import Held
from catalogue.services.spreadsheets import Line
from catalogue.texts import N_, Text

__all__ = ["IMPORTED", "REFERENCES", "Planner", "differs"]

IMPORTED = "imported"  # the name of the action in the history
BY_MACHINE = {IMPORTED, UNDONE, "created", "loaded"}
REFERENCES = (selectinload(Module.terms), selectinload(Module.provider), selectinload(Module.programme))
Versions = Mapping[uuid.UUID, list[ModuleVersion]]


def differs(one: Any, other: Any) -> bool:
    """Whether two values say something different; "", None and [] all say nothing."""
    return (None if one in ("", []) else one) != (None if other in ("", []) else other)


@dataclass
class Planner:
    """Compares the lines of one list with the catalogue."""

    session: Session
    run: ImportRun
    reader: Reader
    matcher: Matcher
    known: Held

    @classmethod
    def of(cls, session: Session, run: ImportRun) -> "Planner":
        """Return a planner for *run* against the catalogue as it is now."""
        reader = Reader(names_of(session), run.mapping, create_providers=run.create_providers)
        return cls(session, run, reader, Matcher.of(session, run.source_id), Held(session))

    def rows(self, lines: Iterable[Line]) -> list[ImportRow]:
        """Return the rows for some lines (a few hundred at a time)."""
        found = [self.reader.read(line) for line in lines]
        matched = [(read, self.matcher.match(read)) for read in found]
        ids = [identity for _, identity in matched if identity]
        modules = {
            module.id: module
            for module in self.session.scalars(select(Module).where(Module.id.in_(ids)).options(*REFERENCES))
        }
        locks, versions = locked(self.session, ids), self._versions(ids)
        rows = []
        for read, identity in matched:
            module = modules.get(identity) if identity else None
            if (line := self.matcher.earlier(read, identity)) is not None:
                self.reader.add(
                    read,
                    "slug" if read.slug else "code",
                    Text(N_("Dieses Modul steht schon in Zeile %(line)s."), {"line": line}),
                )
            if module is None or module.id in self.matcher.withdrawn:
                rows.append(self._new(read, module))
            else:
                rows.append(self._known(read, module, locks.get(module.id, set()), versions[module.id]))
        return rows

    def _versions(self, ids: list[uuid.UUID]) -> Versions:
        found: dict[uuid.UUID, list[ModuleVersion]] = defaultdict(list)
        wanted = select(ModuleVersion).where(ModuleVersion.module_id.in_(ids)).order_by(ModuleVersion.number)
        for version in self.session.scalars(wanted):
            found[version.module_id].append(version)
        return found

    def _row(self, read: Read, kind: RowKind, module: Module | None, label: str, **values: Any) -> ImportRow:
        if read.errors:
            kind, values = RowKind.WRONG, {"cells": self.reader.texts(read.line)}
        return ImportRow(
            run_id=self.run.id,
            number=read.line.number,
            kind=kind,
            module_id=module.id if module else None,
            slug=module.slug if module else read.slug,
            label=(label or read.slug or str(read.values.get("code", "")))[:300],
            errors=read.errors,
            key=read.key,
            **values,
        )

    def _new(self, read: Read, module: Module | None) -> ImportRow:
        """A line that no module matches, or only one that an undone import left behind."""
        if not read.values.get("title") and not read.errors:
            self.reader.add(read, "title", Text(N_("Der Titel fehlt.")))
        given = self._with_duration(tidy(input_of_flat(flat(ModuleInput(title="")) | read.values)))
        if not read.errors:
            self._check(read, given, module)
        return self._row(read, RowKind.NEW, module, given.title, selected=not read.errors, values=flat(given))

    def _with_duration(self, given: ModuleInput) -> ModuleInput:
        """Add what the wording of the duration states, as entering by hand does, where the list says nothing."""
        if given.duration_minutes is None:
            given = replace(given, duration_minutes=durations.minutes(given.duration_text))
        if not given.terms.get("duration"):
            codes = sorted(c for c in durations.classes(given.duration_text) if ("duration", c) in self.known.all_terms)
            given = replace(given, terms={**given.terms, "duration": tuple(codes)}) if codes else given
        return given

    def _check(self, read: Read, given: ModuleInput, module: Module | None) -> None:
        """Note which rules the module would break."""
        if given.provider.startswith(NEW_PROVIDER):
            given = replace(given, provider="")
        try:
            module_rules.check(self.session, given, module, self.known)
        except Invalid as refused:
            for field, text in refused.fields.items():
                self.reader.add(read, field, text)

    def _known(self, read: Read, module: Module, locks: set[str], versions: list[ModuleVersion]) -> ImportRow:
        """A line that means an existing module."""
        current = flat(input_of(module))
        given = tidy(input_of_flat(current | read.values))
        wanted = flat(given)
        fields = [
            column.key
            for column in COLUMNS
            if column.key in read.values and differs(current[column.key], wanted[column.key])
        ]
        own = read.slug in (
            "",
            module.slug,
        )  # else exported before it was merged into this one, which counts its own versions
        base = next((version for version in versions if own and version.number == read.version), None)
        if base is not None:  # exported at that version: only what differs from it was edited in the list
            told = flat(module_history.input_from(base.snapshot))
            fields = [key for key in fields if differs(told[key], wanted[key])]
        if fields and not read.errors:
            self._check(read, tidy(input_of_flat(current | {key: wanted[key] for key in fields})), module)
        edited = _edited(versions, base) if fields else {}
        changes = [self._change(read, key, current, wanted, locks, edited, in_doubt=base is None) for key in fields]
        kind = RowKind.CHANGED if changes else RowKind.UNCHANGED
        return self._row(
            read, kind, module, module.title, changes=changes, selected=any(change["selected"] for change in changes)
        )

    def _change(
        self, read: Read, key: str, current: dict[str, Any], wanted: dict[str, Any], locks: set[str],
        edited: dict[str, ModuleVersion], *, in_doubt: bool,
    ) -> dict[str, Any]:  # fmt: skip
        change: dict[str, Any] = {
            "field": key, "cell": self.reader.address(read.line, key), "old": current[key], "new": wanted[key],
        }  # fmt: skip
        if key in locks:
            change["locked"] = True
        if key in edited:
            change["edited"] = {"at": edited[key].at.isoformat(), "by": edited[key].user_label}
        if in_doubt and not differs(wanted[key], None):
            change["clears"] = True
        change["selected"] = not change.keys() & {"locked", "edited", "clears"}
        return change


def _edited(versions: list[ModuleVersion], base: ModuleVersion | None) -> dict[str, ModuleVersion]:
    """Return which fields people changed last by hand, and in which version; with *base* only what changed after it."""
    edited: dict[str, ModuleVersion] = {}
    for before, after in zip(versions, versions[1:], strict=False):
        if base is not None and after.number <= base.number:
            continue
        for difference in module_history.compare(before.snapshot, after.snapshot):
            if after.action in BY_MACHINE and base is None:
                edited.pop(difference.field, None)
            else:
                edited[difference.field] = after
    return edited
