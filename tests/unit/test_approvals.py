"""How approvals are decided: counts, states, the way through a chain, and going back."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracles.counting import DECIDES, wins

from servicehall.domain.approval_chains import Chain, Decide, Stage, check_chain, parse_chain
from servicehall.domain.approvals import (
    APPROVAL_TRANSITIONS,
    ApprovalState,
    Outcome,
    Vote,
    advance_chain,
    needs_comment,
    next_approval_state,
    quorum,
    restart,
    tally,
)
from servicehall.errors import Conflict

ACTIONS = sorted({action for _state, action in APPROVAL_TRANSITIONS})


def votes(words: str, code: str = "") -> list[Vote]:
    """`"a p r"` → an approved, a pending and a rejected vote; `s` skipped, `x` expired."""
    states = {"a": "approved", "p": "pending", "r": "rejected", "s": "skipped", "x": "expired"}
    return [Vote(states[word], code) for word in words.split()]


def chain_of(*keys: str, **more: Any) -> Chain:
    stages = [{"key": key, "approvers": [{"person": "a@b.c"}]} for key in keys]
    return parse_chain({"stages": stages, **more})


# --- reading and checking a chain ------------------------------------------------------------------------------


def test_a_chain_is_read_with_the_defaults_of_the_language() -> None:
    chain = chain_of("manager")
    stage = chain.stage("manager")
    assert (chain.self_approval, chain.repeat_approver, chain.calendar) == ("forbid", "skip", None)
    assert (stage.decide, stage.group_counts, stage.comment, stage.sign) == (Decide("all"), "one", "on_reject", False)
    assert (stage.when, stage.timeout, stage.remind, stage.fields, stage.shows) == (None, None, None, (), ())


def test_a_chain_is_read_whole() -> None:
    chain = parse_chain(
        {
            "calendar": "hr/office-hours",
            "self_approval": "skip",
            "repeat_approver": "ask",
            "stages": [
                {
                    "key": "manager",
                    "title": {"en": "Manager"},
                    "when": "total > 1.0",
                    "approvers": [{"manager": {"of": "requested_for", "level": 1}}, {"group": "it-security"}],
                    "decide": {"percent": 60},
                    "group_counts": "each",
                    "comment": "always",
                    "sign": True,
                    "fields": ["budget_code"],
                    "shows": ["bank_account"],
                    "remind": {"every": "1 business day"},
                    "timeout": {"after": "3 business days", "then": {"reassign": {"group": "it-leads"}}},
                },
                {
                    "key": "finance",
                    "approvers": [{"group": "finance"}],
                    "timeout": {"after": "2 days", "then": "escalate"},
                },
            ],
            "parallel": [["manager", "finance"]],
            "apart": [["manager", "finance"]],
        }
    )
    manager, finance = chain.stages
    assert [(rule.name, rule.params) for rule in manager.approvers] == [
        ("manager", {"of": "requested_for", "level": 1}),
        ("group", "it-security"),
    ]
    assert manager.decide == Decide("percent", 60)
    assert manager.timeout is not None
    assert (manager.timeout.then, manager.timeout.group) == ("reassign", "it-leads")
    assert finance.timeout is not None
    assert (finance.timeout.then, finance.timeout.group) == ("escalate", None)
    assert manager.remind == "1 business day"
    assert chain.blocks() == ((manager, finance),)
    assert chain.apart_of("manager") == {"finance"}
    with pytest.raises(KeyError):
        chain.stage("nobody")


def stage_mapping(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "approvers": [{"person": "a@b.c"}], **more}


THREE = [stage_mapping(key) for key in "abc"]

WRONG_CHAINS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"stages": []}, [("stages", "empty")]),
    ({"stages": [*THREE, stage_mapping("a")]}, [("stages[3].key", "duplicate")]),
    ({"stages": [{"key": "a", "approvers": []}]}, [("stages[0].approvers", "empty")]),
    (
        {"stages": [{"key": "a", "approvers": [{"person": "x", "group": "y"}]}]},
        [("stages[0].approvers[0]", "one_name")],
    ),
    ({"stages": [stage_mapping("a", decide="most")]}, [("stages[0].decide", "unknown")]),
    ({"stages": [stage_mapping("a", decide={"at_least": 0})]}, [("stages[0].decide.at_least", "range")]),
    ({"stages": [stage_mapping("a", decide={"at_least": True})]}, [("stages[0].decide.at_least", "range")]),
    ({"stages": [stage_mapping("a", decide={"percent": 101})]}, [("stages[0].decide.percent", "range")]),
    ({"stages": [stage_mapping("a", decide={"percent": 0})]}, [("stages[0].decide.percent", "range")]),
    ({"stages": [stage_mapping("a", decide={"share": 3})]}, [("stages[0].decide", "one_name")]),
    (
        {"stages": [stage_mapping("a", timeout={"after": "1 day", "then": "panic"})]},
        [("stages[0].timeout.then", "unknown")],
    ),
    (
        {"stages": [stage_mapping("a", timeout={"after": "1 day", "then": {"reassign": "it"}})]},
        [("stages[0].timeout.then", "unknown")],
    ),
    (
        {"stages": [stage_mapping("a", fields=["code"]), stage_mapping("b", fields=["code"])]},
        [("stages[1].fields[0]", "duplicate")],
    ),
    ({"stages": THREE, "parallel": [["a", "c"]]}, [("parallel[0]", "not_adjacent")]),
    ({"stages": THREE, "parallel": [["a", "x"]]}, [("parallel[0][1]", "unknown")]),
    ({"stages": THREE, "parallel": [["a"]]}, [("parallel[0]", "too_few")]),
    ({"stages": THREE, "parallel": [["a", "b"], ["b", "c"]]}, [("parallel[1][0]", "duplicate")]),
    ({"stages": THREE, "apart": [["a", "x"]]}, [("apart[0][1]", "unknown")]),
    ({"stages": THREE, "apart": [["a", "a"]]}, [("apart[0]", "too_few"), ("apart[0][1]", "duplicate")]),
]


@pytest.mark.parametrize(("mapping", "expected"), WRONG_CHAINS)
def test_what_is_wrong_with_a_chain_is_named_at_its_place(
    mapping: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert [(problem.path, problem.code) for problem in check_chain(mapping)] == expected


@pytest.mark.parametrize(
    "more",
    [
        {"parallel": [["c", "b"]], "apart": [["a", "c"], ["a", "b"]]},
        {"parallel": [["a", "b", "c"]]},
        {},
    ],
)
def test_a_sound_chain_has_no_problems(more: dict[str, Any]) -> None:
    assert check_chain({"stages": THREE, **more}) == []


def test_a_chain_inside_another_document_is_named_with_its_path() -> None:
    assert check_chain({"stages": []}, "tasks[2].approval")[0].path == "tasks[2].approval.stages"


# --- states --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "action"), list(product(ApprovalState, ACTIONS)))
def test_every_pair_of_state_and_action_has_its_answer(state: ApprovalState, action: str) -> None:
    expected = APPROVAL_TRANSITIONS.get((state, action))
    if expected is None:
        with pytest.raises(Conflict):
            next_approval_state(state, action)
    else:
        assert next_approval_state(state, action) == expected


def test_decisions_are_final_and_come_from_pending_only() -> None:
    ends = set(ApprovalState) - {ApprovalState.WAITING, ApprovalState.PENDING}
    assert not [pair for pair in APPROVAL_TRANSITIONS if pair[0] in ends]
    for decision in ("approve", "reject", "return"):
        assert [state for state, action in APPROVAL_TRANSITIONS if action == decision] == ["pending"]


@pytest.mark.parametrize(
    ("comment", "needed"),
    [("never", []), ("on_reject", ["reject"]), ("always", ["approve", "reject", "return"])],
)
def test_when_a_decision_must_say_why(comment: str, needed: list[str]) -> None:
    stage = Stage("a", comment=comment)
    assert [decision for decision in ("approve", "reject", "return") if needs_comment(stage, decision)] == needed


# --- the count -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decide", "asked", "needed"),
    [
        (Decide("all"), 4, 4),
        (Decide("any"), 4, 1),
        (Decide("at_least", 2), 4, 2),
        (Decide("at_least", 5), 4, 5),
        (Decide("percent", 60), 5, 3),
        (Decide("percent", 60), 4, 3),  # 2.4 is 3
        (Decide("percent", 1), 4, 1),
        (Decide("percent", 100), 7, 7),
        (Decide("percent", 29), 100, 29),  # 0.29 * 100 is 28.999… in binary
    ],
)
def test_how_many_are_needed(decide: Decide, asked: int, needed: int) -> None:
    assert quorum(decide, asked) == needed


@pytest.mark.parametrize(
    ("decide", "given", "outcome"),
    [
        (Decide("all"), "p p", "open"),
        (Decide("all"), "a p", "open"),
        (Decide("all"), "a a", "approved"),
        (Decide("all"), "p r", "rejected"),
        (Decide("any"), "p r", "open"),
        (Decide("any"), "a p", "approved"),
        (Decide("any"), "r r", "rejected"),
        (Decide("at_least", 2), "a p p", "open"),
        (Decide("at_least", 2), "a a p", "approved"),
        (Decide("at_least", 2), "r p p", "open"),
        (Decide("at_least", 2), "r r p", "rejected"),
        (Decide("percent", 60), "a a p p p", "open"),
        (Decide("percent", 60), "a a a p p", "approved"),
        (Decide("percent", 60), "r r r p p", "rejected"),
        (Decide("all"), "s s", "approved"),
        (Decide("all"), "s p", "open"),
        (Decide("any"), "s p", "approved"),
        (Decide("all"), "s r", "rejected"),
    ],
)
def test_a_stage_closes_as_soon_as_it_is_certain(decide: Decide, given: str, outcome: str) -> None:
    assert tally(decide, votes(given)) == outcome


@given(DECIDES, st.lists(st.sampled_from(["approved", "rejected", "pending", "skipped"]), min_size=1, max_size=7))
def test_the_count_is_what_every_completion_of_the_votes_says(decide: Decide, states: list[str]) -> None:
    choices = [("approved", "rejected") if state == "pending" else (state,) for state in states]
    ends = {wins(decide, final) for final in product(*choices)}
    expected = {frozenset({True}): "approved", frozenset({False}): "rejected"}.get(frozenset(ends), "open")
    assert tally(decide, [Vote(state) for state in states]) == expected


@pytest.mark.parametrize(
    ("decide", "first", "managers", "outcome"),
    [
        (Decide("all"), "a x x", "p", "open"),
        (Decide("all"), "a x x", "a", "approved"),
        (Decide("all"), "a x", "r", "rejected"),
        (Decide("percent", 50), "a x x x", "p", "open"),  # 2 of 4 stay needed: fewer managers lower no bar
        (Decide("percent", 50), "a x x x", "a", "approved"),
        (Decide("percent", 50), "a x x x", "r", "rejected"),
        (Decide("at_least", 2), "a x x", "p p", "open"),
        (Decide("any"), "r x", "a", "approved"),
    ],
)
def test_expired_votes_give_way_to_those_asked_instead(decide: Decide, first: str, managers: str, outcome: str) -> None:
    assert tally(decide, votes(first) + votes(managers, "escalated")) == outcome


@pytest.mark.parametrize("code", ["fallback", "fallback_administrators", "reassigned"])
@pytest.mark.parametrize(("state", "outcome"), [("p", "open"), ("a", "approved"), ("r", "rejected")])
@pytest.mark.parametrize("decide", [Decide("all"), Decide("at_least", 3), Decide("percent", 100)])
def test_the_fallback_decides_alone(code: str, state: str, outcome: str, decide: Decide) -> None:
    assert tally(decide, votes("a r x") + votes("x", "escalated") + votes(state, code)) == outcome


@given(DECIDES, st.lists(st.sampled_from(["expired", "superseded", "cancelled", "waiting", "returned"])))
def test_without_anybody_who_stands_nothing_passes_and_nothing_is_rejected(decide: Decide, states: list[str]) -> None:
    assert tally(decide, [Vote(state) for state in states]) == Outcome.OPEN


# --- the way through a chain -----------------------------------------------------------------------------------

FIVE = chain_of("a", "b", "c", "d", "e", parallel=[["c", "b"], ["d", "e"]])


@pytest.mark.parametrize(
    ("states", "not_applying", "opens", "not_needed", "outcome"),
    [
        ({}, "", "a", "", "open"),
        ({}, "a", "bc", "a", "open"),
        ({"a": "open"}, "", "", "", "open"),
        ({"a": "passed"}, "", "bc", "", "open"),
        ({"a": "passed"}, "b", "c", "b", "open"),
        ({"a": "passed"}, "bc", "de", "bc", "open"),
        ({"a": "passed", "b": "passed", "c": "open"}, "", "", "", "open"),
        ({"a": "passed", "b": "open", "c": "not_needed"}, "", "", "", "open"),
        ({"a": "passed", "b": "passed", "c": "passed"}, "", "de", "", "open"),
        ({"a": "passed", "b": "rejected", "c": "open"}, "", "", "", "rejected"),
        ({}, "abcde", "", "abcde", "approved"),
        ({"a": "passed", "b": "passed", "c": "not_needed", "d": "passed", "e": "passed"}, "", "", "", "approved"),
        ({"a": "passed", "c": "passed", "d": "passed", "e": "passed"}, "", "b", "", "open"),  # after going back
        ({"b": "passed", "c": "passed", "d": "passed", "e": "passed"}, "a", "", "a", "approved"),
    ],
)
def test_what_opens_next(states: dict[str, str], not_applying: str, opens: str, not_needed: str, outcome: str) -> None:
    progress = advance_chain(FIVE, states, lambda key: key not in not_applying)
    assert ("".join(progress.opens), "".join(progress.not_needed), progress.outcome) == (opens, not_needed, outcome)


def test_conditions_are_asked_only_for_stages_whose_turn_has_come() -> None:
    asked: list[str] = []

    def applies(key: str) -> bool:
        asked.append(key)
        return True

    advance_chain(FIVE, {"a": "passed"}, applies)
    assert asked == ["b", "c"]


# --- going back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "changed", "afresh"),
    [
        ({"a": "passed", "b": "open"}, [], "bcde"),
        ({"a": "passed", "b": "passed", "c": "not_needed"}, [], "cde"),
        ({"a": "passed", "b": "passed"}, ["named"], "bcde"),
        ({"a": "passed", "b": "passed"}, ["never"], "cde"),
        ({"a": "passed", "b": "passed"}, ["plain"], "abcde"),
        ({"a": "passed", "b": "passed"}, ["unheard"], "abcde"),
        ({"a": "passed", "b": "passed"}, ["total"], "cde"),
        ({"a": "passed", "b": "passed"}, ["never", "named"], "bcde"),
        ({"a": "rejected"}, ["never"], "abcde"),
    ],
)
def test_which_stages_start_afresh(states: dict[str, str], changed: list[str], afresh: str) -> None:
    reopens = {"named": ["b", "d"], "never": [], "plain": None}
    assert restart(FIVE, states, changed, reopens, computed={"total"}) == set(afresh)


STATES = st.sampled_from(["waiting", "open", "passed", "not_needed", "rejected"])
REOPENS = st.dictionaries(
    st.sampled_from("uvwx"), st.one_of(st.none(), st.lists(st.sampled_from("abcde"), max_size=3)), max_size=4
)


@given(st.fixed_dictionaries(dict.fromkeys("abcde", STATES)), st.sets(st.sampled_from("uvwxyz")), REOPENS)
def test_going_back_keeps_only_passed_stages_that_no_change_concerns(
    states: dict[str, str], changed: set[str], reopens: dict[str, list[str] | None]
) -> None:
    afresh = restart(FIVE, states, changed, reopens)
    for key, state in states.items():
        concerned = any((named := reopens.get(field)) is None or key in named for field in changed)
        assert (key in afresh) == (state != "passed" or concerned)
    assert restart(FIVE, states, changed, reopens, computed=changed) == restart(FIVE, states, (), reopens)
