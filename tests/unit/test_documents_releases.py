"""A release holds everything that a request stays with, and says where it came from."""

from __future__ import annotations

from typing import Any

import pytest

from servicehall.content import canonical
from servicehall.documents.document import Document
from servicehall.documents.releases import build_release, references_of, users_of
from servicehall.documents.source import read_yaml
from servicehall.domain.approval_chains import parse_chain
from servicehall.domain.plans import parse_plan
from servicehall.domain.sla import parse_policy
from servicehall.errors import Invalid
from servicehall.forms import compile_form

TEXTS = """\
kind: service
department: hr
key: onboarding
title: Onboarding
summary: A new colleague
price: {amount: "1.50", currency: EUR}
form:
  pages:
    - key: main
      fields:
        - {key: total, type: money, label: Total}
        - {use: shared/address}
        - {key: rows, type: table, label: Rows, columns: [{key: where, type: choice, options: {use: shared/countries}}]}
approval: {use: it/two-step}
sla:
  - {use: it/standard, when: total > 5}
  - {calendar: hours, priority: p3, targets: [{measure: task, by_priority: {p3: 1 day}}]}
fulfilment: {use: it/plan}
---
kind: field_set
department: shared
key: address
fields:
  - {key: street, type: text, label: Street}
  - {key: country, type: choice, label: Country, options: {use: countries}}
---
kind: choice_list
department: shared
key: countries
options: [{key: cn, label: China}]
---
kind: approval_chain
department: it
key: two-step
title: Two steps
calendar: hours
stages: [{key: manager, approvers: [{manager: {of: requester}}]}]
---
kind: sla_policy
department: it
key: standard
when: total > 1
priority: {matrix: matrix}
calendar: 24x7
targets: [{measure: response, by_priority: {p1: 1 hour}}]
---
kind: priority_matrix
department: it
key: matrix
impact: [a]
urgency: [b]
priority: [[p1]]
---
kind: fulfilment_plan
department: it
key: plan
calendar: hr/hours
tasks:
  - {key: a, title: A, group: x, form: {fields: [{use: shared/address}]}}
  - {key: b, title: B, department: hr, group: x, after: [a]}
  - {key: c, title: C, request: child, answers: {street: street}}
  - {key: d, title: D, approval: {use: two-step}}
---
kind: service
department: it
key: child
title: Child
form: {pages: [{key: main, fields: [{use: shared/address}]}]}
---
kind: calendar
department: it
key: hours
time_zone: UTC
week: {mon: ["09:00-10:00"]}
"""
DOCUMENTS = [Document.of(read_yaml(text).value, version=number) for number, text in enumerate(TEXTS.split("---\n"), 1)]
BY_NAME = {document.name: document for document in DOCUMENTS}


def find(kind: str, department: str, key: str) -> Document | None:
    return BY_NAME.get((kind, department, key))


def document(reference: str) -> Document:
    return next(one for one in DOCUMENTS if f"{one.kind} {one.reference}" == reference)


RELEASE = build_release(document("service hr/onboarding"), find)


def test_the_service_stands_without_its_blocks() -> None:
    assert RELEASE["service"] == {
        "kind": "service", "department": "hr", "key": "onboarding", "title": "Onboarding", "summary": "A new colleague",
        "price": {"amount": "1.50", "currency": "EUR"},
    }  # fmt: skip


def test_field_sets_and_choice_lists_stand_in_the_form() -> None:
    fields = RELEASE["form"]["pages"][0]["fields"]
    options = [{"key": "cn", "label": "China"}]
    assert [field["key"] for field in fields] == ["total", "street", "country", "rows"]
    assert fields[2]["options"] == options
    assert fields[3]["columns"][0]["options"] == options
    assert [field["key"] for field in RELEASE["fulfilment"]["tasks"][0]["form"]["fields"]] == ["street", "country"]


