"""How a plan is fulfilled: states, joins, undoing and dates, in tables and over random graphs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehall.domain.durations import Duration, Unit
from servicehall.domain.fulfilment import (
    IN_HAND,
    OPEN,
    SETTLED,
    TASK_TRANSITIONS,
    TaskState,
    advance_plan,
    awaited,
    facts_of,
    failed_behind,
    is_fulfilled,
    is_released,
    next_task_state,
    open_tasks,
    settle,
    undo_plan,
)
from servicehall.domain.plan_dates import Known, Reckoning, plan_dates
from servicehall.domain.plans import Automation, Plan, Task, Undo, parse_after, parse_plan
from servicehall.errors import Conflict


def plan_of(tasks: Mapping[str, Any], **more: Any) -> Plan:
    """`{"a": [], "b": ["a"]}`, or with properties `{"b": {"after": ["a"], "optional": True}}`."""
    properties = {key: value if isinstance(value, dict) else {"after": value} for key, value in tasks.items()}
    return parse_plan({"tasks": [{"key": key, **value} for key, value in properties.items()], **more})


# --- states ----------------------------------------------------------------------------------------------------

ACTIONS = sorted({row.action for row in TASK_TRANSITIONS})
EXPECTED = {
    # action: (for a task that people do, for one that a system does), each a mapping of state to state
    "claim": ({"ready": "ready", "failed": "failed"}, {"failed": "failed"}),
    "assign": (
        {"ready": "ready", "in_progress": "in_progress", "on_hold": "on_hold", "failed": "failed"},
        {"failed": "failed"},
    ),
    "start": ({"ready": "in_progress"}, {}),
    "hold": ({"ready": "on_hold", "in_progress": "on_hold"}, {}),
    "release": ({"on_hold": "ready"}, {"on_hold": "ready"}),
    "complete": ({"ready": "done", "in_progress": "done", "failed": "done"}, {"failed": "done"}),
    "skip": ({}, {}),
    "fail": ({"ready": "failed", "in_progress": "failed", "on_hold": "failed"}, {}),
    "retry": ({"failed": "ready"}, {"failed": "ready"}),
    "unblock": ({"blocked": "ready"}, {"blocked": "ready"}),
    "pass_over": ({"blocked": "skipped"}, {"blocked": "skipped"}),
    "begin": ({}, {"ready": "in_progress"}),
    "report_done": ({}, {"ready": "done", "in_progress": "done"}),
    "report_failed": ({}, {"ready": "failed", "in_progress": "failed"}),
    "fall_back": ({}, {"ready": "ready", "in_progress": "ready"}),
    "cancel": (dict.fromkeys(OPEN, "cancelled"), dict.fromkeys(OPEN, "cancelled")),
}
OPTIONAL = {"skip": dict.fromkeys([*IN_HAND, "failed"], "skipped")}
STARTED = {"release": {"on_hold": "in_progress"}}


def expected(state: str, action: str, facts: frozenset[str]) -> str | None:
    by_hand, by_system = EXPECTED[action]
    following = dict(by_hand if "manual" in facts else by_system)
    following |= OPTIONAL.get(action, {}) if "optional" in facts else {}
    following |= STARTED.get(action, {}) if "started" in facts else {}
    return following.get(state)


FACTS = [frozenset(names) - {""} for names in product(["manual", ""], ["optional", ""], ["started", ""])]


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: "+".join(sorted(facts)))
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", list(TaskState))
def test_every_pair_of_state_and_action_has_its_answer(state: str, action: str, facts: frozenset[str]) -> None:
    target = expected(state, action, facts)
    if target is None:
        with pytest.raises(Conflict):
            next_task_state(state, action, facts=facts)
    else:
        assert next_task_state(state, action, facts=facts) == target


@pytest.mark.parametrize(
    ("state", "action", "facts", "words"),
    [
        ("ready", "skip", {"manual"}, "optional"),
        ("in_progress", "complete", set(), "by hand"),
        ("done", "complete", {"manual"}, "Done"),
    ],
)
def test_a_refusal_says_why(state: str, action: str, facts: set[str], words: str) -> None:
    with pytest.raises(Conflict, match=words):
        next_task_state(state, action, facts=facts)


def test_the_facts_of_a_task() -> None:
    system = Task("a", automate=Automation("hr-system"), optional=True)
    assert facts_of(Task("a")) == {"manual"}
    assert facts_of(system) == {"optional"}
    assert facts_of(system, fallen_back=True, started=True) == {"optional", "manual", "started"}


# --- joins -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "states", "released"),
    [
        ([], {}, True),
        (["a"], {}, False),
        (["a"], {"a": "done"}, True),
        (["a"], {"a": "skipped"}, True),
        (["a"], {"a": "failed"}, False),
        (["a"], {"a": "cancelled"}, False),
        (["a", "b"], {"a": "done", "b": "on_hold"}, False),
        (["a", "b"], {"a": "done", "b": "skipped"}, True),
        ({"any": ["a", "b"]}, {"a": "done", "b": "blocked"}, True),
        ({"any": ["a", "b"]}, {"a": "done", "b": "failed"}, True),
        ({"any": ["a", "b"]}, {"a": "skipped", "b": "ready"}, False),
        ({"any": ["a", "b"]}, {"a": "skipped", "b": "failed"}, False),
        ({"any": ["a", "b"]}, {"a": "skipped", "b": "skipped"}, True),
        (["c", {"any": ["a", "b"]}], {"a": "done", "c": "ready"}, False),
        (["c", {"any": ["a", "b"]}], {"a": "done", "c": "done"}, True),
    ],
)
def test_when_what_a_task_waits_for_has_settled(after: Any, states: dict[str, str], released: bool) -> None:
    assert is_released(parse_after(after), states) == released


def test_a_blocked_task_knows_what_it_still_waits_for_and_what_failed_behind_it() -> None:
    afters = {
        "c": parse_after(["a", "b"]),
        "d": parse_after(["c"]),
        "e": parse_after([{"any": ["a", "b"]}]),
        "f": parse_after([{"any": ["b", "d"]}, "a"]),
    }
    states = {"a": "done", "b": "failed", "c": "blocked", "d": "blocked"}
    assert {key: awaited(after, states) for key, after in afters.items()} == {
        "c": ("b",),
        "d": ("c",),
        "e": (),
        "f": ("b", "d"),
    }
    assert {key: failed_behind(key, afters, states) for key in afters} == {
        "c": ("b",),
        "d": ("b",),
        "e": (),
        "f": ("b",),
    }


def test_a_skipped_task_releases_those_behind_it_at_once() -> None:
    plan = plan_of({"a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": ["c", "d"]})
    changes = advance_plan(plan, {"a": "done"}, lambda task: task.key not in "bc")
    assert changes == {"b": "skipped", "d": "ready", "c": "skipped"}
    assert [task.key for task in settle(plan, {"a": "done"})] == ["b", "d"]


def test_a_condition_is_asked_once_and_only_when_the_turn_has_come() -> None:
    plan = plan_of({"a": [], "b": [], "c": ["a"]})
    asked: list[str] = []
    advance_plan(plan, {}, lambda task: asked.append(task.key) is None)
    assert asked == ["a", "b"]


@pytest.mark.parametrize(
    ("states", "fulfilled"),
    [
        ({"a": "done", "b": "done"}, True),
        ({"a": "done", "b": "skipped", "o": "ready"}, True),
        ({"a": "done", "b": "done", "o": "failed"}, True),
        ({"a": "done", "b": "failed", "o": "done"}, False),
        ({"a": "done"}, False),
    ],
)
def test_a_request_is_resolved_when_every_required_task_has_settled(states: dict[str, str], fulfilled: bool) -> None:
    plan = plan_of({"a": [], "b": ["a"], "o": {"optional": True}})
    assert is_fulfilled(plan, states) == fulfilled


def test_open_tasks_are_all_that_have_not_ended() -> None:
    plan = plan_of({key: [] for key in "abcdefg"})
    states = dict(zip("abcdef", ["done", "skipped", "cancelled", "failed", "on_hold", "ready"], strict=True))
    assert [task.key for task in open_tasks(plan, states)] == ["d", "e", "f", "g"]


# --- undoing ---------------------------------------------------------------------------------------------------


def test_undoing_goes_backwards_over_what_was_done() -> None:
    undo = {"title": "Take back", "group": "it-desk"}
    plan = plan_of(
        {
            "account": {"undo": undo, "department": "it", "group": "it-identity", "shows": ["name"]},
            "mail": {"after": ["account"]},
            "laptop": {"after": ["mail"], "undo": {"title": "Fetch"}, "group": "it-hands"},
            "badge": {"undo": undo},
            "desk": {"after": ["laptop"], "undo": undo},
        },
        calendar="it/hours",
    )
    states = {"account": "done", "mail": "done", "laptop": "done", "badge": "skipped", "desk": "in_progress"}
    undoing = undo_plan(plan, states)
    assert [(task.key, task.undoes, task.title, task.group, task.after.all) for task in undoing.tasks] == [
        ("undo-laptop", "laptop", "Fetch", "it-hands", ()),
        ("undo-account", "account", "Take back", "it-desk", ("undo-laptop",)),
    ]
    account = undoing.task("undo-account")
    assert (account.department, account.shows, undoing.calendar) == ("it", ("name",), "it/hours")


def test_nothing_done_leaves_nothing_to_undo() -> None:
    plan = plan_of({"a": {"undo": {"title": "Take back"}}})
    assert undo_plan(plan, {"a": "failed"}).tasks == ()


# --- random graphs ---------------------------------------------------------------------------------------------


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to seven tasks, each waiting for some before it, written in any order."""
    size = draw(st.integers(1, 7))
    tasks = []
    for index in range(size):
        before = [f"t-{at}" for at in range(index)]
        some = st.lists(st.sampled_from(before), unique=True, max_size=3) if before else st.just([])
        after: list[Any] = list(draw(some))
        joined = draw(some)
        if joined:
            after.append({"any": joined})
        tasks.append(
            {
                "key": f"t-{index}",
                "after": after,
                "optional": draw(st.booleans()),
                "undo": {"title": "back"} if draw(st.booleans()) else None,
                "automate": {"webhook": "hr"} if draw(st.booleans()) else None,
            }
        )
    return parse_plan({"tasks": draw(st.permutations(tasks))})


