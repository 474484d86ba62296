"""Providers and programmes: written by staff, read by all, counted with their modules."""

from dataclasses import replace

import pytest

from catalogue.db import Session
from catalogue.models import ProgrammeKind, Vocabulary, WorkflowState
from catalogue.services import programmes, providers
from catalogue.services.errors import Invalid, NotAllowed, NotFound, Stale
from catalogue.services.programmes import ProgrammeInput
from catalogue.services.providers import ProviderInput
from tests import factories
from tests.conftest import People


def test_a_provider_is_written_and_read_back(session: Session, people: People) -> None:
    factories.make_term(session, Vocabulary.REGION, "thueringen")
    given = ProviderInput(name="SLV Halle", website="https://slv-halle.de", region="thueringen", about="Fügen")
    provider = providers.create(session, people.curator, given)
    assert providers.input_of(providers.get(session, "slv-halle")) == given
    providers.update(session, people.curator, provider, replace(given, place="Halle"), provider.version)
    assert providers.get(session, "slv-halle").place == "Halle"


def test_modules_are_counted(session: Session, people: People) -> None:
    provider, programme = factories.make_provider(session, "Öko"), factories.make_programme(session, "B³")
    factories.make_provider(session, "Zentrum")
    for state in (WorkflowState.PUBLISHED, WorkflowState.DRAFT):
        factories.make_module(session, state=state, provider=provider, programme=programme)
    assert [(c.provider.name, c.published, c.modules) for c in providers.listing(session)] == [
        ("Öko", 1, 2),
        ("Zentrum", 0, 0),
    ]
    assert [(c.programme.name, c.published, c.modules) for c in programmes.listing(session)] == [("B³", 1, 2)]


def test_broken_rules_are_named(session: Session, people: People) -> None:
    with pytest.raises(Invalid) as refused:
        providers.create(session, people.curator, ProviderInput("", website="x", contact_email="y", region="z"))
    assert set(refused.value.fields) == {"name", "website", "contact_email", "region"}
    with pytest.raises(Invalid) as refused:
        programmes.create(session, people.curator, ProgrammeInput("", position=-1))
    assert set(refused.value.fields) == {"name", "position"}


def test_strangers_stale_edits_and_unknown_names_are_refused(session: Session, people: People) -> None:
    provider = providers.create(session, people.curator, ProviderInput("SLV"))
    programme = programmes.create(session, people.curator, ProgrammeInput("B³", ProgrammeKind.SIBLING))
    with pytest.raises(Stale):
        providers.update(session, people.curator, provider, ProviderInput("X"), 99)
    with pytest.raises(Stale):
        programmes.update(session, people.curator, programme, ProgrammeInput("X"), 99)
    with pytest.raises(NotFound):
        providers.get(session, "unbekannt")
    with pytest.raises(NotFound):
        programmes.get(session, "unbekannt")
    for actor in (people.visitor, people.member, people.company_admin):
        with pytest.raises(NotAllowed):
            providers.create(session, actor, ProviderInput("X"))
        with pytest.raises(NotAllowed):
            programmes.update(session, actor, programme, ProgrammeInput("X"), programme.version)
