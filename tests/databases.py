"""The databases that tests run on: made and migrated once for each test process, and clean for each test.

What many tests begin with (a company, its catalogs) is made once for each database, kept beside it, and brought back.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, event, func, select

from servicehall import create_app
from servicehall.config import Settings
from servicehall.models.base import db, only_reads
from servicehall.models.log import EventRow
from servicehall.services import replay
from servicehall.web.roles import upgrade_database

SECRET = "a-key-for-tests-only-0123456789-abcdefghij"
POSTGRES = "postgresql://postgres@127.0.0.1:5432/"
REDIS = "redis://127.0.0.1:6379/15"
KEPT = ("alembic_version", "ab_permission", "ab_view_menu", "ab_permission_view", "ab_role", "ab_permission_view_role")
_PREFIX = "servicehall_test_"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what depends on no database: what is read, refused, shown or drawn before or after one is asked."""


def listens(port: int) -> bool:
    """Whether anything answers on this port of this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@cache
def postgres_answers() -> bool:
    """Whether the tests may use the PostgreSQL server on the usual port."""
    return trusts(POSTGRES + "postgres")


def trusts(url: str) -> bool:
    """Whether a PostgreSQL server lets us in without a password."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def settings_for(folder: Path, database_url: str = "", **other: Any) -> Settings:
    """Settings of a test application: everything in one folder, nothing from the environment."""
    given = {
        "data_dir": folder,
        "database_url": database_url,
        "secret_key": SECRET,
        "log_level": "WARNING",
        "sqlite_synchronous": "OFF",
        "default_time_zone": "UTC",
        "lock_timeout": 60,
    }
    return Settings(**(given | other)).completed()


def refuse_writing_readers(engine: Engine) -> None:
    """Nothing changes by GET: what writes inside a transaction that only reads is a fault of ours."""

    def check(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if only_reads() and statement.lstrip().split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE"):
            raise AssertionError(f"this was to read only: {statement}")

    event.listen(engine, "before_cursor_execute", check)


def _application(settings: Settings, folder: Path) -> Flask:
    """The application; templates are compiled once for all processes of the tests."""
    made = create_app(settings)
    compiled = folder.parents[1] / "templates"
    compiled.mkdir(exist_ok=True)
    made.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled))
    return made


class Database:
    """A migrated database with its application.

    `worlds` holds what the makers of the copies beside it gave, with the length of each stream; `before` the lengths
    with which this test began.
    """

    app: Flask

    def __init__(self) -> None:
        self.worlds: dict[Callable[[], Any], tuple[Any, dict[str, int]]] = {}
        self.before: dict[str, int] = {}

    def clean(self) -> None:
        """As it was when it was migrated."""
        self.before = {}
        self._forget_sessions()
        self._bring("nothing")

    def enter(self, make: Callable[[], Any]) -> Any:
        """The database as `make()` left it the first time, and what it gave then."""
        if make in self.worlds:
            self._forget_sessions()
            self._bring(make.__name__)
        else:
            with self.app.app_context():
                given = make()
                db.session.rollback()
                assert replay.compare(db.session(), replay.all_streams(db.session())) == []
                self.worlds[make] = given, self._lengths()
            self._forget_sessions()
            self._keep(make.__name__)
        given, self.before = self.worlds[make]
        return given

    def faults(self) -> list[str]:
        """What replaying finds in the streams that grew since the database was clean, or its world came in."""
        with self.app.app_context():
            touched = [stream for stream, length in self._lengths().items() if self.before.get(stream) != length]
            return list(replay.compare(db.session(), touched))

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()

    def _forget_sessions(self) -> None:
        with self.app.app_context():
            db.session.remove()

    @staticmethod
    def _lengths() -> dict[str, int]:
        rows = db.session.execute(select(EventRow.stream, func.max(EventRow.sequence)).group_by(EventRow.stream))
        return dict(rows.all())


class SqliteDatabase(Database):
    """Files that are copied over the live one."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.app = _application(settings_for(folder), folder)
        with self.app.app_context():
            refuse_writing_readers(db.engine)
            upgrade_database()
        self._forget_sessions()
        self._keep("nothing")

    def _forget_sessions(self) -> None:
        super()._forget_sessions()
        with self.app.app_context():
            db.engine.dispose()

    def copy_to(self, folder: Path) -> None:
        """A clean database for programs that run in this folder."""
        shutil.copyfile(self.folder / "nothing.copy", folder / "servicehall.db")

    def _keep(self, name: str) -> None:
        shutil.copyfile(self.folder / "servicehall.db", self.folder / f"{name}.copy")

    def _bring(self, name: str) -> None:
        for leftover in self.folder.glob("servicehall.db-*"):
            leftover.unlink()
        shutil.copyfile(self.folder / f"{name}.copy", self.folder / "servicehall.db")


class PostgresDatabase(Database):
    """A database of this process, emptied and filled with its triggers asleep; each world is a schema beside."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.name = f"{_PREFIX}{os.getpid()}"
        _drop_abandoned()
        _administer(f'CREATE DATABASE "{self.name}"', f'ALTER DATABASE "{self.name}" SET synchronous_commit = off')
        self.app = _application(settings_for(folder, POSTGRES + self.name), folder)
        with self.app.app_context():
            refuse_writing_readers(db.engine)
            upgrade_database()
        own = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL (%s)"
        self.tables = self._ask(own, list(KEPT))
        self.filled: dict[str, list[str]] = {"nothing": []}

    def _keep(self, name: str) -> None:
        self.filled[name] = [table for table in self.tables if self._ask(f'SELECT 1 FROM "{table}" LIMIT 1')]
        copies = "".join(f'CREATE TABLE {name}."{table}" AS TABLE "{table}";' for table in self.filled[name])
        self._run(f"CREATE SCHEMA {name}; {copies}")

    def _bring(self, name: str) -> None:
        deletes = "".join(f'DELETE FROM "{table}";' for table in self.tables)
        inserts = "".join(f'INSERT INTO "{table}" SELECT * FROM {name}."{table}";' for table in self.filled[name])
        self._run(deletes + inserts)

    def _ask(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(POSTGRES + self.name) as connection:
            return [row[0] for row in connection.execute(query, values)]  # type: ignore[call-overload]

    def _run(self, script: str) -> None:
        with psycopg.connect(POSTGRES + self.name) as connection:
            connection.execute(f"SET session_replication_role = replica; {script}")  # type: ignore[call-overload]

    def close(self) -> None:
        super().close()
        _administer(f'DROP DATABASE "{self.name}" WITH (FORCE)')


DATABASES: dict[str, Callable[[Path], Database]] = {"sqlite": SqliteDatabase, "postgres": PostgresDatabase}


@contextmanager
def empty_postgres(purpose: str) -> Iterator[str]:
    """The URL of a new, empty database that goes away afterwards."""
    name = f"{_PREFIX}{os.getpid()}_{purpose}"
    _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
    try:
        yield POSTGRES + name
    finally:
        _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(*statements: str) -> None:
    with psycopg.connect(POSTGRES + "postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _drop_abandoned() -> None:
    """Databases of test processes that were killed."""
    with psycopg.connect(POSTGRES + "postgres", autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (_PREFIX + "%",)).fetchall()
        for (name,) in rows:
            owner = name.removeprefix(_PREFIX).split("_")[0]
            if owner.isdigit() and not Path(f"/proc/{owner}").exists():
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[call-overload]
