"""A draft of a document that stays live, taken for published: no release holds it, all who need it read it by name."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import shape_problems
from servicehall.documents.releases import references_of
from servicehall.domain.calendars import compile_calendar
from servicehall.errors import Invalid
from servicehall.services import releases
from servicehall.services.calendars import Named
from servicehall.services.releases import Release
from servicehall.services.remembering import remembered_as
from servicehall.services.shelf import Name, Shelf
from servicehall.texts import _

LIVE: Final = frozenset(("calendar", "department", "assignment_rule"))
"""The kinds on which it hangs what comes of a request; a notification only tells of it."""


def services_leaning_on(session: Session, document: Authored) -> dict[str, Release]:
    """The published services that a live document counts for, with the releases that they have: what names it, what
    names that, and where a department does, all that it owns or has a task in; by reference."""
    shelf = Shelf(session)
    reached = _reached(document, shelf)
    owners = {name[1] for name in reached if name[0] == "department"}
    found: dict[str, Release] = {}
    for name, row in sorted(shelf.rows.items()):
        if name[0] == "service" and row.state == "published" and row.release is not None:
            release = releases.load(session, row.release)
            if name in reached or owners & departments_of(release):
                found[release.reference] = release
    return found


def _reached(document: Authored, shelf: Shelf) -> set[Name]:
    named = {user.name: references_of(user) for user in shelf.published.values()}
    reached, todo = {document.name}, [document.name]
    while todo:
        name = todo.pop()
        more = {user for user, names in named.items() if name in names} - reached
        reached |= more
        todo += more
    return reached


def departments_of(release: Release) -> set[str]:
    """Whose it is, and whose tasks it has."""
    planned = release.plan.tasks if release.plan is not None else ()
    return {release.department, *(task.department for task in planned if task.department)}


def supposed(document: Authored) -> dict[str, Any]:
    """What would be remembered of it, while all stands still, had it been published; Invalid where it is none."""
    problems = shape_problems(document)
    if problems:
        raise Invalid(_("The draft cannot be published yet."), problems)
    kind, department, key = document.name
    found: dict[str, Any] = {remembered_as("published", kind, department, key): document.body}
    if kind == "department":
        found[remembered_as("published", kind, department, "")] = document.body
    if kind == "calendar":
        compiled = Named(compile_calendar(document.body), document.reference)
        found[remembered_as("calendar", document.reference)] = compiled
    return found
