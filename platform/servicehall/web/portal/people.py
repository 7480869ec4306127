"""Choosing a person in a page: for whom one may order, and the search behind the pickers."""

from __future__ import annotations

from sqlalchemy import select

from servicehall.models.directory import Person
from servicehall.services import directory
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer

MOST_LISTED = 200
DEEPEST = 20


def may_order_for_others(viewer: Viewer, release: Release) -> bool:
    """Whether the form asks for whom it is at all."""
    allowed = release.service.get("on_behalf", "reports")
    if release.department in viewer.agent_departments or allowed == "anyone":
        return True
    return bool(allowed == "reports" and directory.is_manager(viewer.session, viewer.id))


def candidates(viewer: Viewer, release: Release) -> list[Person] | None:
    """Those for whom the viewer may order, beside themselves; None where they are too many to list."""
    allowed = release.service.get("on_behalf", "reports")
    if release.department in viewer.agent_departments or allowed == "anyone":
        found = list(directory.search_people(viewer.session, "", limit=MOST_LISTED + 1))
    else:
        found = reports_of(viewer)
    others = [one for one in found if one.id != viewer.id]
    return others if len(found) <= MOST_LISTED else None


def reports_of(viewer: Viewer) -> list[Person]:
    """Direct and indirect reports who are active, level by level, by name."""
    found: dict[str, Person] = {}
    level = [viewer.id]
    for _depth in range(DEEPEST):
        rows = viewer.session.scalars(
            select(Person).where(Person.manager_id.in_(level)).order_by(Person.name).limit(MOST_LISTED + 1)
        ).all()
        fresh = [row for row in rows if row.id not in found and row.id != viewer.id]
        found.update({row.id: row for row in fresh})
        level = [row.id for row in fresh]
        if not level or len(found) > MOST_LISTED:
            break
    return [row for row in found.values() if row.active]
