"""Tasks as records: whole ones with what their holder needs to know, and light rows for queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import answers, releases, task_texts, tasks
from servicehall.services.cases.names import Names, Record, gather, said_at
from servicehall.services.departments import department_titles
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer
from servicehall.services.words import why_sentence
from servicehall.services.work import read_contents
from servicehall.texts import current_locale


def task_records(viewer: Viewer, row: Request) -> list[Record]:
    """The tasks of a request that the viewer sees whole, in the order of the plan."""
    rows = viewer.session.scalars(select(Task).where(Task.request_id == row.id).order_by(Task.position, Task.id)).all()
    return _records(viewer, row, rows)


def task_record(viewer: Viewer, task: Task) -> Record:
    """One task with all that whoever holds it needs: what it shows, its form, why it lies where it lies."""
    row = viewer.session.get_one(Request, task.request_id)
    return _records(viewer, row, [task])[0]


def task_rows(viewer: Viewer, rows: Sequence[Task]) -> list[Record]:
    """Rows of a queue; answers only as lists may show them: public and internal ones."""
    session = viewer.session
    owners = {
        one.id: one for one in session.scalars(select(Request).where(Request.id.in_({r.request_id for r in rows})))
    }
    names = _names(viewer, rows, owners.values())
    titles = department_titles(session)
    words = task_texts.written(session, rows)
    contents = read_contents(session, [one.content for one in owners.values()])
    made = []
    for task in rows:
        row = owners[task.request_id]
        release = releases.load(session, row.release)
        shown = answers.task_reads(release, row, task, contents.get(row.content) or {})
        kinds = answers.classifications(release)
        listed = {key: value for key, value in shown.items() if kinds.get(key, "public") in answers.OPEN}
        title = task_texts.title_of(release, task, words.get(task.said or ""))
        made.append({**_light(task, row, title, release, names, titles), "request_answers": listed})
    return made


def _records(viewer: Viewer, row: Request, rows: Sequence[Task]) -> list[Record]:
    session = viewer.session
    release = releases.load(session, row.release)
    names = _names(viewer, rows, [row])
    titles, words = department_titles(session), task_texts.written(session, rows)
    stored = read_contents(session, [row.content])[row.content] or {}
    filled = read_contents(session, [one for task in rows for one in (task.answers, task.note) if one])
    whole = answers.for_viewer(viewer, row) if not all(tasks.may_work(task, viewer) for task in rows) else None
    keys = _keys_by_id(viewer, rows)
    return [
        {
            **_light(task, row, task_texts.title_of(release, task, words.get(task.said or "")), release, names, titles),
            **_request_answers(viewer, row, release, task, stored, whole),
            **_filled(viewer, row, release, task, filled),
            "comment": (filled.get(task.note or "") or {}).get("body"),
            "note": (words.get(task.said or "") or {}).get("note") or None,
            "checklist": tasks.checklist_of(release, task),
            "undoes": keys.get(task.undoes or ""),
            "actions": tasks.acts_of(task, row, viewer),
        }
        for task in rows
    ]


def _light(task: Task, row: Request, title: str, release: Release, names: Names, titles: dict[str, str]) -> Record:
    return {
        "id": task.id,
        "request": row.number,
        "request_state": row.state,
        "service": row.service,
        "service_title": release.title,
        "key": task.key,
        "title": title,
        "kind": task.kind,
        "department": task.department,
        "department_title": titles.get(task.department, task.department),
        "group": names.group(task.group_id),
        "assignee": names.person(task.assignee_id),
        "requested_for": None if row.confidential else names.person(row.beneficiary_id),
        "priority": row.priority,
        "state": task.state,
        "due_at": said_at(task.due_at),
        "ready_at": said_at(task.ready_at),
        "started_at": said_at(task.started_at),
        "done_at": said_at(task.done_at),
        "done_by": names.person(task.done_by_id),
        "after": list(task.after),
        "optional": task.optional,
        "why": why_sentence(task.why) or None,
    }


def _request_answers(
    viewer: Viewer, row: Request, release: Release, task: Task, stored: dict[str, Any], whole: answers.Shown | None
) -> Record:
    """What the task shows; somebody who does not hold it reads no more of it than of the request."""
    shown = answers.task_reads(release, row, task, stored)
    if whole is None or tasks.may_work(task, viewer):
        return {"request_answers": shown, "masked": []}
    masked = [key for key in shown if key in whole.masked]
    return {
        "request_answers": {key: None if key in masked else value for key, value in shown.items()},
        "masked": masked,
    }


def _filled(viewer: Viewer, row: Request, release: Release, task: Task, filled: dict[str, Any]) -> Record:
    """The task's own form and what was filled in; its secrets are for its holders, requester and beneficiary."""
    form = release.task_form(task.key) if task.undoes is None else None
    given = filled.get(task.answers or "")
    if form is None:
        return {"form": None, "answers": given}
    mine = tasks.may_work(task, viewer) or viewer.id in (row.requester_id, row.beneficiary_id)
    secret = {one.key for one in form.fields if one.classification == "secret" and not mine}
    if given is not None:
        given = {key: None if key in secret else value for key, value in given.items()}
    return {"form": form.json_schema(current_locale()), "answers": given}


def _names(viewer: Viewer, rows: Sequence[Task], owners: Any) -> Names:
    people = [who for task in rows for who in (task.assignee_id, task.done_by_id)]
    people += [row.beneficiary_id for row in owners]
    return gather(viewer.session, people, [task.group_id for task in rows])


def _keys_by_id(viewer: Viewer, rows: Sequence[Task]) -> dict[str, str]:
    undone = [task.undoes for task in rows if task.undoes]
    if not undone:
        return {}
    return dict(viewer.session.execute(select(Task.id, Task.key).where(Task.id.in_(undone))).all())
