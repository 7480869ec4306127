"""For whom something is ordered: oneself, one's reports, anyone, as the service says."""

from __future__ import annotations

from servicehall.errors import Conflict, Forbidden, Invalid, Problem
from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.services import directory
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer
from servicehall.texts import _


def beneficiary_of(viewer: Viewer, release: Release, email: str | None) -> Person:
    """For whom it is; Forbidden where the service does not let the viewer order for them."""
    if not email or email.strip().lower() == viewer.person.email:
        return viewer.person
    found = directory.by_email(viewer.session, email)
    if found is None or not found.active:
        raise Invalid(
            _("The person is not known."),
            [Problem("requested_for", "unknown", _("There is no person with this address."))],
        )
    allowed = release.service.get("on_behalf", "reports")
    if release.department in viewer.agent_departments or allowed == "anyone":
        return found
    if allowed == "reports" and directory.reports_to(viewer.session, found.id, viewer.id):
        return found
    raise Forbidden(_("You may not order this for {name}.", name=directory.name_of(found)))


def new_beneficiary(row: Request, release: Release, email: str | None, viewer: Viewer) -> Person:
    """The person whom a request that is being changed is for: as it was, or where a draft names somebody else, they."""
    present = directory.person(viewer.session, row.beneficiary_id)
    if email is None or email.strip().lower() == present.email:
        return present
    if row.state != "draft":
        raise Conflict(_("For whom it is can be changed only in a draft."))
    return beneficiary_of(viewer, release, email)
