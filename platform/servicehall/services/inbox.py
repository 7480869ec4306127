"""The inbox: approvals that wait for somebody, that they were asked, or that they decided."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select, union

from servicehall.domain.approvals import ApprovalState
from servicehall.models.approvals import Approval, ApprovalMember
from servicehall.services.listing import DEFAULT_LIMIT, Page, Source, checked_states, page
from servicehall.services.visibility import Viewer

DECIDED = ("approved", "rejected", "returned")


def inbox(
    viewer: Viewer, *, state: Sequence[str] = ("pending",), limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Approval]:
    """Approvals that wait for the viewer, the longest waiting first: their own, their groups', those they deputise.

    Of the states approved, rejected and returned (together `decided`) it is what the viewer decided, the latest first;
    of any others, what the viewer was asked. Errors: Invalid for a state, limit or cursor that does not exist.
    """
    states = checked_states(state, ApprovalState, {"decided": DECIDED}) or ("pending",)
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
