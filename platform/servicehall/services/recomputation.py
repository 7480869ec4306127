"""Recomputation: what would become of the clocks that run if they went by the calendars and policies of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.content import canonical, sha256
from servicehall.domain.business_time import is_open
from servicehall.domain.escalation import Step
from servicehall.domain.lifecycle import ENDED
from servicehall.domain.sla import Target
from servicehall.errors import Forbidden
from servicehall.models.clocks import Clock
from servicehall.models.requests import Request
from servicehall.services import calendars, releases
from servicehall.services.calendars import Named
from servicehall.services.clock_terms import (
    Computed,
    Promise,
    Said,
    Terms,
    applies,
    compute,
    due_steps,
    promise_of,
    promises,
    release_of,
    stands_still,
    toggled,
)
from servicehall.services.clockwork import RUNNING
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer
from servicehall.texts import _

CALENDAR, POLICY = "calendar", "policy"
BATCH = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """Which clocks are looked at: those of these departments' requests (None: all), and of these those that go by one
    calendar, or by one service's policy."""

    departments: frozenset[str] | None = None
    calendar: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of one clock: `computed` is None where its target is no more, so that the clock ends.

    `acts` and `passes_over` are the steps (by their moment in the policy) that follow at once; `misses` says that the
    due moment would be over, and was not before.
    """

    row: Request
    clock: Clock
    because: tuple[str, ...]
    pins: Mapping[str, str | None]
    promise: Promise | None = None
    calendar: Named | None = None
    terms: Terms | None = None
    computed: Computed | None = None
    acts: tuple[str, ...] = ()
    passes_over: tuple[str, ...] = ()
    misses: bool = False

    @property
    def ends(self) -> bool:
        return self.computed is None

    @property
    def due_at(self) -> datetime | None:
        return self.computed.due_at if self.computed is not None else None

    @property
    def keeps_date(self) -> bool:
        """Whether it is due, or stands still, as it was: only what happens from now on goes by what holds today."""
        return not self.ends and self.due_at == self.clock.due_at

    @property
    def withdraws(self) -> bool:
        return self.computed is not None and self.computed.withdraws


@dataclass
class Present:
    """What holds today, each read once: the releases of services, and the calendars behind references."""

    session: Session
    _releases: dict[str, Release | None] = field(default_factory=dict)
    _calendars: dict[tuple[str | None, str], Named] = field(default_factory=dict)

    def release(self, row: Request) -> Release | None:
        """The release of the request's service; None where it is not published any more."""
        if row.service not in self._releases:
            digest = releases.current_digest(self.session, row.service)
            self._releases[row.service] = releases.load(self.session, digest) if digest else None
        return self._releases[row.service]

    def calendar(self, reference: str | None, department: str) -> Named | None:
        """The calendar; None where one is named that is not published any more."""
        key = (reference, department)
        if key not in self._calendars:
            self._calendars[key] = calendars.named(self.session, reference, department=department)
        named = self._calendars[key]
        return None if named.reference == calendars.ALWAYS != (reference or calendars.ALWAYS) else named


def move_of(session: Session, row: Request, clock: Clock, present: Present, at: datetime) -> Move | None:
    """What recomputing a clock would bring; None where it goes by what holds today already."""
    was, now = promise_of(session, row, clock), _promise_now(session, row, clock, present, at)
    named = present.calendar(now.policy.calendar, row.department) if now is not None else None
    because = []
    if named is not None and named.said() != clock.calendar:
        because.append(CALENDAR)
    if now is None or was is None or now.target != was.target:
        because.append(POLICY)
    if not because or (now is not None and named is None):
        return None
    release = present.release(row) if POLICY in because else None
    pins = {CALENDAR: named.sha256 if named is not None else None, POLICY: release.sha256 if release else None}
    moved = Move(row, clock, tuple(because), pins)
    if now is None or named is None or was is None:
        return moved
    duration = now.target.duration(row.priority or clock.priority)
    if duration is None:
        return moved
    pauses = _pauses(row, clock, now.target, at)
    terms = Terms(now.target, duration, named.calendar, pauses, _done(clock, was.target, now.target))
    return _consequences(session, replace(moved, promise=now, calendar=named, terms=terms), terms, at)


def _consequences(session: Session, move: Move, terms: Terms, at: datetime) -> Move:
    """The same with its schedule, and what of it follows at once."""
    clock, row = move.clock, move.row
    computed = compute(clock, terms, at)
    acting, over = due_steps(computed.steps, at) if not stands_still(terms.pauses) else ([], [])
    steps = terms.target.escalate if terms.target is not None else ()
    if not is_open(terms.calendar, at):
        acting = [one for one in acting if not steps[one["index"]].working_hours]
        over = over if acting else []
    holding = [one for one in acting if _holds(session, row, clock, steps[one["index"]], at)]
    over += [one for one in acting if one not in holding]
    return replace(
        move,
        computed=computed,
        acts=tuple(str(steps[one["index"]].at) for one in holding),
        passes_over=tuple(str(steps[one["index"]].at) for one in over),
        misses=computed.state == "running" and computed.due_at is not None and computed.due_at <= at,
    )


