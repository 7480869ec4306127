"""Wrong tries are counted, for whoever or wherever they come from; after too many, nothing is looked at for a while."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from threading import Lock

from flask import current_app, g
from limits import parse
from limits.strategies import RateLimiter

from servicehall.clock import now
from servicehall.errors import TooMany
from servicehall.texts import N_, _

log = logging.getLogger("servicehall.security")

_TURNS = tuple(Lock() for _ in range(64))
"""One for several, within this process: others add a try or two."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """So many wrong tries in a while, such as `10 per 5 minute`; `what` keeps their counts apart."""

    what: str
    most: str
    told: str = N_("Too many tries were wrong. Wait a few minutes, then try again.")

    def refuse(self, whose: str) -> None:
        """TooMany where there were too many wrong ones already."""
        if not _ask(lambda limiter: limiter.test(parse(self.most), self.what, whose)):
            log.warning("too many wrong tries: %s of %s", self.what, whose)
            g.closed_until = _limiter().get_window_stats(parse(self.most), self.what, whose).reset_time
            raise TooMany(_(self.told))

    @contextmanager
    def turn(self, whose: str) -> Iterator[None]:
        """One try after the other, where a try takes its time: else many at once would be looked at before the first
        is counted. TooMany as `refuse`."""
        with _TURNS[hash((self.what, whose)) % len(_TURNS)]:
            self.refuse(whose)
            yield

    def count(self, whose: str) -> None:
        """One more was wrong."""
        log.warning("a wrong try: %s of %s", self.what, whose)
        _ask(lambda limiter: limiter.hit(parse(self.most), self.what, whose))


def wait() -> int:
    """After how many seconds whoever was refused just now may try again."""
    limit = current_app.appbuilder.sm.limiter.current_limit  # type: ignore[attr-defined]
    until: float = g.get("closed_until") or (limit.window.reset_time if limit is not None else 0)
    return max(1, ceil(until - now().timestamp()))


def _limiter() -> RateLimiter:
    found: RateLimiter = current_app.appbuilder.sm.limiter.limiter  # type: ignore[attr-defined]
    return found


def _ask(question: Callable[[RateLimiter], bool]) -> bool:
    """Where the store of the counts is away, nobody is held up: as with sign-in."""
    try:
        return question(_limiter())
    except Exception:
        log.exception("wrong tries cannot be counted")
        return True
