"""What peers and we do side by side, and the rows that come of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from servicehall.cli.benchmarks import browsing, company, driver, measures, pages, peering
from servicehall.cli.benchmarks.pages import Place
from servicehall.cli.benchmarks.peering import Built, Peer, Turn
from servicehall.cli.benchmarks.rows import Did, Goal, Row, Unmeasured
from servicehall.clock import now
from servicehall.models.base import db
from servicehall.web import tokens

WARM = 3
"""Turns of one call of each client before those that count, so that each worker has been asked."""
Sides = tuple[Turn, Turn]
"""A turn of ours, and one of theirs."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What both do for so many seconds, both made ready."""

    title: str
    sides: Callable[[Built], AbstractContextManager[Sides]]


def rows(
    peers: Sequence[Peer], *, seconds: float, many: Callable[[], Place], size: int, server: str | None = None
) -> Iterator[Row]:
    """Each peer built, measured beside us and thrown away; one that fails is a row that says why.

    `many` gives our place with so many requests, where a peer has pages to stand beside. All are on the PostgreSQL
    server where one is given.
    """
    for peer in peers:
        if server is not None and peer.sqlite_only:
            yield Row(peer.title, "not measured", "it is measured on SQLite alone")
            continue
        with tempfile.TemporaryDirectory(prefix="servicehall-peer-") as folder:
            try:
                built = peering.build(peer, Path(folder), server=server)
            except Unmeasured as why:
                yield Row(peer.title, "not built", str(why))
                continue
            for name in filter(MEASURES.get, peer.goals):
                yield _row(built, MEASURES[name], peer.goals[name], seconds)
            if peer.goals.keys() & browsing.PAGES.keys():
                with browsing.opened(many()) as hall:
                    yield from browsing.rows(built, hall, size=size, seconds=seconds)


def _row(built: Built, measure: Measure, goal: Goal | None, seconds: float) -> Row:
    title = f"{measure.title}, beside {built.peer.title}"
    try:
        with measure.sides(built) as (ours, theirs):
            mine, other = peering.in_turn(ours, theirs, seconds=seconds)
    except Unmeasured as why:
        return Row(title, "not measured", str(why))
    note = "; ".join([*([f"ours {mine.note}"] if mine.note else []), other.note])
    return Row(title, f"{mine.rate:,.1f} : {other.rate:,.1f}", note, mine.rate / other.rate, goal)


@contextmanager
def _due_moments(built: Built) -> Iterator[Sides]:
    yield measures.due_moments, peering.work_of(built, "due_moments")


@contextmanager
def _cases(built: Built) -> Iterator[Sides]:
    """Ours through the services."""
    with pages.fresh("cases", built.folder, built.server) as app, app.app_context():
        yield partial(_many_cases, company.make_company(db.session())), peering.work_of(built, "cases")
        db.session.remove()


def _many_cases(made: company.Company, seconds: float) -> Did:
    did = measures.repeated(lambda: company.whole_case(made), seconds=seconds)
    return Did(did.done, did.seconds)


@contextmanager
def _submissions(built: Built) -> Iterator[Sides]:
    """Both behind gunicorn with two workers, sent to by the same driver."""
    with ExitStack() as stack:
        app = stack.enter_context(pages.fresh("web", built.folder, built.server))
        with app.app_context():
            company.make_company(db.session())
            token = tokens.create_token(db.session(), "asker@bench.example.com", at=now()).secret
            db.session.remove()
        port = stack.enter_context(measures.our_web(measures.environment_of(app)))
        theirs = stack.enter_context(peering.serving(built))
        sides = partial(driver.drive, port, measures.submission(token)), theirs.turn("submissions")
        for turn in sides * WARM:
            turn(0.0)
        yield sides


MEASURES = {
    "due_moments": Measure("due moments a second", _due_moments),
    "cases": Measure("whole cases a second", _cases),
    "submissions": Measure("submissions a second over HTTP", _submissions),
}
