"""How approvals are decided: their states and transitions, the count of a stage, and the way through a chain.

Everything is given as values. A stage's votes are those of its present round: what a return has made void is
history and never passed in (but to `voices`, where `void` says so).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from servicehall.domain.approval_chains import Chain, Decide, Stage
from servicehall.errors import Conflict
from servicehall.texts import N_, _


class ApprovalState(StrEnum):
    """The state of one voice's approval."""

    WAITING = "waiting"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class StageState(StrEnum):
    """The state of a stage: `not_needed` is one whose `when` is false."""

    WAITING = "waiting"
    OPEN = "open"
    PASSED = "passed"
    REJECTED = "rejected"
    NOT_NEEDED = "not_needed"


class Outcome(StrEnum):
    """What a count, or a whole chain, has come to."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


_A = ApprovalState
APPROVAL_TRANSITIONS: Mapping[tuple[ApprovalState, str], ApprovalState] = {
    (_A.WAITING, "ask"): _A.PENDING,
    (_A.WAITING, "skip"): _A.SKIPPED,
    (_A.WAITING, "supersede"): _A.SUPERSEDED,
    (_A.WAITING, "cancel"): _A.CANCELLED,
    (_A.PENDING, "approve"): _A.APPROVED,
    (_A.PENDING, "reject"): _A.REJECTED,
    (_A.PENDING, "return"): _A.RETURNED,
    (_A.PENDING, "move"): _A.PENDING,  # to a deputy and back
    (_A.PENDING, "supersede"): _A.SUPERSEDED,
    (_A.PENDING, "expire"): _A.EXPIRED,
    (_A.PENDING, "cancel"): _A.CANCELLED,
}
DECISIONS = ("approve", "reject", "return")
GATE_DECISIONS = ("approve", "reject")
_COMMENT_NEEDED: Mapping[str, Collection[str]] = {
    "never": (),
    "on_reject": ("reject",),
    "always": DECISIONS,
}


def next_approval_state(state: str, action: str) -> ApprovalState:
    """The state after an action; Conflict for every pair that `APPROVAL_TRANSITIONS` does not hold."""
    following = APPROVAL_TRANSITIONS.get((ApprovalState(state), action))
    if following is None:
        raise Conflict(_("This is not possible: the approval is “{state}”.", state=approval_state_name(state)))
    return following


def approval_state_name(state: str) -> str:
    """The state in the reader's words."""
    return _(STATE_NAMES[ApprovalState(state)])


STATE_NAMES: Mapping[str, str] = {
    _A.WAITING: N_("Not yet asked"),
    _A.PENDING: N_("Waiting for a decision"),
    _A.APPROVED: N_("Approved"),
    _A.REJECTED: N_("Rejected"),
    _A.RETURNED: N_("Returned"),
    _A.SKIPPED: N_("Skipped"),
    _A.SUPERSEDED: N_("No longer needed"),
    _A.EXPIRED: N_("Not answered in time"),
    _A.CANCELLED: N_("Cancelled"),
}


def needs_comment(stage: Stage, decision: str) -> bool:
    """Whether this decision in this stage must say why."""
    return decision in _COMMENT_NEEDED[stage.comment]


# The codes of a `why` that change how a voice counts: asked instead of others, or deciding the stage by itself.
INSTEAD = frozenset({"escalated"})
ALONE = frozenset({"fallback", "fallback_administrators", "reassigned"})


@dataclass(frozen=True, slots=True)
class Vote:
    """One voice of a stage as it stands: its state, and the code of the `why` with which it was asked."""

    state: str
    code: str = ""

    @property
    def instead(self) -> bool:
        """Whether it was asked in the place of others who let the time pass."""
        return self.code in INSTEAD

    @property
    def alone(self) -> bool:
        """Whether it decides the stage by itself: the fallback, or a group that took the stage over."""
        return self.code in ALONE


