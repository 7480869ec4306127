"""Changes of a plan in the studio: whatever is done, no cycle and no name that leads nowhere comes of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehall.documents import plan_edits
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import violations
from servicehall.documents.patching import patched
from servicehall.documents.plan_graph import after_of, after_value, cycle, key_of, later, naming, tasks_of
from servicehall.domain.conditions import free_names
from servicehall.domain.expression_names import mentions, renamed
from servicehall.domain.plan_checks import check_plan
from servicehall.domain.plans import After, as_name
from servicehall.errors import Invalid

HEAD = {"kind": "fulfilment_plan", "department": "it", "key": "joiner", "title": {"en": "Joiner"}}
TITLE = {"en": "New task"}


def task(key: str, *after: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "title": {"en": key.title()}, **({"after": list(after)} if after else {}), **more}


def body(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {**HEAD, "tasks": list(tasks)}


CHAIN = body(
    task("record", undo={"title": {"en": "Close it"}}),
    task("accounts", "record", when='tasks.record.number != ""'),
    task("laptop", "accounts", request="laptop", answers={"who": "tasks.accounts.name"}),
    task("welcome", "laptop", {"any": ["accounts", "record"]}),
)


def refusal(act: Any, *said: Any, **more: Any) -> tuple[str, str]:
    """The code and message with which an act is refused."""
    with pytest.raises(Invalid) as caught:
        act(*said, **more)
    (problem,) = caught.value.problems
    return problem.code, problem.message


def waits(document: dict[str, Any]) -> dict[str, After]:
    return {key_of(one): after_of(one) for one in tasks_of(document)}


def test_a_new_task_stands_between_two_that_are_connected() -> None:
    made = patched(CHAIN, plan_edits.add(CHAIN, "", title=TITLE, first=0, then=1))
    assert [one["key"] for one in made["tasks"]] == ["record", "new-task", "accounts", "laptop", "welcome"]
    assert waits(made)["new-task"] == After(("record",))
    assert waits(made)["accounts"] == After(("new-task",))
    assert refusal(plan_edits.add, CHAIN, "", title=TITLE, first=0, then=2)[1] == "These two tasks are not connected."


def test_a_new_task_stands_at_the_end_behind_one_or_before_one() -> None:
    last = patched(CHAIN, plan_edits.add(CHAIN, "", title=TITLE))
    assert (last["tasks"][-1]["key"], after_of(last["tasks"][-1])) == ("new-task", After())
    behind = patched(CHAIN, plan_edits.add(CHAIN, "", title=TITLE, first=1))
    assert (behind["tasks"][2]["key"], waits(behind)["laptop"]) == ("new-task", After(("accounts",)))
    before = patched(CHAIN, plan_edits.add(CHAIN, "", title=TITLE, then=0))
    assert (before["tasks"][0]["key"], waits(before)["record"]) == ("new-task", After(("new-task",)))


def test_a_plan_begins_with_its_first_task_wherever_it_stands() -> None:
    service = {"kind": "service", "department": "it", "key": "parking"}
    made = patched(service, plan_edits.add(None, "/fulfilment", title=TITLE))
    assert made["fulfilment"]["tasks"] == [{"key": "new-task", "title": TITLE}]
    made = patched(dict(HEAD), plan_edits.add(HEAD, "", title=TITLE))
    assert [one["key"] for one in made["tasks"]] == ["new-task"]


def test_a_circle_is_refused_in_words_that_name_it() -> None:
    line = body(*CHAIN["tasks"][:3], task("welcome", "laptop"))
    code, message = refusal(plan_edits.connect, line, "", 3, 0)
    assert code == "cycle"
    assert "Welcome → Record → Accounts → Laptop → Welcome" in message
    assert "Record → Record" in refusal(plan_edits.connect, CHAIN, "", 0, 0)[1]
    assert later(CHAIN, "accounts") == {"accounts", "laptop", "welcome"}
    assert cycle(CHAIN, "welcome", "record") == ()


def test_a_cycle_that_is_there_can_be_opened() -> None:
    round_ = body(task("a", "b"), task("b", "a"))
    made = patched(round_, plan_edits.disconnect(round_, "", 1, 0))
    assert waits(made) == {"a": After(), "b": After(("a",))}


def test_what_waited_for_a_removed_task_waits_for_what_it_waited_for() -> None:
    made = patched(CHAIN, plan_edits.remove(CHAIN, "", 2))
    assert waits(made)["welcome"] == After(("accounts",), (("accounts", "record"),))
    choice = body(task("a"), task("b", "a"), task("c", {"any": ["b"]}))
    assert waits(patched(choice, plan_edits.remove(choice, "", 1)))["c"] == After((), (("a",),))


def test_a_task_whose_answers_are_used_is_not_removed() -> None:
    assert naming(CHAIN, 1) == ["Laptop"]
    assert refusal(plan_edits.remove, CHAIN, "", 1) == (
        "in_use",
        "The answers of “Accounts” are still used by: Laptop.",
    )
    assert refusal(plan_edits.remove, body(task("only")), "", 0)[0] == "empty"


def test_another_key_is_another_everywhere() -> None:
    made = patched(CHAIN, plan_edits.rename(CHAIN, "", 0, "hr-record"))
    assert made["tasks"][1]["when"] == 'tasks.hr_record.number != ""'
    assert waits(made)["welcome"] == After(("laptop",), (("accounts", "hr-record"),))
    codes = [refusal(plan_edits.rename, CHAIN, "", 0, key)[0] for key in ("laptop", "Not Kebab", "")]
    assert codes == ["duplicate", "invalid", "empty"]
    assert refusal(plan_edits.rename, CHAIN, "", 1, "undo-record")[0] == "duplicate"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tasks.a.x == tasks . a .y", "tasks.b.x == tasks . b .y"),
        ('"tasks.a" == tasks["a"].x', '"tasks.a" == tasks["b"].x'),
        ("has(tasks.a.x) || tasks.ab.x", "has(tasks.b.x) || tasks.ab.x"),
        ("rows.exists(tasks, tasks.a == 1)", "rows.exists(tasks, tasks.a == 1)"),
        ("rows.exists(r, r.tasks.a == tasks.a.n)", "rows.exists(r, r.tasks.a == tasks.b.n)"),
        ('"五" == tasks.a.x // tasks.a', '"五" == tasks.b.x // tasks.a'),
        ("tasks.a.", "tasks.a."),
    ],
)
def test_a_name_is_changed_where_an_expression_takes_it_from_outside(text: str, expected: str) -> None:
    assert renamed(text, "tasks.a", "b") == expected
    assert mentions(text, "tasks.a") == (text != expected)


def test_a_copy_is_named_by_nothing() -> None:
    made = patched(CHAIN, plan_edits.duplicate(CHAIN, "", 0))
    assert made["tasks"][1] == {**CHAIN["tasks"][0], "key": "record-2"}
    assert not any("record-2" in after.keys for after in waits(made).values())


def test_another_way_of_doing_a_task_excludes_what_does_not_fit() -> None:
    plan = body(task("a", group="desk", form={"fields": []}), task("b", request="laptop", answers={"x": "today"}))
    made = patched(plan, plan_edits.set_work(plan, "", 0, "request", "laptop"))
    assert made["tasks"][0] == task("a", form={"fields": []}, request="laptop")
    made = patched(plan, plan_edits.set_work(plan, "", 1, "automate", {"webhook": "hr-system"}))
    assert made["tasks"][1] == task("b", automate={"webhook": "hr-system"})
    assert plan_edits.set_work(plan, "", 1, "request", "laptop") == []
    assert refusal(plan_edits.set_work, plan, "", 0, "magic", None)[0] == "unknown"


@pytest.mark.parametrize(
    "tasks", [[], [None, "x", {"key": 1, "after": {"any": 3}}], [{"after": [1, {"any": ["a", 2]}]}]]
)
def test_a_draft_may_hold_anything(tasks: list[Any]) -> None:
    plan = {**HEAD, "tasks": tasks}
    for index in range(len(tasks)):
        assert len(tasks_of(done(plan, ("duplicate", index)))) == len(tasks) + 1
        assert len(tasks_of(done(plan, ("remove", index)))) == max(1, len(tasks) - 1)
    assert patched(plan, plan_edits.add(plan, "", title=TITLE))["tasks"][-1]["key"] == "new-task"
    assert refusal(plan_edits.remove, plan, "", len(tasks))[1] == "There is no such task any more."


KEYS = ("a", "b-c", "d", "undo-a", "e")
AFTERS = st.builds(After, st.lists(st.sampled_from(KEYS), unique=True, max_size=3).map(tuple))


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Sound plans: each task waits for earlier ones, and asks for answers of one that it waits for."""
    made: list[dict[str, Any]] = []
    for key in draw(st.lists(st.sampled_from(("a", "b-c", "d", "e")), unique=True, min_size=1)):
        before = [one["key"] for one in made]
        every = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        choice = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        one = {"key": key, "title": {"en": key}}
        value = after_value(After(tuple(every), (tuple(choice),) if choice else ()))
        one |= {"after": value} if value is not None else {}
        asks: bool = draw(st.booleans())
        if every and asks:
            one["when"] = f"tasks.{as_name(every[0])}.done && true"
        if draw(st.booleans()):
            one["undo"] = {"title": {"en": "Back"}}
        made.append(one)
    return {**HEAD, "tasks": made}


