"""Examples beside a service: they come to what the preview says, and whatever differs is said at its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests import databases

from servicehall import config
from servicehall.documents.document import Document
from servicehall.documents.json_schema import schema_of
from servicehall.documents.pack import Pack, as_document, check
from servicehall.documents.releases import build_release
from servicehall.documents.source import read_yaml
from servicehall.services import examples

DEPARTMENT = Document.of(
    {"kind": "department", "department": "it", "key": "it", "agents": ["desk"], "approval_fallback": "leads"}
)
SERVICE = """\
kind: service
department: it
key: thing
title: A thing
audience: requester.department == "it"
on_behalf: self
price: {amount: "10.00", currency: CNY}
form:
  pages:
    - key: main
      title: Thing
      fields:
        - {key: total, type: money, label: Total, required: true, max: "9000"}
        - {key: why, type: text, label: Why, visible: total > 500, required: total > 500}
        - {key: twice, type: computed, label: Twice, value: total * 2.0, as: money}
        - {key: owner, type: person, label: Owner}
approval:
  stages:
    - {key: boss, title: Boss, approvers: [manager: {}]}
    - {key: line, title: Line, when: total > 500, approvers: [manager_until: {limit: total}]}
    - {key: team, title: Team, approvers: [group: board], group_counts: each, decide: {at_least: 2}}
    - {key: head, title: Head, when: total > 5000, approvers: [department_head: {}]}
    - {key: money, title: Money, when: total > 8000, approvers: [role: Controller]}
fulfilment:
  tasks:
    - {key: buy, title: Buy, group: desk, due: 2 days}
    - {key: sign-off, title: Sign off, group: desk, when: total > 500}
    - {key: give, title: Give, group: desk, after: [buy, sign-off], due: 1 days}
sla: {calendar: 24x7, priority: p3, targets: [{measure: resolution, by_priority: {p3: 5 days}}]}
examples:
  people:
    - {email: lin@example.com, department: it, manager: ana@example.com}
    - {email: ana@example.com, manager: bo@example.com, approval_limit: "1000", currency: CNY, deputy: dep@example.com}
    - {email: bo@example.com, department: it, department_head: true, approval_limit: "9000", currency: CNY}
    - {email: kim@example.com, department: hr}
    - {email: gia@example.com, groups: [board]}
    - {email: gus@example.com, groups: [it/board]}
  cases: []
