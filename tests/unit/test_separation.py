"""Who may not decide: separation of duties over votes on record, deputies included."""

from __future__ import annotations

from typing import Any

import pytest

from servicehall.domain.approval_chains import Chain, Decide, Stage
from servicehall.domain.separation import (
    Cast,
    apart_from,
    approved_before,
    is_stranded,
    refuses_decision,
    refuses_deputy,
)

CHAIN = Chain((Stage("a"), Stage("b"), Stage("c")), apart=(("a", "b"), ("b", "c")))
SELVES = {"ana": "requester", "ben": "beneficiary"}


def cast(stage: str, state: str = "pending", id: str = "1", **more: Any) -> Cast:
    return Cast(id, stage, state, **more)


@pytest.mark.parametrize(
    ("one", "out", "out_for_those_who_decide"),
    [
        (cast("a", "approved", person="mia", decided_by="mia"), {"mia"}, {"mia"}),
        (cast("a", "rejected", person="mia", decided_by="mia"), {"mia"}, {"mia"}),
        (cast("c", "approved", person="mia", decided_by="mia"), {"mia"}, {"mia"}),
        (cast("a", "approved", person="mia", decided_by="dan"), {"mia", "dan"}, {"mia", "dan"}),
        (cast("a", "approved", group="sec", members=("ken", "kim"), decided_by="kim"), {"kim"}, {"kim"}),
        (cast("a", "skipped", person="mia"), {"mia"}, {"mia"}),
        (cast("a", "pending", person="mia"), {"mia"}, set()),
        (cast("a", "pending", person="mia", holder="dan"), {"mia", "dan"}, set()),
        (cast("a", "pending", group="sec", members=("ken", "kim")), set(), set()),
        (cast("a", "pending", group="sec", members=("ken",)), {"ken"}, set()),
        (cast("a", "superseded", person="mia"), set(), set()),
        (cast("a", "expired", person="mia"), set(), set()),
        (cast("a", "approved", person="mia", decided_by="mia", void=True), set(), set()),
        (cast("b", "approved", person="mia", decided_by="mia"), {"mia"}, {"mia"}),  # has decided here
        (cast("b", "pending", person="mia"), set(), set()),
    ],
)
def test_who_is_kept_apart(one: Cast, out: set[str], out_for_those_who_decide: set[str]) -> None:
    assert apart_from(CHAIN, "b", [one]) == out
    assert apart_from(CHAIN, "b", [one], awaited=False) == out_for_those_who_decide


def test_stages_of_no_common_set_are_not_apart() -> None:
    assert apart_from(CHAIN, "a", [cast("c", "approved", person="mia", decided_by="mia")]) == set()


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (cast("a", "approved", person="mia", decided_by="mia", content="h1"), {"mia": "a"}),
        (cast("a", "approved", person="mia", decided_by="dan", content="h1"), {"mia": "a"}),  # her own voice
        (cast("a", "approved", person="mia", decided_by="mia", content="h0"), {}),
        (cast("a", "rejected", person="mia", decided_by="mia", content="h1"), {}),
        (cast("a", "skipped", person="mia", content="h1"), {}),
        (cast("a", "approved", group="sec", members=("mia",), decided_by="mia", content="h1"), {}),
        (cast("b", "approved", person="mia", decided_by="mia", content="h1"), {}),
        (cast("a", "approved", person="mia", decided_by="mia", content="h1", void=True), {}),
    ],
)
def test_who_approved_the_same_content_before(one: Cast, expected: dict[str, str]) -> None:
    assert approved_before("b", [one], "h1") == expected


GROUP = cast("b", group="sec", members=("mia", "ken"), id="g")
OWN = cast("b", person="mia", id="o")


@pytest.mark.parametrize(
    ("voice", "others", "person", "reason"),
    [
        (GROUP, [], "mia", None),
        (GROUP, [], "ana", "self"),
        (GROUP, [cast("a", "approved", person="mia", decided_by="mia")], "mia", "apart"),
        (GROUP, [cast("a", person="mia")], "mia", "apart"),  # awaited there, and the group has others
        (GROUP, [cast("a", person="mia")], "ken", None),
        (OWN, [cast("a", person="mia")], "mia", None),
        (OWN, [cast("a", "approved", group="fin", members=("mia", "x"), decided_by="mia")], "mia", "apart"),
        (GROUP, [cast("b", "approved", group="fin", members=("mia", "x"), decided_by="mia")], "mia", "twice"),
        (GROUP, [cast("b", "approved", group="fin", decided_by="mia", void=True)], "mia", None),
    ],
)
def test_who_may_not_decide_though_asked(voice: Cast, others: list[Cast], person: str, reason: str | None) -> None:
    assert refuses_decision(CHAIN, voice, person, [voice, *others], SELVES) == reason


def test_requesters_decide_where_the_chain_allows_it() -> None:
    chain = Chain(CHAIN.stages, self_approval="allow")
    assert refuses_decision(chain, GROUP, "ana", [GROUP], SELVES) is None


@pytest.mark.parametrize(
    ("deputy", "others", "active", "reason"),
    [
        ("dan", [], True, None),
        ("dan", [], False, "inactive"),
        ("ana", [], True, "requester"),
        ("ben", [], True, "beneficiary"),
        ("dan", [cast("b", person="dan")], True, "has_voice"),
        ("dan", [cast("b", person="zoe", holder="dan")], True, "has_voice"),
        ("dan", [cast("b", "approved", group="fin", decided_by="dan")], True, "has_voice"),
        ("dan", [cast("b", group="fin", members=("dan", "x"))], True, None),
        ("dan", [cast("b", group="fin", members=("dan",))], True, "has_voice"),
        ("dan", [cast("b", group="fin", members=("dan", "x")), cast("b", person="zoe", holder="x")], True, "has_voice"),
        ("dan", [cast("b", "superseded", group="fin", members=("dan",))], True, None),
        ("dan", [cast("a", person="dan")], True, "apart"),
        ("dan", [cast("a", "approved", person="zoe", decided_by="dan")], True, "apart"),
        ("dan", [cast("a", "superseded", person="dan")], True, None),
    ],
)
def test_which_deputy_is_passed_over(deputy: str, others: list[Cast], active: bool, reason: str | None) -> None:
    chain = Chain(CHAIN.stages, apart=CHAIN.apart, self_approval="allow")
    assert refuses_deputy(chain, OWN, deputy, [OWN, *others], SELVES, active) == reason


@pytest.mark.parametrize(
    ("casts", "may", "stranded"),
    [
        ([OWN], {"mia"}, False),
        ([OWN], set(), True),
        ([GROUP], {"ken"}, False),
        ([GROUP], set(), True),
        ([cast("b", person="mia", holder="dan")], {"dan"}, False),
        ([cast("b", "approved", person="mia")], set(), False),  # not open any more
    ],
)
def test_a_stage_that_nobody_can_decide_is_stranded(casts: list[Cast], may: set[str], stranded: bool) -> None:
    assert is_stranded(Decide("all"), casts, lambda _cast, person: person in may) == stranded
