"""Who is asked in a stage: to the letter of the catalog language, in tables and over random candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehall.domain.approval_chains import Chain, Decide, Stage
from servicehall.domain.approvals import ApprovalState, quorum
from servicehall.domain.voices import (
    ADMINISTRATORS,
    Asked,
    Candidate,
    Circumstances,
    Group,
    GroupCandidate,
    PersonCandidate,
    Superior,
    Uncovered,
    ask,
    fallback_voice,
)

WHY = {"code": "rule", "params": {}}
ALL = Decide("all")
LEADS = Group("it-leads", ("lara", "leo"))


def person(name: str, *above: str, active: bool = True) -> PersonCandidate:
    superiors = tuple(Superior(who.strip("-"), WHY, active="-" not in who) for who in above)
    return PersonCandidate(name, WHY, superiors, active)


def group(key: str, *members: str) -> GroupCandidate:
    return GroupCandidate(key, members, WHY)


def asked(
    candidates: Sequence[Candidate],
    *,
    decide: Decide = ALL,
    counts: str = "one",
    own: str = "forbid",
    repeat: str = "skip",
    **around: Any,
) -> Asked:
    """Ana orders for Ben; the fallback and the administrator are there unless said otherwise."""
    stage = Stage("b", decide=decide, group_counts=counts)
    chain = Chain((Stage("a"), stage), self_approval=own, repeat_approver=repeat)
    given_around = {"selves": {"ana": "requester", "ben": "beneficiary"}, "fallback": LEADS, "administrators": ("ada",)}
    return ask(chain, stage, candidates, Circumstances(**{**given_around, **around}))


def shown(result: Asked) -> list[str]:
    """`mia`, `zoe (skipped)`, `it-security: ken, mia`."""
    words = [voice.person or f"{voice.group}: {', '.join(voice.members)}" for voice in result.voices]
    marks = [" (skipped)" if voice.state == ApprovalState.SKIPPED else "" for voice in result.voices]
    return [word + mark for word, mark in zip(words, marks, strict=True)]


FALLBACK = ["it-leads: lara, leo"]


@pytest.mark.parametrize(
    ("candidates", "more", "expected"),
    [
        # one voice for each
        ([person("mia"), person("zoe"), person("mia")], {}, ["mia", "zoe"]),
        ([group("sec", "ken", "kim"), group("sec", "ken", "kim")], {}, ["sec: ken, kim"]),
        ([group("sec", "ken", "kim")], {"counts": "each"}, ["ken", "kim"]),
        ([person("kim"), group("sec", "ken", "kim")], {"counts": "each"}, ["kim", "ken"]),
        ([person("kim"), group("sec", "ken", "kim")], {}, ["kim", "sec: ken"]),
        ([group("sec", "kim"), person("kim")], {}, ["kim"]),
        ([group("sec", "kim"), group("fin", "kim", "lou")], {}, ["sec: kim", "fin: lou"]),
        ([group("fin", "kim", "lou"), group("sec", "kim")], {}, ["fin: lou", "sec: kim"]),
        ([group("sec", "kim"), group("fin", "kim")], {}, ["sec: kim"]),
        # inactive people
        ([person("mia", active=False), person("zoe")], {}, ["zoe"]),
        ([person("mia", "zoe", active=False)], {}, FALLBACK),
        # apart
        ([person("mia"), person("zoe")], {"apart": frozenset({"mia"})}, ["zoe"]),
        ([person("mia", "zoe")], {"apart": frozenset({"mia"})}, FALLBACK),
        ([group("sec", "ken", "kim")], {"apart": frozenset({"ken"})}, ["sec: kim"]),
        ([group("sec", "ken"), person("zoe")], {"apart": frozenset({"ken"})}, ["zoe"]),
        ([person("ana")], {"apart": frozenset({"ana"}), "own": "allow"}, FALLBACK),
        ([person("ana")], {"apart": frozenset({"ana"}), "own": "skip"}, FALLBACK),
        ([person("mia")], {"apart": frozenset({"mia"}), "approved_before": {"mia": "a"}}, FALLBACK),
        # self approval
        ([person("ana"), person("zoe")], {}, ["zoe"]),
        ([person("ana")], {}, FALLBACK),
        ([person("ana", "mia", "zoe")], {}, ["mia"]),
        ([person("ana", "ben", "zoe")], {}, ["zoe"]),
        ([person("ben", "mia-", "zoe")], {}, ["zoe"]),
        ([person("ben", "mia", "zoe")], {"apart": frozenset({"mia"})}, ["zoe"]),
        ([person("ben", "mia", "zoe"), person("mia")], {}, ["mia"]),
        ([person("ana"), person("ana", "mia")], {}, ["mia"]),
        ([person("ana", "mia")], {"own": "skip"}, ["ana (skipped)"]),
        ([person("ana", "mia")], {"own": "allow"}, ["ana"]),
        ([group("sec", "ana", "kim")], {}, ["sec: kim"]),
        ([group("sec", "ana", "kim")], {"own": "skip"}, ["sec: kim"]),
        ([group("sec", "ana", "kim")], {"own": "allow"}, ["sec: ana, kim"]),
        ([group("sec", "ben")], {"own": "skip"}, FALLBACK),
        ([group("sec", "ana", "kim")], {"counts": "each", "own": "skip"}, ["ana (skipped)", "kim"]),
        ([group("sec", "ana", "kim")], {"counts": "each"}, ["kim"]),
        # repeat approver
        ([person("mia"), person("zoe")], {"approved_before": {"mia": "a"}}, ["mia (skipped)", "zoe"]),
        ([person("mia"), person("zoe")], {"approved_before": {"mia": "a"}, "repeat": "ask"}, ["mia", "zoe"]),
        ([person("ana", "mia")], {"approved_before": {"mia": "a"}}, ["mia (skipped)"]),
        ([person("ana")], {"approved_before": {"ana": "a"}, "own": "allow"}, ["ana (skipped)"]),
        ([group("sec", "mia", "kim")], {"approved_before": {"mia": "a"}}, ["sec: mia, kim"]),
        (
            [group("sec", "mia", "kim")],
            {"approved_before": {"mia": "a"}, "counts": "each"},
            ["mia (skipped)", "kim"],
        ),
        # the quorum
        ([person("mia"), person("zoe")], {"decide": Decide("at_least", 3)}, FALLBACK),
        ([person("mia"), person("mia")], {"decide": Decide("at_least", 2)}, FALLBACK),
        ([person("kim"), group("sec", "kim")], {"decide": Decide("at_least", 2)}, FALLBACK),
        ([person("mia"), person("ana")], {"decide": Decide("at_least", 2), "own": "skip"}, ["mia", "ana (skipped)"]),
        ([person("mia")], {"decide": Decide("percent", 100)}, ["mia"]),
        # the fallback
        ([], {}, FALLBACK),
        ([person("mia"), Uncovered(WHY)], {}, FALLBACK),
        ([], {"apart": frozenset({"leo"})}, ["it-leads: lara"]),
        ([], {"apart": frozenset({"leo", "lara"})}, [f"{ADMINISTRATORS}: ada"]),
        ([], {"selves": {"leo": "requester", "lara": "beneficiary"}}, [f"{ADMINISTRATORS}: ada"]),
        ([], {"selves": {"leo": "requester"}, "own": "skip"}, ["it-leads: lara"]),
        ([], {"selves": {"leo": "requester"}, "own": "allow"}, FALLBACK),
        ([], {"fallback": None}, [f"{ADMINISTRATORS}: ada"]),
        ([], {"fallback": Group("it-leads", ())}, [f"{ADMINISTRATORS}: ada"]),
        ([], {"fallback": None, "administrators": ("ana", "ada")}, [f"{ADMINISTRATORS}: ada"]),
        ([], {"fallback": None, "administrators": ("ana",)}, [f"{ADMINISTRATORS}: "]),
        ([], {"approved_before": {"leo": "a", "lara": "a"}}, FALLBACK),
    ],
)
def test_who_is_asked(candidates: list[Candidate], more: dict[str, Any], expected: list[str]) -> None:
    assert shown(asked(candidates, **more)) == expected


def test_a_voice_says_why_it_is_asked() -> None:
    rule = {"code": "manager", "params": {"of": "ben"}}
    higher = {"code": "manager", "params": {"of": "mia"}}
    result = asked([PersonCandidate("zoe", rule), PersonCandidate("ben", rule, (Superior("mia", higher),))])
    zoe, mia = result.voices
    assert zoe.why == rule
    assert mia.why == {"code": "climbed", "params": {"past": "ben", "as": "beneficiary", "rule": higher}}
    assert [(left.who, left.code) for left in result.left_out] == [("ben", "beneficiary")]


def test_a_skipped_voice_says_why_it_counts_as_approved() -> None:
    result = asked([person("ana"), person("mia")], own="skip", approved_before={"mia": "a"})
    assert [voice.skip_reason for voice in result.voices] == [
        {"code": "skipped_self", "params": {"as": "requester"}},
        {"code": "skipped_repeat", "params": {"stage": "a"}},
    ]


@pytest.mark.parametrize(
    ("candidates", "decide", "because"),
    [
        ([person("ana")], Decide(), {"because": "nobody_left"}),
        ([person("mia")], Decide("at_least", 2), {"because": "quorum", "needed": 2, "voices": 1}),
        ([Uncovered(WHY)], Decide(), {"because": "uncovered", "rule": WHY}),
    ],
)
def test_the_fallback_says_why_it_decides(candidates: list[Candidate], decide: Decide, because: dict[str, Any]) -> None:
    result = asked(candidates, decide=decide)
    assert result.fallback == {"code": "fallback", "params": because}
    assert result.voices[0].why == result.fallback
    for_admins = asked(candidates, decide=decide, fallback=None)
    assert for_admins.fallback == {"code": "fallback_administrators", "params": {**because, "group": None}}


@pytest.mark.parametrize(
    ("candidates", "more", "codes"),
    [
        ([person("mia", active=False)], {}, [("mia", "inactive")]),
        ([person("mia")], {"apart": frozenset({"mia"})}, [("mia", "apart")]),
        ([person("ana")], {}, [("ana", "requester")]),
        ([group("sec", "ana")], {}, [("sec", "empty")]),
        ([person("kim"), group("sec", "kim")], {}, [("sec", "has_voice")]),
    ],
)
def test_who_is_left_out_is_said(
    candidates: list[Candidate], more: dict[str, Any], codes: list[tuple[str, str]]
) -> None:
    assert [(left.who, left.code) for left in asked(candidates, **more).left_out] == codes


# --- over random candidates --------------------------------------------------------------------------------------

NAMES = ["ana", "ben", *"cdefgh"]
PEOPLE = st.sampled_from(NAMES)
CANDIDATES = st.lists(
    st.one_of(
        st.builds(
            lambda who, above, active: person(who, *above, active=active),
            PEOPLE,
            st.lists(PEOPLE, max_size=3),
            st.booleans(),
        ),
        st.builds(lambda key, members: group(key, *members), st.sampled_from(["sec", "fin"]), st.sets(PEOPLE)),
    ),
    max_size=5,
)
SETTINGS = st.fixed_dictionaries(
    {
        "decide": st.sampled_from([Decide("all"), Decide("any"), Decide("at_least", 2), Decide("percent", 60)]),
        "counts": st.sampled_from(["one", "each"]),
        "own": st.sampled_from(["forbid", "skip", "allow"]),
        "repeat": st.sampled_from(["skip", "ask"]),
        "apart": st.frozensets(PEOPLE, max_size=3),
        "approved_before": st.dictionaries(PEOPLE, st.just("a"), max_size=3),
        "fallback": st.sampled_from([None, Group("it-leads", ()), Group("it-leads", ("c", "ana", "z"))]),
    }
)


@given(CANDIDATES, SETTINGS)
def test_whoever_must_not_decide_is_never_asked(candidates: list[Candidate], more: dict[str, Any]) -> None:
    result = asked(candidates, **more)
    for voice in result.voices:
        people = {voice.person, *voice.members} - {None}
        assert not people & more["apart"]
        if more["own"] == "forbid" or (more["own"] == "skip" and voice.state == ApprovalState.PENDING):
            assert not people & {"ana", "ben"}
        if voice.group is not None:
            assert voice.state == ApprovalState.PENDING


@given(CANDIDATES, SETTINGS)
def test_the_quorum_can_always_be_reached_and_nobody_is_two_voices(
    candidates: list[Candidate], more: dict[str, Any]
) -> None:
    result = asked(candidates, **more)
    assert result.voices
    if result.fallback is None:
        assert quorum(more["decide"], len(result.voices)) <= len(result.voices)
    owners = [voice.person or voice.members[0] for voice in result.voices if voice.person or len(voice.members) == 1]
    assert len(owners) == len(set(owners))
    persons = {voice.person for voice in result.voices}
    assert not any(persons & set(voice.members) for voice in result.voices)


@given(CANDIDATES, SETTINGS)
def test_without_apart_and_selves_everybody_active_is_asked(candidates: list[Candidate], more: dict[str, Any]) -> None:
    result = asked(candidates, **{**more, "apart": frozenset(), "own": "allow", "decide": Decide("all")})
    reached = {who for voice in result.voices for who in (voice.person, *voice.members)} - {None}
    named = {one.person for one in candidates if isinstance(one, PersonCandidate) and one.active}
    assert named <= reached or not candidates


def test_the_fallback_can_be_asked_by_itself() -> None:
    chain = Chain((Stage("a"),))
    voice = fallback_voice(chain, Circumstances(fallback=LEADS), {"because": "stranded"})
    assert (voice.group, voice.members, voice.why["params"]) == ("it-leads", LEADS.members, {"because": "stranded"})
