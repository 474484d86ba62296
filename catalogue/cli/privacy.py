"""``catalogue privacy``: what an operator has to show and to do about personal data."""

from pathlib import Path

import click

from catalogue.cli.context import open_database, open_settings
from catalogue.cli.output import write_file
from catalogue.services import privacy_report, retention

__all__ = ["privacy"]


@click.group()
def privacy() -> None:
    """Record of processing, technical measures, retention."""


@privacy.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File; default: standard output.")
def report(output: Path | None) -> None:
    """Write the record of processing (Art. 30 DSGVO) and the measures (Art. 32), in German, from this installation's settings."""
    text = privacy_report.render(open_settings())
    if output is None:
        click.echo(text, nl=False)
        return
    write_file(output, text.encode())
    click.echo(f"Written to {output}.", err=True)


@privacy.command("retention")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def retain(dry_run: bool) -> None:
    """Delete now what is kept too long; the worker does the same in each round."""
    settings, database = open_settings(), open_database()
    done = retention.preview(database, settings) if dry_run else retention.run(database, settings)
    for period in retention.periods(settings):
        lasts = f"{period.days} days" if period.days else "never"
        click.echo(f"{period.key:16} {lasts:>9}  {done[period.key]:>7} rows {'would be ' if dry_run else ''}deleted")
    click.echo(f"{sum(done.values())} rows in all.")
