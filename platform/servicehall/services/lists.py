"""The lists that people work from: requests, the inbox of approvals, the queues of tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, false, func, or_, select, union
from sqlalchemy.orm import aliased

from servicehall.domain.approvals import ApprovalState
from servicehall.domain.fulfilment import TaskState
from servicehall.domain.lifecycle import ENDED, RequestState
from servicehall.errors import Invalid, Problem
from servicehall.models.approvals import Approval, ApprovalMember
from servicehall.models.definitions import Document
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Participant, Request
from servicehall.services import directory, search
from servicehall.services.listing import DEFAULT_LIMIT, Page, Source, led_by, page
from servicehall.services.visibility import Viewer, visible_requests
from servicehall.texts import _

Condition = ColumnElement[bool]
OPEN_REQUESTS = tuple(str(one) for one in RequestState if one not in ENDED)
OPEN_TASKS = ("ready", "in_progress", "on_hold", "failed")
DECIDED = ("approved", "rejected", "returned")
NUMBER_LENGTH = 20
MOST_NUMBERS = 500


# --- requests ------------------------------------------------------------------------------------------------


def list_requests(
    viewer: Viewer,
    *,
    role: str | None = None,
    state: Sequence[str] = (),
    service: str | None = None,
    department: str | None = None,
    q: str = "",
    where: Sequence[Condition] = (),
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Request]:
    """Requests that the viewer sees whole, the newest first; as beneficiary, approver or watcher by when one became it.

    `role` is requester, beneficiary, approver, agent or watcher, nothing for all; `state` holds states, or `open` for
    all that have not ended; `q` is the beginning of a number, or words that all stand in the request.
    Errors: Invalid for a role, state, limit or cursor that does not exist.
    """
    scopes = _one_of("role", role or "", _SCOPES)(viewer)
    if q.strip() and not role and _is_number(q.strip()):
        scopes = [_numbered(viewer, q.strip())]
        q = ""
    states = _states(state, RequestState, {"open": OPEN_REQUESTS})
    narrow = [*_narrow(viewer, service, department, q), *where]
    sources = [scope.source.but(*narrow, *part) for scope in scopes for part in scope.parts(states)]
    return page(
        viewer.session,
        Request,
        sources,
        name=f"requests/{role or ''}",
        descending=True,
        limit=limit,
        cursor=cursor,
    )


@dataclass(frozen=True, slots=True)
class _Scope:
    """A source of requests; where an index leads by state too, each state is a source of its own."""

    source: Source
    by_state: bool = True

    def parts(self, states: Sequence[str]) -> list[tuple[Condition, ...]]:
        if not states:
            return [()]
        if self.by_state:
            return [(Request.state == one,) for one in states]
        return [(Request.state.in_(states),)]


_SENT = Request.state != "draft"


def _ordered(*where: Condition) -> Source:
    return Source(Request.created_at, Request.id, where)


def _as_requester(viewer: Viewer) -> list[_Scope]:
    return [_Scope(_ordered(Request.requester_id == viewer.id))]


def _as(role: str, *others: str) -> Callable[[Viewer], list[_Scope]]:
    """Those in which the viewer has this part, or another one in its stead."""

    def scopes(viewer: Viewer) -> list[_Scope]:
        had = exists().where(
            _OTHER.request_id == Participant.request_id,
            _OTHER.person_id == Participant.person_id,
            _OTHER.role == role,
        )
        return [_part(viewer, role), *(_part(viewer, other, ~had) for other in others)]

    return scopes


_OTHER = aliased(Participant)


def _part(viewer: Viewer, role: str, *more: Condition) -> _Scope:
    """Of drafts one's own alone: those that others make for one are not seen before they are sent."""
    mine = (Participant.person_id == viewer.id, Participant.role == role)
    where = (*mine, *more, Request.id == Participant.request_id, or_(_SENT, Request.requester_id == viewer.id))
    return _Scope(Source(Participant.at, Participant.request_id, where), by_state=False)


def _as_agent(viewer: Viewer) -> list[_Scope]:
    return [_Scope(_ordered(Request.department == one, _SENT)) for one in sorted(viewer.agent_departments)]


def _all(viewer: Viewer) -> list[_Scope]:
    if viewer.is_auditor:
        return [*_as_requester(viewer), _Scope(_ordered(_SENT))]
    parts = select(Participant.request_id).where(Participant.person_id == viewer.id)
    had = exists().where(Participant.request_id == Request.id, Participant.person_id == viewer.id)
    part = led_by(viewer.session, Request.id, parts, many=had)
    mine = _Scope(_ordered(part, _SENT), by_state=False)
    return [*_as_requester(viewer), mine, *_as_agent(viewer)]


_SCOPES: Mapping[str, Callable[[Viewer], list[_Scope]]] = {
    "": _all,
    "requester": _as_requester,
    "beneficiary": _as("beneficiary"),
    "approver": _as("approver", "deputy"),
    "agent": _as_agent,
    "watcher": _as("watcher"),
}
ROLES = tuple(filter(None, _SCOPES))


