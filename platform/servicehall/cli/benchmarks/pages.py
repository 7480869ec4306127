"""Pages at two sizes of the company, asked in turn, so that what else the machine does weighs on both alike."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from servicehall import config, create_app
from servicehall.cli.benchmarks import company, crowd
from servicehall.cli.benchmarks.rows import Goal
from servicehall.clock import now
from servicehall.migrations import HERE
from servicehall.models.base import accounts as user_table
from servicehall.models.base import db
from servicehall.models.requests import Request
from servicehall.web import accounts
from servicehall.web.roles import upgrade_database

SMALL = 1_000
PAGES = (
    ("home", "asker", "/"),
    ("my requests", "asker", "/requests"),
    ("a request", "asker", "/requests/{open}"),
    ("inbox", "lead", "/approvals"),
    ("my work", "worker", "/desk"),
    ("queue", "worker", "/desk/queue"),
    ("board", "worker", "/desk/board"),
    ("department requests", "worker", "/desk/requests"),
    ("audit", "auditor", "/audit"),
    ("search, a word of every request", "worker", "/desk/requests?q=case"),
    ("search, a word of one request", "worker", "/desk/requests?q=500123"),
    ("search, a word of none", "asker", "/search?q=zeppelin"),
)


@dataclass(frozen=True)
class Place:
    """An application over a database with so many requests, and the number of an open one."""

    app: Flask
    open_number: str

    def client(self, who: str) -> FlaskClient:
        """Somebody's browser, signed in."""
        made = self.app.test_client()
        with self.app.app_context():
            sign_in(made, f"{who}@bench.example.com")
            db.session.remove()
        return made


def sign_in(client: FlaskClient, email: str) -> None:
    """Puts a signed-in session into a client, as the sign-in page would."""
    session = db.session()
    number = accounts.ensure_account(session, accounts.person_of(session, email))
    session.commit()
    account: Any = session.get(user_table.User, number)
    with client.session_transaction() as cookie:
        cookie.update({"_user_id": str(number), "_fresh": True, "stamp": accounts.stamp(account)})


def goal(most: int) -> Goal:
    """How much longer a page may take with so many requests than with a thousand."""
    return Goal.parse("1.2 or less" if most <= 50_000 else "1.5 or less")


def compare(places: Sequence[Place], *, times: int) -> Iterator[tuple[str, str, list[float]]]:
    """For each page its name, its address, and its median at each place, in milliseconds."""
    for name, who, path in PAGES:
        clients = [place.client(who) for place in places]
        taken: list[list[float]] = [[] for _ in places]
        for turn in range(times + 3):
            for place, client, times_taken in zip(places, clients, taken, strict=True):
                began = time.perf_counter()
                answer = client.get(path.format(open=place.open_number))
                passed = (time.perf_counter() - began) * 1000
                if answer.status_code != 200:
                    raise RuntimeError(f"{path} answered {answer.status_code}")
                if turn >= 3:
                    times_taken.append(passed)
        yield name, path, [statistics.median(one) for one in taken]


def place_of(size: int, folder: Path, database: str | None) -> Place:
    """A company with so many requests, made where it is not there yet."""
    app = application(name_of(size), folder, database)
    with app.app_context():
        session = db.session()
        if (session.scalar(select(func.count()).select_from(Request)) or 0) < size:
            _fill(company.make_company(session), size)
        newest = select(Request.number).where(Request.state == "pending_approval").order_by(Request.created_at.desc())
        number = str(session.scalar(newest.limit(1)))
        session.rollback()
    return Place(app, number)


def name_of(size: int) -> str:
    return f"bench-{size}"


def application(name: str, folder: Path, database: str | None) -> Flask:
    """An application over a database of this name, made and brought up to date where it is not there yet."""
    place = f"{name}-{_fingerprint()}"
    data = folder / place
    data.mkdir(parents=True, exist_ok=True)
    settings = {"SERVICEHALL_DEMO": "1", "SERVICEHALL_DATA_DIR": str(data), "SERVICEHALL_LOG_LEVEL": "WARNING"}
    if database:
        settings["SERVICEHALL_DATABASE_URL"] = beside(database, place)
    app = create_app(config.Settings.read(settings))
    with app.app_context():
        upgrade_database()
    return app


@contextmanager
def fresh(name: str, folder: Path, database: str | None) -> Iterator[Flask]:
    """An application over an empty database, which is dropped afterwards where it is a server's."""
    if database:
        drop(name, database)
    try:
        yield application(name, folder, database)
    finally:
        if database:
            drop(name, database)


def drop(name: str, database: str) -> None:
    """Takes a database away again that `application` made."""
    administer(database, "DROP DATABASE IF EXISTS {} WITH (FORCE)", f"{name}-{_fingerprint()}")


def _fill(made: company.Company, size: int) -> None:
    """One request that waits, one that is worked on and one that has ended; then copies of them."""
    waiting, ended, working = company.order(made, at=now()), company.whole_case(made), company.order(made, at=now())
    for viewer in (made.lead, made.head):
        company.approve(made, working, viewer)
    crowd.grow(made.session, to=size, models=(waiting, working), ended=ended)


def beside(database: str, name: str) -> str:
    """The URL of a database on the same server, made where it is not there."""
    with psycopg.connect(_plain(database)) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if there is None:
        administer(database, "CREATE DATABASE {}", name)
    return make_url(database).set(database=name).render_as_string(hide_password=False)


def administer(database: str, statement: str, name: str) -> None:
    """Has the server make or drop a database."""
    with psycopg.connect(_plain(database), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _fingerprint() -> str:
    """Of the tables and of what fills them: another one needs other databases."""
    here = Path(__file__).parent
    files = [HERE / "versions" / "0001_initial.py", here / "crowd.py", *sorted((here / "bench").iterdir())]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
