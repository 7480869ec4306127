"""What waits for somebody's decision: their own voices, those they stand in for, and their groups'."""

from __future__ import annotations

from flask import g
from sqlalchemy import Select, or_, select

from servicehall.models.approvals import Approval, ApprovalMember
from servicehall.services import inbox
from servicehall.services.cases import approval_rows
from servicehall.services.cases.names import Record
from servicehall.services.visibility import Viewer
from servicehall.web.navigation import BADGES
from servicehall.web.portal.acting import viewer

CAP = 100


def waiting(viewer: Viewer) -> Select[Approval]:
    """The pending approvals in one's inbox."""
    spoken_for = select(ApprovalMember.approval_id).where(ApprovalMember.person_id == viewer.id, ApprovalMember.open)
    return select(Approval).where(
        Approval.state == "pending", or_(Approval.holder_id == viewer.id, Approval.id.in_(spoken_for))
    )


def mine_on(viewer: Viewer, request_id: str) -> Approval | None:
    """The approval on this request that waits for the viewer."""
    statement = waiting(viewer).where(Approval.request_id == request_id).order_by(Approval.asked_at, Approval.id)
    return viewer.session.execute(statement).scalars().first()


def waiting_rows(viewer: Viewer, most: int) -> list[Record]:
    """The ones that wait longest."""
    return approval_rows(viewer, inbox.inbox(viewer, limit=most).rows)


def waiting_count(viewer: Viewer) -> int:
    """How many wait, counted no further than a badge shows; once for each page."""
    if "waiting_count" not in g:
        g.waiting_count = inbox.waiting_count(viewer, CAP)
    return int(g.waiting_count)


BADGES.register("approvals", lambda: waiting_count(viewer()))
