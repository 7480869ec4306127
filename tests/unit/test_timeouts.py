"""When a stage lets its time pass: escalation, reassignment and forced ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehall.domain.approval_chains import Chain, Decide, Stage, Timeout
from servicehall.domain.approvals import Outcome, Vote, tally
from servicehall.domain.separation import Cast
from servicehall.domain.timeouts import Overdue, TimedOut, time_out
from servicehall.domain.voices import Circumstances, Group, Superior

WHY = {"code": "rule", "params": {}}
ALL = Decide("all")
LEADS = Group("it-leads", ("lara", "leo"))


def votes(words: str) -> list[Cast]:
    """`"mia:approved sec(ken,kim):pending zoe>dan:pending"`; `!` marks one asked in an escalation."""
    found = []
    for position, word in enumerate(words.split()):
        name, state = word.split(":")
        why = {"code": "escalated"} if name.startswith("!") else WHY
        name = name.lstrip("!")
        if "(" in name:
            group, members = name.rstrip(")").split("(")
            found.append(Cast(str(position), "b", state, group=group, members=tuple(members.split(",")), why=why))
        else:
            person, _sign, holder = name.partition(">")
            decided = (holder or person) if state in ("approved", "rejected") else None
            found.append(
                Cast(str(position), "b", state, person=person, holder=holder or None, decided_by=decided, why=why)
            )
    return found


def timed_out(
    words: str,
    above: dict[str, str],
    *,
    then: str = "escalate",
    decide: Decide = ALL,
    own: str = "forbid",
    level: int = 0,
    group: Group | None = None,
    apart: str = "",
) -> TimedOut:
    stage = Stage("b", decide=decide, timeout=Timeout("1 day", then))
    chain = Chain((stage,), self_approval=own)
    around = Circumstances({"ana": "requester"}, frozenset(apart.split()), {}, LEADS, ("ada",))
    lines = {who: [Superior(name, {"code": "manager"}) for name in line.split()] for who, line in above.items()}
    return time_out(Overdue(chain, stage, votes(words), around, lines, group, level))


def shown(result: TimedOut) -> tuple[str, str, str]:
    """Expired positions, voices, outcome."""
    voices = [voice.person or f"{voice.group}({','.join(voice.members)})" for voice in result.asked]
    return " ".join(result.expired), " ".join(voices), result.outcome


FALLBACK = "it-leads(lara,leo)"


@pytest.mark.parametrize(
    ("words", "above", "more", "expected"),
    [
        ("mia:pending", {"mia": "max"}, {}, ("0", "max", "open")),
        ("mia:approved zoe:pending", {"mia": "max", "zoe": "moe"}, {}, ("1", "moe", "open")),
        ("mia:pending zoe:pending", {"mia": "max", "zoe": "max"}, {}, ("0 1", "max", "open")),
        # climbed past: requester, apart, and whoever has or had a voice here
        ("mia:pending", {"mia": "ana max"}, {}, ("0", "max", "open")),
        ("mia:pending", {"mia": "ana max"}, {"own": "skip"}, ("0", "max", "open")),
        ("mia:pending", {"mia": "ana max"}, {"own": "allow"}, ("0", "ana", "open")),
        ("mia:pending", {"mia": "kay max"}, {"apart": "kay"}, ("0", "max", "open")),
        ("mia:pending zoe:pending", {"mia": "zoe max", "zoe": "max"}, {}, ("0 1", "max", "open")),
        ("mia:pending zoe>dan:approved", {"mia": "dan max"}, {}, ("0", "max", "open")),
        # a group: the managers of its members
        ("sec(ken,kim):pending", {"ken": "max", "kim": "moe"}, {}, ("0", "max moe", "open")),
        # nobody above one of them: that one stays; nobody above any: the fallback
        ("mia:pending zoe:pending", {"mia": "max"}, {}, ("0", "max", "open")),
        ("mia:pending zoe:pending", {}, {}, ("0 1", FALLBACK, "open")),
        ("mia:pending", {"mia": "ana"}, {}, ("0", FALLBACK, "open")),
        # managers too few for the quorum
        (
            "mia:pending zoe:pending",
            {"mia": "max", "zoe": "max"},
            {"decide": Decide("at_least", 2)},
            ("0 1", FALLBACK, "open"),
        ),
        (
            "kay:rejected mia:pending zoe:pending",
            {"mia": "max", "zoe": "max"},
            {"decide": Decide("at_least", 2)},
            ("1 2", FALLBACK, "open"),
        ),
        (
            "kay:approved mia:pending zoe:pending",
            {"mia": "max", "zoe": "max"},
            {"decide": Decide("at_least", 2)},
            ("1 2", "max", "open"),
        ),
        # once, then the fallback, then nothing more
        ("mia:expired !max:pending", {"max": "moe"}, {"level": 1}, ("1", FALLBACK, "open")),
        ("mia:approved", {"mia": "max"}, {}, ("", "", "open")),
        # the other ways
        ("mia:approved zoe:pending", {}, {"then": "reject"}, ("1", "", "rejected")),
        ("mia:approved zoe:pending", {}, {"then": "approve"}, ("1", "", "approved")),
        ("mia:pending", {}, {"then": "reassign", "group": Group("duty", ("ana", "dov"))}, ("0", "duty(dov)", "open")),
        ("mia:pending", {}, {"then": "reassign", "group": Group("duty", ("ana",))}, ("0", FALLBACK, "open")),
        ("duty(dov):pending", {}, {"then": "reassign", "group": Group("duty", ("dov",)), "level": 1}, ("", "", "open")),
    ],
)
def test_what_follows_when_time_is_up(
    words: str, above: dict[str, str], more: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert shown(timed_out(words, above, **more)) == expected


def test_a_fallback_that_lets_its_time_pass_stays_asked() -> None:
    stage = Stage("b", timeout=Timeout("1 day", "escalate"))
    alone = Cast("0", "b", "pending", group="it-leads", members=("leo",), why={"code": "fallback"})
    overdue = Overdue(Chain((stage,)), stage, [alone], Circumstances(fallback=LEADS), {"leo": [Superior("max", WHY)]})
    assert time_out(overdue) == TimedOut()


def test_a_stage_without_timeout_has_none() -> None:
    stage = Stage("b")
    assert time_out(Overdue(Chain((stage,)), stage, votes("mia:pending"), Circumstances(), {})) == TimedOut()


def test_whoever_is_asked_instead_is_told_of_whom() -> None:
    (voice,) = timed_out("mia:pending", {"mia": "max"}).asked
    assert voice.why == {"code": "escalated", "params": {"instead_of": "mia", "rule": {"code": "manager"}}}
    (voice,) = timed_out("mia:pending", {}).asked
    assert voice.why == {"code": "fallback", "params": {"because": "nobody_above"}}
    (voice,) = timed_out("mia:pending", {}, then="reassign", group=Group("duty", ("dov",))).asked
    assert voice.why == {"code": "reassigned", "params": {"because": "timeout"}}


DECIDES = st.sampled_from([Decide("all"), Decide("any"), Decide("at_least", 2), Decide("percent", 50)])


@given(
    st.lists(st.sampled_from(["approved", "rejected", "pending"]), min_size=1, max_size=5),
    st.lists(st.sampled_from(["", "max", "moe", "p0 max"]), min_size=5, max_size=5),
    DECIDES,
    st.integers(0, 1),
)
def test_escalation_decides_nothing_by_itself_and_always_leaves_somebody_asked(
    states: list[str], lines: list[str], decide: Decide, level: int
) -> None:
    words = " ".join(f"p{index}:{state}" for index, state in enumerate(states))
    before = votes(words)
    if tally(decide, [cast.vote for cast in before]) != Outcome.OPEN:
        return
    above = {f"p{index}": line for index, line in enumerate(lines)}
    result = timed_out(words, above, decide=decide, level=level)
    assert result.outcome == Outcome.OPEN
    stand = [Vote("expired", "rule") if cast.id in result.expired else cast.vote for cast in before]
    asked = [Vote("pending", voice.why["code"]) for voice in result.asked]
    assert asked
    assert tally(decide, [*stand, *asked]) == Outcome.OPEN
    assert tally(decide, [*stand, *[Vote("rejected", vote.code) for vote in asked]]) != Outcome.APPROVED
    assert not {voice.person for voice in result.asked} & {cast.person for cast in before}
