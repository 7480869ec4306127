"""What changed between two versions, in places and in lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehall.documents.diff import Change, describe_changes, text_diff
from servicehall.documents.document import Document


@pytest.mark.parametrize(
    ("was", "now", "changes"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [Change("a", 1, 2)]),
        ({"a": 1}, {"a": True}, [Change("a", 1, True)]),
        ({"a": 1}, {}, [Change("a", 1, None)]),
        ({}, {"a": [1]}, [Change("a", None, [1])]),
        (None, {"a": 1}, [Change("a", None, 1)]),
        ({"a": 1}, None, [Change("a", 1, None)]),
        ({"t": {"en": "A", "zh": "甲"}}, {"t": {"en": "B", "zh": "甲"}}, [Change("t.en", "A", "B")]),
        ({"l": [1, 2]}, {"l": [2, 1]}, [Change("l", [1, 2], [2, 1])]),
        (
            {"l": [{"key": "a", "x": 1}, {"key": "b"}]},
            {"l": [{"key": "new"}, {"key": "a", "x": 2}]},
            [Change("l[a].x", 1, 2), Change("l[b]", {"key": "b"}, None), Change("l[new]", None, {"key": "new"})],
        ),
        (
            {"l": [{"key": "a"}, {"key": "b"}]},
            {"l": [{"key": "b"}, {"key": "a"}]},
            [Change("l", ["a", "b"], ["b", "a"])],
        ),
        (
            {"l": [{"key": "a"}, {"key": "a", "x": 1}]},
            {"l": [{"key": "a"}]},
            [Change("l", [{"key": "a"}, {"key": "a", "x": 1}], [{"key": "a"}])],
        ),
    ],
)
def test_changes_name_their_place(was: Any, now: Any, changes: list[Change]) -> None:
    assert describe_changes(was, now) == changes


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "key"]), inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES.filter(lambda value: value is not None), max_size=3)


@given(MAPPINGS, MAPPINGS)
def test_there_is_a_change_exactly_where_two_documents_differ(was: dict[str, Any], now: dict[str, Any]) -> None:
    same = json.dumps(was, sort_keys=True) == json.dumps(now, sort_keys=True)
    assert (describe_changes(was, now) == []) == same


def test_the_text_shows_the_line() -> None:
    old = {"kind": "choice_list", "department": "it", "key": "x", "options": [{"key": "a", "label": "One"}]}
    new = {**old, "options": [{"key": "a", "label": "Two"}]}
    text = text_diff(Document.of(old, version=3), Document.of(new))
    assert text.splitlines()[:2] == ["--- it/choice_list.x (3)", "+++ it/choice_list.x"]
    assert [line for line in text.splitlines()[2:] if line[0] in "+-"] == [
        "-  - {key: a, label: One}",
        "+  - {key: a, label: Two}",
    ]
    assert text_diff(Document.of(old), Document.of(old)) == ""
    assert text_diff(None, Document.of(old)).startswith("--- /dev/null\n")
