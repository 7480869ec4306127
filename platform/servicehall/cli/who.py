"""`servicehall catalog who`: who would be asked, and why, today or at a past moment."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Any

import click

from servicehall.cli.application import with_app
from servicehall.clock import parse_instant
from servicehall.documents.source import read_yaml
from servicehall.texts import _


class Instant(click.ParamType[datetime]):
    """`2026-03-02T09:00:00Z`."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return parse_instant(str(value))
        except ValueError:
            self.fail("write an instant with Z or an offset, such as 2026-03-02T09:00:00Z", param, ctx)


@click.command("who")
@click.argument("service", metavar="DEPARTMENT/KEY")
@click.option("--person", required=True, metavar="EMAIL", help="Who would order it.")
@click.option("--for", "requested_for", metavar="EMAIL", help="For whom, where that is somebody else.")
@click.option(
    "--answers", type=click.File(encoding="utf-8"), help="Answers by field, JSON or YAML; - reads from input."
)
@click.option("--at", type=Instant(), help="A moment that is over; now unless it is said.")
@click.option("--impact", help="Where the service asks for it.")
@click.option("--urgency", help="Where the service asks for it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_app
def who(service: str, answers: IO[str] | None, as_json: bool, **said: Any) -> None:
    """Say who would be asked at each stage, and why, with directory and service as they are, or as they were.

    A past moment is rebuilt from the log; nothing is stored. Exits with 1 where the person could not order it, or an
    answer would be refused.
    """
    from servicehall.clock import now
    from servicehall.models.base import db, reading
    from servicehall.services import cases
    from servicehall.services.who import Question
    from servicehall.services.who import who as find

    with reading():
        question = Question(service=service, answers=_read(answers), **said)
        found = cases.answer_record(find(db.session(), question, now=now()))
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(found)))
    sys.exit(0 if found["allowed"] and not found["errors"] else 1)


def _read(file: IO[str] | None) -> Mapping[str, Any]:
    if file is None:
        return {}
    source = read_yaml(file.read())
    if source.problems or not isinstance(source.value, dict):
        lines = [f"{file.name}:{line}: {problem.message}" for line, problem in source.problems]
        raise click.ClickException("\n".join(lines) or _("The answers are not a mapping of fields to values."))
    return source.value


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['service']} ({found['version']}), {found['person']['email']}, {found['at']}"
    if not found["allowed"]:
        yield _("This person could not order it.")
    for problem in found["errors"]:
        yield f"{problem['path']}: {problem['message']}"
    for stage in found["stages"]:
        yield f"{stage['key']}: {stage['skipped'] or _needed(stage)}"
        for one in stage["approvers"]:
            deputy = f" → {one['deputy']['email']}" if "deputy" in one else ""
            yield f"  {_name(one)}{deputy}: {one['rule']}: {one.get('skipped') or one['why']}"
        for one in stage["left_out"]:
            yield f"  ({_name(one)}): {one['rule']}: {one['why']}"
    for task in found["tasks"]:
        yield f"{task['key']}: {task['department']}, {task['group'] or '—'}, {task['due_at'] or '—'}"
    for clock in found["clocks"]:
        yield f"{clock['measure']}: {clock['due_at']}"


def _needed(stage: Mapping[str, Any]) -> str:
    return _("{needed} of {count} must approve", needed=stage["needed"], count=len(stage["approvers"]))


def _name(one: Mapping[str, Any]) -> str:
    return str(one["person"]["email"] if "person" in one else one["group"])
