"""What a queue is narrowed to and ordered by, read from an address that can be shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement

from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services.listing import Page
from servicehall.services.queues import OPEN_TASKS, matches_task, queue
from servicehall.services.visibility import Viewer
from servicehall.web.formats import reader_zone

Condition = ColumnElement[bool]
STATES = (*OPEN_TASKS, "blocked", "done", "skipped", "cancelled")
LONGEST = 200
SIZE = 50


@dataclass(frozen=True, slots=True)
class Filters:
    """Of a queue; what is empty does not narrow, what nobody knows counts as empty."""

    group: str = ""
    state: str = ""
    assignee: str = ""
    due: str = ""
    q: str = ""
    sort: str = ""

    @classmethod
    def read(cls, said: Mapping[str, str]) -> Filters:
        """From an address's query."""
        given = {name: said.get(name, "").strip()[:LONGEST] for name in cls.__slots__}
        for name, known in (("state", STATES), ("due", DUE), ("sort", SORTS)):
            if given[name] not in known:
                given[name] = ""
        return cls(**given)

    def said(self) -> dict[str, str]:
        """The ones that are set, for an address."""
        return {name: str(getattr(self, name)) for name in self.__slots__ if getattr(self, name)}


def list_tasks(viewer: Viewer, wanted: Filters, *, at: datetime, cursor: str | None) -> Page[Task]:
    """One page of the queue in the order that is asked for."""
    return SORTS[wanted.sort](viewer, wanted, _conditions(viewer, wanted, at), cursor)


def end_of_day(at: datetime, days: int = 0) -> datetime:
    """The midnight that ends this day of the reader, or one some days later."""
    local = at.astimezone(reader_zone())
    return (local + timedelta(days=days + 1)).replace(hour=0, minute=0, second=0, microsecond=0)


def end_of_week(at: datetime) -> datetime:
    """The midnight that ends the reader's Sunday."""
    return end_of_day(at, 6 - at.astimezone(reader_zone()).weekday())


DUE: Mapping[str, Callable[[datetime], Condition]] = {
    "overdue": lambda at: Task.due_at < at,
    "today": lambda at: (Task.due_at >= at) & (Task.due_at < end_of_day(at)),
    "week": lambda at: (Task.due_at >= at) & (Task.due_at < end_of_week(at)),
    "none": lambda at: Task.due_at.is_(None),
}


def _conditions(viewer: Viewer, wanted: Filters, at: datetime) -> tuple[Condition, ...]:
    found: list[Condition] = []
    if wanted.due:
        found.append(DUE[wanted.due](at))
    if wanted.q:
        found.append(matches_task(viewer, wanted.q))
    return tuple(found)


def _page(viewer: Viewer, wanted: Filters, *, states: Iterable[str] = (), **more: Any) -> Page[Task]:
    chosen = (wanted.state,) if wanted.state else tuple(states)
    more = {"limit": SIZE, **more}
    return queue(viewer, queue=wanted.group or None, assignee=wanted.assignee or None, state=chosen, **more)


def _by_due(viewer: Viewer, wanted: Filters, where: tuple[Condition, ...], cursor: str | None) -> Page[Task]:
    return _page(viewer, wanted, where=where, cursor=cursor)


def _latest_due(viewer: Viewer, wanted: Filters, where: tuple[Condition, ...], cursor: str | None) -> Page[Task]:
    return _page(viewer, wanted, where=where, descending=True, cursor=cursor)


def _by_request(viewer: Viewer, wanted: Filters, where: tuple[Condition, ...], cursor: str | None) -> Page[Task]:
    """In the order in which the requests were opened, which is that of their numbers."""
    joined = (*where, Request.id == Task.request_id)
    return _page(viewer, wanted, where=joined, at=Request.created_at, cursor=cursor)


def _latest_request(viewer: Viewer, wanted: Filters, where: tuple[Condition, ...], cursor: str | None) -> Page[Task]:
    joined = (*where, Request.id == Task.request_id)
    return _page(viewer, wanted, where=joined, at=Request.created_at, descending=True, cursor=cursor)


def _by_state(viewer: Viewer, wanted: Filters, where: tuple[Condition, ...], cursor: str | None) -> Page[Task]:
    """One state after the other, each by due date; the cursor is the state and the place in it."""
    states = (wanted.state,) if wanted.state else OPEN_TASKS
    begin, _dot, inner = (cursor or "").partition(".")
    rows: list[Task] = []
    first = states.index(begin) if begin in states else 0
    for number, state in enumerate(states[first:], first):
        place = inner if number == first else None
        found = _page(viewer, wanted, states=(state,), where=where, limit=SIZE - len(rows), cursor=place or None)
        rows += found.rows
        if found.next:
            return Page(rows, f"{state}.{found.next}")
        if len(rows) == SIZE and number + 1 < len(states):
            return Page(rows, f"{states[number + 1]}.")
    return Page(rows, None)


SORTS: Mapping[str, Callable[[Viewer, Filters, tuple[Condition, ...], str | None], Page[Task]]] = {
    "": _by_due,
    "-due": _latest_due,
    "number": _by_request,
    "-number": _latest_request,
    "state": _by_state,
}