def test_what_stays_live_is_named_with_its_department() -> None:
    assert RELEASE["approval"]["calendar"] == "it/hours", "of the chain's own department"
    assert [policy["calendar"] for policy in RELEASE["sla"]] == ["24x7", "hr/hours"]
    assert RELEASE["fulfilment"]["calendar"] == "hr/hours"
    assert RELEASE["fulfilment"]["tasks"][2]["request"] == "it/child"


def test_blocks_stand_without_the_header_of_their_documents() -> None:
    assert list(RELEASE["approval"]) == ["calendar", "stages"]
    assert set(RELEASE["fulfilment"]) == {"calendar", "tasks"}


def test_policies_keep_their_condition_and_their_matrix() -> None:
    assert [policy.get("when") for policy in RELEASE["sla"]] == ["total > 5", None]
    assert RELEASE["sla"][0]["priority"] == {"matrix": "it/matrix"}
    assert RELEASE["matrices"] == {"it/matrix": {"impact": ["a"], "urgency": ["b"], "priority": [["p1"]]}}


def test_a_task_belongs_to_the_department_of_its_plan_unless_it_says_otherwise() -> None:
    assert [task["department"] for task in RELEASE["fulfilment"]["tasks"]] == ["it", "hr", "it", "it"]


def test_gates_are_resolved() -> None:
    assert RELEASE["fulfilment"]["tasks"][3]["approval"] == RELEASE["approval"]


def test_the_sources_name_every_pinned_document_once_with_its_version() -> None:
    assert RELEASE["sources"][0] == {"kind": "service", "department": "hr", "key": "onboarding", "version": 1}
    named = [(source["kind"], source["key"], source["version"]) for source in RELEASE["sources"]]
    assert sorted(named) == sorted((one.kind, one.key, one.version) for one in DOCUMENTS[:7])


def test_a_release_is_json_and_what_the_domain_reads() -> None:
    assert canonical(RELEASE)
    assert compile_form(RELEASE["form"])
    assert parse_chain(RELEASE["approval"])
    assert [parse_policy(policy) for policy in RELEASE["sla"]]
    assert parse_plan(RELEASE["fulfilment"]).task("d").gate is not None


def test_a_service_of_a_header_alone_has_a_release() -> None:
    release = build_release(Document.of({"kind": "service", "department": "it", "key": "x", "title": "X"}), find)
    assert {name: release[name] for name in ("form", "approval", "sla", "matrices", "fulfilment")} == {
        "form": {"pages": []}, "approval": None, "sla": [], "matrices": {}, "fulfilment": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"approval": {"use": "it/none"}}, "approval.use"),
        ({"form": {"pages": [{"key": "a", "fields": [{"use": "none"}]}]}}, "form.pages[0].fields[0].use"),
        ({"title": 5}, "title"),
    ],
)
def test_what_does_not_resolve_or_is_not_valid_has_no_release(change: dict[str, Any], path: str) -> None:
    service = Document.of({**document("service hr/onboarding").body, **change})
    with pytest.raises(Invalid) as raised:
        build_release(service, find)
    assert [problem.path for problem in raised.value.problems] == [path]


@pytest.mark.parametrize(
    ("reference", "users"),
    [
        ("choice_list shared/countries", ["hr/onboarding", "it/child"]),
        ("field_set shared/address", ["hr/onboarding", "it/child"]),
        ("priority_matrix it/matrix", ["hr/onboarding"]),
        ("approval_chain it/two-step", ["hr/onboarding"]),
        ("fulfilment_plan it/plan", ["hr/onboarding"]),
        ("calendar it/hours", []),
        ("service it/child", []),
    ],
)
def test_the_users_of_a_document_are_the_services_whose_releases_hold_it(reference: str, users: list[str]) -> None:
    assert [user.reference for user in users_of(document(reference), DOCUMENTS)] == users


def test_references_are_those_of_the_schema() -> None:
    assert references_of(document("fulfilment_plan it/plan")) == {
        ("calendar", "hr", "hours"),
        ("field_set", "shared", "address"),
        ("service", "it", "child"),
        ("approval_chain", "it", "two-step"),
    }
