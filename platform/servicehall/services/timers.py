"""What happens when a timer is due: one verb for each kind, in a work of its own over the family it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from servicehall.models.base import db
from servicehall.models.requests import Request
from servicehall.services import approval_timeouts, handovers, recomputation_orders, requests, scheduling, sla
from servicehall.services.requests import family_of
from servicehall.services.work import Work, work

SYSTEM = "system:timers"
Settle = Callable[[Session], None]
Payload = Mapping[str, Any]

IN_REQUEST: dict[str, Callable[[Work, Payload], None]] = {
    "approval_reminder": lambda w, payload: approval_timeouts.remind(w, payload["stage"]),
    "approval_timeout": lambda w, payload: approval_timeouts.expire(w, payload["stage"]),
    "clock_due": lambda w, payload: sla.breach(w, payload["clock"]),
    recomputation_orders.KIND: recomputation_orders.carry,
    "clock_step": lambda w, payload: sla.escalate(w, payload["clock"], payload["step"]),
    "request_close": lambda w, payload: requests.close_when_due(w, payload["request"]),
}
OF_PERSON = ("delegation_start", "delegation_end", handovers.KIND)


def ring(kind: str, payload: Payload, *, at: datetime, settle: Settle) -> None:
    """Does what is due. `settle` marks the timer done in the same transaction, or stops where somebody else did."""
    KINDS[kind](kind, payload, at, settle)


def _in_request(kind: str, payload: Payload, at: datetime, settle: Settle) -> None:
    session = db.session()
    row = session.get(Request, payload["request"])
    if row is None:
        raise LookupError(f"request {payload['request']} is not there")
    with work(family_of(row), actor=SYSTEM, at=at) as w:
        settle(w.session)
        IN_REQUEST[kind](w, payload)


def _of_person(kind: str, payload: Payload, at: datetime, settle: Settle) -> None:
    """Each family in a work of its own; what was moved already stays, so it may be done again."""
    session = db.session()
    for request_id in handovers.affected_requests(session, payload["person"]):
        row = session.get(Request, request_id)
        if row is not None:
            with work(family_of(row), actor=SYSTEM, at=at) as w:
                handovers.settle(w, request_id, payload["person"])
    settle(session)
    session.commit()


def _of_document(kind: str, payload: Payload, at: datetime, settle: Settle) -> None:
    scheduling.publish_when_due(payload, actor=SYSTEM, at=at, settle=settle)


KINDS: Mapping[str, Callable[[str, Payload, datetime, Settle], None]] = {
    **dict.fromkeys(IN_REQUEST, _in_request),
    **dict.fromkeys(OF_PERSON, _of_person),
    scheduling.KIND: _of_document,
}