INDEX = st.integers(0, 5)
ACTS = st.one_of(
    st.tuples(st.just("add"), st.none() | INDEX, st.none() | INDEX),
    st.tuples(st.just("connect"), INDEX, INDEX),
    st.tuples(st.just("disconnect"), INDEX, INDEX),
    st.tuples(st.just("set_after"), INDEX, AFTERS),
    st.tuples(st.just("duplicate"), INDEX),
    st.tuples(st.just("remove"), INDEX),
    st.tuples(st.just("rename"), INDEX, st.sampled_from(KEYS)),
)


def done(plan: dict[str, Any], act: tuple[Any, ...]) -> dict[str, Any]:
    """The plan after an act; as it was where the act is refused."""
    name, *said = act
    more = {"title": TITLE, "first": said[0], "then": said[1]} if name == "add" else {}
    try:
        return patched(plan, getattr(plan_edits, name)(plan, "", *(() if more else said), **more))
    except Invalid:
        return plan


@given(plan=plans(), acts=st.lists(ACTS, max_size=8))
@settings(max_examples=60)
def test_whatever_is_done_the_plan_stays_sound(plan: dict[str, Any], acts: list[tuple[Any, ...]]) -> None:
    for act in acts:
        before = copy.deepcopy(plan)
        plan, was = done(plan, act), plan
        assert was == before
        assert violations(KINDS["fulfilment_plan"].part, plan) == []
        assert check_plan(plan) == []
        names = {as_name(key) for key in waits(plan)}
        for one in tasks_of(plan):
            named = {name.split(".")[1] for name in free_names(one["when"])} if "when" in one else set()
            assert named <= names
