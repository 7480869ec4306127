"""When each task has to begin at the latest, counted back from what is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from servicehall.domain.business_time import due
from servicehall.domain.calendars import compile_calendar
from servicehall.domain.durations import Duration
from servicehall.domain.plan_dates import Reckoning, latest_starts, plan_dates
from servicehall.domain.plans import parse_plan

HOURS = compile_calendar({"time_zone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-18:00"]}})
RECKONING = Reckoning(
    after=lambda at, length: due(HOURS, at, Duration.parse(length)),
    from_day=lambda day, length: due(HOURS, day, Duration.parse(length)),
    day_of=lambda at: at.date(),
)
NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)


def latest(*tasks: dict[str, Any]) -> dict[str, datetime]:
    plan = parse_plan({"anchor": "start_date", "tasks": list(tasks)})
    dates = plan_dates(plan, started_at=NOW, anchor=FRIDAY, reckoning=RECKONING)
    return latest_starts(plan, dates, reckoning=RECKONING)


def test_a_task_begins_so_early_that_all_behind_it_are_done_when_due() -> None:
    found = latest(
        {"key": "first", "due": "2 days"},
        {"key": "second", "due": "4 hours", "after": ["first"]},
        {"key": "desk", "due": "-3 business days", "after": ["second"]},
        {"key": "late", "due": "1 hour", "after": ["desk"]},
        {"key": "choice", "after": [{"any": ["desk", "late"]}]},
    )
    tuesday = datetime(2026, 11, 17, 10, tzinfo=UTC)
    assert found["desk"] == tuesday
    assert found["second"] == tuesday - timedelta(hours=4)
    assert found["first"] == tuesday - timedelta(hours=4, days=2)
    assert set(found) == {"desk", "second", "first"}


LENGTHS = st.builds(lambda n, unit: f"{n} {unit}", st.integers(1, 30), st.sampled_from(["minutes", "hours", "days"]))


@given(length=LENGTHS | st.integers(1, 9).map(lambda n: f"{n + 1} days"), back=st.integers(-9, -1))
def test_the_latest_start_is_in_time_and_a_minute_later_is_not(length: str, back: int) -> None:
    found = latest(
        {"key": "work", "due": length}, {"key": "desk", "due": f"{back - 1} business days", "after": ["work"]}
    )
    assert RECKONING.after(found["work"], length) <= found["desk"]
    assert RECKONING.after(found["work"] + timedelta(minutes=1), length) > found["desk"]
