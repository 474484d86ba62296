"""What a synonym rule may say: the traps that make a search worse instead of better."""

from collections.abc import Iterable, Sequence
from functools import cache

from catalogue.models import SynonymKind
from catalogue.search.analysis import stem
from catalogue.search.thesaurus import FILES, LONGEST, Rule, keys, phrase, rules_of
from catalogue.search.wordlists import general_words, stop_words
from catalogue.services.findings import Findings, one_line
from catalogue.texts import N_

__all__ = ["checked"]

MOST = 12  # words of one rule
LENGTH = 60
NOTE = 500
MARKS = "=,>→#"  # separate the words of a rule where it is written down
# two meanings each: a vehicle or a way of teaching; above 1 kV or, wrongly, high voltage in cars
ONE_WAY_ONLY = frozenset({"hybrid", "hochspannung"})


def checked(kind: SynonymKind, terms: Iterable[str], targets: Iterable[str], note: str, others: Sequence[Rule]) -> Rule:
    """Return the rule without repetitions; *others* are the two-way rules of staff beside it. Raises Invalid."""
    findings = Findings()
    own, also = _distinct(terms), _distinct(targets if kind == SynonymKind.ONE_WAY else ())
    also = {name: target for name, target in also.items() if name not in own}
    if kind == SynonymKind.TWO_WAY and len(own) < 2:
        findings.add("terms", N_("Nennen Sie mindestens zwei Ausdrücke, die dasselbe bedeuten."))
    if not own:
        findings.add("terms", N_("Nennen Sie mindestens einen Ausdruck, nach dem gesucht wird."))
    if kind == SynonymKind.ONE_WAY and not also:
        findings.add("targets", N_("Nennen Sie mindestens einen anderen Ausdruck, der mitgefunden werden soll."))
    for field, found in (("terms", own), ("targets", also)):
        if len(found) > MOST:
            findings.add(field, N_("Nennen Sie höchstens %(most)s Einträge."), most=MOST)
        for term in found.values():
            _check_term(findings, field, term)
    if kind == SynonymKind.TWO_WAY:
        _check_groups(findings, own, others)
    findings.length("note", one_line(note), NOTE)
    findings.raise_any()
    return Rule(tuple(own.values()), tuple(also.values()))


def _distinct(terms: Iterable[str]) -> dict[str, str]:
    """Return the terms by what the search takes for the same, in their order."""
    found: dict[str, str] = {}
    for term in map(one_line, terms):
        if term:
            found.setdefault(min(keys(phrase(term)), default=term), term)
    return found


def _check_term(findings: Findings, field: str, term: str) -> None:
    words = phrase(term)
    findings.length(field, term, LENGTH)
    if any(mark in term for mark in MARKS):
        findings.add(
            field,
            N_("„%(term)s“ enthält ein Zeichen, das Ausdrücke trennt. Schreiben Sie jeden in eine eigene Zeile."),
            term=term,
        )
    elif not words or len("".join(words)) < 2 or all(word in stop_words() for word in words):
        findings.add(field, N_("„%(term)s“ ist zu kurz oder ein Füllwort; die Suche liest darüber hinweg."), term=term)
    elif len(words) > LONGEST:
        findings.add(
            field, N_("„%(term)s“ ist zu lang. Ein Ausdruck hat höchstens %(most)s Wörter."), term=term, most=LONGEST
        )
    elif keys(words) & general_words() or all(stem(word) in general_words() for word in words):
        text = N_(
            "„%(term)s“ ist zu weit: Das Wort passt auf fast jedes Modul und würde alles finden. Nehmen Sie ein genaueres."
        )
        findings.add(field, text, term=term)


def _check_groups(findings: Findings, own: dict[str, str], others: Sequence[Rule]) -> None:
    for term in own.values():
        names = keys(phrase(term))
        if names & ONE_WAY_ONLY:
            text = N_(
                "„%(term)s“ hat mehrere Bedeutungen und kann nur in eine Richtung gelten. Wählen Sie „findet auch“."
            )
            findings.add("terms", text, term=term)
        group = next((rule for rule in others if _holds(rule, names)), None)
        if group is not None:
            text = N_("„%(term)s“ steht schon in der Gruppe „%(group)s“. Ergänzen Sie diese Gruppe.")
            findings.add("terms", text, term=term, group=" = ".join(group.terms))
        group = next((_groups()[name] for name in names if name in _groups()), None)
        if group is not None:
            text = N_(
                "„%(term)s“ steht schon in der mitgelieferten Gruppe „%(group)s“. Wählen Sie „findet auch“ und nennen Sie „%(term)s“ als Ziel."
            )
            findings.add("terms", text, term=term, group=" = ".join(group.terms))


def _holds(rule: Rule, names: set[str]) -> bool:
    return any(keys(phrase(term)) & names for term in rule.terms)


@cache
def _groups() -> dict[str, Rule]:
    """Return the two-way groups that come with the catalogue, by their expressions."""
    found: dict[str, Rule] = {}
    for rule in (rule for file in FILES for rule in rules_of(file) if not rule.targets):
        for term in rule.terms:
            for name in keys(phrase(term)):
                found.setdefault(name, rule)
    return found
