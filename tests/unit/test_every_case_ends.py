"""Every case can end: from each state that a request can come into, some permitted acts resolve it; and cancelling
works from each, with what must be undone undone.

Small plans are tried whole, every act in every order. Shipped plans are too large for that; there a task is as far as
it is settled or not, which is enough: a task's own states do not depend on other tasks, and every one of them leads on.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from tests import proofs
from tests.oracles.whole_cases import explore

from servicehall.documents.pack import read_pack
from servicehall.documents.releases import build_release
from servicehall.documents.shipped import content_root
from servicehall.domain import fulfilment as rules
from servicehall.domain.lifecycle import ENDED, TRANSITIONS, RequestState
from servicehall.domain.plans import Plan, parse_plan

GATE = {"stages": [{"key": "s", "approvers": [{"group": "desk"}]}]}
WORKS: tuple[Mapping[str, Any], ...] = (
    {},
    {"approval": GATE},
    {"request": "it/laptop"},
    {"automate": {"webhook": "hr"}, "group": "desk"},
)
PLANS = 400 if proofs.LONG else 12
MOST = 200_000 if proofs.LONG else 2_000


def random_plan(chance: random.Random, most: int) -> Plan:
    """Tasks of every kind, optional or not, under conditions or not, waiting for all and for any of those before."""
    tasks: list[dict[str, Any]] = []
    for index in range(chance.randint(1, most)):
        before = [f"t{one}" for one in range(index)]
        after: list[Any] = chance.sample(before, chance.randint(0, min(2, index)))
        if index > 1 and chance.random() < 0.4:
            after.append({"any": chance.sample(before, 2)})
        tasks.append(
            {
                "key": f"t{index}",
                "after": after,
                "optional": chance.random() < 0.3,
                **({"when": "true"} if chance.random() < 0.4 else {}),
                **({"undo": {"title": "Back"}} if chance.random() < 0.6 else {}),
                **chance.choices(WORKS, weights=(3, 1, 1, 1))[0],
            }
        )
    return parse_plan({"tasks": tasks})


def seeds(count: int) -> list[int]:
    return [proofs.SAMPLE_SEED + number for number in range(count)]


@pytest.mark.proves("F2")
def test_every_state_of_small_plans_can_be_resolved_and_closed_and_can_be_cancelled(
    record_property: Callable[[str, object], None],
) -> None:
    tried = 0
    for seed in seeds(PLANS):
        plan = random_plan(random.Random(seed), 4 if proofs.LONG and seed % 4 == 0 else 3)
        tried += ends_from_every_state(plan)
    record_property("plans", f"{PLANS:,}")
    record_property("states", f"{tried:,}")


def ends_from_every_state(plan: Plan) -> int:
    """How many states there were."""
    explored = explore(plan)
    resolved = [case for case in explored.moves if case.request == "resolved"]
    open_ones = {case for case in explored.moves if not case.ended}
    assert resolved
    assert open_ones <= explored.that_can_reach(resolved, without=["cancel"]), plan
    assert all(any(act == "close" for act, _after in explored.moves[case]) for case in resolved)
    for case in open_ones:
        (after,) = [after for act, after in explored.moves[case] if act == "cancel"]
        assert after.request == "cancelled" and not {one.state for one in after.tasks} & rules.OPEN
        done = {task.key for task, one in zip(plan.tasks, case.tasks, strict=True) if one.state == "done"}
        assert after.undone == {task.key for task in plan.tasks if task.undo and task.key in done}
    return len(explored.moves)


def test_the_check_finds_a_plan_that_cannot_end() -> None:
    """Were there no way on from `failed`, most plans would be stuck: the check would say so."""
    explored = explore(parse_plan({"tasks": [{"key": "a"}, {"key": "b", "after": ["a"]}]}))
    resolved = [case for case in explored.moves if case.request == "resolved"]
    lost = set(explored.moves) - explored.that_can_reach(resolved, without=["cancel", "retry", "complete", "skip"])
    assert any(not case.ended and "failed" in {one.state for one in case.tasks} for case in lost)


@pytest.mark.parametrize("work", WORKS, ids=["by people", "a gate", "a child request", "a system"])
@pytest.mark.parametrize("optional", [False, True])
def test_each_state_of_a_task_leads_to_done_whatever_does_it(work: Mapping[str, Any], optional: bool) -> None:
    explored = explore(parse_plan({"tasks": [{"key": "a", "optional": optional, **work}]}))
    done = [case for case in explored.moves if case.tasks[0].state == "done" and not case.ended]
    leads = explored.that_can_reach(done, without=["cancel"])
    assert {case for case in explored.moves if not case.ended and case.tasks[0].state != "skipped"} <= leads


# --- before the work -------------------------------------------------------------------------------------------


def test_from_each_state_of_a_request_some_acts_end_it_well_and_each_open_one_can_be_cancelled() -> None:
    """Without a cancellation and a rejection; whoever must act is there in each state."""
    leads = {RequestState.CLOSED}
    rows = [row for row in TRANSITIONS if row.act not in ("cancel", "reject")]
    while more := {source for row in rows if row.to & leads for source in row.sources} - leads:
        leads |= more
    assert leads == set(RequestState) - {RequestState.REJECTED, RequestState.CANCELLED}
    cancelling = {source for row in TRANSITIONS if row.act == "cancel" for source in row.sources}
    assert cancelling == set(RequestState) - ENDED


# --- shipped plans ---------------------------------------------------------------------------------------------

ROOTS = [root for root in (content_root("catalogs"), content_root("forms")) if root is not None]
BY_NAME = {document.name: document for root in ROOTS for document in read_pack(root).documents}
SHIPPED: dict[str, Plan] = {
    document.reference: parse_plan(release["fulfilment"])
    for document in BY_NAME.values()
    if document.kind == "service"
    and (release := build_release(document, lambda *name: BY_NAME.get(name)))["fulfilment"]
}


def prefixes(plan: Plan, most: int, chance: random.Random) -> Iterator[dict[str, str]]:
    """The states by what has settled: each task that has, done, or skipped where that may be and something waits for
    any of several; all of them, or so many by chance."""
    matters = {key for task in plan.tasks for keys in task.after.any for key in keys}
    found: set[frozenset[tuple[str, str]]] = set()
    waiting: deque[dict[str, str]] = deque([{}])
    while waiting and len(found) < most:
        states = waiting.popleft() if proofs.LONG else waiting.pop() if chance.random() < 0.5 else waiting.popleft()
        name = frozenset(states.items())
        if name in found:
            continue
        found.add(name)
        yield states
        for task in rules.settle(plan, states):
            ends = ["done", *(["skipped"] if (task.when or task.optional) and task.key in matters else [])]
            waiting.extend({**states, task.key: end} for end in ends)


@pytest.mark.proves("F2")
def test_something_can_always_be_done_in_a_shipped_plan_until_it_is_fulfilled(
    record_property: Callable[[str, object], None],
) -> None:
    tried = 0
    for reference, plan in SHIPPED.items():
        for states in prefixes(plan, MOST, random.Random(proofs.SAMPLE_SEED)):
            tried += 1
            if len(states) < len(plan.tasks):
                assert rules.settle(plan, states), (reference, states)
            else:
                assert rules.is_fulfilled(plan, states), reference
    record_property("plans", len(SHIPPED))
    record_property("prefixes", f"{tried:,}")


@pytest.mark.proves("F3")
def test_after_every_prefix_of_shipped_plans_what_was_done_is_undone_in_the_reversed_order(
    record_property: Callable[[str, object], None],
) -> None:
    tried = 0
    for plan in SHIPPED.values():
        for states in prefixes(plan, MOST if proofs.LONG else MOST // 4, random.Random(proofs.SAMPLE_SEED)):
            tried += 1
            undone_in_order(plan, states)
    record_property("prefixes", f"{tried:,}")


@pytest.mark.proves("F3")
def test_after_every_prefix_of_random_plans_what_was_done_is_undone_in_the_reversed_order() -> None:
    for seed in seeds(PLANS * 4):
        plan = random_plan(random.Random(seed), 6)
        for states in prefixes(plan, MOST // 20, random.Random(seed)):
            undone_in_order(plan, states)


def undone_in_order(plan: Plan, states: Mapping[str, str]) -> None:
    """The oracle: walk the undoing to its end; nothing is undone before what was built upon it, nothing is left, and
    nothing that was not done is touched."""
    undoing = rules.undo_plan(plan, states)
    wanted = {task.key for task in plan.tasks if task.undo and states.get(task.key) == "done"}
    left, back = set(wanted), dict[str, str]()
    while left:
        turn = rules.settle(undoing, back)
        assert turn, (left, back)
        for task in turn:
            assert task.undoes in left
            assert not built_upon(plan, str(task.undoes)) & left
        for task in turn:
            left.remove(str(task.undoes))
            back[task.key] = "done"
    assert {str(task.undoes) for task in undoing.tasks} == wanted


def built_upon(plan: Plan, key: str) -> set[str]:
    """All tasks that waited for this one, however far."""
    direct = {task.key for task in plan.tasks if key in task.after.keys}
    return direct.union(*(built_upon(plan, one) for one in direct))
