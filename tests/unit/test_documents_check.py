"""What the check of a pack finds, where it says so, and that nothing makes it fall over."""

# ruff: noqa: E501 - one mistake, one line

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehall.documents.document import Document
from servicehall.documents.examination import DirectoryFacts, PlacedProblem
from servicehall.documents.kinds.notification import EVENTS
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.pack import Pack, check, read_pack
from servicehall.documents.source import read_yaml
from servicehall.services.notifications import DEFAULTS
from servicehall.texts import placeholders

COMMON = {
    "forms/address.yaml": """\
kind: field_set
department: shared
key: address
fields:
  - {key: street, type: text, label: Street, required: true}
  - {key: country, type: choice, label: Country, options: {use: countries}}
""",
    "forms/countries.yaml": """\
kind: choice_list
department: shared
key: countries
options:
  - {key: cn, label: China}
  - {key: de, label: Germany}
""",
    "it/hours.yaml": """\
kind: calendar
department: it
key: hours
time_zone: Asia/Shanghai
week: {mon-fri: ["09:00-18:00"]}
""",
    "it/matrix.yaml": """\
kind: priority_matrix
department: it
key: matrix
impact: [high, low]
urgency: [high, low]
priority: [[p1, p2], [p3, p4]]
""",
    "it/standard.yaml": """\
kind: sla_policy
department: it
key: standard
calendar: hours
priority: {matrix: matrix}
targets:
  - {measure: response, by_priority: {p1: 1 hour}}
""",
    "it/two-step.yaml": """\
kind: approval_chain
department: it
key: two-step
calendar: hours
stages:
  - key: manager
    title: Manager
    when: total > 500
    approvers:
      - manager_until: {of: requester, limit: total}
  - key: owner
    title: Owner
    approvers:
      - field: owner
    fields: [budget_code]
""",
    "it/child.yaml": """\
kind: service
department: it
key: child
title: Child
form:
  pages:
    - key: main
      fields:
        - {key: employee, type: person, label: Employee, required: true}
        - {key: amount, type: money, label: Amount}
        - {key: twice, type: computed, label: Twice, value: amount * 2.0, as: money}
""",
    "it/plan.yaml": """\
kind: fulfilment_plan
department: it
key: plan
anchor: needed_by
calendar: hours
tasks:
  - key: prepare-it
    group: it-desk
    title: Prepare
    due: -2 business days
    shows: [street]
    form:
      fields:
        - {key: serial, type: text, label: Serial}
  - key: hand-over
    group: it-desk
    title: Hand over
    after: [prepare-it]
    when: tasks.prepare_it.serial != "x" && total > 5
  - key: order
    title: Order
    request: child
    answers:
      employee: requested_for.email
      amount: total
  - key: gate
    title: Gate
    approval:
      stages:
        - key: check
          title: Check
          approvers:
            - group: it-leads
""",
    "it/laptop.yaml": """\
kind: service
department: it
key: laptop
title: {en: Laptop, zh: 电脑}
audience: requester.is_manager || "hr" in requester.groups
form:
  pages:
    - key: main
      title: Main
      fields:
        - {key: total, type: money, label: Total, reopens: [manager]}
        - {key: owner, type: person, label: Owner}
        - {key: needed_by, type: date, label: Needed by}
        - {key: budget_code, type: text, label: Budget code}
        - {use: shared/address}
approval: {use: two-step}
sla: {use: standard}
fulfilment: {use: plan}
""",
}


def documents(texts: dict[str, str] = COMMON) -> dict[str, dict[str, Any]]:
    return {name: read_yaml(text).value for name, text in texts.items()}


def nothing(kind: str, department: str, key: str) -> Document | None:
    return None


def write(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def problems_of(folder: Path, texts: dict[str, str], **options: Any) -> list[PlacedProblem]:
    return check(read_pack(write(folder, texts)), find=nothing, **options)


def test_a_pack_without_a_mistake_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, COMMON) == []


