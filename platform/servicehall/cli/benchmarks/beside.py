"""Our side of each measure that peers take, and the rows that come of both."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from servicehall.cli.benchmarks import company, measures, pages, peering
from servicehall.cli.benchmarks.peering import Peer, Unmeasured
from servicehall.cli.benchmarks.rows import Did, Goal, Row
from servicehall.models.base import db

Turn = Callable[[float], Did]


def rows(peers: Sequence[Peer], *, seconds: float) -> Iterator[Row]:
    """Each peer built, measured beside us and thrown away; one that fails is a row that says why."""
    for peer in peers:
        with tempfile.TemporaryDirectory(prefix="servicehall-peer-") as folder:
            try:
                python = peering.build(peer, Path(folder))
            except Unmeasured as why:
                yield Row(peer.title, "not built", str(why))
                continue
            for name, goal in peer.goals.items():
                yield _row(peer, python, name, goal, Path(folder), seconds)


@dataclass(frozen=True, slots=True)
class Measure:
    """What both do for so many seconds: how it is called, and our side of it, made ready in a folder."""

    title: str
    ours: Callable[[Path], AbstractContextManager[Turn]]


def _row(peer: Peer, python: Path, name: str, goal: Goal, folder: Path, seconds: float) -> Row:
    measure = MEASURES[name]
    title = f"{measure.title}, beside {peer.title}"
    try:
        with measure.ours(folder) as ours:
            mine, other = peering.in_turn(ours, peering.work_of(peer, python, name), seconds=seconds)
    except Unmeasured as why:
        return Row(title, "not measured", str(why))
    return Row(title, f"{mine.rate:,.1f} : {other.rate:,.1f}", other.note, mine.rate / other.rate, goal)


@contextmanager
def _due_moments(folder: Path) -> Iterator[Turn]:
    yield measures.due_moments


@contextmanager
def _cases(folder: Path) -> Iterator[Turn]:
    """Through the services, on SQLite."""
    with pages.application("cases", folder, None).app_context():
        made = company.make_company(db.session())
        yield partial(_many_cases, made)
        db.session.remove()


def _many_cases(made: company.Company, seconds: float) -> Did:
    did = measures.repeated(lambda: company.whole_case(made), seconds=seconds)
    return Did(did.done, did.seconds)


MEASURES = {
    "due_moments": Measure("due moments a second", _due_moments),
    "cases": Measure("whole cases a second", _cases),
}
