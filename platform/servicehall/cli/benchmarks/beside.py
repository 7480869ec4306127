"""Our side of each measure that peers take, and the rows that come of both."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from servicehall.cli.benchmarks import measures, peering
from servicehall.cli.benchmarks.peering import Peer, Unmeasured
from servicehall.cli.benchmarks.rows import Did, Goal, Row


def rows(peers: Sequence[Peer], *, seconds: float) -> Iterator[Row]:
    """Each peer built, measured beside us and thrown away; one that fails is a row that says why."""
    for peer in peers:
        with tempfile.TemporaryDirectory(prefix="servicehall-peer-") as folder:
            try:
                python = peering.build(peer, Path(folder))
            except Unmeasured as why:
                yield Row(peer.title, "not built", str(why))
                continue
            for measure, goal in peer.goals.items():
                yield from MEASURES[measure](peer, python, goal, seconds)


def _rates(name: str, title: str, ours: Callable[[float], Did]) -> Callable[[Peer, Path, Goal, float], Iterator[Row]]:
    """A measure of what is done in a second, where both are programs that work for so long."""

    def measured(peer: Peer, python: Path, goal: Goal, seconds: float) -> Iterator[Row]:
        measure = f"{title}, beside {peer.title}"
        try:
            mine, other = peering.in_turn(ours, peering.work_of(peer, python, name), seconds=seconds)
        except Unmeasured as why:
            yield Row(measure, "not measured", str(why))
        else:
            yield Row(measure, f"{mine.rate:,.1f} : {other.rate:,.1f}", "", mine.rate / other.rate, goal)

    return measured


MEASURES = {
    "due_moments": _rates("due_moments", "due moments a second", measures.due_moments),
}
