"""What is read once: within a work over a request, which changes no documents, or while all stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from servicehall.services import work

Value = TypeVar("Value")

_still: ContextVar[dict[str, Any] | None] = ContextVar("still", default=None)


@contextmanager
def standing_still(memory: dict[str, Any] | None = None) -> Iterator[None]:
    """Within the block directory and documents do not change, and are read once: for many readings of one session.

    `memory` keeps what was read for another such block, and what is in it already counts as read.
    """
    token = _still.set({} if memory is None else memory)
    try:
        yield
    finally:
        _still.reset(token)


def _memo() -> dict[str, Any] | None:
    still, here = _still.get(), work.current()
    if still is not None or here is None or not here.family.startswith("request/"):
        return still
    return here.memo


def remembered(name: tuple[str, ...], read: Callable[[], Value]) -> Value:
    """What is read once in a work over a request, which changes no documents, and while all stands still."""
    memo = _memo()
    if memo is None:
        return read()
    key = remembered_as(*name)
    if key not in memo:
        memo[key] = read()
    found: Value = memo[key]
    return found


def remembered_as(*name: str) -> str:
    """The key in such a memory."""
    return "/".join(name)


def memory(name: str) -> dict[str, Any]:
    """The same by key: what has been read already; empty, and forgotten, outside of such a work or block."""
    memo = _memo()
    if memo is None:
        return {}
    found: dict[str, Any] = memo.setdefault(name, {})
    return found
