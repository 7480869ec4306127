"""Huey, which only wakes workers: the work itself stands in the database, so its queue may be lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.consumer import Consumer
from huey.serializer import SignedSerializer
from psycopg import OperationalError
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger("servicehall.jobs")

NAME = "servicehall"
SALT = "servicehall.jobs"


def make_huey(url: str, secret: str) -> Huey:
    """The queue of this URL (`sqlite:///…`, `redis://…`, `postgresql://…`); messages are signed."""
    scheme = urlsplit(url).scheme.split("+")[0]
    if scheme not in _QUEUES:
        raise ValueError(f"no queue is known for {scheme}://; use sqlite, redis or postgresql")
    return _QUEUES[scheme](url, {"serializer": SignedSerializer(secret, SALT), "results": False, "utc": True})


def _sqlite(url: str, common: dict[str, Any]) -> Huey:
    return SqliteHuey(NAME, filename=url.split(":///", 1)[1], fsync=False, timeout=5, **common)


def _redis(url: str, common: dict[str, Any]) -> Huey:
    pool = ConnectionPool.from_url(url, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
    return RedisHuey(NAME, connection_pool=pool, read_timeout=1, **common)


def _postgresql(url: str, common: dict[str, Any]) -> Huey:
    """Where the server is away at the start, its tables are made by the next process that finds it."""
    there = {"dsn": url.replace("+psycopg", "", 1), "connect_timeout": 2, **common}
    try:
        return PostgresHuey(NAME, **there)
    except OperationalError as error:
        log.warning("the queue cannot be reached: %s", error)
        return PostgresHuey(NAME, create_tables=False, **there)


_QUEUES: dict[str, Callable[[str, dict[str, Any]], Huey]] = {
    "sqlite": _sqlite,
    "redis": _redis,
    "rediss": _redis,
    "postgres": _postgresql,
    "postgresql": _postgresql,
}


class QuietConsumer(Consumer):
    """A consumer inside somebody else's process: it starts its threads and leaves the signals alone."""

    def _set_signal_handlers(self) -> None:
        """The process that we are a guest in has its own."""