# file, what to replace, by what → the problem's code, path, line, and a word of its message
MISTAKES = [
    ("it/laptop.yaml", "kind: service", "kind: servce", "invalid", "kind", 1, "service"),
    ("it/laptop.yaml", "kind: service\n", "", "missing", "kind", 1, "kind"),
    ("it/laptop.yaml", "key: laptop\n", "", "missing", "key", 1, "missing"),
    ("it/laptop.yaml", "key: laptop", "key: Laptop", "invalid", "key", 3, "kebab-case"),
    ("it/laptop.yaml", "title: {en: Laptop, zh: 电脑}", "title: 5", "type", "title", 4, "text"),
    ("it/laptop.yaml", "title: {en: Laptop", "title: {english!: Laptop", "unknown", "title", 4, "en, zh"),
    ("it/laptop.yaml", "approval: {use", "aproval: {use", "unknown", "aproval", 16, "approval"),
    ("it/laptop.yaml", "{use: two-step}", "{use: two-steps}", "reference", "approval.use", 16, "two-step"),
    ("it/laptop.yaml", "{use: two-step}", "{use: hours}", "reference", "approval.use", 16, "approval_chain"),
    ("it/laptop.yaml", "{use: two-step}", "{use: x, stages: []}", "unknown", "approval.stages", 16, "use"),
    ("it/laptop.yaml", "shared/address", "shared/adress", "reference", "form.pages[0].fields[4].use", 15, "shared/address"),
    ("it/laptop.yaml", "key: laptop\n", "key: laptop\nconfidential: 'yes'\n", "type", "confidential", 4, "true or false"),
    ("it/laptop.yaml", "key: laptop\n", "key: laptop\non_behalf: all\n", "invalid", "on_behalf", 4, "anyone"),
    ("it/laptop.yaml", "key: laptop\n", "key: laptop\ntype: incidnt\n", "invalid", "type", 4, "incident"),
    ("it/laptop.yaml", "key: laptop\n", "key: laptop\nprice: {amount: 5}\n", "type", "price.amount", 4, "quotes"),
    ("it/laptop.yaml", "key: laptop\n", 'key: laptop\nprice: {amount: "5", currency: RMB}\n', "invalid", "price.currency", 4,
     "CNY"),
    ("it/laptop.yaml", "key: laptop\n", 'key: laptop\nprice: {amount: "0.001", currency: CNY}\n', "scale", "price.amount", 4,
     "0.01"),
    ("it/laptop.yaml", "key: laptop\n",
     'key: laptop\nprice: {amount: "5", currency: JPY, recurring: {amount: "0.5", per: month}}\n', "scale",
     "price.recurring.amount", 4, "1"),
    ("it/laptop.yaml", "key: laptop\n",
     'key: laptop\nprice: {amount: "5", currency: CNY, recurring: {amount: "5", currency: EUR, per: month}}\n', "mixed",
     "price.recurring.currency", 4, "CNY"),
    ("forms/countries.yaml", "label: Germany}", 'label: Germany, price: {amount: "0.001", currency: EUR}}', "scale",
     "options[1].price.amount", 6, "0.01"),
    ("forms/address.yaml", "{use: countries}", "{use: countries, from: street}", "exclusive", "fields[1].options", 6, "not both"),
    ("forms/address.yaml", "{use: countries}}", "{use: countries}}\n  - {key: city, type: choice, options: {from: country}}",
     "no_options", "fields[2].options.from", 7, "country"),
    ("it/laptop.yaml", "key: laptop\n", "key: laptop\nkeywords: a\n", "type", "keywords", 4, "list"),
    ("it/laptop.yaml", "requester.is_manager", "requester.is_manger", "unknown_name", "audience", 5, "is_manager"),
    ("it/laptop.yaml", "requester.is_manager", "total > 5", "unknown_name", "audience", 5, "total"),
    ("it/laptop.yaml", "requester.is_manager", "requested_for.is_manager", "unknown_name", "audience", 5, "requester"),
    ("it/laptop.yaml", "requester.is_manager ||", "requester.name ||", "type", "audience", 5, ""),
    ("it/laptop.yaml", "requester.is_manager ||", "requester.is_manager |", "syntax", "audience", 5, ""),
    ("it/laptop.yaml", "key: total, type: money", "key: total, type: mony", "unknown_type", "form.pages[0].fields[0].type", 11,
     "money"),
    ("it/laptop.yaml", "reopens: [manager]", "reopens: [boss]", "unknown_stage", "form.pages[0].fields[0].reopens[0]", 11,
     "manager"),
    ("it/laptop.yaml", "key: owner, type: person", "key: owner, type: text", "type", "stages[1].approvers[0].field", 14,
     "person"),
    ("it/laptop.yaml", "key: total, type: money", "key: total, type: decimal", "type",
     "stages[0].approvers[0].manager_until.limit", 10, "money"),
    ("it/laptop.yaml", "key: needed_by, type: date", "key: needed_by, type: text", "type", "anchor", 4, "date"),
    ("it/laptop.yaml", "key: budget_code", "key: budget", "unknown_field", "stages[1].fields[0]", 15, "budget"),
    ("it/two-step.yaml", "when: total > 500", "when: totl > 500", "unknown_name", "stages[0].when", 8, "total"),
    ("it/two-step.yaml", "when: total > 500", "when: requester.departmant == 'x'", "unknown_name", "stages[0].when", 8,
     "department"),
    ("it/two-step.yaml", "when: total > 500", "when: total", "type", "stages[0].when", 8, ""),
    ("it/two-step.yaml", "of: requester,", "of: someone,", "invalid", "stages[0].approvers[0].manager_until.of", 10,
     "requested_for"),
    ("it/two-step.yaml", "- manager_until: {of: requester, limit: total}", "- manger: {of: requester}", "unknown",
     "stages[0].approvers[0]", 10, "manager"),
    ("it/two-step.yaml", "- field: owner", "- {field: owner, group: x}", "one_name", "stages[1].approvers[0]", 14, "group"),
    ("it/two-step.yaml", "- field: owner", "- field", "type", "stages[1].approvers[0]", 14, "manager"),
    ("it/two-step.yaml", "key: owner", "key: manager", "duplicate", "stages[1].key", 11, "manager"),
    ("it/two-step.yaml", "calendar: hours", "decide: all", "unknown", "decide", 4, ""),
    ("it/two-step.yaml", "calendar: hours", "parallel: [[manager, ghost]]", "unknown", "parallel[0][1]", 4, "owner"),
    ("it/two-step.yaml", "calendar: hours", "apart: [[manager]]", "too_few", "apart[0]", 4, ""),
    ("it/two-step.yaml", "title: Owner", "decide: {percent: 101}", "range", "stages[1].decide.percent", 12, "100"),
    ("it/two-step.yaml", "title: Owner", "decide: most", "invalid", "stages[1].decide", 12, "all"),
    ("it/two-step.yaml", "title: Owner", "remind: {every: 1 day or so}", "duration", "stages[1].remind.every", 12, "2 days"),
    ("it/two-step.yaml", "title: Owner", "remind: {every: -1 business day}", "duration", "stages[1].remind.every", 12, ""),
    ("it/two-step.yaml", "title: Owner", "timeout: {after: 1 day, then: explode}", "invalid", "stages[1].timeout.then", 12,
     "escalate"),
    ("it/two-step.yaml", "title: Owner", "timeout: {after: 1 day}", "missing", "stages[1].timeout.then", 12, ""),
    ("it/two-step.yaml", "title: Owner", "shows: [ghost]", "unknown_field", "stages[1].shows[0]", 12, "owner"),
    ("it/standard.yaml", "{p1: 1 hour}", "{p9: 1 hour}", "invalid", "targets[0].by_priority.p9", 7, "p1"),
    ("it/standard.yaml", "{p1: 1 hour}", "{p1: soon}", "duration", "targets[0].by_priority.p1", 7, "4 hours"),
    ("it/standard.yaml", "measure: response", "measure: speed", "invalid", "targets[0].measure", 7, "resolution"),
    ("it/standard.yaml", "matrix: matrix", "matrix: hours", "reference", "priority.matrix", 5, "matrix"),
    ("it/standard.yaml", "{p1: 1 hour}}", "{p1: 1 hour}, escalate: [{at: half, do: [{webhook: pager}]}]}", "invalid",
     "targets[0].escalate[0].at", 7, "75%"),
    ("it/standard.yaml", "{p1: 1 hour}}", "{p1: 1 hour}, escalate: [{at: 5%, do: [{webhook: 'http://x/'}]}]}", "invalid",
     "targets[0].escalate[0].do[0].webhook", 7, "URL"),
    ("it/standard.yaml", "{p1: 1 hour}}", "{p1: 1 hour}, escalate: [{at: 5%, when: ghost, do: [{webhook: x}]}]}",
     "unknown_name", "targets[0].escalate[0].when", 7, "ghost"),
    ("it/matrix.yaml", "[p3, p4]", "[p3]", "invalid", "priority[1]", 6, ""),
    ("it/hours.yaml", "Asia/Shanghai", "Asia/Shangai", "invalid", "time_zone", 4, ""),
    ("it/hours.yaml", "mon-fri", "mon-fry", "invalid", "week.mon-fry", 5, ""),
    ("it/hours.yaml", "09:00-18:00", "18:00-09:00", "invalid", "week.mon-fri[0]", 5, ""),
    ("it/plan.yaml", "after: [prepare-it]", "after: [prepare]", "unknown", "tasks[1].after", 18, "prepare-it"),
    ("it/plan.yaml", "after: [prepare-it]", "after: [hand-over]", "cycle", "tasks[1].after", 18, "hand-over"),
    ("it/plan.yaml", "key: hand-over", "key: prepare-it", "duplicate", "tasks[1].key", 15, "prepare-it"),
    ("it/plan.yaml", "key: hand-over", "key: hand_over", "invalid", "tasks[1].key", 15, "kebab-case"),
    ("it/plan.yaml", "tasks.prepare_it.serial", "tasks.prepare_it.serie", "unknown_name", "tasks[1].when", 19, "serial"),
    ("it/plan.yaml", "tasks.prepare_it.serial", "tasks.ghost.serial", "unknown_name", "tasks[1].when", 19, "ghost"),
    ("it/plan.yaml", "shows: [street]", "shows: [streets]", "unknown_field", "tasks[0].shows[0]", 11, "street"),
    ("it/plan.yaml", "request: child", "request: hr/child", "reference", "tasks[2].request", 22, "child"),
    ("it/plan.yaml", "amount: total", "amout: total", "unknown_field", "tasks[2].answers.amout", 25, "amount"),
    ("it/plan.yaml", "amount: total", "amount: needed_by", "type", "tasks[2].answers.amount", 25, ""),
    ("it/plan.yaml", "amount: total", "twice: total", "type", "tasks[2].answers.twice", 25, "computed"),
    ("it/plan.yaml", "employee: requested_for.email", "employee: requested_for.mail", "unknown_name",
     "tasks[2].answers.employee", 24, ""),
    ("it/plan.yaml", "type: text, label: Serial", "type: txt, label: Serial", "unknown_type", "tasks[0].form.fields[0].type", 14,
     "text"),
    ("it/plan.yaml", "title: Check", "fields: [budget_code]", "duplicate", "tasks[3].approval.stages[0].fields[0]", 31,
     "budget_code"),
    ("it/plan.yaml", "title: Order\n", "title: Order\n    group: it-desk\n", "exclusive", "tasks[2].group", 22, "request"),
    ("forms/countries.yaml", "key: de", "key: cn", "duplicate", "options[1].key", 6, "cn"),
    ("forms/countries.yaml", "label: Germany}", "lable: Germany}", "unknown", "options[1].lable", 6, "label"),
    ("forms/address.yaml", "key: street", "key: total", "duplicate", "fields[0].key", 5, "total"),
    ("forms/address.yaml", "required: true", "required: ghost", "unknown_name", "fields[0].required", 5, "ghost"),
    ("forms/address.yaml", "{use: countries}", "{use: country}", "reference", "fields[1].options.use", 6, "countries"),
    ("forms/address.yaml", "  - {key: street", "  - {use: address}\n  - {key: street", "nested_use", "fields[0]", 5, "only"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "code", "path", "line", "word"), MISTAKES)
