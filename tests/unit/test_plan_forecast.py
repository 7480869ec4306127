"""Planning forwards and backwards, against a scheduler that tries every schedule of a small plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests import proofs

from servicehall.domain.business_time import due
from servicehall.domain.calendars import compile_calendar
from servicehall.domain.durations import Duration
from servicehall.domain.plan_dates import Known, Reckoning
from servicehall.domain.plan_forecast import Forecast, forecast
from servicehall.domain.plans import Plan, parse_plan

# --- an oracle that knows nothing of the code ------------------------------------------------------------------
# A plan here is a list of (takes, deadline, all, any, optional): whole hours, tasks by their place. A schedule gives
# each task the hour it begins at.

Rows = list[tuple[int, int | None, list[int], list[list[int]], bool]]
TRIES = 1_000 if proofs.LONG else 60
LATEST_DEADLINE = 3
LAST = 11
"""Late enough for every task to begin after all deadlines, with all that wait for it behind it."""


def schedules(rows: Rows, begun: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Nothing begins before the start, before all it waits for have ended, or before one of each choice has."""
    if len(begun) == len(rows):
        yield begun
        return
    _takes, _deadline, waits, choices, _optional = rows[len(begun)]
    ends = [begin + row[0] for begin, row in zip(begun, rows, strict=False)]
    for begin in range(LAST):
        if all(ends[one] <= begin for one in waits) and all(any(ends[one] <= begin for one in c) for c in choices):
            yield from schedules(rows, (*begun, begin))


def in_time(rows: Rows, begins: tuple[int, ...], moved: int = 0, *, optional_too: bool) -> bool:
    return all(
        deadline is None or begin <= deadline + moved or (optional and not optional_too)
        for begin, (_takes, deadline, _waits, _choices, optional) in zip(begins, rows, strict=True)
    )


@st.composite
def small_plans(draw: st.DrawFn) -> Rows:
    rows: Rows = []
    for index in range(draw(st.integers(1, 4))):
        some = st.lists(st.integers(0, index - 1), unique=True, max_size=2) if index else st.just([])
        takes = draw(st.integers(0, 2))
        deadline = draw(st.integers(0, LATEST_DEADLINE)) if takes == 0 and draw(st.booleans()) else None
        choice = draw(some)
        rows.append((takes, deadline, draw(some), [choice] if choice else [], draw(st.integers(0, 4)) == 0))
    return rows


# --- the same plan for the code: an hour is an hour of 24x7, an anchor's day moves every deadline by an hour ----------

START = datetime(2026, 11, 2, tzinfo=UTC)
DAY = date(2026, 11, 2)
HOURLY = Reckoning(
    after=lambda at, said: at + timedelta(hours=int(said.split()[0])),
    from_day=lambda day, said: START + timedelta(hours=int(said.split()[0]) - 50 + (day - DAY).days),
    day_of=lambda at: at.date(),
)


def plan_of(rows: Rows) -> Plan:
    tasks = []
    for index, (takes, deadline, waits, choices, optional) in enumerate(rows):
        after: list[Any] = [f"t{one}" for one in waits] + [{"any": [f"t{one}" for one in each]} for each in choices]
        length = f"{deadline + 50} business days" if deadline is not None else f"{takes} hours" if takes else None
        tasks.append({"key": f"t{index}", "after": after, "due": length, "optional": optional})
    return parse_plan({"anchor": "day", "tasks": tasks})


def hour(at: datetime) -> int:
    return int((at - START) / timedelta(hours=1))


@pytest.mark.proves("F1")
@settings(max_examples=TRIES)
@given(rows=small_plans())
def test_a_forecast_is_what_trying_every_schedule_finds(rows: Rows) -> None:
    found = forecast(plan_of(rows), at=START, anchor=DAY, reckoning=HOURLY)
    possible = list(schedules(rows))
    earliest = [min(one[index] for one in possible) for index in range(len(rows))]
    assert [hour(found.spans[f"t{index}"].start) for index in range(len(rows))] == earliest
    assert bool(found.late) == (not any(in_time(rows, one, optional_too=False) for one in possible))
    assert {one.task for one in found.late} == {
        f"t{index}"
        for index, (_takes, deadline, _waits, _choices, optional) in enumerate(rows)
        if deadline is not None and not optional and earliest[index] > deadline
    }


@pytest.mark.proves("F1")
@settings(max_examples=TRIES)
@given(rows=small_plans())
def test_the_latest_start_is_the_last_of_all_schedules_that_keep_every_date(rows: Rows) -> None:
    good = [one for one in schedules(rows) if in_time(rows, one, optional_too=True)]
    assume(good)
    found = forecast(plan_of(rows), at=START, anchor=DAY, reckoning=HOURLY)
    for index in range(len(rows)):
        last, latest = max(one[index] for one in good), found.latest.get(f"t{index}")
        assert (last <= LATEST_DEADLINE) == (latest is not None)
        assert latest is None or last == hour(latest)


@pytest.mark.proves("F1")
@settings(max_examples=TRIES)
@given(rows=small_plans())
def test_the_first_date_that_works_is_the_first_for_which_a_schedule_is_in_time(rows: Rows) -> None:
    found = forecast(plan_of(rows), at=START, anchor=DAY, reckoning=HOURLY).works_from
    possible = list(schedules(rows))
    if all(deadline is None or optional for _takes, deadline, _waits, _choices, optional in rows):
        assert found is None
        return
    assert found is not None
    first = next(days for days in range(-20, 20) if any(in_time(rows, s, days, optional_too=False) for s in possible))
    assert (found - DAY).days == first


