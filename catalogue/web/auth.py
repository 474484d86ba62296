"""Who is asking: the signed cookie holds a random token, the table ``user_session`` holds the sign-in."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask import Response as FlaskResponse
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.wrappers import Response

from catalogue.db import DBAPIError, Session
from catalogue.models import TokenScope, User, UserSession
from catalogue.services import audit, privacy_notice, sessions, tokens
from catalogue.services.errors import NotAllowed
from catalogue.services.permissions import VISITOR, Actor, can
from catalogue.settings import Settings
from catalogue.texts import N_
from catalogue.web.back import referring_path
from catalogue.web.notices import show_notice
from catalogue.web.requests import SAFE, database, db_session

BY_ADDRESS = {
    "searches.unsubscribe",
    "digests.unsubscribe",
}  # the signed address itself is the proof; mail programs post to it without a page
ASKED_BY_POST = {"exchange.harvest"}  # the protocol asks so; nothing can be changed there
PROOF = "proof"  # in the session: an account elsewhere
ELSEWHERE = "elsewhere"  # in the session: this sign-in came from the OpenID provider
STRONG = "strong"  # … and what it asked there counts as second factor
P = ParamSpec("P")
R = TypeVar("R")
log = structlog.get_logger(__name__)

login_manager = LoginManager()
login_manager.session_protection = None  # 0.6.3 trusts X-Forwarded-For for it; the session table protects
csrf = CSRFProtect()


class SignedIn(UserMixin):
    """What Flask-Login keeps: the sign-in's token, never the user's id."""

    def __init__(self, token: str, found: UserSession) -> None:
        self.token = token
        self.session_id = found.id
        self.confirmed_at = found.confirmed_at
        self.user = found.user
        self.actor = sessions.actor_of(found.user)

    def get_id(self) -> str:
        """Return the token that the cookie holds."""
        return self.token


def init(app: Flask) -> None:
    """Set up Flask-Login and CSRF protection."""
    login_manager.init_app(app, add_context_processor=False)  # pages about a lost database must not ask it who is there
    login_manager.user_loader(_load)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # _guard checks: nothing can be exempted but requests with a token
    csrf.init_app(app)
    app.before_request(_guard)
    app.after_request(_record_refusal)
    app.jinja_env.globals.update(actor=current_actor, can=can_now, signed_in_user=signed_in_user)


def settings() -> Settings:
    """Return the application's settings."""
    return cast(Settings, current_app.extensions["settings"])


def _load(token: str) -> SignedIn | None:
    found = sessions.resume(db_session(), settings(), token)
    if found is None:
        return None
    if sessions.is_due(found) and request.method in SAFE:
        _note(lambda writing: sessions.touch(writing, found.id))
    if request.method in SAFE and sessions.has_other_rights(found):  # a refused change would roll it back
        made: list[str | None] = []
        _note(lambda writing: made.append(sessions.renew(writing, found.id)))
        token = keep_token(made[0]) if made and made[0] else token
    return SignedIn(token, found)


def keep_token(token: str) -> str:
    """Let this browser show *token* from now on."""
    session["_user_id"] = token  # where Flask-Login keeps what get_id() gave
    return token


def renew_sign_in() -> None:
    """Give this browser's sign-in another token; whoever knows the one before has nothing any more."""
    if token := sessions.renew(db_session(), current_user.session_id):
        current_user.token = keep_token(token)


def _note(change: Callable[[Session], None]) -> None:
    """Write something that may as well be missed: a busy database must not keep anybody from reading."""
    try:
        with database().jot() as writing:
            change(writing)
    except DBAPIError:
        log.warning("last use not noted", exc_info=True)


def _record_refusal(response: FlaskResponse) -> FlaskResponse:
    """Leave a trace in the record when somebody who signed in was refused something."""
    actor = current_actor() if g.get("refused") else VISITOR
    if actor.signed_in:
        db_session().rollback()  # gives the write lock back; nothing of a refused request is kept anyway
        try:
            with database().write() as writing:
                audit.record_refusal(writing, actor, request.endpoint or "")
        except DBAPIError:
            log.warning("refusal not recorded", exc_info=True)
    return response


def _guard() -> None:
    """Programs show a token; browsers prove that an unsafe request comes from a page of this site."""
    if authenticate_bearer() or request.endpoint in BY_ADDRESS | ASKED_BY_POST:
        return
    _same_origin()
    if request.endpoint:  # an address that does not exist is a 404, whatever was sent there
        csrf.protect()