def possible_acts(plan: Plan, states: Mapping[str, str]) -> list[tuple[str, str, TaskState]]:
    """Everything that people and systems may do to some task now."""
    found = []
    for task in plan.tasks:
        for action in sorted({row.action for row in TASK_TRANSITIONS} - {"unblock", "pass_over", "cancel"}):
            try:
                found.append((task.key, action, next_task_state(states[task.key], action, facts=facts_of(task))))
            except Conflict:
                continue
    return found


@given(plans(), st.data())
def test_no_plan_is_ever_stuck(plan: Plan, data: st.DataObject) -> None:
    """After any acts, in any order, whatever the conditions say, finishing what is in hand fulfils the plan."""
    answers: dict[str, bool] = {}

    def applies(task: Task) -> bool:
        return answers.setdefault(task.key, data.draw(st.booleans(), label=f"when of {task.key}"))

    states: dict[str, str] = dict.fromkeys((task.key for task in plan.tasks), "blocked")
    states |= advance_plan(plan, states, applies)
    for _step in range(data.draw(st.integers(0, 12))):
        acts = possible_acts(plan, states)
        if not acts:
            break
        key, _action, target = data.draw(st.sampled_from(acts))
        states[key] = target
        states |= advance_plan(plan, states, applies)
    finishing = {"ready": ("complete", "report_done"), "in_progress": ("complete", "report_done")}
    finishing |= {"on_hold": ("release",), "failed": ("complete",)}
    for _step in range(4 * len(plan.tasks)):
        acts = [act for act in possible_acts(plan, states) if act[1] in finishing.get(states[act[0]], ())]
        if not acts:
            break
        states[acts[0][0]] = acts[0][2]
        states |= advance_plan(plan, states, applies)
    assert set(states.values()) <= SETTLED
    assert is_fulfilled(plan, states)


