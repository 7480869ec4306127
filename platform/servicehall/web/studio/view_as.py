"""The catalog as somebody else sees it: which of one's own departments' services they may order, by name."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.models.directory import Person
from servicehall.services import catalog, directory
from servicehall.services.catalog import Card
from servicehall.services.visibility import Viewer
from servicehall.web.admin.common import author, typed
from servicehall.web.portal import words
from servicehall.web.portal.catalog import grouped

pages = Blueprint("studio_view_as", __name__)


@pages.get("/studio/view-as")
def view_as() -> ResponseReturnValue:
    """`?person=` is a mail address; services of departments that the viewer does not author are not told."""
    viewer, email = author(), typed("person")
    person = directory.by_email(viewer.session, email) if email else None
    chosen = person if person is not None and person.active else None
    return render_template(
        "studio/view_as.html",
        email=email,
        person=chosen,
        groups=grouped(_seen_by(viewer, chosen)) if chosen is not None else [],
        words=words,
    )


def _seen_by(viewer: Viewer, person: Person) -> list[Card]:
    cards = catalog.services_for(Viewer(viewer.session, person), at=now())
    return [card for card in cards if viewer.may_author(card.department)]
