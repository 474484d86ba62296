"""Who may do what: one table, deny by default. Services call :func:`require`; pages ask :func:`can` only to hide buttons."""

import uuid
from dataclasses import dataclass
from enum import Enum
from typing import Any

from catalogue.models import CompanyRole, NetworkRole, TokenScope
from catalogue.services.errors import NotAllowed
from catalogue.texts import N_

__all__ = ["SYSTEM", "TABLE", "VISITOR", "Actor", "Own", "Who", "can", "require"]


class Who(Enum):
    """Groups of actors. OWN_… means: only for things of the actor's own company (``thing.company_id``)."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed in"
    MEMBER = "member of any company"
    OWN_MEMBER = "member of the company concerned"
    OWN_ADMIN = "admin of the company concerned"
    CURATOR = "curator or network admin"
    NETWORK_ADMIN = "network admin"
    OPERATOR = "whoever runs the machine: the command line"


@dataclass(frozen=True)
class Actor:
    """Who acts: plain values, so that services need neither a web request nor a loaded user."""

    user_id: uuid.UUID | None = None
    label: str = ""
    company_id: uuid.UUID | None = None
    company_name: str = ""
    company_role: CompanyRole | None = None
    network_role: NetworkRole | None = None
    is_system: bool = False  # the command line and the worker
    scope: TokenScope | None = None  # of the token that a program shows; None: a person with a browser
    lacks_second_factor: bool = False  # the token's owner must have one: until then it reads what visitors read

    @property
    def signed_in(self) -> bool:
        """Whether this is a person who signed in."""
        return self.user_id is not None

    @property
    def is_member(self) -> bool:
        """Whether the person belongs to a company."""
        return self.company_id is not None

    @property
    def is_staff(self) -> bool:
        """Whether the person works for the network."""
        return self.network_role is not None


VISITOR = Actor()
SYSTEM = Actor(label="System", is_system=True)

TABLE: dict[str, frozenset[Who]] = {
    verb: frozenset(who)
    for verb, who in {
        # catalogue
        "catalogue.search": [Who.ANYBODY],
        "module.see_unpublished": [Who.CURATOR],
        "module.edit": [Who.CURATOR],
        "module.publish": [Who.CURATOR],
        "module.history": [Who.CURATOR],
        "module.confirm": [Who.CURATOR],
        "module.import": [Who.CURATOR],
        "module.merge": [Who.CURATOR],
        "source.edit": [Who.CURATOR],
        "measure.edit": [Who.CURATOR],
        "run.edit": [Who.CURATOR],
        "run.ask": [Who.CURATOR],
        "run.commit": [Who.OWN_MEMBER, Who.CURATOR],
        "provider.edit": [Who.CURATOR],
        "vocabulary.edit": [Who.CURATOR],
        "search.gaps": [Who.CURATOR],
        "synonym.edit": [Who.CURATOR],
        "catalogue.load": [Who.NETWORK_ADMIN],
        # what companies say
        "demand.see": [Who.OWN_MEMBER, Who.CURATOR],
        "demand.edit": [Who.OWN_MEMBER, Who.CURATOR],
        "demand.see_others": [Who.CURATOR],
        "demand.on_behalf": [Who.CURATOR],
        "interest.see": [Who.MEMBER, Who.CURATOR],
        "feedback.write": [Who.OWN_MEMBER],
        "feedback.see": [Who.OWN_MEMBER, Who.CURATOR],
        "feedback.answer": [Who.CURATOR],
        "feedback.moderate": [Who.CURATOR],
        "swot.edit": [Who.CURATOR],
        "swot.read": [Who.MEMBER, Who.CURATOR],
        "wish.see_list": [Who.MEMBER, Who.CURATOR],
        "wish.write": [Who.OWN_MEMBER, Who.CURATOR],
        "wish.support": [Who.OWN_MEMBER],
        "wish.answer": [Who.CURATOR],
        "cooperation.write": [Who.OWN_MEMBER, Who.CURATOR],
        "cooperation.plan": [Who.CURATOR],
        "company.home": [Who.MEMBER],
        # planning
        "report.see": [Who.CURATOR],
        "decision.see": [Who.CURATOR],
        "decision.edit": [Who.CURATOR],
        "action.see": [Who.CURATOR],
        "action.edit": [Who.CURATOR],
        "report.freeze": [Who.CURATOR],
        "report.share": [Who.CURATOR],
        "retreat.moderate": [Who.CURATOR],
        # people
        "account.own": [Who.SIGNED_IN],
        "bookmark.own": [Who.SIGNED_IN],
        "search.own": [Who.SIGNED_IN],
        "company.see_people": [Who.OWN_MEMBER, Who.CURATOR],
        "company.invite": [Who.OWN_ADMIN, Who.NETWORK_ADMIN],
        "company.edit_people": [Who.OWN_ADMIN, Who.NETWORK_ADMIN],
        "company.edit_profile": [Who.OWN_ADMIN, Who.NETWORK_ADMIN],
        "company.share_calendar": [Who.OWN_ADMIN],
        "company.list": [Who.CURATOR],
        "company.create": [Who.NETWORK_ADMIN],
        "user.administer": [Who.NETWORK_ADMIN],
        "audit.see": [Who.NETWORK_ADMIN],
        "outbox.see": [Who.NETWORK_ADMIN],
        # running it
        "operation.switch": [Who.NETWORK_ADMIN],
        "operation.maintain": [Who.OPERATOR],
    }.items()
}


def can(actor: Actor, verb: str, thing: Any = None) -> bool:
    """Return whether *actor* may do *verb* with *thing* (its ``company_id`` decides the OWN_ rules). Unknown verbs raise KeyError."""
    allowed = TABLE[verb]
    if actor.is_system:
        return True
    return any(_belongs(actor, who, thing) for who in allowed)


def _belongs(actor: Actor, who: Who, thing: Any) -> bool:
    own = actor.company_id is not None and getattr(thing, "company_id", None) == actor.company_id
    return {
        Who.ANYBODY: True,
        Who.SIGNED_IN: actor.signed_in,
        Who.MEMBER: actor.is_member,
        Who.OWN_MEMBER: own,
        Who.OWN_ADMIN: own and actor.company_role == CompanyRole.ADMIN,
        Who.CURATOR: actor.is_staff,
        Who.NETWORK_ADMIN: actor.network_role == NetworkRole.ADMIN,
        Who.OPERATOR: actor.is_system,
    }[who]


def require(actor: Actor, verb: str, thing: Any = None) -> None:
    """Raise :class:`NotAllowed` unless *actor* may do *verb* with *thing*."""
    if not can(actor, verb, thing):
        raise NotAllowed(N_("Dafür fehlt Ihnen die Berechtigung."))


@dataclass(frozen=True)
class Own:
    """Stands for anything of one company, where no such thing exists yet: ``require(actor, "demand.edit", Own(company_id))``."""

    company_id: uuid.UUID | None
