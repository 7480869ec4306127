"""The page of what waits to be delivered or done, what could not be, and the button that tries again."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.channels.delivery import reason_of
from servicehall.clock import now
from servicehall.models.base import begin_writing
from servicehall.services import directory, parked
from servicehall.services.notifications import is_mail_set_up
from servicehall.services.work import wake
from servicehall.texts import N_, _
from servicehall.web.admin.common import administrator, sent, typed
from servicehall.web.once import once
from servicehall.web.portal.paging import cursor, first_href, next_href

pages = Blueprint("admin_deliveries", __name__)

TABS = {
    "parked": N_("Could not be done"),
    "waiting": N_("Waiting"),
    "done": N_("Done lately"),
}
TABLES = {
    "outbox": N_("Mail, calls and reports"),
    "timers": N_("Timers"),
    "background": N_("Checks and simulations"),
}
KINDS = {
    "outbox": {
        "mail": N_("Mail"),
        "guest_link": N_("Task link"),
        "webhook": N_("Call to another system"),
        "report": N_("Report"),
    },
    "timers": {
        "approval_reminder": N_("Reminder of an approval"),
        "approval_timeout": N_("Approval out of time"),
        "clock_step": N_("Step of a clock"),
        "clock_due": N_("Clock is due"),
        "clock_recompute": N_("Clock counted anew"),
        "delegation_start": N_("Deputy begins"),
        "delegation_end": N_("Deputy ends"),
        "document_publish": N_("Publishing at a date"),
        "person_inactive": N_("Departure of a person"),
        "request_close": N_("Request closes by itself"),
    },
    "background": {"check": N_("Check before publishing"), "simulation": N_("Trial on past requests")},
}


@pages.get("/admin/deliveries")
def listed() -> ResponseReturnValue:
    """`?state=parked|waiting|done&table=outbox|timers|background&kind=`."""
    session = administrator().session
    state, table = typed("state") or "parked", typed("table") or "outbox"
    if state not in TABS or table not in TABLES:
        raise NoPage
    kind = typed("kind") if typed("kind") in KINDS[table] else ""
    found = parked.waiting_work(session, table, state, kind=kind, cursor=cursor())
    return render_template(
        "admin/deliveries.html",
        rows=found.rows,
        names=directory.people(session, [_person(row) for row in found.rows]),
        person_of=_person,
        name_of=_name,
        reason_of=reason_of,
        state=state,
        table=table,
        kind=kind,
        kinds=[(key, _(text)) for key, text in KINDS[table].items()],
        kind_name=partial(_kind_name, table),
        tabs=[(key, _(text), f"/admin/deliveries?state={key}&table={table}") for key, text in TABS.items()],
        tables=[(key, _(text)) for key, text in TABLES.items()],
        parked_kinds=parked.parked_kinds(session, table),
        mail_missing=not is_mail_set_up(),
        next_href=next_href(found.next),
        first_href=first_href(),
    )


@pages.post("/admin/deliveries/<any(outbox, timers, background):table>/retry")
@once("/admin/deliveries")
def retry(table: str) -> ResponseReturnValue:
    """Puts one parked row (`id`), or all of a sort (`kind`), back to work."""
    session = administrator().session
    begin_writing(session)
    row, kind = sent("id"), sent("kind")
    count = parked.retry(session, table, row, at=now()) if row else parked.retry_all(session, table, kind, at=now())
    session.commit()
    wake()
    if count:
        flash(_("Tried again: {n}.", n=count), "success")
    else:
        flash(_("There was nothing to try again; somebody was faster."), "warning")
    return redirect(f"/admin/deliveries?state=parked&table={table}", code=303)


def _kind_name(table: str, kind: str) -> str:
    text = KINDS[table].get(kind)
    return _(text) if text else kind


def _person(row: Any) -> str | None:
    """Whom it is for: who asked for long work, or whom a mail goes to."""
    found = getattr(row, "person_id", None) or row.payload.get("person")
    return found if isinstance(found, str) else None


def _name(row: Any) -> str:
    """What it is about: a system that is called, or a document."""
    found = row.payload.get("name") or ""
    return "/".join(found) if isinstance(found, list) else str(found)
