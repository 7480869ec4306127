"""When it would be due: the targets of a policy as written, reckoned by the same arithmetic as the clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import split_reference
from servicehall.documents.words import ROUND_THE_CLOCK
from servicehall.domain import ledgers, schedules
from servicehall.domain.calendars import Calendar
from servicehall.domain.priorities import PRIORITIES
from servicehall.domain.schedules import StepMoment
from servicehall.domain.sla import Policy, Target, parse_policy
from servicehall.errors import Invalid
from servicehall.services import calendars
from servicehall.services.calendars import Named
from servicehall.web.studio.calendar_year import moment_in
from servicehall.web.studio.page import Page

MOST_SEGMENTS = 60


@dataclass(frozen=True)
class Cell:
    """One target at one priority: when it would be due, or why that cannot be said."""

    target: int
    priority: str
    due_at: datetime | None = None
    wrong: str = ""

    @property
    def key(self) -> str:
        return f"{self.target}-{self.priority}"


@dataclass(frozen=True)
class Ledger:
    """How one cell was counted: segments that add up, and when the steps would act."""

    cell: Cell
    segments: Sequence[ledgers.Segment]
    steps: Sequence[StepMoment]
    more: bool


@dataclass(frozen=True)
class Times:
    """A row for each target, with the priorities that any of them has."""

    calendar: Named
    start: datetime
    priorities: Sequence[str]
    rows: Sequence[tuple[Target, Sequence[Cell | None]]]
    ledger: Ledger | None = None


def times_of(page: Page, block: Mapping[str, Any], *, of: Authored, start: str, at: datetime, shown: str) -> Times:
    """The due moments of a policy block that stands in `of`; `start` is a clock time in its calendar's zone, else
    `at`; `shown` names the cell whose ledger is wanted. Invalid where the policy is not sound or `start` no moment."""
    policy = parse_policy({name: value for name, value in block.items() if name != "use"})
    named = calendars.named(page.viewer.session, _reference(policy, of), department=page.row.department)
    begins = moment_in(named.calendar, start) if start else at
    priorities = [one for one in PRIORITIES if any(one in target.by_priority for target in policy.targets)]
    rows = [
        (target, [_cell(named.calendar, target, index, one, begins) for one in priorities])
        for index, target in enumerate(policy.targets)
    ]
    cells = [cell for _target, row in rows for cell in row if cell is not None and cell.due_at is not None]
    wanted = next((cell for cell in cells if cell.key == shown), cells[0] if cells else None)
    ledger = _ledger(named.calendar, policy.targets[wanted.target], wanted, begins) if wanted is not None else None
    return Times(named, begins, priorities, rows, ledger)


def _reference(policy: Policy, of: Authored) -> str | None:
    if policy.calendar is None or policy.calendar == ROUND_THE_CLOCK:
        return policy.calendar
    return "/".join(split_reference(policy.calendar, of.department))


def _clock(calendar: Calendar, target: Target, priority: str, start: datetime) -> schedules.Clock | None:
    duration = target.duration(priority)
    return schedules.Clock(duration, calendar, start) if duration is not None else None


def _cell(calendar: Calendar, target: Target, index: int, priority: str, start: datetime) -> Cell | None:
    clock = _clock(calendar, target, priority, start)
    if clock is None:
        return None
    try:
        return Cell(index, priority, schedules.schedule(clock).due_at)
    except Invalid as error:
        return Cell(index, priority, wrong=error.detail)


def _ledger(calendar: Calendar, target: Target, cell: Cell, start: datetime) -> Ledger | None:
    clock = _clock(calendar, target, cell.priority, start)
    if clock is None or cell.due_at is None:
        return None
    segments = ledgers.ledger(clock, cell.due_at)
    steps = schedules.schedule(clock, steps=target.escalate).steps
    return Ledger(cell, segments[:MOST_SEGMENTS], steps, len(segments) > MOST_SEGMENTS)