def _holds(session: Session, row: Request, clock: Clock, step: Step, at: datetime) -> bool:
    if isinstance(step.when, bool):
        return step.when
    return applies(session, row, release_of(session, row, clock), step.when, at)


def _promise_now(session: Session, row: Request, clock: Clock, present: Present, at: datetime) -> Promise | None:
    """The promise that the present policy makes in the place of a clock's own: of the same measure and start, the same
    in the order of those. A service that is not published keeps its clocks as they are."""
    was, pinned, release = promise_of(session, row, clock), release_of(session, row, clock), present.release(row)
    if was is None or release is None or release.data["sla"] == pinned.data["sla"]:
        return was
    found = [
        one
        for one in promises(release, lambda text: applies(session, row, release, text, at))
        if _likeness(one.target) == _likeness(was.target)
    ]
    before = [one for one in was.policy.targets[: was.number] if _likeness(one) == _likeness(was.target)]
    return found[len(before)] if len(before) < len(found) else None


def _likeness(target: Target) -> tuple[str, str]:
    return target.measure, target.start


def _pauses(row: Request, clock: Clock, target: Target, at: datetime) -> list[Said]:
    """Every pause is kept; whether the clock stands still from now on, the present policy says."""
    if clock.task_id is not None:
        return list(clock.pauses)
    return toggled(clock.pauses, row.state in target.pause, row.state, at)


def _done(clock: Clock, was: Target, now: Target) -> dict[int, str]:
    """Each step once: one that acted or was passed over stays so for the step at the same moment of the target."""
    states = {one["index"]: one["state"] for one in clock.steps if one["state"] != "waiting"}
    before = {place: states[index] for index, place in enumerate(_places(was)) if index in states}
    return {index: before[place] for index, place in enumerate(_places(now)) if place in before}


def _places(target: Target) -> Iterator[tuple[str, int]]:
    """The moment of each step, and the how manieth of that moment it is."""
    seen: Counter[str] = Counter()
    for step in target.escalate:
        point = str(step.at)
        yield point, seen[point]
        seen[point] += 1


@dataclass(frozen=True)
class Preview:
    """The clocks that do not go by what holds today, by their due moment; `basis` is the hash of what they move to."""

    moves: Sequence[Move]

    def within(self, scope: Scope) -> Preview:
        """Those of them that are about one calendar or one service."""
        mine = (move for move in self.moves if scope.service in (None, move.row.service))
        return Preview([move for move in mine if _concerns(move, scope)])

    @property
    def requests(self) -> int:
        return len({move.row.id for move in self.moves})

    @property
    def unchanged(self) -> int:
        """How many of them keep their due moment."""
        return sum(move.keeps_date for move in self.moves)

    @property
    def pins(self) -> dict[str, Any]:
        """What is moved to: `{services: {service: release}, calendars: {reference: hash}}`."""
        services = {move.row.service: move.pins[POLICY] for move in self.moves if POLICY in move.because}
        named = [move.calendar for move in self.moves if move.calendar is not None and CALENDAR in move.because]
        return {"services": services, "calendars": {one.reference: one.sha256 for one in named}}

    @property
    def calendars(self) -> list[str]:
        return sorted({move.clock.calendar["reference"] for move in self.moves if CALENDAR in move.because})

    @property
    def services(self) -> list[str]:
        return sorted({move.row.service for move in self.moves})

    @property
    def basis(self) -> str:
        return sha256(canonical(self.pins))


def preview(session: Session, scope: Scope, *, at: datetime) -> Preview:
    """Every open clock within the scope that does not go by what holds today, with what would become of it."""
    present = Present(session)
    found = (move_of(session, row, clock, present, at) for clock, row in _open(session, scope))
    return Preview([move for move in found if move is not None and _concerns(move, scope)])


def _open(session: Session, scope: Scope) -> Iterable[tuple[Clock, Request]]:
    asked = (
        select(Clock, Request)
        .join(Request, Request.id == Clock.request_id)
        .where(Clock.stopped_at.is_(None), Clock.state.in_((*RUNNING, "breached")), Request.state.not_in(ENDED))
        .order_by(Clock.due_at, Clock.id)
    )
    if scope.departments is not None:
        asked = asked.where(Request.department.in_(scope.departments))
    if scope.service is not None:
        asked = asked.where(Request.service == scope.service)
    for found in session.execute(asked.execution_options(yield_per=BATCH)):
        yield found[0], found[1]


def _concerns(move: Move, scope: Scope) -> bool:
    """Of one calendar: the clocks that go by it, or would."""
    if scope.calendar is None:
        return True
    named = {move.clock.calendar["reference"], move.calendar.reference if move.calendar is not None else None}
    return CALENDAR in move.because and scope.calendar in named


def scope_for(viewer: Viewer, *, calendar: str | None = None, service: str | None = None) -> Scope:
    """The clocks that a person may move: those of the departments whose documents they author; Forbidden for others."""
    if not viewer.is_admin and not viewer.administers:
        raise Forbidden(_("Only catalog administrators recompute clocks."))
    return Scope(None if viewer.is_admin else viewer.administers, calendar, service)
