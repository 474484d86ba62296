"""Words that mean the same or something near: synonyms, the other language, everyday words. Data, not code (data/search)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from catalogue.search.analysis import stem, tokens
from catalogue.search.wordlists import read_lines, stop_words

__all__ = ["FILES", "Meaning", "Rule", "Thesaurus", "keys", "phrase", "read", "rule_of", "rules_of", "thesaurus"]

FILES = ("synonyms.txt", "english.txt", "everyday.txt")
LONGEST = 5  # words of one expression

SAME = {"synonyms.txt": 0.85, "english.txt": 0.8, "everyday.txt": 0.7}
NEAR = {"synonyms.txt": 0.6, "english.txt": 0.6, "everyday.txt": 0.6}


@dataclass(frozen=True)
class Rule:
    """One rule. Without ``targets`` all ``terms`` mean the same; with them, who asks for a term finds the targets, too."""

    terms: tuple[str, ...]
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meaning:
    """Another expression for what was asked. ``strength`` says how near it is (1 = the same)."""

    text: str
    words: tuple[str, ...]
    strength: float


@dataclass
class Thesaurus:
    """Expressions by key; see :func:`key`."""

    meanings: dict[str, dict[str, Meaning]] = field(default_factory=dict)
    same: dict[str, dict[str, Meaning]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)

    def add(self, rule: Rule, same: float, near: float) -> None:
        """Add one rule; *same* and *near* say how strong its meanings are."""
        if rule.targets:
            for asked in rule.terms:
                self._add(asked, rule.targets, near, self.meanings)
            return
        for term in rule.terms:
            self._add(term, [other for other in rule.terms if other is not term], same, self.same)

    def add_own(self, rule: Rule) -> None:
        """Add a rule that staff wrote: what means the same as a target is found, too, because nobody sees both lists at once."""
        same, near = SAME["synonyms.txt"], NEAR["synonyms.txt"]
        self.add(rule, same, near)
        for target in rule.targets:
            found = {m.text: None for name in keys(phrase(target)) for m in self.same.get(name, {}).values()}
            for asked in rule.terms:
                self._add(asked, found, near * same, self.meanings)

    def _add(self, asked: str, others: Iterable[str], strength: float, store: dict[str, dict[str, Meaning]]) -> None:
        words = phrase(asked)
        self.words.update(words)
        for found in (meaning_of(other, strength) for other in others):
            self.words.update(found.words)
            for name in keys(words):
                store.setdefault(name, {}).setdefault(found.text, found)

    def look_up(self, words: Sequence[str]) -> list[Meaning]:
        """Return all other expressions for *words* (folded), strongest first: those of the same meaning and what these lead to."""
        found: dict[str, Meaning] = {}
        for name in keys(words):
            for meaning in self.same.get(name, {}).values():
                found.setdefault(meaning.text, meaning)
        for meaning in list(found.values()):  # fire brigade = Feuerwehr, and Feuerwehr = Einsatzkräfte
            for name in keys(meaning.words):
                for other in self.same.get(name, {}).values():
                    found.setdefault(other.text, Meaning(other.text, other.words, meaning.strength * other.strength))
        # what is near to the expression itself or to one that means the same
        steps = [(1.0, name) for name in keys(words)]
        steps += [(0.9, name) for meaning in list(found.values()) for name in keys(meaning.words)]
        for factor, name in steps:
            for meaning in self.meanings.get(name, {}).values():
                weaker = Meaning(meaning.text, meaning.words, meaning.strength * factor)
                if meaning.text not in found or found[meaning.text].strength < weaker.strength:
                    found[meaning.text] = weaker
        return sorted(found.values(), key=lambda meaning: (-meaning.strength, meaning.text))

    def knows(self, words: Sequence[str]) -> bool:
        """Return whether there is anything for *words*."""
        return any(name in self.same or name in self.meanings for name in keys(words))


def phrase(text: str) -> tuple[str, ...]:
    """Return the words of an expression, joined codes instead of their pieces, without stop words."""
    found = tokens(text)
    covered: set[int] = set()
    words: list[tuple[int, str]] = []
    for token in found:
        if token.joined and any(c.isdigit() for c in token.word) and token.word[0].isalpha():
            covered.update(range(token.position, token.position + token.joined))
            words.append((token.position, token.word))
    words += [(token.position, token.word) for token in found if not token.joined and token.position not in covered]
    kept = [word for _, word in sorted(set(words)) if word not in stop_words()]
    return tuple(kept or [word for _, word in sorted(set(words))])


def meaning_of(text: str, strength: float) -> Meaning:
    """Return *text* as a :class:`Meaning`."""
    return Meaning(text.strip(), phrase(text), strength)


def keys(words: Sequence[str]) -> set[str]:
    """Return the keys of an expression: inflection and the ways of joining its words do not matter."""
    return {stem("".join(words)), "".join(map(stem, words))} - {""}


def rule_of(line: str) -> Rule:
    """Return one line of a file in the format that synonyms.txt explains."""
    left, arrow, right = line.partition(">")
    if arrow:
        return Rule(tuple(map(str.strip, left.split(","))), tuple(map(str.strip, right.split(","))))
    return Rule(tuple(map(str.strip, line.split("="))))


def rules_of(file: str) -> list[Rule]:
    """Return the rules of a file of data/search, in its order."""
    return [rule_of(line) for line in read_lines(file)]


def read(lines: Iterable[str], file: str = "synonyms.txt") -> Thesaurus:
    """Return a thesaurus of these lines."""
    found = Thesaurus()
    for line in lines:
        found.add(rule_of(line), SAME[file], NEAR[file])
    return found


@lru_cache(maxsize=16)
def thesaurus(files: tuple[str, ...] = FILES, own: tuple[Rule, ...] = ()) -> Thesaurus:
    """Return the thesaurus of these files of data/search and of the rules that staff wrote."""
    found = Thesaurus()
    for file in files:
        for rule in rules_of(file):
            found.add(rule, SAME[file], NEAR[file])
    for rule in sorted(own, key=lambda rule: bool(rule.targets)):
        found.add_own(rule)
    return found
