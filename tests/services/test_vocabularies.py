"""The vocabularies that come with the catalogue, and how they reach the database."""

import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import Term, Vocabulary
from catalogue.services import vocabularies
from catalogue.services.errors import Invalid, NotAllowed
from catalogue.services.permissions import SYSTEM
from catalogue.services.tables import read_table
from tests.conftest import People


@pytest.mark.parametrize("vocabulary", Vocabulary)
def test_every_vocabulary_has_a_file_with_complete_lines(vocabulary: Vocabulary) -> None:
    rows = vocabularies.table(vocabulary)
    assert rows
    for row in rows:
        assert re.fullmatch("[a-z0-9-]+", row["code"])
        assert row["label_de"]
        assert row["label_en"]
        assert row["position"].isdigit()
        assert not row["parent"] or row["parent"] in {other["code"] for other in rows}


def test_loading_twice_adds_nothing(session: Session) -> None:
    assert vocabularies.load(session, SYSTEM) > 100
    assert vocabularies.load(session, SYSTEM) == 0


def test_a_label_that_staff_changed_stays(session: Session) -> None:
    vocabularies.load(session, SYSTEM)
    term = vocabularies.by_code(session, Vocabulary.TOPIC)["lager-logistik"]
    term.label_de, term.synonyms = "Lager", ["Regal"]
    session.flush()
    vocabularies.load(session, SYSTEM)
    session.expire_all()
    kept = vocabularies.by_code(session, Vocabulary.TOPIC)["lager-logistik"]
    assert (kept.label_de, kept.synonyms) == ("Lager", ["Regal"])


def test_a_term_that_was_lost_comes_back(session: Session) -> None:
    vocabularies.load(session, SYSTEM)
    before = session.scalar(select(func.count()).select_from(Term))
    session.delete(vocabularies.by_code(session, Vocabulary.FORMAT)["webinar"])
    session.flush()
    assert vocabularies.load(session, SYSTEM) == 1
    assert session.scalar(select(func.count()).select_from(Term)) == before


def test_terms_come_in_their_order_without_retired_ones(session: Session) -> None:
    vocabularies.load(session, SYSTEM)
    vocabularies.by_code(session, Vocabulary.REGION)["bremen"].retired = True
    session.flush()
    codes = [term.code for term in vocabularies.terms(session, Vocabulary.REGION)]
    assert codes[:3] == ["sachsen", "sachsen-anhalt", "thueringen"]
    assert "bremen" not in codes
    assert "bremen" in vocabularies.by_code(session, Vocabulary.REGION)


def test_old_names_lead_to_the_new_rule(session: Session) -> None:
    vocabularies.load(session, SYSTEM)
    frames = vocabularies.by_code(session, Vocabulary.LEGAL_FRAME)
    assert {"DGUV 200-005", "BGI 8686"} <= set(frames["dguv-209-093"].old_names)
    assert "BattG" in frames["battdg"].old_names


def test_members_cannot_load_vocabularies(session: Session, people: People) -> None:
    with pytest.raises(NotAllowed):
        vocabularies.load(session, people.member)


def test_a_broken_table_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "topic.csv"
    path.write_text("code;label_de\nlager;Lager\nlager;Lager\nrecht\n", encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        read_table(path, "code")
    assert list(refused.value.fields) == ["topic.csv, Zeile 3", "topic.csv, Zeile 4"]
