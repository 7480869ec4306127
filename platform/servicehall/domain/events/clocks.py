"""Its clocks."""

from __future__ import annotations

from servicehall.domain.events.base import Event, Json, event


@event("clock.started")
class ClockStarted(Event):
    """`target` is a duration in words; `calendar` names reference and version; `steps`: `{index, at, state}`."""

    clock: str
    measure: str
    task: str | None = None
    target: str
    priority: str
    policy: Json
    calendar: Json
    started_at: str
    due_at: str | None
    steps: list[Json]


@event("clock.changed")
class ClockChanged(Event):
    """Paused, running again, or computed anew: the whole schedule as it is from now on; what is not said stays."""

    clock: str
    state: str
    due_at: str | None
    pauses: list[Json]
    steps: list[Json]
    why: Json
    target: str | None = None
    priority: str | None = None
    calendar: Json | None = None
    policy: Json | None = None
    breached_at: str | None = None


@event("clock.stopped")
class ClockStopped(Event):
    """`state` is met, breached or cancelled; `why` where that follows from another change than of what is measured."""

    clock: str
    state: str
    completed_at: str | None
    elapsed_seconds: int
    why: Json | None = None


@event("clock.breached")
class ClockBreached(Event):
    clock: str


@event("clock.escalated")
class ClockEscalated(Event):
    """A step's moment came: what was done, and earlier steps that were passed over."""

    clock: str
    step: int
    steps: list[Json]
    did: list[Json]


@event("clock.recomputation_ordered")
class RecomputationOrdered(Event):
    """Somebody saw which clocks would move, and wants them moved: `pins` says for each service and calendar to what."""

    order: str
    pins: Json
    requests: int
    clocks: int
    comment: str | None = None
