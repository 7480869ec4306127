"""The seals, and the key that reports are signed with: what auditors write down and compare."""

from __future__ import annotations

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.services import audit, sealing
from servicehall.web.audit.common import auditor, pages
from servicehall.web.portal.paging import cursor, first_href, next_href

PAGE = 50


@pages.get("/audit/seals")
def seals() -> ResponseReturnValue:
    """The newest first; with `?verify=yes` the chain of all seals is computed again."""
    session = auditor().session
    place = cursor() or ""
    rows = sealing.seals_before(session, int(place) if place.isdecimal() else None, limit=PAGE + 1)
    verification = None
    if request.args.get("verify"):
        with audit.snapshot() as still:
            verification = audit.verify_seals(still, roots=False)
    return render_template(
        "audit/seals.html",
        rows=rows[:PAGE],
        next_href=next_href(str(rows[PAGE - 1].number)) if len(rows) > PAGE else "",
        first_href=first_href(),
        key=audit.public_key(),
        waiting=sealing.waiting(session),
        verification=verification,
    )


@pages.get("/audit/seals.txt")
def seal_list() -> Response:
    """All seals, one a line, to be kept outside: number, end of the period, events, hash; the signing key first."""
    found = sealing.seals(auditor().session)
    lines = [f"key {audit.public_key()}", *(f"{one.number} {one.period_until} {one.count} {one.hash}" for one in found)]
    headers = {"Content-Disposition": 'attachment; filename="seals.txt"'}
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8", headers=headers)
