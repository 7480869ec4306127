"""The ledger of a clock: every stretch is named, touches the next, and what counts adds up to the second."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from servicehall.clock import parse_instant
from servicehall.domain.calendars import TWENTY_FOUR_SEVEN, compile_calendar
from servicehall.domain.durations import Duration
from servicehall.domain.ledgers import COUNTED, Part, Segment, Why, ledger, whole_seconds
from servicehall.domain.schedules import Clock, Pause, read_clock, schedule

OFFICE = compile_calendar({"time_zone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}})
CHINA = compile_calendar(
    {
        "time_zone": "Asia/Shanghai",
        "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"]},
        "holidays": {"country": "CN"},
        "closed": [{"date": "2026-09-24"}],
        "open": [{"date": "2026-10-05", "hours": ["20:00-24:00"]}, {"date": "2026-10-06", "hours": ["00:00-01:00"]}],
    }
)
BERLIN = compile_calendar(
    {
        "time_zone": "Europe/Berlin",
        "week": {"mon-sun": ["00:00-02:30", "09:00-24:00"]},
        "holidays": {"country": "DE", "subdivision": "BE"},
    }
)


def at(text):
    """Shanghai clock time of 2026."""
    return datetime.fromisoformat(f"2026-{text}:00+08:00").astimezone(UTC)


def clock(target, start, *pauses, calendar=OFFICE):
    spans = tuple(Pause(at(since), until and at(until), "on_hold") for since, until in pauses)
    return Clock(Duration.parse(target), calendar, at(start), spans)


def test_every_stretch_is_named():
    running = clock("1 business day", "11-23T10:00", ("11-23T15:00", "11-23T19:00"), ("11-24T10:00", None))
    assert ledger(running, at("11-24T12:00")) == (
        Segment(at("11-23T10:00"), at("11-23T12:00"), Why.RUNNING),
        Segment(at("11-23T12:00"), at("11-23T13:00"), Why.OUTSIDE_HOURS),
        Segment(at("11-23T13:00"), at("11-23T15:00"), Why.RUNNING),
        Segment(at("11-23T15:00"), at("11-23T19:00"), Why.PAUSED, "on_hold"),
        Segment(at("11-23T19:00"), at("11-24T09:00"), Why.OUTSIDE_HOURS),
        Segment(at("11-24T09:00"), at("11-24T10:00"), Why.RUNNING),
        Segment(at("11-24T10:00"), at("11-24T12:00"), Why.PAUSED, "on_hold"),
    )


def test_it_goes_on_to_the_due_moment_and_is_cut_where_now_is():
    found = ledger(clock("4 hours", "11-23T10:00"), at("11-23T11:30"))
    assert [(one.part, one.since, one.until) for one in found] == [
        (Part.PASSED, at("11-23T10:00"), at("11-23T11:30")),
        (Part.AHEAD, at("11-23T11:30"), at("11-23T12:00")),
        (Part.AHEAD, at("11-23T12:00"), at("11-23T13:00")),
        (Part.AHEAD, at("11-23T13:00"), at("11-23T15:00")),
    ]


def test_what_runs_past_the_due_moment_is_told_apart():
    found = ledger(clock("2 hours", "11-23T10:00"), at("11-23T14:00"))
    assert [(one.part, one.why) for one in found] == [
        (Part.PASSED, Why.RUNNING),
        (Part.OVERDUE, Why.OUTSIDE_HOURS),
        (Part.OVERDUE, Why.RUNNING),
    ]


def test_days_with_a_rule_of_their_own_are_named_day_by_day():
    """A plain Sunday among the days off is outside working hours like any other."""
    days = {
        one.day: one.why
        for one in ledger(clock("1 hour", "09-18T10:00", calendar=CHINA), at("10-11T00:00"))
        if one.day is not None
    }
    assert {day for day, why in days.items() if why is Why.MAKE_UP_DAY} == {date(2026, 9, 20), date(2026, 10, 10)}
    assert days[date(2026, 9, 24)] is Why.CLOSED
    assert days[date(2026, 9, 25)] is Why.HOLIDAY
    assert [day.day for day, why in days.items() if day.month == 10 and why is Why.HOLIDAY] == [1, 2, 3, 7]
    assert [day.day for day, why in days.items() if why is Why.OPEN_DAY] == [5, 6]


def test_an_interval_over_midnight_is_cut_between_days_of_their_own():
    found = ledger(clock("1 hour", "10-05T00:00", calendar=CHINA), at("10-06T02:00"))
    assert [(one.why, one.since, one.until) for one in found if one.why in COUNTED] == [
        (Why.OPEN_DAY, at("10-05T20:00"), at("10-05T21:00")),
        (Why.OPEN_DAY, at("10-05T21:00"), at("10-06T00:00")),
        (Why.OPEN_DAY, at("10-06T00:00"), at("10-06T01:00")),
    ]


START = parse_instant("2026-09-18T00:00:00Z")
moments = st.integers(0, 60 * 60 * 24 * 45).map(lambda count: START + timedelta(seconds=count, microseconds=count % 7))
pauses = st.lists(
    st.tuples(moments, st.integers(0, 200_000)).map(
        lambda pair: Pause(pair[0], pair[0] + timedelta(seconds=pair[1]), "on_hold")
    ),
    max_size=4,
)
standing = st.none() | moments.map(lambda since: Pause(since, None, "returned"))
targets = st.sampled_from(["30 minutes", "4 hours", "20 hours", "2 days", "1 business day", "3 business days"])
calendars = st.sampled_from([OFFICE, CHINA, BERLIN, TWENTY_FOUR_SEVEN])


@given(targets, calendars, moments, pauses, standing, moments)
@settings(max_examples=300)
def test_segments_touch_and_add_up_to_elapsed_and_remaining(target, calendar, started, held, still, until):
    started, until = sorted((started, until))
    running = Clock(Duration.parse(target), calendar, started, (*held, *([still] if still else [])))
    rows, reading, due_at = ledger(running, until), read_clock(running, until), schedule(running).due_at
    edges = [started, *(row.until for row in rows)]
    assert [row.since for row in rows] == edges[:-1], "without gaps"
    assert edges[-1] == (until if due_at is None else max(until, due_at))
    assert all(row.since < row.until for row in rows), "none empty"

    def counted(*parts):
        return sum((row.counted for row in rows if row.part in parts), timedelta(0))

    assert counted(Part.PASSED, Part.OVERDUE) == reading.elapsed
    if due_at is not None and until < due_at:
        assert counted(Part.AHEAD) == reading.remaining
    elif due_at is not None:
        assert counted(Part.OVERDUE) == -reading.remaining
    seconds = dict.fromkeys(Part, 0)
    for row, whole in zip(rows, whole_seconds(rows), strict=True):
        seconds[row.part] += whole
    assert seconds[Part.PASSED] + seconds[Part.OVERDUE] == reading.elapsed_seconds
    if due_at is not None:
        assert seconds[Part.AHEAD] - seconds[Part.OVERDUE] == reading.remaining_seconds
