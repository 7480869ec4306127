"""Due dates of a plan that contradict each other, however early it begins."""

from __future__ import annotations

from datetime import UTC, date, datetime

from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.words import ROUND_THE_CLOCK
from servicehall.domain.business_time import due
from servicehall.domain.calendars import TWENTY_FOUR_SEVEN, Calendar, compile_calendar
from servicehall.domain.durations import Duration
from servicehall.domain.plan_dates import Reckoning, plan_dates
from servicehall.domain.plans import parse_plan
from servicehall.errors import ServicehallError
from servicehall.texts import _

AN_ANCHOR = date(2027, 6, 16)
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
"""Long before, so that only the plan itself can be the reason."""


def check_deadlines(examination: Examination, plan: Place) -> None:
    """A task that is due from the anchor's date is not due before those that it waits for are expected to be done."""
    if not plan.value.get("anchor"):
        return
    found = parse_plan({**plan.value, "tasks": [_without_gate(task.value) for task in plan.items("tasks")]})
    calendar = _calendar(examination, plan)
    reckoning = Reckoning(
        after=lambda at, duration: due(calendar, at, Duration.parse(duration)),
        from_day=lambda day, duration: due(calendar, day, Duration.parse(duration)),
        day_of=datetime.date,
    )
    try:
        dates = plan_dates(found, started_at=BEGINNING, anchor=AN_ANCHOR, reckoning=reckoning)
    except ServicehallError:
        return  # dates beyond the years that a calendar knows
    for task, planned in zip(plan.items("tasks"), found.tasks, strict=True):
        ready_at, due_at = dates[planned.key].ready_at, dates[planned.key].due_at
        if due_at is not None and ready_at > due_at:
            said = {"due": _day(due_at), "ready": _day(ready_at)}
            message = _("cannot be met: it is due {due}, and what it waits for is due {ready}", **said)
            witness = {"answers": {plan.value["anchor"]: AN_ANCHOR.isoformat()}, **said}
            examination.warn(task.at("due"), "late", message, witness)


def _without_gate(task: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in task.items() if name != "approval"}


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


def _calendar(examination: Examination, plan: Place) -> Calendar:
    """The plan's, else the department's, as far as it is known; else round the clock."""
    reference, department = plan.value.get("calendar"), plan.document.department
    if reference is None:
        owner = examination.library.get("department", department, department)
        reference = owner.body.get("calendar") if owner is not None else None
    if not isinstance(reference, str) or reference == ROUND_THE_CLOCK:
        return TWENTY_FOUR_SEVEN
    found = examination.library.get("calendar", reference, department)
    if found is None or not examination.library.is_sound(found):
        return TWENTY_FOUR_SEVEN
    try:
        return compile_calendar(found.body)
    except ServicehallError:
        return TWENTY_FOUR_SEVEN
