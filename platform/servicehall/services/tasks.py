"""The verbs of those who do the work: claim, assign, start, hold, release, complete, skip, fail, retry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from servicehall.domain import events as e
from servicehall.domain import fulfilment as rules
from servicehall.errors import Conflict, Forbidden, Invalid, Problem
from servicehall.models.directory import Person
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import assignment, contexts, directory, releases
from servicehall.services.lookups import Directory
from servicehall.services.releases import Release
from servicehall.services.requests import family_of
from servicehall.services.submission import stream_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work, work
from servicehall.texts import _, pick


def claim(task: Task, *, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    """Takes a task of one's group; of two who claim at once, one gets it."""
    with over(task, viewer, at) as (w, row, now):
        _next(now, "claim")
        if now.assignee_id is not None and now.assignee_id != viewer.id:
            raise Conflict(_("Somebody else has taken this task."))
        _give(w, row, now, viewer.id, "claimed", comment)


def assign(task: Task, *, assignee: str | None, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    """Gives a task to a member of its group, by email; nobody puts it back into the queue."""
    with over(task, viewer, at) as (w, row, now):
        _next(now, "assign")
        person = _member(w, now, assignee) if assignee else None
        _give(w, row, now, person.id if person else None, "assigned", comment)


def start(task: Task, *, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    """Begins the work; a task that nobody had becomes one's own."""
    with over(task, viewer, at) as (w, row, now):
        state = _next(now, "start")
        if now.assignee_id is None:
            _give(w, row, now, viewer.id, "claimed")
        _move(w, row, now, "start", state, comment=comment)


def hold(task: Task, *, comment: str | None, viewer: Viewer, at: datetime) -> None:
    with over(task, viewer, at) as (w, row, now):
        _move(w, row, now, "hold", _next(now, "hold"), comment=_reason(comment))


def release(task: Task, *, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    """Goes on after a hold; of a task that is not on hold, gives up the claim."""
    with over(task, viewer, at) as (w, row, now):
        if now.state in ("ready", "in_progress") and now.assignee_id is not None:
            _give(w, row, now, None, "released", comment)
            return
        _move(w, row, now, "release", _next(now, "release"), comment=comment)


def complete(
    task: Task, *, answers: Mapping[str, Any], viewer: Viewer, at: datetime, comment: str | None = None
) -> None:
    """Done, with what the task's form asks; needs no claim before."""
    with over(task, viewer, at) as (w, row, now):
        _next(now, "complete")
        kept = check_form(w, row, now, answers, author=viewer.id)
        w.record(
            stream_of(row.id),
            e.TaskCompleted(
                task=now.id,
                answers=kept,
                why={"code": "done_by_hand"} if now.kind != "manual" else None,
                comment=_kept(w, comment),
            ),
        )


def skip(task: Task, *, comment: str | None, viewer: Viewer, at: datetime) -> None:
    with over(task, viewer, at) as (w, row, now):
        _move(w, row, now, "skip", _next(now, "skip"), comment=_reason(comment))


def fail(task: Task, *, comment: str | None, viewer: Viewer, at: datetime) -> None:
    with over(task, viewer, at) as (w, row, now):
        _move(w, row, now, "fail", _next(now, "fail"), comment=_reason(comment))


def retry(task: Task, *, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    with over(task, viewer, at) as (w, row, now):
        _move(w, row, now, "retry", _next(now, "retry"), comment=comment)


def tick(task: Task, *, item: int, done: bool, viewer: Viewer, at: datetime) -> None:
    """Ticks an item of the checklist by its place (from 0), or opens it again; the same again changes nothing."""
    with over(task, viewer, at) as (w, row, now):
        if now.state not in OPEN:
            raise Conflict(_("The checklist belongs to a task that is open."))
        if not 0 <= item < len(checklist_of(releases.load(w.session, row.release), now)):
            raise Invalid(problems=[Problem("item", "unknown", _("The checklist has no such item."))])
        ticked = set(now.ticked)
        after = ticked | {item} if done else ticked - {item}
        if after != ticked:
            event = e.ChecklistTicked(task=now.id, item=item, done=done, ticked=sorted(after))
            w.record(stream_of(row.id), event)


VERBS: Mapping[str, Callable[..., None]] = {
    "claim": claim,
    "assign": assign,
    "start": start,
    "hold": hold,
    "release": release,
    "complete": complete,
    "skip": skip,
    "fail": fail,
    "retry": retry,
}


OPEN = ("ready", "in_progress", "on_hold", "failed")


def checklist_of(release: Release, task: Task) -> list[dict[str, Any]]:
    """`{text, done}` for each item of the task's checklist, in the reader's language."""
    planned = release.plan_task(task.key) if task.undoes is None else None
    items = planned.checklist if planned is not None else ()
    return [{"text": pick(one), "done": place in task.ticked} for place, one in enumerate(items)]


def may_tick(task: Task, row: Request, viewer: Viewer) -> bool:
    return task.state in OPEN and row.state != "on_hold" and may_work(task, viewer)


def may_work(task: Task, viewer: Viewer) -> bool:
    """A task is worked on by its assignee and the members of its group."""
    return task.assignee_id == viewer.id or (task.group_id is not None and task.group_id in viewer.group_ids)


@contextmanager
def over(task: Task, viewer: Viewer, at: datetime) -> Iterator[tuple[Work, Request, Task]]:
    """A work over the task's family, with the request and the task as they are now."""
    with work(family_of(_request_of(task, viewer)), actor=viewer.id, at=at) as w:
        now = w.get(Task, task.id)
        if not may_work(now, viewer):
            raise Forbidden(_("This task belongs to another group."))
        row = w.get(Request, task.request_id)
        if row.state == "on_hold":
            raise Conflict(_("The request is on hold."))
        yield w, row, now


def _request_of(task: Task, viewer: Viewer) -> Request:
    row = viewer.session.get(Request, task.request_id)
    if row is None:
        raise LookupError(task.request_id)
    return row


def acts_of(task: Task, row: Request, viewer: Viewer) -> list[str]:
    """What the viewer may do with a task now, in the order of `VERBS`; nothing while the request is on hold."""
    if row.state == "on_hold" or not may_work(task, viewer):
        return []
    facts = facts_of(task)
    acts = [act for act in VERBS if rules.may_follow(task.state, act, facts=facts)]
    taken = task.assignee_id is not None
    barred = {"claim"} if taken else set()
    if taken and task.state in ("ready", "in_progress") and "release" not in acts:
        acts.insert(acts.index("complete") if "complete" in acts else len(acts), "release")
    return [act for act in acts if act not in barred]


def _next(task: Task, act: str) -> str:
    return str(rules.next_task_state(task.state, act, facts=facts_of(task)))


def facts_of(task: Task) -> set[str]:
    """What the table of states asks of a task as it is now; one that its system gave up is of the kind `manual`."""
    facts = {"started"} if task.started_at is not None else set()
    if task.kind == "manual":
        facts.add("manual")
    if task.optional:
        facts.add("optional")
    return facts


def _move(w: Work, row: Request, task: Task, act: str, state: str, *, comment: str | None = None) -> None:
    kept = _kept(w, comment)
    w.record(stream_of(row.id), e.TaskStateChanged(task=task.id, act=act, before=task.state, state=state, comment=kept))


def _give(w: Work, row: Request, task: Task, person: str | None, code: str, comment: str | None = None) -> None:
    event = e.TaskAssigned(task=task.id, assignee=person, why={"code": code}, comment=_kept(w, comment))
    w.record(stream_of(row.id), event)


def _kept(w: Work, comment: str | None) -> str | None:
    return w.keep({"body": comment.strip()}) if comment and comment.strip() else None


def check_form(w: Work, row: Request, task: Task, answers: Mapping[str, Any], *, author: str) -> str | None:
    """What the task's form asks, checked and kept; None where it has none. Invalid names every wrong answer."""
    release = releases.load(w.session, row.release)
    form = release.task_form(task.key) if task.undoes is None else None
    if form is None:
        if answers:
            raise Invalid(
                _("This task has no form."),
                [Problem(key, "unknown", _("There is no such field.")) for key in sorted(answers)],
            )
        return None
    context = contexts.for_request(w.session, row, at=w.at)
    around = contexts.answers_of(w.session, row)
    checked = form.check(answers, context, lookup=Directory(w.session, author=author, known=around), around=around)
    if checked.errors:
        raise Invalid(_("Some answers need your attention."), checked.errors)
    return w.keep(checked.answers)


def _member(w: Work, task: Task, email: str) -> Person:
    person = directory.by_email(w.session, email)
    if person is None or not person.active or not assignment.is_member(w.session, task.group_id, person.id):
        raise Invalid(
            _("The task cannot be given to this person."),
            [Problem("assignee", "not_a_member", _("Choose an active member of the task's group."))],
        )
    return person


def _reason(comment: str | None) -> str:
    if not comment or not comment.strip():
        raise Invalid(_("Please say why."), [Problem("comment", "required", _("A reason is required."))])
    return comment
