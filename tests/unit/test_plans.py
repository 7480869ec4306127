"""Plans as authored: read whole, and what is wrong with them named at its place."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehall.domain.plan_checks import check_plan
from servicehall.domain.plan_dates import without_date
from servicehall.domain.plans import After, Automation, Undo, find_cycles, parse_after, parse_plan


def test_a_plan_is_read_whole() -> None:
    plan = parse_plan(
        {
            "anchor": "start_date",
            "calendar": "hr/office-hours",
            "tasks": [
                {
                    "key": "create-accounts",
                    "department": "it",
                    "group": "it-identity",
                    "title": {"en": "Accounts"},
                    "when": "true",
                    "due": "-3 business days",
                    "skills": ["ad"],
                    "shows": ["full_name"],
                    "form": {"fields": []},
                    "checklist": [{"en": "Tick"}],
                    "optional": True,
                    "undo": {"title": "Remove"},
                },
                {"key": "laptop", "request": "it/laptop", "answers": {"employee": "requested_for.email"}},
                {"key": "payroll", "automate": {"webhook": "hr-system", "retry": 3}, "group": "hr-payroll"},
                {"key": "consent", "approval": {"stages": [{"key": "head", "approvers": [{"group": "it-leads"}]}]}},
                {"key": "visit", "assign": {"field": "buddy"}, "after": ["laptop", {"any": ["payroll", "consent"]}]},
            ],
        }
    )
    accounts, laptop, payroll, consent, visit = plan.tasks
    assert (plan.anchor, plan.calendar) == ("start_date", "hr/office-hours")
    assert (accounts.name, accounts.kind, accounts.optional) == ("create_accounts", "manual", True)
    assert (accounts.undo, accounts.checklist) == (Undo("Remove"), ({"en": "Tick"},))
    assert (laptop.kind, laptop.answers) == ("request", {"employee": "requested_for.email"})
    assert (payroll.kind, payroll.automate) == ("automate", Automation("hr-system", 3))
    assert (consent.kind, consent.gate and consent.gate.stages[0].key) == ("approval", "head")
    assert visit.assign is not None
    assert (visit.assign.name, visit.assign.params, visit.kind) == ("field", "buddy", "manual")
    assert visit.after == After(("laptop",), (("payroll", "consent"),))
    with pytest.raises(KeyError):
        plan.task("nobody")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, After()),
        ([], After()),
        (["a", "b"], After(("a", "b"))),
        ({"any": ["a", "b"]}, After((), (("a", "b"),))),
        (["c", {"any": ["a", "b"]}], After(("c",), (("a", "b"),))),
    ],
)
def test_what_a_task_waits_for(value: Any, expected: After) -> None:
    assert parse_after(value) == expected


def test_each_predecessor_is_named_once() -> None:
    assert parse_after(["a", {"any": ["b", "a"]}]).keys == ("a", "b")


def task(key: str, *after: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "group": "it-desk", "after": list(after), **more}


GATE = {"stages": [{"key": "head", "approvers": [{"group": "it-leads"}]}]}
CHILD = {"key": "a", "request": "it/laptop"}

WRONG_PLANS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"tasks": []}, [("tasks", "empty")]),
    ({"tasks": [task("a"), task("a")]}, [("tasks[1].key", "duplicate")]),
    ({"tasks": [task("a-b"), task("a_b")]}, [("tasks[1].key", "collision")]),
    (
        {"tasks": [task("mail", undo={"title": "x"}), task("undo-mail")]},
        [("tasks[0].undo", "collision")],
    ),
    ({"tasks": [task("a", "x")]}, [("tasks[0].after", "unknown")]),
    ({"tasks": [task("a") | {"after": {"any": ["x"]}}]}, [("tasks[0].after", "unknown")]),
    ({"tasks": [task("a") | {"after": {"any": []}}]}, [("tasks[0].after", "empty")]),
    ({"tasks": [task("a", "a")]}, [("tasks[0].after", "cycle")]),
    ({"tasks": [CHILD | {"group": "it-desk"}]}, [("tasks[0].group", "exclusive")]),
    ({"tasks": [CHILD | {"assign": {"person": "x"}}]}, [("tasks[0].assign", "exclusive")]),
    ({"tasks": [CHILD | {"approval": GATE}]}, [("tasks[0].approval", "exclusive")]),
    ({"tasks": [task("a", assign={"person": "x"})]}, [("tasks[0].assign", "exclusive")]),
    (
        {"tasks": [task("a", approval=GATE, automate={"webhook": "x"})]},
        [("tasks[0].automate", "exclusive")],
    ),
    ({"tasks": [task("a", answers={"x": "1"})]}, [("tasks[0].answers", "needs_request")]),
    ({"tasks": [{"key": "a", "automate": {"webhook": "x"}}]}, [("tasks[0].group", "required")]),
    ({"tasks": [{"key": "a", "approval": {"stages": []}}]}, [("tasks[0].approval.stages", "empty")]),
    ({"tasks": [task("a", due="-3 business days")]}, [("tasks[0].due", "needs_anchor")]),
    ({"anchor": "day", "tasks": [task("a", due="-3 days")]}, [("tasks[0].due", "invalid")]),
    ({"anchor": "day", "tasks": [task("a", due="soon")]}, [("tasks[0].due", "invalid")]),
]


@pytest.mark.parametrize(("mapping", "expected"), WRONG_PLANS)
def test_what_is_wrong_with_a_plan_is_named_at_its_place(
    mapping: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert [(problem.path, problem.code) for problem in check_plan(mapping)] == expected


@pytest.mark.parametrize(
    "mapping",
    [
        {"tasks": [task("a"), task("b", "a"), task("c", "a", "b", due="3 business days")]},
        {"anchor": "day", "tasks": [task("a", due="-1 business day"), CHILD | {"key": "b", "answers": {"x": "1"}}]},
        {"tasks": [task("a", automate={"webhook": "x"}), {"key": "b", "approval": GATE}]},
        {"tasks": [task("a", approval=GATE)]},
        {"tasks": [{"key": "a", "approval": {"use": "it/two-step"}}]},
    ],
)
def test_a_sound_plan_has_no_problems(mapping: dict[str, Any]) -> None:
    assert check_plan(mapping) == []


def test_a_cycle_is_named_in_words_and_each_one_by_itself() -> None:
    tasks = [task("a", "c"), task("b", "a"), task("c", "b"), task("d", "e"), task("e", "d"), task("f", "a")]
    problems = check_plan({"tasks": tasks}, "fulfilment")
    assert [problem.code for problem in problems] == ["cycle", "cycle"]
    words = " ".join(problem.message for problem in problems)
    for step in ("a → b", "b → c", "c → a", "d → e", "e → d"):
        assert step in words
    assert all(problem.path.startswith("fulfilment.tasks[") for problem in problems)


NODES = st.sampled_from("abcdef")


@given(st.dictionaries(NODES, st.sets(NODES, max_size=4), min_size=1))
def test_cycles_are_cycles_and_none_is_left(graph: dict[str, set[str]]) -> None:
    waits = {node: {other for other in others if other in graph} for node, others in graph.items()}
    for cycle in find_cycles(graph):
        assert cycle[0] == cycle[-1]
        for before, after in pairwise(cycle):
            assert before in waits[after]

    def reaches(start: str, goal: str, seen: frozenset[str] = frozenset()) -> bool:
        return any(
            other == goal or (other not in seen and reaches(other, goal, seen | {other})) for other in waits[start]
        )

    assert bool(list(find_cycles(graph))) == any(reaches(node, node) for node in waits)


def test_nothing_is_said_of_dates_that_hang_upon_an_anchor_that_is_not_known() -> None:
    tasks = [
        {"key": "first", "group": "desk", "due": "4 hours"},
        {"key": "badge", "group": "desk", "due": "-3 business days"},
        {"key": "greet", "group": "desk", "after": [{"any": ["badge", "first"]}]},
        {"key": "last", "group": "desk", "due": "2 days", "after": ["greet"]},
    ]
    assert without_date(parse_plan({"anchor": "start_date", "tasks": tasks})) == {"badge", "greet", "last"}
    assert without_date(parse_plan({"tasks": tasks})) == frozenset()
