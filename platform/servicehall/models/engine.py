"""How a database is opened: SQLite durable and explicit about who writes, PostgreSQL with limited waits."""

from __future__ import annotations

import json
import logging
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import OperationalError

from ..errors import Unavailable
from ..texts import _
from .base import only_reads

log = logging.getLogger("servicehall.database")


def engine_options(url: str, *, lock_timeout: float) -> dict[str, Any]:
    """Keyword arguments for `create_engine`; pair with `prepare_engine`. `lock_timeout` is in seconds."""
    common: dict[str, Any] = {
        "json_serializer": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        "pool_size": 20,
        "max_overflow": 20,
    }
    if url.startswith("sqlite"):
        return common | {"connect_args": {"isolation_level": None, "timeout": lock_timeout}}
    options = f"-c lock_timeout={int(lock_timeout * 1000)} -c timezone=UTC"
    return common | {"pool_pre_ping": True, "connect_args": {"options": options, "connect_timeout": 5}}


def prepare_engine(engine: Engine, *, synchronous: str = "FULL") -> Engine:
    """Teach an engine our rules: durable SQLite, explicit transactions, one error when out of reach."""
    event.listen(engine, "handle_error", _unavailable)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, synchronous)
    else:
        event.listen(engine, "begin", _begin_elsewhere)
    return engine


def _prepare_sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.info["reading"] = only_reads()
        connection.exec_driver_sql("BEGIN" if only_reads() else "BEGIN IMMEDIATE")


def _begin_elsewhere(connection: Connection) -> None:
    connection.info["reading"] = only_reads()


SQLITE_UNAVAILABLE = ("locked", "unable to open", "readonly", "disk is full", "disk I/O")
POSTGRES_UNAVAILABLE = ("08", "40", "53", "55P03", "57P", "58")


def _unavailable(context: ExceptionContext) -> None:
    """Locked, gone, full or read-only becomes `Unavailable`, which says so and is safe to repeat."""
    error = context.original_exception
    state = getattr(error, "sqlstate", None)
    temporary = (
        context.is_disconnect
        or (state is not None and state.startswith(POSTGRES_UNAVAILABLE))
        or (state is None and any(text in str(error) for text in SQLITE_UNAVAILABLE))
        or (context.connection is None and isinstance(context.sqlalchemy_exception, OperationalError))
    )
    if temporary and not context.is_pre_ping:
        log.warning("the database cannot be used: %s", str(error).strip().splitlines()[0])
        raise Unavailable(_("The database cannot be used just now. Nothing was changed; try again in a minute."))
