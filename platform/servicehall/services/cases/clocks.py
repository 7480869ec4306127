"""Clocks as records: what was promised, what has passed, and what remains."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from servicehall.models.clocks import Clock
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import clockwork
from servicehall.services.cases.names import Record, said_at
from servicehall.services.clock_terms import place_of, release_of, stands_still
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer


def clock_records(viewer: Viewer, row: Request, *, at: datetime) -> list[Record]:
    """`{id, measure, task?, state, target, started_at, due_at?, completed_at?, elapsed_seconds, remaining_seconds,
    policy, calendar}`, in the order in which they started; seconds are on the clock's own calendar."""
    session = viewer.session
    clocks = session.scalars(
        select(Clock).where(Clock.request_id == row.id).order_by(Clock.started_at, Clock.measure, Clock.id)
    ).all()
    if not clocks:
        return []
    keys = dict(session.execute(select(Task.id, Task.key).where(Task.request_id == row.id)).all())
    return [_record(viewer, row, clock, keys, at) for clock in clocks]


def _record(viewer: Viewer, row: Request, clock: Clock, keys: dict[str, str], at: datetime) -> Record:
    reading = clockwork.reading(viewer.session, clock, at)
    return {
        "id": clock.id,
        "measure": clock.measure,
        "task": clock.task_id,
        "task_key": keys.get(clock.task_id or ""),
        "state": clock.state,
        "target": clock.target,
        "priority": clock.priority,
        "started_at": said_at(clock.started_at),
        "due_at": said_at(clock.due_at),
        "breached_at": said_at(clock.breached_at),
        "completed_at": said_at(clock.completed_at),
        "elapsed_seconds": reading.elapsed_seconds,
        "remaining_seconds": reading.remaining_seconds,
        "policy": policy_name(release_of(viewer.session, row, clock), int(place_of(clock)["policy"])),
        "calendar": clock.calendar["reference"],
        "paused": stands_still(clock.pauses),
    }


def policy_name(release: Release, index: int) -> str:
    """The policy's reference, `department/key`; one that stands in the service itself goes by the service's."""
    named = [one for one in release.data["sources"] if one["kind"] == "sla_policy"]
    if len(named) != len(release.policies):
        return release.reference
    return f"{named[index]['department']}/{named[index]['key']}"
