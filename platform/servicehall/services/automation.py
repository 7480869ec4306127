"""Tasks done by a system: what is sent to it, and what its answer, or its silence, means for the task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.orm import Session

from servicehall.domain import events as e
from servicehall.domain.fulfilment import next_task_state
from servicehall.models.base import db, reading
from servicehall.models.fulfilment import Task
from servicehall.models.operations import Outbox
from servicehall.models.requests import Request
from servicehall.services import contexts, releases
from servicehall.services.releases import Release
from servicehall.services.submission import stream_of
from servicehall.services.work import Work, work

SYSTEM = "system:automation"
WAITING = ("ready", "in_progress")
LONGEST_REASON = 500

Settle = Callable[[Session], None]


def call(w: Work, row: Request, release: Release, task: Task) -> None:
    """Puts the call into the outbox, with the answers that the task shows."""
    planned = release.plan_task(task.key)
    if planned is None or planned.automate is None:
        raise LookupError(f"{release.reference} has no automation for {task.key}")
    answers = contexts.answers_of(w.session, row)
    Outbox.add(
        w.session,
        channel="webhook",
        dedupe_key=f"automate:{task.id}",
        payload={
            "name": planned.automate.webhook,
            "task": task.id,
            "event": "task.ready",
            "number": row.number,
            "key": task.key,
            "answers": {key: answers[key] for key in planned.shows if key in answers},
        },
        at=w.at,
        request_id=row.id,
    )
    w.awake = True


def is_waiting(task_id: str) -> bool:
    """Whether a system is still to do this task: nobody has ended it or its request meanwhile."""
    session: Session = db.session()
    with reading():
        task = session.get(Task, task_id, populate_existing=True)
        waiting = task is not None and _is_waiting(task)
        session.rollback()
    return waiting


def retries_of(task_id: str) -> int:
    """How often the plan lets a failed call be tried again."""
    session: Session = db.session()
    with reading():
        task = session.get_one(Task, task_id)
        row = session.get_one(Request, task.request_id)
        planned = releases.load(session, row.release).plan_task(task.key)
        session.rollback()
    return planned.automate.retry if planned is not None and planned.automate is not None else 0


def succeed(task_id: str, *, at: datetime, settle: Settle) -> None:
    """The system has done the task. `settle` marks the call done in the same transaction."""
    with _over(task_id, at, settle) as (w, task):
        if _is_waiting(task):
            next_task_state(task.state, "report_done")
            w.record(stream_of(task.request_id), e.TaskCompleted(task=task.id, why={"code": "done_by_system"}))


def give_up(task_id: str, *, reason: str, at: datetime, settle: Settle) -> None:
    """The system did not do it: from now on the task is its group's, and says why."""
    with _over(task_id, at, settle) as (w, task):
        if _is_waiting(task):
            w.record(
                stream_of(task.request_id),
                e.TaskStateChanged(
                    task=task.id,
                    act="fall_back",
                    before=task.state,
                    state=next_task_state(task.state, "fall_back"),
                    why={"code": "fell_back", "detail": reason[:LONGEST_REASON]},
                ),
            )


def _is_waiting(task: Task) -> bool:
    return task.kind == "automate" and task.state in WAITING


@contextmanager
def _over(task_id: str, at: datetime, settle: Settle) -> Iterator[tuple[Work, Task]]:
    session: Session = db.session()
    with reading():
        family = session.get_one(Request, session.get_one(Task, task_id).request_id).root_id
        session.rollback()
    with work(stream_of(family), actor=SYSTEM, at=at) as w:
        settle(w.session)
        yield w, w.get(Task, task_id)
