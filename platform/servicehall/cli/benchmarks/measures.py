"""The measures themselves. Each gives a number and says what it is of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from resource import RUSAGE_SELF, getrusage
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from servicehall import clock
from servicehall.cli.benchmarks import company as bench
from servicehall.cli.benchmarks import driver, replayed
from servicehall.cli.benchmarks.crowd import standing_names
from servicehall.cli.benchmarks.rows import Did
from servicehall.documents.source import read_file
from servicehall.domain.business_time import due
from servicehall.domain.calendars import compile_calendar
from servicehall.domain.conditions import Activation, Context, Environment, PersonFacts, RequestFacts, compile
from servicehall.domain.durations import Duration
from servicehall.domain.expression_types import DOUBLE
from servicehall.models.base import db

TURN = 10


def repeated(work: Callable[[], Any], *, seconds: float) -> Did:
    """Something done again and again for so long, after one time to warm up; `result` is what it gave then."""
    result = work()
    began = time.perf_counter()
    for done in count(1):
        work()
        if (passed := time.perf_counter() - began) >= seconds:
            return Did(done, passed, str(result))
    raise AssertionError


@dataclass(slots=True)
class Spent:
    """What cases cost: seconds of the clock, and of the processor in this program."""

    number: int = 0
    clock: float = 0.0
    processor: float = 0.0

    @property
    def rate(self) -> float:
        """Cases a second."""
        return self.number / self.clock

    @contextmanager
    def on(self, number: int) -> Iterator[None]:
        clock, used = time.perf_counter(), getrusage(RUSAGE_SELF).ru_utime
        yield
        self.clock += time.perf_counter() - clock
        self.processor += getrusage(RUSAGE_SELF).ru_utime - used
        self.number += number


def cases(session: Session, company: bench.Company, *, seconds: float) -> tuple[Spent, Spent]:
    """Whole cases through the services, and the same writes by SQLAlchemy Core alone in as many transactions.

    Both in turn, so that whatever else the machine does falls on both.
    """
    standing = standing_names(session)
    bench.whole_case(company)
    with replayed.record(db.engine) as recording:
        bench.whole_case(company)
    session.rollback()
    ours, bare = Spent(), Spent()
    while ours.clock < seconds:
        with ours.on(TURN):
            for _ in range(TURN):
                bench.whole_case(company)
        copies = replayed.copies_of(recording, standing, TURN)
        with db.engine.connect() as connection, bare.on(TURN):
            for one in copies:
                replayed.send(connection, one)
    return ours, bare


@contextmanager
def our_web(environment: Mapping[str, str]) -> Iterator[int]:
    """Our web under gunicorn with two workers; the port where it answers."""
    port = driver.free_port()
    command = [sys.executable, "-m", "servicehall.cli", "web", "--port", str(port), "--workers", "2"]
    with subprocess.Popen(command, env={**os.environ, **environment}) as server:
        try:
            driver.wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=30)


def environment_of(app: Flask) -> dict[str, str]:
    """What a process of its own needs to serve the same database."""
    settings = app.extensions["servicehall.settings"]
    return {
        "SERVICEHALL_DEMO": "1",
        "SERVICEHALL_DATA_DIR": str(settings.data_dir),
        "SERVICEHALL_DATABASE_URL": settings.database_url,
        "SERVICEHALL_LOG_LEVEL": "WARNING",
    }


def submission(token: str) -> driver.Call:
    """One submission by the API."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"service": bench.SERVICE, "answers": {"what": "One more", "amount": "120.00"}})
    return driver.Call("/api/v1/requests", headers, method="POST", body=body, status=201)


def conditions(*, seconds: float) -> tuple[float, float]:
    """Conditions a second: through our module, and the engine's compiled program alone on the same data."""
    environment = Environment.of({"total": DOUBLE, "quantity": DOUBLE})
    somebody = PersonFacts(id="1", name="A", email="a@example.com", department="it")
    at = clock.now()
    context = Context(somebody, somebody, at, at.date(), RequestFacts(created_at=at))
    condition = compile('total > 5000 && requester.department == "it"', environment)
    activation = Activation(environment, context, {"total": "7000.00", "quantity": "2"})
    data = condition._data(activation.roots)
    ours = repeated(lambda: condition.holds(activation, otherwise=False), seconds=seconds)
    bare = repeated(lambda: condition._program.expression.eval(data=data).plain_value(), seconds=seconds)
    return ours.rate, bare.rate


def due_moments(seconds: float) -> Did:
    """Due moments of 40 working hours in an office calendar with public holidays."""
    calendar = compile_calendar(read_file(bench.FOLDER / "hours.yaml").value)
    start, duration = datetime(2026, 11, 20, 8, 0, tzinfo=UTC), Duration.parse("40 hours")
    return repeated(lambda: due(calendar, start, duration), seconds=seconds)
