"""Priorities p1 to p5, and the matrix that gives one for an impact and an urgency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehall.domain.findings import HEADER, Findings, child
from servicehall.errors import Invalid, Problem
from servicehall.texts import _

PRIORITIES = ("p1", "p2", "p3", "p4", "p5")
KEYS = HEADER | {"impact", "urgency", "priority"}


def priority_of(matrix: Mapping[str, Any], *, impact: str, urgency: str) -> str:
    """The priority in a `kind: priority_matrix` mapping; Invalid where it does not know the impact or the urgency."""
    wanted = {"impact": impact, "urgency": urgency}
    problems = [
        Problem(axis, "invalid", _("this is one of {known}", known=", ".join(matrix[axis])))
        for axis, value in wanted.items()
        if value not in matrix[axis]
    ]
    if problems:
        raise Invalid(_("There is no priority for this impact and urgency."), problems)
    row = matrix["priority"][list(matrix["impact"]).index(impact)]
    return str(row[list(matrix["urgency"]).index(urgency)])


def raised(priority: str, levels: int) -> str:
    """The priority so many levels up, p1 at most."""
    return PRIORITIES[max(0, PRIORITIES.index(priority) - levels)]


def check_matrix(document: Any) -> list[Problem]:
    """Everything that is wrong with a `kind: priority_matrix` mapping; an empty list where nothing is."""
    found = Findings()
    values = found.mapping(document, "", KEYS)
    rows, columns = (_axis(found, values.get(axis), axis) for axis in ("impact", "urgency"))
    table = list(found.items(values.get("priority"), "priority"))
    if len(table) != rows:
        message = _("there are {found} rows, and {wanted} words of impact", found=len(table), wanted=rows)
        found.note("priority", "invalid", message)
    for path, row in table:
        cells = list(found.items(row, path))
        if len(cells) != columns:
            message = _("there are {found} entries, and {wanted} words of urgency", found=len(cells), wanted=columns)
            found.note(path, "invalid", message)
        for place, cell in cells:
            found.choice(cell, place, PRIORITIES)
    return found.problems


def _axis(found: Findings, value: Any, axis: str) -> int:
    words = [found.text(word, path) for path, word in found.items(value, axis)]
    if not words:
        found.note(axis, "required", _("name at least one level of {axis}", axis=axis))
    for index, word in enumerate(words):
        if word and word in words[:index]:
            found.note(child(axis, index), "duplicate", _("“{word}” is named twice", word=word))
    return len(words)
