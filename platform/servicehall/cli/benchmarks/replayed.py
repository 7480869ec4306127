"""The limit: the statements that write one whole case, sent again by bare SQLAlchemy Core under fresh ids, no reads.

Core gets each statement ready-made with its plain values, and as many transactions: binding, JSON and the commits
count on both sides; reading, deciding, hashing and the making of statements on ours alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Executable, event
from sqlalchemy.engine import Connection, Engine

from servicehall.models.base import new_id

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
HASH = re.compile(r"[0-9a-f]{64}")


NUMBER = re.compile(r"(?:REQ|INC|PRB|CHG)-\d{6}")
Transaction = list[tuple[Executable, list[dict[str, Any]]]]


@dataclass
class Recording:
    """Transactions, each a list of statements, each with the values of all its rows."""

    transactions: list[Transaction] = field(default_factory=lambda: [[]])


@contextmanager
def record(engine: Engine) -> Iterator[Recording]:
    """Notes every write of the block, transaction by transaction."""
    recording = Recording()

    def statement(connection: Any, cursor: Any, text: str, parameters: Any, context: Any, many: bool) -> None:
        if context.compiled is not None and (context.isinsert or context.isupdate or context.isdelete):
            recording.transactions[-1].append((context.invoked_statement, context.compiled_parameters))

    def commit(connection: Any) -> None:
        if recording.transactions[-1]:
            recording.transactions.append([])

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield recording
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)
        recording.transactions = [one for one in recording.transactions if one]


def copies_of(recording: Recording, standing: set[str], number: int) -> list[list[Transaction]]:
    """The same writes so many times under fresh names; what stood before (people, groups) keeps its own."""
    return [_copy(recording, Names(standing)) for _ in range(number)]


def _copy(recording: Recording, names: Names) -> list[Transaction]:
    return [[(write, names.in_value(rows)) for write, rows in part] for part in recording.transactions]


class Names:
    """Fresh names for what a case made itself."""

    def __init__(self, standing: set[str]) -> None:
        self.standing = standing
        self.fresh: dict[str, str] = {}

    def in_value(self, value: Any) -> Any:
        """The value with every id, hash and number in it renamed, the same name always alike."""
        if isinstance(value, str):
            return NUMBER.sub(self._number, HASH.sub(self._hash, UUID.sub(self._id, value)))
        if isinstance(value, dict):
            return {key: self.in_value(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.in_value(inner) for inner in value)
        return value

    def _number(self, found: re.Match[str]) -> str:
        return self.fresh.setdefault(found[0], f"C-{new_id().replace('-', '')[-16:]}")

    def _id(self, found: re.Match[str]) -> str:
        return found[0] if found[0] in self.standing else self.fresh.setdefault(found[0], new_id())

    def _hash(self, found: re.Match[str]) -> str:
        if found[0] in self.standing:
            return found[0]
        return self.fresh.setdefault(found[0], (new_id() + new_id()).replace("-", ""))


def send(connection: Connection, transactions: list[Transaction]) -> None:
    """One case, as many transactions as it had."""
    for part in transactions:
        with connection.begin():
            for write, rows in part:
                connection.execute(write, rows if len(rows) > 1 else rows[0]).close()
