"""Reminders and timeouts of a stage: rows that are due at a moment, armed when it opens and disarmed when it closes."""

from __future__ import annotations

from datetime import datetime

from servicehall.domain.business_time import due
from servicehall.domain.durations import Duration
from servicehall.models.approvals import Stage
from servicehall.models.operations import Timers
from servicehall.services import calendars
from servicehall.services.asking import Case
from servicehall.services.submission import stream_of
from servicehall.services.work import Work


def due_at(case: Case, key: str) -> datetime | None:
    """When the stage's time is up, counted from now; None where it has no timeout."""
    timeout = case.chain.stage(key).timeout
    return None if timeout is None else _after(case, timeout.after)


def arm(case: Case, stage: Stage, due: datetime | None, *, level: int = 0) -> None:
    """Arms what the stage asks for; a later level of escalation has its own time."""
    if due is not None:
        Timers.add(
            case.w.session,
            kind="approval_timeout",
            dedupe_key=f"approval:{stage.id}:timeout",
            subject=stream_of(case.row.id),
            due_at=due,
            at=case.w.at,
            payload={"request": case.row.id, "stage": stage.id},
        )
    if level == 0:
        arm_reminder(case, stage, 0)


def arm_reminder(case: Case, stage: Stage, number: int) -> None:
    """The next reminder, where the stage reminds."""
    every = case.chain.stage(stage.key).remind
    if every is None:
        return
    Timers.add(
        case.w.session,
        kind="approval_reminder",
        dedupe_key=f"approval:{stage.id}:reminder:{number}",
        subject=stream_of(case.row.id),
        due_at=_after(case, every),
        at=case.w.at,
        payload={"request": case.row.id, "stage": stage.id},
    )


def disarm(w: Work, stage: Stage) -> None:
    Timers.cancel(w.session, subject=stream_of(stage.request_id), prefix=f"approval:{stage.id}:")


def _after(case: Case, duration: str) -> datetime:
    """In the chain's calendar, else that of the service's SLA, else around the clock."""
    reference = case.chain.calendar or case.release.sla_calendar
    calendar = calendars.named(case.w.session, reference, department=case.release.department if reference else None)
    return due(calendar.calendar, case.w.at, Duration.parse(duration))
