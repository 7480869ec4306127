"""The lists of requests: all that one sees whole, or those in which one has a part, found by number or words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased

from servicehall.domain.lifecycle import ENDED, RequestState
from servicehall.models.requests import Participant, Request
from servicehall.services import search
from servicehall.services.listing import DEFAULT_LIMIT, Condition, Page, Source, checked_states, led_by, one_of, page
from servicehall.services.visibility import Viewer, visible_requests

OPEN_REQUESTS = tuple(str(one) for one in RequestState if one not in ENDED)
NUMBER_LENGTH = 20
MOST_NUMBERS = 500


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
    scopes = one_of("role", role or "", _SCOPES)(viewer)
    if q.strip() and not role and is_number(q.strip()):
        scopes = [_numbered(viewer, q.strip())]
        q = ""
    states = checked_states(state, RequestState, {"open": OPEN_REQUESTS})
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
    return number_begins(q) if is_number(q) else search.found_by(viewer, q)


def is_number(q: str) -> bool:
    return "-" in q and len(q) <= NUMBER_LENGTH and q.isascii() and q.replace("-", "").isalnum()


def number_begins(q: str) -> Condition:
    return (Request.number >= q.upper()) & (Request.number < q.upper() + "~")


def _numbered(viewer: Viewer, q: str) -> _Scope:
    """The few that a number's beginning leads to, found by the number and not by who sees them."""
    few = select(Request.id).where(number_begins(q), visible_requests(viewer)).order_by(Request.number)
    ids = viewer.session.scalars(few.limit(MOST_NUMBERS)).all()
    return _Scope(_ordered(Request.id.in_(ids)), by_state=False)
