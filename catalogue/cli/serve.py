"""``catalogue serve``: the embedded server."""

import gc
import socket
import sys

import click
import waitress

from catalogue.app import create_serving_app
from catalogue.cli.context import open_settings
from catalogue.settings import Settings

__all__ = ["port_problem", "run", "serve"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--threads", default=8, show_default=True, help="Requests answered at once.")
def serve(host: str, port: int, threads: int) -> None:
    """Serve the catalogue with waitress."""
    if problem := port_problem(host, port):
        click.echo(f"catalogue: {problem}", err=True)
        sys.exit(1)
    run(open_settings(), host, port, threads)


def run(settings: Settings, host: str, port: int, threads: int = 8) -> None:
    """Serve the catalogue until the process is told to end."""
    app = create_serving_app(settings)
    _collect_garbage_rarely()
    # many slow connections must not keep others out: waitress' default of 100 is too few
    waitress.serve(
        app,
        host=host,
        port=port,
        threads=threads,
        connection_limit=1000,
        ident=None,
        clear_untrusted_proxy_headers=False,
    )


def _collect_garbage_rarely() -> None:
    """A page makes some ten thousand objects and hardly a circle: looking for circles at every 700 took a tenth of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def port_problem(host: str, port: int) -> str:
    """Return a sentence if nobody can listen there, else ""."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            return f"Port {port} on {host} cannot be used ({error}). Choose another with --port, or PORT=8001 make run."
    return ""
