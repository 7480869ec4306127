"""Calls over HTTP: the same driver for us and for peers, a connection for each call."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from random import SystemRandom
from typing import Any

from servicehall.cli.benchmarks.rows import Did, Unmeasured

CLIENTS = 4
GIVEN_TO_CALLERS = 32_768
"""From here on Linux gives a port to whoever connects; it may be gone before a program listens."""
PATIENCE = 120.0
"""Seconds for one answer, and for a server to listen."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent, and the status that must come back."""

    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: str = ""
    status: int = 200

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Call:
        """What a peer says is to be sent to it."""
        return cls(
            str(said["path"]),
            {str(name): str(value) for name, value in said["headers"].items()},
            str(said.get("method", "GET")),
            str(said.get("body", "")),
            int(said.get("status", 200)),
        )

    def make(self, port: int) -> str:
        """Empty where it was answered as it should be, else what came."""
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request(self.method, self.path, self.body.encode(), dict(self.headers))
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()
        return "" if answer.status == self.status else str(answer.status)


def drive(port: int, call: Call, seconds: float) -> Did:
    """The same call by several clients at once for so long; what was refused does not count, and is told.

    Unmeasured where not one was answered as it should be.
    """
    came: Counter[str] = Counter()
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=_repeat, args=(port, call, until, came)) for _ in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - began
    done = came.pop("", 0)
    refused = ", ".join(f"{number} x {what}" for what, number in came.items())
    if not done:
        raise Unmeasured(f"{call.path} was answered {refused}")
    return Did(done, passed, note=refused and f"refused: {refused}")


def _repeat(port: int, call: Call, until: float, came: Counter[str]) -> None:
    mine = Counter([call.make(port)])
    while time.monotonic() < until:
        mine[call.make(port)] += 1
    with _counting:
        came.update(mine)


_counting = threading.Lock()


def wait_for(port: int) -> None:
    """Until something listens there; Unmeasured where nothing does in time."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with socket.socket() as found:
            if found.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise Unmeasured("nothing listens")


def free_port() -> int:
    """One at which nobody listens, below those that are given to whoever connects to something."""
    while True:
        port = SystemRandom().randrange(20_000, GIVEN_TO_CALLERS)
        with suppress(OSError), socket.socket() as found:
            found.bind(("127.0.0.1", port))
            return port
