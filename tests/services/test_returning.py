"""Going back: what decides again after a return or a recall, and every act of the state table."""

from __future__ import annotations

from itertools import combinations

import pytest
from tests.factories.small import Small, refusal

from servicehall.domain.lifecycle import TRANSITIONS, Part, RequestState

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

FIELDS = """[{key: what, type: text, label: W}, {key: note, type: text, label: N, reopens: []},
  {key: cost, type: integer, label: C, reopens: [two]}, {key: where, type: text, label: H, reopens: [one, three]},
  {key: last, type: text, label: L, reopens: [three]},
  {key: code, type: text, label: O}, {key: twice, type: computed, as: integer, label: T, value: cost * 2},
  {key: wide, type: computed, as: text, label: T, value: note + where}]"""
CHAIN = """approval:
  stages:
    - {key: one, approvers: [person: boss@example.com]}
    - {key: two, approvers: [person: fin@example.com]}
    - {key: three, approvers: [person: sec@example.com]}
"""
WITH_CODE = CHAIN.replace("boss@example.com]", "boss@example.com], fields: [code]")
TASKS = "fulfilment: {tasks: [{key: a, title: A, group: desk}]}"
SENT = {"what": "a", "note": "b", "cost": 1, "where": "c", "last": "d"}
REOPENS = {
    "what": {"one", "two", "three"},
    "note": set(),
    "cost": {"two"},
    "where": {"one", "three"},
    "last": {"three"},
}
CHANGES = [keys for n in (0, 1, 2, 5) for keys in combinations(REOPENS, n)]


@pytest.mark.parametrize("changed", CHANGES, ids="+".join)
def test_exactly_the_stages_that_a_changed_field_reopens_decide_again(small: Small, changed: tuple[str, ...]) -> None:
    """What is computed follows from other answers, and what an approver filled in is none of the requester's."""
    small.publish(WITH_CODE, fields=FIELDS)
    made = small.order(**SENT)
    before = small.request(made).content
    small.decide("boss", "approve", made, answers={"code": "42"})
    small.decide("fin", "approve", made)
    small.decide("sec", "return", made)
    assert small.state(made) == "returned"
    small.amend(made, **{key: 7 if key == "cost" else "other" for key in changed})
    small.submit(made)
    assert small.state(made) == "pending_approval"
    again = {"three"}.union(*(REOPENS[key] for key in changed))
    assert {key for key, state in small.stages(made).items() if state in ("open", "waiting")} == again
    assert (small.request(made).content == before) is (not changed)


def test_what_is_changed_and_changed_back_is_the_content_that_was_sent(small: Small) -> None:
    small.publish(WITH_CODE, fields=FIELDS)
    made = small.order(**SENT)
    before = small.request(made).content
    small.decide("boss", "approve", made, answers={"code": "42"})
    small.act("asks", "recall", made)
    small.amend(made, what="other")
    assert small.request(made).content != before
    small.amend(made, what="a")
    small.submit(made)
    assert small.request(made).content == before
    assert small.stages(made) == {"one": "passed", "two": "open", "three": "waiting"}


def test_a_return_ends_what_is_open_at_once_and_votes_of_the_stage_are_void(small: Small) -> None:
    small.publish(
        "approval: {stages: [{key: team, approvers:"
        " [person: dan@example.com, person: dora@example.com, person: sec@example.com]}]}"
    )
    made = small.order()
    small.decide("dan", "approve", made)
    small.decide("dora", "return", made)
    assert small.voices(made) == [("dan", "approved"), ("dora", "returned"), ("sec", "superseded")]
    small.submit(made)
    assert small.voices(made)[3:] == [("dan", "pending"), ("dora", "pending"), ("sec", "pending")]


def test_conditions_are_evaluated_again(small: Small) -> None:
    small.publish(CHAIN.replace("key: two,", "key: two, when: cost > 5,"), fields=FIELDS)
    made = small.order(cost=1)
    assert small.stages(made)["two"] == "not_needed"
    small.act("asks", "recall", made)
    small.amend(made, cost=6)
    small.submit(made)
    assert small.stages(made) == {"one": "open", "two": "waiting", "three": "waiting"}