@given(plans())
def test_levels_and_order_follow_the_graph(plan: Plan) -> None:
    order = {task.key: at for at, task in enumerate(plan.ordered)}
    level = {task.key: at for at, tasks in enumerate(plan.levels) for task in tasks}
    assert sorted(order) == sorted(task.key for task in plan.tasks)
    for task in plan.tasks:
        assert all(order[key] < order[task.key] for key in task.after.keys)
        assert level[task.key] == max((level[key] + 1 for key in task.after.keys), default=0)
        assert {after.key for after in plan.successors(task.key)} == {
            other.key for other in plan.tasks if task.key in other.after.keys
        }


def comes_before(plan: Plan, one: str, other: str) -> bool:
    """The oracle: whether a way leads from one task to the other."""
    before = plan.task(other).after.keys
    return one in before or any(comes_before(plan, one, key) for key in before)


@given(plans(), st.data())
def test_undoing_is_the_graph_reversed_and_can_be_finished(plan: Plan, data: st.DataObject) -> None:
    states = {task.key: data.draw(st.sampled_from(list(TaskState))) for task in plan.tasks}
    undoing = undo_plan(plan, states)
    assert {task.undoes for task in undoing.tasks} == {
        task.key for task in plan.tasks if task.undo and states[task.key] == "done"
    }
    for one, other in product(undoing.tasks, undoing.tasks):
        assert one.undoes is not None
        assert other.undoes is not None
        assert (other.key in one.after.keys) == comes_before(plan, one.undoes, other.undoes)
    back: dict[str, str] = {}
    for _step in undoing.tasks:
        back |= advance_plan(undoing, back, lambda task: True)
        back |= {key: "done" for key, state in back.items() if state == "ready"}
    assert is_fulfilled(undoing, back)


