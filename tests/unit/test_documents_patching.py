"""JSON Patch within limits, and two editors' changes put together."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehall.documents.merging import merge
from servicehall.documents.patching import keys_of, patched, pointer, value_at
from servicehall.errors import Conflict, Invalid

BODY: dict[str, Any] = {
    "kind": "field_set",
    "department": "hr",
    "key": "address",
    "fields": [
        {"key": "street", "type": "text", "label": {"en": "Street", "zh": "街道"}},
        {"key": "city", "type": "text", "label": {"en": "City"}},
    ],
}


def op(name: str, path: str, **other: Any) -> dict[str, Any]:
    return {"op": name, "path": path, **other}


def test_operations_act_in_order_and_leave_what_they_were_given() -> None:
    before = copy.deepcopy(BODY)
    made = patched(
        BODY,
        [
            op("add", "/fields/-", value={"key": "zip", "type": "text"}),
            op("replace", "/fields/0/label/en", value="Road"),
            op("move", "/fields/0", **{"from": "/fields/2"}),
            op("test", "/fields/0/key", value="zip"),
        ],
    )
    assert [one["key"] for one in made["fields"]] == ["zip", "street", "city"]
    assert made["fields"][1]["label"]["en"] == "Road"
    assert before == BODY


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ({"op": "shout", "path": ""}, "[0].op"),
        ("add", "[0].op"),
        ({"op": "add"}, "[0].path"),
        ({"op": "add", "path": "fields"}, "[0].path"),
        ({"op": "add", "path": "/fields/9", "value": 1}, "[0].path"),
        ({"op": "remove", "path": "/nothing"}, "[0].path"),
        ({"op": "replace", "path": "/fields/x", "value": 1}, "[0].path"),
        ({"op": "add", "path": "/fields/0"}, "[0].path"),
        ({"op": "move", "from": "/fields", "path": "/fields/0"}, "[0].path"),
        ({"op": "replace", "path": "/key", "value": "other"}, "key"),
        ({"op": "replace", "path": "", "value": []}, ""),
        ({"op": "add", "path": "/help", "value": "a\ud800b"}, "help"),
    ],
)
def test_what_cannot_be_done_is_named_and_nothing_is_done(operation: Any, path: str) -> None:
    with pytest.raises(Invalid) as caught:
        patched(BODY, [operation])
    assert [one.path for one in caught.value.problems] == [path]


def test_a_test_that_fails_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        patched(BODY, [op("test", "/fields/0/key", value="city")])


def test_copies_of_copies_end() -> None:
    doubled = [op("copy", f"/a{n + 1}", **{"from": ""}) for n in range(60)]
    with pytest.raises(Invalid) as caught:
        patched(BODY, doubled)
    assert caught.value.problems[0].code == "too_large"
    with pytest.raises(Invalid):
        patched(BODY, [op("test", "/kind", value="field_set")] * 2_001)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("depth", [70, 700])
@pytest.mark.parametrize(
    "after",
    [None, op("copy", "/y", **{"from": "/x"}), op("test", "/x", value=nested(700)), op("move", "/y", **{"from": "/x"})],
)
def test_what_is_nested_beyond_reason_is_refused_wherever_it_comes_up(depth: int, after: Any) -> None:
    operations = [op("add", "/x", value=nested(depth)), *([after] if after else [])]
    with pytest.raises((Invalid, Conflict)):
        patched(BODY, operations)


def test_all_copies_of_a_patch_count_together_also_those_that_are_removed() -> None:
    body = {**BODY, "fields": list(range(50_000))}
    assert patched(body, [op("copy", "/help", **{"from": "/key"})] * 2_000)["help"] == "address"
    with pytest.raises(Invalid) as caught:
        patched(body, [op("copy", "/help", **{"from": "/fields"}), op("remove", "/help")] * 3)
    assert [(one.path, one.code) for one in caught.value.problems] == [("[2]", "too_large")]


def test_a_pointer_and_its_keys() -> None:
    assert pointer("form", "a/b", "c~d", 0) == "/form/a~1b/c~0d/0"
    assert keys_of("/form/a~1b/c~0d/0") == ["form", "a/b", "c~d", "0"]
    assert value_at(BODY, "/fields/1/label/en") == "City"
    assert value_at(BODY, "/fields/7") is value_at(BODY, "/fields/01x") is None


def with_(*operations: dict[str, Any]) -> dict[str, Any]:
    return patched(BODY, operations)


def test_changes_in_different_places_are_put_together() -> None:
    mine = with_(op("replace", "/fields/1/label/en", value="Town"), op("add", "/help", value="h"))
    theirs = with_(op("add", "/fields/0", value={"key": "zip", "type": "text"}), op("remove", "/fields/1/label/zh"))
    merged = merge(BODY, mine, theirs)
    assert merged.clashes == ()
    assert [one["key"] for one in merged.body["fields"]] == ["zip", "street", "city"]
    assert merged.body["fields"][1]["label"] == {"en": "Street"}
    assert merged.body["fields"][2]["label"] == {"en": "Town"}
    assert merged.body["help"] == "h"


def test_where_both_changed_the_same_one_chooses() -> None:
    mine = with_(op("replace", "/fields/0/label/en", value="Road"), op("remove", "/fields/1"))
    theirs = with_(
        op("replace", "/fields/0/label/en", value="Lane"), op("replace", "/fields/1/type", value="long_text")
    )
    merged = merge(BODY, mine, theirs)
    assert [(one.path, one.mine, one.theirs) for one in merged.clashes] == [
        ("fields[street].label.en", "Road", "Lane"),
        ("fields[city]", None, theirs["fields"][1]),
    ]
    chosen = merge(BODY, mine, theirs, choices={"fields[street].label.en": "mine", "fields[city]": "mine"})
    assert chosen.body == mine
    assert merge(BODY, mine, theirs, choices={"fields[city]": "theirs"}).body == theirs


def test_the_order_of_whoever_moved_stands() -> None:
    moved = with_(op("move", "/fields/0", **{"from": "/fields/1"}))
    added = with_(op("add", "/fields/1", value={"key": "zip", "type": "text"}))
    for one, other in ((moved, added), (added, moved)):
        assert [entry["key"] for entry in merge(BODY, one, other).body["fields"]] == ["city", "street", "zip"]


VALUES = st.integers(0, 3)
BODIES = st.builds(
    lambda entries, help: {**BODY, "help": help, "fields": [{"key": key, "n": n} for key, n in entries.items()]},
    st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4),
    VALUES,
)


@given(BODIES, BODIES)
def test_one_side_alone_wins_and_equal_sides_agree(was: dict[str, Any], now: dict[str, Any]) -> None:
    assert merge(was, now, was).body == now
    assert merge(was, was, now).body == now
    assert merge(was, now, now).body == now


@given(BODIES, BODIES, BODIES)
def test_no_change_is_lost_without_a_clash(was: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    merged = merge(was, mine, theirs)
    clashed = {one.path for one in merged.clashes}
    old, my, their, both = (
        {f"fields[{one['key']}]": one["n"] for one in body["fields"]} for body in (was, mine, theirs, merged.body)
    )
    for path in old.keys() | my.keys() | their.keys():
        if path in clashed or f"{path}.n" in clashed:
            continue
        changed = [side.get(path) for side in (my, their) if side.get(path) != old.get(path)]
        assert both.get(path) == (changed[0] if changed else old.get(path))
