"""The life of a request as one table: which act leads from which states to which, and who may do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from servicehall.errors import Conflict
from servicehall.texts import N_, _


class RequestState(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    RETURNED = "returned"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Part(StrEnum):
    """What somebody is to a request, as far as the table asks."""

    REQUESTER = "requester"
    AGENT = "agent"
    VOICE = "voice"
    SYSTEM = "system"


S = RequestState
P = Part
ENDED = frozenset({S.CLOSED, S.REJECTED, S.CANCELLED})
OPEN = frozenset(set(S) - ENDED)
FULFILLING = frozenset({S.IN_PROGRESS, S.ON_HOLD})


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: `to` is where the act may lead; `comment` says whether a reason is required."""

    act: str
    sources: frozenset[RequestState]
    to: frozenset[RequestState]
    who: frozenset[Part]
    comment: bool = False


def _row(act: str, sources: set[S], to: set[S], who: set[P], *, comment: bool = False) -> Transition:
    return Transition(act, frozenset(sources), frozenset(to), frozenset(who), comment)


TRANSITIONS: tuple[Transition, ...] = (
    _row("submit", {S.DRAFT, S.RETURNED}, {S.PENDING_APPROVAL, S.IN_PROGRESS}, {P.REQUESTER, P.SYSTEM}),
    _row("recall", {S.PENDING_APPROVAL}, {S.RETURNED}, {P.REQUESTER}),
    _row("approve", {S.PENDING_APPROVAL}, {S.IN_PROGRESS}, {P.VOICE, P.SYSTEM}),
    _row("reject", {S.PENDING_APPROVAL}, {S.REJECTED}, {P.VOICE, P.SYSTEM}),
    _row("return", {S.PENDING_APPROVAL}, {S.RETURNED}, {P.VOICE}),
    _row("hold", {S.IN_PROGRESS}, {S.ON_HOLD}, {P.AGENT}, comment=True),
    _row("release", {S.ON_HOLD}, {S.IN_PROGRESS}, {P.AGENT}),
    _row("resolve", {S.IN_PROGRESS}, {S.RESOLVED}, {P.AGENT, P.SYSTEM}),
    _row("reopen", {S.RESOLVED}, {S.IN_PROGRESS}, {P.REQUESTER, P.AGENT}),
    _row("close", {S.RESOLVED}, {S.CLOSED}, {P.REQUESTER, P.SYSTEM}),
    _row("cancel", {S.DRAFT, S.PENDING_APPROVAL, S.RETURNED}, {S.CANCELLED}, {P.REQUESTER, P.SYSTEM}, comment=True),
    _row("cancel", {S.IN_PROGRESS, S.ON_HOLD, S.RESOLVED}, {S.CANCELLED}, {P.AGENT, P.SYSTEM}, comment=True),
)
ACTS = tuple(dict.fromkeys(row.act for row in TRANSITIONS))


def transition(state: str, act: str) -> Transition:
    """The row for this act in this state; every other pair is a conflict that says what is possible."""
    for row in TRANSITIONS:
        if row.act == act and state in row.sources:
            return row
    raise Conflict(_("This is not possible while the request is {state}.", state=state_name(state)))


def acts_from(state: str, parts: frozenset[Part]) -> tuple[str, ...]:
    """What somebody with these parts may do in this state, in the order of the table."""
    return tuple(row.act for row in TRANSITIONS if state in row.sources and row.who & parts)


def state_name(state: str) -> str:
    """The state in the reader's words."""
    return _(STATE_NAMES[RequestState(state)])


STATE_NAMES: Mapping[str, str] = {
    S.DRAFT: N_("Draft"),
    S.PENDING_APPROVAL: N_("Waiting for approval"),
    S.RETURNED: N_("Returned for changes"),
    S.IN_PROGRESS: N_("In progress"),
    S.ON_HOLD: N_("On hold"),
    S.RESOLVED: N_("Resolved"),
    S.CLOSED: N_("Closed"),
    S.REJECTED: N_("Rejected"),
    S.CANCELLED: N_("Cancelled"),
}
