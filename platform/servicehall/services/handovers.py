"""What is open in somebody's hands goes where it belongs: to a deputy and back, or on, when the person has left.

A deactivation arms one timer beside its event; the timer's job then moves every request in a work of its own, and may
be done again. Approvals go to a deputy where one stands in, else up the line or to the fallback; tasks go back to their
queue, and the group's lead is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.domain import events as e
from servicehall.domain.timeouts import replace_inactive
from servicehall.models.approvals import Approval, ApprovalMember, Stage
from servicehall.models.directory import Person
from servicehall.models.fulfilment import Task
from servicehall.models.operations import DONE, OPEN, PARKED, Timers
from servicehall.services import approval_links, directory
from servicehall.services.approval_timeouts import overdue_of
from servicehall.services.approvals import (
    SYSTEM,
    ask_fallback_if_stranded,
    ask_in_place,
    case_of_stage,
    end_votes,
    hand_over,
)
from servicehall.services.submission import stream_of
from servicehall.services.work import Work

KIND = "person_inactive"
IN_HAND = ("ready", "in_progress", "on_hold", "failed")


def arm(w: Work, person_id: str, *, approvals: int, tasks: int) -> None:
    """Somebody was deactivated: what is open in their hands (so many) is to be handed over, after the commit."""
    Timers.add(
        w.session,
        kind=KIND,
        dedupe_key=_key(person_id),
        subject=f"person/{person_id}",
        due_at=w.at,
        at=w.at,
        payload={"person": person_id, "approvals": approvals, "tasks": tasks},
    )
    approval_links.end_of_person(w, person_id)
    w.awake = True


def disarm(w: Work, person_id: str) -> None:
    """Somebody is active again: what was not handed over yet stays."""
    Timers.cancel(w.session, dedupe_key=_key(person_id))


def affected_requests(session: Session, person_id: str) -> list[str]:
    """The requests to look at, each in a work of its own: where somebody has an open voice, alone or in a group, or a
    deputy stands in whose own deputy this may be; of somebody inactive also where they have a task in hand."""
    voices = select(Approval.request_id).where(
        Approval.state == "pending",
        (Approval.voice_person_id == person_id) | (Approval.holder_id != Approval.voice_person_id),
    )
    found = set(session.scalars(voices))
    if not directory.person(session, person_id).active:
        spoken_for = select(ApprovalMember.request_id).where(
            ApprovalMember.person_id == person_id, ApprovalMember.open.is_(True)
        )
        found |= set(session.scalars(spoken_for)) | in_hand(session, person_id)
    return sorted(found)


def in_hand(session: Session, person_id: str) -> set[str]:
    """The requests in which an approval or a task lies with this very person."""
    approvals = select(Approval.request_id).where(Approval.state == "pending", Approval.holder_id == person_id)
    tasks = select(Task.request_id).where(Task.assignee_id == person_id, Task.state.in_(IN_HAND))
    return set(session.scalars(approvals)) | set(session.scalars(tasks))


def settle(w: Work, request_id: str, person_id: str) -> None:
    """Puts one request's approvals where they belong at this moment, and takes its tasks from somebody inactive."""
    hand_over(w, request_id, person_id)
    for stage in w.all(select(Stage).where(Stage.request_id == request_id, Stage.state == "open")):
        _replace_inactive(w, stage)
    if not w.get(Person, person_id).active:
        _give_tasks_back(w, request_id, person_id)


def _replace_inactive(w: Work, stage: Stage) -> None:
    """Votes that lie with somebody inactive go up the line; where nobody may decide any more, the fallback does."""
    case = case_of_stage(w, stage)
    pending = [cast for cast in case.casts_of(stage.key) if cast.state == "pending"]
    holders = directory.people(w.session, [cast.holder or cast.person for cast in pending])
    gone = {cast.id for cast in pending if (one := holders.get(cast.holder or cast.person or "")) and not one.active}
    ended = replace_inactive(overdue_of(case, stage), gone)
    if ended.expired:
        end_votes(w, case.row.id, [case.approvals[one] for one in ended.expired], "expired")
    if ended.asked:
        ask_in_place(case, stage, ended.asked, {"code": "inactive"})
    else:
        ask_fallback_if_stranded(case_of_stage(w, stage), stage)


def _give_tasks_back(w: Work, request_id: str, person_id: str) -> None:
    held = select(Task).where(Task.request_id == request_id, Task.assignee_id == person_id, Task.state.in_(IN_HAND))
    for task in w.all(held):
        why = {"code": "assignee_inactive", "person": person_id}
        w.record(stream_of(request_id), e.TaskAssigned(task=task.id, assignee=None, why=why), actor=SYSTEM)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a hand-over is: `going` while it is under way, `stuck` where it was given up, else done, at `done_at`.

    The numbers are those of the moment when the person was deactivated.
    """

    approvals: int
    tasks: int
    going: bool
    stuck: bool
    done_at: datetime | None


def standing(session: Session, person_id: str) -> Standing | None:
    """The hand-over of somebody who was deactivated; None where there was nothing in their hands."""
    row = session.scalars(select(Timers).where(Timers.dedupe_key == _key(person_id))).first()
    if row is None or row.state not in (OPEN, PARKED, DONE):
        return None
    approvals, tasks = int(row.payload["approvals"]), int(row.payload["tasks"])
    if not approvals and not tasks:
        return None
    return Standing(approvals, tasks, row.state == OPEN, row.state == PARKED, row.done_at)


def _key(person_id: str) -> str:
    return f"handover:{person_id}"
