"""Checks that think: each kind of defect is found where it was put, with a case that the engine itself confirms."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import pytest
from tests.proofs import LONG, SAMPLE_SEED

from servicehall.documents.checks.thinking import Patience, Thinking
from servicehall.documents.document import Document
from servicehall.documents.examination import Examination, Library, PlacedProblem
from servicehall.documents.pack import Pack, check
from servicehall.documents.reasoning import solver
from servicehall.documents.reasoning.witnesses import Anything
from servicehall.documents.reasoning.world import World
from servicehall.documents.source import read_yaml
from servicehall.domain.approval_chains import parse_chain
from servicehall.domain.conditions import Activation, Context, NoValue, PersonFacts, RequestFacts, compile
from servicehall.domain.plan_dates import Reckoning, plan_dates
from servicehall.domain.plans import parse_plan
from servicehall.domain.voices import Circumstances, PersonCandidate, ask
from servicehall.forms import compile_form

SERVICE = """\
kind: service
department: it
key: loan
title: {en: Loan, zh: 借用}
audience: requester.type == "employee"
excluded: requester.grade == "intern"
form:
  pages:
    - key: what
      title: {en: What, zh: 内容}
      fields:
        - {key: kind, type: choice, label: {en: Kind, zh: 类型}, required: true, options: [{key: tool, label: Tool}, {key: car, label: Car}, {key: room, label: Room, when: amount < 900}]}
        - {key: amount, type: money, label: {en: Amount, zh: 金额}, required: true, min: "10", max: "100000"}
        - {key: seats, type: integer, label: {en: Seats, zh: 座位}, required: kind == "car", visible: kind == "car", min: 2, max: 9}
        - {key: trailer, type: boolean, label: {en: Trailer, zh: 挂车}, visible: kind == "car" && seats > 4}
        - {key: day, type: date, label: {en: Day, zh: 日期}, required: true, check: [{rule: value > today, message: Later}]}
        - {key: note, type: text, label: {en: Note, zh: 说明}, read_only: amount < 20, max_length: 40}
        - {key: doubled, type: computed, label: {en: Twice, zh: 两倍}, as: money, value: amount * 2.0}
        - {key: code, type: text, label: {en: Code, zh: 代码}}
    - key: more
      title: {en: More, zh: 更多}
      visible: kind != "tool"
      fields:
        - {key: extra, type: text, label: {en: Extra, zh: 其他}, required: true}
approval:
  apart: [[low, high]]
  stages:
    - {key: low, title: {en: Low, zh: 低}, when: amount < 5000, approvers: [{person: ana@example.com}]}
    - {key: high, title: {en: High, zh: 高}, when: amount >= 5000, approvers: [{person: bo@example.com}, {manager: {of: requester}}], decide: {at_least: 2}, fields: [code]}
sla:
  - {priority: p1, when: amount > 50000, targets: [{measure: response, by_priority: {p1: 1 hour}}]}
  - {priority: p3, targets: [{measure: response, by_priority: {p3: 1 day}, escalate: [{at: 50%, when: seats > 3, do: [{notify: [assignee]}]}]}]}
fulfilment:
  anchor: day
  calendar: 24x7
  tasks:
    - {key: look, title: {en: Look, zh: 查看}, group: desk, due: -5 business days, form: {fields: [{key: hours, type: integer, label: {en: Hours, zh: 小时}, min: 0, max: 40}]}}
    - {key: short, title: {en: Short, zh: 短}, group: desk, after: [look], when: tasks.look.hours < 8, due: -2 business days}
    - {key: long, title: {en: Long, zh: 长}, group: desk, after: [look], when: tasks.look.hours >= 8, due: -1 business day}
