"""The canonical text: one for each document, stable, and changing one label changes one line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehall.documents.canonical import dump
from servicehall.documents.document import Document
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import ANYTHING
from servicehall.documents.source import read_yaml

SERVICE = """\
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
    - key: person
      title: Person
      fields:
        - key: full_name
          type: text
          label: {en: Full name, zh: 姓名}
          help:
            en: |
              First line.

              Third line.
            zh: 一行
          required: true
          pattern: "[A-Z].*"
          check:
            - {rule: value != "x", message: Not x}
        - {use: shared/delivery-address}
        - key: country
          type: choice
          label: Country
          options:
            - {key: cn, label: {en: China, zh: 中国}, price: "3.50"}
            - key: de
              label: Germany
              options:
                - {key: be, label: Berlin}
        - key: city
          type: choice
          options: {from: country}
approval:
  calendar: hr/office-hours
  self_approval: forbid
  stages:
    - key: manager
      title: {en: Line manager, zh: 直属经理}
      approvers:
        - manager: {of: requested_for, level: 1}
        - group: it-security
      decide: {at_least: 2}
      remind: {every: 1 business day}
      timeout: {after: 3 business days, then: {reassign: {group: hr}}}
  parallel: [[security, finance]]
sla:
  - {use: it-standard, when: requester.location == "Berlin"}
  - calendar: 24x7
    priority: {matrix: it/impact-urgency}
    targets:
      - measure: response
        by_priority: {p1: 1 hour, p2: 4 hours}
        pause: [returned, on_hold]
        escalate:
          - at: 100% + 2 hours
            do: [{reassign: {group: it-duty}}, {webhook: pager}]
fulfilment:
  anchor: start_date
  tasks:
    - key: create-accounts
      department: it
      group: it-identity
      title: {en: "Create directory account: mailbox", zh: 创建域账号和邮箱}
      after: [hr-record]
      due: -3 business days
      checklist:
        - {en: One, zh: 一}
        - Two
      undo: {title: Delete, group: it-identity}
"""
# `!=` and `==` stand unquoted outside braces, quoted inside.
SERVICE = SERVICE.replace('{rule: value != "x",', "{rule: 'value != \"x\"',").replace(
    'when: requester.location == "Berlin"}', "when: 'requester.location == \"Berlin\"'}"
)


def canonical(text: str) -> str:
    return Document.of(read_yaml(text).value).canonical()


def test_what_is_written_canonically_comes_back_byte_for_byte() -> None:
    assert canonical(SERVICE) == SERVICE


def test_keys_stand_in_the_order_of_the_language_whatever_the_order_written() -> None:
    written = (
        "title: {zh: 二, de: Zwei, en: Two}\nkey: two\nweek: {sat: [], mon-fri: []}\ndepartment: it\nkind: calendar\n"
    )
    assert canonical(written) == (
        "kind: calendar\ndepartment: it\nkey: two\ntitle: {en: Two, de: Zwei, zh: 二}\nweek: {mon-fri: [], sat: []}\n"
    )


def labels(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the texts of a document stand that have one line."""
    if isinstance(value, dict):
        found = [(*path, key) for key in ("en", "zh", "label", "title") if isinstance(value.get(key), str)]
        return [
            *(place for place in found if "\n" not in value[place[-1]]),
            *(place for key, inner in value.items() for place in labels(inner, (*path, key))),
        ]
    if isinstance(value, list):
        return [place for index, inner in enumerate(value) for place in labels(inner, (*path, index))]
    return []


LABELS = labels(read_yaml(SERVICE).value)


@given(st.sampled_from(LABELS), st.text(min_size=1, max_size=300).filter(lambda text: "\n" not in text))
def test_changing_one_label_changes_one_line(place: tuple[Any, ...], text: str) -> None:
    value = read_yaml(SERVICE).value
    holder = value
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = text
    before, after = SERVICE.splitlines(), Document.of(value).canonical().split("\n")[:-1]
    assert len(before) == len(after)
    assert sum(old != new for old, new in zip(before, after, strict=True)) <= 1


NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15, allow_nan=False).filter(lambda n: n != int(n))
CLEAN = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
AWKWARD = st.sampled_from(
    [*["", " ", "a ", " a"],
     *["-", "- a", "?", ":", "a:", "a: b", "a #b", "#", "'", '"', "\\", "yes", "NO", "null", "~", "="],
     *["1", "1.0", "0x1", "1_0", "12:30", "2026-01-01", "2026-1-1", "---", "..."],
     *["<<", "&a", "*a", "!a", "%a", "@a", "`"],
     *["|", ">", "[", "{", "a, b", "a\nb", "a\nb\n", "a\n\nb\n\n", "\na", " a\nb", "a\n b\n", "a \nb", "a\n \nb", "\t"],
     *["\r\n", "a\r\nb", "\u2028", "\x85", "\ufeff", "\x7f", "😀", "24x7", "75%", "-3 business days", ".5", "1e3"]]
)  # fmt: skip
STRINGS = CLEAN | AWKWARD
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(STRINGS, JSON, max_size=4))
def test_any_value_reads_back_as_it_was(value: dict[str, Any]) -> None:
    text = dump(ANYTHING, value)
    source = read_yaml(text)
    assert source.problems == ()
    assert source.value == value
    assert dump(ANYTHING, source.value) == text


@pytest.mark.parametrize("kind", list(KINDS))
@settings(max_examples=30)
@given(value=st.dictionaries(STRINGS, JSON, max_size=4), data=st.data())
def test_any_value_in_a_document_of_any_kind_reads_back(kind: str, value: dict[str, Any], data: st.DataObject) -> None:
    names = [*KINDS[kind].part.layout.fields]
    known = data.draw(st.dictionaries(st.sampled_from(names).map(lambda name: name.rstrip("_")), JSON, max_size=4))
    document = {**value, **known, "kind": kind}
    text = Document.of(document).canonical()
    source = read_yaml(text)
    assert source.value == document
    assert Document.of(source.value).canonical() == text


def test_a_number_that_json_kept_as_a_whole_one_is_written_as_before() -> None:
    assert read_yaml("a: 1.0").value == {"a": 1}
    assert dump(ANYTHING, {"a": 0.75, "b": []}) == "a: 0.75\nb: []\n"
