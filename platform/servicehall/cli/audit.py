"""`servicehall audit`: is the record what it was, and do the tables say what the record says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from servicehall.cli.application import progress_bar, with_app
from servicehall.domain.chain import Finding
from servicehall.texts import _

if TYPE_CHECKING:
    from servicehall.reports.verify import Verification as Printed


@click.group("audit")
def group() -> None:
    """Verification of the record and of printed reports."""


@group.command()
@click.argument("report", metavar="[REPORT.pdf]", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--request", "number", metavar="NUMBER", help="One request of this installation.")
@click.option("--all", "everything", is_flag=True, help="Everything recorded on this installation.")
@click.option("--key", "keys", metavar="HEX", multiple=True, help="A signing key that the report may have.")
@click.option("--here", is_flag=True, help="Compare a report's key and seals with those of this installation.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(
    report: Path | None, number: str | None, everything: bool, keys: tuple[str, ...], here: bool, as_json: bool
) -> None:
    """Check a printed report, one request, or the whole record; say what is broken and where.

    A report needs no database and no network. Exits with 1 where anything is not what it was.
    """
    if sum((report is not None, number is not None, everything)) != 1:
        raise click.UsageError("say what to verify: REPORT.pdf, --request NUMBER, or --all")
    if report is not None:
        _verify_report(report, keys, here, as_json)
    elif number is not None:
        _verify_request(number, as_json)
    else:
        _verify_all(as_json)


@group.command("replay")
@click.option("--check", is_flag=True, required=True, help="Compare with the live tables, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_app
def replay_(check: bool, as_json: bool) -> None:
    """Rebuild every record from the events beside the live tables, and say every difference."""
    from servicehall.services import audit, rebuilding

    with audit.snapshot() as session:
        streams = audit.count_streams(session)
        with progress_bar(streams, _("Replaying"), quiet=as_json) as progress:
            differences = rebuilding.replay_check(session, progress)
    if as_json:
        click.echo(json.dumps({"ok": not differences, "streams": streams, "differences": differences}, indent=2))
    else:
        for line in differences:
            click.echo(line)
        click.echo(_("{streams} streams replayed, {count} differences", streams=streams, count=len(differences)))
    sys.exit(1 if differences else 0)


def _verify_report(path: Path, keys: tuple[str, ...], here: bool, as_json: bool) -> None:
    from servicehall.reports.verify import verify_pdf

    try:
        data = path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
    known_keys, known_seals = (set(keys), {}) if not here else _own(set(keys))
    found = verify_pdf(data, known_keys=known_keys, known_seals=known_seals)
    if as_json:
        click.echo(json.dumps(_printed(found), ensure_ascii=False, indent=2))
    else:
        _say(found.findings)
        _say_facts(found)
        _conclude(found.ok, [_("{count} events", count=found.facts.events), *_pages(found)])
    sys.exit(0 if found.ok else 1)


@with_app
def _own(keys: set[str]) -> tuple[set[str], dict[int, str]]:
    """This installation's key and seals, beside the keys that were given."""
    from servicehall.services import audit, sealing

    with audit.snapshot() as session:
        return keys | {audit.public_key()}, {seal.number: seal.hash for seal in sealing.seals(session)}


def _pages(found: Printed) -> list[str]:
    return [_("{count} pages", count=found.facts.pages), _("{count} under a seal", count=found.facts.sealed)]


def _printed(found: Printed) -> dict[str, Any]:
    facts = found.facts
    return {
        "ok": found.ok,
        "number": facts.number,
        "locale": facts.locale,
        "generated_at": facts.generated_at,
        "pages": facts.pages,
        "events": facts.events,
        "sealed": facts.sealed,
        "contents": facts.contents,
        "heads": {stream: {"sequence": head[0], "hash": head[1]} for stream, head in facts.heads.items()},
        "seals": {str(number): digest for number, digest in facts.seals.items()},
        "key": facts.key or None,
        "digest": facts.digest,
        "findings": [_as_dict(one) for one in found.findings],
    }


@with_app
def _verify_request(number: str, as_json: bool) -> None:
    from sqlalchemy import select

    from servicehall.errors import NotFound
    from servicehall.models.requests import Request
    from servicehall.services import audit

    with audit.snapshot() as session:
        row = session.scalars(select(Request).where(Request.number == number)).first()
        if row is None:
            raise NotFound(_("There is no request {number}.", number=number))
        found = audit.verify_request(session, row)
    _report(found, as_json)


@with_app
def _verify_all(as_json: bool) -> None:
    from servicehall.services import audit

    with (
        audit.snapshot() as session,
        progress_bar(audit.count_streams(session), _("Verifying"), quiet=as_json) as progress,
    ):
        found = audit.verify_all(session, progress)
    _report(found, as_json)


def _report(found: Any, as_json: bool) -> None:
    """Prints a verification of the database, and exits as it says."""
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    else:
        _say(found.findings)
        counts = [
            _("{count} streams", count=found.streams),
            _("{count} events", count=found.events),
            _("{count} under a seal", count=found.sealed),
            _("{count} contents", count=found.contents),
            _("{count} erased", count=found.erased),
            _("{count} seals", count=found.seals),
        ]
        _conclude(found.ok, counts)
    sys.exit(0 if found.ok else 1)


def _say(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        click.echo(str(finding))


def _say_facts(found: Printed) -> None:
    """What is worth comparing by eye, because a file can only vouch for itself."""
    facts = found.facts
    if facts.number:
        click.echo(_("Request {number}, printed {at}", number=facts.number, at=facts.generated_at))
    for stream, (sequence, digest) in facts.heads.items():
        click.echo(_("Last event {stream} {sequence}: {hash}", stream=stream, sequence=sequence, hash=digest))
    for number, digest in facts.seals.items():
        click.echo(_("Seal {number}: {hash}", number=number, hash=digest))
    click.echo(_("Signing key: {key}", key=facts.key or "—"))


def _conclude(ok: bool, counts: list[str]) -> None:
    verdict = _("Everything is as it was") if ok else _("This is not what it was")
    click.echo(f"{verdict}: {', '.join(counts)}")


def _as_dict(finding: Finding) -> dict[str, Any]:
    return {"stream": finding.stream, "sequence": finding.sequence, "code": finding.code, "what": finding.what}
