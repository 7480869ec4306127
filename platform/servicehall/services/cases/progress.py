"""Where a request is: the steps from sent to done, each with who holds it and when, for the page that follows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime

from sqlalchemy import select

from servicehall.models.approvals import Approval, Stage
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import releases
from servicehall.services.cases.names import Names, Record, gather, listed, said_at
from servicehall.services.cases.waiting import moot_tasks
from servicehall.services.departments import department_titles
from servicehall.services.releases import Release
from servicehall.services.task_texts import titles_of
from servicehall.services.visibility import Viewer
from servicehall.services.words import why_sentence
from servicehall.texts import N_, _, pick

DONE, CURRENT, WAITING, SKIPPED, FAILED = "done", "current", "waiting", "skipped", "failed"


def progress(viewer: Viewer, row: Request, *, at: datetime) -> list[Record]:
    """Steps `{kind, key, title, state, who, at, due_at, overdue, why, parts}`.

    `kind` is submitted, stage, department or done; `state` is done, current, waiting, skipped or failed; `who` says in
    words who holds it; `parts` are the tasks of a department's part, `needed` where nothing skips them.
    """
    session = viewer.session
    release = releases.load(session, row.release)
    stages = session.scalars(
        select(Stage).where(Stage.request_id == row.id, Stage.task_id.is_(None)).order_by(Stage.round, Stage.position)
    ).all()
    votes = session.scalars(select(Approval).where(Approval.request_id == row.id).order_by(Approval.position)).all()
    tasks = session.scalars(select(Task).where(Task.request_id == row.id).order_by(Task.position, Task.id)).all()
    names = gather(
        session,
        [row.requester_id, *(who for one in votes for who in (one.holder_id, one.decided_by_id))]
        + [who for one in tasks for who in (one.assignee_id, one.done_by_id)],
        [one.voice_group_id for one in votes],
    )
    return [
        _submitted(row, names),
        *_stages(row, release, stages, votes, names, at),
        *_departments(viewer, row, titles_of(session, release, tasks), tasks, names, at),
        _done(row, names),
    ]


def _step(kind: str, key: str, title: str, state: str, **more: object) -> Record:
    return {
        "kind": kind,
        "key": key,
        "title": title,
        "state": state,
        "who": "",
        "at": None,
        "due_at": None,
        "overdue": False,
        "why": None,
        "parts": [],
        **more,
    }


def _submitted(row: Request, names: Names) -> Record:
    state = CURRENT if row.state in ("draft", "returned") else DONE
    title = _("Changes wanted") if row.state == "returned" else _("Submitted")
    at = row.state_since if row.state == "returned" else row.submitted_at
    return _step("submitted", "submitted", title, state, who=names.name(row.requester_id), at=said_at(at))


def _stages(
    row: Request, release: Release, stages: Sequence[Stage], votes: Sequence[Approval], names: Names, at: datetime
) -> list[Record]:
    """The chain's stages as they stand in the latest round; before the first submission, as authored."""
    latest = {stage.key: stage for stage in stages}
    planned = release.chain.stages if release.chain is not None else ()
    steps = []
    for one in planned:
        title, stage = pick(release.stage_title(one.key)), latest.get(one.key)
        if stage is None:
            if row.state == "draft":
                steps.append(_step("stage", one.key, title, WAITING))
            continue
        mine = [vote for vote in votes if vote.stage_id == stage.id]
        pending = [vote for vote in mine if vote.state == "pending"]
        asked = pending or [vote for vote in mine if vote.decided_by_id]
        steps.append(
            _step(
                "stage",
                one.key,
                title,
                _STAGE_STATES.get(stage.state, WAITING),
                who=listed(_speaker(vote, names) for vote in asked),
                at=said_at(stage.closed_at or stage.opened_at),
                due_at=said_at(stage.due_at),
                overdue=stage.due_at is not None and stage.due_at < at,
                why=why_sentence(stage.why or next((vote.why for vote in asked), None)) or None,
            )
        )
    return steps


_STAGE_STATES = {
    "open": CURRENT,
    "passed": DONE,
    "rejected": FAILED,
    "not_needed": SKIPPED,
    "superseded": SKIPPED,
}


def _speaker(vote: Approval, names: Names) -> str:
    who = vote.decided_by_id or vote.holder_id
    return names.name(who) if who else names.group_name(vote.voice_group_id)


def _departments(
    viewer: Viewer, row: Request, called: Mapping[str, str], tasks: Sequence[Task], names: Names, at: datetime
) -> list[Record]:
    """One step for each department, in the order of its first task."""
    titles, moot = department_titles(viewer.session), moot_tasks(viewer, row, at=at)
    parts: dict[str, list[Task]] = {}
    for task in tasks:
        parts.setdefault(task.department, []).append(task)
    return [
        _department(key, titles.get(key, key), mine, [_part(called[one.id], one, names, moot, at) for one in mine], at)
        for key, mine in parts.items()
    ]


def _department(key: str, title: str, tasks: Sequence[Task], parts: list[Record], at: datetime) -> Record:
    needed = [part for part in parts if part["needed"]]
    required = [part for part in needed if not part["optional"]] or needed
    dues = [part["due_at"] for part in required if part["due_at"]]
    done = [task.done_at for task in tasks if task.done_at]
    return _step(
        "department",
        key,
        title,
        _together(part["state"] for part in parts),
        who=listed(part["holder"] for part in parts if part["holder"]),
        at=said_at(max(done)) if done else None,
        due_at=max(dues) if dues else None,
        overdue=any(part["overdue"] for part in parts),
        parts=parts,
    )


def _part(title: str, task: Task, names: Names, moot: Set[str], at: datetime) -> Record:
    state = _TASK_STATES[task.state]
    holds = state in (CURRENT, FAILED) and task.assignee_id
    return {
        "id": task.id,
        "key": task.key,
        "title": title,
        "state": state,
        "task_state": "moot" if task.id in moot else task.state,
        "needed": state != SKIPPED and task.id not in moot,
        "who": names.name(task.done_by_id or task.assignee_id) if task.done_by_id or task.assignee_id else "",
        "holder": names.name(task.assignee_id) if holds else "",
        "at": said_at(task.done_at or task.ready_at),
        "due_at": said_at(task.due_at),
        "overdue": task.id not in moot and _is_overdue(task, at),
        "optional": task.optional,
    }


def _is_overdue(task: Task, at: datetime) -> bool:
    return task.due_at is not None and task.due_at < at and task.state in ("blocked", "ready", "in_progress", "on_hold")


_TASK_STATES = {
    "blocked": WAITING,
    "ready": CURRENT,
    "in_progress": CURRENT,
    "on_hold": CURRENT,
    "done": DONE,
    "skipped": SKIPPED,
    "failed": FAILED,
    "cancelled": SKIPPED,
}


def _together(states: Iterable[str]) -> str:
    """A part is as far as its least finished task; one that failed shows first."""
    found = set(states)
    if found <= {SKIPPED}:
        return SKIPPED
    if found <= {DONE, SKIPPED}:
        return DONE
    return next(state for state in (FAILED, CURRENT, WAITING) if state in found)


def _done(row: Request, names: Names) -> Record:
    title = _(_ENDS.get(row.state, N_("Done")))
    state = {"resolved": DONE, "closed": DONE, "rejected": FAILED, "cancelled": SKIPPED}.get(row.state, WAITING)
    return _step("done", "done", title, state, at=said_at(row.ended_at or row.resolved_at))


_ENDS = {"rejected": N_("Rejected"), "cancelled": N_("Cancelled"), "resolved": N_("Resolved"), "closed": N_("Closed")}