"""  # noqa: E501 - one field, one line

MUTATIONS = {
    "never shown": ('visible: kind == "car" && seats > 4', 'visible: kind == "car" && seats > 12', "never", "visible"),
    "never shown, by another field": (
        'visible: kind == "car" && seats > 4',
        'visible: kind == "tool" && seats > 4',
        "never",
        "visible",
    ),
    "never shown, by what is computed": (
        'visible: kind == "car" && seats > 4',
        "visible: doubled < amount",
        "never",
        "visible",
    ),
    "never shown, by the rule of a date": (
        'visible: kind == "car" && seats > 4',
        "visible: day <= today",
        "never",
        "visible",
    ),
    "never shown, by a text": (
        'visible: kind == "car" && seats > 4',
        'visible: code.startsWith("ab") && code == "ba"',
        "never",
        "visible",
    ),
    "a page that is never shown": ('visible: kind != "tool"', "visible: amount < 5", "never", "form.pages[1].visible"),
    "an option that is never offered": ("when: amount < 900", "when: amount < 9", "never", "options[2].when"),
    "required while it is not shown": (
        'required: kind == "car"',
        "required: amount > 100",
        "required_unseen",
        "required",
    ),
    "never required": ('required: kind == "car"', 'required: kind == "room"', "never", "required"),
    "always read only": ("read_only: amount < 20", "read_only: amount > 5", "always", "read_only"),
    "always true by logic": (
        "read_only: amount < 20",
        "read_only: seats > 4 || seats <= 4",
        "always",
        "read_only",
    ),
    "a rule that nothing passes": ("rule: value > today", "rule: value > value + days(1)", "never", "check[0].rule"),
    "a rule that all pass": (
        "rule: value > today",
        'rule: value > timestamp("0001-01-01T00:00:00Z") || true',
        "always",
        "rule",
    ),
    "nothing is accepted": (
        "message: Later}]",
        "message: Later}, {rule: value < today, message: Before}]",
        "unanswerable",
        "fields[4]",
    ),
    "a stage without a way out": (
        "label: {en: Code, zh: 代码}}",
        "label: {en: Code, zh: 代码}, required: true, check: [{rule: 'value == \"x\"'}, {rule: 'value == \"y\"'}]}",
        "unanswerable",
        "fields[7]",
    ),
    "a stage that is never asked": ("when: amount >= 5000", "when: amount >= 500000", "never", "stages[1].when"),
    "a stage that is always asked": ("when: amount < 5000", "when: amount < 500000", "always", "stages[0].when"),
    "a policy that never counts": ("when: amount > 50000", "when: amount < 1", "never", "sla[0].when"),
    "a step that is never taken": ("when: seats > 3", "when: seats > 30", "never", "escalate[0].when"),
    "nobody may see it": (
        'audience: requester.type == "employee"',
        'audience: requester.type == "a" && requester.type == "b"',
        "never",
        "audience",
    ),
    "all of the audience excluded": (
        'excluded: requester.grade == "intern"',
        'excluded: requester.type == "employee"',
        "never",
        "excluded",
    ),
    "a gap between stages": ("when: amount >= 5000", "when: amount > 5000", "gap", "stages[1].when"),
    "a wide gap between stages": ("when: amount >= 5000", "when: amount > 6000", "gap", "stages[1].when"),
    "an overlap of stages": ("when: amount < 5000", "when: amount <= 5000", "overlap", "stages[1].when"),
    "a wide overlap of stages": ("when: amount < 5000", "when: amount < 7000", "overlap", "stages[1].when"),
    "a gap between tasks": ("when: tasks.look.hours >= 8", "when: tasks.look.hours > 8", "gap", "tasks[2].when"),
    "an overlap of tasks": ("when: tasks.look.hours < 8", "when: tasks.look.hours <= 8", "overlap", "tasks[2].when"),
    "a task that no path reaches": (
        "when: tasks.look.hours >= 8",
        "when: tasks.look.hours > 40",
        "never",
        "tasks[2].when",
    ),
    "an offset that cannot be met": ("due: -2 business days", "due: -7 business days", "late", "tasks[1].due"),
    "a quorum above the number of people": ("decide: {at_least: 2}", "decide: {at_least: 3}", "quorum", "decide"),
    "the same person in stages kept apart": (
        "approvers: [{person: bo@example.com}, {manager: {of: requester}}], decide: {at_least: 2}",
        "approvers: [{person: ana@example.com}]",
        "nobody_left",
        "stages[1].approvers",
    ),
    "a text in one language only": ("{en: Seats, zh: 座位}", "{en: Seats}", "untranslated", "label"),
    "circular conditions": ('visible: kind == "car", min', "visible: trailer, min", "cycle", "fields"),
    "circular computed values": ("value: amount * 2.0", "value: doubled * 2.0", "cycle", "fields[6]"),
    "a plan that goes round": ("group: desk, due: -5", "group: desk, after: [long], due: -5", "cycle", "after"),
}


def document(text: str) -> Document:
    source = read_yaml(text)
    assert not source.problems, source.problems
    return Document.of(source.value, lines=source.lines)


def found_in(text: str, **options: Any) -> list[PlacedProblem]:
    return check(Pack((document(text),)), find=lambda kind, department, key: None, **options)


def test_a_service_without_a_defect_raises_no_alarm() -> None:
    assert [str(one) for one in found_in(SERVICE)] == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_defect_is_found_where_it_was_put(name: str) -> None:
    old, new, code, place = MUTATIONS[name]
    assert SERVICE.count(old) == 1, old
    found = found_in(SERVICE.replace(old, new))
    mine = [one for one in found if one.code == code and place in one.path]
    assert mine, [str(one) for one in found]
    assert {one.severity for one in mine} == {"error" if code == "cycle" else "warning"}
    assert mine[0].witness, mine[0]
    CONFIRM[code](document(SERVICE.replace(old, new)), mine[0])


# --- the engine itself is asked about each witness ---


def context(witness: Mapping[str, Any]) -> Context:
    who = {"id": "x", "name": "X", "email": "x@example.com", **witness.get("requester", {})}
    today = date.fromisoformat(witness.get("today", "2026-03-02"))
    person = PersonFacts(**who)
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    request = RequestFacts(**witness.get("request", {}))
    return Context(person, person, now, today, request, witness.get("tasks", {}))


def value_at(body: Any, path: str) -> Any:
    for key in path.replace("]", "").replace("[", ".").split("."):
        body = body[int(key)] if key.isdecimal() else body[key]
    return body


def evaluated(service: Document, rule: str, witness: Mapping[str, Any]) -> bool:
    form = compile_form(service.body["form"])
    tasks = {"look": compile_form(service.body["fulfilment"]["tasks"][0]["form"]).types}
    environment = type(form.environment).of(form.types, tasks=tasks)
    answers = {key: str(value) if key == "amount" else value for key, value in witness.get("answers", {}).items()}
    return compile(rule, environment).holds(Activation(environment, context(witness), answers), otherwise=False)


def never(service: Document, found: PlacedProblem) -> None:
    """It is not true where it was tried; that no other answers make it true, the enumeration below shows."""
    rule = value_at(service.body, found.path)
    assert found.witness
    if found.path.startswith(("form", "approval", "sla[0]", "sla[1]", "fulfilment")) and "value" not in str(rule):
        assert not evaluated(service, rule, found.witness["tried"])


def always(service: Document, found: PlacedProblem) -> None:
    rule = value_at(service.body, found.path)
    if "value" not in rule:
        assert evaluated(service, rule, found.witness or {}) is True


def required_unseen(service: Document, found: PlacedProblem) -> None:
    form = compile_form(service.body["form"])
    witness = found.witness or {}
    checked = form.check(witness["answers"], context(witness), lookup=Anything())
    assert evaluated(service, value_at(service.body, found.path), witness)
    assert "seats" not in checked.visible
    assert not [one for one in checked.errors if one.path in witness["answers"]]


def gap(service: Document, found: PlacedProblem) -> None:
    assert found.witness
    assert [rule for rule in beside(service, found.path) if evaluated(service, rule, found.witness)] == []


def overlap(service: Document, found: PlacedProblem) -> None:
    assert found.witness
    assert len([rule for rule in beside(service, found.path) if evaluated(service, rule, found.witness)]) == 2


def beside(service: Document, path: str) -> list[str]:
    parts = value_at(service.body, path.rpartition("[")[0])
    return [part["when"] for part in parts if "when" in part]


def late(service: Document, found: PlacedProblem) -> None:
    """However early it begins, what it waits for is due after it."""
    plan = parse_plan(service.body["fulfilment"])
    hours = Reckoning(
        after=lambda at, duration: at,
        from_day=lambda day, duration: datetime(day.year, day.month, day.day + int(duration.split()[0]), tzinfo=UTC),
        day_of=datetime.date,
    )
    assert found.witness
    anchor = date.fromisoformat(found.witness["answers"]["day"])
    dates = plan_dates(plan, started_at=datetime(2020, 1, 1, tzinfo=UTC), anchor=anchor, reckoning=hours)
    task = plan.tasks[int(found.path.split("[")[1].split("]")[0])]
    assert dates[task.key].ready_at > (dates[task.key].due_at or dates[task.key].ready_at)


def nobody_enough(service: Document, found: PlacedProblem) -> None:
    """The chain itself asks the fallback, for whomever the rules find."""
    chain = parse_chain(service.body["approval"])
    stage = chain.stage("high")
    names = ["ana" if "ana" in str(rule.params) else f"p{n}" for n, rule in enumerate(stage.approvers)]
    people = [PersonCandidate(name, {"code": "person", "params": {}}) for name in names]
    around = Circumstances(apart=frozenset({"ana"}), administrators=("admin",))
    assert ask(chain, stage, people, around).fallback is not None


def unanswerable(service: Document, found: PlacedProblem) -> None:
    """Every answer that one might try is refused."""
    form = compile_form(service.body["form"])
    key = value_at(service.body, found.path)["key"]
    for value in ("x", "y", "z", *(date(2026, 2, day).isoformat() for day in range(1, 28)), "2026-03-02", "2027-01-01"):
        checked = form.check({key: value}, context({}), lookup=Anything())
        assert [one for one in checked.errors if one.path == key], value


def lacks(service: Document, found: PlacedProblem) -> None:
    assert found.witness
    assert found.witness["locale"] not in value_at(service.body, found.path)


def goes_round(service: Document, found: PlacedProblem) -> None:
    assert found.witness
    cycle = found.witness["cycle"]
    assert len(cycle) > 1
    assert cycle[0] == cycle[-1]


CONFIRM = {
    "never": never,
    "always": always,
    "required_unseen": required_unseen,
    "gap": gap,
    "overlap": overlap,
    "late": late,
    "quorum": nobody_enough,
    "nobody_left": nobody_enough,
    "unanswerable": unanswerable,
    "untranslated": lacks,
    "cycle": goes_round,
}


# --- an oracle: every answer that a small form accepts, one after the other ---

SMALL = {
    "fields": [
        {"key": "kind", "type": "choice", "required": True, "options": [{"key": "a"}, {"key": "b"}]},
        {"key": "n", "type": "integer", "min": 0, "max": 4, "visible": 'kind == "a"'},
        {"key": "m", "type": "integer", "min": 0, "max": 3, "check": [{"rule": "value != n"}]},
        {"key": "yes", "type": "boolean", "required": "n > 2"},
        {"key": "many", "type": "choices", "options": [{"key": "x"}, {"key": "y"}], "visible": "m < 3 || yes"},
        {"key": "twice", "type": "computed", "as": "integer", "value": "n * 2 - m"},
    ]
}
ATOMS = (
    'kind == "a"', 'kind != "b"', "n > 2", "n <= 1", "n == m", "m < 2", "m + 1 > n", "yes", "!yes", "has(answers.n)",
    '"x" in many', "size(many) == 2", "twice > 3", "twice == 1", "has(answers.twice)", "n in [1, 3]", 'kind in ["b"]',
    "n < 0", "n > 4", "m <= 3", "m >= 4", "twice > 8", "twice <= -3", "twice >= -2",
    "size(many) < 1", "size(many) >= 3",
    "(yes ? n : m) > 1", "double(n) * 0.5 > 1.0", "n - m > 3", 'kind.startsWith("a")',
    'sum(many.map(a, {"x": 1.5, "y": 2.0}[a])) > 3.0', 'sum(many.map(a, {"x": 1.5}[a])) > 1.0', "sum([n, m]) > 7.0",
    'sum(many.filter(a, a != "x").map(a, n)) == 4.0', 'sum(many.map(a, a == "x", 5)) > 5.0',
    "sum(many.map(m, 2.5)) > 6.0",
    'many.exists(a, a == "x" && n > 1)', 'many.all(a, a == "y" || m > 3)', 'size(many.filter(a, a == "x")) > 1',
)  # fmt: skip
VALUES = {"kind": "ab", "n": (None, 0, 1, 2, 3, 4), "m": (None, 0, 1, 2, 3), "yes": (None, False, True)}
CASES = 500 if LONG else 40


def conditions(dice: random.Random, depth: int = 0) -> str:
    if depth == 3 or dice.random() < 0.3:
        return dice.choice(ATOMS)
    one, other = (conditions(dice, depth + 1) for _side in range(2))
    return dice.choice((f"({one} && {other})", f"({one} || {other})", f"!({one})", f"({one} && !({other}))"))


@pytest.fixture(scope="module")
def accepted() -> list[Activation]:
    """The values of all answers that the form accepts as they are."""
    form, who = compile_form(SMALL), context({})
    found = []
    for values in product(*VALUES.values(), (None, ["x"], ["y"], ["x", "y"])):
        raw = {key: value for key, value in zip((*VALUES, "many"), values, strict=True) if value is not None}
        checked = form.check(raw, who, lookup=Anything())
        if not checked.errors and {key: checked.answers.get(key) for key in raw} == raw:
            found.append(form.activation(who, checked.answers))
    assert 50 < len(found) < 1_000
    return found


@pytest.mark.proves("C1")
def test_what_the_solver_says_of_a_condition_holds_for_every_answer(
    accepted: list[Activation], record_property: Callable[[str, object], None]
) -> None:
    form, dice = compile_form(SMALL), random.Random(SAMPLE_SEED)
    thinking = Thinking(Examination(Library((), lambda *name: None)), World(form, form.environment))
    said: dict[bool | None, int] = {False: 0, True: 0, None: 0}
    for rule in (*ATOMS, *(conditions(dice) for _number in range(CASES))):
        outcomes = {values_of(rule, form.environment, one) for one in accepted}
        for want, wanted in (("yes", {True}), ("no", {False}), ("not yes", {False, None}), ("not no", {True, None})):
            outcome = thinking.ask(rule, want)
            assert outcome.possible in (bool(outcomes & wanted), None), (SAMPLE_SEED, rule, want, outcome)
            said[outcome.possible] += 1
            if outcome.witness is not None:
                assert thinking.holds(rule, outcome.witness) in wanted, (SAMPLE_SEED, rule, want, outcome)
    assert min(said[False], said[True]) > CASES / 8, said
    assert said[None] < CASES / 20, said
    for name, verdict in (("possible", True), ("impossible", False), ("undecided", None)):
        record_property(name, said[verdict])


def values_of(rule: str, environment: Any, activation: Activation) -> bool | None:
    try:
        return bool(compile(rule, environment).evaluate(activation))
    except NoValue:
        return None


# --- and what is not known is said so ---


def test_without_the_solver_it_is_said_that_nothing_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    solver.is_installed.cache_clear()
    found = found_in(SERVICE.replace("seats > 4", "seats > 12"))
    monkeypatch.undo()
    solver.is_installed.cache_clear()
    assert [(one.severity, one.code) for one in found] == [("note", "not_made")]


def test_what_nobody_can_decide_is_said_so_and_never_guessed() -> None:
    rule = 'code.matches("[a-z]{3}[0-9]") && size(code) == 4 && code.matches("^.{9}$")'
    found = found_in(SERVICE.replace('visible: kind == "car" && seats > 4', f"visible: '{rule}'"))
    assert [(one.severity, one.code) for one in found] == [("note", "undecided")]


def test_patience_ends_and_the_rest_is_not_decided() -> None:
    form = compile_form({"fields": [{"key": "code", "type": "text"}]})
    examination = Examination(Library((), lambda *name: None))
    thinking = Thinking(examination, World(form, form.environment), Patience(1))
    assert thinking.ask('code == "a"', "yes").possible is True
    assert thinking.ask('code.matches("^.{9}$") && size(code) == 4', "yes").possible is None
    assert thinking.ask('code == "a"', "yes").possible is None


def test_a_shared_document_is_judged_by_all_who_use_it() -> None:
    stage = "{key: a, title: A, when: amount > 100, approvers: [{manager: {of: requester}}]}"
    chain = f"kind: approval_chain\ndepartment: it\nkey: line\ntitle: Line\nstages:\n  - {stage}\n"
    head, _tail = SERVICE.split("approval:\n")
    small = head.replace('max: "100000"', 'max: "90"').replace("amount < 900", "amount < 80")
    small += "approval: {use: line}\n"
    large = head.replace("key: loan", "key: other") + "approval: {use: line}\n"
    documents = [document(text) for text in (chain, small)]
    nothing = lambda kind, department, key: None  # noqa: E731
    (found,) = check(Pack(tuple(documents)), find=nothing)
    assert (found.code, found.path) == ("never", "stages[0].when")
    assert check(Pack((*documents, document(large))), find=nothing) == []


@pytest.mark.parametrize(
    ("visible", "code"),
    [
        ("hours > 3", ""),
        ("hours > 3 && amount < 10000", ""),
        ("hours > 41", "never"),
        ("amount < 5", "never"),
        ('kind == "tool" && seats > 3', "never"),
        ("hours >= 0 || hours < 0", "always"),
    ],
)
def test_the_form_of_a_task_is_thought_through_with_the_answers_around_it(visible: str, code: str) -> None:
    field = f"{{key: why, type: text, label: {{en: Why, zh: 原因}}, visible: '{visible}'}}"
    text = SERVICE.replace("min: 0, max: 40}", f"min: 0, max: 40}}, {field}")
    found = found_in(text)
    assert [(one.code, one.path) for one in found] == (
        [(code, "fulfilment.tasks[0].form.fields[1].visible")] if code else []
    )


def test_options_that_differ_in_nothing_but_signs_are_different() -> None:
    options = "[{key: C++, label: C++}, {key: C--, label: C--}]"
    many = f"{{key: many, type: choices, label: {{en: M, zh: 多}}, options: {options}}}"
    shown = '{key: why, type: text, label: {en: W, zh: 因}, visible: \'"C++" in many && !("C--" in many)\'}'
    old = "        - {key: code, type: text"
    assert found_in(SERVICE.replace(old, f"        - {many}\n        - {shown}\n{old}")) == []


def test_of_rules_in_their_order_one_that_another_always_comes_before_is_told() -> None:
    head = "kind: assignment_rule\ndepartment: it\nkey: default\ntitle: Default\nrules:\n"
    first = "  - {when: 'request.type == \"incident\"', group: a, how: manual}\n"
    second = '  - {when: \'request.type == "incident" && request.priority == "p1"\', group: b, how: manual}\n'
    assert found_in(head + second + first) == []
    (found,) = found_in(head + first + second)
    assert (found.code, found.path, found.severity) == ("unreachable", "rules[1].when", "warning")
    assert (found.witness or {})["tried"]["request"] == {"type": "incident", "priority": "p1"}


def test_a_policy_that_those_before_it_leave_nothing_is_told() -> None:
    old = "  - {priority: p3, targets"
    text = SERVICE.replace(
        old,
        "  - {priority: p2, when: amount > 60000, targets: [{measure: response, by_priority: {p2: 1 hour}}]}\n" + old,
    )
    found = [one for one in found_in(text) if one.severity == "warning"]
    assert [(one.code, one.path) for one in found] == [("unreachable", "sla[1].when")]
