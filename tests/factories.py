"""Plain functions that make one thing each, flushed, with sensible defaults."""

import itertools
from typing import Any

from catalogue.db import Session
from catalogue.models import (
    Company,
    CompanyRole,
    Demand,
    Membership,
    Module,
    NetworkRole,
    Programme,
    Provider,
    Term,
    User,
    Vocabulary,
    WorkflowState,
)
from catalogue.services import demand_events
from catalogue.services.permissions import SYSTEM
from catalogue.services.secrets import hash_password
from catalogue.services.sorting import slugify, sort_key

PASSWORD = "Prüfstand-9-Kabel"
_hash = ""
_count = itertools.count(1)


def password_hash() -> str:
    """The hash of :data:`PASSWORD`, made once per process because it is slow on purpose."""
    global _hash
    _hash = _hash or hash_password(PASSWORD)
    return _hash


def make_company(session: Session, name: str = "", **values: Any) -> Company:
    name = name or f"Firma {next(_count)} GmbH"
    values.setdefault("slug", slugify(name))
    company = Company(name=name, sort_name=sort_key(name), **values)
    session.add(company)
    session.flush()
    return company


def make_user(
    session: Session,
    email: str = "",
    *,
    name: str = "",
    company: Company | None = None,
    role: CompanyRole = CompanyRole.MEMBER,
    network_role: NetworkRole | None = None,
    **values: Any,
) -> User:
    email = email or f"person{next(_count)}@firma.example"
    user = User(
        email=email,
        name=name or email.split("@")[0],
        network_role=network_role,
        password_hash=password_hash(),
        **values,
    )
    user.membership = Membership(company=company, role=role) if company else None
    session.add(user)
    session.flush()
    return user


def make_term(session: Session, vocabulary: Vocabulary, code: str, label: str = "", **values: Any) -> Term:
    term = Term(vocabulary=vocabulary, code=code, label_de=label or code.title(), **values)
    session.add(term)
    session.flush()
    return term


def make_provider(session: Session, name: str = "", **values: Any) -> Provider:
    name = name or f"Akademie {next(_count)}"
    provider = Provider(slug=slugify(name), name=name, sort_name=sort_key(name), **values)
    session.add(provider)
    session.flush()
    return provider


def make_programme(session: Session, name: str = "", **values: Any) -> Programme:
    name = name or f"Programm {next(_count)}"
    programme = Programme(slug=slugify(name), name=name, **values)
    session.add(programme)
    session.flush()
    return programme


def make_module(
    session: Session, title: str = "", *, state: WorkflowState = WorkflowState.PUBLISHED, **values: Any
) -> Module:
    title = title or f"Modul {next(_count)}"
    values.setdefault("slug", slugify(title))
    values.setdefault("terms", [])
    module = Module(title=title, sort_title=sort_key(title), state=state, **values)
    session.add(module)
    session.flush()
    return module


def make_demand(session: Session, company: Company, module: Module, **values: Any) -> Demand:
    """What a company says about a module, with its event; the company need not have an account."""
    made = Demand(company_id=company.id, module_id=module.id, **values)
    session.add(made)
    demand_events.add(session, SYSTEM, made, demand_events.MARKED)
    return made
