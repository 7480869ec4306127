"""Tasks and clocks as they are printed: who did what when, against which promise, and when a clock stood still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehall.clock import parse_instant
from servicehall.domain.durations import Duration
from servicehall.models.clocks import Clock as ClockRow
from servicehall.models.fulfilment import Task
from servicehall.reports.case import Clock, Pause, TaskLine
from servicehall.reports.words import STATES
from servicehall.services import clockwork
from servicehall.services.printing.answers import form_answers
from servicehall.services.printing.paper import Paper
from servicehall.texts import _, pick


def tasks(paper: Paper) -> tuple[TaskLine, ...]:
    """Every task of the plan in its order, and what had to be undone."""
    children = {str(event.body["task"]): str(event.body["number"]) for event in paper.events_of("task.child_requested")}
    return tuple(_task(paper, row, children.get(row.id, "")) for row in paper.tasks)


def clocks(paper: Paper) -> tuple[Clock, ...]:
    """Those of the request first, then those of its tasks, each in the order in which they started."""
    rows = sorted(paper.clocks, key=lambda clock: clock.task_id is not None)
    return tuple(_clock(paper, row) for row in rows)


def calendar_name(paper: Paper, said: Mapping[str, Any]) -> str:
    """The title that the calendar had in the version which the clock was started with."""
    body = paper.content(said.get("sha256")) or {}
    return pick(body.get("title")) or (str(said["reference"]) if said.get("sha256") else _("Around the clock"))


def _task(paper: Paper, row: Task, child: str) -> TaskLine:
    form = paper.release.task_form(row.key) if row.undoes is None else None
    filled = paper.content(row.answers)
    return TaskLine(
        key=row.key,
        title=paper.task_titles[row.id],
        department=paper.department(row.department),
        group=paper.names.group_name(row.group_id) if row.group_id else "",
        state=row.state,
        assignee=paper.name(row.assignee_id),
        ready_at=row.ready_at,
        due_at=row.due_at,
        done_at=row.done_at,
        done_by=paper.name(row.done_by_id),
        child=child,
        answers=tuple(form_answers(paper, form, filled)) if form is not None and filled else (),
    )


def _clock(paper: Paper, row: ClockRow) -> Clock:
    ended = row.completed_at is not None or row.state == "cancelled"
    reading = clockwork.reading(paper.session, row, row.completed_at or paper.at) if not ended else None
    elapsed = int(reading.elapsed.total_seconds()) if reading is not None else row.elapsed_seconds or 0
    return Clock(
        measure=row.measure,
        subject=paper.task_titles.get(row.task_id or "", ""),
        target=f"{Duration.parse(row.target).in_words()} · {row.priority.upper()}",
        state=row.state,
        calendar=calendar_name(paper, row.calendar),
        started_at=row.started_at,
        due_at=row.due_at,
        completed_at=row.completed_at,
        elapsed_seconds=elapsed,
        pauses=tuple(_pause(one) for one in row.pauses),
    )


def _pause(said: Mapping[str, Any]) -> Pause:
    reason = str(said.get("why", ""))
    until = said.get("until")
    return Pause(
        start=parse_instant(said["since"]),
        end=parse_instant(until) if until else None,
        reason=_(STATES[reason]) if reason in STATES else reason,
    )
