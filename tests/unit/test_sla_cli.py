"""`servicehall sla`: one question, many questions, and what is said where there is no answer."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from servicehall.cli import main

WEEK = {"mon-fri": ["09:00-12:00", "13:30-18:00"]}
OFFICE = {"time_zone": "Asia/Shanghai", "week": WEEK, "holidays": {"country": "CN"}}
YAML = """
kind: calendar
department: it
key: hours
title: {en: Hours, zh: 时间}
time_zone: Asia/Shanghai
week: {mon-fri: ["09:00-12:00", "13:30-18:00"]}
holidays: {country: CN, subdivision: null, make_up_days: true}
closed: [{date: 2026-12-31, name: Stocktaking}]
open: [{date: 2026-10-10, hours: ["09:00-12:00"]}]
"""


def run(*arguments, lines=None):
    given = lines if lines is None or isinstance(lines, bytes) else "".join(f"{json.dumps(line)}\n" for line in lines)
    return CliRunner().invoke(main, ["sla", *arguments], input=given)


@pytest.fixture
def calendar(tmp_path):
    path = tmp_path / "hours.yaml"
    path.write_text(YAML, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        ("2026-11-23T01:00:00Z", "4 hours", "2026-11-23T06:30:00Z"),
        ("2026-11-23T09:00:00+08:00", "2 days", "2026-11-25T01:00:00Z"),
        ("2026-10-09T09:00:00Z", "1 business day", "2026-10-10T04:00:00Z"),
        ("2026-10-12", "-1 business day", "2026-10-10T04:00:00Z"),
        ("2026-12-30", "1 business day", "2027-01-04T10:00:00Z"),
    ],
)
def test_due_prints_an_instant(calendar, start, duration, expected):
    asked = ("due", "--calendar", calendar, "--start", start, "--for", duration)
    assert run(*asked).stdout == f"{expected}\n"
    assert json.loads(run(*asked, "--json").stdout) == {"due": expected}


def test_elapsed_prints_seconds(calendar):
    asked = ("elapsed", "--calendar", calendar, "--start", "2026-11-23T00:00:00Z", "--until")
    assert run(*asked, "2026-11-23T02:00:00Z").stdout == "3600\n"
    assert json.loads(run(*asked, "2026-11-23T02:00:00Z", "--json").stdout) == {"elapsed_seconds": 3600}
    assert json.loads(run(*asked, "2026-11-23T01:00:00.5Z", "--json").stdout) == {"elapsed_seconds": 0.5}


def test_calendars_by_reference_and_round_the_clock():
    for reference in ("it/office-hours-shanghai", "24x7"):
        found = run("due", "--calendar", reference, "--start", "2026-11-23T02:00:00Z", "--for", "1 hour")
        assert found.stdout == "2026-11-23T03:00:00Z\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"--calendar": "nowhere.yaml"}, "nowhere.yaml"),
        ({"--calendar": "it/nothing-here"}, "it/nothing-here"),
        ({"--calendar": "office-hours"}, "DEPARTMENT/KEY"),
        ({"--calendar": "../secret/key"}, "DEPARTMENT/KEY"),
        ({"--calendar": ""}, "calendar"),
        ({"--start": "2026-11-23T01:00:00"}, "offset"),
        ({"--start": "2026-02-30"}, "2026-02-30"),
        ({"--start": "soon"}, "soon"),
        ({"--start": "0001-01-01T00:00:00+14:00"}, "0001-01-01"),
        ({"--start": "9999-12-31T23:59:59Z"}, "2299"),
        ({"--start": "2026-11-23"}, "date"),
        ({"--for": "1 fortnight"}, "1 fortnight"),
        ({"--for": "-2 business days"}, "anchor"),
    ],
)
def test_what_has_no_answer_is_said_on_standard_error(calendar, change, says):
    options = {"--calendar": calendar, "--start": "2026-11-23T01:00:00Z", "--for": "4 hours"} | change
    found = run("due", *(part for pair in options.items() for part in pair))
    assert (found.exit_code, found.stdout) == (1, "")
    assert says in found.stderr


def test_a_missing_option_is_named():
    found = run("elapsed", "--calendar", "24x7", "--start", "2026-11-23T01:00:00Z")
    assert found.exit_code == 2
    assert "--until" in found.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("week: {mon: [x]}\n", ("time_zone", "week.mon[0]")),
        ("a: 1\na: 2\n", (":2:",)),
        ("- 1\n", ("calendar",)),
        ("", ("no document",)),
        ('kind: service\ntime_zone: UTC\nweek: {mon: ["09:00-10:00"]}\n', ("kind",)),
    ],
)
def test_a_bad_calendar_file_is_told_with_its_places(tmp_path, text, says):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    found = run("due", "--calendar", str(path), "--start", "2026-11-23T01:00:00Z", "--for", "4 hours")
    assert found.exit_code == 1
    assert all(word in found.stderr for word in says)


START = {"calendar": "24x7", "start": "2026-11-23T00:00:00Z"}


@pytest.mark.parametrize("command", ["due", "elapsed"])
def test_a_batch_answers_every_line_in_order(calendar, command):
    found = run(
        *(command, "--batch"),
        lines=[
            START | {"for": "4 hours"},
            START | {"until": "2026-11-23T01:00:00Z"},
            {"calendar": OFFICE, "start": "2026-10-12", "for": "-1 business day"},
            {"calendar": calendar, "start": "2026-10-12", "for": "-1 business day"},
            {"calendar": "it/office-hours-shanghai", "start": "2026-11-23T02:00:00Z", "for": "1 hour"},
        ],
    )
    assert found.exit_code == 0
    assert [json.loads(line) for line in found.stdout.splitlines()] == [
        {"due": "2026-11-23T04:00:00Z"},
        {"elapsed_seconds": 3600},
        {"due": "2026-10-10T10:00:00Z"},
        {"due": "2026-10-10T04:00:00Z"},
        {"due": "2026-11-23T03:00:00Z"},
    ]


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b"{}", b"[" * 100_000),
        *(json.dumps(START | extra).encode() for extra in ({}, {"for": "x"}, {"for": None}, {"for": ["4 hours"]})),
        json.dumps(START | {"for": "1 hour", "until": "2026-11-23T01:00:00Z"}).encode(),
        json.dumps(START | {"for": "1 hour", "tz": "UTC"}).encode(),
        json.dumps(START | {"until": "2026-11-22T00:00:00Z"}).encode(),
        json.dumps(START | {"until": "2026-11-24"}).encode(),
        json.dumps(START | {"start": "2026-11-23", "until": "2026-11-24T00:00:00Z"}).encode(),
        json.dumps(START | {"start": 5, "for": "1 hour"}).encode(),
        *(
            json.dumps(START | {"calendar": calendar, "for": "1 hour"}).encode()
            for calendar in (None, 7, [], {}, "x/y", "a\0b", "x" * 5000, OFFICE | {"week": {}}, OFFICE | {"closed": 1})
        ),
    ],
)
def test_a_bad_line_is_one_error_and_the_others_are_answered(line):
    good = json.dumps(START | {"for": "1 hour"}).encode()
    found = run("due", "--batch", lines=b"\n".join((good, line, good)))
    first, bad, last = [json.loads(text) for text in found.stdout.splitlines()]
    assert found.exit_code == 1
    assert first == last == {"due": "2026-11-23T01:00:00Z"}
    assert list(bad) == ["error"]
    assert bad["error"]


def test_options_stand_in_for_what_a_line_leaves_out():
    found = run("due", "--batch", "--calendar", "24x7", lines=[{"start": "2026-11-23T00:00:00Z", "for": "1 hour"}])
    assert json.loads(found.stdout) == {"due": "2026-11-23T01:00:00Z"}


def test_an_empty_batch_has_no_answers():
    assert (run("due", "--batch", lines=b"").exit_code, run("due", "--batch", lines=b"").stdout) == (0, "")
