"""Departments: the categories and what is featured in the catalog."""

from __future__ import annotations

from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.parts import suggest
from servicehall.texts import _


def check_department(examination: Examination, place: Place) -> None:
    """A category stands once; what is featured is a service of the department, once."""
    seen: set[str] = set()
    for category in place.items("categories"):
        key = category.value["key"]
        if key in seen:
            examination.error(category.at("key"), "duplicate", _("the category “{key}” is there twice", key=key))
        seen.add(key)
    featured: set[str] = set()
    for one in place.items("featured"):
        if one.value in featured:
            examination.warn(one, "duplicate", _("“{key}” is featured twice", key=one.value))
        featured.add(one.value)
        if examination.library.get("service", one.value, place.document.department) is None:
            known = examination.library.keys("service", place.document.department)
            hint = suggest(one.value, known) if known else _("it shows once it is published")
            examination.warn(one, "unknown_service", _("no service “{key}”; {hint}", key=one.value, hint=hint))
