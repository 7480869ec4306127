"""What the pages of administration share: who may come in, and what was typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import request
from werkzeug.exceptions import NotFound as NoPage

from servicehall.errors import Problem
from servicehall.services.visibility import Viewer
from servicehall.web.portal.acting import viewer

LONGEST = 200


def administrator() -> Viewer:
    """The signed-in person, who must be a platform administrator; for all others there is nothing here."""
    found = viewer()
    if not found.is_admin:
        raise NoPage
    return found


def author(department: str | None = None) -> Viewer:
    """The signed-in person, who must author this department's documents (or any's); else there is nothing here."""
    found = viewer()
    if not (found.is_admin or (department in found.administers if department else found.administers)):
        raise NoPage
    return found


def typed(name: str) -> str:
    """A filter as it was typed."""
    return request.args.get(name, "").strip()[:LONGEST]


def sent(name: str) -> str:
    """A field of the form that was sent."""
    return request.form.get(name, "").strip()


def by_field(problems: Iterable[Problem]) -> Mapping[str, str]:
    """Field → everything that is wrong with it; list entries count to their list."""
    found: dict[str, list[str]] = {}
    for one in problems:
        found.setdefault(one.path.split("[", 1)[0], []).append(one.message)
    return {path: " ".join(messages) for path, messages in found.items()}
