"""What a course of schema.org says, as values of a module by the keys of the columns. What it does not say is left out."""

import html
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urldefrag, urljoin

from catalogue.services import durations
from catalogue.services.course_pages import Node, many
from catalogue.services.findings import is_web_address, one_line
from catalogue.services.module_rules import LENGTHS, LONGEST_ENTRY, LONGEST_LIST, LONGEST_TEXT

__all__ = ["identity_of", "values_of"]

SUMMARY_LENGTH = 300
_BREAK = re.compile(r"<(?:br|/p|/div|/h[1-6]|/ul|/ol|/tr)\b[^<>]{0,500}>", re.I)
_ITEM = re.compile(r"<li\b[^<>]{0,500}>", re.I)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ISO = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:\d{1,6}S)?)?")  # fmt: skip
_UNITS = (("Jahr", "Jahre"), ("Monat", "Monate"), ("Woche", "Wochen"), ("Tag", "Tage"), ("Stunde", "Stunden"), ("Minute", "Minuten"))  # fmt: skip
MODES = {
    "online": "Online", "onlineeventattendancemode": "Online", "distance": "Online", "remote": "Online", "onsite": "Präsenz",
    "on-site": "Präsenz", "offline": "Präsenz", "in-person": "Präsenz", "offlineeventattendancemode": "Präsenz",
    "face-to-face": "Präsenz", "blended": "Blended Learning", "hybrid": "Präsenz und online",
    "mixedeventattendancemode": "Präsenz und online",
}  # fmt: skip
LANGUAGES = {"german": "de", "deutsch": "de", "english": "en", "englisch": "en"}


def identity_of(course: Node, url: str) -> str:
    """Return what stays the same when the course is edited: its identifier, address or number; "" if it has none."""
    for key in ("@id", "identifier", "courseCode", "url"):
        for value in many(course.get(key)):
            told = _text(value.get("value") if isinstance(value, dict) and "value" in value else value)
            if told and not told.startswith("_:"):
                return f"{key} {_joined(url, told) if key in ('@id', 'url') else told}"[:2000]
    return ""


def values_of(course: Node, url: str) -> dict[str, Any]:
    """Return the values of a course that was read at *url*; ``provider_text`` is the name of who offers it."""
    instances = [one for one in many(course.get("hasCourseInstance")) if isinstance(one, dict)]
    description = _long(course.get("description"))
    values: dict[str, Any] = {
        "title": one_line(_text(course.get("name"))),
        "summary": one_line(_text(course.get("abstract"))) or shortened(description),
        "description": description if len(description) > SUMMARY_LENGTH or "\n" in description else "",
        "objectives": _entries(course.get("teaches")),
        "contents": _entries([*many(course.get("syllabusSections")), *many(course.get("hasPart"))]),
        "prerequisites": "\n".join(_entries([*many(course.get("coursePrerequisites")), *many(course.get("competencyRequired"))])),
        "audience_text": ", ".join(_entries(course.get("audience"))),
        "level_text": ", ".join(_entries(course.get("educationalLevel"))),
        "certificate_text": ", ".join(_entries(course.get("educationalCredentialAwarded"))),
        "languages": _languages([course, *instances]),
        "format_text": ", ".join(_modes(instances)),
        "place_text": ", ".join(_places(instances)),
        "max_participants": _most([*instances, course]),
        "provider_text": _provider(course, instances),
        "source_url": _address(course, url),
    }  # fmt: skip
    values |= _duration(course, instances) | _price([course, *instances])
    return {key: _cut(key, value) for key, value in values.items() if value not in (None, "", [])}


def shortened(text: str) -> str:
    """Return the beginning of *text* as one line: whole sentences, else whole words, at most 300 characters."""
    line = one_line(re.sub(r"\s*\n- ", "; ", re.sub(r"(?<=[.:;!?])\s*\n- ", " ", text)))
    if len(line) <= SUMMARY_LENGTH:
        return line
    head = line[:SUMMARY_LENGTH]
    stop = max(head.rfind(". "), head.rfind("? "), head.rfind("! "))
    return head[: stop + 1] if stop > SUMMARY_LENGTH // 3 else head[: head.rfind(" ")].rstrip(" ,;") + " …"


