"""OAI-PMH 2.0 (https://www.openarchives.org/OAI/openarchivesprotocol.html): the six verbs, as XML documents.

Nothing is kept between two requests: a resumption token holds its whole question and the last record given, signed.
"""

import base64
import hashlib
import hmac
import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from catalogue.db import Session, utcnow
from catalogue.models import Module, WorkflowState
from catalogue.services.exchange import oai_records
from catalogue.services.exchange.facts import facts_of
from catalogue.services.exchange.oai_formats import FORMATS, XSI
from catalogue.services.exchange.oai_records import Cursor, Selection
from catalogue.services.permissions import Actor, require
from catalogue.settings import Settings, load_secret_key

__all__ = ["MEDIA_TYPE", "PER_PAGE", "answer"]

MEDIA_TYPE = "text/xml; charset=utf-8"
PER_PAGE = 100
OAI = "http://www.openarchives.org/OAI/2.0/"
VERBS: dict[str, tuple[frozenset[str], frozenset[str]]] = {  # required, optional
    "Identify": (frozenset(), frozenset()),
    "ListMetadataFormats": (frozenset(), frozenset({"identifier"})),
    "ListSets": (frozenset(), frozenset({"resumptionToken"})),
    "ListIdentifiers": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set", "resumptionToken"})),
    "ListRecords": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set", "resumptionToken"})),
    "GetRecord": (frozenset({"identifier", "metadataPrefix"}), frozenset()),
}
_DAY, _SECOND = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CONTROL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PURPOSE = b"oai-pmh resumption token "
register_namespace("", OAI)
register_namespace("xsi", XSI)


class Refused(Exception):
    """An error of the protocol: its code, and a sentence for whoever reads the log of a harvester."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(frozen=True)
class Asked:
    """A list question: what, in which format, behind which record; ``given``: how many records came before."""

    prefix: str
    selection: Selection
    after: Cursor | None = None
    given: int = 0


@dataclass(frozen=True)
class _Context:
    session: Session
    settings: Settings

    @property
    def base(self) -> str:
        return self.settings.base_url.rstrip("/")

    @property
    def host(self) -> str:
        return urlsplit(self.base).hostname or "modulkatalog"


def answer(session: Session, actor: Actor, settings: Settings, arguments: Sequence[tuple[str, str]]) -> bytes:
    """Return the document that answers *arguments* (names and values as sent, in any order); errors are documents, too."""
    require(actor, "catalogue.search")
    context, root = _Context(session, settings), _root()
    request = SubElement(root, _tag("request"))
    request.text = f"{context.base}/oai"
    try:
        given = _checked(arguments)
        verb = given.pop("verb")
        body = Element(_tag(verb))
        HANDLERS[verb](context, body, given)
        request.attrib.update({"verb": verb, **given})
        root.append(body)
    except Refused as refused:
        if refused.code not in ("badVerb", "badArgument"):
            request.attrib.update({name: _CONTROL.sub("", value) for name, value in arguments})
        SubElement(root, _tag("error"), {"code": refused.code}).text = refused.text
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + bytes(tostring(root, encoding="utf-8"))


def _root() -> Element:
    schema = f"{OAI} http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
    root = Element(_tag("OAI-PMH"), {f"{{{XSI}}}schemaLocation": schema})
    SubElement(root, _tag("responseDate")).text = _stamp(utcnow())
    return root


def _checked(arguments: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the arguments of a known verb: none missing, repeated, unknown, or beside an exclusive one."""
    given = dict(arguments)
    counts = Counter(name for name, _ in arguments)
    if given.get("verb") not in VERBS or counts["verb"] != 1:
        raise Refused("badVerb", "Ask with one of the verbs: " + ", ".join(VERBS) + ".")
    required, optional = VERBS[given["verb"]]
    if repeated := [name for name, number in counts.items() if number > 1]:
        raise Refused("badArgument", f"Given more than once: {', '.join(sorted(repeated))}.")
    if unknown := given.keys() - required - optional - {"verb"}:
        raise Refused(
            "badArgument", f"Not an argument of {given['verb']}: {_CONTROL.sub('', ', '.join(sorted(unknown)))[:200]}."
        )
    if "resumptionToken" in given:
        if len(given) > 2:
            raise Refused("badArgument", "A resumptionToken stands alone.")
        return given
    if missing := required - given.keys():
        raise Refused("badArgument", f"Missing: {', '.join(sorted(missing))}.")
    return given


