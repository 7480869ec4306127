"""Shared documents that no service among those looked at uses: there is no form to hold them against."""

from __future__ import annotations

from collections.abc import Sequence

from servicehall.documents.document import Document, Place
from servicehall.documents.examination import Examination
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import walk
from servicehall.documents.releases import references_of
from servicehall.documents.words import Expression, FieldKey
from servicehall.texts import _

_OWN = ("key", "from")
"""Where a field is named in the form to which it belongs."""


def check_unused(examination: Examination, documents: Sequence[Document]) -> None:
    """Says of each that asks something of a form that this was not checked."""
    used = _used(examination, [one for one in documents if one.kind == "service"])
    for document in documents:
        if KINDS[document.kind].pinned and document.name not in used and _asks(document):
            message = _("no service here uses it, so its conditions and the fields that it names were not checked")
            examination.remark(Place(document.body, document), "unused", message)


def _used(examination: Examination, services: Sequence[Document]) -> set[tuple[str, str, str]]:
    """The names of all that services use, directly or through other shared documents of the pack."""
    reached: set[tuple[str, str, str]] = set()
    todo = list(services)
    while todo:
        for name in references_of(todo.pop()) - reached:
            reached.add(name)
            found = examination.library.own.get(name)
            if found is not None and KINDS[found.kind].pinned:
                todo.append(found)
    return reached


def _asks(document: Document) -> bool:
    """Whether it has a condition, or names a field that is not its own."""
    return any(
        isinstance(part, Expression) or (isinstance(part, FieldKey) and path.rpartition(".")[2] not in _OWN)
        for path, part, value in walk(KINDS[document.kind].part, document.body)
        if isinstance(value, str)
    )