def _cut(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return value[: LENGTHS.get(key, LONGEST_TEXT)]
    if isinstance(value, list):
        return [entry[:LONGEST_ENTRY] for entry in value[:LONGEST_LIST]]
    return value


def _text(value: Any) -> str:
    """Return the words of a value in German if it has several languages; a thing is called by its name."""
    told = [one for one in many(value) if one is not None]
    wording = [one for one in told if isinstance(one, dict) and "@value" in one]
    if wording:
        by_language = {str(one.get("@language", ""))[:2].lower(): one["@value"] for one in reversed(wording)}
        return _plain(by_language.get("de", by_language.get("", next(iter(by_language.values())))))
    if told and isinstance(told[0], dict):
        named = (told[0].get(key) for key in ("name", "targetName", "audienceType", "educationalRole", "alternateName"))
        return next((text for one in named if one and (text := _text(one))), "")
    return _plain(told[0]) if told else ""


def _plain(value: Any) -> str:
    """Return text without markup; entities that were escaped once too often are read, too."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = html.unescape(str(value))
    if "<" in text:
        text = html.unescape(_TAG.sub(" ", _BREAK.sub("\n", _ITEM.sub("\n- ", text))))
    lines = (
        " ".join(line.split()) for line in _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _long(value: Any) -> str:
    """Return a text that Markdown shows as it is."""
    return re.sub(r"([*`\[\]\\_])", r"\\\1", _text(value))


def _entries(value: Any) -> list[str]:
    """Return the words of each part."""
    return list(dict.fromkeys(text for one in many(value) if (text := one_line(_text(one)))))


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _address(course: Node, url: str) -> str:
    """Return where the course is described; the page itself if it does not say."""
    for key in ("url", "@id", "mainEntityOfPage"):
        for value in many(course.get(key)):
            told = value.get("@id") if isinstance(value, dict) else value
            if isinstance(told, str) and told and is_web_address(address := _joined(url, told)):
                return address if key != "@id" or urldefrag(address)[0] != urldefrag(url)[0] else url
    return url


def _provider(course: Node, instances: list[Node]) -> str:
    told = (
        one_line(_text(node.get(key)))
        for node in (course, *instances)
        for key in ("provider", "organizer", "publisher")
    )
    return next((name for name in told if name and not is_web_address(name)), "")


def _languages(nodes: list[Node]) -> list[str]:
    found = []
    for one in (one for node in nodes for one in many(node.get("inLanguage"))):
        words = [one.get("alternateName"), one.get("identifier"), one.get("name")] if isinstance(one, dict) else [one]
        for word in (_text(word).lower() for word in words):
            code = LANGUAGES.get(word, word[:2] if re.fullmatch(r"[a-z]{2}(?:[-_].*)?", word) else "")
            if code:
                found.append(code)
                break
    return sorted(set(found))


def _modes(instances: list[Node]) -> list[str]:
    told = (
        _text(mode) for one in instances for key in ("courseMode", "eventAttendanceMode") for mode in many(one.get(key))
    )
    words = (MODES.get(re.split(r"[/#]", mode)[-1].lower(), mode) for mode in told if mode)
    return list(dict.fromkeys(words))


def _places(instances: list[Node]) -> list[str]:
    found = []
    for place in (place for one in instances for place in many(one.get("location"))):
        if isinstance(place, dict):
            if "VirtualLocation" in many(place.get("@type")):
                continue
            address = next(iter(many(place.get("address"))), None)
            town = _text(address.get("addressLocality")) if isinstance(address, dict) else _text(address)
            name = _text(place.get("name"))
            found.append(", ".join(part for part in (name, "" if town and town in name else town) if part))
        else:
            found.append(_text(place))
    return list(dict.fromkeys(one_line(place) for place in found if place))


def _most(nodes: list[Node]) -> int | None:
    told = {_text(one) for node in nodes for one in many(node.get("maximumAttendeeCapacity"))}
    return int(only) if len(told) == 1 and re.fullmatch(r"\d{1,4}", only := told.pop()) and int(only) else None


def _duration(course: Node, instances: list[Node]) -> dict[str, Any]:
    """Return wording and, if it is clear, minutes: of the course itself, else of its dates if they agree."""
    own = [_length(course.get(key)) for key in ("timeRequired", "courseWorkload", "duration")]
    told = [text for text in own if text] or [_workload(one) for one in instances]
    texts = list(dict.fromkeys(text for text in told if text))
    if not texts:
        return {}
    text = texts[0] if any(own) or len(texts) == 1 else " bzw. ".join(texts)
    return {"duration_text": text, "duration_minutes": _minutes(text)}


def _workload(instance: Node) -> str:
    for key in ("courseWorkload", "timeRequired", "duration"):
        if text := _length(instance.get(key)):
            return text
    for schedule in (one for one in many(instance.get("courseSchedule")) if isinstance(one, dict)):
        if text := _length(schedule.get("duration")):
            times = _text(schedule.get("repeatCount"))
            return f"{times} × {text}" if re.fullmatch(r"[1-9]\d{0,3}", times) and times != "1" else text
    return ""


def _minutes(text: str) -> int | None:
    times, _, rest = text.rpartition(" × ")
    whole = re.fullmatch(r"(\d+) Stunden? (\d+) Minuten?", rest)
    one = int(whole[1]) * 60 + int(whole[2]) if whole else durations.minutes(rest)
    return one * int(times) if one and times else one


def _length(value: Any) -> str:
    """Return "PT16H" as "16 Stunden"; other words as they are."""
    text = one_line(_text(value))
    found = _ISO.fullmatch(text)
    if not found:
        return text
    parts = [(int(count), names) for count, names in zip(found.groups(), _UNITS, strict=True) if count and int(count)]
    return " ".join(f"{count} {names[count != 1]}" for count, names in parts)


def _price(nodes: Iterable[Node]) -> dict[str, Any]:
    """Return wording and, if there is exactly one in euros, the amount."""
    found: list[tuple[Decimal | None, str]] = []
    for offer in (offer for node in nodes for offer in many(node.get("offers")) if isinstance(offer, dict)):
        inner = next((one for one in many(offer.get("priceSpecification")) if isinstance(one, dict)), {})
        currency = _text(offer.get("priceCurrency") or inner.get("priceCurrency")).upper() or "EUR"
        amounts = [_amount(offer.get(key, inner.get(key))) for key in ("price", "lowPrice", "highPrice")]
        stated = [amount for amount in amounts if amount is not None]
        if len(stated) == 2 and amounts[0] is None:
            found.append((None, f"{_german(stated[0])} bis {_german(stated[1])} {currency}"))
        elif stated:
            free = stated[0] == 0
            found.append(
                (stated[0] if currency == "EUR" else None, "kostenfrei" if free else f"{_german(stated[0])} {currency}")
            )
        elif _text(offer.get("category")).lower() == "free":
            found.append((Decimal(0), "kostenfrei"))
    if not found:
        return {}
    texts, told = list(dict.fromkeys(text for _, text in found)), {amount for amount, _ in found}
    only = told.pop() if len(told) == 1 else None
    return {"price_text": " bzw. ".join(texts), "price_amount": None if only is None else f"{only:.2f}"}


def _amount(value: Any) -> Decimal | None:
    """Return "1.490,00", "1490.00" and 1490 as the same amount."""
    text = re.sub(r"[\s\u00a0€]|EUR", "", _text(value))
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?|\d{1,7},\d{1,2}", text):
        text = text.replace(".", "").replace(",", ".")
    try:
        return Decimal(text) if re.fullmatch(r"\d{1,7}(?:\.\d{1,4})?", text) else None
    except InvalidOperation:
        return None


def _german(amount: Decimal) -> str:
    whole, cents = f"{amount:.2f}".split(".")
    grouped = f"{int(whole):,}".replace(",", ".")
    return grouped if cents == "00" else f"{grouped},{cents}"
