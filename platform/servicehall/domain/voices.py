"""Who is asked in a stage: candidates of the approver rules become voices, or the fallback is asked instead.

Whoever resolves the rules gives candidates in the order of the rules; nothing here looks into the directory. A `why`
is `{"code": …, "params": {…}}` and passed through to the voice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from servicehall.domain.approval_chains import Chain, Stage
from servicehall.domain.approvals import ApprovalState, quorum

ADMINISTRATORS = "administrators"
Why = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Voice:
    """One approval to be: a person, or a group counted as one whose members' first decision is its decision.

    `state` is pending or skipped (then `skip_reason` says why). The platform's administrators are the group
    ADMINISTRATORS. What the codes in `approvals.INSTEAD` and `approvals.ALONE` mean for the count goes with `why`.
    """

    person: str | None
    group: str | None
    members: tuple[str, ...]
    why: Why
    state: ApprovalState = ApprovalState.PENDING
    skip_reason: Why | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody a rule named who is not asked: code `apart`, `requester`, `beneficiary`, `inactive`, `has_voice`
    or `empty` (a group with nobody left)."""

    who: str
    code: str
    why: Why


@dataclass(frozen=True, slots=True)
class Asked:
    """The voices of a stage, who was left out, and why the fallback decides, if it does."""

    voices: tuple[Voice, ...]
    left_out: tuple[LeftOut, ...] = ()
    fallback: Why | None = None


@dataclass(frozen=True, slots=True)
class Superior:
    """Somebody further up the line of managers, nearest first."""

    person: str
    why: Why
    active: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """A group with its members in order; inactive ones are left out by whoever resolves it."""

    key: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides about a candidate beside the rules.

    `selves`: person → `requester` or `beneficiary`. `apart`: people who may not decide here (`apart_from`).
    `approved_before`: person → the earlier stage in which that person's own voice approved the same content.
    `fallback`: the department's `approval_fallback` group. `administrators`: people, active ones.
    """

    selves: Mapping[str, str] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    approved_before: Mapping[str, str] = field(default_factory=dict)
    fallback: Group | None = None
    administrators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonCandidate:
    """A person whom a rule names; manager-like rules add who stands above (`next_up`, nearest first).

    `covers`: whose limit the rule leans on; where neither they nor the next one up is asked, the rule is uncovered.
    """

    person: str
    why: Why
    next_up: tuple[Superior, ...] = ()
    active: bool = True
    covers: bool = False

    def sift(self, sieve: _Sieve) -> Iterator[Voice]:
        """At most one voice: this person's, a skipped one, or that of the next one up."""
        asked = tuple(self._asked(sieve))
        if self.covers and not asked:
            sieve.uncovered = self.why
        return iter(asked)

    def _asked(self, sieve: _Sieve) -> Iterator[Voice]:
        if not self.active:
            sieve.leave_out(self.person, "inactive", self.why)
        elif self.person in sieve.around.apart:
            sieve.leave_out(self.person, "apart", self.why)
        elif self.person in sieve.around.selves:
            yield from sieve.own_voice(self)
        else:
            yield sieve.ask_person(self.person, self.why)


