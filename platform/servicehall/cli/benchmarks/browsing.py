"""Pages beside those of peers: the same number of rows, over HTTP, one reader, each page of ours and theirs in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from servicehall.cli.benchmarks import measures, peering
from servicehall.cli.benchmarks.driver import Call
from servicehall.cli.benchmarks.pages import Place
from servicehall.cli.benchmarks.peering import Built
from servicehall.cli.benchmarks.rows import Row, Unmeasured

WARM = 4
"""Calls before those that count, so that each worker has been asked; fewer where a page takes its time."""
TIMES = 20

PAGES = {
    "queue": ("queue", "worker", "/desk/queue"),
    "inbox": ("inbox", "lead", "/approvals"),
    "my_requests": ("my requests", "asker", "/requests"),
    "search": ("search, a word of one request", "worker", "/desk/requests?q=500123"),
    "search_all": ("search, a word of every request", "worker", "/desk/requests?q=case"),
    "dashboard": ("dashboard", "worker", "/desk"),
}
"""What peers call their pages, and ours that do the same: title, who asks, address."""


@dataclass(frozen=True, slots=True)
class Hall:
    """Our web over a database with many requests."""

    place: Place
    port: int

    def call(self, who: str, path: str) -> Call:
        name = self.place.app.config["SESSION_COOKIE_NAME"]
        cookie = self.place.client(who).get_cookie(name)
        return Call(path, {"Cookie": f"{name}={cookie.value if cookie else ''}"})


@contextmanager
def opened(place: Place) -> Iterator[Hall]:
    with measures.our_web(measures.environment_of(place.app)) as port:
        yield Hall(place, port)


def rows(built: Built, hall: Hall, *, size: int, seconds: float) -> Iterator[Row]:
    """A row for each page that the peer has; one that does not answer is a row that says why."""
    goals = {name: goal for name, goal in built.peer.goals.items() if name in PAGES}
    said = {name: f"{PAGES[name][0]} at {size:,}, beside {built.peer.title}" for name in goals}
    try:
        with peering.serving(built, rows=size) as theirs:
            for name, goal in goals.items():
                _title, who, path = PAGES[name]
                try:
                    ours, other = _in_turn((hall.port, [hall.call(who, path)]), theirs.page(name), seconds=seconds)
                except Unmeasured as why:
                    yield Row(said.pop(name), "not measured", str(why))
                else:
                    yield Row(said.pop(name), f"{ours:,.0f} : {other:,.0f} ms", "p50", ours / other, goal)
    except Unmeasured as why:
        yield from (Row(title, "not measured", str(why)) for title in said.values())


def _in_turn(*sides: tuple[int, list[Call]], seconds: float) -> list[float]:
    """The median of each side in milliseconds; what a page fetches for itself counts with it."""
    taken: list[list[float]] = [[] for _ in sides]
    until = time.monotonic() + seconds
    for turn in range(WARM + TIMES):
        if turn > 1 and time.monotonic() > until:
            break
        for (port, calls), times in zip(sides, taken, strict=True):
            began = time.perf_counter()
            for call in calls:
                if came := call.make(port):
                    raise Unmeasured(f"{call.path} was answered {came}")
            times.append((time.perf_counter() - began) * 1000)
    return [statistics.median(times[min(WARM, len(times) - 1) :]) for times in taken]
