"""Due timers among many open ones: what a sweep costs should follow what is due, not what waits."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import ColumnElement, String, cast, func, insert, literal, select, text
from sqlalchemy.orm import Session

from servicehall import jobs
from servicehall.cli.benchmarks import company
from servicehall.cli.benchmarks.pages import application
from servicehall.cli.benchmarks.rows import Did
from servicehall.clock import now
from servicehall.jobs.claims import work_off
from servicehall.jobs.timers import KIND
from servicehall.models.base import begin_writing, db, new_id
from servicehall.models.operations import OPEN, Timers

OPEN_TIMERS = (100_000, 1_000_000)
MOST_DUE = 10_000
PORTION = 200
BATCH = 1_000


def name_of(size: int) -> str:
    return f"timers-{size}"


def place_of(size: int, folder: Path, database: str | None) -> Flask:
    """An application with so many timers to come, from tomorrow on."""
    app = application(name_of(size), folder, database)
    fill(app, size)
    return app


def fill(app: Flask, size: int) -> None:
    """Makes the company and timers of days to come, until so many are open."""
    with app.app_context():
        session = db.session()
        there = session.scalar(select(func.count()).select_from(Timers).where(Timers.state == OPEN)) or 0
        if there == 0:
            company.make_company(session)
        for start in range(there, size, BATCH):
            at = now() + timedelta(days=1, seconds=30 * start)
            _arm(session, min(BATCH, size - start), at=at, person=new_id())
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ANALYZE timers"))  # as its own housekeeping would, a minute later
            session.commit()
        db.session.remove()


def due_in_turn(places: Sequence[Flask], *, seconds: float, most: int = MOST_DUE) -> list[Did]:
    """Portions of due timers rung at each place in turn, until so many have been, or for so long."""
    did = [Did(0, 0.0) for _ in places]
    while did[0].done < most and did[0].seconds < seconds:
        did = [one + _ring(app) for one, app in zip(did, places, strict=True)]
    return did


def idle_in_turn(places: Sequence[Flask], *, times: int) -> list[float]:
    """The median of a sweep with nothing due, at each place, in milliseconds."""
    taken: list[list[float]] = [[] for _ in places]
    for _ in range(times):
        for app, one in zip(places, taken, strict=True):
            began = time.perf_counter()
            if jobs.do_all(app):
                raise RuntimeError("something was due")
            one.append((time.perf_counter() - began) * 1000)
    return [statistics.median(one) for one in taken]


def _ring(app: Flask) -> Did:
    """A portion made due, then swept: each is a day on which somebody's deputy begins, and nothing waits for them."""
    with app.app_context():
        worker = company.open_company(db.session()).worker.person.id
        _arm(db.session(), PORTION, at=now(), person=worker)
        began = time.perf_counter()
        rung = work_off(KIND, clock=now)
        passed = time.perf_counter() - began
        parked = select(func.count()).select_from(Timers).where(Timers.last_error.is_not(None))
        if rung != PORTION or db.session.scalar(parked):
            raise RuntimeError(f"{rung} of {PORTION} timers rang")
        db.session.remove()
    return Did(rung, passed)


def _arm(session: Session, number: int, *, at: datetime, person: str) -> None:
    """So many open timers of one moment, in one statement."""
    counted = select(literal(0).label("n")).cte("counted", recursive=True)
    counted = counted.union_all(select(counted.c.n + 1).where(counted.c.n < number - 1))
    name = literal(new_id()[:-6]) + cast(counted.c.n + 100_000, String)
    table = Timers.__table__.c
    values: dict[ColumnElement[Any], Any] = {
        table.id: name,
        table.dedupe_key: literal("bench:") + name,
        table.kind: literal("delegation_start"),
        table.subject: literal(person),
        table.payload: literal({"person": person}, table.payload.type),
        table.state: literal(OPEN),
        table.due_at: literal(at, table.due_at.type),
        table.next_at: literal(at, table.next_at.type),
        table.attempts: literal(0),
        table.created_at: literal(at, table.created_at.type),
    }
    begin_writing(session)
    session.execute(insert(Timers.__table__).from_select(list(values), select(*values.values()).select_from(counted)))
    session.commit()
