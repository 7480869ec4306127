"""The log of readings: who opened what is confidential, beside the request's own stream."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from servicehall.models.access import AccessLog
from servicehall.models.base import own_transaction
from servicehall.models.requests import Request
from servicehall.services.visibility import Viewer

LEAVES = ("report", "export")
"""What leaves the house is noted whoever takes it, and whatever it is about."""


def note_reading(
    row: Request, *, viewer: Viewer, at: datetime, kind: str = "request", detail: dict[str, Any] | None = None
) -> None:
    """Appends one reading of a confidential request by somebody else than those it is about; not inside a work."""
    theirs = not row.confidential or viewer.id in (row.requester_id, row.beneficiary_id)
    if theirs and kind not in LEAVES:
        return
    with own_transaction() as beside:
        AccessLog.add(beside, at=at, person_id=viewer.id, kind=kind, subject=f"request/{row.id}", detail=detail)
