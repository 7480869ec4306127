"""The log of readings: who opened what is confidential, a report or an export."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from servicehall.services import audit_lists, directory
from servicehall.texts import N_, _
from servicehall.web.audit.common import auditor, day, pages, typed
from servicehall.web.portal.paging import cursor, first_href, next_href

KINDS = {
    "request": N_("Request"),
    "approval": N_("Approval"),
    "task": N_("Task"),
    "plan": N_("Plan"),
    "file": N_("File"),
    "attachment": N_("Attachment"),
    "report": N_("Report"),
    "export": N_("Export"),
    "audit": N_("Audit"),
}


@pages.get("/audit/access")
def access() -> ResponseReturnValue:
    """`?person=&number=&kind=&since=&until=`, the latest first."""
    session = auditor().session
    found = audit_lists.readings(
        session,
        person=typed("person"),
        number=typed("number"),
        kind=typed("kind"),
        since=day("since"),
        until=day("until", after=True),
        cursor=cursor(),
    )
    return render_template(
        "audit/access.html",
        rows=found.rows,
        people=directory.people(session, [row.person_id for row in found.rows]),
        numbers=audit_lists.numbers(session, found.rows),
        kinds=[(kind, _(text)) for kind, text in KINDS.items()],
        asked=request.args,
        next_href=next_href(found.next),
        first_href=first_href(),
    )
