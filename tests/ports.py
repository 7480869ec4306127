"""Ports for programs that a test starts."""

from __future__ import annotations

import socket
from contextlib import suppress
from random import SystemRandom

GIVEN_TO_CALLERS = 32_768
"""From here on Linux gives a port to whoever connects to something; it may be gone before the program listens."""


def free_port() -> int:
    """One at which nobody listens."""
    while True:
        port = SystemRandom().randrange(20_000, GIVEN_TO_CALLERS)
        with suppress(OSError), socket.socket() as found:
            found.bind(("127.0.0.1", port))
            return port