# --- dates -----------------------------------------------------------------------------------------------------

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def _length(text: str) -> timedelta:
    duration = Duration.parse(text)
    return timedelta(days=duration.amount) if duration.unit is Unit.BUSINESS_DAY else duration.length


# Every day is a working day of a round-the-clock calendar: the arithmetic of real ones is tested with them.
ALWAYS = Reckoning(
    after=lambda at, text: at + _length(text),
    from_day=lambda day, text: datetime.combine(day, time(17), UTC) + _length(text),
    day_of=lambda at: at.date(),
)


def dates_of(plan: Plan, anchor: date | None = None, **known: Any) -> dict[str, tuple[datetime, datetime | None]]:
    found = plan_dates(plan, started_at=START, anchor=anchor, reckoning=ALWAYS, known=Known(**known))
    return {key: (dates.ready_at, dates.due_at) for key, dates in found.items()}


def test_with_an_anchor_business_days_count_from_it_and_all_else_from_readiness() -> None:
    plan = plan_of(
        {
            "before": {"due": "-3 business days"},
            "after": {"due": "5 business days", "after": ["before"]},
            "soon": {"due": "4 hours", "after": ["before"]},
            "open": {"after": ["soon"]},
        },
        anchor="start_date",
    )
    found = dates_of(plan, date(2026, 12, 1))
    before = datetime(2026, 11, 28, 17, tzinfo=UTC)
    assert found["before"] == (START, before)
    assert found["after"] == (before, datetime(2026, 12, 6, 17, tzinfo=UTC))
    assert found["soon"] == (before, before + timedelta(hours=4))
    assert found["open"] == (before + timedelta(hours=4), None)


def test_without_an_anchor_everything_counts_from_readiness() -> None:
    plan = plan_of({"a": {"due": "2 business days"}, "b": {"due": "1 day", "after": ["a"]}})
    found = dates_of(plan, date(2030, 1, 1))
    assert found["a"] == (START, START + timedelta(days=2))
    assert found["b"] == (START + timedelta(days=2), START + timedelta(days=3))


def test_an_anchor_that_was_not_answered_is_the_day_the_plan_starts() -> None:
    plan = plan_of({"a": {"due": "-1 business day"}}, anchor="start_date")
    assert dates_of(plan)["a"] == (START, datetime(2026, 11, 1, 17, tzinfo=UTC))


def test_a_due_moment_in_the_past_makes_nothing_ready_before_the_start() -> None:
    plan = plan_of({"a": {"due": "-9 business days"}, "b": {"after": ["a"], "due": "1 hour"}}, anchor="start_date")
    assert dates_of(plan, START.date())["b"] == (START, START + timedelta(hours=1))


def test_joins_expect_the_last_of_all_and_the_first_of_any() -> None:
    plan = plan_of(
        {
            "a": {"due": "1 day"},
            "b": {"due": "3 days"},
            "all": {"after": ["a", "b"]},
            "any": {"after": {"any": ["a", "b"]}},
        }
    )
    found = dates_of(plan)
    assert found["all"][0] == START + timedelta(days=3)
    assert found["any"][0] == START + timedelta(days=1)
    skipping = dates_of(plan, skipped={"a"})
    assert skipping["any"][0] == START + timedelta(days=3)
    assert dates_of(plan, skipped={"a", "b"})["any"][0] == START


def test_what_is_known_is_taken_before_what_is_expected() -> None:
    plan = plan_of({"a": {"due": "1 day"}, "b": {"after": ["a"], "due": "1 day"}, "c": {"after": ["b"]}})
    ready, done = START + timedelta(hours=5), START + timedelta(hours=7)
    found = dates_of(plan, ready_at={"a": ready}, done_at={"a": done})
    assert found["a"] == (ready, ready + timedelta(days=1))
    assert found["b"] == (done, done + timedelta(days=1))
    assert found["c"] == (done + timedelta(days=1), None)


@given(plans())
def test_no_task_is_expected_before_what_it_waits_for_with_all(plan: Plan) -> None:
    found = dates_of(plan)
    assert all(found[key][0] <= found[task.key][0] for task in plan.tasks for key in task.after.all)


def test_undo_is_a_property_of_the_task() -> None:
    plan = plan_of({"a": {"undo": {"title": {"en": "Back"}, "group": "it-desk"}}})
    assert plan.task("a").undo == Undo({"en": "Back"}, "it-desk")
