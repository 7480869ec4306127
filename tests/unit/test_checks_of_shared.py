"""Shared documents that no service uses, and findings in the words of each language."""

from __future__ import annotations

import pytest

from servicehall.documents.document import Document
from servicehall.documents.examination import PlacedProblem
from servicehall.documents.pack import Pack, check
from servicehall.documents.source import read_yaml
from servicehall.texts import use_locale

SERVICE = """\
kind: service
department: it
key: loan
title: {en: Loan, zh: 借用}
form:
  pages:
    - key: what
      title: {en: What, zh: 内容}
      fields:
        - {key: amount, type: money, label: {en: Amount, zh: 金额}, required: true, min: "10", max: "100000"}
        - {key: seats, type: integer, label: {en: Seats, zh: 座位}, min: 2, max: 9}
        - {key: note, type: text, label: {en: Note, zh: 说明}, visible: seats > 4}
"""


def checked(*texts: str) -> list[PlacedProblem]:
    sources = [read_yaml(text) for text in texts]
    assert not [problem for source in sources for problem in source.problems]
    documents = tuple(Document.of(source.value, lines=source.lines) for source in sources)
    return check(Pack(documents), find=lambda kind, department, key: None)


TARGETS = "targets: [{measure: response, by_priority: {p1: 1 hour}}]"
HEAD = "department: it\nkey: line\ntitle: Line\n"


@pytest.mark.parametrize(
    ("alone", "asks"),
    [
        ("kind: approval_chain\nstages: [{key: a, title: A, when: amount > 100, approvers: [{manager: {}}]}]", True),
        ("kind: approval_chain\nstages: [{key: a, title: A, approvers: [{manager_until: {limit: amount}}]}]", True),
        ("kind: approval_chain\nstages: [{key: a, title: A, approvers: [{manager: {}}]}]", False),
        ("kind: fulfilment_plan\ntasks: [{key: a, title: A, group: desk, when: amount > 100}]", True),
        ("kind: fulfilment_plan\ntasks: [{key: a, title: A, group: desk}]", False),
        (f"kind: sla_policy\npriority: p1\nwhen: amount > 1\n{TARGETS}", True),
        ("kind: field_set\nfields: [{key: code, type: text, label: C, visible: amount > 100.0}]", True),
        ("kind: field_set\nfields: [{key: code, type: text, label: C}]", False),
        ("kind: choice_list\noptions: [{key: a, label: A, when: amount > 100}]", True),
        ("kind: choice_list\noptions: [{key: a, label: A}]", False),
        ("kind: assignment_rule\nrules: [{when: 'request.type == \"change\"', group: a, how: manual}]", False),
    ],
)  # fmt: skip
def test_of_what_no_service_uses_it_is_said_that_its_conditions_were_not_checked(alone: str, asks: bool) -> None:
    found = checked(f"{alone}\n{HEAD}")
    assert [(one.severity, one.code, one.line) for one in found] == ([("note", "unused", 1)] if asks else [])


def test_what_is_used_through_another_document_is_used() -> None:
    stage = "{key: a, title: A, when: amount > 100, approvers: [{manager: {}}]}"
    chain = f"kind: approval_chain\nstages: [{stage}]\n{HEAD}"
    plan = f"kind: fulfilment_plan\ntasks: [{{key: sign, title: Sign, approval: {{use: line}}}}]\n{HEAD}"
    service = SERVICE + "fulfilment: {use: line}\n"
    assert checked(chain, plan, service) == []
    found = checked(chain, plan)
    assert [(one.code, one.message.startswith("no service here")) for one in found] == [("unused", True)]


def test_what_is_found_is_said_as_each_language_says_it() -> None:
    text = SERVICE.replace("{en: Seats, zh: 座位}", "{en: Seats}").replace("seats > 4", "seats > 12 || amount < 5.0")
    with use_locale("zh"):
        found = {one.code: one.message for one in checked(text)}
    assert found["untranslated"] == "缺少中文文本"
    assert found["never"].count("、") == 2
    assert ", " not in found["never"]
    assert {one.message for one in checked(text) if one.code == "untranslated"} == {"there is no text in Chinese"}


KINDS = "kind: choice_list\ndepartment: it\nkey: kinds\ntitle: Kinds\noptions:\n  - {key: a, label: A}\n"
CHOOSING = "        - {key: kind, type: choice, label: Kind, options: {use: kinds}}\n"


def test_what_is_wrong_with_an_option_of_a_shared_list_is_told_where_the_list_is_written() -> None:
    kinds = KINDS + "  - {key: b, label: B, when: RULE}\n  - {key: c, label: C, when: amount >= 900}\n"
    service = SERVICE.replace("        - {key: note", CHOOSING + "        - {key: note")
    assert checked(kinds.replace("RULE", "amount < 900"), service) == []
    (found,) = checked(kinds.replace("RULE", "amount < 9"), service)
    assert (found.code, found.path, found.line) == ("never", "options[1].when", 7)
    (found,) = checked(kinds.replace("RULE", "amount < 899"), service)
    assert (found.code, found.path, found.line) == ("gap", "options[2].when", 8)
    other = service.replace("key: loan", "key: other").replace('min: "10"', 'min: "1"')
    assert checked(kinds.replace("RULE", "amount < 9"), service, other) == []
