"""Its approvals: stages open, voices are asked and decide."""

from __future__ import annotations

from dataclasses import field

from servicehall.domain.events.base import Event, Json, event


@event("approval.chain_started")
class ChainStarted(Event):
    """`stages`: `{id, key, position, state, approval?}`; `task` for a gate inside a plan."""

    round: int
    content: str
    stages: list[Json]
    task: str | None = None
    void: list[str] = field(default_factory=list)


@event("approval.stage_opened")
class StageOpened(Event):
    """`voices`: `{id, person|group, members, holder?, state, why, skipped?}`; `quorum` of them must agree."""

    stage: str
    quorum: int
    content: str
    voices: list[Json]
    due_at: str | None = None


@event("approval.stage_closed")
class StageClosed(Event):
    stage: str
    state: str
    why: Json | None = None


@event("approval.decided")
class ApprovalDecided(Event):
    """`comment`, `answers` and `signature` are content; `content` is the hash that was decided on.

    `link`: by which link of a mail it was decided.
    """

    approval: str
    stage: str
    decision: str
    state: str
    content: str
    comment: str | None = None
    answers: str | None = None
    signature: str | None = None
    link: str | None = None


@event("approval.ended")
class ApprovalsEnded(Event):
    """Votes that were still open: superseded, expired or cancelled; `deputies` lose their sight of the request."""

    approvals: list[str]
    state: str
    deputies: list[str] = field(default_factory=list)


@event("approval.asked_instead")
class AskedInstead(Event):
    """After a timeout: these voices decide in place of the ones that expired."""

    stage: str
    voices: list[Json]
    quorum: int
    level: int
    why: Json
    due_at: str | None = None


@event("approval.handed_over")
class ApprovalHandedOver(Event):
    """The voice stays `person`'s; `holder` is the deputy who now has it, nobody when it came back; `left` had it."""

    approval: str
    person: str
    holder: str | None = None
    left: str | None = None
    delegation: str | None = None


@event("approval.reminded")
class ApprovalReminded(Event):
    stage: str
    approvals: list[str]
    count: int
