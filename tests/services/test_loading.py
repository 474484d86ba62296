"""Loading modules: all or nothing, any number of times, never against what staff changed, every fact kept."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from catalogue.db import Database, Session
from catalogue.models import Module, ModuleVersion, OfferStatus, Programme, Provider, Term, WorkflowState
from catalogue.paths import resources
from catalogue.services import documents, loading, modules
from catalogue.services.assignments import read_assignments
from catalogue.services.documents import Document
from catalogue.services.errors import Invalid, NotAllowed
from catalogue.services.loading import LoadReport
from catalogue.services.permissions import SYSTEM
from tests.conftest import ON_SQLITE, People
from tests.offers import list_format, own_modules

OWN = resources("data/modules")


def a_list(*rows: dict[str, Any]) -> Document:
    return documents.parse({"liste.json": json.dumps(rows).encode()})


def an_offer(slug: str = "akku-kurs", **values: Any) -> dict[str, Any]:
    return {"id": slug, "title": "Akku-Kurs", "topic_facts": ["Lagerung von Akkus"], **values}


def load(session: Session, document: Document, **options: Any) -> LoadReport:
    return loading.load(session, SYSTEM, document, **options)


def all_modules(session: Session) -> list[Module]:
    session.expire_all()
    return list(session.scalars(select(Module).options(*modules.LOADED).order_by(Module.position)))


def errors_of(*rows: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        a_list(*rows)
    return {place: str(text) for place, text in refused.value.fields.items()}


def codes(module: Module, vocabulary: str) -> set[str]:
    return {term.code for term in module.terms_of(vocabulary)}


# --- the modules that come with the catalogue


def test_all_own_modules_are_published_in_their_order_with_a_first_version(session: Session) -> None:
    report = load(session, documents.read(OWN))
    found = all_modules(session)
    assert (report.new, report.changed, report.unchanged) == (110, 0, 0)
    assert [module.slug for module in found] == [module["slug"] for module in own_modules()]
    assert {module.state for module in found} == {WorkflowState.PUBLISHED}
    assert all(module.provider and module.programme and module.source_url and module.as_of for module in found)
    assert [module.programme.slug for module in found[:7] if module.programme] == ["batteriemd"] * 6 + ["b3"]
    versions = session.execute(select(ModuleVersion.action, ModuleVersion.number)).all()
    assert set(versions) == {("loaded", 1)}
    assert len(versions) == 110


@ON_SQLITE
def test_every_fact_of_the_source_is_in_the_searchable_text(session: Session) -> None:
    load(session, documents.read(OWN))
    texts = {module.slug: searchable(module) for module in all_modules(session)}
    for row in list_format():
        words = [row[name] for name in ("title", "provider", "duration", "format", "location", "audience", "level")]
        words += [row["price"], row["certificate"], *row["topic_facts"], row["project"]]
        for word in filter(None, words):
            text = word.removeprefix("Voraussetzungen: ")
            assert text in texts[row["id"]], f"{row['id']}: {text}"


def searchable(module: Module) -> str:
    texts = [
        module.title, module.summary, module.description.replace("\\", ""), *module.objectives, *module.contents,
        module.prerequisites, module.audience_text, module.level_text, module.format_text, module.place_text,
        module.duration_text, module.certificate_text, module.certificate_validity, module.price_text, module.provider_text,
        module.provider.name if module.provider else "", module.programme.name if module.programme else "",
    ]  # fmt: skip
    return "\n".join(texts)


def test_the_mapping_table_speaks_of_exactly_the_own_modules() -> None:
    tables = read_assignments()
    assert list(tables.mapping) == [module["slug"] for module in own_modules()]
    assert {assigned.provider for assigned in tables.mapping.values()} == set(tables.providers)
    assert {assigned.programme for assigned in tables.mapping.values()} == set(tables.programmes)


@ON_SQLITE
def test_the_ladder_and_the_german_framework_are_only_where_a_source_names_them(session: Session) -> None:
    load(session, documents.read(OWN))
    found = all_modules(session)
    assert {module.slug for module in found if codes(module, "level")} == {
        "batteriefuehrerschein-bildungsverbund",
        "basisschulung-abakos",
    }
    assert {module.dqr for module in found} == {None}
    assert {module.slug: module.offer_status for module in found if module.offer_status} == {
        "lithium-ionen-batterien-lib-im-beruflichen-und-slv-halle": OfferStatus.PILOTED,
        "batteriefuehrerschein-bildungsverbund": OfferStatus.DRAFTING,
        "batteriepassport-niedersachsen": OfferStatus.DRAFTING,
    }


@ON_SQLITE
def test_the_list_format_says_the_same_as_our_own(session: Session) -> None:
    load(session, a_list(*list_format()))
    report = load(session, documents.read(OWN))
    assert (report.new, report.changed, report.unchanged) == (0, 0, 110)


# --- lists of others


def test_terms_are_recognised_in_the_words_of_an_unknown_offer(session: Session) -> None:
    offer = an_offer(
        title="Arbeiten unter Spannung für Azubis", topic_facts=["Transport von Akkus", "Brandschutz", "Stufen 2S und 3S"],
        duration="16 UE", format="Webinar", location="Jena", audience="Auszubildende im 2. Lehrjahr", price="490,00 EUR",
        certificate="IHK-Zertifikat", provider="Akademie Nirgendwo", project="Projekt X",
    )  # fmt: skip
    load(session, a_list(offer))
    (module,) = all_modules(session)
    assert {"lager-logistik", "sicherheit", "wartung"} <= codes(module, "topic")
    assert codes(module, "audience") == {"auszubildende"}
    assert codes(module, "hv_level") == {"2s", "3s"}
    assert codes(module, "legal_frame") == {"dguv-209-093"}
    assert codes(module, "format") == {"online", "webinar"}
    assert codes(module, "duration") == {"2-3-tage"}
    assert codes(module, "region") == {"thueringen"}
    assert codes(module, "price") == {"kostenpflichtig"}
    assert codes(module, "certificate") == {"ihk"}
    assert codes(module, "level") == set()
    assert (module.duration_minutes, str(module.price_amount)) == (720, "490.00")
    assert module.provider
    assert module.provider.name == "Akademie Nirgendwo"
    assert module.programme
    assert module.programme.name == "Projekt X"


@ON_SQLITE
def test_the_rules_for_strangers_agree_with_the_table_made_by_hand(session: Session) -> None:
    load(session, documents.read(OWN))
    by_hand = {module.slug: {(term.vocabulary, term.code) for term in module.terms} for module in all_modules(session)}
    others = [row | {"id": f"fremd-{row['id']}"} for row in list_format()]
    load(session, a_list(*others))
    by_rule = {module.slug: {(term.vocabulary, term.code) for term in module.terms} for module in all_modules(session)}
    wrong = sum(len(by_rule[f"fremd-{slug}"] - terms) for slug, terms in by_hand.items())
    missed = sum(len(terms - by_rule[f"fremd-{slug}"]) for slug, terms in by_hand.items())
    total = sum(len(terms) for terms in by_hand.values())
    assert wrong < total * 0.04
    assert missed < total * 0.06


def test_offers_of_one_provider_share_it(session: Session) -> None:
    load(
        session,
        a_list(an_offer("a", provider="Haus A"), an_offer("b", provider="haus a"), an_offer("c", provider="大学")),
    )
    load(session, a_list(an_offer("d", provider="Haus A"), an_offer("e", provider="大学")))
    assert session.scalar(select(func.count()).select_from(Provider)) == 2


def test_an_offer_with_nothing_but_a_title_is_published_and_invents_nothing(session: Session) -> None:
    load(session, a_list({"id": "nur-titel", "title": "Kurs"}))
    (module,) = all_modules(session)
    assert module.state == WorkflowState.PUBLISHED
    assert (module.terms, module.provider, module.programme, module.contents) == ([], None, None, [])


def test_facts_about_the_offer_are_told_apart_from_what_is_taught(session: Session) -> None:
    facts = [
        "Aufbau von Zellen",
        "12 Teilnehmende",
        "Voraussetzungen: Grundkurs",
        "Höchstens 8 Teilnehmende",
        "5. Kurs <b>",
    ]
    load(session, a_list(an_offer(topic_facts=facts)))
    (module,) = all_modules(session)
    assert module.contents == ["Aufbau von Zellen", "5. Kurs <b>"]
    assert module.description == "- 12 Teilnehmende\n- Höchstens 8 Teilnehmende"
    assert (module.prerequisites, module.max_participants) == ("Grundkurs", 8)


def test_fields_that_nobody_reads_are_named(session: Session) -> None:
    assert load(session, a_list(an_offer(farbe="grün"))).unread == ("farbe",)


# --- again and again


@ON_SQLITE
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"id": st.from_regex(r"[a-z0-9]{2,12}", fullmatch=True).filter("new".__ne__), "title": st.text("Akku 2S-", min_size=1)},
            optional={
                "topic_facts": st.lists(st.sampled_from(["Brandschutz", " Lager ", "", "5. Kurs", "10 Teilnehmende"]), max_size=4),
                "duration": st.sampled_from([None, "3 UE", "1 Tag", "", "0 UE", "10000 Stunden"]),
                "provider": st.sampled_from([None, "", "Haus A", " Haus  B ", "ＨＡＵＳ"]),
                "price": st.sampled_from(["10 EUR", "1.000,00 EUR", "10 oder 20 EUR", "gratis"]),
                "location": st.sampled_from(["Jena", "überall", None]),
            },
        ).filter(lambda row: str(row["title"]).strip() != ""),
        max_size=6, unique_by=lambda row: row["id"],
    )
)  # fmt: skip
def test_a_second_load_changes_nothing(database: Database, rows: list[dict[str, Any]]) -> None:
    with database.session(write=True) as session:
        first = load(session, a_list(*rows))
        session.flush()
        session.expire_all()
        again = load(session, a_list(*rows))
        assert (first.new, again.new, again.changed, again.unchanged) == (len(rows), 0, 0, len(rows))
        assert session.scalar(select(func.count()).select_from(ModuleVersion)) == len(rows)
        session.rollback()


def test_a_changed_row_changes_its_module_and_leaves_a_version(session: Session) -> None:
    load(session, a_list(an_offer(), an_offer("zweiter")))
    session.expire_all()
    report = load(session, a_list(an_offer(title="Akku-Lehrgang"), an_offer("dritter")))
    assert (report.new, report.changed, report.unchanged) == (1, 1, 0)
    assert {module.slug: module.title for module in all_modules(session)} == {
        "akku-kurs": "Akku-Lehrgang",
        "zweiter": "Akku-Kurs",
        "dritter": "Akku-Kurs",
    }
    last = session.scalars(select(ModuleVersion).order_by(ModuleVersion.number.desc())).first()
    assert last
    assert (last.number, last.changed) == (2, ["title"])


def test_what_staff_changed_by_hand_stays_and_is_named_unless_the_file_is_to_win(
    session: Session, people: People
) -> None:
    load(session, a_list(an_offer(location="Jena")))
    (module,) = all_modules(session)
    before = modules.input_of(module)
    changed = type(before)(**{**before.__dict__, "title": "Von Hand"})
    modules.update(session, people.curator, module, changed, module.version)
    report = load(session, a_list(an_offer(location="Gera")))
    (module,) = all_modules(session)
    assert (module.title, module.place_text, report.kept) == ("Von Hand", "Gera", {"akku-kurs": ["title"]})
    assert load(session, a_list(an_offer(location="Gera"))).unchanged == 1
    load(session, a_list(an_offer(location="Gera")), overwrite=True)
    assert all_modules(session)[0].title == "Akku-Kurs"


def test_an_archived_module_is_not_published_again(session: Session) -> None:
    load(session, a_list(an_offer()))
    (module,) = all_modules(session)
    module.state = WorkflowState.ARCHIVED
    session.flush()
    load(session, a_list(an_offer(title="Neu")))
    assert all_modules(session)[0].state == WorkflowState.ARCHIVED


# --- errors


def test_all_errors_are_reported_with_their_places() -> None:
    assert errors_of(
        an_offer("a", title=7),
        an_offer("b", topic_facts="nur einer"),
        an_offer("a b"),
        {"id": "ohne-titel"},
        "kein Objekt",
        an_offer("c", topic_facts=["gut", None]),
        an_offer("d", location="Je\0na"),
        an_offer("e", title_exact="ja"),
    ) == {
        "Eintrag 1 (a), title": "Muss Text sein.",
        "Eintrag 2 (b), topic_facts": "Muss eine Liste sein.",
        "Eintrag 3 (a b), id": "Erlaubt sind Buchstaben ohne Umlaute, Ziffern, Punkt und Bindestrich.",
        "Eintrag 4 (ohne-titel), title": "Dieses Feld fehlt.",
        "Eintrag 5": "Muss ein Objekt mit Feldern sein.",
        "Eintrag 6 (c), topic_facts.2": "Muss Text sein.",
        "Eintrag 7 (d), location": "Enthält ein Steuerzeichen, das nicht gespeichert werden kann.",
        "Eintrag 8 (e), title_exact": "Muss true oder false sein.",
    }  # fmt: skip


def test_two_rows_with_one_id_are_refused() -> None:
    assert errors_of(an_offer("a"), an_offer("b"), an_offer("a")) == {
        "Eintrag 3 (a), id": "Diese Kennung hat schon ein anderer Eintrag: Eintrag 1 (a)."
    }


def test_nothing_is_loaded_if_one_row_breaks_a_rule(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        load(
            session,
            a_list(
                an_offer("gut", provider="Neu"), an_offer("schlecht", source_url="javascript:alert(1)"), an_offer("new")
            ),
        )
    assert list(refused.value.fields) == ["Eintrag 2 (schlecht), source_url", "Eintrag 3 (new), id"]
    counts = [session.scalar(select(func.count()).select_from(kind)) for kind in (Module, Provider, Programme, Term)]
    assert counts == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "ist kein gültiges JSON"),
        (b"[{", "ist kein gültiges JSON (Zeile 1"),
        ("[]".encode("utf-16"), "nicht in UTF-8"),
        ('[{"id": "ä"}]'.encode("latin-1"), "nicht in UTF-8"),
        (b'{"id": "a"}', "Erwartet wird eine Liste"),
        (b'"text"', "Erwartet wird eine Liste"),
        (b'[{"id": "a", "id": "b"}]', "steht zweimal"),
        (b"[NaN]", "keine Zahl"),
        (b"[" * 100_000, "ist kein gültiges JSON"),
        (b'{"as_of": "gestern", "modules": []}', "muss ein Datum"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_one_clear_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        documents.parse({"liste.json": content})
    (text,) = refused.value.fields.values()
    assert sentence in str(text)


def test_a_surrogate_that_no_database_takes_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        documents.parse({"liste.json": b'[{"id": "a", "title": "x\\ud800"}]'})
    assert list(refused.value.fields) == ["Eintrag 1 (a), title"]


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST", 1 << 20)
    path = tmp_path / "riesig.json"
    path.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(Invalid, match="größer als 1 MB"):
        documents.read(path)


def test_our_own_format_refuses_unknown_fields_and_terms(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        documents.parse({"m.json": json.dumps({"modules": [{"slug": "a", "title": "A", "farbe": 1}]}).encode()})
    assert list(refused.value.fields) == ["Eintrag 1 (a), farbe"]
    unknown = {"modules": [{"slug": "a", "title": "A", "terms": {"topic": ["gibt-es-nicht"]}}]}
    with pytest.raises(Invalid) as refused:
        load(session, documents.parse({"m.json": json.dumps(unknown).encode()}))
    assert list(refused.value.fields) == ["Eintrag 1 (a), terms.topic"]


def test_only_network_admins_load(session: Session, people: People) -> None:
    for actor in (people.visitor, people.member, people.curator):
        with pytest.raises(NotAllowed):
            loading.load(session, actor, a_list(an_offer()))
    assert loading.load(session, people.admin, a_list(an_offer())).new == 1
