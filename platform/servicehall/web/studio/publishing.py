"""Putting a draft into use: what it changes, what is wrong, who is affected; at once, from a date on, or by review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.documents.examination import ERROR, in_order
from servicehall.errors import Conflict, Invalid, Problem
from servicehall.models.base import db
from servicehall.models.definitions import Document
from servicehall.services import checking, definitions, drafting, reviewing, scheduling
from servicehall.services.affected import affected
from servicehall.services.shelf import Name, Shelf
from servicehall.services.visibility import Viewer
from servicehall.texts import N_, _
from servicehall.web.admin.common import author, sent
from servicehall.web.formats import reader_zone
from servicehall.web.once import once
from servicehall.web.portal.acting import undo
from servicehall.web.studio import comparing, kinds
from servicehall.web.studio.found import fault_of
from servicehall.web.studio.page import base_of
from servicehall.web.studio.pages import ONE
from servicehall.web.studio.standing import Standing, standing_of
from servicehall.web.studio.tabs import tabs_of

pages = Blueprint("studio_publishing", __name__)

ACT = "any(publish, review, send_back, unschedule)"


@pages.get(f"{ONE}/publish")
def page(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Everything that one wants to know before a draft comes into use, and the ways to get it there."""
    return _page(author(department), (kind, department, key))


@pages.post(f"{ONE}/<{ACT}:act>")
@once("/studio/{kind}/{department}/{key}")
def do(kind: str, department: str, key: str, act: str) -> ResponseReturnValue:
    """Does it with the edition that was looked at; what is refused is said on the page again."""
    viewer, name = author(department), (kind, department, key)
    try:
        done = _VERBS[act](viewer, name)
    except Conflict as error:
        undo()
        flash(error.detail, "warning")
        return redirect(base_of(name), code=303)
    except Invalid as error:
        undo()
        return _page(viewer, name, refused=error), 422
    flash(done, "success")
    return redirect(base_of(name), code=303)


def _page(viewer: Viewer, name: Name, **more: Any) -> str:
    session = viewer.session
    row = definitions.get(session, name)
    document = drafting.current(session, name).document
    check = checking.ask(viewer, document, at=now()) if row.draft else None
    found = check.problems if check is not None else None
    problems = sorted(found, key=in_order) if found is not None else None
    asks, wrote = Shelf(session).asks_for_review(name[1]), viewer.id in drafting.authors(session, row)
    return render_template(
        "studio/publish.html",
        row=row,
        title=kinds.title_of(row),
        kind_title=kinds.name_of(row.kind),
        edition=drafting.edition(row),
        base=base_of(name),
        standing=standing_of(session, row),
        check=check,
        problems=problems,
        spot_of=partial(fault_of, row.kind, document.body),
        tabs=list(tabs_of(row.kind)),
        is_checking=problems is None and check is not None and check.job.is_open,
        errors=sum(one.severity == ERROR for one in problems or ()),
        comparison=comparing.compare(comparing.published_of(row), document) if row.draft else None,
        affected=affected(session, name),
        may_publish=not (asks and wrote),
        may_author=viewer.may_author,
        said={one: sent(one) for one in ("comment", "from")},
        zone=reader_zone().key,
        kind_name=kinds.name_of,
        base_of=base_of,
        **more,
    )


def _publish(viewer: Viewer, name: Name) -> str:
    edition, comment = sent("edition") or None, _comment()
    moment = _moment()
    if moment is None:
        version = definitions.publish(name, viewer=viewer, at=now(), expected=edition, comment=comment)
        return _("Version {version} is published.", version=version)
    scheduling.schedule(name, publish_at=moment, viewer=viewer, at=now(), expected=edition, comment=comment)
    return _("It will be published then. Any edit takes the date back.")


def _review(viewer: Viewer, name: Name) -> str:
    reviewing.ask(name, comment=sent("comment"), viewer=viewer, at=now(), expected=sent("edition") or None)
    return _("Your colleagues are asked to review it.")


def _send_back(viewer: Viewer, name: Name) -> str:
    reviewing.send_back(name, comment=sent("comment"), viewer=viewer, at=now(), expected=sent("edition") or None)
    return _("Its authors are told what you want changed.")


def _unschedule(viewer: Viewer, name: Name) -> str:
    scheduling.cancel(name, viewer=viewer, at=now())
    return _("The date is taken back. The draft stays.")


_VERBS: dict[str, Callable[[Viewer, Name], str]] = {
    "publish": _publish,
    "review": _review,
    "send_back": _send_back,
    "unschedule": _unschedule,
}


def _comment() -> str | None:
    return reviewing.checked_comment(sent("comment")) if sent("comment") else None


def _moment() -> datetime | None:
    """The date that was chosen, in the reader's zone; none means at once."""
    if not sent("from"):
        return None
    try:
        said = datetime.fromisoformat(sent("from"))
    except ValueError:
        text = _(NO_DATE)
        raise Invalid(text, [Problem("from", "format", text)]) from None
    return said.replace(tzinfo=reader_zone()) if said.tzinfo is None else said


@pages.app_template_filter("standing")
def _standing(row: Document) -> Standing | None:
    """Where a draft stands, for any page of its document."""
    return standing_of(db.session(), row)


NO_DATE = N_("This is no date with a time.")
