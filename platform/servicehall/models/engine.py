"""How a database is opened: SQLite durable and explicit about who writes, PostgreSQL with limited waits."""

from __future__ import annotations

import json
import logging
from threading import Lock
from typing import Any, NoReturn

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import OperationalError

from servicehall.errors import Unavailable
from servicehall.models.base import only_reads
from servicehall.texts import _

log = logging.getLogger("servicehall.database")


def engine_options(url: str, *, lock_timeout: float) -> dict[str, Any]:
    """Keyword arguments for `create_engine`; pair with `prepare_engine`. `lock_timeout` is in seconds."""
    common: dict[str, Any] = {
        "json_serializer": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        "pool_size": 20,
        "max_overflow": 20,
        "hide_parameters": True,  # they are people's answers; errors go to the log
    }
    if url.startswith("sqlite"):
        return common | {"connect_args": {"isolation_level": None, "timeout": lock_timeout}}
    options = f"-c lock_timeout={int(lock_timeout * 1000)} -c timezone=UTC"
    return common | {"pool_pre_ping": True, "connect_args": {"options": options, "connect_timeout": 5}}


def prepare_engine(engine: Engine, *, synchronous: str = "FULL", lock_timeout: float = 10) -> Engine:
    """Teach an engine our rules: durable SQLite, explicit transactions, one error when out of reach."""
    event.listen(engine, "handle_error", _unavailable)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, synchronous, lock_timeout)
    else:
        event.listen(engine, "begin", _begin_elsewhere)
    return engine


def _prepare_sqlite(engine: Engine, synchronous: str, lock_timeout: float) -> None:
    """Writers of this process queue at a lock of ours: SQLite's own waiters poll, and the unlucky one starves."""
    turn = Lock()

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
        if only_reads():
            connection.exec_driver_sql("BEGIN")
            return
        if not turn.acquire(timeout=lock_timeout):
            _refuse("database is locked by this process")
        connection.info["turn"] = turn
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            _end_turn(connection.info)
            raise

    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def end(connection: Connection) -> None:
        _end_turn(connection.info)

    @event.listens_for(engine, "checkin")
    def returned(connection: Any, record: Any) -> None:
        _end_turn(record.info)


def _end_turn(info: dict[Any, Any]) -> None:
    turn = info.pop("turn", None)
    if turn is not None:
        turn.release()


def _begin_elsewhere(connection: Connection) -> None:
    connection.info["reading"] = only_reads()


SQLITE_UNAVAILABLE = ("locked", "unable to open", "readonly", "disk is full", "disk I/O")
POSTGRES_UNAVAILABLE = ("08", "25006", "40", "53", "55P03", "57P", "58")


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
        _refuse(str(error).strip().splitlines()[0])


def _refuse(why: str) -> NoReturn:
    log.warning("the database cannot be used: %s", why)
    raise Unavailable(_("The database cannot be used just now. Nothing was changed; try again in a minute."))
