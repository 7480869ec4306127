"""Working time: calendars, durations and due moments, by tables and against an oracle that steps minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from servicehall.clock import as_instant, parse_instant
from servicehall.domain.business_time import add_working, due, elapsed, intervals, is_open, next_opening
from servicehall.domain.calendar_rules import check_calendar
from servicehall.domain.calendars import TWENTY_FOUR_SEVEN, Because, compile_calendar
from servicehall.domain.durations import Duration, Unit
from servicehall.errors import Invalid
from servicehall.texts import use_locale

OFFICE = ["09:00-12:00", "13:30-18:00"]
SHANGHAI = {"time_zone": "Asia/Shanghai", "week": {"mon-fri": OFFICE}, "holidays": {"country": "CN"}}
BERLIN = {
    "time_zone": "Europe/Berlin",
    "week": {"mon-thu": ["09:00-17:00"], "fri": ["09:00-15:00"]},
    "holidays": {"country": "DE", "subdivision": "BE"},
}
MINUTE = timedelta(minutes=1)


def when(calendar, start, text):
    at = parse_instant(start) if "T" in start else date.fromisoformat(start)
    return as_instant(due(compile_calendar(calendar), at, Duration.parse(text)))


# Durations


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("1 minute", 1, Unit.MINUTE),
        ("30 minutes", 30, Unit.MINUTE),
        ("1 hour", 1, Unit.HOUR),
        ("4 hours", 4, Unit.HOUR),
        ("1 day", 1, Unit.DAY),
        ("2 days", 2, Unit.DAY),
        ("1 business day", 1, Unit.BUSINESS_DAY),
        ("-3 business days", -3, Unit.BUSINESS_DAY),
    ],
)
def test_a_duration_is_one_number_and_one_unit(text, amount, unit):
    assert Duration.parse(text) == Duration(amount, unit)
    assert str(Duration.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "4", "hours", "0 hours", "1.5 hours", "4h", "4  hours", " 4 hours", "4 hours ", "4 Hours", "+4 hours"),
        *("2 days 3 hours", "1 week", "four hours", "٤ hours", "-4 hours", "-2 days", "- 3 business days", "1e3 hours"),
        *("9999999999 hours", "4 hours\n", "04 hours", None, 4, ["4 hours"]),
    ],
)
def test_anything_else_is_refused_with_what_would_be_right(text):
    with pytest.raises(Invalid) as refused:
        Duration.parse(text)
    assert "business days" in refused.value.detail


# Calendars


@pytest.mark.parametrize(
    ("day", "because", "hours"),
    [
        ("2026-09-30", Because.WEEK, 2),
        ("2026-10-01", Because.HOLIDAY, 0),
        ("2026-10-10", Because.MAKE_UP_DAY, 2),
        ("2026-10-11", Because.WEEK, 0),
        ("2026-12-31", Because.CLOSED, 0),
        ("2026-10-02", Because.OPEN, 1),
        ("2026-09-20", Because.CLOSED, 0),
        ("2026-05-09", Because.OPEN, 1),
    ],
)
def test_open_beats_closed_beats_make_up_day_beats_holiday_beats_week(day, because, hours):
    calendar = compile_calendar(
        SHANGHAI
        | {
            "closed": [{"date": "2026-12-31", "name": "Stocktaking"}, {"date": "2026-09-20"}],
            "open": [
                {"date": "2026-10-02", "hours": ["10:00-11:00"]},
                {"date": "2026-05-09", "hours": ["10:00-11:00"]},
            ],
        }
    )
    found, why = calendar.day(date.fromisoformat(day))
    assert (why, len(found)) == (because, hours)


def test_a_make_up_day_has_the_hours_of_the_first_working_day_of_the_week():
    week = {"tue-fri": ["08:00-10:00"], "mon": [], "sun": ["20:00-21:00"]}
    calendar = compile_calendar(SHANGHAI | {"week": week})
    saturday, sunday = date(2026, 10, 10), date(2026, 9, 20)
    assert calendar.day(saturday) == (((480, 600),), Because.MAKE_UP_DAY)
    assert calendar.day(sunday) == (((1200, 1260),), Because.MAKE_UP_DAY), "hours of its own are kept"


def test_without_make_up_days_swapped_days_off_stay_closed_and_none_are_added():
    calendar = compile_calendar(SHANGHAI | {"holidays": {"country": "CN", "make_up_days": False}})
    assert calendar.day(date(2026, 10, 10)) == ((), Because.WEEK)
    assert calendar.day(date(2026, 10, 7)) == ((), Because.HOLIDAY)


def test_touching_ranges_are_one_and_the_order_is_free():
    calendar = compile_calendar({"time_zone": "UTC", "week": {"mon": ["12:00-24:00", "00:00-12:00"]}})
    assert calendar.day(date(2026, 11, 23))[0] == ((0, 1440),)


def test_a_range_of_weekdays_may_run_over_the_end_of_the_week():
    calendar = compile_calendar({"time_zone": "UTC", "week": {"sun-tue": OFFICE}})
    assert [bool(calendar.day(date(2026, 11, 22) + timedelta(n))[0]) for n in range(7)] == [True] * 3 + [False] * 4


def test_the_same_content_is_compiled_once():
    assert compile_calendar(SHANGHAI) is compile_calendar({**SHANGHAI, "title": "another title"})
    assert compile_calendar(SHANGHAI) != compile_calendar(BERLIN)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"time_zone": "Asia/Peking"}, "time_zone", "invalid"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "invalid"),
        ({"time_zone": "Europe"}, "time_zone", "invalid"),
        ({"time_zone": 8}, "time_zone", "type"),
        ({"week": ["mon"]}, "week", "type"),
        ({"week": {}}, "week", "never_open"),
        ({"week": {"mon-fri": []}}, "week", "never_open"),
        ({"week": {"mon-fri": "09:00-17:00"}}, "week.mon-fri", "type"),
        ({"week": {"monday": OFFICE}}, "week.monday", "invalid"),
        ({"week": {"mon-tue-wed": OFFICE}}, "week.mon-tue-wed", "invalid"),
        ({"week": {"mon-fri": OFFICE, "fri": OFFICE}}, "week.fri", "duplicate"),
        ({"week": {"mon": ["9:00-17:00"]}}, "week.mon[0]", "invalid"),
        ({"week": {"mon": ["09:00-24:30"]}}, "week.mon[0]", "invalid"),
        ({"week": {"mon": ["24:00-24:00"]}}, "week.mon[0]", "invalid"),
        ({"week": {"mon": ["22:00-06:00"]}}, "week.mon[0]", "invalid"),
        ({"week": {"mon": ["09:00-09:00"]}}, "week.mon[0]", "invalid"),
        ({"week": {"mon": ["09:00-12:00", "11:59-13:00"]}}, "week.mon[1]", "overlap"),
        ({"week": {"mon": ["09:00-12:00", "09:00-12:00"]}}, "week.mon[1]", "overlap"),
        ({"holidays": "CN"}, "holidays", "type"),
        ({"holidays": {}}, "holidays.country", "required"),
        ({"holidays": {"country": "Atlantis"}}, "holidays.country", "invalid"),
        ({"holidays": {"country": "DE", "subdivision": "XX"}}, "holidays.subdivision", "invalid"),
        ({"holidays": {"country": "CN", "make_up_days": "yes"}}, "holidays.make_up_days", "type"),
        ({"holidays": {"country": "CN", "lunar": True}}, "holidays.lunar", "unknown"),
        ({"closed": {"date": "2026-12-31"}}, "closed", "type"),
        ({"closed": [{"name": "x"}]}, "closed[0].date", "invalid"),
        ({"closed": [{"date": "2026-02-29"}]}, "closed[0].date", "invalid"),
        ({"closed": [{"date": "2026-12-31", "name": 3}]}, "closed[0].name", "type"),
        ({"open": [{"date": "2026-12-31"}]}, "open[0].hours", "required"),
        ({"open": [{"date": "2026-12-31", "hours": ["late"]}]}, "open[0].hours[0]", "invalid"),
        ({"open": [{"date": "2026-12-31", "hours": OFFICE}] * 2}, "open[1].date", "duplicate"),
        (
            {"closed": [{"date": "2026-12-31"}], "open": [{"date": "2026-12-31", "hours": OFFICE}]},
            "open[0].date",
            "conflict",
        ),
        ({"kind": "service"}, "kind", "invalid"),
        ({"hours": OFFICE}, "hours", "unknown"),
    ],
)
def test_what_is_wrong_with_a_calendar_is_said_with_its_place(change, path, code):
    assert [(problem.path, problem.code) for problem in check_calendar(SHANGHAI | change)] == [(path, code)]


def test_every_problem_is_found_at_once_and_stops_compilation():
    document = {"week": {"mon-fry": OFFICE}, "closed": [{"date": "soon"}], "colour": "red"}
    with pytest.raises(Invalid) as refused:
        compile_calendar(document)
    assert {problem.path for problem in refused.value.problems} == {
        *("time_zone", "week.mon-fry", "closed[0].date", "colour")
    }


@pytest.mark.parametrize("document", [None, [], "24x7", 5, {1: 2}])
def test_what_is_no_mapping_is_a_problem_not_a_crash(document):
    assert check_calendar(document)


def test_dates_may_come_as_dates():
    closed = SHANGHAI | {"closed": [{"date": date(2026, 12, 31)}]}
    assert compile_calendar(closed) is compile_calendar(SHANGHAI | {"closed": [{"date": "2026-12-31"}]})


# Due moments


@pytest.mark.parametrize(
    ("start", "text", "expected", "because"),
    [
        ("2026-11-23T01:00:00Z", "30 minutes", "2026-11-23T01:30:00Z", "from the opening instant on"),
        ("2026-11-23T01:00:00Z", "3 hours", "2026-11-23T04:00:00Z", "used up at a closing is due at that closing"),
        ("2026-11-23T01:00:00Z", "4 hours", "2026-11-23T06:30:00Z", "over the lunch break"),
        ("2026-11-23T10:00:00Z", "1 hour", "2026-11-24T02:00:00Z", "a closing instant is outside"),
        ("2026-11-22T15:00:00Z", "1 hour", "2026-11-23T02:00:00Z", "from Sunday"),
        ("2026-11-20T09:30:00.000001Z", "30 minutes", "2026-11-23T01:00:00.000001Z", "to the microsecond"),
        ("2026-11-23T09:00:00+08:00", "3 hours", "2026-11-23T04:00:00Z", "any offset"),
        ("2026-11-21T03:00:00Z", "2 days", "2026-11-23T03:00:00Z", "days are elapsed time"),
        ("2026-11-20T02:00:00Z", "1 business day", "2026-11-23T02:00:00Z", "the same clock time"),
        ("2026-11-20T12:00:00Z", "1 business day", "2026-11-24T01:00:00Z", "from the next opening"),
        ("2026-11-20T04:00:00Z", "1 business day", "2026-11-23T05:30:00Z", "12:00 is outside, 13:30 is next"),
        ("2026-09-30T06:00:00Z", "1 business day", "2026-10-08T06:00:00Z", "over the National Day week"),
        ("2026-09-30T06:00:00Z", "3 business days", "2026-10-10T06:00:00Z", "onto a Saturday made up"),
        ("2026-10-08T06:00:00Z", "4 hours", "2026-10-08T10:00:00Z", "up to the closing"),
        ("2026-10-09T10:00:00Z", "1 hour", "2026-10-10T02:00:00Z", "on a Saturday made up"),
        ("2026-12-31T09:00:00Z", "2 hours", "2027-01-04T02:00:00Z", "over the end of the year"),
        ("2026-10-12", "-3 business days", "2026-10-08T10:00:00Z", "last closing, make-up Saturday counted"),
        ("2026-10-11", "-1 business day", "2026-10-10T10:00:00Z", "an anchor on a day off"),
        ("2026-10-10", "-1 business day", "2026-10-09T10:00:00Z", "the anchor itself does not count"),
        ("2026-10-10", "1 business day", "2026-10-12T10:00:00Z", "nor after it"),
        ("2026-10-01", "5 business days", "2026-10-13T10:00:00Z", "fifth working day after"),
        ("2027-01-04", "-2 business days", "2026-12-30T10:00:00Z", "back over the end of the year"),
    ],
)
def test_due_in_shanghai(start, text, expected, because):
    assert when(SHANGHAI, start, text) == expected, because


@pytest.mark.parametrize(
    ("start", "text", "expected", "because"),
    [
        ("2026-11-19T15:30:00Z", "1 business day", "2026-11-20T14:00:00Z", "16:30 is after Friday's last closing"),
        ("2026-11-20T13:00:00Z", "1 business day", "2026-11-23T13:00:00Z", "the day after that keeps its own time"),
        ("2026-03-27T12:00:00Z", "1 business day", "2026-03-30T11:00:00Z", "13:00 on the clock, in summer time"),
        ("2026-10-23T11:00:00Z", "1 business day", "2026-10-26T12:00:00Z", "13:00 on the clock, in winter time"),
        ("2026-03-28T12:00:00Z", "1 day", "2026-03-29T12:00:00Z", "24 elapsed hours through a change"),
        ("2026-03-27T13:00:00Z", "2 hours", "2026-03-30T08:00:00Z", "an hour on each side of the change"),
        ("2026-03-06T13:00:00Z", "2 hours", "2026-03-09T09:00:00Z", "a Monday after Women's Day, kept in Berlin"),
    ],
)
def test_due_in_berlin(start, text, expected, because):
    assert when(BERLIN, start, text) == expected, because


NIGHTS = {"time_zone": "Europe/Berlin", "week": {"mon-sun": ["01:30-02:30"]}}


@pytest.mark.parametrize(
    ("calendar", "start", "text", "expected", "because"),
    [
        (NIGHTS, "2026-03-29T00:00:00Z", "30 minutes", "2026-03-29T01:00:00Z", "closing 02:30 is skipped: 03:00"),
        (NIGHTS, "2026-03-29T00:00:00Z", "1 hour", "2026-03-30T00:00:00Z", "30 minutes that day, the rest the next"),
        (NIGHTS, "2026-10-24T23:00:00Z", "1 hour", "2026-10-25T00:30:00Z", "the first 02:30 closes"),
        (NIGHTS, "2026-10-24T23:00:00Z", "90 minutes", "2026-10-26T01:00:00Z", "the second 02:30 is outside"),
        (NIGHTS, "2026-10-24T00:15:00Z", "1 business day", "2026-10-25T00:15:00Z", "02:15 means the first of two"),
        (NIGHTS, "2026-03-28T01:15:00Z", "1 business day", "2026-03-29T01:00:00Z", "02:15 skipped: after last closing"),
        (
            {"time_zone": "Europe/Berlin", "week": {"mon-sun": ["00:00-24:00"]}},
            *("2026-03-28T01:15:00Z", "1 business day", "2026-03-29T01:00:00Z", "a skipped 02:15 is 03:00"),
        ),
        (
            {"time_zone": "America/Sao_Paulo", "week": {"mon-sun": ["00:00-24:00"]}},
            *("2018-11-03T03:00:00Z", "24 hours", "2018-11-04T03:00:00Z", "the day begins at 01:00"),
        ),
        (
            {"time_zone": "America/Sao_Paulo", "week": {"sun": ["00:00-01:30"]}},
            *("2018-10-31T00:00:00Z", "1 hour", "2018-11-11T02:30:00Z", "an opening that is skipped"),
        ),
        (
            {"time_zone": "Pacific/Apia", "week": {"mon-sun": ["09:00-17:00"]}},
            *("2011-12-29T20:00:00Z", "1 business day", "2011-12-30T20:00:00Z", "there was no 30 December in Apia"),
        ),
        (
            {"time_zone": "Australia/Lord_Howe", "week": {"mon-sun": ["01:30-02:30"]}},
            *("2026-10-03T15:00:00Z", "30 minutes", "2026-10-03T15:30:00Z", "half an hour is skipped at 02:00"),
        ),
    ],
)
def test_clock_changes(calendar, start, text, expected, because):
    assert when(calendar, start, text) == expected, because


@pytest.mark.parametrize(
    ("start", "text", "expected"),
    [
        ("2026-11-21T03:00:00Z", "4 hours", "2026-11-21T07:00:00Z"),
        ("2026-11-21T03:00:00Z", "2 business days", "2026-11-23T03:00:00Z"),
        ("2026-11-21", "-1 business day", "2026-11-21T00:00:00Z"),
        ("2026-12-31T23:30:00Z", "1 hour", "2027-01-01T00:30:00Z"),
        ("2028-02-28T12:00:00Z", "1 business day", "2028-02-29T12:00:00Z"),
    ],
)
def test_round_the_clock(start, text, expected):
    at = parse_instant(start) if "T" in start else date.fromisoformat(start)
    assert as_instant(due(TWENTY_FOUR_SEVEN, at, Duration.parse(text))) == expected


@pytest.mark.parametrize(
    ("start", "text", "says"),
    [
        ("2026-11-23", "4 hours", "date"),
        ("2026-11-23", "2 days", "date"),
        ("2026-11-23T00:00:00Z", "-3 business days", "anchor"),
        ("9999-12-31T00:00:00Z", "2 days", "2299"),
        ("0001-01-02T00:00:00Z", "2 hours", "1900"),
        ("9999-12-31", "1 business day", "2299"),
        ("2026-11-23T00:00:00Z", "999999999 business days", "2299"),
        ("2026-11-23T00:00:00Z", "999999999 days", "2299"),
        ("2026-11-23", "-999999 business days", "1900"),
    ],
)
def test_questions_without_an_answer_are_refused(start, text, says):
    with pytest.raises(Invalid, match=says):
        when(SHANGHAI, start, text)


def test_a_calendar_whose_last_day_has_passed_has_an_end():
    once = {"time_zone": "UTC", "week": {}, "open": [{"date": "2026-01-05", "hours": ["09:00-10:00"]}]}
    assert when(once, "2026-01-01T00:00:00Z", "1 hour") == "2026-01-05T10:00:00Z"
    for text in ("61 minutes", "2 hours", "1 business day"):
        with pytest.raises(Invalid, match="not enough working time"):
            when(once, "2026-01-05T09:30:00Z", text)


def test_the_end_is_not_before_the_start_and_instants_have_a_zone():
    calendar, noon = compile_calendar(SHANGHAI), datetime(2026, 11, 23, 4, tzinfo=UTC)
    assert elapsed(calendar, noon, noon) == timedelta(0)
    with pytest.raises(Invalid, match="before"):
        elapsed(calendar, noon, noon - MINUTE)
    with pytest.raises(ValueError, match="time zone"):
        elapsed(calendar, noon.replace(tzinfo=None), noon)


# Against an oracle


@cache
def wall_clock(zone, first, last):
    """Every minute between two instants with the local date and time shown; in a repeated hour the latest shown yet."""
    shown, minutes = datetime.min, []
    for n in range(int((last - first) / MINUTE)):
        at = first + n * MINUTE
        shown = max(shown, at.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        minutes.append((at, shown.date(), clock(shown.hour * 60 + shown.minute)))
    return minutes


class Oracle:
    """Working minutes one by one: slow, and simple enough to believe.

    A minute is working time where the day's ranges hold the clock time shown. The second run of a repeated hour keeps
    the state that the first one ended with, because openings and closings mean the first of two.
    """

    def __init__(self, document, first, last):
        minutes = wall_clock(document["time_zone"], first, last)
        ranges = {day: self.ranges(document, day) for day in {day for _at, day, _shown in minutes}}
        self.zone = ZoneInfo(document["time_zone"])
        self.day_of = {at: day for at, day, shown in minutes if self.works(ranges[day], shown)}
        self.open = sorted(self.day_of)
        self.days = sorted(set(self.day_of.values()) - {minutes[0][1], minutes[-1][1]})

    @staticmethod
    def ranges(document, day):
        for entry in document["open"]:
            if entry["date"] == day.isoformat():
                return [text.split("-") for text in entry["hours"]]
        closed = any(entry["date"] == day.isoformat() for entry in document["closed"])
        return [] if closed else [text.split("-") for text in document["week"].get(WEEKDAYS[day.weekday()], ())]

    @staticmethod
    def works(ranges, shown):
        return any(start <= shown < end for start, end in ranges)

    def due(self, start, minutes):
        return [at for at in self.open if at >= start][minutes - 1] + MINUTE

    def elapsed(self, start, until):
        return sum(start <= at < until for at in self.open) * MINUTE

    def business_days(self, opened, count):
        own = opened.astimezone(self.zone)
        day = [day for day in self.days if day > own.date()][count - 1]
        wanted = datetime.combine(day, own.time().replace(fold=0))
        mine = [at for at in self.open if self.day_of[at] == day]
        reached = [at for at in mine if at.astimezone(self.zone).replace(tzinfo=None) >= wanted]
        return reached[0] if reached else mine[-1] + MINUTE

    def anchored(self, anchor, count):
        days = [day for day in self.days if (day > anchor if count > 0 else day < anchor)]
        day = days[count - 1] if count > 0 else days[count]
        return max(at for at in self.open if self.day_of[at] == day) + MINUTE


CHANGES = {
    "Europe/Berlin": ("2026-03-29", "2026-10-25", "2027-01-01"),
    "Asia/Shanghai": ("2026-10-08", "1988-04-17", "1991-09-15"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "America/Sao_Paulo": ("2018-02-18", "2018-11-04"),
    "Pacific/Apia": ("2011-12-30", "2011-09-24", "2012-04-01"),
    "America/St_Johns": ("2010-03-14", "2010-11-07"),
    "Africa/Cairo": ("2026-04-24", "2026-10-30"),
    "Asia/Kathmandu": ("1986-01-01",),
    "UTC": ("2028-02-29", "2027-01-01"),
}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EDGES = (*range(0, 24 * 60, 30), 24 * 60)


def clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def hours(draw):
    edges = draw(st.lists(st.sampled_from(EDGES), min_size=2, max_size=6, unique=True).map(sorted))
    return [f"{clock(start)}-{clock(end)}" for start, end in list(pairwise(edges))[::2]]


@st.composite
def cases(draw):
    """A calendar, and an oracle for it around a clock change in its zone."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    middle = date.fromisoformat(draw(st.sampled_from(CHANGES[zone])))
    days = [(middle + timedelta(n)).isoformat() for n in range(-4, 7)]
    special = draw(st.lists(st.sampled_from(days), max_size=3, unique=True))
    split = draw(st.integers(0, len(special)))
    document = {
        "time_zone": zone,
        "week": draw(st.dictionaries(st.sampled_from(WEEKDAYS), hours(), min_size=2)),
        "closed": [{"date": day} for day in special[:split]],
        "open": [{"date": day, "hours": draw(hours())} for day in special[split:]],
    }
    midnight = datetime(middle.year, middle.month, middle.day, tzinfo=UTC)
    return document, middle, Oracle(document, midnight - timedelta(days=6), midnight + timedelta(days=9)), midnight


