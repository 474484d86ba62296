"""Vocabularies: counted uses, old names kept, nothing orphaned."""

from dataclasses import replace

import pytest

from catalogue.db import Session
from catalogue.models import Vocabulary
from catalogue.services import terms
from catalogue.services.errors import Invalid, NotAllowed, NotFound, Stale
from catalogue.services.terms import TermInput
from tests import factories
from tests.conftest import People


def test_uses_are_counted_for_modules_and_for_everything_else(session: Session, people: People) -> None:
    region = factories.make_term(session, Vocabulary.REGION, "thueringen")
    factories.make_term(session, Vocabulary.REGION, "sachsen", position=1)
    for _ in range(3):
        factories.make_module(session, terms=[region])
    factories.make_provider(session, region_id=region.id)
    factories.make_company(session, region_id=region.id)
    found = terms.listing(session, people.curator, Vocabulary.REGION)
    assert [(used.term.code, used.modules, used.others) for used in found] == [("thueringen", 3, 2), ("sachsen", 0, 0)]


def test_a_renamed_term_keeps_its_code_and_its_old_name(session: Session, people: People) -> None:
    factories.make_term(session, Vocabulary.LEGAL_FRAME, "battdg", "BattG", synonyms=["Batteriegesetz"])
    term = terms.get(session, people.curator, Vocabulary.LEGAL_FRAME, "battdg")
    given = replace(terms.input_of(term), label_de="BattDG")
    terms.update(session, people.curator, term, given, term.version)
    assert (term.code, term.label_de, term.old_names, term.synonyms) == (
        "battdg", "BattDG", ["BattG"], ["Batteriegesetz"],
    )  # fmt: skip


def test_a_new_term_gets_a_code_of_its_own(session: Session, people: People) -> None:
    made = [terms.create(session, people.curator, Vocabulary.TOPIC, TermInput("Prüfen")).code for _ in range(2)]
    assert made == ["pruefen", "pruefen-2"]


def test_no_term_comes_to_stand_below_itself(session: Session, people: People) -> None:
    above = terms.create(session, people.curator, Vocabulary.TOPIC, TermInput("Oben"))
    below = terms.create(session, people.curator, Vocabulary.TOPIC, TermInput("Unten", parent="oben"))
    assert below.parent is above
    for parent in ("unten", "oben", "unbekannt"):
        with pytest.raises(Invalid) as refused:
            terms.update(session, people.curator, above, TermInput("Oben", parent=parent), None)
        assert list(refused.value.fields) == ["parent"]


def test_empty_and_stale_edits_unknown_terms_and_other_people_are_refused(session: Session, people: People) -> None:
    term = terms.create(session, people.curator, Vocabulary.TOPIC, TermInput("Prüfen"))
    with pytest.raises(Invalid):
        terms.update(session, people.curator, term, TermInput(" "), term.version)
    with pytest.raises(Stale):
        terms.update(session, people.curator, term, TermInput("Neu"), term.version + 1)
    with pytest.raises(NotFound):
        terms.get(session, people.curator, Vocabulary.TOPIC, "unbekannt")
    for actor in (people.visitor, people.member, people.company_admin):
        with pytest.raises(NotAllowed):
            terms.listing(session, actor, Vocabulary.TOPIC)
        with pytest.raises(NotAllowed):
            terms.update(session, actor, term, TermInput("Neu"), term.version)
