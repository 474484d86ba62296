"""What outside forms say of a published module, worked out once: plain text, mode, duration, price, dates. Nothing is invented.

What the source does not say stays None or empty here; each form leaves it out, and :mod:`catalogue.services.exchange.readiness`
names it.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import quote, urlsplit, urlunsplit

from catalogue.models import Module, Run, RunState, Vocabulary
from catalogue.services.reports import today

__all__ = ["Facts", "Mode", "as_uri", "facts_of"]

SHOWN_STATES = (RunState.PLANNED, RunState.CONFIRMED, RunState.FULL)
# the codes of ISO 639-1: other catalogues refuse a document with any other
_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga
gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu
lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so
sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
LANGUAGES = frozenset(_CODES.split())
_MARKUP = re.compile(r"[*_`#>]+|^\s*[-+]\s+|\[([^\]]*)\]\([^)]*\)", re.MULTILINE)
_KEPT = "%/:?#[]@!$&'()*+,;=~"  # in a path, query or fragment these mean what they are


class Mode(StrEnum):
    """Where people learn."""

    ONLINE = "online"
    ONSITE = "onsite"
    BLENDED = "blended"


@dataclass(frozen=True)
class Facts:
    """``minutes``: of teaching; ``free``: None if the source does not say; ``runs``: from today on, not cancelled, by day."""

    module: Module
    url: str
    description: str
    provider: str
    provider_url: str
    keywords: tuple[str, ...]
    mode: Mode | None
    minutes: int | None
    free: bool | None
    price: str
    audience: str
    level: str
    certificates: tuple[str, ...]
    languages: tuple[str, ...]
    runs: tuple[Run, ...]

    @property
    def duration(self) -> str:
        """The teaching time as ISO 8601 in hours and minutes, "" if it is not known. Days of learning are no calendar days."""
        hours, minutes = divmod(self.minutes or 0, 60)
        return ("PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")) if self.minutes else ""


def facts_of(module: Module, base_url: str, day: date | None = None) -> Facts:
    """Return the facts of *module* (loaded as by ``modules.get``), with addresses below *base_url*, and runs from *day* on (today)."""
    provider = module.provider
    free = _is_free(module)
    return Facts(
        module=module,
        url=f"{base_url.rstrip('/')}/modules/{module.slug}",
        description=_description(module),
        provider=provider.name if provider else module.provider_text,
        provider_url=as_uri(provider.website) if provider else "",
        keywords=_keywords(module),
        mode=_mode(module),
        minutes=module.duration_minutes,
        free=free,
        price="0" if free else str(module.price_amount or ""),
        audience=module.audience_text or ", ".join(_labels(module, Vocabulary.AUDIENCE)),
        level=f"DQR {module.dqr}" if module.dqr else module.level_text or ", ".join(_labels(module, Vocabulary.LEVEL)),
        certificates=tuple(_labels(module, Vocabulary.CERTIFICATE)),
        languages=tuple(code for code in module.languages if code in LANGUAGES),
        runs=tuple(_coming(module, day or today())),
    )


def _description(module: Module) -> str:
    """The longest plain text that there is, objectives and contents behind it; at least a sentence from title and provider."""
    said = [plain(module.description) or plain(module.summary)]
    said += [". ".join(map(plain, some)) for some in (module.objectives, module.contents) if some]
    text = " ".join(part for part in said if part).strip()
    offered = f" – {module.provider_text}" if module.provider_text else ""
    return text or f"{module.title}{offered}"


def plain(text: str) -> str:
    """Return Markdown as one line of plain text."""
    return " ".join(_MARKUP.sub(r"\1", text).split())


def as_uri(url: str) -> str:
    """Return *url* with nothing but the characters of a URI (RFC 3986): hosts with umlauts in their ASCII form; "" if that cannot be."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, host, *(quote(part, safe=_KEPT) for part in parts[2:])))


def _keywords(module: Module) -> tuple[str, ...]:
    named = [
        *_labels(module, Vocabulary.TOPIC),
        *_labels(module, Vocabulary.LEGAL_FRAME),
        *_labels(module, Vocabulary.HV_LEVEL),
    ]
    return tuple(dict.fromkeys([*named, *([f"DQR {module.dqr}"] if module.dqr else []), "Batterie"]))


def _labels(module: Module, vocabulary: Vocabulary) -> list[str]:
    return [term.label() for term in module.terms_of(vocabulary)]


FORMATS = {
    "online": Mode.ONLINE, "webinar": Mode.ONLINE, "selbstlern": Mode.ONLINE, "praesenz": Mode.ONSITE, "praxis": Mode.ONSITE,
    "inhouse": Mode.ONSITE, "fachtagung": Mode.ONSITE, "planspiel": Mode.ONSITE, "blended": Mode.BLENDED, "hybrid": Mode.BLENDED,
}  # fmt: skip


def _mode(module: Module) -> Mode | None:
    """By the formats of the module, else by where its runs are; both ways together are blended."""
    found = {FORMATS[term.code] for term in module.terms_of(Vocabulary.FORMAT) if term.code in FORMATS}
    found = found or {Mode.ONLINE if run.online else Mode.ONSITE for run in module.runs if run.online or run.place}
    return next(iter(found)) if len(found) == 1 else Mode.BLENDED if found else None


PRICES = ("kostenlos", "kostenpflichtig")


def _is_free(module: Module) -> bool | None:
    codes = {term.code for term in module.terms_of(Vocabulary.PRICE)}
    if module.price_amount is not None:
        return not module.price_amount
    return next((code == PRICES[0] for code in PRICES if code in codes), None)


def _coming(module: Module, day: date) -> list[Run]:
    return sorted(
        (run for run in module.runs if run.last_day >= day and run.state in SHOWN_STATES), key=lambda run: run.starts_on
    )
