"""Why a clock is due when it is: its ledger in the reader's words, its steps, and what changed it on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import as_instant, parse_instant
from servicehall.domain.calendars import Calendar
from servicehall.domain.durations import Duration
from servicehall.domain.ledgers import COUNTED, PLAIN, Part, Segment, Why, whole_seconds
from servicehall.domain.schedules import Reading
from servicehall.models.clocks import Clock
from servicehall.models.log import EventRow
from servicehall.models.requests import Request
from servicehall.reports.words import MEASURES, STATES
from servicehall.services import calendars, clockwork
from servicehall.services.cases.names import Record, said_at
from servicehall.services.clock_terms import target_of
from servicehall.services.day_names import names_of
from servicehall.services.submission import stream_of
from servicehall.services.words import why_sentence
from servicehall.services.work import read_content, read_contents
from servicehall.texts import N_, _, pick

WHY: Mapping[Why, str] = {
    Why.RUNNING: N_("Counts"),
    Why.MAKE_UP_DAY: N_("Counts, a make-up day"),
    Why.OPEN_DAY: N_("Counts, open by exception"),
    Why.OUTSIDE_HOURS: N_("Outside working hours"),
    Why.HOLIDAY: N_("Public holiday"),
    Why.CLOSED: N_("Closed by exception"),
    Why.PAUSED: N_("Stands still"),
}
FEW = 4
"""So many stretches of the plain week in a row are shown as they are; more become one line."""
PAUSES = ("paused", "resumed")


@dataclass(frozen=True, slots=True)
class Line:
    """One stretch, or several of the plain week in one; `what` is said in the reader's words, `name` is a day's."""

    since: datetime
    until: datetime
    why: Why
    what: str
    name: str
    part: Part
    counted_seconds: int
    pieces: int = 1

    @property
    def counts(self) -> bool:
        return self.why in COUNTED


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of the target: its moment in the policy's words, when that is, and what became of it."""

    point: str
    at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Change:
    """What moved the due moment beside pauses, and to when."""

    at: datetime
    why: str
    comment: str
    due_at: datetime | None


@dataclass(frozen=True)
class Ledger:
    """A clock with the stretches that add up to what has passed of it, and to what remains."""

    clock: Clock
    at: datetime
    measure: str
    task: str
    target: str
    calendar: str
    zone: str
    counts_by: str
    reading: Reading
    lines: tuple[Line, ...]
    steps: tuple[StepLine, ...]
    changes: tuple[Change, ...]

    @property
    def total_seconds(self) -> int:
        return self.reading.elapsed_seconds + self.reading.remaining_seconds

    @property
    def folded(self) -> tuple[Line, ...]:
        """The lines for a quick look: long runs of ordinary weeks in one."""
        return tuple(_folded(self.lines))

    @property
    def is_folded(self) -> bool:
        return any(line.pieces > 1 for line in self.folded)

    @staticmethod
    def parts(lines: Sequence[Line]) -> list[tuple[Part, list[Line], int]]:
        """What has passed, what is overdue and what is ahead, each with what counts of it in seconds."""
        by_part = ((part, [line for line in lines if line.part is part]) for part in Part)
        return [(part, mine, sum(line.counted_seconds for line in mine)) for part, mine in by_part if mine]


def ledgers(
    session: Session, row: Request, clocks: Iterable[Clock], *, at: datetime, tasks: Mapping[str, str]
) -> list[Ledger]:
    """The ledgers of clocks of one request; `tasks` are the titles of its tasks by id."""
    wanted = list(clocks)
    changes = _changes(session, row) if wanted else {}
    by_calendar: dict[str, _Names] = {}
    for clock in wanted:
        sha256 = clock.calendar.get("sha256") or ""
        if sha256 not in by_calendar:
            body = read_content(session, sha256) or {}
            by_calendar[sha256] = _Names(calendars.pinned(session, clock.calendar), body)
    return [
        _ledger(session, row, clock, at, tasks, by_calendar[clock.calendar.get("sha256") or ""], changes)
        for clock in wanted
    ]


def _ledger(
    session: Session,
    row: Request,
    clock: Clock,
    at: datetime,
    tasks: Mapping[str, str],
    names: _Names,
    changes: Mapping[str, Sequence[Change]],
) -> Ledger:
    calendar, body = names.calendar, names.body
    by_clock = Duration.parse(clock.target).by_the_clock
    segments = clockwork.ledger(session, clock, at)
    return Ledger(
        clock=clock,
        at=clockwork.seen_at(clock, at),
        measure=_(MEASURES.get(clock.measure, clock.measure)),
        task=tasks.get(clock.task_id or "", ""),
        target=Duration.parse(clock.target).in_words(),
        calendar=_("Around the clock") if by_clock or not body else pick(body.get("title")) or _reference(clock),
        zone="" if by_clock or not body else calendar.rules.time_zone,
        counts_by=calendars.ALWAYS if by_clock else _reference(clock),
        reading=clockwork.reading(session, clock, at),
        lines=tuple(_lines(segments, names)),
        steps=tuple(_steps(session, row, clock)),
        changes=tuple(changes.get(clock.id, ())),
    )