# --- the verbs


def _identify(context: _Context, body: Element, given: Mapping[str, str]) -> None:
    told = {
        "repositoryName": "Modulkatalog BatterieMD",
        "baseURL": f"{context.base}/oai",
        "protocolVersion": "2.0",
        "adminEmail": context.settings.mail_from,
        "earliestDatestamp": _stamp(oai_records.earliest(context.session)),
        "deletedRecord": "persistent",
        "granularity": "YYYY-MM-DDThh:mm:ssZ",
    }
    for name, text in told.items():
        SubElement(body, _tag(name)).text = text


def _list_formats(context: _Context, body: Element, given: Mapping[str, str]) -> None:
    if "identifier" in given:
        _record(context, given["identifier"])
    for prefix, one in FORMATS.items():
        entry = SubElement(body, _tag("metadataFormat"))
        for name, text in (("metadataPrefix", prefix), ("schema", one.schema), ("metadataNamespace", one.namespace)):
            SubElement(entry, _tag(name)).text = text


def _list_sets(context: _Context, body: Element, given: Mapping[str, str]) -> None:
    if "resumptionToken" in given:
        raise Refused("badResumptionToken", "All sets are in one list; there is no token for it.")
    for spec, name in oai_records.sets(context.session):
        entry = SubElement(body, _tag("set"))
        SubElement(entry, _tag("setSpec")).text = spec
        SubElement(entry, _tag("setName")).text = name


def _get_record(context: _Context, body: Element, given: Mapping[str, str]) -> None:
    module = _record(context, given["identifier"])
    _check_format(given["metadataPrefix"])
    _write(context, body, module, given["metadataPrefix"])


def _list_identifiers(context: _Context, body: Element, given: Mapping[str, str]) -> None:
    for module, _ in _page(context, body, given):
        body.append(_header(context, module))
    _close(body)


def _list_records(context: _Context, body: Element, given: Mapping[str, str]) -> None:
    for module, prefix in _page(context, body, given):
        _write(context, body, module, prefix)
    _close(body)


HANDLERS: dict[str, Callable[[_Context, Element, Mapping[str, str]], None]] = {
    "Identify": _identify,
    "ListMetadataFormats": _list_formats,
    "ListSets": _list_sets,
    "ListIdentifiers": _list_identifiers,
    "ListRecords": _list_records,
    "GetRecord": _get_record,
}


# --- lists


def _page(context: _Context, body: Element, given: Mapping[str, str]) -> list[tuple[Module, str]]:
    """Return the records of one page, and put the token of the next one into *body* (moved to its end by :func:`_close`)."""
    asked = _resumed(context, given["resumptionToken"]) if "resumptionToken" in given else _asked(given)
    listed, total = oai_records.find(context.session, asked.selection, asked.after, PER_PAGE + 1)
    found = listed[:PER_PAGE]
    if not found:
        if asked.after is not None:
            raise Refused("badResumptionToken", "The list has changed since; begin it anew.")
        raise Refused("noRecordsMatch", "No record matches.")
    if asked.after is not None or len(listed) > PER_PAGE:
        token = SubElement(body, _tag("resumptionToken"), {"completeListSize": str(total), "cursor": str(asked.given)})
        if len(listed) > PER_PAGE:
            last = Cursor(found[-1].updated_at, found[-1].id)
            token.text = _token(context, replace(asked, after=last, given=asked.given + len(found)))
    return [(module, asked.prefix) for module in found]


def _close(body: Element) -> None:
    """The token is the last child of a list."""
    for token in body.findall(_tag("resumptionToken")):
        body.remove(token)
        body.append(token)


