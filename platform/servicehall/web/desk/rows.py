"""Tasks as rows of the desk: the record of a queue with its chip, and what the viewer may do at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask import g
from sqlalchemy import or_, select

from servicehall.models.clocks import Clock
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import tasks
from servicehall.services.cases import task_rows, waits_for
from servicehall.services.cases.names import Record
from servicehall.services.queues import OPEN_TASKS, count_in_hand, queue
from servicehall.services.visibility import Viewer
from servicehall.web.desk.filters import end_of_day, end_of_week
from servicehall.web.navigation import BADGES
from servicehall.web.portal.acting import viewer as signed_in

MOST = 100
FEW = 25


def has_desk(viewer: Viewer) -> bool:
    """Whether somebody does work for others: in a group, or with a task in hand."""
    return bool(viewer.group_ids) or count_in_hand(viewer, 1) > 0


def desk_rows(viewer: Viewer, rows: Sequence[Task], *, at: datetime) -> list[Record]:
    """Records with `chip` (due by the plan), `sla` (due as promised), `acts` and `waits`, what a blocked one waits for;
    in a fixed number of queries."""
    session = viewer.session
    owners = {
        one.id: one for one in session.scalars(select(Request).where(Request.id.in_({one.request_id for one in rows})))
    }
    clocks, waits = clocks_of(viewer, rows), waits_for(viewer, rows, owners)
    found = []
    for task, record in zip(rows, task_rows(viewer, rows), strict=True):
        owner = owners[task.request_id]
        acts = tasks.acts_of(task, owner, viewer)
        clock = clocks.get(task.id) or clocks.get(task.request_id)
        dates = {"chip": chip(task, owner, at), "sla": promised(task, clock, at)}
        found.append({**record, **dates, "acts": acts, "waits": waits.get(task.id, "")})
    return found


def chip(task: Task, owner: Request, at: datetime) -> Record:
    """When it is due by its plan, and as what: running, paused, overdue; nothing once it is no longer in hand."""
    if task.state not in (*OPEN_TASKS, "blocked"):
        return {"due_at": None, "state": "running"}
    paused = owner.state == "on_hold" or task.state == "on_hold"
    return {"due_at": task.due_at, "state": "paused" if paused else _state("running", task.due_at, at)}


def promised(task: Task, clock: Clock | None, at: datetime) -> Record | None:
    """What the service level promises: by the task's own clock, or, where it has no date, by that of the request."""
    if clock is None or task.state not in OPEN_TASKS or (clock.task_id is None and task.due_at is not None):
        return None
    return {"due_at": clock.due_at, "state": _state(clock.state, clock.due_at, at)}


def _state(state: str, due_at: datetime | None, at: datetime) -> str:
    return "breached" if state == "running" and due_at is not None and due_at < at else state


def _soonest(row: Record) -> datetime | None:
    """The plan's date or the promised one, whichever comes first."""
    found = [one["due_at"] for one in (row["chip"], row["sla"]) if one is not None and one["due_at"] is not None]
    return min(found, default=None)


def count_mine(viewer: Viewer) -> int:
    """How many tasks I have in hand, counted no further than a badge shows; once for each page."""
    if "desk_count" not in g:
        g.desk_count = count_in_hand(viewer, MOST)
    return int(g.desk_count)


def my_tasks(viewer: Viewer, *, at: datetime) -> list[tuple[str, list[Record]]]:
    """My tasks in hand by when they are due: overdue, today, week, later; the groups that have any."""
    rows = desk_rows(viewer, queue(viewer, assignee="me", limit=MOST).rows, at=at)
    edges = (("overdue", at), ("today", end_of_day(at)), ("week", end_of_week(at)))
    grouped: dict[str, list[Record]] = {name: [] for name in ("overdue", "today", "week", "later")}
    for row in rows:
        due_at = _soonest(row)
        name = next((name for name, edge in edges if due_at is not None and due_at < edge), "later")
        grouped[name].append(row)
    for some in grouped.values():
        some.sort(key=lambda row: (_soonest(row) is None, _soonest(row) or at))
    return [(name, some) for name, some in grouped.items() if some]


def unclaimed(viewer: Viewer, *, at: datetime) -> tuple[list[Record], bool]:
    """What lies in my groups with nobody, the soonest due first; and whether there is more."""
    if not viewer.group_ids:
        return [], False
    mine = Task.group_id.in_(sorted(viewer.group_ids))
    by_hand = or_(Task.kind == "manual", Task.state == "failed")
    page = queue(viewer, assignee="none", state=("ready", "failed"), where=(mine, by_hand), limit=FEW)
    return desk_rows(viewer, page.rows, at=at), page.next is not None


def clocks_of(viewer: Viewer, rows: Sequence[Task]) -> Mapping[str, Clock]:
    """The own clock of each task that has one, by its id; by the request's id, the clock of its resolution."""
    found = viewer.session.scalars(
        select(Clock).where(
            Clock.request_id.in_({one.request_id for one in rows}),
            or_(Clock.task_id.in_([one.id for one in rows]), Clock.measure == "resolution"),
        )
    )  # a condition over states would lead SQLite to every open clock
    counting = [one for one in found if one.state in ("running", "paused", "breached")]
    counting.sort(key=lambda one: (one.due_at is None, one.due_at), reverse=True)
    return {str(one.task_id or one.request_id): one for one in counting}


BADGES.register("tasks", lambda: count_mine(signed_in()))