def test_a_recall_is_possible_until_the_last_decision(small: Small) -> None:
    small.publish(CHAIN + TASKS)
    made = small.order()
    small.decide("boss", "approve", made)
    assert refusal(small.act, "boss", "recall", made) == 403
    small.act("asks", "recall", made)
    assert (small.state(made), small.stages(made)["two"]) == ("returned", "superseded")
    small.submit(made)
    assert small.stages(made) == {"one": "passed", "two": "open", "three": "waiting"}
    small.decide("fin", "approve", made)
    small.decide("sec", "approve", made)
    assert refusal(small.act, "asks", "recall", made) == 409


def brought_to(small: Small, state: str) -> str:
    """A request of `asks` in this state."""
    made = small.order(draft=state == "draft")
    if state in ("draft", "pending_approval"):
        return made
    if state == "cancelled":
        small.act("asks", "cancel", made)
        return made
    decision = {"returned": "return", "rejected": "reject"}.get(state, "approve")
    small.decide("boss", decision, made)
    if state == "on_hold":
        small.act("dan", "hold", made)
    if state in ("resolved", "closed"):
        small.do("dan", "complete", made, "a")
    if state == "closed":
        small.act("asks", "close", made)
    assert small.state(made) == state
    return made


PEOPLE = {"asks": Part.REQUESTER, "dan": Part.AGENT, "chief": None}
BY_HAND = ("submit", "recall", "hold", "release", "resolve", "reopen", "close", "cancel")


@pytest.mark.parametrize("state", list(RequestState))
def test_every_act_in_every_state_is_as_the_table_says(small: Small, state: str) -> None:
    small.publish("approval: {stages: [{key: one, approvers: [manager: {}]}]}\n" + TASKS)
    made = brought_to(small, state)
    for act in BY_HAND:
        row = next((one for one in TRANSITIONS if one.act == act and state in one.sources), None)
        for name, part in PEOPLE.items():
            if row is not None and part in row.who:
                continue
            if act == "submit":
                status = refusal(small.submit, made) if name == "asks" else 409
            else:
                status = refusal(small.act, name, act, made)
            assert status in ({409} if row is None else {403, 409}), (act, name, status)
    assert small.state(made) == state


LEGAL = [
    (state, row.act, name)
    for row in TRANSITIONS
    for state in sorted(row.sources)
    for name, part in PEOPLE.items()
    if row.act in BY_HAND and part in row.who
]


@pytest.mark.parametrize(("state", "act", "name"), LEGAL)
def test_every_legal_act_leads_where_the_table_says(small: Small, state: str, act: str, name: str) -> None:
    small.publish("approval: {stages: [{key: one, approvers: [manager: {}]}]}\n" + TASKS)
    made = brought_to(small, state)
    row = next(one for one in TRANSITIONS if one.act == act and state in one.sources)
    if row.comment:
        assert refusal(small.act, name, act, made, None) == 422
    if act == "resolve":
        assert refusal(small.act, name, act, made) == 409  # a required task is open
        return
    if act == "submit":
        small.submit(made)
    else:
        small.act(name, act, made)
    assert small.state(made) in row.to


def test_reopening_ends_with_its_days_and_closing_comes_by_itself(small: Small) -> None:
    small.publish(TASKS, department="reopen_days: 3\nclose_days: 5")
    made = small.order()
    small.do("dan", "complete", made, "a")
    assert small.state(made) == "resolved"
    small.go(days=2)
    small.act("asks", "reopen", made)
    small.go(days=4)
    assert (small.ring_due(), small.state(made)) == ([], "in_progress")
    small.act("dan", "resolve", made)
    small.go(days=4)
    assert refusal(small.act, "asks", "reopen", made) == 409
    small.go(days=1)
    assert (small.ring_due(), small.state(made)) == (["request_close"], "closed")
