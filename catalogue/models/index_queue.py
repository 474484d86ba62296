"""The log of changes that search indexes follow."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.functions import FunctionElement

from catalogue.db import Base, utcnow

__all__ = ["IndexQueue"]


class _CurrentTransaction(FunctionElement[int]):
    """PostgreSQL's number of the transaction that writes; 0 on SQLite, where one writes at a time."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(_CurrentTransaction)
def _elsewhere(_element: object, _compiler: object, **_options: Any) -> str:
    return "0"


@compiles(_CurrentTransaction, "postgresql")
def _on_postgresql(_element: object, _compiler: object, **_options: Any) -> str:
    return "pg_current_xact_id()::text::bigint"


class IndexQueue(Base):
    """A module that changed. Written in the same transaction as the change; no foreign key, the module may be gone.

    Every index reads it by itself (``search/changes.py``); ``transaction_id`` tells it whether earlier rows may still appear.
    """

    __tablename__ = "index_queue"
    __table_args__ = (sa.Index(None, "transaction_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    module_id: Mapped[uuid.UUID]
    queued_at: Mapped[datetime] = mapped_column(default=utcnow)
    transaction_id: Mapped[int] = mapped_column(sa.BigInteger, default=_CurrentTransaction(), server_default="0")
