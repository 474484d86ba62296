"""What all views of the API share: the blueprint, reading bodies and versions, refusals as problem+json."""

import json
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from flask import Blueprint, Response, abort, jsonify, request
from flask_wtf.csrf import CSRFError
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import WWWAuthenticate

from catalogue.models import TokenScope
from catalogue.services import tokens
from catalogue.services.errors import Invalid, NotAllowed, Refused, Stale
from catalogue.texts import N_, Text
from catalogue.web.auth import current_actor
from catalogue.web.errors import problem
from catalogue.web.languages import show
from catalogue.web.limits import WRITE, limiter
from catalogue.web.requests import SAFE
from catalogue.web.validators import validated

__all__ = ["answer", "body", "bp", "fields_of", "page_of", "required_version", "version_asked"]

bp = Blueprint("api", __name__, url_prefix="/api/v1")
limiter.limit(WRITE, methods=["POST", "PUT", "PATCH", "DELETE"])(bp)
Body = TypeVar("Body", bound=BaseModel)
DOCUMENT = Path(__file__).parent.parent / "openapi.json"
DEEPEST = 20  # levels in a body; ours have three
MOST_PER_PAGE = 100
PER_PAGE = 20

# what a program's author reads for pydantic's kinds of error
SENTENCES = {
    "missing": N_("Diese Angabe fehlt."),
    "string_type": N_("Geben Sie einen Text an."),
    "int_type": N_("Geben Sie eine ganze Zahl an."),
    "int_parsing_size": N_("Diese Zahl ist zu groß."),
    "bool_type": N_("Geben Sie true oder false an."),
    "tuple_type": N_("Geben Sie eine Liste an."),
    "dict_type": N_("Geben Sie ein Objekt an."),
    "model_type": N_("Geben Sie ein Objekt an."),
    "enum": N_("Erlaubt sind: %(expected)s."),
    "date_type": N_("Geben Sie einen Tag als JJJJ-MM-TT an."),
    "date_parsing": N_("Geben Sie einen Tag als JJJJ-MM-TT an."),
    "date_from_datetime_parsing": N_("Geben Sie einen Tag als JJJJ-MM-TT an."),
}
OTHER = N_("Dieser Wert ist nicht möglich.")


@bp.get("/openapi.json")
def openapi() -> Response:
    """Describe the API."""
    return validated(Response(DOCUMENT.read_bytes(), content_type="application/json"))


def body(model: type[Body]) -> Body:
    """Return the request's JSON object as *model*. 415 for other types, 400 for broken JSON and NULs, 422 for wrong fields."""
    if request.mimetype != "application/json":
        abort(415)
    raw = request.get_data(cache=True)
    _check(raw)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise Invalid(fields=fields_of(error)) from error


def _check(raw: bytes) -> None:
    """Refuse what is not a JSON object or holds texts that no database takes: NUL and halves of surrogate pairs."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        abort(400)
    if not isinstance(found, dict):
        abort(400)
    waiting: list[tuple[Any, int]] = [(found, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            if "\0" in value or not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
                abort(400)
        elif isinstance(value, dict | list):
            if depth == DEEPEST:
                abort(400)
            parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
            waiting += [(part, depth + 1) for part in parts]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def fields_of(error: ValidationError) -> dict[str, Text]:
    """Return a sentence for each field that has the wrong shape."""
    found: dict[str, Text] = {}
    for one in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in one["loc"])
        sentence = SENTENCES.get(one["type"], OTHER)
        params = {"expected": one.get("ctx", {}).get("expected", "")} if "%(" in sentence else {}
        found.setdefault(name, Text(sentence, params))
    return found


def version_asked() -> int | None:
    """Return the version in ``If-Match``; None without it or for ``*``, 0 (which matches nothing) for anything else."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    number = given.removeprefix("W/").strip('"').partition("-")[0]  # behind it: what the answer looked like
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0


def required_version() -> int | None:
    """Return the version in ``If-Match``; 428 without it."""
    if not request.headers.get("If-Match", "").strip():
        abort(428)
    return version_asked()


def page_of() -> tuple[int, int]:
    """Return ``page`` and ``per_page`` of the address: 1 and 20 where they are missing or senseless, at most 100 per page."""
    return _number("page", 1, 10_000), _number("per_page", PER_PAGE, MOST_PER_PAGE)


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name, "")
    sensible = text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0
    return min(int(text), most) if sensible else default


def answer(data: dict[str, Any], status: int = 200, version: int | None = None, location: str = "") -> Response:
    """Return *data* as JSON, with the version as ETag and the address of what was made."""
    response = jsonify(data)
    response.status_code = status
    if version is not None:
        response.set_etag(str(version))
    if location:
        response.headers["Location"] = location
    return response


@bp.errorhandler(NotAllowed)
def _not_allowed(error: Refused) -> Response:
    """A program without a token is asked for one; a person without the right, or a token without the scope, is refused."""
    actor = current_actor()
    wanted = TokenScope.READ if request.method in SAFE else TokenScope.WRITE
    if sentence := tokens.lacking(actor, wanted):
        response = problem(403, show(sentence))
        challenge: dict[str, str | None] = {"error": "insufficient_scope", "scope": wanted.value}  # RFC 6750, 3.1
        response.headers["WWW-Authenticate"] = str(WWWAuthenticate("bearer", challenge))
        return response
    return problem(403, show(error.text)) if actor.signed_in else _token_wanted()


@bp.errorhandler(CSRFError)
def _unsafe_without_token(_error: CSRFError) -> Response:
    if current_actor().signed_in:
        return problem(400, show(N_("Änderungen brauchen den Kopf X-CSRFToken oder Authorization: Bearer.")))
    return _token_wanted()


def _token_wanted() -> Response:
    response = problem(401, show(N_("Dafür ist eine Anmeldung nötig")))
    response.headers["WWW-Authenticate"] = str(WWWAuthenticate("bearer"))
    return response


@bp.errorhandler(Stale)
def _stale(error: Stale) -> Response:
    """412 where a version was named in If-Match, else 409; the current version is said, so that the program can go on."""
    status = 412 if request.headers.get("If-Match") else 409
    response = problem(status, show(error.text))
    response.set_data(
        json.dumps({**json.loads(response.get_data()), "version": getattr(error.current, "version", None)})
    )
    return response
