"""The page of what waits to be delivered or done, what could not be, and the button that tries again."""

from __future__ import annotations

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


@pages.get("/admin/deliveries")
def listed() -> ResponseReturnValue:
    """`?state=parked|waiting|done&table=outbox|timers|background&kind=`."""
    session = administrator().session
    state, table = typed("state") or "parked", typed("table") or "outbox"
    if state not in TABS or table not in TABLES:
        raise NoPage
    found = parked.waiting_work(session, table, state, kind=typed("kind"), cursor=cursor())
    return render_template(
        "admin/deliveries.html",
        rows=found.rows,
        names=directory.people(session, [_person(row) for row in found.rows]),
        person_of=_person,
        name_of=_name,
        reason_of=reason_of,
        state=state,
        table=table,
        kind=typed("kind"),
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


def _person(row: Any) -> str | None:
    """Whom it is for: who asked for long work, or whom a mail goes to."""
    found = getattr(row, "person_id", None) or row.payload.get("person")
    return found if isinstance(found, str) else None


def _name(row: Any) -> str:
    """What it is about: a system that is called, or a document."""
    found = row.payload.get("name") or ""
    return "/".join(found) if isinstance(found, list) else str(found)
