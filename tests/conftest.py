"""Fixtures for all tests: real databases, the application, people, and clients that are signed in as them.

`database` runs a test on SQLite and, where it is reachable, on PostgreSQL. After each test that used one, every
stream it touched is replayed from the log and compared with the tables. `world` brings in what many tests begin with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session
from tests import databases, proofs
from tests.clients import Client
from tests.factories.people import make_person

from servicehall import config
from servicehall.clock import now
from servicehall.models.base import db
from servicehall.models.directory import Person
from servicehall.web import accounts, tokens

settings.register_profile("hall", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hall")  # how long a machine takes is no finding


SLOW, accounts.HASHED_BY = accounts.HASHED_BY, "scrypt:1024:8:1"
"""What is kept of a password is slow on purpose; in the tests it need not be."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers first: their tests wait more than they work, so that other processes do the rest beside them."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.write_line(f"Random samples drew from PROOF_SEED={proofs.SAMPLE_SEED}.")


@pytest.fixture(scope="session")
def _databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], databases.Database]]:
    opened: dict[str, databases.Database] = {}

    def get(kind: str) -> databases.Database:
        if kind not in opened:
            opened[kind] = databases.DATABASES[kind](tmp_path_factory.mktemp(kind))
        return opened[kind]

    yield get
    for database in opened.values():
        database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(
    request: pytest.FixtureRequest, _databases: Callable[[str], databases.Database]
) -> Iterator[databases.Database]:
    """A clean, migrated database with its application as `.app`; checked against the log afterwards."""
    if request.param == "postgres" and not databases.postgres_answers():
        pytest.skip("PostgreSQL on 127.0.0.1:5432 does not let `postgres` in without a password")
    found = _databases(request.param)
    found.clean()
    config.use(found.app.extensions["servicehall.settings"])
    yield found
    assert found.faults() == []


@pytest.fixture
def world(database: databases.Database) -> Callable[[Callable[[], Any]], Any]:
    """`world(make)` leaves the database as `make()` left it for the first test that asked, and gives its value.

    `make` is a function of a module, with a name of its own, called within the application's context; it may build on
    another world. Nobody changes what it gives.
    """
    return database.enter


@pytest.fixture
def app(database: databases.Database) -> Flask:
    """The application on a clean database."""
    made = database.app
    made.test_client_class = Client
    made.appbuilder.sm.limiter.reset()  # type: ignore[attr-defined]
    return made


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """The session that services use, inside an application context."""
    with app.app_context():
        yield db.session()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody's browser."""
    return app.test_client()


@pytest.fixture
def person(app: Flask) -> Callable[..., Person]:
    """Makes people: `person("ana@example.com", roles=["auditor"], manager=other.id)`."""

    def make(email: str, **said: Any) -> Person:
        with app.app_context():
            return make_person(email, **said)

    return make


@pytest.fixture
def browser_of(app: Flask) -> Callable[[str], FlaskClient]:
    """A browser that is signed in as the person with this email, its token against forged requests at hand."""

    def sign_in(email: str) -> FlaskClient:
        made = app.test_client()
        with app.app_context():
            session = db.session()
            account = session.get(accounts.User, accounts.ensure_account(session, accounts.person_of(session, email)))
            session.commit()
            signed = {"_user_id": str(account.id), "_fresh": True, "stamp": accounts.stamp(account)}
        with made.session_transaction() as cookie:
            cookie.update(signed | {"csrf_token": "0" * 40})
        csrf = URLSafeTimedSerializer(databases.SECRET, salt="wtf-csrf-token").dumps("0" * 40)
        made.environ_base["HTTP_X_CSRFTOKEN"] = csrf
        return made

    return sign_in


@pytest.fixture
def api_of(app: Flask) -> Callable[[str], FlaskClient]:
    """A program that sends a personal API token of the person with this email."""

    def sign_in(email: str) -> FlaskClient:
        made = app.test_client()
        with app.app_context():
            token = tokens.create_token(db.session(), email, at=now())
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token.secret}"
        made.environ_base["HTTP_ACCEPT"] = "application/json"
        return made

    return sign_in


@pytest.fixture
def redis() -> str:
    """The URL of an empty Redis database."""
    if not databases.listens(6379):
        pytest.skip("Redis does not answer on 127.0.0.1:6379")
    from redis import Redis

    Redis.from_url(databases.REDIS).flushdb()
    return databases.REDIS
