"""`servicehall directory`: people, managers, departments and groups from a file."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from servicehall.cli.application import progress_bar, with_app
from servicehall.clock import now
from servicehall.texts import _

if TYPE_CHECKING:
    from servicehall.services.directory_import import Imported, PeopleRefused


@click.group("directory")
def group() -> None:
    """People, departments and groups."""


@group.command("import")
@click.argument("path", metavar="PEOPLE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only check, and say what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print the result, or the errors, as JSON.")
@with_app
def import_(path: Path, dry_run: bool, as_json: bool) -> None:
    """Import people from a CSV file: all of it, or nothing where anything is wrong.

    Every error is printed with its line. Importing again changes only what differs; people that the file does not
    name stay as they are.
    """
    from servicehall.models.base import db
    from servicehall.services.directory_import import PeopleRefused, import_people
    from servicehall.services.people_file import LARGEST
    from servicehall.web.accounts import ensure_accounts

    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    try:
        with progress_bar(len(data.splitlines()) - 1, _("Importing"), quiet=as_json or dry_run) as progress:
            done = import_people(data, at=now(), dry_run=dry_run, progress=progress)
    except PeopleRefused as refused:
        _print_refused(refused, path, as_json)
        sys.exit(1)
    if not dry_run:
        ensure_accounts(db.session(), done.active)
    if as_json:
        click.echo(json.dumps(done.as_dict(), ensure_ascii=False, indent=2))
    else:
        _print_done(done)


@group.command("erase")
@click.option("--person", required=True, metavar="EMAIL", help="Whom to erase; somebody who is deactivated.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; only with --yes.")
@with_app
def erase_(person: str, yes: bool, as_json: bool) -> None:
    """Erase a person's data by law. This cannot be undone.

    Attributes, comments, signatures, uploaded files, and the personal and secret answers of requests for this person
    go; the events stay, with tombstones, and every chain still verifies. Where it is cut off, run it again.
    """
    from servicehall.models.base import db
    from servicehall.services import directory, erasure
    from servicehall.services.directory_import import SYSTEM
    from servicehall.web.accounts import erase_account

    if as_json and not yes:
        raise click.UsageError("--json needs --yes")
    session = db.session()
    wanted = erasure.plan(session, person)
    if not yes:
        words = {"name": wanted.name, "email": wanted.email, "count": len(wanted.requests)}
        click.confirm(_("Erase {name} ({email}), in {count} requests too? This cannot be undone.", **words), abort=True)
    erase_account(session, directory.person(session, wanted.person))
    with progress_bar(len(wanted.requests), _("Erasing"), quiet=as_json) as progress:
        done = erasure.erase(wanted, actor=SYSTEM, at=now(), progress=progress)
    if as_json:
        click.echo(json.dumps(asdict(done), indent=2))
    else:
        counts = {"requests": done.requests, "contents": done.contents, "files": done.files}
        click.echo(_("Erased: {contents} contents and {files} files, in {requests} requests.", **counts))
        click.echo(_("The record is known by {id} from now on.", id=done.person))


def _print_refused(refused: PeopleRefused, path: Path, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"errors": [fault.as_dict() for fault in refused.faults]}, ensure_ascii=False, indent=2))
        return
    for fault in refused.faults:
        place = ": ".join(part for part in (f"{path}:{fault.line}", fault.column) if part)
        click.echo(f"{place}: {fault.message}", err=True)
    click.echo(_("{n} errors; nothing was imported.", n=len(refused.faults)), err=True)


def _print_done(done: Imported) -> None:
    counts = {"created": len(done.created), "changed": len(done.changed), "unchanged": done.unchanged}
    if done.dry_run:
        click.echo(_("Nothing was recorded; this is what an import would do."))
    click.echo(_("{created} people are new, {changed} changed, {unchanged} are as they were.", **counts))
    for name, keys in ((_("Departments"), done.departments), (_("Groups"), done.groups)):
        if keys:
            click.echo(f"{name}: {', '.join(keys)}")
    for email in done.deactivated:
        click.echo(_("{email} is no longer active.", email=email))
    for hands in done.open:
        click.echo(_("Still open in the hands of {email}:", email=hands.person))
        for name, numbers in (
            (_("approvals"), hands.approvals),
            (_("tasks"), hands.tasks),
            (_("requests"), hands.requests),
        ):
            if numbers:
                click.echo(f"  {name}: {', '.join(numbers)}")
    if done.deactivated and done.open and not done.dry_run:
        click.echo(_("Approvals go to deputies or managers and tasks back to their queues as soon as a worker runs."))
