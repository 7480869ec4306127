"""A database that is locked, read-only or full: people are told so, nothing is lost, and nothing is half done."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import make_url, text
from tests.clients import Client
from tests.factories.small import Small

from servicehall import create_app
from servicehall.models.base import db
from servicehall.models.requests import Comment, Request
from servicehall.services import audit, sealing
from servicehall.services.people import record_person
from servicehall.web import tokens

TASKS = "fulfilment: {tasks: [{key: a, title: A, group: desk}]}"
MANY = 4


@pytest.fixture
def api(app: Flask, small: Small) -> Callable[..., Any]:
    """`api("POST", "/requests", json=…)` as `asks`; `of` says which process answers, `key` makes it repeatable."""
    small.publish(TASKS)
    secret = tokens.create_token(db.session(), "asks@example.com", at=small.at).secret
    db.session.remove()

    def call(method: str, path: str, *, of: Flask = app, key: str = "", **said: Any) -> Any:
        headers = {"Authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {})}
        return of.test_client().open(f"/api/v1{path}", method=method, headers=headers, **said)

    assert call("GET", "/requests").status_code == 200
    return call


@contextmanager
def process(app: Flask, **other: Any) -> Iterator[Flask]:
    """Another process of the same installation, with other settings."""
    made = create_app(replace(app.extensions["servicehall.settings"], **other))
    made.test_client_class = Client
    try:
        yield made
    finally:
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def write_lock(app: Flask) -> Iterator[Callable[[], None]]:
    """Somebody else holds what every writer needs; gives what ends that."""
    url = make_url(app.extensions["servicehall.settings"].database_url)
    if url.get_backend_name() == "sqlite":
        holder: Any = sqlite3.connect(str(url.database), isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
    else:
        holder = psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
        holder.execute("LOCK TABLE events, requests, idempotency_keys IN SHARE ROW EXCLUSIVE MODE")
    try:
        yield holder.rollback
    finally:
        holder.close()


def all_at_once(act: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(act, range(MANY)))


@pytest.mark.proves("R8")
def test_a_lock_held_for_long_is_503_and_what_is_sent_again_is_done_once(
    app: Flask, api: Callable[..., Any], small: Small
) -> None:
    with process(app, lock_timeout=1) as impatient:

        def order(number: int) -> Any:
            return api("POST", "/requests", of=impatient, key=f"k{number}", json={"service": "it/thing"})

        with write_lock(app):
            answers = all_at_once(order)
            assert [one.status_code for one in answers] == [503] * MANY
            assert all(one.headers["Retry-After"] and one.json["status"] == 503 for one in answers)
            assert api("GET", "/requests", of=impatient).json["items"] == []
        for _ in range(2):
            assert [one.status_code for one in all_at_once(order)] == [201] * MANY
    assert db.session.query(Request).count() == MANY


def test_what_only_examines_waits_for_no_writer_and_keeps_none_waiting(
    app: Flask, api: Callable[..., Any], small: Small
) -> None:
    """A check that thinks for long is no reason for anybody else to wait."""
    record_person({"email": "asks@example.com", "roles": "catalog_admin"}, actor="system:tests", at=small.at)
    db.session.remove()
    with process(app, lock_timeout=1) as impatient, write_lock(app):
        for verb in ("lint", "diff", "simulate"):
            answer = api("POST", f"/definitions/service/it/thing/{verb}", of=impatient, json={})
            assert (verb, answer.status_code) == (verb, 200)


@pytest.mark.proves("R8")
def test_a_lock_held_for_a_moment_is_a_wait(app: Flask, api: Callable[..., Any], small: Small) -> None:
    number = small.request(small.order()).number
    db.session.remove()

    def comment(index: int) -> Any:
        return api("POST", f"/requests/{number}/comments", json={"body": f"number {index}"})

    with write_lock(app) as release:
        threading.Timer(0.3, release).start()
        assert [one.status_code for one in all_at_once(comment)] == [201] * MANY
    assert db.session.query(Comment).count() == MANY


@pytest.mark.proves("R10")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_on_a_read_only_database_reading_goes_on_and_writing_is_503(
    app: Flask, api: Callable[..., Any], small: Small
) -> None:
    made = small.order()
    number = small.request(made).number
    path = make_url(app.extensions["servicehall.settings"].database_url).database
    db.session.execute(text("UPDATE api_tokens SET last_used_at = NULL"))  # reading would note it, and cannot
    db.session.commit()
    db.session.remove()
    with process(app, database_url=f"sqlite:///file:{path}?mode=ro&uri=true") as frozen:
        assert api("GET", f"/requests/{number}", of=frozen).json["number"] == number
        for where, body in (
            ("/requests", {"service": "it/thing"}),
            (f"/requests/{number}/comments", {"body": "hello"}),
        ):
            answer = api("POST", where, of=frozen, json=body)
            assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
        with frozen.app_context(), audit.snapshot() as session:
            assert audit.verify_all(session).ok
    assert small.state(made) == "in_progress"


@pytest.mark.proves("R10")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_full_disk_is_503_and_the_chain_still_verifies(app: Flask, api: Callable[..., Any], small: Small) -> None:
    number = small.request(small.order()).number
    fill(app, "PRAGMA max_page_count = 1")  # SQLite takes it as: no more pages than there are
    sent = 0
    while (answer := api("POST", f"/requests/{number}/comments", json={"body": "x" * 3_000})).status_code == 201:
        sent += 1
        assert sent < 1_000, "the disk is never full"
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert len(api("GET", f"/requests/{number}/comments?limit=100").json["items"]) == min(sent, 100)
    assert whole()
    fill(app, "PRAGMA max_page_count = 1000000")
    assert api("POST", f"/requests/{number}/comments", json={"body": "after"}).status_code == 201
    assert db.session.query(Comment).count() == sent + 1
    db.session.remove()
    sealing.seal(small.at)
    assert whole()


def fill(app: Flask, pragma: str) -> None:
    """Sets a limit on every connection to come of this process."""
    db.session.remove()
    db.engine.dispose()
    db.session.execute(text(pragma))
    db.session.remove()


def whole() -> bool:
    db.session.remove()
    with audit.snapshot() as session:
        return audit.verify_all(session).ok
