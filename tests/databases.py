"""The databases that tests run on: made and migrated once for each test process, and clean for each test."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from servicehall import create_app
from servicehall.config import Settings
from servicehall.models import tables
from servicehall.models.base import db, only_reads
from servicehall.web.roles import upgrade_database

SECRET = "a-key-for-tests-only-0123456789-abcdefghij"
POSTGRES = "postgresql://postgres@127.0.0.1:5432/"
REDIS = "redis://127.0.0.1:6379/15"
KEPT = ("ab_permission", "ab_view_menu", "ab_permission_view", "ab_role", "ab_permission_view_role")
_PREFIX = "servicehall_test_"


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
    }
    return Settings(**(given | other)).completed()


def refuse_writing_readers(engine: Engine) -> None:
    """Nothing changes by GET: what writes inside a transaction that only reads is a fault of ours."""

    def check(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if only_reads() and statement.lstrip().split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE"):
            raise AssertionError(f"this was to read only: {statement}")

    event.listen(engine, "before_cursor_execute", check)


class SqliteDatabase:
    """A migrated file, copied over the live one before each test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = create_app(settings_for(folder))
        self.live = folder / "servicehall.db"
        self.template = folder / "template.db"
        with self.app.app_context():
            refuse_writing_readers(db.engine)
            upgrade_database()
            db.engine.dispose()
        shutil.move(self.live, self.template)

    def clean(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        for leftover in self.folder.glob("servicehall.db-*"):
            leftover.unlink()
        shutil.copyfile(self.template, self.live)

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()


class PostgresDatabase:
    """A database of this process, emptied before each test with its triggers asleep."""

    def __init__(self, folder: Path) -> None:
        self.name = f"{_PREFIX}{os.getpid()}"
        _drop_abandoned()
        _administer(f'CREATE DATABASE "{self.name}"', f'ALTER DATABASE "{self.name}" SET synchronous_commit = off')
        self.app = create_app(settings_for(folder, POSTGRES + self.name))
        with self.app.app_context():
            refuse_writing_readers(db.engine)
            upgrade_database()
        names = [name for name in tables.metadata.tables if name not in KEPT]
        deletes = "".join(f'DELETE FROM "{name}";' for name in names)
        self.emptying = f"SET session_replication_role = replica; {deletes}"

    def clean(self) -> None:
        with self.app.app_context():
            db.session.remove()
        with psycopg.connect(POSTGRES + self.name) as connection:
            connection.execute(self.emptying)  # type: ignore[call-overload]

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()
        _administer(f'DROP DATABASE "{self.name}" WITH (FORCE)')


DATABASES = {"sqlite": SqliteDatabase, "postgres": PostgresDatabase}


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