def test_a_mistake_is_named_with_file_line_path_and_what_would_be_right(
    tmp_path: Path, file: str, old: str, new: str, code: str, path: str, line: int, word: str
) -> None:
    assert COMMON[file].count(old) >= 1
    found = problems_of(tmp_path, {**COMMON, file: COMMON[file].replace(old, new)})
    errors = [(one.code, one.path, one.severity) for one in found]
    assert (code, path, "error") in errors, "\n".join(map(str, found))
    told = next(one for one in found if (one.code, one.path) == (code, path))
    assert told.line == line
    assert word in told.message
    assert len(found) <= 3, "one mistake is not told many times:\n" + "\n".join(map(str, found))


def test_a_mistake_hides_no_other_in_its_document(tmp_path: Path) -> None:
    text = (
        COMMON["it/laptop.yaml"]
        .replace("key: laptop\n", "key: laptop\ncolour: red\ntype: order\nkeywords: [5]\n")
        .replace("requester.is_manager ||", "requester.is_boss ||")
        .replace("label: Owner", "labl: Owner")
        .replace("shared/address", "shared/ghost")
        .replace("{use: standard}", "{targets: [{measure: reply, by_priority: {p1: 1 hour}}]}")
        .replace("{use: plan}", "{use: ghost}")
    )
    found = [one for one in problems_of(tmp_path, {**COMMON, "it/laptop.yaml": text}) if one.severity == "error"]
    assert {(one.line, one.path) for one in found} == {
        (4, "colour"),
        (5, "type"),
        (6, "keywords[0]"),
        (8, "audience"),
        (15, "form.pages[0].fields[1].labl"),
        (18, "form.pages[0].fields[4].use"),
        (20, "sla.targets[0].measure"),
        (21, "fulfilment.use"),
    }


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("approval: {use", "aproval: {use", "aproval"),
        ("approval: {use: two-step}", "approval: {stages: []}", "approval.stages"),
        ("form:", "forms:", "forms"),
    ],
)
def test_what_others_lean_on_is_not_held_against_them(tmp_path: Path, old: str, new: str, path: str) -> None:
    texts = edited("it/laptop.yaml", old, new)
    assert [one.path for one in problems_of(tmp_path, texts) if one.severity == "error"] == [path]


