"""Clocks of requests and tasks; and the appliers that write these rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.domain import events as e
from servicehall.models.appliers import Applied, Writer, applies, instant
from servicehall.models.base import Base, Id, Instant, Json


class Clock(Base):
    """One promise: `target` from `started_at` to `due_at`; `pauses` and `steps` are its whole schedule.

    `policy` is its place in the request's release, and under `now` the place to which it was moved by recomputation;
    `stopped_at` is when it was completed or cancelled.
    """

    __tablename__ = "clocks"
    __table_args__ = (Index("ix_clocks_request", "request_id"), Index("ix_clocks_due", "state", "due_at"))

    id: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[Id] = mapped_column(ForeignKey("requests.id"))
    task_id: Mapped[Id | None]
    measure: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(String(40))
    priority: Mapped[str] = mapped_column(String(10))
    policy: Mapped[dict[str, Any]] = mapped_column(Json)
    calendar: Mapped[dict[str, Any]] = mapped_column(Json)
    started_at: Mapped[Instant]
    due_at: Mapped[Instant | None]
    breached_at: Mapped[Instant | None]
    completed_at: Mapped[Instant | None]
    stopped_at: Mapped[Instant | None]
    elapsed_seconds: Mapped[int | None] = mapped_column(Integer)
    pauses: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(Json)


@applies(e.ClockStarted)
def clock_started(writer: Writer, applied: Applied[e.ClockStarted]) -> None:
    event = applied.event
    writer.insert(
        Clock,
        id=event.clock,
        request_id=applied.subject,
        task_id=event.task,
        measure=event.measure,
        state="running",
        target=event.target,
        priority=event.priority,
        policy=event.policy,
        calendar=event.calendar,
        started_at=instant(event.started_at),
        due_at=instant(event.due_at),
        pauses=[],
        steps=event.steps,
    )


@applies(e.ClockChanged)
def clock_changed(writer: Writer, applied: Applied[e.ClockChanged]) -> None:
    event = applied.event
    said = {"target": event.target, "priority": event.priority, "calendar": event.calendar, "policy": event.policy}
    writer.update(
        Clock,
        {"id": event.clock},
        state=event.state,
        due_at=instant(event.due_at),
        pauses=event.pauses,
        steps=event.steps,
        breached_at=instant(event.breached_at),
        completed_at=None,
        stopped_at=None,
        elapsed_seconds=None,
        **{name: value for name, value in said.items() if value is not None},
    )


@applies(e.ClockStopped)
def clock_stopped(writer: Writer, applied: Applied[e.ClockStopped]) -> None:
    event = applied.event
    writer.update(
        Clock,
        {"id": event.clock},
        state=event.state,
        completed_at=instant(event.completed_at),
        stopped_at=applied.at,
        elapsed_seconds=event.elapsed_seconds,
    )


@applies(e.ClockBreached)
def clock_breached(writer: Writer, applied: Applied[e.ClockBreached]) -> None:
    writer.update(Clock, {"id": applied.event.clock}, state="breached", breached_at=applied.at)


@applies(e.ClockEscalated)
def clock_escalated(writer: Writer, applied: Applied[e.ClockEscalated]) -> None:
    writer.update(Clock, {"id": applied.event.clock}, steps=applied.event.steps)
