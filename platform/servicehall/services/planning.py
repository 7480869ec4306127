"""How a plan's dates stand, before it starts and while it runs: when each task can and must begin, which of them leave
the least time, and whether the date that it counts from can be met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.domain.conditions import Activation
from servicehall.domain.plan_dates import Known, Reckoning
from servicehall.domain.plan_forecast import Forecast, forecast
from servicehall.domain.plans import Plan
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import calendars, contexts, releases
from servicehall.services.fulfilment import plan_of
from servicehall.services.releases import Release
from servicehall.texts import pick

PLANNED_STATES = ("draft", "pending_approval", "returned", "in_progress", "on_hold")


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast of one plan, with the titles of its tasks; `anchor` is the field whose date it counts from."""

    anchor: str | None
    date: date | None
    forecast: Forecast
    titles: Mapping[str, str]

    @property
    def possible(self) -> bool | None:
        """Whether the date can be met; None where there is none."""
        return None if self.date is None else not self.forecast.late


def outlook(
    plan: Plan, titles: Mapping[str, str], *, at: datetime, anchor: date | None, reckoning: Reckoning, known: Known
) -> Outlook:
    found = forecast(plan, at=at, anchor=anchor, reckoning=reckoning, known=known)
    return Outlook(plan.anchor, anchor if plan.anchor else None, found, titles)


def outlook_of(session: Session, row: Request, *, at: datetime) -> Outlook | None:
    """How a request's plan stands now; None where there is nothing to plan any more."""
    if row.state not in PLANNED_STATES:
        return None
    release = releases.load(session, row.release)
    plan, answers = plan_of(release), contexts.answers_of(session, row)
    rows = session.scalars(select(Task).where(Task.request_id == row.id)).all()
    activation = release.activation(contexts.for_request(session, row, at=at), answers)
    blocked = {task.key for task in rows if task.state == "blocked"} if rows else None
    over = {task.key for task in rows if task.state in ("skipped", "cancelled")}
    known = Known(
        ready_at={task.key: task.ready_at for task in rows if task.ready_at is not None},
        done_at={task.key: task.done_at for task in rows if task.done_at is not None},
        skipped=over | (left_out(release, plan, activation) & (blocked if blocked is not None else set(plan.by_key))),
    )
    return outlook(
        plan,
        {task.key: pick(release.task_title(task.key)) for task in plan.tasks},
        at=at,
        anchor=releases.planned_from(row) if rows else releases.anchor_of(release, answers),
        reckoning=calendars.reckoning(session, row, release),
        known=known,
    )


def left_out(release: Release, plan: Plan, activation: Activation) -> set[str]:
    """The tasks whose condition does not hold; what leans on other tasks' answers cannot be known yet, and stays."""
    conditions = {task.key: release.condition(task.when) for task in plan.tasks if task.when}
    return {
        key
        for key, condition in conditions.items()
        if not any(name.startswith("tasks") for name in condition.names)
        and not condition.holds(activation, otherwise=False)
    }
