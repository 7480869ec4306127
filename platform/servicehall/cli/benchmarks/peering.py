"""Peers: programs of others that do the same work, each built in a throw-away environment and run by itself.

A peer is a file in `peers/`. Its first comment says what to install and which measures it takes, with our goals or
`none`. It is run with a measure and the seconds to work for, and prints one line of JSON; or with `serve`, a port
and a number of rows, prints what is to be sent there for each measure, and listens. Nothing of it is imported here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from servicehall.cli.benchmarks import driver, pages
from servicehall.cli.benchmarks.rows import Did, Goal, Unmeasured

PEERS = Path(__file__).parent / "peers"
Turn = Callable[[float], Did]
TURNS = 3
DROP = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
PATIENCE = 600.0
"""Seconds for a peer to be built, and to answer beyond those that it works for."""
_HEADER = re.compile(r"^# /// script\n((?:#(?: .*)?\n)+?)# ///$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Peer:
    """What the head of a peer's file says."""

    script: Path
    title: str
    dependencies: tuple[str, ...]
    goals: dict[str, Goal | None]
    sqlite_only: bool

    @classmethod
    def read(cls, script: Path) -> Peer:
        head = _HEADER.search(script.read_text("utf-8"))
        if head is None:
            raise ValueError(f"{script} does not begin with what it needs and measures")
        said = tomllib.loads("".join(line[2:] + "\n" for line in head[1].splitlines()))
        told = said["tool"]["servicehall"]
        goals = {measure: None if goal == "none" else Goal.parse(goal) for measure, goal in told["goals"].items()}
        return cls(script, told["peer"], tuple(said["dependencies"]), goals, told.get("sqlite_only", False))


def find(names: Sequence[str] = (), *, folder: Path = PEERS) -> list[Peer]:
    """The peers of these names, or all; ValueError names one that is not there."""
    there = {script.stem: script for script in sorted(folder.glob("*.py"))}
    if unknown := [name for name in names if name not in there]:
        raise ValueError(f"there is no peer {unknown[0]!r}; there are {', '.join(there)}")
    return [Peer.read(there[name]) for name in names or there]


@dataclass(frozen=True, slots=True)
class Built:
    """A peer with its environment, in a folder that is thrown away; on a PostgreSQL server where one is given."""

    peer: Peer
    folder: Path
    server: str | None = None

    @property
    def python(self) -> Path:
        return self.folder / "environment" / "bin" / "python"

    def command(self, *arguments: str) -> list[str]:
        """Its program, in a process that sees nothing of our environment."""
        return [str(self.python), "-I", str(self.peer.script), *arguments]

    @contextmanager
    def environment(self) -> Iterator[dict[str, str]]:
        """Files go to the folder; where there is a server, an empty database of it is named, for as long as needed."""
        ours = {**os.environ, "TMPDIR": str(self.folder)}
        if self.server is None:
            yield ours
            return
        name = f"bench-peer-{self.peer.script.stem}-{os.getpid()}"
        pages.administer(self.server, DROP, name)
        try:
            url = pages.beside(self.server, name).replace("+psycopg", "", 1)
            yield {**ours, "BENCH_DATABASE": url}
        finally:
            pages.administer(self.server, DROP, name)


def build(peer: Peer, folder: Path, *, server: str | None = None) -> Built:
    """An environment with this peer in it; Unmeasured with the reason where there can be none."""
    built = Built(peer, folder, server)
    _run([sys.executable, "-m", "venv", "--without-pip", str(built.python.parent.parent)], PATIENCE)
    if peer.dependencies:
        install = [sys.executable, "-m", "pip", "--python", str(built.python), "install", "-q", "--no-input"]
        _run([*install, "--disable-pip-version-check", *peer.dependencies], PATIENCE)
    return built


def read_answer(printed: str) -> dict[str, Any]:
    """The last line as JSON; Unmeasured where it is none."""
    line = printed.strip().rpartition("\n")[2]
    try:
        answer = json.loads(line)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Unmeasured(f"it answered {line[:80]!r}")
    return answer


def work_of(built: Built, measure: str) -> Turn:
    """One turn of the peer's: so many seconds of this measure."""

    def turn(seconds: float) -> Did:
        with built.environment() as environment:
            answer = read_answer(_run(built.command(measure, str(seconds)), PATIENCE + seconds, environment))
        try:
            said = str(answer.get("result", "")), str(answer.get("note", ""))
            did = Did(int(answer["done"]), float(answer["seconds"]), *said)
        except (KeyError, TypeError, ValueError) as error:
            raise Unmeasured(f"its answer says no {error}") from error
        if did.done <= 0 or did.seconds <= 0:
            raise Unmeasured("it did nothing in its time")
        return did

    return turn


@dataclass(frozen=True, slots=True)
class Served:
    """A peer that answers on a port, and for each measure what is to be sent to it."""

    port: int
    calls: dict[str, Any]

    def turn(self, measure: str) -> Turn:
        """The same call by several at once."""
        _port, calls = self.page(measure)
        if len(calls) != 1:
            raise Unmeasured(f"it says {len(calls)} calls for {measure}, not one")
        return partial(driver.drive, self.port, calls[0])

    def page(self, measure: str) -> tuple[int, list[driver.Call]]:
        """The calls that make one page: itself, and what it fetches."""
        said: Any = self.calls.get(measure)
        try:
            calls = [driver.Call.read(one) for one in (said if isinstance(said, list) else [said])]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unmeasured(f"it does not say what to send for {measure}") from error
        if not calls:
            raise Unmeasured(f"it does not say what to send for {measure}")
        return self.port, calls


@contextmanager
def serving(built: Built, *, rows: int = 0) -> Iterator[Served]:
    """The peer's program as a server, which prints what to send to it, and then listens until it is ended."""
    port, errors = driver.free_port(), built.folder / "errors"
    with (
        errors.open("wb") as said,
        built.environment() as environment,
        subprocess.Popen(
            built.command("serve", str(port), str(rows)),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env=environment,
        ) as server,
    ):
        late = threading.Timer(PATIENCE, server.kill)
        late.start()
        try:
            first = server.stdout.readline() if server.stdout else ""
            late.cancel()
            if not first and server.wait(driver.PATIENCE):
                raise Unmeasured(reason_in(errors.read_text("utf-8", "replace")))
            calls = read_answer(first)
            driver.wait_for(port)
            yield Served(port, calls)
        finally:
            late.cancel()
            server.terminate()
            try:
                server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()


def in_turn(ours: Turn, theirs: Turn, *, seconds: float) -> tuple[Did, Did]:
    """Ours and theirs by turns, so that what else the machine does falls on both; Unmeasured where results differ."""
    did = [(theirs(seconds / TURNS), ours(seconds / TURNS)) for _ in range(TURNS)]
    their_result, our_result = did[0][0].result, did[0][1].result
    if their_result != our_result:
        raise Unmeasured(f"it came to {their_result}, we to {our_result}")
    nothing = Did(0, 0.0)
    return sum((mine for _, mine in did), nothing), sum((other for other, _ in did), nothing)


def _run(command: Sequence[str], patience: float, environment: dict[str, str] | None = None) -> str:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=False, env=environment)
    except subprocess.TimeoutExpired as late:
        raise Unmeasured(f"it took longer than {patience:,.0f} seconds") from late
    if ended.returncode != 0:
        raise Unmeasured(reason_in(ended.stderr or ended.stdout))
    return ended.stdout


def reason_in(said: str) -> str:
    """The first line that says ERROR, else the last one: what a program has to say about its end."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it said nothing"]
    return next((line for line in lines if line.startswith("ERROR")), lines[-1])[:200]
