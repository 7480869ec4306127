"""What follows when a stage lets its time pass, or somebody asked has left: others are asked instead, or it ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from servicehall.domain.approval_chains import Chain, Stage
from servicehall.domain.approvals import ApprovalState, Outcome, Vote, tally
from servicehall.domain.separation import Cast
from servicehall.domain.voices import Circumstances, Group, Superior, Voice, fallback_voice, next_above

_PENDING = ApprovalState.PENDING


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The casts (by id) that become `expired`, the voices asked instead, and the stage's outcome where it ends now."""

    expired: tuple[str, ...] = ()
    asked: tuple[Voice, ...] = ()
    outcome: Outcome = Outcome.OPEN


@dataclass(frozen=True, slots=True)
class Overdue:
    """A stage whose time is up: its votes of this round, and all that is needed to ask others.

    `superiors`: for each person asked, and each member of a group asked, the line of managers, nearest first.
    `group`: the resolved group of `reassign`. `level`: how often others were asked instead in this round.
    """

    chain: Chain
    stage: Stage
    casts: Sequence[Cast]
    around: Circumstances
    superiors: Mapping[str, Sequence[Superior]]
    group: Group | None = None
    level: int = 0

    @property
    def pending(self) -> tuple[Cast, ...]:
        return tuple(cast for cast in self.casts if cast.state == _PENDING)


def time_out(overdue: Overdue) -> TimedOut:
    """What the stage's `timeout.then` asks for; nothing where the stage has no timeout, or nobody is pending.

    `escalate`: first the managers of those who have not decided, then the fallback, then nothing more. `reassign`: the
    group, alone, once. `reject` and `approve` end the stage.
    """
    timeout = overdue.stage.timeout
    if timeout is None or not overdue.pending:
        return TimedOut()
    return _THEN[timeout.then](overdue)


def replace_inactive(overdue: Overdue, gone: Collection[str]) -> TimedOut:
    """Pending votes (by id) of people who are inactive now: the next ones up are asked instead, however often.

    A vote above which nobody stands counts no more. Where nobody would be left, or what is left would end the stage,
    the fallback decides: somebody's leaving approves nothing and rejects nothing.
    """
    votes = [cast for cast in overdue.pending if cast.id in gone]
    if not votes:
        return TimedOut()
    asked, _expired = _ask_above(overdue, votes, {"because": "inactive"})
    ended = tuple(cast.id for cast in votes)
    if len(votes) == len(overdue.pending) and not asked:
        return _to_fallback(overdue, "nobody_above")
    return TimedOut(ended, asked) if _stays_open(overdue, ended, len(asked)) else _to_fallback(overdue, "quorum")


def _escalate(overdue: Overdue) -> TimedOut:
    if any(cast.vote.alone for cast in overdue.casts):
        return TimedOut()
    return _to_managers(overdue) if overdue.level == 0 else _to_fallback(overdue, "timeout")


def _to_managers(overdue: Overdue) -> TimedOut:
    """Each pending vote goes to the next ones up who may decide and have no voice here; one voice for each.

    Where nobody stands above somebody, that vote stays pending; where nobody stands above anybody, or the managers are
    too few for the quorum, the fallback is asked. Nobody asked so is skipped: time alone approves nothing.
    """
    asked, expired = _ask_above(overdue, overdue.pending, {})
    if not asked or not _stays_open(overdue, expired, len(asked)):
        return _to_fallback(overdue, "nobody_above" if not asked else "quorum")
    return TimedOut(tuple(expired), asked)


def _ask_above(
    overdue: Overdue, votes: Sequence[Cast], because: Mapping[str, str]
) -> tuple[tuple[Voice, ...], list[str]]:
    """The next ones up of these votes, each one voice, and the ids of the votes that have somebody above them."""
    out = _out(overdue)
    asked: dict[str, Voice] = {}
    expired: list[str] = []
    for cast in votes:
        found = _above(overdue, cast, out)
        if found:
            expired.append(cast.id)
        for who in found:
            params = {"instead_of": cast.person or cast.group, "rule": dict(who.why), **because}
            voice = Voice(who.person, None, (), {"code": "escalated", "params": params})
            asked.setdefault(who.person, voice)
    return tuple(asked.values()), expired


def _stays_open(overdue: Overdue, expired: Collection[str], managers: int) -> bool:
    then = _votes_after(overdue.casts, expired, managers)
    return tally(overdue.stage.decide, then) == Outcome.OPEN


def _above(overdue: Overdue, cast: Cast, out: set[str]) -> list[Superior]:
    people = (person for person in (cast.person, *cast.members) if person is not None)
    nearest = (next_above(overdue.superiors.get(person, ()), out) for person in people)
    return [superior for superior in nearest if superior is not None]


def _out(overdue: Overdue) -> set[str]:
    """Who is climbed past: kept apart, requester and beneficiary (but with `allow`), and who has a voice here."""
    voices = {who for cast in overdue.casts for who in (cast.person, cast.holder, cast.decided_by) if who}
    own = () if overdue.chain.self_approval == "allow" else overdue.around.selves
    return {*overdue.around.apart, *own, *voices}


def _votes_after(casts: Sequence[Cast], expired: Collection[str], managers: int) -> list[Vote]:
    gone = set(expired)
    stand = [replace(cast.vote, state="expired") if cast.id in gone else cast.vote for cast in casts]
    return [*stand, *[Vote("pending", "escalated")] * managers]


def _to_fallback(overdue: Overdue, because: str) -> TimedOut:
    voice = fallback_voice(overdue.chain, overdue.around, {"because": because})
    return _take_over(overdue, voice)


def _take_over(overdue: Overdue, voice: Voice) -> TimedOut:
    return TimedOut(tuple(cast.id for cast in overdue.pending), (voice,))


def _reassign(overdue: Overdue) -> TimedOut:
    if overdue.level > 0:
        return TimedOut()
    around = replace(overdue.around, fallback=overdue.group)
    voice = fallback_voice(overdue.chain, around, {"because": "timeout"})
    if voice.why["code"] != "fallback":
        return _to_fallback(overdue, "reassign_empty")
    return _take_over(overdue, replace(voice, why={"code": "reassigned", "params": {"because": "timeout"}}))


def _end(outcome: Outcome) -> Callable[[Overdue], TimedOut]:
    return lambda overdue: TimedOut(tuple(cast.id for cast in overdue.pending), (), outcome)


_THEN: Mapping[str, Callable[[Overdue], TimedOut]] = {
    "escalate": _escalate,
    "reassign": _reassign,
    "reject": _end(Outcome.REJECTED),
    "approve": _end(Outcome.APPROVED),
}
