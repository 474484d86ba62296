"""Finding modules: the one question that page, API, feeds and mails ask."""

from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from catalogue.db import Session
from catalogue.models import Module, WorkflowState
from catalogue.search.index import SearchIndex
from catalogue.search.results import Hit, Page, Query
from catalogue.services.permissions import Actor

__all__ = ["find"]


def find(session: Session, actor: Actor, index: SearchIndex, query: Query) -> Page:
    """Return one page of published modules for *query*, with facets."""
    public = Module.state == WorkflowState.PUBLISHED
    condition = public & Module.title.ilike(f"%{query.text}%") if query.text else public
    total = session.scalar(select(func.count()).select_from(Module).where(condition)) or 0
    options = [
        selectinload(Module.terms),
        selectinload(Module.provider),
        selectinload(Module.programme),
        selectinload(Module.runs),
    ]
    rows = session.scalars(
        select(Module)
        .where(condition)
        .options(*options)
        .order_by(Module.position)
        .offset((query.page - 1) * query.per_page)
        .limit(query.per_page)
    )
    hits = tuple(Hit(module, Markup.escape(module.title), Markup.escape(module.summary)) for module in rows)
    return Page(query, hits, total, ())
