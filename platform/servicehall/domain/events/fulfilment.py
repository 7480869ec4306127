"""Its plan and tasks."""

from __future__ import annotations

from servicehall.domain.events.base import Event, Json, event


@event("plan.started")
class PlanStarted(Event):
    """`tasks`: `{id, key, position, department, group?, state, due_at?, optional, undoes?}`."""

    anchor: str | None = None
    tasks: list[Json]


@event("plan.anchor_moved")
class AnchorMoved(Event):
    """The date that the plan counts from is another now; `comment` is content."""

    anchor: str
    previous: str | None = None
    comment: str | None = None
    why: Json | None = None


@event("task.added")
class TasksAdded(Event):
    """As of `plan.started`; one that somebody added by hand has its words as content, `said`, and what it `shows`."""

    tasks: list[Json]
    why: Json


@event("task.ready")
class TaskReady(Event):
    task: str
    due_at: str | None = None


@event("task.due_changed")
class TaskDueChanged(Event):
    task: str
    due_at: str | None = None
    why: Json


@event("task.assigned")
class TaskAssigned(Event):
    """`assignee` is nobody when the task went back to its queue; `group` where it changed; `comment` is content."""

    task: str
    assignee: str | None = None
    group: str | None = None
    comment: str | None = None
    why: Json


@event("task.state_changed")
class TaskStateChanged(Event):
    """Started, held, released, skipped, failed, tried again, cancelled; `comment` is content."""

    task: str
    act: str
    before: str
    state: str
    comment: str | None = None
    why: Json | None = None

    @property
    def flow_key(self) -> str:
        return f"task.{self.act}"


@event("task.completed")
class TaskCompleted(Event):
    """Done, with what was filled in (`answers`) and said (`comment`), both content."""

    task: str
    answers: str | None = None
    comment: str | None = None
    why: Json | None = None


@event("task.checklist_ticked")
class ChecklistTicked(Event):
    """Item number `item` of the checklist, counted from 0, was ticked or (`done` false) is open again.

    `ticked` holds the numbers of all that are ticked then.
    """

    task: str
    item: int
    done: bool
    ticked: list[int]


@event("task.child_requested")
class ChildRequested(Event):
    task: str
    child: str
    number: str


@event("task.link_given")
class LinkGiven(Event):
    """Somebody without an account may do one task: `hash` is of the link's secret, `address` is content."""

    link: str
    task: str
    hash: str
    address: str
    locale: str
    expires_at: str


@event("task.link_ended")
class LinkEnded(Event):
    link: str
    task: str
    why: Json
