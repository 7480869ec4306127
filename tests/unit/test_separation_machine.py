"""Whole chains with people in them: nobody ever decides where they must not, and somebody always can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from servicehall.domain.approval_chains import Chain, Decide, Stage, Timeout
from servicehall.domain.approvals import Outcome, advance_chain, next_approval_state, tally
from servicehall.domain.deputies import resolve_deputy
from servicehall.domain.separation import (
    Cast,
    apart_from,
    approved_before,
    is_stranded,
    refuses_decision,
    refuses_deputy,
)
from servicehall.domain.timeouts import Overdue, time_out
from servicehall.domain.voices import (
    Candidate,
    Circumstances,
    Group,
    GroupCandidate,
    PersonCandidate,
    Superior,
    Voice,
    ask,
    fallback_voice,
)

WHY = {"code": "rule"}
SELVES = {"ana": "requester", "ben": "beneficiary"}
NAMES = ["ana", "ben", "cem", "dan", "eva", "fay"]
ADMINISTRATORS = tuple(f"admin-{number}" for number in range(6))  # more than there can be stages kept apart
PEOPLE = st.sampled_from(NAMES)
KEYS = "abc"
CANDIDATES: st.SearchStrategy[Candidate] = st.one_of(
    st.builds(lambda who: PersonCandidate(who, WHY), PEOPLE),
    st.builds(
        lambda key, members: GroupCandidate(key, tuple(sorted(members)), WHY),
        st.sampled_from(["sec", "fin"]),
        st.sets(PEOPLE, max_size=3),
    ),
)
DECIDES = st.sampled_from([Decide("all"), Decide("any"), Decide("at_least", 2), Decide("percent", 60)])
STAGES = st.builds(
    lambda decide, counts: Stage("", decide=decide, group_counts=counts, timeout=Timeout("1 day", "escalate")),
    DECIDES,
    st.sampled_from(["one", "each"]),
)
CHAINS = st.builds(
    lambda stages, parallel, apart, own: Chain(
        tuple(replace(stage, key=key) for key, stage in zip(KEYS, stages, strict=True)), parallel, apart, own
    ),
    st.tuples(STAGES, STAGES, STAGES),
    st.sampled_from([(), (("a", "b"),), (("b", "c"),), (("a", "b", "c"),)]),
    st.sampled_from([(("a", "b"),), (("a", "b", "c"),), (("a", "b"), ("b", "c"))]),
    st.sampled_from(["forbid", "skip"]),
)


class PeopleMachine(RuleBasedStateMachine):
    """Stages open, people and deputies decide, time passes; what is recorded is only what the rules allow."""

    @initialize(
        chain=CHAINS,
        rules=st.tuples(*[st.lists(CANDIDATES, max_size=4)] * 3),
        deputies=st.dictionaries(PEOPLE, PEOPLE, max_size=3),
        leads=st.sets(PEOPLE, max_size=3),
    )
    def begin(
        self, chain: Chain, rules: tuple[list[Candidate], ...], deputies: Mapping[str, str], leads: set[str]
    ) -> None:
        self.chain, self.rules = chain, dict(zip(KEYS, rules, strict=True))
        self.deputies, self.leads = deputies, Group("leads", tuple(sorted(leads)))
        self.states: dict[str, str] = {}
        self.levels: dict[str, int] = dict.fromkeys(KEYS, 0)
        self.casts: list[Cast] = []
        self.outcome = Outcome.OPEN
        self.go_on()

    # --- what services do ---

    def around(self, key: str) -> Circumstances:
        apart, before = apart_from(self.chain, key, self.casts), approved_before(key, self.casts, "h")
        return Circumstances(SELVES, apart, before, self.leads, ADMINISTRATORS)

    def add(self, key: str, voice: Voice) -> None:
        one = Cast(str(len(self.casts)), key, voice.state, voice.person, voice.group, voice.members, why=voice.why)
        if voice.person is not None and voice.state == "pending":
            holder = resolve_deputy(
                voice.person,
                self.deputies,
                lambda who: refuses_deputy(self.chain, one, who, self.casts, SELVES, True) is None,
            )
            one = replace(one, holder=holder.person if holder.person != voice.person else None)
        self.casts.append(one)

    def of(self, key: str) -> list[Cast]:
        return [cast for cast in self.casts if cast.stage == key]

    def change(self, cast: Cast, action: str, by: str | None = None) -> None:
        state = next_approval_state(cast.state, action)
        changed = replace(cast, state=state, decided_by=by, content="h" if by else None)
        self.casts[int(cast.id)] = changed

    def go_on(self) -> None:
        progress = advance_chain(self.chain, self.states, lambda key: True)
        self.outcome = progress.outcome
        for key in progress.opens:
            self.states[key] = "open"
            for voice in ask(self.chain, self.chain.stage(key), self.rules[key], self.around(key)).voices:
                self.add(key, voice)
        for key in progress.opens:
            self.count(key)

    def count(self, key: str) -> None:
        decide = self.chain.stage(key).decide
        outcome = tally(decide, [cast.vote for cast in self.of(key)])
        if outcome != Outcome.OPEN and self.states[key] == "open":
            self.states[key] = "passed" if outcome == Outcome.APPROVED else "rejected"
            for cast in self.of(key):
                if cast.state == "pending":
                    self.change(cast, "supersede")
            self.go_on()
        self.rescue()

    def rescue(self) -> None:
        for key, state in self.states.items():
            if state == "open" and is_stranded(self.chain.stage(key).decide, self.of(key), self.may):
                for cast in self.of(key):
                    if cast.state == "pending":
                        self.change(cast, "expire")
                self.add(key, fallback_voice(self.chain, self.around(key), {"because": "stranded"}))

    def may(self, cast: Cast, person: str) -> bool:
        return refuses_decision(self.chain, cast, person, self.casts, SELVES) is None

    def choices(self) -> list[tuple[Cast, str]]:
        return [
            (cast, person)
            for cast in self.casts
            if cast.state == "pending"
            for person in ([cast.holder or cast.person] if cast.person else list(cast.members))
            if person is not None and self.may(cast, person)
        ]

    # --- what happens ---

    @precondition(lambda self: self.outcome == "open")
    @rule(data=st.data(), decision=st.sampled_from(["approve", "approve", "approve", "reject"]))
    def decide(self, data: st.DataObject, decision: str) -> None:
        cast, person = data.draw(st.sampled_from(self.choices()))
        self.change(cast, decision, person)
        self.count(cast.stage)

    @precondition(lambda self: self.outcome == "open")
    @rule(data=st.data(), above=st.dictionaries(PEOPLE, PEOPLE, max_size=4))
    def let_time_pass(self, data: st.DataObject, above: Mapping[str, str]) -> None:
        key = data.draw(st.sampled_from([key for key, state in self.states.items() if state == "open"]))
        lines = {who: [Superior(manager, WHY)] for who, manager in above.items()}
        stage = self.chain.stage(key)
        result = time_out(Overdue(self.chain, stage, self.of(key), self.around(key), lines, None, self.levels[key]))
        for cast in self.of(key):
            if cast.id in result.expired:
                self.change(cast, "expire")
        for voice in result.asked:
            self.add(key, voice)
        self.levels[key] += bool(result.asked)
        self.count(key)

    @precondition(lambda self: self.outcome != "open")
    @rule()
    def rest(self) -> None:
        assert not self.choices() or self.outcome == Outcome.REJECTED

    # --- what must always be so ---

    @invariant()
    def somebody_can_always_decide(self) -> None:
        if self.outcome == Outcome.OPEN:
            for key, state in self.states.items():
                assert state != "open" or any(cast.stage == key for cast, _person in self.choices())

    @invariant()
    def nobody_decides_in_stages_kept_apart(self) -> None:
        for cast in self.casts:
            for other in self.casts:
                if other.stage in self.chain.apart_of(cast.stage):
                    assert not cast.deciders() & other.deciders()

    @invariant()
    def nobody_decides_two_voices_of_a_stage_or_an_own_request(self) -> None:
        decided = [(cast.stage, cast.decided_by) for cast in self.casts if cast.decided_by]
        assert len(decided) == len(set(decided))
        assert not {person for _stage, person in decided} & set(SELVES)

    @invariant()
    def no_stage_passes_without_a_voice(self) -> None:
        for key, state in self.states.items():
            if state == "passed":
                assert any(cast.state in ("approved", "skipped") for cast in self.of(key))


PeopleMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=15)
TestPeopleInChains = PeopleMachine.TestCase
