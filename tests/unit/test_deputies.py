"""Deputies: who holds an approval, and which delegations close a cycle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehall.domain.deputies import (
    Delegation,
    active_deputies,
    find_delegation_cycle,
    resolve_deputy,
)


def day(number: int) -> datetime:
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=number)


def delegation(pair: str, start: int = 0, end: int = 10, *departments: str) -> Delegation:
    """`"ab"`: a names b."""
    return Delegation(pair[0], pair[1], day(start), day(end), frozenset(departments) if departments else None)


@pytest.mark.parametrize(
    ("deputies", "barred", "path"),
    [
        ({}, "", "a"),
        ({"a": "b"}, "", "ab"),
        ({"a": "b", "b": "c", "c": "d"}, "", "abcd"),
        ({"a": "b"}, "b", "a"),
        ({"a": "b", "b": "c"}, "b", "a"),  # who is passed over passes nothing on
        ({"a": "b", "b": "c"}, "c", "ab"),
        ({"a": "b", "b": "a"}, "", "ab"),
        ({"a": "a"}, "", "a"),
    ],
)
def test_deputies_are_followed_while_they_may_decide(deputies: dict[str, str], barred: str, path: str) -> None:
    holder = resolve_deputy("a", deputies, lambda who: who not in barred)
    assert (holder.path, holder.person) == (tuple(path), path[-1])


@pytest.mark.parametrize(
    ("delegations", "expected"),
    [
        ([delegation("ab", 0, 5)], {"a": "b"}),
        ([delegation("ab", 0, 4)], {}),
        ([delegation("ab", 4, 5)], {"a": "b"}),
        ([delegation("ab", 5, 9)], {}),
        ([delegation("ab", 0, 9, "it", "hr")], {"a": "b"}),
        ([delegation("ab", 0, 9, "hr")], {}),
        ([delegation("ab", 0, 9, "it"), delegation("ac")], {"a": "b"}),
        ([delegation("ac"), delegation("ab", 0, 9, "it")], {"a": "b"}),
        ([delegation("ac"), delegation("ab")], {"a": "b"}),
    ],
)
def test_which_delegation_holds_at_a_moment_for_a_department(
    delegations: list[Delegation], expected: dict[str, str]
) -> None:
    assert active_deputies(delegations, day(4), "it") == expected


@pytest.mark.parametrize(
    ("new", "existing", "cycle"),
    [
        (delegation("aa"), [], "aa"),
        (delegation("ab"), [], None),
        (delegation("ab"), [delegation("ba")], "aba"),
        (delegation("ab"), [delegation("bc"), delegation("ca")], "abca"),
        (delegation("ab"), [delegation("bc"), delegation("cb")], None),
        (delegation("ab", 0, 5), [delegation("ba", 5, 9)], None),
        (delegation("ab", 0, 6), [delegation("ba", 5, 9)], "aba"),
        (delegation("ab", 0, 9), [delegation("bc", 0, 4), delegation("ca", 5, 9)], None),
        (delegation("ab", 0, 9, "it"), [delegation("ba", 0, 9, "hr")], None),
        (delegation("ab", 0, 9, "it"), [delegation("ba", 0, 9)], "aba"),
        (delegation("ab"), [delegation("bc", 0, 9, "it"), delegation("ca", 0, 9, "hr")], None),
        (delegation("ab"), [delegation("bd"), delegation("bc"), delegation("ca")], "abca"),
    ],
)
def test_which_delegations_close_a_cycle(new: Delegation, existing: list[Delegation], cycle: str | None) -> None:
    assert find_delegation_cycle(new, existing) == (tuple(cycle) if cycle else None)


DELEGATIONS = st.builds(
    lambda pair, start, length, departments: delegation(pair, start, start + length, *departments),
    st.text("abcd", min_size=2, max_size=2),
    st.integers(0, 5),
    st.integers(1, 4),
    st.sets(st.sampled_from(["it", "hr"])),
)


@given(DELEGATIONS, st.lists(DELEGATIONS, max_size=6))
def test_a_cycle_is_refused_exactly_where_someone_would_come_back_to_himself(
    new: Delegation, existing: list[Delegation]
) -> None:
    """The oracle walks every edge that holds, day by day and department by department."""

    def comes_back(at: datetime, department: str) -> bool:
        edges = [one for one in existing if one.covers(at, department)]
        reached = {new.deputy} if new.covers(at, department) else set()
        for _step in range(5):
            reached |= {one.deputy for one in edges if one.person in reached}
        return new.person in reached

    expected = any(comes_back(day(at), department) for at in range(12) for department in ("it", "hr", "other"))
    cycle = find_delegation_cycle(new, existing)
    assert (cycle is not None) == expected
    if cycle:
        assert cycle[0] == cycle[-1] == new.person
        pairs = {(one.person, one.deputy) for one in [new, *existing]}
        assert all(step in pairs for step in pairwise(cycle))