"""
CHEAP = {"total": "100"}
DEAR = {"total": "2000", "why": "Needed"}
DEAREST = {"total": "8500", "why": "Needed"}
HELD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (CHEAP, {"stages": {"boss": ["ana@example.com"], "team": ["gia@example.com", "gus@example.com"]}}),
    (CHEAP, {"needed": {"boss": 1, "team": 2}, "skipped": ["line", "head", "money", "sign-off"]}),
    (CHEAP, {"tasks": ["buy", "give"], "after": {"give": ["buy"], "buy": []}, "groups": {"buy": "desk"}}),
    (CHEAP, {"dates": {"buy": "2026-01-07", "give": "2026-01-08T12:00:00Z", "resolution": "2026-01-10"}}),
    (CHEAP, {"hidden": ["why"], "visible": ["total"], "required": ["total"], "answers": {"twice": "200.00"}}),
    (CHEAP, {"price": "10.00", "priority": "p3"}),
    (
        DEAR,
        {
            "stages": {
                "boss": ["ana@example.com"],
                "line": ["bo@example.com"],
                "team": ["gus@example.com", "gia@example.com"],
            }
        },
    ),
    (DEAREST, {"skipped": ["head"], "needed": {"money": 1}}),
    (CHEAP | {"owner": "oz@example.com"}, {"answers": {"owner": "oz@example.com"}}),
    ({}, {"refused": ["total"]}),
    ({"total": "9001", "why": "Needed"}, {"refused": ["total"]}),
    ({"total": "600"}, {"refused": ["why"]}),
]
"""Answers, and what comes of them."""
DIFFERS: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    (
        CHEAP,
        {"stages": {"boss": ["bo@example.com"], "team": ["gia@example.com", "gus@example.com"]}},
        "stages.boss",
        "asks ana@example.com",
    ),
    (CHEAP, {"stages": {"boss": ["ana@example.com"]}}, "stages", "“team” asks gia@example.com, gus@example.com"),
    (
        CHEAP,
        {"stages": {"boss": ["ana@example.com"], "team": ["gia@example.com", "gus@example.com"], "head": []}},
        "stages.head",
        "this stage asks nobody",
    ),
    (CHEAP, {"needed": {"team": 1}}, "needed.team", "is 2"),
    (CHEAP, {"tasks": ["buy"]}, "tasks", "also give"),
    (CHEAP, {"tasks": ["buy", "give", "sign-off"]}, "tasks", "not there: sign-off"),
    (CHEAP, {"after": {"give": []}}, "after.give", "waits for buy"),
    (CHEAP, {"groups": {"buy": "board"}}, "groups.buy", "is desk"),
    (CHEAP, {"dates": {"buy": "2026-01-08"}}, "dates.buy", "is 2026-01-07"),
    (CHEAP, {"dates": {"buy": "2026-01-07T12:00:01Z"}}, "dates.buy", "is 2026-01-07T12:00:00Z"),
    (CHEAP, {"dates": {"response": "2026-01-07"}}, "dates.response", "is –"),
    (CHEAP, {"visible": ["why"]}, "visible", "not visible: why"),
    (CHEAP, {"hidden": ["total"]}, "hidden", "visible: total"),
    (CHEAP, {"hidden": ["whim"]}, "hidden", "there is no field whim"),
    (CHEAP, {"required": []}, "required", "also total"),
    (CHEAP, {"answers": {"twice": "300.00"}}, "answers.twice", "is 200.00"),
    (CHEAP, {"price": "11.00"}, "price", "is 10.00"),
    (CHEAP, {"priority": "p1"}, "priority", "is p3"),
    (CHEAP, {"skipped": ["boss"]}, "skipped", "not skipped: boss"),
    (CHEAP, {"refused": ["why"]}, "refused", "not refused: why"),
    ({}, {"tasks": ["buy", "give"]}, "refused", "“total” is refused: This needs an answer."),
    (CHEAP, {"allowed": False}, "allowed", "the person may order it"),
]


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    before = config._current
    config.use(config.Settings(secret_key=databases.SECRET))
    yield
    config._current = before


def document(*cases: dict[str, Any], text: str = SERVICE, **examples_: Any) -> Document:
    body = yaml.safe_load(text)
    body["examples"] |= {"cases": list(cases)} | examples_
    return Document.of(body, file="thing.yaml")


def case(answers: dict[str, Any], expect: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"key": "one", "title": "One", "person": "lin@example.com", "answers": answers, "expect": expect, **said}


def find(kind: str, department: str, key: str) -> Document | None:
    return DEPARTMENT if (kind, department, key) == DEPARTMENT.name else None


def run(*cases: dict[str, Any], **said: Any) -> list[examples.Result]:
    return examples.run(document(*cases, **said), find, None)


def differences(*cases: dict[str, Any], **said: Any) -> list[tuple[str, str]]:
    return [(one.path, one.message) for result in run(*cases, **said) for one in result.differences]


@pytest.mark.parametrize(("answers", "expect"), HELD)
def test_what_comes_of_it_is_green(answers: dict[str, Any], expect: dict[str, Any]) -> None:
    assert differences(case(answers, expect)) == []


@pytest.mark.parametrize(("answers", "expect", "place", "told"), DIFFERS)
def test_what_differs_is_said_at_its_place(
    answers: dict[str, Any], expect: dict[str, Any], place: str, told: str
) -> None:
    assert differences(case(answers, expect)) == [(f"expect.{place}", told)]


@pytest.mark.parametrize(
    "said", [{"person": "kim@example.com"}, {"requested_for": "kim@example.com"}], ids=["audience", "on_behalf"]
)
def test_whoever_may_not_order_it(said: dict[str, Any]) -> None:
    assert differences(case(CHEAP, {"allowed": False}, **said)) == []
    assert differences(case(CHEAP, {"tasks": ["buy"]}, **said)) == [("expect.allowed", "the person may not order it")]


def test_an_example_happens_when_it_says() -> None:
    expect = {"dates": {"buy": "2026-03-04"}}
    assert differences(case(CHEAP, expect, moment="2026-03-02")) == []
    assert differences(case(CHEAP, expect, moment="2026-03-02T23:59:59Z")) == []
    assert differences(case(CHEAP, expect, moment="2026-03-02T23:00:00-02:00")) != []


def test_without_people_of_its_own_it_needs_the_directory() -> None:
    found = run(case(CHEAP, {}), people=[])
    assert [(one.state, one.differences) for one in found] == [("not_run", ())]


def test_the_release_does_not_hold_them() -> None:
    assert "examples" not in build_release(document(case(CHEAP, {})), find)["service"]


def test_a_difference_is_an_error_at_its_line() -> None:
    one = "key: a\n      person: lin@example.com\n      answers: {total: '1'}\n      expect:\n        tasks: [buy]\n"
    text = SERVICE.replace("cases: []", f"cases:\n    - {one}")
    made, wrong = as_document(read_yaml(text), "thing.yaml")
    assert made is not None and wrong == []
    (found,) = examples.problems([made], find, None)
    assert (found.severity, found.path) == ("error", "examples.cases[0].expect.tasks")
    assert text.splitlines()[found.line - 1].strip() == "tasks: [buy]"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"cases": []}, "examples.cases"),
    ({"people": [{"name": "Lin"}], "cases": [case({}, {})]}, "examples.people[0].email"),
    ({"cases": [{"key": "a", "person": "lin", "expect": {}}]}, "examples.cases[0].person"),
    ({"cases": [{"key": "a", "person": "a@b", "expect": {"task": []}}]}, "examples.cases[0].expect.task"),
    ({"cases": [{"key": "a", "person": "a@b", "moment": "soon", "expect": {}}]}, "examples.cases[0].moment"),
    ({"cases": [case({}, {}), case({}, {})]}, "examples.cases[1].key"),
    ({"cases": [case({}, {"stages": {"bos": []}})]}, "examples.cases[0].expect.stages.bos"),
    ({"cases": [case({}, {"needed": {"bos": 1}})]}, "examples.cases[0].expect.needed.bos"),
    ({"cases": [case({}, {"after": {"buyy": []}})]}, "examples.cases[0].expect.after.buyy"),
    ({"cases": [case({}, {"tasks": ["buyy"]})]}, "examples.cases[0].expect.tasks[0]"),
    ({"cases": [case({}, {"skipped": ["nothing"]})]}, "examples.cases[0].expect.skipped[0]"),
]


@pytest.mark.parametrize(("said", "place"), WRONG)
def test_what_is_written_wrong_is_said_by_the_checks(said: dict[str, Any], place: str) -> None:
    body = {**yaml.safe_load(SERVICE), "examples": said}
    found = check(Pack((Document.of(body), DEPARTMENT)), find=find)
    assert [one.path for one in found if one.path.startswith("examples")] == [place]


def test_the_canonical_text_and_the_schema_know_them() -> None:
    made = document(case(DEAR, {"tasks": ["buy"], "after": {"give": ["buy"]}}))
    assert yaml.safe_load(made.canonical()) == made.body
    assert "        person: lin@example.com\n" not in made.canonical()
    schema = schema_of("service")
    assert schema["properties"]["examples"] == {"$ref": "#/$defs/Examples"}
    assert set(schema["$defs"]["Case"]["required"]) == {"key", "person", "expect"}
