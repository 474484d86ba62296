"""``catalogue search``: the index and the quality of the answers."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from catalogue.cli.context import open_database, open_index
from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.evaluate import Measures, Table, read_judged
from catalogue.search.index import IndexUnusable, SearchIndex
from catalogue.services import search_quality

__all__ = ["search"]

JUDGED = Path("tests/search/judged.json")


@contextmanager
def _database() -> Iterator[Database]:
    database = open_database()
    try:
        yield database
    finally:
        database.dispose()


@click.group()
def search() -> None:
    """Look after the search index; it is a cache of the database and can always be rebuilt."""


@search.command()
def rebuild() -> None:
    """Index all published modules anew. Searches go on meanwhile."""
    with _database() as database, click.progressbar(length=1, label="Indexing", file=sys.stderr) as bar:

        def progress(done: int, of: int) -> None:
            bar.length = max(of, 1)
            bar.update(done - bar.pos)

        count = sync.rebuild(database, open_index(), progress)
    click.echo(f"{count} modules indexed.")


@search.command(name="sync")
def sync_() -> None:
    """Index what changed and still waits."""
    with _database() as database:
        click.echo(f"{sync.drain(database, open_index())} modules brought up to date.")


@search.command()
@click.option("--repair", is_flag=True, help="Mend what differs.")
def check(repair: bool) -> None:
    """Compare index and database; exit code 1 if they differ and nothing was mended."""
    with _database() as database:
        found = sync.repair(database, open_index()) if repair else sync.check(database, open_index())
    if not found:
        click.echo("Index and database agree.")
        return
    if found.unusable:
        click.echo(f"The index cannot be read: {found.unusable}")
    else:
        click.echo(f"{len(found.missing)} missing, {len(found.superfluous)} superfluous, {len(found.stale)} stale.")
    if repair:
        click.echo("Mended.")
        return
    sys.exit(1)


@search.command()
@click.argument("query")
def explain(query: str) -> None:
    """Show how QUERY is understood and what it finds."""
    with _database() as database, database.read() as session:
        found = search_quality.explain(session, _index(database), query)
    for unit, weight in found.units:
        notes = [note for note, applies in (("general", unit.general), ("minor", unit.minor)) if applies]
        click.echo(f"{unit.asked}  weight {weight:.2f} {' '.join(notes)}".rstrip())
        words = [pair for way in unit.ways if not way.also for pair in way.words.items()]
        best = dict(sorted(words, key=lambda pair: pair[1].strength))  # the strongest of each word stays
        for word, evidence in sorted(best.items(), key=lambda pair: -pair[1].strength)[:12]:
            click.echo(f"    {evidence.strength:.2f} {word} {evidence.kind}".rstrip())
        if unit.parts:
            click.echo(f"    parts: {' + '.join(part.asked for part in unit.parts)}")
    click.echo(f"{found.total} modules{', relaxed: ' + found.relaxed if found.relaxed else ''}")
    for score, slug in found.best:
        click.echo(f"    {score:.3f} {slug}")


@search.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--ablation", is_flag=True, help="Also measure with each mechanism switched off.")
def evaluate(files: tuple[Path, ...], ablation: bool) -> None:
    """Measure the answers to the judged queries in FILES (default: tests/search/judged.json)."""
    with _database() as database:
        index = _index(database)
        for file in files or (JUDGED,):
            _evaluate(database, index, file, ablation)


def _evaluate(database: Database, index: SearchIndex, file: Path, ablation: bool) -> None:
    judged = read_judged(file)
    with database.read() as session:
        table = search_quality.table(session, index, judged)
        _show(str(file), table)
        if ablation:
            for name, without in search_quality.ablation(session, index, judged).items():
                gain = table.overall.ndcg - without.overall.ndcg
                click.echo(_line(f"without {name}", without.overall) + f"  gain {gain:+.3f}")


def _index(database: Database) -> SearchIndex:
    """Return a usable index, made from the database if there is none yet."""
    index = open_index()
    try:
        index.snapshot()
    except IndexUnusable:
        sync.rebuild(database, index)
    return index


def _show(title: str, table: Table) -> None:
    click.echo(f"{title}\n{'':22}    n  nDCG@10 recall@10    MRR success@3 false hits")
    click.echo(_line("all", table.overall))
    for kind, measures in table.classes.items():
        click.echo(_line(kind, measures))


def _line(name: str, m: Measures) -> str:
    return f"{name:22} {m.queries:4}    {m.ndcg:.3f}     {m.recall:.3f}  {m.mrr:.3f}     {m.success:.3f} {m.false_hits:9.2f}"
