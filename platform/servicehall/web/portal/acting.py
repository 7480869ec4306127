"""Who acts in this web request, and what a refusal leaves behind: nothing."""

from __future__ import annotations

from flask import g

from servicehall.models.base import db
from servicehall.services.visibility import Viewer
from servicehall.web.once import refuse_again


def viewer() -> Viewer:
    """The signed-in person with what their sight depends on, made once for each web request."""
    if "viewer" not in g:
        g.viewer = Viewer(db.session(), g.person)
    found: Viewer = g.viewer
    return found


def undo() -> None:
    """After a verb refused: nothing of it stays. SentBefore where it refused because this very form did it already."""
    db.session.rollback()
    refuse_again()
