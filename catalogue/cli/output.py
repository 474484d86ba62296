"""Where tables of the command line go: a file, or the standard output."""

import sys
from pathlib import Path

import click

from catalogue.services.errors import Invalid
from catalogue.services.exports import Format, Table, render
from catalogue.texts import N_

__all__ = ["write", "write_file"]


def write(table: Table, format: str, output: Path | None) -> None:
    """Write *table* to *output* (None: standard output) as csv, xlsx or text. An existing file is replaced only when complete."""
    content = _plain(table).encode() if format == "text" else render(table, Format(format))
    if output is None:
        if format == "xlsx" and sys.stdout.isatty():
            raise Invalid("output", N_("Eine XLSX-Datei braucht einen Namen: -o DATEI."))
        click.echo(content, nl=False)
        return
    write_file(output, content)
    click.echo(f"{len(table.rows)} rows written to {output}.", err=True)


def write_file(output: Path, content: bytes) -> None:
    """Put *content* into the file *output*, which is replaced only when complete."""
    part = output.with_name(output.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(output)
    except OSError as error:
        raise Invalid(
            "output", N_("%(file)s kann nicht geschrieben werden: %(why)s."), file=str(output), why=error.strerror
        ) from error


def _plain(table: Table) -> str:
    """Columns padded with spaces, control characters removed: what a terminal can show."""
    heads = [column.label for column in table.columns]
    lines = [[_cell(line.get(column.key)) for column in table.columns] for line in table.lines]
    widths = [min(48, max(len(row[place]) for row in [heads, *lines])) for place in range(len(heads))]
    notes = [f"{name}: {text}" for name, text in table.notes]
    rows = [
        "  ".join(cell[:width].ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [heads, *lines]
    ]
    return "\n".join([*notes, "", *rows, ""])


def _cell(value: object) -> str:
    return "".join(sign for sign in str("" if value is None else value) if sign.isprintable())
