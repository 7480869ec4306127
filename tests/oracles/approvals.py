"""Approvals as the catalog language tells them, by enumeration and with nothing of the program's own rules.

Slow and plain on purpose: a stage's outcome is what every way to fill in the missing votes agrees on; who may decide is
asked anew each time. The paragraphs are those of the language: who is asked, how it is decided, going back, deputies,
time. `Company` is the directory, `Model` one request in it; people and groups are words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

YES = ("approved", "skipped")


@dataclass
class Company:
    """`over` is who manages whom, `away` who has which deputy, `limits` what somebody may approve alone."""

    over: dict[str, str]
    groups: dict[str, list[str]]
    limits: dict[str, int] = field(default_factory=dict)
    away: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def line(self, person: str) -> list[str]:
        found = []
        while (person := self.over.get(person, "")) != "":
            found.append(person)
        return found


@dataclass
class Stage:
    """`rules` are pairs such as `("manager", 1)`; `decide` is `all`, `any`, or a pair of `at_least` or `percent`."""

    key: str
    rules: list[tuple[str, Any]]
    decide: tuple[str, int]
    each: bool = False
    then: str = "escalate"
    needed: bool = True
    """Whether its condition holds."""


@dataclass(eq=False)
class Vote:
    """`who` has the voice, a person or a group of `members`; `part` is `first`, `instead` or `alone`."""

    who: str
    members: list[str] | None = None
    state: str = "pending"
    part: str = "first"
    holder: str | None = None
    by: str | None = None
    content: int | None = None

    @property
    def person(self) -> str | None:
        return self.who if self.members is None else None

    @property
    def speakers(self) -> list[str]:
        return [self.holder or self.who] if self.members is None else self.members

    @property
    def people(self) -> set[str]:
        """Who is bound by it: its person, who holds it, who decided it."""
        return {one for one in (self.person, self.holder, self.by) if one}


@dataclass
class Model:
    """`state` as the request's, `stages` in their order; `votes` and `states` are those of the present round."""

    company: Company
    stages: list[Stage]
    together: list[list[str]]
    apart: list[list[str]]
    own: str
    repeat: str
    requester: str
    beneficiary: str
    value: int
    state: str = "pending_approval"
    content: int = 0
    states: dict[str, str] = field(default_factory=dict)
    votes: dict[str, list[Vote]] = field(default_factory=dict)
    level: dict[str, int] = field(default_factory=dict)

    def stage(self, key: str) -> Stage:
        return next(one for one in self.stages if one.key == key)

    @property
    def selves(self) -> set[str]:
        return {self.requester, self.beneficiary}

    def open(self) -> list[str]:
        return [key for key, state in self.states.items() if state == "open"]

    def pending(self, key: str) -> list[Vote]:
        return [vote for vote in self.votes[key] if vote.state == "pending"]

    # --- who is asked ---

    def kept_apart(self, key: str) -> set[str]:
        """The other stages in which nobody may decide who decides in this one."""
        return {other for names in self.apart if key in names for other in names} - {key}

    def decided_in(self, keys: Iterable[str]) -> set[str]:
        """Whose decisions there are in these stages, those for whom a deputy decided included."""
        votes = [vote for key in keys for vote in self.votes.get(key, []) if vote.state in (*YES, "rejected")]
        return {one for vote in votes for one in (vote.person, vote.by) if one}

    def awaited_in(self, keys: Iterable[str]) -> set[str]:
        """Those without whom an open vote in these stages cannot be decided."""
        votes = [vote for key in keys if key in self.votes for vote in self.pending(key)]
        alone = {vote.members[0] for vote in votes if vote.members and len(vote.members) == 1}
        return alone | {one for vote in votes for one in (vote.person, vote.holder) if one}

    def out(self, key: str) -> set[str]:
        others = self.kept_apart(key)
        return self.decided_in(others) | self.awaited_in(others) | self.decided_in([key])

    def may_speak(self, person: str, key: str) -> bool:
        """Whether somebody stays in a group that is counted as one."""
        own = person in self.selves and self.own != "allow"
        return person not in self.out(key) and not own and person not in self.company.gone

    def next_up(self, line: list[str], barred: set[str]) -> str | None:
        return next((one for one in line if one not in barred | self.company.gone), None)

    def approved_already(self, person: str, key: str) -> bool:
        earlier = [vote for other, votes in self.votes.items() if other != key for vote in votes]
        return any(
            vote.person == person and vote.state == "approved" and vote.content == self.content for vote in earlier
        )

    def ask_person(self, person: str, key: str) -> Vote:
        again = self.repeat == "skip" and self.approved_already(person, key)
        return Vote(person, state="skipped" if again else "pending")

    def named(self, person: str, key: str, line: list[str]) -> Iterator[Vote]:
        """What comes of a rule that names a person; `line` is who stands above, where the rule climbs."""
        if person in self.company.gone or person in self.out(key):
            return
        if person not in self.selves or self.own == "allow":
            yield self.ask_person(person, key)
        elif self.own == "skip":
            yield Vote(person, state="skipped")
        elif above := self.next_up(line, self.out(key) | self.selves):
            yield self.ask_person(above, key)

    def candidates(self, stage: Stage) -> Iterator[Vote]:
        for rule, what in stage.rules:
            if rule == "manager":
                line = self.company.line(self.requester)
                for person in line[what - 1 : what]:
                    yield from self.named(person, stage.key, self.company.line(person))
            elif rule == "manager_until":
                for person in self.climb():
                    yield from self.named(person, stage.key, self.company.line(person))
            elif rule == "person":
                yield from self.named(what, stage.key, [])
            elif stage.each:
                for person in self.company.groups[what]:
                    yield from self.named(person, stage.key, [])
            else:
                members = [one for one in self.company.groups[what] if self.may_speak(one, stage.key)]
                if members:
                    yield Vote(what, members)

    def climb(self) -> list[str]:
        """Up to and including the first whose limit covers the value; nobody where none does."""
        line = [one for one in self.company.line(self.requester) if one not in self.company.gone]
        covers = [self.company.limits.get(one, 0) >= self.value for one in line]
        return line[: covers.index(True) + 1] if True in covers else []

    def voices(self, stage: Stage) -> list[Vote]:
        """One voice for each person and group; who stands alone speaks in no other group; else the fallback's."""
        votes: list[Vote] = []
        for vote in self.candidates(stage):
            if vote.who not in [one.who for one in votes]:
                votes.append(vote)
        while any(self.speak_once(votes)):
            votes = [vote for vote in votes if vote.members != []]
        if self.uncovered(stage) or not votes or self.quorum(stage, len(votes)) > len(votes):
            return [self.fallback(stage.key)]
        return votes

    def uncovered(self, stage: Stage) -> bool:
        """Whether nobody's limit covers the value, of those who may be asked for it."""
        line = self.climb()
        asked = line and list(self.named(line[-1], stage.key, self.company.line(line[-1])))
        return not asked and any(rule == "manager_until" for rule, _ in stage.rules)

    @staticmethod
    def speak_once(votes: list[Vote]) -> list[str]:
        """Takes whoever has a voice, or is the last of a group, out of all other groups; says whom."""
        alone = {vote.who: vote for vote in votes if vote.person}
        for vote in votes:
            if vote.members and len(vote.members) == 1:
                alone.setdefault(vote.members[0], vote)
        gone = [(vote, one) for vote in votes for one in vote.members or [] if alone.get(one, vote) is not vote]
        for vote, one in gone:
            vote.members = [other for other in vote.members or [] if other != one]
        return [one for _, one in gone]

    def fallback(self, key: str, group: str = "leads") -> Vote:
        """The group as one voice that decides alone; the administrators where nobody of it may."""
        for name in (group, "leads", "administrators"):
            members = [one for one in self.company.groups[name] if self.may_speak(one, key)]
            if members:
                return Vote(name, members, part="alone")
        raise AssertionError("there are always more administrators than can be out")

    # --- how it is decided ---

    @staticmethod
    def quorum(stage: Stage, asked: int) -> int:
        kind, number = stage.decide
        return {"all": asked, "any": 1, "at_least": number, "percent": -(-number * asked // 100)}[kind]

    def passes(self, stage: Stage, votes: list[Vote], states: tuple[str, ...]) -> bool:
        """Whether votes that are all in pass: counted of all who were asked at first; `all` means all who stand."""
        counted = [state for state in states if state in (*YES, "rejected")]
        yes = sum(state in YES for state in counted)
        if stage.decide[0] == "all":
            return yes == len(counted)
        return yes >= self.quorum(stage, sum(vote.part != "instead" for vote in votes))

    def outcomes(self, key: str) -> set[bool]:
        """How a stage may still end, by every way in which the missing votes may come in."""
        stage, votes = self.stage(key), self.votes[key]
        alone = [vote for vote in votes if vote.part == "alone" and vote.state in (*YES, "rejected", "pending")]
        if alone:
            return {"pending": {True, False}, "rejected": {False}}.get(alone[-1].state, {True})
        if not any(vote.state in (*YES, "rejected", "pending") for vote in votes):
            return {True, False}
        ways = [("approved", "rejected") if vote.state == "pending" else (vote.state,) for vote in votes]
        return {self.passes(stage, votes, states) for states in product(*ways)}

    def end(self, key: str, state: str, votes: str = "superseded") -> None:
        for vote in self.pending(key):
            vote.state = votes
        self.states[key] = state

    def settle(self) -> None:
        """Follows everything that is certain: stages close, the next ones open, or the request has its outcome."""
        open_ones = self.open() if self.state == "pending_approval" else []
        certain = next((key for key in open_ones if len(self.outcomes(key)) == 1), None)
        stuck = next((key for key in open_ones if not self.can_be_decided(key)), None)
        if certain is not None:
            self.end(certain, "passed" if self.outcomes(certain) == {True} else "rejected")
            self.go_on()
        elif stuck is not None:
            self.take_over(stuck, self.fallback(stuck))
            self.settle()

    def can_be_decided(self, key: str) -> bool:
        return any(self.may_decide(vote, who, key) for vote in self.pending(key) for who in vote.speakers)

    def take_over(self, key: str, voice: Vote) -> None:
        """From now on this voice decides the stage by itself."""
        for vote in self.pending(key):
            vote.state = "expired"
        self.level[key] += 1
        self.votes[key].append(voice)

    def go_on(self) -> None:
        if "rejected" in self.states.values():
            self.end_all("superseded")
            self.state = "rejected"
        elif not self.open():
            waiting = [stage for stage in self.stages if self.states[stage.key] == "waiting"]
            if not waiting:
                self.state = "approved"
                return
            group = next((names for names in self.together if waiting[0].key in names), [waiting[0].key])
            for stage in [one for one in waiting if one.key in group]:
                self.states[stage.key], self.level[stage.key] = "open", 0
                self.votes[stage.key] = self.voices(stage)
                self.hand_on(stage.key, self.votes[stage.key])
        self.settle()

    def end_all(self, state: str) -> None:
        for key in [one for one in self.states if self.states[one] in ("open", "waiting")]:
            self.votes.setdefault(key, [])
            self.end(key, state)

    def may_decide(self, vote: Vote, person: str, key: str) -> bool:
        """Whether this speaker may decide this vote now."""
        others = self.kept_apart(key)
        out = self.decided_in(others) | (self.awaited_in(others) if len(vote.members or ()) > 1 else set())
        twice = any(one.by == person for one in self.votes[key] if one is not vote)
        own = person in self.selves and self.own != "allow"
        return person in vote.speakers and not (person in self.company.gone or person in out or twice or own)

    def decide(self, key: str, vote: Vote, person: str, decision: str) -> None:
        vote.state = {"approve": "approved", "reject": "rejected", "return": "returned"}[decision]
        vote.by, vote.content = person, self.content
        if decision == "return":
            self.take_back()
        else:
            self.settle()

    # --- going back ---

    def begin(self, again: Iterable[str]) -> None:
        """These stages decide, afresh; all others stand."""
        for stage in [one for one in self.stages if one.key in set(again)]:
            self.states[stage.key] = "waiting" if stage.needed else "not_needed"
            self.votes.pop(stage.key, None)
        self.state = "pending_approval" if "waiting" in self.states.values() else "approved"
        if self.state == "pending_approval":
            self.go_on()

    def take_back(self) -> None:
        self.end_all("superseded")
        self.state = "returned"

    def send_again(self, reopened: Iterable[str], *, changed: bool) -> None:
        """`reopened`: the stages that the changed answers name."""
        self.content += changed
        stand = {key for key, state in self.states.items() if state == "passed"} - set(reopened)
        self.begin([stage.key for stage in self.stages if stage.key not in stand])

    # --- deputies ---

    def may_stand_in(self, deputy: str, vote: Vote, key: str) -> bool:
        others = [other for other in self.votes[key] if other is not vote]
        voices = {one for other in others for one in other.people}
        alone = any(vote.state == "pending" and set(vote.members or ()) - voices == {deputy} for vote in others)
        return not alone and deputy not in self.company.gone | self.selves | voices | self.out(key)

    def hand_on(self, key: str, votes: Iterable[Vote]) -> None:
        """Open votes of persons lie with the deputy, or the deputy's deputy, as far as each may decide here."""
        for vote in votes:
            if vote.person is None or vote.state != "pending":
                continue
            way = [vote.who]
            while (deputy := self.company.away.get(way[-1])) and deputy not in way:
                if not self.may_stand_in(deputy, vote, key):
                    break
                way.append(deputy)
            vote.holder = way[-1] if len(way) > 1 else None

    def directory_changed(self, person: str) -> None:
        """A deputy came or went, or somebody left: votes move, and those of whoever left go up the line."""
        if self.state != "pending_approval":
            return
        for key in self.open():
            self.hand_on(key, [vote for vote in self.votes[key] if vote.who == person or vote.holder])
        for key in self.open():
            self.replace([vote for vote in self.pending(key) if set(vote.speakers[:1]) & self.company.gone], key)
        self.settle()

    def replace(self, votes: list[Vote], key: str) -> None:
        votes = [vote for vote in votes if vote.person]
        if not votes:
            return
        asked = self.above(votes, key)[0]
        everyone = len(votes) == len(self.pending(key))
        self.instead(key, votes, asked, fallback=everyone and not asked)

    # --- time ---

    def above(self, votes: list[Vote], key: str) -> tuple[list[Vote], list[Vote]]:
        """The managers of these votes' people, each one voice, and the votes that have any."""
        barred = self.out(key) | {one for vote in self.votes[key] for one in vote.people}
        barred |= set() if self.own == "allow" else self.selves
        asked: dict[str, Vote] = {}
        moved = []
        for vote in votes:
            found = [self.next_up(self.company.line(one), barred) for one in vote.members or [vote.who]]
            moved += [vote] if any(found) else []
            asked |= {one: Vote(one, part="instead") for one in found if one and one not in asked}
        return list(asked.values()), moved

    def instead(self, key: str, votes: list[Vote], asked: list[Vote], *, fallback: bool) -> None:
        """These votes expire and others are asked; the fallback where that alone would end the stage."""
        before = [vote.state for vote in self.votes[key]]
        voice = self.fallback(key)
        for vote in votes:
            vote.state = "expired"
        self.votes[key] += asked
        if fallback or len(self.outcomes(key)) == 1:
            self.votes[key] = self.votes[key][: len(before)]
            for vote in self.pending(key):
                vote.state = "expired"
            asked = [voice]
            self.votes[key] += asked
        self.hand_on(key, asked)

    def time_out(self, key: str) -> None:
        then, level = self.stage(key).then, self.level[key]
        taken = any(vote.part == "alone" for vote in self.votes[key])
        if then in ("approve", "reject"):
            self.end(key, "passed" if then == "approve" else "rejected", "expired")
            self.go_on()
        elif then == "escalate" and level == 0 and not taken:
            asked, moved = self.above(self.pending(key), key)
            self.instead(key, moved, asked, fallback=not asked)
            self.level[key] += 1
        elif then == "escalate" and not taken:
            self.take_over(key, self.fallback(key))
        elif then != "escalate" and level == 0:
            self.take_over(key, self.fallback(key, then))
        self.settle()
