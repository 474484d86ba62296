"""Tables as files to keep."""

from datetime import datetime

from flask import Response

from catalogue.services.errors import NotFound
from catalogue.services.exports import BERLIN, MEDIA_TYPES, Format, Table, file_name, render


def format_of(name: str) -> Format:
    """Return the format called *name*; NotFound for any other word."""
    try:
        return Format(name)
    except ValueError as error:
        raise NotFound from error


def download(table: Table, format: Format | str) -> Response:
    """Return *table* as an attachment; the file name holds the title and today's date in Berlin."""
    chosen = format_of(format)
    name = file_name(table, chosen, datetime.now(BERLIN).date())
    return attachment(render(table, chosen), name, MEDIA_TYPES[chosen])


def attachment(content: bytes | str, name: str, media_type: str) -> Response:
    """Return *content* as a file to keep; *name* is safe in a header."""
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