def _narrow(viewer: Viewer, service: str | None, department: str | None, q: str) -> list[Condition]:
    found = []
    if service:
        found.append(Request.service == service)
    if department:
        found.append(Request.department == department)
    if q.strip():
        found.append(matches(viewer, q))
    return found


def matches(viewer: Viewer, q: str) -> Condition:
    """Requests that the viewer sees whole: by the beginning of a number, else by words."""
    q = q.strip()
    return _number_begins(q) if _is_number(q) else search.found_by(viewer, q)


def matches_task(viewer: Viewer, q: str) -> Condition:
    """Tasks of the requests that fit. Who may not see one whole finds it by what the task tells: number and title."""
    q = q.strip()
    if _is_number(q):
        return Task.request_id.in_(select(Request.id).where(_number_begins(q)))
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


def _is_number(q: str) -> bool:
    return "-" in q and len(q) <= NUMBER_LENGTH and q.isascii() and q.replace("-", "").isalnum()


def _number_begins(q: str) -> Condition:
    return (Request.number >= q.upper()) & (Request.number < q.upper() + "~")


def _numbered(viewer: Viewer, q: str) -> _Scope:
    """The few that a number's beginning leads to, found by the number and not by who sees them."""
    few = select(Request.id).where(_number_begins(q), visible_requests(viewer)).order_by(Request.number)
    ids = viewer.session.scalars(few.limit(MOST_NUMBERS)).all()
    return _Scope(_ordered(Request.id.in_(ids)), by_state=False)


def _words_of(title: Any) -> str:
    texts = title.values() if isinstance(title, Mapping) else [title or ""]
    return " ".join(str(text) for text in texts).casefold()


# --- approvals -----------------------------------------------------------------------------------------------


def inbox(
    viewer: Viewer, *, state: Sequence[str] = ("pending",), limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Approval]:
    """Approvals that wait for the viewer, the longest waiting first: their own, their groups', those they deputise.

    Of the states approved, rejected and returned (together `decided`) it is what the viewer decided, the latest first;
    of any others, what the viewer was asked. Errors: Invalid for a state, limit or cursor that does not exist.
    """
    states = _states(state, ApprovalState, {"decided": DECIDED}) or ("pending",)
    if set(states) <= set(DECIDED):
        mine = Source(
            Approval.decided_at, Approval.id, (Approval.decided_by_id == viewer.id, Approval.state.in_(states))
        )
        name, sources = "decided", [mine]
    elif states == ("pending",):
        name, sources = "inbox", _pending(viewer)
    else:
        name, sources = "asked", [one for state in states for one in _asked(viewer, state)]
    return page(viewer.session, Approval, sources, name=name, descending=name == "decided", limit=limit, cursor=cursor)


def _pending(viewer: Viewer) -> list[Source]:
    """What lies with the person, and with each group that they may speak for."""
    pending = Approval.state == bindparam(None, "pending", literal_execute=True)  # so that the partial index matches
    mine = (ApprovalMember.person_id == viewer.id, ApprovalMember.open.is_(True))
    return [
        Source(Approval.asked_at, Approval.id, (Approval.holder_id == viewer.id, pending)),
        Source(ApprovalMember.asked_at, ApprovalMember.approval_id, mine),
    ]


def waiting_count(viewer: Viewer, most: int) -> int:
    """How many approvals wait for the viewer, counted no further than `most`."""
    parts = [select(one.id.label("id")).where(*one.where).limit(most).subquery() for one in _pending(viewer)]
    ids = union(*(select(part.c.id) for part in parts)).subquery()
    return min(viewer.session.scalar(select(func.count()).select_from(ids)) or 0, most)


def _asked(viewer: Viewer, state: str) -> list[Source]:
    """What the person was asked, alone or in a group, and what became of it."""
    member = (ApprovalMember.person_id == viewer.id, ApprovalMember.approval_id == Approval.id)
    return [
        Source(Approval.asked_at, Approval.id, (Approval.voice_person_id == viewer.id, Approval.state == state)),
        Source(Approval.asked_at, Approval.id, (*member, Approval.state == state)),
    ]


# --- tasks ---------------------------------------------------------------------------------------------------


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
    states = _states(state, TaskState, {"open": OPEN_TASKS}) or OPEN_TASKS
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


# --- what was asked for --------------------------------------------------------------------------------------


def _states(given: Iterable[str], known: Iterable[str], together: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    names = {str(one): (str(one),) for one in known} | {key: tuple(some) for key, some in together.items()}
    return tuple(dict.fromkeys(state for one in given for state in _one_of("state", one, names)))


def _one_of(path: str, name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        text = _("Choose one of {names}.", names=", ".join(filter(None, known)))
        raise Invalid(text, [Problem(path, "choice", text)])
    return known[name]