def test_a_form_with_a_mistake_still_says_what_its_fields_are(tmp_path: Path) -> None:
    text = COMMON["it/laptop.yaml"].replace("label: Owner", "labl: Owner")
    chain = COMMON["it/two-step.yaml"].replace("when: total > 500", "when: ghost > 500")
    found = problems_of(tmp_path, {**COMMON, "it/laptop.yaml": text, "it/two-step.yaml": chain})
    errors = [(Path(one.file).name, one.path) for one in found if one.severity == "error"]
    assert errors == [("laptop.yaml", "form.pages[0].fields[1].labl"), ("two-step.yaml", "stages[0].when")]


def edited(file: str, old: str, new: str) -> dict[str, str]:
    assert old in COMMON[file]
    return {**COMMON, file: COMMON[file].replace(old, new)}


def test_a_problem_in_a_used_document_of_the_pack_stands_in_its_own_file(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, edited("it/two-step.yaml", "when: total > 500", "when: ghost"))
    assert (found.file, found.line) == (str(tmp_path / "it/two-step.yaml"), 8)


def test_a_problem_in_a_document_from_elsewhere_stands_where_the_pack_uses_it(tmp_path: Path) -> None:
    texts = edited("it/two-step.yaml", "when: total > 500", "when: ghost")
    chain = Document.of(read_yaml(texts.pop("it/two-step.yaml")).value, version=4)
    pack = read_pack(write(tmp_path, texts))
    (found,) = check(pack, find=lambda *name: chain if name == chain.name else None)
    assert (found.file, found.path) == (str(tmp_path / "it/laptop.yaml"), "approval.use")
    assert "it/two-step, stages[0].when" in found.message
    broken = Document.of({**chain.body, "stages": 5})
    (found,) = check(pack, find=lambda *name: broken if name == broken.name else None)
    assert (found.code, found.path) == ("reference", "approval.use")


