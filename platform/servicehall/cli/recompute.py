"""`servicehall sla recompute`: open clocks go by the calendars and policies of today, after a look at what moves."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from servicehall.cli.application import progress_bar, with_app
from servicehall.texts import _

if TYPE_CHECKING:
    from servicehall.services.recomputation import Preview

SYSTEM = "system:clocks"


@click.command("recompute")
@click.option("--department", "departments", multiple=True, metavar="KEY", help="Only requests of this department.")
@click.option("--calendar", metavar="DEPARTMENT/KEY", help="Only clocks that go by this calendar.")
@click.option("--service", metavar="DEPARTMENT/KEY", help="Only requests of this service.")
@click.option("--comment", help="Why; it stands with every clock that moves.")
@click.option("--dry-run", is_flag=True, help="Say what would move, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_app
def recompute(
    departments: tuple[str, ...],
    calendar: str | None,
    service: str | None,
    comment: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Compute open clocks anew by the calendars and policies that are published now.

    Without this they go on by those that they were started with. Every clock that would move is listed with both due
    moments and what follows at once; every one that moves has an event that says why.
    """
    from servicehall.clock import now
    from servicehall.models.base import db, reading
    from servicehall.services import recomputation, recomputation_orders

    scope = recomputation.Scope(frozenset(departments) or None, calendar, service)
    with reading():
        found = recomputation.preview(db.session(), scope, at=now())
        basis, records = found.basis, _records(found)
        db.session.rollback()
    if not as_json:
        _print(records)
    done = 0
    if records and not dry_run and _is_wanted(yes or as_json, len(records)):
        order, _seen = recomputation_orders.order(
            db.session(), scope, basis=basis, actor=SYSTEM, at=now(), comment=comment
        )
        done = _carry(order, quiet=as_json)
    if as_json:
        said = {"clocks": len(records), "unchanged": found.unchanged, "requests_moved": done, "items": records}
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        counts = {"clocks": len(records) - found.unchanged, "same": found.unchanged, "done": done}
        click.echo(_("{clocks} clocks would move, {same} keep their date; {done} requests were done.", **counts))


def _records(found: Preview) -> list[dict[str, Any]]:
    from servicehall.models.base import db
    from servicehall.services import cases

    return cases.move_records(db.session(), found.moves)


def _is_wanted(sure: bool, count: int) -> bool:
    if sure or not sys.stdin.isatty():
        return True
    return click.confirm(_("Move these {n} clocks?", n=count))


def _print(records: list[dict[str, Any]]) -> None:
    for one in records:
        what = f"{one['measure']} {one['task']}" if one["task"] else one["measure"]
        then = one["new_due_at"] or ("ends" if one["ends"] else "not known")
        click.echo(f"{one['request']} {what}: {one['due_at']} -> {then}{_follows(one)}")


def _follows(one: dict[str, Any]) -> str:
    said = [f"because of {', '.join(one['because'])}"]
    said += [f"step {point} acts" for point in one["acts"]]
    said += [f"step {point} is passed over" for point in one["passes_over"]]
    said += ["its breach is withdrawn"] if one["breach_withdrawn"] else []
    said += ["it is missed"] if one["missed"] else []
    return f" ({'; '.join(said)})"


def _carry(order: str, *, quiet: bool) -> int:
    """Carries the order at once, one request after another; a worker that is faster does no harm."""
    from servicehall.clock import now
    from servicehall.models.base import db
    from servicehall.services import recomputation_orders, timers

    waiting = [(one.id, dict(one.payload)) for one in recomputation_orders.waiting(db.session(), order)]
    db.session.rollback()
    with progress_bar(len(waiting), _("Requests"), quiet=quiet) as told:
        for identity, payload in waiting:
            at = now()
            settle = partial(recomputation_orders.settle, timer_id=identity, at=at)
            timers.ring(recomputation_orders.KIND, payload, at=at, settle=settle)
            told(1)
    return len(waiting)