_QUORUM: Mapping[str, Callable[[int, int], int]] = {
    "all": lambda number, asked: asked,
    "any": lambda number, asked: 1,
    "at_least": lambda number, asked: number,
    "percent": lambda number, asked: -(-number * asked // 100),
}
_YES = frozenset({_A.APPROVED, _A.SKIPPED})
_LIVE = _YES | {_A.PENDING, _A.REJECTED}
_VERDICT = {
    _A.APPROVED: Outcome.APPROVED,
    _A.SKIPPED: Outcome.APPROVED,
    _A.REJECTED: Outcome.REJECTED,
    _A.PENDING: Outcome.OPEN,
}


def quorum(decide: Decide, asked: int) -> int:
    """How many approvals are needed where so many voices are asked; above `asked`, it cannot be reached."""
    return max(1, _QUORUM[decide.kind](decide.number, asked))


def tally(decide: Decide, votes: Iterable[Vote]) -> Outcome:
    """The stage's outcome as soon as it is certain, whatever those still pending may say.

    Skipped votes count as approved. Expired ones count no more, those asked instead do; counts and percentages stay
    those of the voices asked at first, so that fewer managers never lower the bar, while `all` means all who stand.
    Where one decides alone, only that one counts. No vote at all is an open stage, never a passed or a rejected one.
    """
    given = tuple(votes)
    live = [vote for vote in given if vote.state in _LIVE]
    if not live:
        return Outcome.OPEN
    alone = [vote for vote in live if vote.alone]
    if alone:
        return _VERDICT[ApprovalState(alone[-1].state)]
    asked = len(live) if decide.kind == "all" else sum(not vote.instead for vote in given)
    needed = quorum(decide, asked)
    approved = sum(vote.state in _YES for vote in live)
    pending = sum(vote.state == _A.PENDING for vote in live)
    if approved >= needed:
        return Outcome.APPROVED
    return Outcome.OPEN if approved + pending >= needed else Outcome.REJECTED


@dataclass(frozen=True, slots=True)
class Progress:
    """What follows for a chain: stages to open now, stages found not needed on the way, and the chain's outcome."""

    opens: tuple[str, ...] = ()
    not_needed: tuple[str, ...] = ()
    outcome: Outcome = Outcome.OPEN


def advance_chain(chain: Chain, states: Mapping[str, str], applies: Callable[[str], bool]) -> Progress:
    """The next stages to open, given each stage's state (a missing one is waiting).

    `applies(key)` says whether a stage's `when` holds; it is asked only for stages whose turn has come. A rejected
    stage rejects the chain; nothing opens beside an open stage but waiting members of its own parallel group.
    """
    if StageState.REJECTED in states.values():
        return Progress(outcome=Outcome.REJECTED)
    not_needed: list[str] = []
    for block in chain.blocks():
        waiting = [stage.key for stage in block if states.get(stage.key, "waiting") == StageState.WAITING]
        needed = {key: applies(key) for key in waiting}
        not_needed += [key for key, holds in needed.items() if not holds]
        opens = tuple(key for key, holds in needed.items() if holds)
        if opens or any(states.get(stage.key) == StageState.OPEN for stage in block):
            return Progress(opens, tuple(not_needed))
    return Progress(not_needed=tuple(not_needed), outcome=Outcome.APPROVED)


def restart(
    chain: Chain,
    states: Mapping[str, str],
    changed: Iterable[str],
    reopens: Mapping[str, Collection[str] | None],
    computed: Collection[str] = frozenset(),
) -> frozenset[str]:
    """The stages that start afresh when a returned request is submitted again.

    All that had not passed, and of those that had: for each changed field that is not computed, the stages that its
    `reopens` names; all of them where it has none (None, or not in the mapping).
    """
    keys = frozenset(stage.key for stage in chain.stages)
    afresh = {key for key in keys if states.get(key) != StageState.PASSED}
    for field in set(changed) - set(computed):
        named = reopens.get(field)
        afresh |= keys if named is None else keys & set(named)
    return frozenset(afresh)
