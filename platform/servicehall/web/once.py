"""A form counts once, however often it is sent: its nonce is UNIQUE per person.

Every form that posts carries a nonce beside its token against forgery (`ui.csrf()`), and every view that takes one is
`@once(outcome)`. The nonce is kept by the commit of what the form did, so a refused form may be sent again; the second
click finds it and is led where the first one led.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, has_request_context, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import now
from servicehall.errors import BadRequest, ServicehallError
from servicehall.models.base import db, reading
from servicehall.models.operations import FormNonce, insert_once
from servicehall.web.shell import local_path

NONCE = "nonce"
LONGEST = 64
BACK = ("next", "back")
"""Hidden fields by which a form says where it leads; they come before the view's own outcome."""

View = Callable[..., ResponseReturnValue]


class SentBefore(Exception):
    """The form was sent before."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def once(outcome: str) -> Callable[[View], View]:
    """Makes a POST view count once for each form; `outcome` is the path it leads to, with `{names}` of its address."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**values: Any) -> ResponseReturnValue:
            g.sent_nonce, g.sent_kept = _read_nonce(), False
            leads_to(next((local_path(request.form[name]) for name in BACK if request.form.get(name)), None))
            g.sent_outcome = g.sent_outcome or outcome.format(**values)
            try:
                refuse_again()
                return view(**values)
            except SentBefore as before:
                db.session.rollback()
                return redirect(before.outcome, code=303)
            except ServicehallError:
                db.session.rollback()
                before_us = _known()
                if before_us is None:
                    raise
                return redirect(before_us, code=303)

        guarded.counts_once = True  # type: ignore[attr-defined]
        return guarded

    return decorate


def leads_to(address: str | None) -> None:
    """Where this form leads, where only the view knows: a request that is made by it."""
    g.sent_outcome = address


def keep_nonce(session: Session) -> None:
    """Called within each work: the first one of this web request keeps the nonce; SentBefore where it is taken."""
    if not has_request_context() or not g.get("sent_nonce") or g.sent_kept:
        return
    row = {"person_id": g.person.id, "nonce": g.sent_nonce, "outcome": g.sent_outcome, "created_at": now()}
    if not session.connection().execute(insert_once(session, FormNonce, row)).rowcount:
        raise SentBefore(session.scalar(_mine()) or "/")
    g.sent_kept = True


def refuse_again() -> None:
    """SentBefore where this form did its work already: also what a verb refuses then is no news to anybody."""
    known = _known()
    if known is not None:
        raise SentBefore(known)


def _known() -> str | None:
    if not g.get("sent_nonce") or g.sent_kept:
        return None
    with reading():
        found: str | None = db.session.scalar(_mine())
        db.session.rollback()
    return found


def _mine() -> Any:
    return select(FormNonce.outcome).where(FormNonce.person_id == g.person.id, FormNonce.nonce == g.sent_nonce)


def _read_nonce() -> str:
    nonce = request.form.get(NONCE, "")
    if len(nonce) > LONGEST:
        raise BadRequest
    return nonce