around = st.integers(-3 * 24 * 60, 3 * 24 * 60)
shorter = settings(max_examples=60)


@shorter
@given(cases(), around, st.integers(1, 3000), st.integers(1, 4))
def test_due_and_elapsed_agree_with_stepping_minute_by_minute(case, offset, minutes, count):
    document, _middle, oracle, midnight = case
    calendar, start = compile_calendar(document), midnight + offset * MINUTE
    left = [at for at in oracle.open if at >= start]
    until = start + minutes * MINUTE
    assert elapsed(calendar, start, until) == oracle.elapsed(start, until)
    assert is_open(calendar, start) == (start in oracle.day_of)
    spans = [at for since, end in intervals(calendar, start, until) for at in (since, end)]
    assert spans == sorted(set(spans)), "in order, apart, none empty"
    assume(left)
    assert next_opening(calendar, start) == left[0]
    minutes = min(minutes, len(left))
    assert due(calendar, start, Duration(minutes, Unit.MINUTE)) == oracle.due(start, minutes)
    own = left[0].astimezone(oracle.zone).date()
    if sum(day > own for day in oracle.days) >= count:
        assert due(calendar, start, Duration(count, Unit.BUSINESS_DAY)) == oracle.business_days(left[0], count)


@shorter
@given(cases(), st.integers(-2, 2), st.sampled_from([-2, -1, 1, 2]))
def test_anchors_agree_with_stepping_minute_by_minute(case, shift, count):
    document, middle, oracle, _midnight = case
    anchor = middle + timedelta(days=shift)
    assume(sum(day > anchor if count > 0 else day < anchor for day in oracle.days) >= abs(count))
    assert due(compile_calendar(document), anchor, Duration(count, Unit.BUSINESS_DAY)) == oracle.anchored(anchor, count)


