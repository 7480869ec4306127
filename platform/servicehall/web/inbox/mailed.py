"""One approval by the link of a mail: a page that shows what is asked, and takes one decision.

Looking decides nothing, so a scanner of mails may look too. What counts is the link's secret, with a token against
forged forms; a browser in which somebody else is signed in gets nothing. Wrong secrets are counted for each address.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address

from servicehall import config
from servicehall.clock import now
from servicehall.errors import Conflict, Forbidden, Invalid, NotFound, Problem, TooMany
from servicehall.models.base import db, reading
from servicehall.models.directory import Person
from servicehall.services import approval_links, directory
from servicehall.services.approval_links import Opened
from servicehall.services.lookups import Directory
from servicehall.texts import _, known_locale, use_locale
from servicehall.web.formats import clock_time
from servicehall.web.guesses import Guesses
from servicehall.web.guest import gone, sent
from servicehall.web.portal import words
from servicehall.web.portal.sheet import Sheet
from servicehall.web.signing import may_sign_in, signed_without_session

pages = Blueprint("mailed", __name__)

WRONG_LINKS = Guesses("approval-link", "20 per 5 minute")
DONE = "/decide/done"


@pages.get("/decide")
def show() -> ResponseReturnValue:
    """The approval and the form to decide; to whoever is signed in themselves, the page that they know."""
    secret = request.args.get("key", "")
    opened = _open(secret)
    if isinstance(opened, str):
        return redirect(opened, code=303)
    if g.person is not None:
        return redirect(f"/approvals/{opened.approval.id}", code=303)
    return _page(opened, secret)


@pages.post("/decide")
def decide() -> ResponseReturnValue:
    """The one decision; a second click is led where the first one led."""
    secret = request.form.get("key", "")
    with reading():
        opened = _open(secret)
        if isinstance(opened, str):
            return redirect(opened, code=303)
        person, locale = opened.viewer.person, _locale(opened.viewer.person)
    try:
        with use_locale(locale):
            proof = signed_without_session(person, request.form.get("email", ""), request.form.get("password", ""))
            approval_links.decide(
                secret,
                decision=request.form.get("decision", ""),
                comment=request.form.get("comment"),
                proof=proof,
                at=now(),
            )
    except (Conflict, Forbidden, Invalid, TooMany) as error:
        db.session.rollback()
        with reading():
            again = _open(secret)
            if isinstance(again, str):
                return redirect(again, code=303)
            return _page(again, secret, status=error.status, refused=error.detail, problems=error.problems)
    return redirect(_thanks(locale), code=303)


@pages.get(DONE)
def done() -> ResponseReturnValue:
    """Thanks, without anything of the request."""
    with use_locale(known_locale(request.args.get("locale"))):
        return sent(render_template("inbox/mailed_done.html", company=config.current().company))


@pages.errorhandler(NotFound)
def leads_nowhere(error: NotFound) -> ResponseReturnValue:
    """A link that is of no use, or not for who is signed in, counts as a wrong one."""
    WRONG_LINKS.count(get_remote_address())
    return gone(error.detail, inbox=True)


def _open(secret: str) -> Opened | str:
    """What the link leads to, or where whoever used it up is led; NotFound for all else."""
    WRONG_LINKS.refuse(get_remote_address())
    link = approval_links.find(secret)
    foreign = g.person is not None and g.person.id != link.person_id
    if link.used_at is not None and not foreign:
        return _thanks(_locale(db.session.get_one(Person, link.person_id)))
    opened = approval_links.open_link(secret, at=now())
    if foreign or not may_sign_in(opened.viewer.person):
        raise NotFound(_(approval_links.OF_NO_USE))
    return opened


def _locale(person: Person) -> str:
    return person.locale or config.current().default_locale


def _thanks(locale: str) -> str:
    return f"{DONE}?locale={locale}"


def _page(
    opened: Opened, secret: str, *, status: int = 200, refused: str = "", problems: tuple[Problem, ...] = ()
) -> tuple[Response, int]:
    person = opened.viewer.person
    zone = directory.zone_of(person, config.current().default_time_zone)
    with use_locale(_locale(person)):
        shown = approval_links.shown(opened)
        lookup = Directory(opened.viewer.session, author=person.id, known=shown.values)
        page = render_template(
            "inbox/mailed.html",
            one=opened.record,
            key=secret,
            company=config.current().company,
            name=directory.name_of(person),
            person=person.id,
            until=clock_time(opened.link.expires_at.astimezone(zone)),
            sections=Sheet(opened.release.form, shown.values, shown.masked, lookup, zone, {}).sections(),
            problems=problems,
            refused="" if problems else refused,
            wrong={problem.path: problem.message for problem in problems},
            comment=request.form.get("comment", ""),
            words=words,
        )
    return sent(page), status
