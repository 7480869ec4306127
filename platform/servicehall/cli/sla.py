"""`servicehall sla`: the working-time calculator alone, for one question or for many; and clocks computed anew."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import click

import servicehall
from servicehall.cli.application import plain_errors
from servicehall.cli.published import published_body
from servicehall.cli.recompute import recompute
from servicehall.clock import as_instant, parse_instant
from servicehall.documents.source import read_file
from servicehall.domain.business_time import due, elapsed
from servicehall.domain.calendar_rules import read_date
from servicehall.domain.calendars import TWENTY_FOUR_SEVEN, Calendar, compile_calendar
from servicehall.domain.durations import Duration
from servicehall.errors import Invalid, NotFound, ServicehallError
from servicehall.texts import _

ROUND_THE_CLOCK = "24x7"
QUESTIONS = ({"calendar", "start", "for"}, {"calendar", "start", "until"})
Answer = dict[str, str | int | float]
FindCalendar = Callable[[str], Mapping[str, Any]]

calendar_option = click.option("--calendar", help="A YAML file, DEPARTMENT/KEY, or 24x7.")
start_option = click.option("--start", help="An instant such as 2026-12-01T09:00:00Z; for due also a date: an anchor.")
batch_option = click.option("--batch", is_flag=True, help="Read JSON lines from standard input, answer each with one.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def sla() -> None:
    """Working time: when a duration is used up, and how much has passed."""


@sla.command("due")
@calendar_option
@start_option
@click.option("--for", "duration", help="A duration such as 4 hours, 2 days or 3 business days.")
@batch_option
@json_option
def due_command(calendar: str | None, start: str | None, duration: str | None, batch: bool, as_json: bool) -> None:
    """Print the instant at which a duration is used up."""
    _run({"calendar": calendar, "start": start, "for": duration}, batch=batch, as_json=as_json)


@sla.command("elapsed")
@calendar_option
@start_option
@click.option("--until", help="An instant, not before the start.")
@batch_option
@json_option
def elapsed_command(calendar: str | None, start: str | None, until: str | None, batch: bool, as_json: bool) -> None:
    """Print the working time between two instants, in seconds."""
    _run({"calendar": calendar, "start": start, "until": until}, batch=batch, as_json=as_json)


sla.add_command(recompute)


def _run(options: Mapping[str, str | None], *, batch: bool, as_json: bool) -> None:
    given = {name: value for name, value in options.items() if value is not None}
    if batch:
        failed = _answer_lines(sys.stdin.buffer, given)
        sys.exit(1 if failed else 0)
    if missing := [f"--{name}" for name in options if name not in given]:
        raise click.UsageError(_("Missing: {options}.", options=", ".join(missing)))
    with plain_errors():
        result = answer(given, find_calendar)
    click.echo(json.dumps(result) if as_json else "".join(str(value) for value in result.values()))


def _answer_lines(lines: Iterable[bytes], given: Mapping[str, str]) -> bool:
    """One JSON line for each line read, also for a bad one; whether any was bad.

    Options given beside `--batch` stand in where a line leaves them out; each calendar is read once.
    """
    failed, find = False, cache(find_calendar)
    for line in lines:
        try:
            result: Answer = answer({**given, **_question(line)}, find)
        except ServicehallError as error:
            failed, result = True, {"error": str(error)}
        click.echo(json.dumps(result, ensure_ascii=False))
    return failed


def answer(question: Mapping[str, Any], find: FindCalendar) -> Answer:
    """`{"due": …}` for calendar, start and for; `{"elapsed_seconds": …}` for calendar, start and until."""
    if set(question) not in QUESTIONS:
        raise Invalid(_("A question has calendar, start, and either for or until."))
    calendar = load_calendar(question["calendar"], find)
    start = _moment(question["start"])
    if "for" in question:
        return {"due": as_instant(due(calendar, start, Duration.parse(question["for"])))}
    if not isinstance(start, datetime):
        raise Invalid(_("Elapsed time needs an instant as its start; a date is an anchor, for a due moment only."))
    passed = elapsed(calendar, start, _instant(question["until"])) / timedelta(seconds=1)
    return {"elapsed_seconds": int(passed) if passed.is_integer() else passed}


def _question(line: bytes) -> Mapping[str, Any]:
    try:
        question = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("This line is not JSON: {why}", why=str(error))) from None
    if not isinstance(question, dict):
        raise Invalid(_("This line is not a JSON object."))
    return question


def load_calendar(reference: Any, find: FindCalendar) -> Calendar:
    """The calendar of an inline mapping, of `24x7`, or of the document that `find` gives; Invalid or NotFound."""
    if isinstance(reference, Mapping):
        return compile_calendar(reference)
    if not isinstance(reference, str) or not reference:
        raise Invalid(_("A calendar is a file, DEPARTMENT/KEY, 24x7, or a mapping."))
    return TWENTY_FOUR_SEVEN if reference == ROUND_THE_CLOCK else compile_calendar(find(reference))


def find_calendar(reference: str) -> Mapping[str, Any]:
    """The calendar document of a YAML file, or of DEPARTMENT/KEY: published in the database, else shipped."""
    path = Path(reference)
    if _is_file(path):
        return _read_document(path)
    department, slash, key = reference.partition("/")
    if path.suffix in (".yaml", ".yml") or not (slash and department and key) or "/" in key:
        raise NotFound(_("There is no file “{name}”; a calendar is a file or DEPARTMENT/KEY.", name=reference))
    published = published_body("calendar", department, key)
    if published is not None:
        return published
    for document in _shipped(department, key):
        return document
    raise NotFound(_("There is no calendar “{name}” in the catalogs.", name=reference))


def _shipped(department: str, key: str) -> Iterator[Mapping[str, Any]]:
    wanted = {"kind": "calendar", "department": department, "key": key}
    for root in _catalog_roots():
        for path in sorted(root.glob("*/*.yaml")):
            value = read_file(path).value if key.encode() in path.read_bytes() else None
            if isinstance(value, Mapping) and wanted.items() <= value.items():
                yield value


def _catalog_roots() -> tuple[Path, ...]:
    """The repository's catalogs where the program runs from a clone, else those inside the installed package."""
    package = Path(servicehall.__file__).parent
    return (package.parents[1] / "catalogs", package / "_content" / "catalogs")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _read_document(path: Path) -> Mapping[str, Any]:
    source = read_file(path)
    if source.problems:
        where = "; ".join(f"{path}:{line}: {problem.message}" for line, problem in source.problems)
        raise Invalid(where)
    if not isinstance(source.value, Mapping):
        raise Invalid(_("{path} holds no calendar.", path=str(path)))
    return source.value


def _moment(value: Any) -> datetime | date:
    return read_date(value) or _instant(value)


def _instant(value: Any) -> datetime:
    if not isinstance(value, str):
        _refuse_instant(value)
    try:
        return parse_instant(value)
    except (ValueError, OverflowError):
        _refuse_instant(value)


def _refuse_instant(value: Any) -> NoReturn:
    raise Invalid(
        _("“{text}” is no instant; write it with Z or an offset, as 2026-12-01T09:00:00Z", text=str(value)[:60])
    )
