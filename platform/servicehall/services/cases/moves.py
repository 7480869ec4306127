"""Clocks that would move, as records: when they are due, when they would be, and what follows at once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import releases
from servicehall.services.cases.names import Record, said_at
from servicehall.services.recomputation import Move
from servicehall.services.visibility import Viewer, visible_requests

EXPECTED = 500


def move_records(session: Session, moves: Sequence[Move], *, viewer: Viewer | None = None) -> list[Record]:
    """`{clock, request, service, service_title, measure, task, priority, because, target, new_target, due_at,
    new_due_at, ends, acts, passes_over, breach_withdrawn, missed}`; requests that the viewer may not see have no
    number."""
    seen = _visible(session, moves, viewer)
    wanted = {move.clock.task_id for move in moves if move.clock.task_id}
    keys: dict[str, str] = {}
    for start in range(0, len(wanted), EXPECTED):
        batch = sorted(wanted)[start : start + EXPECTED]
        keys |= dict(session.execute(select(Task.id, Task.key).where(Task.id.in_(batch))).all())
    return [_record(session, move, keys, seen) for move in moves]


def _visible(session: Session, moves: Sequence[Move], viewer: Viewer | None) -> set[str]:
    ids = sorted({move.row.id for move in moves})
    if viewer is None:
        return set(ids)
    found: set[str] = set()
    for start in range(0, len(ids), EXPECTED):
        mine = select(Request.id).where(Request.id.in_(ids[start : start + EXPECTED]), visible_requests(viewer))
        found |= set(session.scalars(mine))
    return found


def _record(session: Session, move: Move, keys: dict[str, str], seen: set[str]) -> Record:
    clock, row = move.clock, move.row
    return {
        "clock": clock.id,
        "request": row.number if row.id in seen else None,
        "service": row.service,
        "service_title": releases.load(session, row.release).title,
        "measure": clock.measure,
        "task": keys.get(clock.task_id or ""),
        "priority": clock.priority,
        "because": list(move.because),
        "target": clock.target,
        "new_target": str(move.terms.duration) if move.terms is not None else None,
        "due_at": said_at(clock.due_at),
        "new_due_at": said_at(move.due_at),
        "ends": move.ends,
        "acts": list(move.acts),
        "passes_over": list(move.passes_over),
        "breach_withdrawn": move.withdraws,
        "missed": move.misses,
    }