def test_the_pack_comes_before_what_is_found_elsewhere(tmp_path: Path) -> None:
    asked: list[tuple[str, str, str]] = []

    def find(*name: str) -> Document | None:
        asked.append(name)  # type: ignore[arg-type]
        return None

    assert check(read_pack(write(tmp_path, COMMON)), find=find) == []
    assert asked == []


def test_one_broken_document_hides_no_mistake_of_another(tmp_path: Path) -> None:
    texts = {
        **edited("it/two-step.yaml", "stages:", "stags:"),
        "it/hours.yaml": COMMON["it/hours.yaml"].replace("Shanghai", "Atlantis"),
        "it/nothing.yaml": "- a list\n",
        "it/twice.yml": "a: 1\na: 2\n",
    }
    found = {(Path(one.file).name, one.line, one.code) for one in problems_of(tmp_path, texts)}
    assert found == {
        ("two-step.yaml", 1, "missing"),
        ("two-step.yaml", 5, "unknown"),
        ("hours.yaml", 4, "invalid"),
        ("nothing.yaml", 1, "empty"),
        ("twice.yml", 2, "duplicate_key"),
    }


def test_one_name_stands_for_one_document(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, {**COMMON, "it/again.yaml": COMMON["it/hours.yaml"]})
    assert (found.code, Path(found.file).name, found.line) == ("duplicate", "hours.yaml", 3)
    assert "again.yaml" in found.message


def test_a_department_has_one_document_whatever_its_key(tmp_path: Path) -> None:
    again = DEPARTMENT.replace("department: it\n", "department: it\nkey: other\n")
    (found,) = problems_of(tmp_path, {"a.yaml": DEPARTMENT, "b.yaml": again})
    assert (found.code, Path(found.file).name, found.line) == ("duplicate", "b.yaml", 3)


def test_texts_for_an_event_that_nobody_is_told_of_are_a_warning(tmp_path: Path) -> None:
    told = "kind: notification\ndepartment: it\nkey: told\nevent: aproval_requested\nsubject: a\nbody: b\n"
    (found,) = problems_of(tmp_path, {"told.yaml": told})
    assert (found.severity, found.path, found.line) == ("warning", "event", 4)
    assert "approval_requested" in found.message
    assert set(EVENTS) == set(DEFAULTS)
    assert [(event, name) for event in EVENTS for text in DEFAULTS[event] for name in placeholders(text)
            if name not in EVENTS[event]] == []  # fmt: skip


def test_a_name_that_an_event_does_not_have_is_a_warning(tmp_path: Path) -> None:
    told = "kind: notification\ndepartment: it\nkey: told\nevent: task_ready\n"
    texts = 'subject: "{numbr}: {task}"\nbody: {en: "{due} {url}", zh: "{stage} { x }"}\n'
    found = problems_of(tmp_path, {"told.yaml": told + texts})
    assert [(one.severity, one.code, one.path) for one in found] == [
        ("warning", "unknown_name", "subject"),
        ("warning", "unknown_name", "body.zh"),
    ]
    assert "number" in found[0].message


