"""The unit of work: what it reads it reads once, what it writes it sends together, and both are what the rows say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select
from tests.factories.small import Small

from servicehall.models.base import db
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import tasks
from servicehall.services.work import work

SERVICE = """
fulfilment:
  tasks:
    - {title: T, key: a, group: desk}
    - {title: T, key: b, group: desk, after: [a]}
    - {title: T, key: c, group: desk, after: [a]}
    - {title: T, key: d, group: desk, after: [a]}
"""


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Statements by their verb and their first table: `SELECT tasks`."""
    found: Counter[str] = Counter()

    def note(connection: Any, cursor: Any, text: str, *_: Any) -> None:
        verb, _space, rest = text.partition(" ")
        before = {"SELECT": "FROM ", "INSERT": "INTO ", "UPDATE": ""}.get(verb)
        if before is not None:
            found[f"{verb} {rest.partition(before)[2].split()[0] if before else rest.split()[0]}"] += 1

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_work_reads_each_table_once_and_writes_it_together(small: Small) -> None:
    small.publish(SERVICE)
    made = small.order()
    task, viewer = small.task(made, "a"), small.viewer("dan")
    assert viewer.group_ids and task.request_id
    with counted() as found, work(f"request/{made}", actor=viewer.id, at=small.at):
        tasks.complete(task, answers={}, viewer=viewer, at=small.at)
    once = {name for name in found if name.split()[1] in ("tasks", "clocks", "memberships", "groups", "events")}
    assert {name: found[name] for name in once} == dict.fromkeys(once, 1) | {"UPDATE tasks": 2}
    assert found["INSERT events"] == found["INSERT notices"] == 1
    assert small.tasks(made) == {"a": "done", "b": "ready", "c": "ready", "d": "ready"}


def test_what_a_work_writes_is_known_at_once_and_is_what_the_table_says(small: Small) -> None:
    small.publish(SERVICE)
    made = small.order()
    viewer = small.viewer("dan")
    with work(f"request/{made}", actor=viewer.id, at=small.at) as w:
        row, before = w.get(Request, made), w.of(Task, made)
        for key in "abcd":
            tasks.complete(next(one for one in before if one.key == key), answers={}, viewer=viewer, at=small.at)
            w.settle()
        known = (row.state, {one.key: one.state for one in w.of(Task, made)})
        read = dict(w.rows(select(Task.key, Task.state).where(Task.request_id == made)))
    assert known == ("resolved", dict.fromkeys("abcd", "done")) == (small.state(made), read)
    assert small.tasks(made) == read
