"""Nothing about people without a declaration: every table is looked at, and what the declaration says exists."""

import pytest
import sqlalchemy as sa

from catalogue.db import Base
from catalogue.services.personal_data import Fate, Holding, is_suspicious
from catalogue.services.personal_tables import HOLDINGS, NOBODY

TABLES = Base.metadata.tables
NULLS = {Fate.EMPTY: "SET NULL", Fate.DELETE: "CASCADE"}


def undeclared(tables: dict[str, sa.Table]) -> list[str]:
    """Columns that look personal and that nobody spoke of."""
    found = []
    for name, table in tables.items():
        for column in table.columns:
            if not is_suspicious(table, column):
                continue
            refers = any(key.column.table.name == "user" for key in column.foreign_keys)
            if name in NOBODY and not refers:
                continue
            if name not in HOLDINGS or column.name not in HOLDINGS[name].columns:
                found.append(f"{name}.{column.name}")
    return found


def test_every_column_that_may_be_about_a_person_is_declared() -> None:
    assert undeclared(dict(TABLES)) == []
    assert set(TABLES) - set(HOLDINGS) - set(NOBODY) == set()


def test_a_new_table_or_column_with_a_person_fails() -> None:
    other = sa.MetaData()
    sa.Table("user", other, sa.Column("id", sa.Uuid, primary_key=True))
    new = sa.Table(
        "parcel", other,
        sa.Column("id", sa.Uuid, primary_key=True), sa.Column("owner_id", sa.ForeignKey("user.id")),
        sa.Column("sent_by", sa.String(9)), sa.Column("words", sa.Text), sa.Column("weight", sa.Integer),
    )  # fmt: skip
    run = sa.Table("run", other, sa.Column("note", sa.Text), sa.Column("teacher_id", sa.ForeignKey("user.id")))
    assert undeclared({"parcel": new, "run": run}) == [
        "parcel.owner_id",
        "parcel.sent_by",
        "parcel.words",
        "run.teacher_id",
    ]


@pytest.mark.parametrize("table", HOLDINGS)
def test_a_declaration_speaks_of_columns_that_exist(table: str) -> None:
    holding, columns = HOLDINGS[table], TABLES[table].columns
    assert {name for name in holding.columns if name not in columns} == set()
    assert bool(holding.key) != bool(holding.withheld), "exported, or not because"
    assert set(holding.names.values()) <= {"", *holding.persons}
    assert {name for name in holding.echoes if not isinstance(columns[name].type, sa.JSON)} == set()


@pytest.mark.parametrize("table", [name for name, holding in HOLDINGS.items() if holding.persons])
def test_the_database_does_what_the_declaration_says(table: str) -> None:
    for name, fate in HOLDINGS[table].persons.items():
        rules = {key.ondelete for key in TABLES[table].columns[name].foreign_keys}
        assert rules <= {NULLS.get(fate)}, f"{table}.{name} is declared to be {fate}"


def test_lists_of_the_copy_have_names_of_their_own() -> None:
    keys = [holding.key for holding in HOLDINGS.values() if holding.key]
    assert len(keys) == len(set(keys))
    assert {type(holding) for holding in HOLDINGS.values()} == {Holding}