@given(st.datetimes(datetime(2019, 1, 1), datetime(2027, 12, 31)), st.integers(0, 5_000_000_000_000))
@settings(max_examples=100)
def test_adding_and_measuring_working_time_are_inverse(start, microseconds):
    start, amount = start.replace(tzinfo=UTC), timedelta(microseconds=microseconds)
    for document in (SHANGHAI, BERLIN):
        calendar = compile_calendar(document)
        end = add_working(calendar, start, amount)
        assert elapsed(calendar, start, end) == amount
        spans = list(intervals(calendar, start, end))
        assert sum((until - since for since, until in spans), timedelta(0)) == amount
        assert all(a[0] < a[1] < b[0] < b[1] for a, b in pairwise(spans))
        assert not spans or spans[-1][1] == end


def test_public_holidays_and_make_up_days_agree_with_a_calendar_that_spells_them_out():
    worked = ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10")
    off = (
        *("2026-01-01", "2026-01-02", "2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20"),
        *("2026-02-23", "2026-04-06", "2026-05-01", "2026-05-04", "2026-05-05", "2026-06-19", "2026-09-25"),
        *("2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"),
    )
    spelled = {
        "time_zone": "Asia/Shanghai",
        "week": {"mon-fri": OFFICE},
        "open": [{"date": day, "hours": OFFICE} for day in worked],
        "closed": [{"date": day} for day in off],
    }
    year = (datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC))
    assert list(intervals(compile_calendar(SHANGHAI), *year)) == list(intervals(compile_calendar(spelled), *year))


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [("1 hour", "1 hour", "1 小时"), ("-3 business days", "-3 business days", "-3 个工作日")],
)
def test_durations_are_said_in_the_readers_language(text, english, chinese):
    assert Duration.parse(text).in_words() == english
    with use_locale("zh"):
        assert Duration.parse(text).in_words() == chinese