@pytest.mark.proves("F1")
@settings(max_examples=TRIES)
@given(rows=small_plans())
def test_any_hour_of_delay_on_the_critical_path_is_an_hour_less_to_the_tightest_date(rows: Rows) -> None:
    found = forecast(plan_of(rows), at=START, anchor=DAY, reckoning=HOURLY)
    required = {
        index: deadline
        for index, (_t, deadline, _w, _c, optional) in enumerate(rows)
        if deadline is not None and not optional
    }
    earliest = {index: hour(found.spans[f"t{index}"].start) for index in required}
    if not required:
        return
    tight = min(deadline - earliest[index] for index, deadline in required.items())
    path = [int(key[1:]) for key in found.critical]
    assert required[path[-1]] - earliest[path[-1]] == tight
    for before, after in pairwise(path):
        assert before in rows[after][2] or any(before in choice for choice in rows[after][3])
        assert hour(found.spans[f"t{before}"].end) == earliest.get(after, hour(found.spans[f"t{after}"].start))
    assert hour(found.spans[f"t{path[0]}"].start) == 0


# --- with real calendars ---------------------------------------------------------------------------------------

HOURS = compile_calendar({"time_zone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-18:00"]}})
OFFICE = Reckoning(
    after=lambda at, length: due(HOURS, at, Duration.parse(length)),
    from_day=lambda day, length: due(HOURS, day, Duration.parse(length)),
    day_of=lambda at: at.date(),
)
MONDAY = datetime(2026, 11, 2, 1, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)


def office(*tasks: Mapping[str, Any], anchor: date | None = FRIDAY, at: datetime = MONDAY, **known: Any) -> Forecast:
    plan = parse_plan({"anchor": "start_date", "tasks": list(tasks)})
    return forecast(plan, at=at, anchor=anchor, reckoning=OFFICE, known=Known(**known))


CHAIN = (
    {"key": "first", "due": "2 days"},
    {"key": "second", "due": "4 hours", "after": ["first"]},
    {"key": "desk", "due": "-3 business days", "after": ["second"]},
    {"key": "late", "due": "1 hour", "after": ["desk"]},
    {"key": "choice", "after": [{"any": ["desk", "late"]}]},
)


def test_a_task_begins_so_early_that_all_behind_it_are_done_when_due() -> None:
    found = office(*CHAIN).latest
    tuesday = datetime(2026, 11, 17, 10, tzinfo=UTC)
    assert found["desk"] == tuesday
    assert found["second"] == tuesday - timedelta(hours=4)
    assert found["first"] == tuesday - timedelta(hours=4, days=2)
    assert set(found) == {"desk", "second", "first"}


def test_a_date_that_is_too_early_names_what_makes_it_so_and_the_first_that_works() -> None:
    found = office(*CHAIN, anchor=date(2026, 11, 6))
    late = found.late[0]
    assert (late.task, late.because) == ("desk", ("first", "second"))
    assert late.due_at == datetime(2026, 11, 3, 10, tzinfo=UTC)
    assert late.earliest == datetime(2026, 11, 4, 5, tzinfo=UTC)
    assert found.works_from == date(2026, 11, 7)
    assert not office(*CHAIN, anchor=date(2026, 11, 7)).late
    assert found.critical == ("first", "second", "desk")


def test_without_a_date_the_first_that_works_is_known_and_the_longest_chain_is_critical() -> None:
    found = office(*CHAIN, anchor=None)
    assert (found.late, found.latest, found.works_from) == ((), {}, date(2026, 11, 7))
    assert found.critical == ("first", "second", "desk", "late")


def test_what_is_done_or_skipped_takes_no_more_time_and_an_overdue_one_takes_until_now() -> None:
    thursday = datetime(2026, 11, 5, 2, tzinfo=UTC)
    done = office(*CHAIN, at=thursday, ready_at={"first": MONDAY}, done_at={"first": MONDAY})
    assert done.spans["second"].start == thursday
    assert done.critical == ("second", "desk")
    overdue = office(*CHAIN, at=thursday, ready_at={"first": MONDAY})
    assert overdue.spans["second"].start == thursday
    skipped = office(*CHAIN, skipped={"second"})
    assert skipped.critical == ("first", "desk")
    assert skipped.spans["desk"].start == MONDAY + timedelta(days=2)


LENGTHS = st.builds(lambda n, unit: f"{n} {unit}", st.integers(1, 30), st.sampled_from(["minutes", "hours", "days"]))


@settings(max_examples=50)
@given(length=LENGTHS, back=st.integers(-9, -1))
def test_the_latest_start_is_in_time_and_a_minute_later_is_not(length: str, back: int) -> None:
    found = office(
        {"key": "work", "due": length}, {"key": "desk", "due": f"{back - 1} business days", "after": ["work"]}
    ).latest
    assert OFFICE.after(found["work"], length) <= found["desk"]
    assert OFFICE.after(found["work"] + timedelta(minutes=1), length) > found["desk"]


@pytest.mark.parametrize("offset", ["-3 business days", "1 business day", "20 business days"])
@settings(max_examples=20)
@given(days=st.integers(0, 60))
def test_the_first_date_that_works_does_and_the_day_before_does_not(offset: str, days: int) -> None:
    tasks = ({"key": "work", "due": f"{days * 7 + 1} hours"}, {"key": "desk", "due": offset, "after": ["work"]})
    first = office(*tasks).works_from
    assert first is not None
    assert not office(*tasks, anchor=first).late
    assert office(*tasks, anchor=first - timedelta(days=1)).late
