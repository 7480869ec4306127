"""What the Approval tab's buttons and boxes make of a chain: every way to move a stage, and every name that follows."""

from __future__ import annotations

from typing import Any

import pytest

from servicehall.documents.patching import patched
from servicehall.errors import Invalid
from servicehall.web.studio import tabs
from servicehall.web.studio.chain_steps import keys_of, steps_of
from servicehall.web.studio.reading import operations

RULE = {"manager": {"of": "requester"}}


def chain(picture: str, **more: Any) -> dict[str, Any]:
    """`a [b c] d`: four stages, of which b and c open together."""
    groups = [part.split() for part in picture.replace("[", "|").replace("]", "|").split("|")[1::2]]
    keys = picture.replace("[", " ").replace("]", " ").split()
    stages = [{"key": key, "title": {"en": key.upper()}, "approvers": [RULE]} for key in keys]
    body: dict[str, Any] = {"kind": "approval_chain", "department": "it", "key": "x", "title": "X", "stages": stages}
    return body | ({"parallel": groups} if groups else {}) | more


def drawn(body: dict[str, Any]) -> str:
    keys = keys_of(body)
    steps = [[keys[number] for number in step] for step in steps_of(body)]
    return " ".join(f"[{' '.join(step)}]" if len(step) > 1 else step[0] for step in steps)


def after(body: dict[str, Any], sent: dict[str, list[str]], kind: str = "approval_chain") -> dict[str, Any]:
    assert "approval" in tabs.TABS
    return patched(body, operations(kind, body, sent))


@pytest.mark.parametrize(
    ("before", "stage", "where", "then"),
    [
        ("a b c", 1, "earlier", "b a c"),
        ("a b c", 1, "later", "a c b"),
        ("a b c", 0, "earlier", "a b c"),
        ("a b c", 2, "later", "a b c"),
        ("a [b c] d", 3, "earlier", "a d [b c]"),
        ("a [b c] d", 0, "later", "[b c] a d"),
        ("a [b c] d", 2, "earlier", "a [c b] d"),
        ("a [b c] d", 1, "alone", "a c b d"),
        ("a [b c e] d", 1, "alone", "a [c e] b d"),
        ("a [b c] d", 3, "beside", "a [b c d]"),
        ("a b", 1, "beside", "[a b]"),
        ("a b", 0, "beside", "a b"),
        ("a b c", 2, "0", "c a b"),
        ("a b c", 0, "3", "b c a"),
        ("a b c", 2, "0-beside", "[a c] b"),
        ("a [b c] d", 0, "2-beside", "[b c] [d a]"),
        ("a [b c]", 1, "0-beside", "[a b] c"),
        ("a [b c]", 1, "9", "a [b c]"),
        ("a [b c]", 1, "nonsense", "a [b c]"),
    ],
)
def test_a_stage_goes_where_it_is_put(before: str, stage: int, where: str, then: str) -> None:
    body = after(chain(before), {"do": [f"stage-place:/stages/{stage}:{where}"]})
    assert drawn(body) == then


@pytest.mark.parametrize(
    ("before", "place", "then"),
    [
        ("a b", "0", "new-stage a b"),
        ("a b", "1", "a new-stage b"),
        ("a b", "2", "a b new-stage"),
        ("a [b c]", "1-beside", "a [b c new-stage]"),
        ("a b", "0-beside", "[a new-stage] b"),
        ("new-stage b", "1", "new-stage new-stage-2 b"),
    ],
)
def test_a_new_stage_stands_where_the_plus_was(before: str, place: str, then: str) -> None:
    assert drawn(after(chain(before), {"do": [f"stage-add::{place}"]})) == then


@pytest.mark.parametrize(
    ("before", "stage", "ticked", "then"),
    [
        ("a b c", 0, ["b"], "[b a] c"),
        ("a b c", 0, ["c"], "b [c a]"),
        ("[a b] c", 0, ["b", "c"], "[a b c]"),
        ("[a b] c", 0, [], "a b c"),
        ("[a b c]", 0, ["c"], "[a c] b"),
        ("[a b] c", 0, ["b"], "[a b] c"),
    ],
)
def test_ticking_who_opens_together(before: str, stage: int, ticked: list[str], then: str) -> None:
    assert drawn(after(chain(before), {f"c:together:/stages/{stage}": ["", *ticked]})) == then


SERVICE: dict[str, Any] = {
    "kind": "service",
    "department": "it",
    "key": "s",
    "type": "request",
    "title": "S",
    "form": {"pages": [{"key": "p", "fields": [{"key": "f", "type": "text", "reopens": ["a", "b"]}, {"key": "g"}]}]},
    "approval": {name: chain("[a b] c")[name] for name in ("stages", "parallel")} | {"apart": [["a", "c"]]},
}


def test_everything_that_names_a_stage_follows_its_new_key() -> None:
    body = after(SERVICE, {"c:stage-key:/approval/stages/0": ["boss"]}, "service")
    assert keys_of(body["approval"]) == ["boss", "b", "c"]
    assert (body["approval"]["parallel"], body["approval"]["apart"]) == ([["boss", "b"]], [["boss", "c"]])
    assert body["form"]["pages"][0]["fields"][0]["reopens"] == ["boss", "b"]


def test_a_key_that_another_stage_has_is_refused() -> None:
    with pytest.raises(Invalid, match="Another stage"):
        after(SERVICE, {"c:stage-key:/approval/stages/0": ["b"]}, "service")


def test_a_stage_that_goes_is_named_nowhere_any_more() -> None:
    body = after(SERVICE, {"do": ["stage-remove:/approval/stages/0"]}, "service")
    assert keys_of(body["approval"]) == ["b", "c"]
    assert not {"parallel", "apart"} & set(body["approval"])
    assert body["form"]["pages"][0]["fields"][0]["reopens"] == ["b"]


def test_separation_of_duties_is_ticked() -> None:
    body = after(chain("a b c"), {"do": ["apart-add:"]})
    assert body["apart"] == [["a", "b"]]
    body = after(body, {"c:apart:/apart/0": ["", "c", "a"]})
    assert body["apart"] == [["a", "c"]]
    assert "apart" not in after(body, {"do": ["apart-remove::0"]})
    with pytest.raises(Invalid):
        after(chain("a"), {"do": ["apart-add:"]})


@pytest.mark.parametrize("stages", [None, "x", [1, "b", None], [{"key": 3}]])
def test_what_is_no_chain_breaks_nothing(stages: Any) -> None:
    body = chain("a b") | {"stages": stages, "parallel": "x", "apart": [1, ["a"]]}
    for said in ("stage-place:/stages/0:later", "stage-add::0", "stage-remove:/stages/7", "apart-remove::9"):
        after(body, {"do": [said]})
    after(body, {"c:together:/stages/0": ["", "b"], "c:apart:/apart/4": ["a"], "c:stage-key:/stages/9": ["x"]})
