"""Alembic makes every table, and takes it away again; what it makes is what the models say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from tests import databases
from tests.factories.people import make_person

from servicehall import create_app, migrations
from servicehall.models import search, tables, triggers
from servicehall.models.base import db
from servicehall.models.engine import engine_options, prepare_engine
from servicehall.web.accounts import hash_password, set_password
from servicehall.web.roles import upgrade_database


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    if not databases.postgres_answers():
        pytest.skip("PostgreSQL on 127.0.0.1:5432 does not let `postgres` in without a password")
    with databases.empty_postgres("migrations") as found:
        yield found.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = prepare_engine(create_engine(url, **engine_options(url, lock_timeout=5)))
    yield made
    made.dispose()


@pytest.fixture
def application(url: str, tmp_path: Path) -> Iterator[Flask]:
    made = create_app(databases.settings_for(tmp_path, url))
    yield made
    with made.app_context():
        db.engine.dispose()


def differences(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": search.include_name}
        )
        return list(compare_metadata(context, tables.metadata))


def test_up_down_and_up_again_leaves_what_the_models_say(engine: Engine) -> None:
    migrations.upgrade(engine)
    assert differences(engine) == []
    migrations.downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    assert inspect(engine).get_sequence_names() == [] if engine.dialect.supports_sequences else True
    migrations.upgrade(engine)
    assert differences(engine) == []
    assert migrations.is_current(engine)


def test_upgrading_twice_does_nothing_the_second_time(engine: Engine) -> None:
    migrations.upgrade(engine)
    migrations.upgrade(engine)
    assert migrations.is_current(engine)


def test_an_empty_database_is_not_current(engine: Engine) -> None:
    assert not migrations.is_current(engine)


def test_people_sign_in_after_a_migration(application: Flask) -> None:
    with application.app_context():
        upgrade_database()
        make_person("ana@example.com")
        set_password(db.session(), "ana@example.com", hash_password("correct horse"))
    said = {"username": "ana@example.com", "password": "correct horse", "provider": "db", "refresh": True}
    answer = application.test_client().post("/api/v1/security/login", json=said)
    assert answer.status_code == 200, answer.text
    assert set(answer.json or {}) == {"access_token", "refresh_token"}


def test_every_foreign_key_leads_by_an_index_or_a_primary_key_to_one_row() -> None:
    """A reference to a column that is not unique would fail on PostgreSQL alone."""
    for table in tables.metadata.tables.values():
        for key in table.foreign_keys:
            assert key.column.primary_key or key.column.unique, f"{table.name} → {key.column}"


INSERTS = {
    "access_log": "INSERT INTO access_log (id, at, person_id, kind, subject) "
    "VALUES ('a', '2026-01-01 00:00:00', 'p', 'report', 'request/1')",
    "events": "INSERT INTO events (stream, sequence, kind, schema, at, actor, body, prev_hash, hash) "
    "VALUES ('request/1', 1, 'k', 1, '2026-01-01 00:00:00', 'p', '{}', '', 'h')",
    "releases": "INSERT INTO releases (sha256, data) VALUES ('s', '{}')",
    "seals": "INSERT INTO seals (number, period_from, period_until, count, root, prev_hash, hash, sealed_at) VALUES "
    "(1, '2026-01-01 00:00:00', '2026-01-01 00:00:00', 1, 'r', '', 'h', '2026-01-01 00:00:00')",
    "seal_leaves": "INSERT INTO seal_leaves (seal, position, stream, sequence, hash) "
    "VALUES (1, 0, 'request/1', 1, 'h')",
}
CHANGES = {
    "access_log": "person_id = 'q'",
    "events": "actor = 'q'",
    "releases": "data = '[]'",
    "seals": "root = 'q'",
    "seal_leaves": "hash = 'q'",
}


def refused(engine: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(statement))


def test_the_record_refuses_update_and_delete(engine: Engine) -> None:
    migrations.upgrade(engine)
    with engine.begin() as connection:
        for table in sorted(INSERTS, key=["access_log", "events", "releases", "seals", "seal_leaves"].index):
            connection.execute(text(INSERTS[table]))
    for table in triggers.APPEND_ONLY:
        refused(engine, f"UPDATE {table} SET {CHANGES[table]}")
        refused(engine, f"DELETE FROM {table}")


def test_content_changes_only_by_being_erased(engine: Engine) -> None:
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO contents (sha256, salt, data) VALUES ('s', 'x', '1')"))
    refused(engine, "UPDATE contents SET data = '2'")
    refused(engine, "UPDATE contents SET data = NULL")
    refused(engine, "DELETE FROM contents")
    with engine.begin() as connection:
        connection.execute(text("UPDATE contents SET data = NULL, salt = NULL, erased_at = '2026-01-01 00:00:00'"))
    refused(engine, "UPDATE contents SET erased_at = '2026-02-02 00:00:00'")
