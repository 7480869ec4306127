"""Moving the date that a running plan counts from: open tasks are planned anew, what has ended stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from servicehall.clock import as_instant
from servicehall.domain import events as e
from servicehall.domain import fulfilment as rules
from servicehall.domain.plan_dates import Known, plan_dates
from servicehall.errors import Conflict, Forbidden, Invalid, Problem
from servicehall.models.approvals import Stage
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import calendars, releases
from servicehall.services.fulfilment import SYSTEM, plan_of
from servicehall.services.requests import COMMENT_LENGTH, family_of
from servicehall.services.submission import stream_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import Recorded, Work, work
from servicehall.texts import _

MOVABLE = ("in_progress", "on_hold")


def may_move(request: Request, viewer: Viewer) -> bool:
    release = releases.load(viewer.session, request.release)
    return request.state in MOVABLE and bool(plan_of(release).anchor) and viewer.is_agent_of(request)


def move_anchor(request: Request, *, day: date, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    """Agents of the owning department move the date; what was asked for and approved stays as it was said."""
    if not viewer.is_agent_of(request):
        raise Forbidden(_("Only agents of the department move the date."))
    text = (comment or "").strip()
    if len(text) > COMMENT_LENGTH:
        raise Invalid(problems=[Problem("comment", "too_long", _("At most {n} characters.", n=COMMENT_LENGTH))])
    with work(family_of(request), actor=viewer.id, at=at) as w:
        row = w.get(Request, request.id)
        if row.state not in MOVABLE or not plan_of(releases.load(w.session, row.release)).anchor:
            raise Conflict(_("There is no date to move: the work is not under way, or counts from none."))
        if row.anchor != day.isoformat():
            kept = w.keep({"body": text}) if text else None
            moved = e.AnchorMoved(anchor=day.isoformat(), previous=row.anchor, comment=kept)
            w.record(stream_of(row.id), moved)


def anchor_filled(w: Work, recorded: Recorded) -> None:
    """A gate whose approvers fill in the date moves it as well."""
    stage = w.get(Stage, recorded.event.stage)  # type: ignore[attr-defined]
    if stage.task_id is None or stage.answers is None:
        return
    row = w.get(Request, recorded.subject)
    release = releases.load(w.session, row.release)
    anchor = plan_of(release).anchor
    said = (w.content(stage.answers) or {}).get(anchor or "")
    if said and row.state in MOVABLE and str(said)[:10] != row.anchor:
        moved = e.AnchorMoved(anchor=str(said)[:10], previous=row.anchor, why={"code": "anchor_filled"})
        w.record(stream_of(row.id), moved, actor=SYSTEM)


def replan(w: Work, recorded: Recorded) -> None:
    """Gives each open task of the plan the due moment that follows from the date as it is now."""
    row = w.get(Request, recorded.subject)
    tasks = {task.key: task for task in w.of(Task, row.id)}
    plan = plan_of(releases.load(w.session, row.release))
    expected = _expected(w, row, tasks)
    for planned in rules.open_tasks(plan, {key: task.state for key, task in tasks.items()}):
        task, due_at = tasks[planned.key], expected[planned.key]
        if due_at != task.due_at:
            w.record(
                stream_of(row.id),
                e.TaskDueChanged(
                    task=task.id, due_at=as_instant(due_at) if due_at else None, why={"code": "anchor_moved"}
                ),
                actor=SYSTEM,
            )


def _expected(w: Work, row: Request, tasks: Mapping[str, Task]) -> dict[str, datetime | None]:
    """When each task is due, by key: from when it was ready, else from when it is expected to be."""
    release = releases.load(w.session, row.release)
    plan = plan_of(release)
    reckoning = calendars.reckoning(w.session, row, release)
    started_at, anchor = row.approved_at or w.at, releases.planned_from(row)
    known = Known(
        ready_at={key: task.ready_at for key, task in tasks.items() if task.ready_at is not None},
        done_at={key: task.done_at for key, task in tasks.items() if task.done_at is not None},
        skipped={key for key, task in tasks.items() if task.state in ("skipped", "cancelled")},
    )
    dates = plan_dates(plan, started_at=started_at, anchor=anchor, reckoning=reckoning, known=known)
    return {key: one.due_at for key, one in dates.items()}
