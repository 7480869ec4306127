"""Who acts in this web request, and the one-time mark that makes a double click one act."""

from __future__ import annotations

import secrets

from flask import g, request
from sqlalchemy import select

from servicehall.clock import now
from servicehall.errors import BadRequest
from servicehall.models.base import begin_writing, db
from servicehall.models.operations import FormNonce, insert_once
from servicehall.services.visibility import Viewer

NONCE = "nonce"
LONGEST = 64


def viewer() -> Viewer:
    """The signed-in person with what their sight depends on, made once for each web request."""
    if "viewer" not in g:
        g.viewer = Viewer(db.session(), g.person)
    found: Viewer = g.viewer
    return found


def new_nonce() -> str:
    """What a form carries so that it counts once, however often it is sent."""
    return secrets.token_urlsafe(16)


def sent_before(outcome: str) -> str | None:
    """Where this form led when it was sent before; None the first time, and then the verb's commit keeps the mark.

    `outcome` is the address to which the first sending leads.
    """
    nonce = request.form.get(NONCE, "")
    if not nonce:
        return None
    if len(nonce) > LONGEST:
        raise BadRequest
    session = db.session()
    begin_writing(session)
    row = {"person_id": viewer().id, "nonce": nonce, "outcome": outcome, "created_at": now()}
    if session.connection().execute(insert_once(session, FormNonce, row)).rowcount:
        return None
    mine = (FormNonce.person_id == viewer().id) & (FormNonce.nonce == nonce)
    known = session.scalar(select(FormNonce.outcome).where(mine))
    session.rollback()
    return known or "/"


def undo() -> None:
    """After a verb refused: nothing of it stays, the mark included, and the form may be sent again."""
    db.session.rollback()
