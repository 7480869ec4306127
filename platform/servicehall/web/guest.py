"""One task for somebody without an account: the page behind a link, which shows it, fills its form and completes it.

The link's secret is the only thing that counts here, whoever is signed in. Wrong ones are counted for each address.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address
from werkzeug.datastructures import CombinedMultiDict

from servicehall import config
from servicehall.clock import now
from servicehall.errors import Conflict, Invalid, NotFound
from servicehall.forms import WebForm
from servicehall.models.base import db, reading
from servicehall.services import contexts, directory, guests
from servicehall.services.guests import Guest
from servicehall.services.lookups import Directory
from servicehall.services.task_texts import titles_of, written
from servicehall.services.tasks import checklist_of
from servicehall.texts import known_locale, use_locale
from servicehall.web.formats import clock_time
from servicehall.web.guesses import Guesses
from servicehall.web.portal.filling import Posted
from servicehall.web.portal.sheet import Section, Sheet

pages = Blueprint("guest", __name__)

WRONG_LINKS = Guesses("guest-link", "20 per 5 minute")


@pages.get("/guest")
def show() -> ResponseReturnValue:
    """The task, with what it shows; nothing is changed by looking."""
    with _opened(request.args.get("key", "")) as guest:
        return _page(guest, _form(guest, None))


@pages.post("/guest/form")
def check() -> ResponseReturnValue:
    """The form as it would be after what was typed: nothing is kept."""
    with reading(), _opened(request.form.get("key", "")) as guest:
        form = _form(guest, request.form, show_errors=request.form.get("checked") == "yes")
        return sent(render_template("desk/form_parts.html", form=form))


@pages.post("/guest")
def complete() -> ResponseReturnValue:
    """Done, with what the form asks; the link is of no use afterwards."""
    with _opened(request.form.get("key", "")) as guest:
        locale = guest.link.locale
        with reading():
            form = _form(guest, CombinedMultiDict([request.form]))
            if form is not None and (form.rearranged or form.errors):
                return _page(guest, form, checked=not form.rearranged), 200 if form.rearranged else 422
            db.session.rollback()
        try:
            given = form.raw() if form is not None else {}
            guests.complete(request.form["key"], given=given, comment=request.form.get("comment"), at=now())
        except (Conflict, Invalid) as error:
            db.session.rollback()
            with reading(), _opened(request.form["key"]) as again:
                return _page(again, form, refused=error.detail, checked=True), error.status
    return redirect(_thanks(locale), code=303)


@pages.get("/guest/done")
def done() -> ResponseReturnValue:
    """Thanks, without anything of the task."""
    with use_locale(known_locale(request.args.get("locale"))):
        return sent(render_template("guest/done.html", company=config.current().company))


@pages.errorhandler(NotFound)
def leads_nowhere(error: NotFound) -> ResponseReturnValue:
    """Whoever used the link up is led where that led them; any other is of no use, and counts as a wrong one."""
    used = guests.used_link(request.values.get("key", ""))
    if used is not None:
        return redirect(_thanks(used.locale), code=303)
    WRONG_LINKS.count(get_remote_address())
    return gone(error.detail)


def gone(advice: str, *, inbox: bool = False) -> ResponseReturnValue:
    """The page of every link that is of no use, with what its reader can do."""
    page = render_template("guest/gone.html", advice=advice, inbox=inbox)
    return sent(page), 404


@contextmanager
def _opened(secret: str) -> Iterator[Guest]:
    """What the link leads to, in the language that was chosen with it."""
    WRONG_LINKS.refuse(get_remote_address())
    guest = guests.open_link(secret, at=now())
    with use_locale(guest.link.locale):
        yield guest


def _thanks(locale: str) -> str:
    return f"/guest/done?locale={locale}"


def _form(guest: Guest, posted: Posted | None, *, show_errors: bool | None = None) -> WebForm | None:
    form = guest.release.task_form(guest.task.key) if guest.task.undoes is None else None
    if form is None:
        return None
    session = db.session()
    around = contexts.answers_of(session, guest.row)
    return form.web(
        posted,
        contexts.for_request(session, guest.row, at=now()),
        lookup=Directory(session, author=guest.actor),
        around=around,
        zone=_zone(guest),
        show_errors=show_errors,
    )


def _sections(guest: Guest) -> list[Section]:
    lookup = Directory(db.session(), author=guest.actor)
    return Sheet(guest.release.form, guests.shown(guest), (), lookup, _zone(guest), {}).sections()


def _zone(guest: Guest) -> ZoneInfo:
    """A guest reads and writes times as whoever gave the link would."""
    giver = directory.find(db.session(), guest.link.given_by_id)
    default = config.current().default_time_zone
    return directory.zone_of(giver, default) if giver is not None else ZoneInfo(default)


def _page(guest: Guest, form: WebForm | None, *, refused: str = "", checked: bool = False) -> Response:
    session, due_at, zone = db.session(), guest.task.due_at, _zone(guest)
    words = written(session, [guest.task]).get(guest.task.said or "") or {}
    return sent(
        render_template(
            "guest/task.html",
            guest=guest,
            key=request.values["key"],
            company=config.current().company,
            task_title=titles_of(session, guest.release, [guest.task])[guest.task.id],
            note=words.get("note"),
            due=f"{clock_time(due_at.astimezone(zone))} ({zone.key})" if due_at else "",
            checklist=checklist_of(guest.release, guest.task),
            sections=_sections(guest),
            form=form,
            refused=refused,
            checked=checked,
        )
    )


def sent(page: str) -> Response:
    """The link stands in the address: it is told to nobody, and found by no search engine."""
    answer = make_response(page)
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
