"""Tasks of a request's plan; and the appliers that write these rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.domain import events as e
from servicehall.models.appliers import Applied, Writer, applies, instant
from servicehall.models.base import Base, Id, Instant, Json
from servicehall.models.requests import Request

_DONE = text("done_at IS NOT NULL")
_ENDED = text("done_by_id IS NOT NULL")
_OPEN = text("state IN ('ready', 'in_progress', 'on_hold', 'failed')")


class Task(Base):
    """One piece of work for one department; `undoes` names the task whose effect it takes back."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_request", "request_id", "position"),
        Index("ix_tasks_queue", "group_id", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_tasks_assignee", "assignee_id", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_tasks_queue_state", "group_id", "state", "due_at", "id"),
        Index("ix_tasks_assignee_state", "assignee_id", "state", "due_at", "id"),
        Index("ix_tasks_queue_done", "group_id", "done_at", "id", sqlite_where=_DONE, postgresql_where=_DONE),
        Index("ix_tasks_assignee_done", "assignee_id", "done_at", "id", sqlite_where=_DONE, postgresql_where=_DONE),
        Index("ix_tasks_child", "child_id"),
        Index("ix_tasks_done_by", "done_by_id", "request_id", sqlite_where=_ENDED, postgresql_where=_ENDED),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[Id] = mapped_column(ForeignKey("requests.id"))
    key: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(Integer)
    department: Mapped[str] = mapped_column(String(60))
    group_id: Mapped[Id | None]
    assignee_id: Mapped[Id | None]
    state: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    optional: Mapped[bool] = mapped_column(Boolean)
    undoes: Mapped[Id | None]
    after: Mapped[list[str]] = mapped_column(Json)
    due_at: Mapped[Instant | None]
    ready_at: Mapped[Instant | None]
    started_at: Mapped[Instant | None]
    done_at: Mapped[Instant | None]
    done_by_id: Mapped[str | None] = mapped_column(String(80))
    child_id: Mapped[Id | None]
    answers: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(64))
    why: Mapped[dict[str, Any] | None] = mapped_column(Json)
    said: Mapped[str | None] = mapped_column(String(64))
    """Of a task that was added by hand: its title and note, as content."""
    shows: Mapped[list[str] | None] = mapped_column(Json)
    ticked: Mapped[list[int]] = mapped_column(Json)
    """The items of the checklist that are done, by their place in it."""


class GuestLink(Base):
    """Leave for somebody without an account to do one task; of the link's secret only the hash is kept.

    It is of use until the task has ended, it expires, or `ended_at`.
    """

    __tablename__ = "guest_links"
    __table_args__ = (Index("ix_guest_links_request", "request_id"), Index("ix_guest_links_task", "task_id"))

    id: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[Id] = mapped_column(ForeignKey("requests.id"))
    task_id: Mapped[Id] = mapped_column(ForeignKey("tasks.id"))
    hash: Mapped[str] = mapped_column(String(80), unique=True)
    address: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(10))
    given_by_id: Mapped[Id]
    given_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]


@applies(e.PlanStarted)
def plan_started(writer: Writer, applied: Applied[e.PlanStarted]) -> None:
    writer.update(Request, {"id": applied.subject}, anchor=applied.event.anchor)


@applies(e.AnchorMoved)
def anchor_moved(writer: Writer, applied: Applied[e.AnchorMoved]) -> None:
    writer.update(Request, {"id": applied.subject}, anchor=applied.event.anchor)


@applies(e.LinkGiven)
def link_given(writer: Writer, applied: Applied[e.LinkGiven]) -> None:
    event = applied.event
    writer.insert(
        GuestLink,
        id=event.link,
        request_id=applied.subject,
        task_id=event.task,
        hash=event.hash,
        address=event.address,
        locale=event.locale,
        given_by_id=applied.actor,
        given_at=applied.at,
        expires_at=instant(event.expires_at),
    )


@applies(e.LinkEnded)
def link_ended(writer: Writer, applied: Applied[e.LinkEnded]) -> None:
    writer.update(GuestLink, {"id": applied.event.link}, ended_at=applied.at)


@applies(e.PlanStarted, e.TasksAdded)
def tasks_planned(writer: Writer, applied: Applied[Any]) -> None:
    for one in applied.event.tasks:
        writer.insert(
            Task,
            id=one["id"],
            request_id=applied.subject,
            key=one["key"],
            position=one["position"],
            department=one["department"],
            group_id=one.get("group"),
            state=one["state"],
            kind=one["kind"],
            optional=one.get("optional", False),
            undoes=one.get("undoes"),
            after=one.get("after", []),
            due_at=instant(one.get("due_at")),
            ready_at=applied.at if one["state"] == "ready" else None,
            why=one.get("why"),
            said=one.get("said"),
            shows=one.get("shows"),
            ticked=[],
        )


@applies(e.TaskReady)
def task_ready(writer: Writer, applied: Applied[e.TaskReady]) -> None:
    event = applied.event
    writer.update(Task, {"id": event.task}, state="ready", ready_at=applied.at, due_at=instant(event.due_at))


@applies(e.TaskDueChanged)
def task_due_changed(writer: Writer, applied: Applied[e.TaskDueChanged]) -> None:
    writer.update(Task, {"id": applied.event.task}, due_at=instant(applied.event.due_at))


@applies(e.TaskAssigned)
def task_assigned(writer: Writer, applied: Applied[e.TaskAssigned]) -> None:
    event = applied.event
    values: dict[str, Any] = {"assignee_id": event.assignee, "why": event.why}
    if event.group is not None:
        values["group_id"] = event.group
    if event.comment is not None:
        values["note"] = event.comment
    writer.update(Task, {"id": event.task}, **values)


@applies(e.TaskStateChanged)
def task_state_changed(writer: Writer, applied: Applied[e.TaskStateChanged]) -> None:
    event = applied.event
    values: dict[str, Any] = {"state": event.state}
    if event.act == "start":
        values["started_at"] = applied.at
    if event.act == "fall_back":
        values["kind"] = "manual"
    if event.comment is not None:
        values["note"] = event.comment
    if event.why is not None:
        values["why"] = event.why
    writer.update(Task, {"id": event.task}, **values)


@applies(e.TaskCompleted)
def task_completed(writer: Writer, applied: Applied[e.TaskCompleted]) -> None:
    event = applied.event
    writer.update(
        Task,
        {"id": event.task},
        state="done",
        done_at=applied.at,
        done_by_id=applied.actor,
        answers=event.answers,
        **({"note": event.comment} if event.comment is not None else {}),
    )


@applies(e.ChecklistTicked)
def checklist_ticked(writer: Writer, applied: Applied[e.ChecklistTicked]) -> None:
    writer.update(Task, {"id": applied.event.task}, ticked=applied.event.ticked)


@applies(e.ChildRequested)
def child_requested(writer: Writer, applied: Applied[e.ChildRequested]) -> None:
    writer.update(
        Task,
        {"id": applied.event.task},
        state="in_progress",
        child_id=applied.event.child,
        started_at=applied.at,
    )
