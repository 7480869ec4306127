"""A whole chain, voted on and sent back at random, against an oracle that enumerates the votes."""

from __future__ import annotations

from itertools import product

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.oracles.counting import DECIDES, wins

from servicehall.domain.approval_chains import Chain, Stage
from servicehall.domain.approvals import Outcome, Vote, advance_chain, next_approval_state, restart, tally


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    keys = "abcd"[: draw(st.integers(1, 4))]
    at = draw(st.integers(0, len(keys)))
    together = [keys[at : at + draw(st.integers(2, 3))]] if at + 2 <= len(keys) else []
    stages = tuple(Stage(key, decide=draw(DECIDES)) for key in keys)
    return Chain(stages, parallel=tuple(tuple(names) for names in together))


SIZES = st.lists(st.integers(1, 4), min_size=4, max_size=4)
SKIPS = st.sets(st.sampled_from("abcd"))


class ChainMachine(RuleBasedStateMachine):
    """People vote, return and send again; the machine keeps states as services do, the oracle only what was voted."""

    @initialize(
        chain=chains(),
        sizes=st.lists(st.integers(1, 4), min_size=4, max_size=4),
        skips=st.sets(st.sampled_from("abcd")),
    )
    def begin(self, chain: Chain, sizes: list[int], skips: set[str]) -> None:
        self.chain, self.skips = chain, skips
        self.sizes = {
            stage.key: max(size, stage.decide.number if stage.decide.kind == "at_least" else 1)
            for stage, size in zip(chain.stages, sizes, strict=False)
        }
        self.states: dict[str, str] = {}
        self.votes: dict[str, list[str]] = {}
        self.outcome = Outcome.OPEN
        self.go_on()

    def go_on(self) -> None:
        progress = advance_chain(self.chain, self.states, lambda key: key not in self.skips)
        self.states |= dict.fromkeys(progress.not_needed, "not_needed") | dict.fromkeys(progress.opens, "open")
        for key in progress.opens:
            self.votes[key] = ["pending"] * self.sizes[key]
        self.outcome = progress.outcome

    def open_stages(self) -> list[str]:
        return [key for key, state in self.states.items() if state == "open"]

    @precondition(lambda self: self.outcome == "open")
    @rule(data=st.data(), decision=st.sampled_from(["approve", "approve", "reject"]))
    def vote(self, data: st.DataObject, decision: str) -> None:
        key = data.draw(st.sampled_from(self.open_stages()))
        given_votes = self.votes[key]
        index = data.draw(st.sampled_from([at for at, state in enumerate(given_votes) if state == "pending"]))
        given_votes[index] = next_approval_state(given_votes[index], decision)
        result = tally(self.chain.stage(key).decide, [Vote(state) for state in given_votes])
        if result != Outcome.OPEN:
            self.votes[key] = [
                next_approval_state(state, "supersede") if state == "pending" else state for state in given_votes
            ]
            self.states[key] = "passed" if result == Outcome.APPROVED else "rejected"
            self.go_on()

    @precondition(lambda self: self.outcome == "open")
    @rule(data=st.data(), skips=SKIPS)
    def go_back_and_send_again(self, data: st.DataObject, skips: set[str]) -> None:
        field = data.draw(st.sampled_from(["none", *self.votes]))
        afresh = restart(self.chain, self.states, [field], {"none": [], **{key: [key] for key in self.votes}})
        self.states = {key: state for key, state in self.states.items() if key not in afresh}
        self.votes = {key: given_votes for key, given_votes in self.votes.items() if key not in afresh}
        self.skips = skips
        self.go_on()

    @precondition(lambda self: self.outcome != "open")
    @rule(chain=chains(), sizes=SIZES, skips=SKIPS)
    def begin_another(self, chain: Chain, sizes: list[int], skips: set[str]) -> None:
        self.begin(chain, sizes, skips)

    def oracle(self, key: str) -> set[bool]:
        """How a stage may still end, by enumerating what everybody may yet say."""
        choices = [
            ("approved", "rejected") if state in ("pending", "superseded") else (state,) for state in self.votes[key]
        ]
        return {wins(self.chain.stage(key).decide, final) for final in product(*choices)}

    @invariant()
    def every_stage_is_what_its_votes_say(self) -> None:
        for key, state in self.states.items():
            if state in ("open", "passed", "rejected"):
                possible = {"open": {True, False}, "passed": {True}, "rejected": {False}}[state]
                assert self.oracle(key) == possible

    @invariant()
    def stages_open_in_order_and_together(self) -> None:
        blocks = [[self.states.get(stage.key, "waiting") for stage in block] for block in self.chain.blocks()]
        running = [index for index, block in enumerate(blocks) if "open" in block]
        assert len(running) <= 1
        for index, block in enumerate(blocks):
            if running and index < running[0]:
                assert set(block) <= {"passed", "not_needed"}
            if "open" in block:
                assert "waiting" not in block

    @invariant()
    def the_chain_ends_as_its_stages_do(self) -> None:
        states = [self.states.get(stage.key, "waiting") for stage in self.chain.stages]
        if "rejected" in states:
            assert self.outcome == "rejected"
        elif all(state in ("passed", "not_needed") for state in states):
            assert self.outcome == "approved"
        else:
            assert self.outcome == "open"
            assert self.open_stages()


ChainMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestAChainAgainstTheOracle = ChainMachine.TestCase
