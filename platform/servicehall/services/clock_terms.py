"""What a clock goes by: its target as authored, the calendar it counts on, its pauses; and what these come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from servicehall.clock import as_instant, parse_instant
from servicehall.domain import schedules
from servicehall.domain.calendars import Calendar
from servicehall.domain.durations import Duration
from servicehall.domain.schedules import Pause
from servicehall.domain.sla import Policy, Target
from servicehall.models.clocks import Clock
from servicehall.models.requests import Request
from servicehall.services import calendars, contexts, releases
from servicehall.services.releases import Release

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Promise:
    """A target as its policy places it: enough to find it again in the release."""

    policy: Policy
    target: Target
    index: int
    number: int

    def said(self) -> Said:
        return {"policy": self.index, "target": self.number}


def promises(release: Release, holds: Callable[[str], bool]) -> Iterable[Promise]:
    """The targets of the first policy whose condition holds."""
    for index, policy in enumerate(release.policies):
        if policy.when if isinstance(policy.when, bool) else holds(policy.when):
            for number, target in enumerate(policy.targets):
                yield Promise(policy, target, index, number)
            return


def applies(session: Session, row: Request, release: Release, text: str, at: datetime) -> bool:
    """Doubt means no: a policy or a step applies only where its condition says so."""
    context = contexts.for_request(session, row, at=at)
    activation = release.activation(context, contexts.answers_of(session, row))
    return release.condition(text).holds(activation, otherwise=False)


def release_of(session: Session, row: Request, clock: Clock) -> Release:
    """The release that a clock goes by: its request's, or the one to which a recomputation moved it."""
    return releases.load(session, place_of(clock).get("release") or row.release)


def place_of(clock: Clock) -> Said:
    """`{policy, target}` in the release that the clock goes by, which is named where it is not the request's."""
    place: Said = clock.policy.get("now") or clock.policy
    return place


def promise_of(session: Session, row: Request, clock: Clock) -> Promise | None:
    """The promise that a clock measures; None where its release does not hold it."""
    place = place_of(clock)
    policies = release_of(session, row, clock).policies
    if place["policy"] >= len(policies):
        return None
    policy = policies[place["policy"]]
    return Promise(policy, policy.targets[place["target"]], place["policy"], place["target"])


def target_of(session: Session, row: Request, clock: Clock) -> Target | None:
    promise = promise_of(session, row, clock)
    return promise.target if promise is not None else None


@dataclass(frozen=True, slots=True)
class Terms:
    """All that a clock's schedule is computed from, beside its start; `done` holds the steps that acted or were passed
    over, by their number in the target."""

    target: Target | None
    duration: Duration
    calendar: Calendar
    pauses: Sequence[Said]
    done: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Computed:
    """A clock's whole schedule from a moment on; `withdraws` where a recorded breach is one no more."""

    state: str
    due_at: datetime | None
    steps: list[Said]
    breached_at: datetime | None
    withdraws: bool


def terms_of(session: Session, row: Request, clock: Clock, *, pauses: Sequence[Said] | None = None) -> Terms:
    """What a clock goes by as it is."""
    return Terms(
        target_of(session, row, clock),
        Duration.parse(clock.target),
        calendars.pinned(session, clock.calendar),
        clock.pauses if pauses is None else pauses,
        {one["index"]: one["state"] for one in clock.steps if one["state"] != "waiting"},
    )


def compute(clock: Clock, terms: Terms, at: datetime) -> Computed:
    """The schedule by these terms, from the clock's start on; steps that are done stay so, and a breach stays one where
    the due moment has passed."""
    arithmetic = schedules.Clock(terms.duration, terms.calendar, clock.started_at, pauses_of(terms.pauses))
    plan = schedules.schedule(arithmetic, steps=terms.target.escalate if terms.target is not None else ())
    late = clock.breached_at is not None and plan.due_at is not None and plan.due_at <= at
    return Computed(
        state="breached" if late else ("paused" if stands_still(terms.pauses) else "running"),
        due_at=plan.due_at,
        steps=steps_said(plan, terms.done),
        breached_at=clock.breached_at if late else None,
        withdraws=clock.breached_at is not None and not late,
    )


def steps_said(plan: schedules.Schedule, done: Mapping[int, str]) -> list[Said]:
    """`{index, at, state}` of every step, as events carry them."""
    return [
        {
            "index": one.index,
            "at": as_instant(one.at) if one.at else None,
            "state": done.get(one.index, "waiting"),
        }
        for one in plan.steps
    ]


def due_steps(steps: Iterable[Said], at: datetime) -> tuple[list[Said], list[Said]]:
    """Of the waiting steps whose moment has come those of the latest moment, which act, and the earlier ones."""
    come = [one for one in steps if one["state"] == "waiting" and one["at"] and parse_instant(one["at"]) <= at]
    latest = max((parse_instant(one["at"]) for one in come), default=None)
    acting = [one for one in come if parse_instant(one["at"]) == latest]
    return acting, [one for one in come if one not in acting]


def stands_still(pauses: Sequence[Said]) -> bool:
    return bool(pauses) and pauses[-1].get("until") is None


def toggled(pauses: Sequence[Said], paused: bool, why: str, at: datetime) -> list[Said]:
    """The pauses with one more from now on, or with the last one ended; as they are where that is so already."""
    if paused == stands_still(pauses):
        return list(pauses)
    if paused:
        return [*pauses, {"since": as_instant(at), "until": None, "why": why}]
    return [*pauses[:-1], {**pauses[-1], "until": as_instant(at)}]


def pauses_of(said: Sequence[Said]) -> tuple[Pause, ...]:
    return tuple(
        Pause(
            parse_instant(one["since"]), parse_instant(one["until"]) if one.get("until") else None, one.get("why", "")
        )
        for one in said
    )


def arithmetic(session: Session, clock: Clock) -> schedules.Clock:
    """A clock as the rules reckon with it."""
    return schedules.Clock(
        Duration.parse(clock.target),
        calendars.pinned(session, clock.calendar),
        clock.started_at,
        pauses_of(clock.pauses),
    )