def test_the_same_key_may_name_documents_of_two_kinds(tmp_path: Path) -> None:
    rule = "kind: assignment_rule\ndepartment: it\nkey: hours\nrules:\n  - {group: it-desk, how: skills}\n"
    assert problems_of(tmp_path, {**COMMON, "it/rule.yaml": rule}) == []


DEPARTMENT = "kind: department\ndepartment: it\nagents: [it-desk]\n"
DIRECTORY = DirectoryFacts(departments={"it"}, groups={"it-desk", "it-leads"}, people={"ana@example.com"})
UNKNOWN = """\
kind: approval_chain
department: hr
key: x
stages:
  - key: a
    title: A
    approvers:
      - group: it-dsk
      - group: it/it-leads
      - person: bob@example.com
      - person: Ana@Example.com
"""


def test_what_the_directory_does_not_know_is_a_warning_and_an_error_for_publication(tmp_path: Path) -> None:
    texts = {**COMMON, "hr/x.yaml": UNKNOWN}
    assert problems_of(tmp_path, texts) == [], "without a directory nobody is unknown"
    found = problems_of(tmp_path, texts, directory=DIRECTORY)
    assert [(one.severity, one.code, one.path) for one in found] == [
        ("warning", "directory", "department"),
        ("warning", "directory", "stages[0].approvers[0].group"),
        ("warning", "directory", "stages[0].approvers[2].person"),
    ]
    assert "it-desk" in found[1].message
    assert {one.severity for one in problems_of(tmp_path, texts, directory=DIRECTORY, publishing=True)} == {"error"}


def test_a_department_that_the_pack_brings_is_known(tmp_path: Path) -> None:
    texts = {"hr/hr.yaml": "kind: department\ndepartment: hr\nkey: hr\nagents: [it-desk]\n"}
    assert problems_of(tmp_path, texts, directory=DIRECTORY) == []


CONFIDENTIAL = edited("it/laptop.yaml", "key: laptop\n", "key: laptop\nconfidential: true\n")


@pytest.mark.parametrize(
    ("department", "share", "allowed"),
    [("it", "", True), ("hr", "", False), ("hr", ", share_with: [hr]", True), ("hr", ", share_with: [it]", False)],
)
def test_a_confidential_answer_is_shown_only_where_it_is_shared(
    tmp_path: Path, department: str, share: str, allowed: bool
) -> None:
    texts = {
        **CONFIDENTIAL,
        "forms/address.yaml": COMMON["forms/address.yaml"].replace("required: true", f"required: true{share}"),
        "it/plan.yaml": COMMON["it/plan.yaml"].replace("shows:", f"department: {department}\n    shows:"),
    }
    assert [one.code for one in problems_of(tmp_path, texts)] == ([] if allowed else ["confidential"])


@pytest.mark.parametrize(
    ("group", "agents", "allowed"),
    [("hr/hr-desk", "", False), ("hr-desk", "", False), ("hr/hr-desk", "hr-desk", True), ("it-desk", "", True)],
)
def test_a_group_reads_for_its_own_department_unless_it_is_an_agent_here(
    tmp_path: Path, group: str, agents: str, allowed: bool
) -> None:
    texts = {
        **CONFIDENTIAL,
        "it/it.yaml": f"kind: department\ndepartment: it\nagents: [it-desk{agents and ', ' + agents}]\n",
        "it/plan.yaml": COMMON["it/plan.yaml"].replace("group: it-desk", f"group: {group}", 1),
    }
    known = DirectoryFacts(of_groups={"it-desk": "it", "hr-desk": "hr"})
    found = [one.code for one in problems_of(tmp_path, texts, directory=known) if one.severity == "error"]
    assert found == ([] if allowed else ["confidential"])


def test_what_can_be_meant_but_is_likely_wrong_is_a_warning(tmp_path: Path) -> None:
    texts = {
        **edited("it/plan.yaml", "after: [prepare-it]\n    ", ""),
        "it/two-step.yaml": COMMON["it/two-step.yaml"].replace("    title: Owner\n", ""),
        "it/laptop.yaml": COMMON["it/laptop.yaml"].replace(
            "sla: {use: standard}", "sla: [{use: standard}, {use: standard}]"
        ),
        "it/rule.yaml": "kind: assignment_rule\ndepartment: it\nkey: r\nrules: [{group: a}, {group: b}]\n",
    }
    texts["it/plan.yaml"] = texts["it/plan.yaml"].replace("      employee: requested_for.email\n", "")
    found = {(one.severity, one.code) for one in problems_of(tmp_path, texts)}
    assert found == {("warning", code) for code in ("order", "no_title", "unreachable", "unanswered")}


NESTED = """\
kind: service
department: it
key: {key}
title: A service
form: {{pages: [{{key: main, title: Main, fields: [{{key: what, type: text, label: What}}]}}]}}
fulfilment: {{tasks: [{{key: next, title: Next, request: {other}{more}}}]}}
"""