@dataclass(frozen=True, slots=True)
class GroupCandidate:
    """A group that a rule names: one voice, or with `group_counts: each` one voice for each member."""

    group: str
    members: tuple[str, ...]
    why: Why

    def sift(self, sieve: _Sieve) -> Iterator[Voice]:
        if sieve.stage.group_counts == "each":
            for member in self.members:
                yield from PersonCandidate(member, self.why).sift(sieve)
            return
        members = _able(sieve.chain, sieve.around, self.members)
        if members:
            yield Voice(None, self.group, members, self.why)
        else:
            sieve.leave_out(self.group, "empty", self.why)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A rule that found nobody it may ask, such as `manager_until` where nobody's limit covers the value: the
    fallback decides the stage instead of everybody."""

    why: Why

    def sift(self, sieve: _Sieve) -> Iterator[Voice]:
        sieve.uncovered = self.why
        return iter(())


Candidate = PersonCandidate | GroupCandidate | Uncovered


class _Sieve:
    """The state of one sifting: the rules of the chain, and whom it has left out so far."""

    def __init__(self, chain: Chain, stage: Stage, around: Circumstances) -> None:
        self.chain, self.stage, self.around = chain, stage, around
        self.left_out: list[LeftOut] = []
        self.uncovered: Why | None = None

    def leave_out(self, who: str, code: str, why: Why) -> None:
        self.left_out.append(LeftOut(who, code, why))

    def own_voice(self, candidate: PersonCandidate) -> Iterator[Voice]:
        """The requester or beneficiary would approve: what then, `self_approval` says."""
        return _SELF_APPROVAL[self.chain.self_approval](self, candidate)

    def ask_person(self, person: str, why: Why) -> Voice:
        earlier = self.around.approved_before.get(person)
        if self.chain.repeat_approver == "skip" and earlier is not None:
            return _skipped(person, why, {"code": "skipped_repeat", "params": {"stage": earlier}})
        return Voice(person, None, (), why)


def _skipped(person: str, why: Why, reason: Why) -> Voice:
    return Voice(person, None, (), why, ApprovalState.SKIPPED, reason)


def _ask_oneself(sieve: _Sieve, candidate: PersonCandidate) -> Iterator[Voice]:
    yield sieve.ask_person(candidate.person, candidate.why)


def _skip_oneself(sieve: _Sieve, candidate: PersonCandidate) -> Iterator[Voice]:
    role = sieve.around.selves[candidate.person]
    yield _skipped(candidate.person, candidate.why, {"code": "skipped_self", "params": {"as": role}})


def _ask_next_up(sieve: _Sieve, candidate: PersonCandidate) -> Iterator[Voice]:
    role = sieve.around.selves[candidate.person]
    sieve.leave_out(candidate.person, role, candidate.why)
    above = next_above(candidate.next_up, {*sieve.around.apart, *sieve.around.selves})
    if above is not None:
        params = {"past": candidate.person, "as": role, "rule": dict(above.why)}
        yield sieve.ask_person(above.person, {"code": "climbed", "params": params})


_SELF_APPROVAL: Mapping[str, Callable[[_Sieve, PersonCandidate], Iterator[Voice]]] = {
    "allow": _ask_oneself,
    "skip": _skip_oneself,
    "forbid": _ask_next_up,
}


def may_act_in_group(chain: Chain, around: Circumstances, member: str) -> bool:
    """`apart` and `self_approval` (but `allow`) remove members of a group counted as one."""
    own = member in around.selves and chain.self_approval != "allow"
    return member not in around.apart and not own


def next_above(superiors: Iterable[Superior], out: Iterable[str]) -> Superior | None:
    """The nearest active superior who is not among those who are out."""
    barred = set(out)
    return next((who for who in superiors if who.active and who.person not in barred), None)


def ask(chain: Chain, stage: Stage, candidates: Sequence[Candidate], around: Circumstances) -> Asked:
    """The voices of a stage that opens, by the paragraph “Who is asked” of the catalog language.

    In this order: one voice for each person and group, `apart`, inactive people, `self_approval`, `repeat_approver`;
    then, where nobody is left, the quorum cannot be reached or a rule is uncovered, the fallback as one voice.
    """
    sieve = _Sieve(chain, stage, around)
    voices = _once_each(voice for candidate in candidates for voice in candidate.sift(sieve))
    voices = _one_voice_per_person(voices, sieve)
    because = _reason_for_fallback(stage, voices, sieve.uncovered)
    if because is None:
        return Asked(voices, tuple(sieve.left_out))
    voice = fallback_voice(chain, around, because)
    return Asked((voice,), tuple(sieve.left_out), voice.why)


def _reason_for_fallback(stage: Stage, voices: Sequence[Voice], uncovered: Why | None) -> dict[str, Any] | None:
    if uncovered is not None:
        return {"because": "uncovered", "rule": dict(uncovered)}
    if not voices:
        return {"because": "nobody_left"}
    needed = quorum(stage.decide, len(voices))
    if needed > len(voices):
        return {"because": "quorum", "needed": needed, "voices": len(voices)}
    return None


def fallback_voice(chain: Chain, around: Circumstances, because: Mapping[str, Any]) -> Voice:
    """The fallback group as one voice that decides alone; the administrators where nobody of it may decide.

    `apart` and `self_approval` apply to both; administrators of whom nobody may decide are still named, with no
    members, so that the stage waits for a new one and never passes in silence.
    """
    group = around.fallback
    members = _able(chain, around, group.members) if group else ()
    if group and members:
        return Voice(None, group.key, members, {"code": "fallback", "params": dict(because)})
    why = {"code": "fallback_administrators", "params": {**because, "group": group.key if group else None}}
    return Voice(None, ADMINISTRATORS, _able(chain, around, around.administrators), why)


def _able(chain: Chain, around: Circumstances, members: Iterable[str]) -> tuple[str, ...]:
    return tuple(member for member in members if may_act_in_group(chain, around, member))


def _once_each(voices: Iterable[Voice]) -> tuple[Voice, ...]:
    """A person or a group named twice is one voice: the first."""
    found: dict[tuple[str | None, str | None], Voice] = {}
    for voice in voices:
        found.setdefault((voice.person, voice.group), voice)
    return tuple(found.values())


def _one_voice_per_person(voices: Sequence[Voice], sieve: _Sieve) -> tuple[Voice, ...]:
    """Who has a voice, alone or as the last member of a group, acts in no other group of the stage."""
    owner = {voice.person: index for index, voice in enumerate(voices) if voice.person is not None}
    before: list[Voice] = []
    kept = list(voices)
    while kept != before:
        before = kept
        for index, voice in enumerate(kept):
            if len(voice.members) == 1:
                owner.setdefault(voice.members[0], index)
        kept = [
            replace(voice, members=tuple(who for who in voice.members if owner.get(who, index) == index))
            for index, voice in enumerate(kept)
        ]
    for voice in kept:
        if voice.group is not None and not voice.members:
            sieve.leave_out(voice.group, "has_voice", voice.why)
    return tuple(voice for voice in kept if voice.person is not None or voice.members)
