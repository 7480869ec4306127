"""Separation of duties over the voices on record: who may not decide in a stage, and who has approved before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from servicehall.domain.approval_chains import Chain, Decide
from servicehall.domain.approvals import ApprovalState, Outcome, Vote, tally

_A = ApprovalState
_DECIDED = frozenset({_A.APPROVED, _A.REJECTED, _A.RETURNED, _A.SKIPPED})


@dataclass(frozen=True, slots=True)
class Cast:
    """A voice on record: `holder` is the deputy who stands in just now, `decided_by` the person who decided,
    `content` the hash that was decided on; `void` belongs to an earlier round, from before a return."""

    id: str
    stage: str
    state: str
    person: str | None = None
    group: str | None = None
    members: tuple[str, ...] = ()
    holder: str | None = None
    decided_by: str | None = None
    content: str | None = None
    why: Mapping[str, Any] = field(default_factory=dict)
    void: bool = False

    @property
    def vote(self) -> Vote:
        """What `tally` counts of it."""
        return Vote(self.state, self.why.get("code", ""))

    def deciders(self) -> frozenset[str]:
        """The people whose decision this is: who decided, and the person for whom a deputy did."""
        return _people(self.decided_by, self.person) if self.state in _DECIDED else frozenset()

    def awaited(self) -> frozenset[str]:
        """The people who alone can decide this: the person and the deputy, or a group's last member."""
        if self.state != _A.PENDING:
            return frozenset()
        last = self.members[0] if len(self.members) == 1 else None
        return _people(self.person, self.holder, last)


def _people(*people: str | None) -> frozenset[str]:
    return frozenset(person for person in people if person is not None)


def apart_from(chain: Chain, stage: str, casts: Iterable[Cast], *, awaited: bool = True) -> frozenset[str]:
    """The people who may decide nothing more in this stage.

    That is who decided in the other stages of its `apart` sets, deputies and the people they stood in for included;
    with `awaited`, also those on whom an open voice there depends (of stages that are open at the same time); and who
    has decided in this stage already. Members of a group counted as one are out only when they have decided for it, or
    are its last.
    """
    others = chain.apart_of(stage)
    found: set[str] = set()
    for cast in (cast for cast in casts if not cast.void):
        if cast.stage in others or cast.stage == stage:
            found |= cast.deciders()
        if cast.stage in others and awaited:
            found |= cast.awaited()
    return frozenset(found)


def approved_before(stage: str, casts: Iterable[Cast], content: str) -> dict[str, str]:
    """Person → earlier stage where that person's own voice, never a group's, approved this same content."""
    found: dict[str, str] = {}
    for cast in casts:
        same = cast.state == _A.APPROVED and cast.content == content
        if cast.person is not None and cast.stage != stage and same and not cast.void:
            found.setdefault(cast.person, cast.stage)
    return found


def refuses_decision(
    chain: Chain, cast: Cast, person: str, casts: Collection[Cast], selves: Mapping[str, str]
) -> str | None:
    """Why this person may not decide this voice, though asked: `self`, `apart` or `twice`; None where all is well.

    `casts` are all voices of the request. Nobody decides two voices of one stage; who is awaited in a stage kept apart
    decides there, and not here for a group that has others.
    """
    if person in selves and chain.self_approval != "allow":
        return "self"
    if any(other.decided_by == person for other in _beside(cast, casts)):
        return "twice"
    out = apart_from(chain, cast.stage, casts, awaited=cast.person is None and len(cast.members) > 1)
    return "apart" if person in out else None


def refuses_deputy(
    chain: Chain, cast: Cast, deputy: str, casts: Collection[Cast], selves: Mapping[str, str], active: bool
) -> str | None:
    """Why a deputy may not take this voice over: `inactive`, `requester`, `beneficiary`, `apart` or `has_voice`.

    `casts` are all voices of the request; requester and beneficiary never stand in, whatever `self_approval` says. Who
    alone is left to speak for a group of the stage has that voice: standing in would leave the group's to the fallback.
    """
    if not active:
        return "inactive"
    if deputy in selves:
        return selves[deputy]
    beside = _beside(cast, casts)
    taken = {who for other in beside for who in (other.person, other.holder, other.decided_by)}
    alone = any({*other.members} - taken == {deputy} for other in beside if other.state == _A.PENDING)
    if alone or deputy in taken:
        return "has_voice"
    return "apart" if deputy in apart_from(chain, cast.stage, casts) else None


def _beside(cast: Cast, casts: Collection[Cast]) -> list[Cast]:
    """The other voices of the same stage and round."""
    return [other for other in casts if other.stage == cast.stage and not other.void and other.id != cast.id]


def is_stranded(decide: Decide, casts: Collection[Cast], may_decide: Callable[[Cast, str], bool]) -> bool:
    """Whether a stage is still open and nobody may decide any of its pending voices: then the fallback is asked."""
    if tally(decide, (cast.vote for cast in casts)) != Outcome.OPEN:
        return False
    pending = (cast for cast in casts if cast.state == _A.PENDING)
    return not any(
        may_decide(cast, person)
        for cast in pending
        for person in (cast.holder or cast.person, *cast.members)
        if person is not None
    )
