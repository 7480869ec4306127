"""The search behind pickers: people, groups, departments and places, by a few letters."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from servicehall.errors import NotFound
from servicehall.models.directory import Person
from servicehall.services import directory
from servicehall.services.lookups import Directory
from servicehall.texts import _
from servicehall.web.portal import words
from servicehall.web.portal.acting import viewer

pages = Blueprint("lookup", __name__)

KINDS = ("person", "group", "department", "location", "asset")
MOST = 20
LONGEST_SEARCH = 100


@pages.get("/lookup")
@pages.get("/lookup/<kind>")
def find(kind: str = "") -> list[dict[str, Any]]:
    """`?kind=person&q=…` → at most 20 of `{value, text, sub}`."""
    kind = kind or request.args.get("kind", "")
    if kind not in KINDS:
        raise NotFound(_("There is nothing of this kind to look up."))
    q = request.args.get("q", "")[:LONGEST_SEARCH]
    if kind == "person":
        return [_person(one) for one in directory.search_people(viewer().session, q, limit=MOST)]
    found = Directory(viewer().session, author=viewer().id).search(kind, q, MOST)
    return [{"value": key, "text": label, "sub": ""} for key, label in found]


def _person(row: Person) -> dict[str, Any]:
    """A name with what tells two people of that name apart."""
    department = words.department(row.department) if row.department else ""
    sub = " · ".join(filter(None, (row.title, department, row.email)))
    return {"value": row.email, "text": directory.name_of(row), "sub": sub}
