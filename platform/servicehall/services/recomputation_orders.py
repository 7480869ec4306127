"""Recomputation as an act: an order is one event, and a timer for each request carries it, one family in a work.

What changed since the order was seen is left alone, and what has moved already moves no further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from servicehall.clock import as_instant
from servicehall.domain import events as e
from servicehall.domain.lifecycle import ENDED
from servicehall.errors import Conflict
from servicehall.models.base import new_id
from servicehall.models.operations import DONE, OPEN, PARKED, Timers
from servicehall.models.requests import Request
from servicehall.services.clock_terms import Said
from servicehall.services.clockwork import change, open_clocks, stop
from servicehall.services.recomputation import POLICY, Move, Present, Preview, Scope, move_of, preview
from servicehall.services.sla import OF_REQUEST
from servicehall.services.work import Work, work
from servicehall.texts import _

KIND = "clock_recompute"


def order(
    session: Session, scope: Scope, *, basis: str, actor: str, at: datetime, comment: str | None = None
) -> tuple[str, Preview]:
    """Has the clocks moved that a preview of this basis named; gives the order's id, and what it will bring.

    Errors: Conflict where a calendar or a policy was published since, or where nothing would move.
    """
    found = preview(session, scope, at=at)
    if not found.moves:
        raise Conflict(_("No running clock would move."))
    if found.basis != basis:
        raise Conflict(_("What the clocks would move to has changed since. Please look again."))
    identity = new_id()
    event = e.RecomputationOrdered(order=identity, pins=found.pins, requests=found.requests, clocks=len(found.moves))
    moves = [(move.row.id, move.clock.id, move.pins) for move in found.moves]
    with work(f"recomputation/{identity}", actor=actor, at=at) as w:
        kept = w.keep(comment) if comment else None
        w.record(f"recomputation/{identity}", replace(event, comment=kept))
        _arm(w, identity, moves, kept)
    return identity, found


def _arm(w: Work, identity: str, moves: Sequence[tuple[str, str, Mapping[str, Any]]], comment: str | None) -> None:
    """One timer for each request, with what each of its clocks is to move to."""
    by_request: dict[str, dict[str, Any]] = {}
    for request_id, clock_id, pins in moves:
        by_request.setdefault(request_id, {})[clock_id] = pins
    for request_id, clocks in by_request.items():
        Timers.add(
            w.session,
            kind=KIND,
            dedupe_key=f"{_prefix(identity)}{request_id}",
            subject=f"recomputation/{identity}",
            due_at=w.at,
            at=w.at,
            payload={
                "request": request_id,
                "clocks": clocks,
                "order": identity,
                "by": w.actor,
                "comment": comment,
            },
        )
    w.awake = True


def carry(w: Work, payload: Mapping[str, Any]) -> None:
    """The timer's verb: moves those clocks of one request that were seen to move, to what was seen."""
    row, present = w.get(Request, payload["request"]), Present(w.session)
    for clock in open_clocks(w, row.id, (*OF_REQUEST, "task")):
        wanted = payload["clocks"].get(clock.id)
        move = move_of(w.session, row, clock, present, w.at) if wanted is not None else None
        if move is not None and move.pins == wanted and row.state not in ENDED:
            _carry_one(w, move, payload)


def _carry_one(w: Work, move: Move, payload: Mapping[str, Any]) -> None:
    clock, promise, named, terms = move.clock, move.promise, move.calendar, move.terms
    why: Said = {"code": "recomputed", "because": list(move.because), "order": payload["order"]}
    if payload.get("comment"):
        why["comment"] = payload["comment"]
    if promise is None or named is None or terms is None:
        stop(w, clock, completes=False, why=why, actor=payload["by"])
        return
    why |= {"was": as_instant(clock.due_at) if clock.due_at else None, "calendar": named.said()}
    said: dict[str, Any] = {"target": str(terms.duration), "calendar": named.said()}
    if POLICY in move.because:
        now = {"release": move.pins[POLICY], **promise.said()}
        said["policy"] = {**clock.policy, "now": now}
    change(w, clock, terms, why, actor=payload["by"], **said)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an order is: of so many requests so many are done, and so many could not be."""

    requests: int
    done: int
    stuck: int

    @property
    def is_going(self) -> bool:
        return self.done + self.stuck < self.requests


def standing(session: Session, order_id: str) -> Standing | None:
    """None for an order that there is not, or that is long over."""
    counted = select(Timers.state, func.count()).where(Timers.subject == f"recomputation/{order_id}")
    found = {row[0]: row[1] for row in session.execute(counted.group_by(Timers.state))}
    total = sum(found.get(state, 0) for state in (OPEN, DONE, PARKED))
    return Standing(total, found.get(DONE, 0), found.get(PARKED, 0)) if total else None


def settle(session: Session, *, timer_id: str, at: datetime) -> None:
    """Marks a request of an order done, for whoever carried it without claiming it."""
    mine = (Timers.id == timer_id, Timers.state == OPEN)
    session.execute(update(Timers).where(*mine).values(state=DONE, done_at=at))


def waiting(session: Session, order_id: str) -> Sequence[Timers]:
    """The requests of an order that are not done, for whoever carries it at once."""
    mine = Timers.subject == f"recomputation/{order_id}"
    return session.scalars(select(Timers).where(mine, Timers.state == OPEN).order_by(Timers.id)).all()


def _prefix(identity: str) -> str:
    return f"recompute:{identity}:"
