"""The catalog language's own examples: accepted as they stand, and the same after a round trip."""

from __future__ import annotations

import pytest

from servicehall.documents.document import Document
from servicehall.documents.pack import Pack, check
from servicehall.documents.releases import build_release
from servicehall.documents.source import read_yaml

EXAMPLES = """\
kind: service
department: hr
key: employee-onboarding
type: request
title: {en: Employee onboarding, zh: 新员工入职}
summary: {en: Everything a new colleague needs on day one, zh: 新同事第一天所需的一切}
category: joiners-and-leavers
icon: user-plus
keywords: [new hire, 入职, starter]
audience: requester.is_manager || "hr" in requester.groups
excluded: requester.type == "contractor"
confidential: true
on_behalf: reports
price: {amount: "0.00", currency: CNY, recurring: {amount: "120.00", per: month}}
form:
  pages:
    - key: p
      title: P
      fields:
        - {key: total, type: money, label: Total}
        - {key: cost_centre_owner, type: person, label: Owner}
        - {key: budget_code, type: text, label: B}
        - {key: bank_account, type: text, label: B, classification: secret}
        - {key: full_name, type: text, share_with: [it]}
        - {key: email, type: email, share_with: [it]}
        - {key: start_date, type: date, share_with: [it]}
        - {key: country, type: choice, options: {use: places}}
        - {key: city, type: choice, options: {from: country}}
        - {use: street}
approval:
  calendar: hr/office-hours
  self_approval: forbid
  repeat_approver: skip
  stages:
    - key: manager
      title: {en: Line manager, zh: 直属经理}
      when: total > 5000
      approvers:
        - manager: {of: requested_for, level: 1}
        - manager_until: {of: requester, limit: total}
        - department_head: {of: requested_for}
        - group: it-security
        - role: Finance Controller
        - person: ana@example.com
        - field: cost_centre_owner
      decide: all
      group_counts: one
      comment: on_reject
      sign: false
      fields: [budget_code]
      shows: [bank_account]
      remind: {every: 1 business day}
      timeout: {after: 3 business days, then: escalate}
    - {key: security, approvers: [{manager: {of: requester}}]}
    - {key: finance, approvers: [{group: x}], timeout: {after: 3 business days, then: {reassign: {group: x}}}}
  parallel: [[security, finance]]
  apart: [[manager, finance]]
sla:
  calendar: hr/office-hours
  priority: {matrix: impact-urgency}
  targets:
    - measure: response
      by_priority: {p1: 1 hour, p2: 4 hours, p3: 1 business day, p4: 3 business days}
      start: created
      pause: [returned, on_hold]
      escalate:
        - at: 75%
          do: [{notify: [assignee, group_lead]}]
        - at: 100%
          do: [{notify: [department_head]}, {raise_priority: 1}]
        - at: 100% + 2 hours
          do: [{reassign: {group: it-duty}}, {webhook: pager}]
fulfilment:
  anchor: start_date
  calendar: hr/office-hours
  tasks:
    - {key: hr-record, group: x}
    - key: create-accounts
      department: it
      group: it-identity
      title: {en: Create directory account and mailbox, zh: 创建域账号和邮箱}
      after: [hr-record]
      when: total > 5
      due: -3 business days
      skills: [ad, exchange]
      shows: [full_name, email, start_date]
      form: {fields: [{key: x, type: text}]}
      checklist: [{en: Do}]
      optional: false
      undo: {title: Undo, group: it-identity}
    - key: gate
      approval: {stages: [{key: a, approvers: [{manager: {}}]}]}
    - key: lap
      request: it/laptop
      answers: {employee: requested_for.email}
    - key: auto
      group: g
      after: {any: [lap, gate]}
      automate: {webhook: hr-system, retry: 5}
    - key: ass
      assign: {field: cost_centre_owner}
---
kind: service
department: it
key: laptop
form: {pages: [{key: a, fields: [{key: employee, type: person, required: true}]}]}
---
kind: calendar
department: hr
key: office-hours
time_zone: Asia/Shanghai
week: {mon-fri: ["09:00-12:00", "13:30-18:00"]}
holidays: {country: CN, subdivision: null, make_up_days: true}
closed: [{date: 2026-12-31, name: Stocktaking}]
open: [{date: 2026-10-10, hours: ["09:00-12:00"]}]
---
kind: department
department: hr
agents: [it-service-desk]
assignment: default
approval_fallback: it-leads
calendar: office-hours
review: true
---
kind: choice_list
department: hr
key: places
options: [{key: cn, label: {en: China, zh: 中国}, options: [{key: sh, label: {en: Shanghai, zh: 上海}}]}]
---
kind: field_set
department: hr
key: street
fields: [{key: street, type: text, label: {en: Street, zh: 街道}}]
---
kind: priority_matrix
department: hr
key: impact-urgency
impact: [company, department, person]
urgency: [blocked, hindered, minor]
priority: [[p1, p2, p3], [p2, p3, p4], [p3, p4, p4]]
---
kind: assignment_rule
department: hr
key: default
rules:
  - {when: 'request.type == "incident"', group: it-service-desk, how: least_loaded}
---
kind: notification
department: hr
key: ask
event: approval_requested
subject: {en: "{number}: your decision is asked", zh: "{number}:请您审批"}
body: {en: "…", zh: "…"}
"""
DOCUMENTS = [Document.of(read_yaml(text).value) for text in EXAMPLES.split("---\n")]


def test_the_examples_have_no_error() -> None:
    found = check(Pack(tuple(DOCUMENTS)), find=lambda *name: None)
    assert {(one.severity, one.code) for one in found} == {("warning", "no_title"), ("warning", "untranslated")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.kind)
def test_the_canonical_text_holds_the_same(document: Document) -> None:
    assert read_yaml(document.canonical()).value == document.body


def test_the_example_has_a_release() -> None:
    by_name = {document.name: document for document in DOCUMENTS}
    release = build_release(DOCUMENTS[0], lambda *name: by_name.get(name))
    assert [source["kind"] for source in release["sources"]] == [
        "service",
        "choice_list",
        "field_set",
        "priority_matrix",
    ]