def _asked(given: Mapping[str, str]) -> Asked:
    _check_format(given["metadataPrefix"])
    since, until = _moment(given.get("from")), _moment(given.get("until"), end=True)
    if "from" in given and "until" in given:
        if len(given["from"]) != len(given["until"]):
            raise Refused("badArgument", "from and until have different granularities.")
        if since and until and since > until:
            raise Refused("badArgument", "from lies behind until.")
    return Asked(given["metadataPrefix"], Selection(since, until, given.get("set", "")))


def _moment(text: str | None, *, end: bool = False) -> datetime | None:
    """A day or a second in UTC; *end*: of a day its last second."""
    if text is None:
        return None
    try:
        if _SECOND.fullmatch(text):
            return datetime.fromisoformat(text.replace("Z", "+00:00"))
        if _DAY.fullmatch(text):
            return datetime.fromisoformat(f"{text}T23:59:59+00:00" if end else f"{text}T00:00:00+00:00")
    except ValueError:
        pass
    raise Refused("badArgument", "Dates are YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ.")


def _check_format(prefix: str) -> None:
    if prefix not in FORMATS:
        raise Refused("cannotDisseminateFormat", f"Formats: {', '.join(FORMATS)}.")


# --- tokens


def _token(context: _Context, asked: Asked) -> str:
    chosen, after = asked.selection, asked.after
    moments = [
        moment.isoformat() if moment else "" for moment in (chosen.since, chosen.until, after.at if after else None)
    ]
    said = json.dumps(
        [asked.prefix, *moments, after.id.hex if after else "", chosen.set_spec, asked.given], separators=(",", ":")
    )
    packed = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
    return f"{packed}.{_signature(load_secret_key(context.settings), packed)}"


def _resumed(context: _Context, token: str) -> Asked:
    packed, _, signature = token.partition(".")
    keys = (load_secret_key(context.settings), *context.settings.secret_key_fallbacks)
    if not any(
        hmac.compare_digest(_signature(key, packed).encode(), signature.encode(errors="replace")) for key in keys
    ):
        raise Refused("badResumptionToken", "This token is not one of ours.")
    said = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    prefix, since, until, at, last, set_spec, given = said
    begin, end = (datetime.fromisoformat(text) if text else None for text in (since, until))
    selection = Selection(begin, end, set_spec)
    return Asked(prefix, selection, Cursor(datetime.fromisoformat(at), uuid.UUID(last)), given)


def _signature(key: str, packed: str) -> str:
    return hmac.new(key.encode(), _PURPOSE + packed.encode(errors="replace"), hashlib.sha256).hexdigest()[:32]


# --- records


def _record(context: _Context, identifier: str) -> Module:
    prefix = f"oai:{context.host}:"
    try:
        module = oai_records.one(context.session, uuid.UUID(identifier.removeprefix(prefix)))
    except ValueError:
        module = None
    if module is None or identifier != f"{prefix}{module.id}":  # a record has one name, not several spellings
        raise Refused("idDoesNotExist", "There is no such record.")
    return module


def _write(context: _Context, parent: Element, module: Module, prefix: str) -> None:
    record = SubElement(parent, _tag("record"))
    record.append(_header(context, module))
    if module.state == WorkflowState.PUBLISHED:
        SubElement(record, _tag("metadata")).append(FORMATS[prefix].write(facts_of(module, context.base)))


def _header(context: _Context, module: Module) -> Element:
    deleted = {} if module.state == WorkflowState.PUBLISHED else {"status": "deleted"}
    header = Element(_tag("header"), deleted)
    SubElement(header, _tag("identifier")).text = f"oai:{context.host}:{module.id}"
    SubElement(header, _tag("datestamp")).text = _stamp(module.updated_at)
    for spec in oai_records.sets_of(module):
        SubElement(header, _tag("setSpec")).text = spec
    return header


def _tag(name: str) -> str:
    return f"{{{OAI}}}{name}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
