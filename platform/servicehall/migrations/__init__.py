"""Migrations: Alembic makes every table, Flask-AppBuilder's included; nothing else ever does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

HERE = Path(__file__).parent
LOCK = 5_141_974_883  # PostgreSQL's advisory lock: one migrates, the others wait


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration, working on this connection."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision; whoever comes second waits, and finds it done."""
    with _alone(engine) as connection:
        command.upgrade(configuration(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    with _alone(engine) as connection:
        command.downgrade(configuration(connection), revision)


def head() -> str | None:
    return ScriptDirectory.from_config(configuration()).get_current_head()


def is_current(engine: Engine) -> bool:
    """Whether the database is at the newest revision that this program knows."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head()


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """One transaction, and one at a time (SQLite begins as the only writer)."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        yield connection