def _reference(clock: Clock) -> str:
    return str(clock.calendar["reference"])


@dataclass
class _Names:
    """What the days of a calendar are called, read a year at a time."""

    calendar: Calendar
    body: Mapping[str, Any]

    def __post_init__(self) -> None:
        self._years: dict[int, Mapping[date, str]] = {}

    def of(self, day: date | None) -> str:
        if day is None:
            return ""
        if day.year not in self._years:
            self._years[day.year] = names_of(self.calendar, day.year, self.body)
        return self._years[day.year].get(day, "")


def _lines(segments: Sequence[Segment], names: _Names) -> Iterator[Line]:
    """A line for each segment; days off in a row that are called the same are one."""
    pending: Line | None = None
    for segment, seconds in zip(segments, whole_seconds(segments), strict=True):
        name = names.of(segment.day) if segment.why is not Why.PAUSED else _(STATES.get(segment.note, segment.note))
        what = _(WHY[segment.why])
        what = _("{what}: {why}", what=what, why=name) if name else what
        line = Line(segment.since, segment.until, segment.why, what, name, segment.part, seconds)
        same = pending and not line.counts and (pending.what, pending.part) == (line.what, line.part)
        if pending is not None and same and line.why is not Why.PAUSED:
            pending = replace(pending, until=line.until)
            continue
        if pending is not None:
            yield pending
        pending = line
    if pending is not None:
        yield pending


def _folded(lines: Sequence[Line]) -> Iterator[Line]:
    run: list[Line] = []
    for line in lines:
        if run and (line.why not in PLAIN or line.part is not run[0].part):
            yield from _as_one(run)
            run = []
        if line.why in PLAIN:
            run.append(line)
        else:
            yield line
    yield from _as_one(run)


def _as_one(run: list[Line]) -> Iterable[Line]:
    if len(run) <= FEW:
        return run
    worked = sum(line.counts for line in run)
    what = _("{n} stretches of working time, and the time between them", n=worked)
    counted = sum(line.counted_seconds for line in run)
    first, last = run[0], run[-1]
    return [Line(first.since, last.until, Why.RUNNING, what, "", first.part, counted, pieces=len(run))]


def _steps(session: Session, row: Request, clock: Clock) -> Iterator[StepLine]:
    target = target_of(session, row, clock)
    authored = target.escalate if target is not None else ()
    for one in clock.steps:
        if one["index"] < len(authored):
            at = parse_instant(one["at"]) if one["at"] else None
            yield StepLine(str(authored[one["index"]].at), at, one["state"])


def _changes(session: Session, row: Request) -> dict[str, list[Change]]:
    """By clock, in their order: priorities, reopening, recomputation; what was said with it, read at once."""
    mine = (EventRow.stream == stream_of(row.id), EventRow.kind == "clock.changed")
    rows = session.scalars(select(EventRow).where(*mine).order_by(EventRow.sequence))
    told = [one for one in rows if one.body["why"].get("code") not in PAUSES]
    said = read_contents(session, [one.body["why"]["comment"] for one in told if one.body["why"].get("comment")])
    found: dict[str, list[Change]] = {}
    for one in told:
        why, due_at = one.body["why"], one.body.get("due_at")
        comment = str(said.get(why.get("comment") or "") or "")
        moment = parse_instant(due_at) if due_at else None
        found.setdefault(one.body["clock"], []).append(Change(one.at, why_sentence(why), comment, moment))
    return found


def ledger_record(one: Ledger) -> Record:
    """As JSON: `{at, calendar, total_seconds, elapsed_seconds, remaining_seconds, segments, steps, changes}`."""
    clock = one.clock
    return {
        "id": clock.id,
        "measure": clock.measure,
        "task": clock.task_id,
        "state": clock.state,
        "target": clock.target,
        "started_at": said_at(clock.started_at),
        "due_at": said_at(clock.due_at),
        "at": as_instant(one.at),
        "calendar": {**clock.calendar, "title": one.calendar, "time_zone": one.zone or None},
        "total_seconds": one.total_seconds,
        "elapsed_seconds": one.reading.elapsed_seconds,
        "remaining_seconds": one.reading.remaining_seconds,
        "segments": [_segment(line, one.counts_by) for line in one.lines],
        "steps": [{"step": step.point, "at": said_at(step.at), "state": step.state} for step in one.steps],
        "changes": [
            {
                "at": as_instant(change.at),
                "why": change.why,
                "comment": change.comment,
                "due_at": said_at(change.due_at),
            }
            for change in one.changes
        ],
    }


def _segment(line: Line, calendar: str) -> Record:
    return {
        "calendar": calendar,
        "since": as_instant(line.since),
        "until": as_instant(line.until),
        "part": str(line.part),
        "why": str(line.why),
        "name": line.name,
        "what": line.what,
        "counted": line.counts,
        "counted_seconds": line.counted_seconds,
    }
