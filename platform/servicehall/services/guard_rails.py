"""Guard rails per department: set by the platform's administrators, held by everything authored afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.guard_rails import GuardRails, violations_of
from servicehall.documents.kinds.approval_chain import APPROVER_RULES
from servicehall.domain import events as e
from servicehall.errors import Forbidden, Invalid, NotFound, Problem
from servicehall.forms.fields import FIELD_TYPES
from servicehall.forms.fields.base import CLASSIFICATIONS
from servicehall.models.directory import Department
from servicehall.models.directory import GuardRails as Row
from servicehall.services.visibility import Viewer
from servicehall.services.work import work
from servicehall.texts import _

FAMILY = "directory/all"
WORDS = {
    "field_types": tuple(FIELD_TYPES),
    "classifications": tuple(one for one in CLASSIFICATIONS if one != "public"),
    "approver_rules": tuple(APPROVER_RULES),
}
"""What can be forbidden, by list."""


def allowed(session: Session, department: str) -> GuardRails:
    """What documents of a department may not use; where nothing was ever set, everything is allowed."""
    row = session.get(Row, department)
    return GuardRails.of(row.forbidden) if row is not None else GuardRails()


def all_set(session: Session) -> dict[str, Row]:
    """The departments for which guard rails were set."""
    return {one.department: one for one in session.scalars(select(Row))}


def set_guard_rails(department: str, rails: GuardRails, *, viewer: Viewer, at: datetime) -> None:
    """Sets what a department's documents may not use from now on; what is published stays as it is.

    Errors: Forbidden for others than platform administrators; NotFound for a department that the directory does not
    know; Invalid for words that are none.
    """
    if not viewer.is_admin:
        raise Forbidden(_("Only the platform's administrators set guard rails."))
    unknown = [
        Problem(name, "unknown", word)
        for name, words in WORDS.items()
        for word in sorted(getattr(rails, name) - set(words))
    ]
    if unknown:
        raise Invalid(_("Guard rails name what the language knows."), unknown)
    with work(FAMILY, actor=viewer.id, at=at) as w:
        if w.session.get(Department, department) is None:
            raise NotFound(_("There is no such department."))
        if allowed(w.session, department) != rails:
            w.record(f"department/{department}", e.GuardRailsSet(forbidden=rails.record()))


def problems_of(session: Session, documents: Iterable[Authored]) -> list[PlacedProblem]:
    """What these documents use and may not, by file and line; errors, as of the checks."""
    found: dict[str, GuardRails] = {}
    problems = []
    for one in documents:
        rails = found.setdefault(one.department, allowed(session, one.department))
        for problem in violations_of(rails, one):
            line = one.line(problem.path)
            problems.append(PlacedProblem(one.file, line, problem.path, ERROR, problem.code, problem.message))
    return problems
