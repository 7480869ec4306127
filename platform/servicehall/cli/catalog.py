"""`servicehall catalog`: documents as files."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

import click

from servicehall.cli.application import Lifetime, progress_bar, with_app
from servicehall.cli.published import what_is_known, what_the_directory_says
from servicehall.cli.tried import run_examples
from servicehall.cli.who import who
from servicehall.documents.diff import describe_changes, text_diff
from servicehall.documents.examination import ERROR, NOTE, PlacedProblem
from servicehall.documents.json_schema import schema_of, schema_of_all
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.pack import PICTURES, read_pack
from servicehall.documents.pack import check as check_pack
from servicehall.texts import _


@click.group("catalog")
def group() -> None:
    """Documents: services, forms, approvals, clocks and plans as YAML."""


group.add_command(who)


@group.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(path: Path, as_json: bool) -> None:
    """Check every document of PATH, a folder or a file: schema, references, types, what can never be, and examples.

    Prints file:line for each problem; exits with 1 where there is an error. Needs no database; where there is one,
    references resolve in it too, and whoever its directory does not know is a warning.
    """
    pack = read_pack(path)
    find, directory = what_is_known()
    with progress_bar(len(pack.documents), _("Documents"), quiet=as_json) as stepped:
        found = check_pack(pack, find=find, directory=directory, told=lambda done, total: stepped(min(done, 1)))
    found += what_the_directory_says(pack, found, find)
    tried = run_examples(pack.documents, find) if all(one.severity != ERROR for one in found) else None
    found += tried.problems if tried is not None else ()
    problems = [one for one in found if one.severity != NOTE]
    notes = [one for one in found if one.severity == NOTE]
    errors = sum(problem.severity == ERROR for problem in problems)
    if as_json:
        answer = {
            "documents": len(pack.documents),
            "errors": errors,
            "warnings": len(problems) - errors,
            "problems": [problem.as_dict() for problem in problems],
            "notes": [note.as_dict() for note in notes],
            **({"examples": tried.as_dict()} if tried is not None else {}),
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print_problems(found)
        if tried is not None:
            click.echo(tried.summary)
        counts = {"documents": len(pack.documents), "errors": errors, "warnings": len(problems) - errors}
        click.echo(_("{documents} documents, {errors} errors, {warnings} warnings", **counts))
    sys.exit(1 if errors else 0)


def print_problems(problems: list[PlacedProblem]) -> None:
    """One line for each: `file:line: error: path: message`."""
    for problem in problems:
        click.echo(str(problem).replace("\n", " "))


@group.command("apply")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--publish", is_flag=True, help="Publish what was applied; otherwise it is kept as drafts.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_app
def apply(path: Path, publish: bool, dry_run: bool, as_json: bool) -> None:
    """Bring the documents of PATH into the database, all or nothing.

    Applying the same again does nothing. Exits with 1 where a document has an error; then nothing was applied.
    """
    from servicehall.clock import now
    from servicehall.services import definitions

    outcome = definitions.apply(path, publish=publish, dry_run=dry_run, actor="system:catalog", at=now())
    if as_json:
        click.echo(json.dumps(outcome.as_dict(), ensure_ascii=False, indent=2))
    else:
        print_problems(outcome.problems)
        for what in ("created", "changed", "published"):
            for label in getattr(outcome, what):
                click.echo(f"{what} {label}")
        counts = {name: len(getattr(outcome, name)) for name in ("created", "changed", "unchanged", "published")}
        if outcome.is_refused:
            click.echo(_("Nothing was applied."))
        else:
            done = _("{created} created, {changed} changed, {unchanged} unchanged, {published} published", **counts)
            click.echo(done)
    sys.exit(1 if outcome.is_refused else 0)


@group.command("export")
@click.argument("department")
@click.argument("path", type=click.Path(path_type=Path, file_okay=False))
@with_app
def export(department: str, path: Path) -> None:
    """Write every document of DEPARTMENT to PATH in canonical form, one file each; pictures to PATH/images."""
    from servicehall.models.base import db
    from servicehall.services import definitions, pictures

    files = definitions.export(db.session(), department)
    if not files:
        raise click.ClickException(_("There is no document of {department}.", department=department))
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8", newline="\n")
    for picture in definitions.export_pictures(db.session(), department):
        folder = path / PICTURES
        folder.mkdir(exist_ok=True)
        with pictures.opened(db.session(), picture) as data:
            (folder / picture).write_bytes(data.read())
    click.echo(_("{n} documents written", n=len(files)))


@group.command("diff")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the places that differ as JSON.")
@with_app
def diff(path: Path, as_json: bool) -> None:
    """Say what PATH would change of what is published, as lines of canonical text."""
    from servicehall.models.base import db
    from servicehall.services import definitions

    pack = read_pack(path)
    if pack.problems:
        print_problems(list(pack.problems))
        sys.exit(1)
    found = [(document, definitions.published(db.session(), document.name)) for document in pack.documents]
    if as_json:
        answer = {
            f"{now.kind} {now.reference}": [
                one.as_dict() for one in describe_changes(was.body if was else None, now.body)
            ]
            for now, was in found
        }
        click.echo(json.dumps({name: rows for name, rows in answer.items() if rows}, ensure_ascii=False, indent=2))
    else:
        click.echo("".join(text_diff(was, now) for now, was in found), nl=False)


@group.command("simulate")
@click.argument("reference", metavar="[KIND:]DEPARTMENT/KEY")
@click.option("--since", type=Lifetime(), default="90d", show_default=True, help="How far back, such as 90d.")
@click.option("--most", default=1_000, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_app
def simulate(reference: str, since: timedelta, most: int, as_json: bool) -> None:
    """Replay past requests through the draft of a document, and list which would have gone another way.

    KIND is `service` unless it is said; a draft of a shared document is tried with every service that uses it, one of
    a calendar, a department or an assignment_rule with every service that it counts for.
    Exits with 1 where a request would have gone another way. Nothing is stored.
    """
    from servicehall.clock import now
    from servicehall.models.base import db, reading
    from servicehall.services import drafting, simulation

    kind, _colon, name = reference.rpartition(":")
    department, _slash, key = name.partition("/")
    with reading():
        document = drafting.current(db.session(), (kind or "service", department, key)).document
        rows = simulation.requests_since(db.session(), document, now() - since, most=most)
        with progress_bar(len(rows), _("Requests"), quiet=as_json) as told:
            found = simulation.simulate(db.session(), document, rows, told=told)
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    else:
        for one in found.differences:
            for aspect, (was, then) in one.aspects.items():
                click.echo(f"{one.number} {one.service}: {aspect}: {json.dumps(was)} -> {json.dumps(then)}")
        counts = {"n": found.looked_at, "different": len(found.differences), "over": found.passed_over}
        click.echo(_("{n} requests tried, {different} would go another way, {over} could not be tried", **counts))
    sys.exit(1 if found.differences else 0)


@group.command("schema")
@click.argument("kind", required=False, type=click.Choice(list(KINDS)))
def schema(kind: str | None) -> None:
    """Print the JSON Schema of KIND, or of any document, by which editors complete and check YAML."""
    click.echo(json.dumps(schema_of(kind) if kind else schema_of_all(), ensure_ascii=False, indent=2))
