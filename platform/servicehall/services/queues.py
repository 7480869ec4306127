"""The queues of tasks: what lies with somebody, with their groups, or with nobody yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, exists, false, func, or_, select

from servicehall.domain.fulfilment import TaskState
from servicehall.models.definitions import Document
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import directory, search
from servicehall.services.listing import DEFAULT_LIMIT, Condition, Page, Source, checked_states, led_by, page
from servicehall.services.request_lists import is_number, number_begins
from servicehall.services.visibility import Viewer, visible_requests

OPEN_TASKS = ("ready", "in_progress", "on_hold", "failed")


def queue(
    viewer: Viewer,
    *,
    queue: str | None = None,
    assignee: str | None = None,
    state: Sequence[str] = (),
    where: Sequence[Condition] = (),
    at: Any = Task.due_at,
    descending: bool = False,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Task]:
    """Tasks that the viewer may see, the soonest due first, those without a date last.

    `queue` is a group's key; `assignee` an email, `me` or `none`; without both, what lies with the viewer and their
    groups. Without `state`, the tasks in hand (`open`): ready, in progress, on hold, failed. `where` narrows further;
    `at` is another instant to order by.
    Errors: Invalid for a state, limit or cursor that does not exist.
    """
    states = checked_states(state, TaskState, {"open": OPEN_TASKS}) or OPEN_TASKS
    sources = [
        Source(at, Task.id, (*scope, *part, *where)) for scope in _held(viewer, queue, assignee) for part in _in(states)
    ]
    name = f"tasks/{at.key}/{'down' if descending else 'up'}"
    return page(
        viewer.session, Task, sources, name=name, descending=descending, limit=limit, cursor=cursor, undated=True
    )


def _in(states: Sequence[str]) -> list[tuple[Condition, ...]]:
    """Tasks in hand come in the order of an index of theirs alone; each other state in the order of its own."""
    if not set(states) <= set(OPEN_TASKS):
        return [(Task.state == one,) for one in states]
    return [(in_hand(),) if set(states) == set(OPEN_TASKS) else (in_hand(), Task.state.in_(states))]


def in_hand() -> Condition:
    """Ready, in progress, on hold or failed; said so that the indexes of such tasks alone are used."""
    return Task.state.in_(bindparam(None, OPEN_TASKS, expanding=True, literal_execute=True))


def count_in_hand(viewer: Viewer, most: int) -> int:
    """How many tasks the viewer has in hand, counted no further than `most`."""
    few = select(Task.id).where(Task.assignee_id == viewer.id, in_hand()).limit(most).subquery()
    return viewer.session.scalar(select(func.count()).select_from(few)) or 0


def _held(viewer: Viewer, queue: str | None, assignee: str | None) -> list[tuple[Condition, ...]]:
    """Whose tasks: each scope is one source, so that each is read in its own order."""
    whose = _assigned_to(viewer, assignee)
    if queue:
        group = directory.group_by_key(viewer.session, queue)
        if group is None:
            return []
        seen = () if group.id in viewer.group_ids else (_of_visible_requests(viewer),)
        return [(Task.group_id == group.id, *whose, *seen)]
    groups: list[tuple[Condition, ...]] = [(Task.group_id == one, *whose) for one in sorted(viewer.group_ids)]
    if assignee in (None, "", "me", viewer.person.email):
        own: tuple[Condition, ...] = (Task.assignee_id == viewer.id,)
        return [own] if assignee else [own, *groups]
    if viewer.is_auditor or viewer.agent_departments:
        groups.append((*whose, _of_visible_requests(viewer)))
    return groups


def _assigned_to(viewer: Viewer, assignee: str | None) -> tuple[Condition, ...]:
    if not assignee:
        return ()
    if assignee == "none":
        return (Task.assignee_id.is_(None),)
    if assignee == "me":
        return (Task.assignee_id == viewer.id,)
    person = directory.by_email(viewer.session, assignee)
    return (Task.assignee_id == person.id,) if person is not None else (false(),)


def _of_visible_requests(viewer: Viewer) -> Condition:
    return exists().where(Request.id == Task.request_id, visible_requests(viewer))


def matches_task(viewer: Viewer, q: str) -> Condition:
    """Tasks of the requests that fit. Who may not see one whole finds it by what the task tells: number and title."""
    q = q.strip()
    if is_number(q):
        return Task.request_id.in_(select(Request.id).where(number_begins(q)))
    words = q.casefold().split()
    rows = viewer.session.execute(
        select(Document.department, Document.key, Document.body).where(
            Document.kind == "service", Document.body.is_not(None)
        )
    )
    named = [
        f"{owner}/{key}" for owner, key, body in rows if all(word in _words_of(body.get("title")) for word in words)
    ]
    fits = or_(Request.service.in_(named), search.found_by(viewer, q)) if named else search.found_by(viewer, q)
    has = exists().where(Request.id == Task.request_id, fits)
    return led_by(viewer.session, Task.request_id, select(Request.id).where(fits), many=has)


def _words_of(title: Any) -> str:
    texts = title.values() if isinstance(title, Mapping) else [title or ""]
    return " ".join(str(text) for text in texts).casefold()