@pytest.mark.parametrize(("more", "found"), [("", ["one", "two"]), (", when: 'what == \"x\"'", [])])
def test_services_do_not_come_to_each_other_without_end(tmp_path: Path, more: str, found: list[str]) -> None:
    texts = {
        "it/one.yaml": NESTED.format(key="one", other="two", more=""),
        "it/two.yaml": NESTED.format(key="two", other="one", more=more),
        "it/three.yaml": NESTED.format(key="three", other="one", more=""),
    }
    told = [one for one in problems_of(tmp_path, texts) if one.severity == "error"]
    assert [(Path(one.file).stem, one.code, one.path) for one in told] == [
        (name, "cycle", "fulfilment.tasks[0].request") for name in found
    ]


PRICED = """\
kind: service
department: it
key: phone
title: Phone
{price}
form:
  pages:
    - key: main
      title: Main
      fields:
        - key: plan
          type: choice
          label: Plan
          options:
            - {{key: small, label: Small, price: "{alone}"}}
            - {{key: large, label: Large, options: [{{key: max, label: Max, price: {nested}}}]}}
        - {{key: size, type: choice, label: Size, options: {{from: plan}}}}
"""
YEN = 'price: {amount: "100", currency: JPY, recurring: {amount: "10", per: month}}'


@pytest.mark.parametrize(
    ("price", "alone", "nested", "found"),
    [
        (YEN, "5", '{amount: "5", recurring: {amount: "1", per: month}}', []),
        (YEN, "5.5", '"5"', [("scale", "options[0].price")]),
        (YEN, "5", '{amount: "5", currency: EUR}', [("mixed", "options[1].options[0].price.currency")]),
        (YEN, "5", '{recurring: {amount: "1", per: year}, amount: "0"}',
         [("mixed", "options[1].options[0].price.recurring.per")]),
        ("summary: Free", "5.5", '{amount: "5", currency: JPY}', [("scale", "options[0].price")]),
        ("summary: Free", "5.5", '"5.005"', []),
        ('price: {amount: "1", currency: EUR}', "5", "5.1", []),
    ],
)  # fmt: skip
def test_what_is_added_up_is_in_one_currency_and_period(
    tmp_path: Path, price: str, alone: str, nested: str, found: list[tuple[str, str]]
) -> None:
    texts = {"it/phone.yaml": PRICED.format(price=price, alone=alone, nested=nested)}
    at = "form.pages[0].fields[0]."
    assert [(one.code, one.path) for one in problems_of(tmp_path, texts)] == [(code, at + path) for code, path in found]


def test_what_the_child_asks_of_its_approvers_is_not_missing(tmp_path: Path) -> None:
    stage = "{key: s, title: S, approvers: [{group: g}], fields: [code]}"
    child = COMMON["it/child.yaml"].replace(
        "        - {key: amount",
        "        - {key: code, type: text, label: Code, required: true}\n        - {key: amount",
    )
    asked = [
        one.message for one in problems_of(tmp_path, {**COMMON, "it/child.yaml": child}) if one.code == "unanswered"
    ]
    assert len(asked) == 1 and "“code”" in asked[0]
    filled = {**COMMON, "it/child.yaml": child + f"approval: {{stages: [{stage}]}}\n"}
    assert problems_of(tmp_path, filled) == []


RULE = "kind: assignment_rule\ndepartment: it\nkey: r\nrules:\n  - {when: '%s', group: it-desk, how: manual}\n"


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ('request.type == "incident"', None),
        ('requested_for.location == "Berlin" && request.priority == "p1"', None),
        ("total > 5", "unknown_name"),
        ("answers.total > 5", "unknown_name"),
        ("tasks.a.b == 1", "unknown_name"),
        ('request.typ == "incident"', "unknown_name"),
        ("request.type", "type"),
        ("request.type ==", "syntax"),
    ],
)
def test_an_assignment_rule_knows_request_and_people_and_no_form(tmp_path: Path, when: str, code: str | None) -> None:
    found = problems_of(tmp_path, {"it/rule.yaml": RULE % when})
    assert {one.code for one in found} == ({code} if code else set())


def test_conditions_of_documents_that_nobody_uses_are_read_for_syntax(tmp_path: Path) -> None:
    chain = UNKNOWN.replace("    title: A\n", "    title: A\n    when: anything > 5 && requester.grade == 'x'\n")
    for old, new, code in (("", "", []), ("> 5", "> > 5", ["syntax"]), ("grade", "grad", ["unknown_name"])):
        found = problems_of(tmp_path, {"hr/x.yaml": chain.replace(old, new)})
        assert [(one.severity, one.code) for one in found] == [("note", "unused"), *(("error", one) for one in code)]