def authenticate_bearer() -> bool:
    """Set the actor of an API request from ``Authorization: Bearer``; return whether there is one, abort with 401 if it is worth nothing.

    A browser never sends this header by itself, so such requests need no CSRF token; the cookie is not looked at.
    This is where scopes hold: the least one has no person's rights, and none but the widest sends anything but reading.
    """
    if not request.path.startswith("/api/") or "Authorization" not in request.headers:
        return False
    token = _bearer()
    found = tokens.resume(db_session(), token) if token else None
    if found is None:
        abort(401, www_authenticate=WWWAuthenticate("bearer", {"error": "invalid_token"}))
    g.actor = tokens.actor_of(settings(), found)
    if request.method not in SAFE and (sentence := tokens.lacking(g.actor, TokenScope.WRITE)):
        raise NotAllowed(sentence)
    if tokens.is_due(found) and request.method in SAFE:
        _note(lambda writing: tokens.touch(writing, found.id))
    elif request.method not in SAFE:
        tokens.touch(db_session(), found.id)
    return True


def _bearer() -> str | None:
    """Return the token that is shown, if it is one."""
    try:
        given = request.authorization
    except ValueError:  # Werkzeug trips over "Basic" with letters beyond ASCII
        return None
    return given.token if given is not None and given.type == "bearer" else None


def _same_origin() -> None:
    """Refuse unsafe requests that a browser marks as coming from another site (in addition to the CSRF token)."""
    if request.method in SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site", "")
    if site == "cross-site" or not _is_own(request.headers.get("Origin", ""), site):
        abort(400)


def _is_own(origin: str, site: str) -> bool:
    """Whether *origin* is this site. Some browsers hide it ("null") even from their own site but say so in *site*."""
    if origin in ("", "null"):
        return origin == "" or site == "same-origin"
    try:
        return urlsplit(origin).netloc in (request.host, urlsplit(settings().base_url).netloc)
    except ValueError:
        return False


def current_actor() -> Actor:
    """Return who asks: a person who signed in (cookie or API token), else the visitor."""
    if "actor" in g:
        return cast(Actor, g.actor)
    return cast(Actor, current_user.actor) if current_user.is_authenticated else VISITOR


def signed_in_user() -> User | None:
    """Return the person who signed in with this browser."""
    return cast(User, current_user.user) if current_user.is_authenticated else None


def can_now(verb: str, thing: Any = None) -> bool:
    """For templates: whether the current actor may do *verb*, to decide what to offer (never the control itself)."""
    return can(current_actor(), verb, thing)


def allow(verb: str) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Let only actors in who may do *verb*; visitors are sent to sign in and come back afterwards."""

    def decorate(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            actor = current_actor()
            if can(actor, verb):
                return view(*args, **kwargs)
            if not actor.signed_in:
                return sign_in_first()
            raise NotAllowed(N_("Dafür fehlt Ihnen die Berechtigung."))

        return guarded

    return decorate


def sign_in_first() -> Response:
    """Send a visitor to the sign-in page and remember where they wanted to go."""
    target = request.full_path.rstrip("?") if request.method in SAFE else referring_path() or "/"
    return redirect(url_for("accounts.login", next=target), 303)


def sign_in(user: User, confirmed_at: datetime | None = None) -> None:
    """Start a fresh sign-in for *user* in this browser; an older one in the same browser ends.

    *confirmed_at*: when the person last proved to be themselves, if that was not just now.
    """
    start_afresh()
    browser = request.user_agent.string
    token = sessions.start(db_session(), settings(), user, request.remote_addr or "", browser, confirmed_at)
    found = sessions.resume(db_session(), settings(), token)
    if found is None:
        raise NotAllowed(N_("Dieses Konto ist gesperrt."))
    session.permanent = True
    login_user(SignedIn(token, found))
    if privacy_notice.show_new(db_session(), found.user):
        show_notice(url_for("pages.privacy"))


def start_afresh() -> None:
    """End what was in this browser but what is on its way: an account elsewhere that waits to be connected."""
    kept = {name: session[name] for name in (PROOF, ELSEWHERE) if name in session}
    sign_out()
    session.update(kept)


def sign_out() -> None:
    """End this browser's sign-in at the server, too."""
    if current_user.is_authenticated:
        sessions.end(db_session(), current_user.get_id())
        logout_user()
    session.clear()
