"""A removal names every rule and reference elsewhere that it would leave dangling, and none that goes with it."""

from __future__ import annotations

from typing import Any

import pytest

from servicehall.documents.plan_graph import naming_chains
from servicehall.documents.removals import still_used

BODY: dict[str, Any] = {
    "kind": "service",
    "form": {
        "pages": [
            {
                "key": "car",
                "fields": [
                    {"key": "plate", "type": "text"},
                    {"key": "kind", "type": "choice", "default": "van", "options": [{"key": "car"}, {"key": "van"}]},
                    {"key": "why", "type": "text", "visible": 'plate == "x" && kind == "van"'},
                ],
            },
            {"key": "more", "fields": [{"key": "note", "type": "text", "required": "plate != '' || kind == 'car'"}]},
        ]
    },
    "approval": {"stages": [{"key": "boss", "when": 'kind == "bus"', "fields": ["note"]}]},
    "fulfilment": {
        "tasks": [{"key": "do", "form": {"fields": [{"key": "plate", "type": "text"}]}, "when": "note != ''"}]
    },
}
FIRST, SECOND = "/form/pages/0/fields", "/form/pages/1/fields"


@pytest.mark.parametrize(
    ("places", "users"),
    [
        ([f"{FIRST}/0"], [f"{FIRST}/2/visible", f"{SECOND}/0/required"]),
        ([f"{FIRST}/0", f"{FIRST}/2"], [f"{SECOND}/0/required"]),
        ([f"{FIRST}/2"], []),
        (["/form/pages/0"], [f"{SECOND}/0/required", "/approval/stages/0/when"]),
        (["/form/pages/1"], ["/approval/stages/0/fields/0", "/fulfilment/tasks/0/when"]),
        ([f"{FIRST}/1/options/0"], [f"{SECOND}/0/required"]),
        ([f"{FIRST}/1/options/1"], [f"{FIRST}/2/visible", f"{FIRST}/1/default"]),
        (["/form"], ["/approval/stages/0/when", "/approval/stages/0/fields/0", "/fulfilment/tasks/0/when"]),
        (["/approval/stages/0"], []),
        (["/nowhere/7"], []),
    ],
)
def test_what_is_left_behind_is_named(places: list[str], users: list[str]) -> None:
    assert {one.pointer for one in still_used(BODY, places)} == set(users)


def test_a_chain_that_a_gate_uses_names_the_task() -> None:
    chains: dict[str, Any] = {
        "asks": {"stages": [{"key": "a", "when": "tasks.look_up.found"}]},
        "other": {"stages": [{"key": "a", "when": "tasks.look_up_2.found"}]},
    }
    gates = [{"key": one, "approval": {"use": one}} for one in ("asks", "other", "missing")]
    plan = {"tasks": [{"key": "look-up"}, *gates]}
    assert naming_chains(plan, 0, chains.get) == ["asks"]
    assert naming_chains(plan, 1, chains.get) == []