# --- folders ------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_whole_and_a_file_alone(tmp_path: Path) -> None:
    write(
        tmp_path, {**COMMON, ".hidden/x.yaml": "- no", "it/.x.yaml": "- no", "it/guide.md": "# no", "it/x.YML": UNKNOWN}
    )
    pack = read_pack(tmp_path)
    assert pack.problems == ()
    assert len(pack.documents) == len(COMMON) + 1
    assert [document.key for document in read_pack(tmp_path / "it/hours.yaml").documents] == ["hours"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_nothing_to_read_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (found,) = read_pack(tmp_path / name).problems
    assert found.severity == "error"


def test_links_do_not_lead_out_of_the_pack(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(COMMON["it/hours.yaml"])
    folder = write(tmp_path / "pack", COMMON)
    (folder / "it/link.yaml").symlink_to(secret)
    (folder / "it/loop").symlink_to(folder)
    (folder / "it/gone.yaml").symlink_to(tmp_path / "gone.yaml")
    pack = read_pack(folder)
    assert sorted(Path(one.file).name for one in pack.problems) == ["gone.yaml", "link.yaml"]
    assert len(pack.documents) == len(COMMON)


# --- nothing makes it fall over -----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=5) | st.sampled_from([2**80, "use", "x/y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["use", "key", "type", "fields", "stages", "tasks", "when", "a"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in parts for place in places(inner, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value[path[0]] = put(value[path[0]], path[1:], new)
    return value


BODIES = documents()
EVERYWHERE = [(name, place) for name, body in BODIES.items() for place in places(body)]


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(EVERYWHERE), JSON), min_size=1, max_size=2))
def test_any_value_anywhere_yields_problems_never_a_crash(
    changes: list[tuple[tuple[str, tuple[Any, ...]], Any]],
) -> None:
    bodies = copy.deepcopy(BODIES)
    for (name, place), value in changes:
        try:
            bodies[name] = put(bodies[name], place, value)
        except (KeyError, IndexError, TypeError):  # the first change took the second's place away
            continue
    pack = Pack(tuple(Document.of(body, file=name) for name, body in bodies.items() if isinstance(body, dict)))
    for problem in check(pack, find=nothing, directory=DIRECTORY):
        assert problem.message
        json.dumps(problem.as_dict())


@settings(max_examples=40)
@given(st.sampled_from(list(KINDS)), st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_any_mapping_as_a_document_of_any_kind_yields_problems(kind: str, body: dict[str, Any]) -> None:
    document = Document.of({"department": "it", "key": "x", **body, "kind": kind})
    assert isinstance(check(Pack((document,)), find=nothing), list)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**70, "\0", "\ud800", b"bytes", {1: 2}, {"k" * 300: 1}, object()]
)
def test_what_cannot_be_kept_is_refused(value: Any) -> None:
    document = Document.of({"kind": "choice_list", "department": "it", "key": "x", "options": [value]})
    assert [one.severity for one in check(Pack((document,)), find=nothing)] == ["error"]


def test_depth_and_size_are_limited_also_without_a_text() -> None:
    deep: Any = []
    for _level in range(100_000):
        deep = [deep]
    for body in ({"options": deep}, {"options": [1] * 300_000}):
        document = Document.of({"kind": "choice_list", "department": "it", "key": "x", **body})
        assert [one.code for one in check(Pack((document,)), find=nothing)] in (["too_deep"], ["too_large"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("keywords: [" + "a, " * 1001 + "]", "too_many"),
        ("form: {pages: [{key: a, fields: [" + "{key: a, type: text}," * 501 + "]}]}", "too_many"),
        ("form: {pages: [" + "{key: a, fields: [" + "{use: shared/address}," * 499 + "]}]}", "too_many"),
        ("fulfilment:\n  tasks: [" + "{key: a}, " * 1001 + "]", "too_many"),
    ],
)
def test_what_is_far_too_long_is_refused_before_it_is_examined(tmp_path: Path, body: str, code: str) -> None:
    texts = {**COMMON, "it/huge.yaml": f"kind: service\ndepartment: it\nkey: huge\ntitle: Huge\n{body}\n"}
    assert {one.code for one in problems_of(tmp_path, texts)} == {code}


def test_a_list_of_mistakes_is_cut_short(tmp_path: Path) -> None:
    head = "kind: service\ndepartment: it\nkey: x\ntitle: X\n"
    unknown = "".join(f"k{number}: 1\n" for number in range(1000))
    assert len(problems_of(tmp_path / "a", {"x.yaml": head + unknown})) == 50
    assert len(problems_of(tmp_path / "b", {"x.yaml": head + "a: 1\n" * 1000})) == 51
