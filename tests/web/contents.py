"""What an answer holds as text, whatever its format: markup unescaped, workbooks and archives unpacked."""

import html
import io
import zipfile

from werkzeug.test import TestResponse


def text_of(response: TestResponse) -> str:
    """Return headers and body; every part of a workbook or archive."""
    return f"{response.headers}\n{_read(response.get_data())}"


def _read(data: bytes) -> str:
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "\n".join(_read(archive.read(name)) for name in archive.namelist())
    return html.unescape(data.decode("utf-8", "replace"))
