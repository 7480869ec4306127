"""References of every kind: other documents resolve, and the directory knows groups, people, departments."""

from __future__ import annotations

from collections.abc import Callable, Collection

from servicehall.documents.document import Document, Place
from servicehall.documents.examination import Examination
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import suggest, walk
from servicehall.documents.words import (
    ROUND_THE_CLOCK,
    CalendarReference,
    DepartmentKey,
    GroupKey,
    PersonEmail,
    Reference,
)
from servicehall.texts import _

SHARED = "shared"


def check_references(examination: Examination, document: Document) -> None:
    """Every reference in a document, found by its schema."""
    for path, part, value in walk(KINDS[document.kind].part, document.body):
        if isinstance(value, str):
            place = Place(value, document, path)
            if isinstance(part, Reference):
                _check_document(examination, place, part)
            else:
                _check_directory(examination, place, type(part))


def _check_document(examination: Examination, place: Place, part: Reference) -> None:
    if isinstance(part, CalendarReference) and place.value == ROUND_THE_CLOCK:
        return
    document, library = place.document, examination.library
    found = library.get(part.kind, place.value, document.department)
    if found is None:
        known = library.keys(part.kind, document.department)
        hint = suggest(place.value, known) if known else _("there is none in the pack, the database or forms/")
        message = _("no {kind} “{reference}”; {hint}", kind=part.kind, reference=place.value, hint=hint)
        examination.error(place, "reference", message)
    elif library.own.get(found.name) is not found and not library.is_sound(found):
        examination.error(
            place, "reference", _("{kind} “{reference}” is itself not valid", kind=part.kind, reference=place.value)
        )


Known = Callable[[Examination], Collection[str] | None]
_DIRECTORY: dict[type, tuple[Known, Callable[[str, str], str]]] = {
    GroupKey: (
        lambda examination: examination.directory.groups,
        lambda key, hint: _("the directory knows no group “{key}”; {hint}", key=key, hint=hint),
    ),
    PersonEmail: (
        lambda examination: examination.directory.people,
        lambda key, hint: _("the directory knows no person “{key}”; {hint}", key=key, hint=hint),
    ),
    DepartmentKey: (
        lambda examination: _departments(examination),
        lambda key, hint: _("the directory knows no department “{key}”; {hint}", key=key, hint=hint),
    ),
}


def _departments(examination: Examination) -> Collection[str] | None:
    """Those of the directory, those that the pack brings, and `shared`."""
    known = examination.directory.departments
    if known is None:
        return None
    own = {document.department for document in examination.library.own.values() if document.kind == "department"}
    return {*known, *own, SHARED}


_SPELT: dict[type, Callable[[str], str]] = {
    GroupKey: lambda key: key.rpartition("/")[2],
    PersonEmail: str.lower,
    DepartmentKey: str,
}
"""How the directory writes it: a group without the department before it (its key is unique in the company), an
address in small letters."""


def _check_directory(examination: Examination, place: Place, part: type) -> None:
    if part not in _DIRECTORY:
        return
    known_of, message = _DIRECTORY[part]
    known = known_of(examination)
    if known is not None and place.value not in known and _SPELT[part](place.value) not in known:
        examination.unknown_to_directory(place, message(place.value, suggest(place.value, sorted(known))))
    elif part is PersonEmail and place.value.lower() in examination.directory.inactive:
        gone = _("“{key}” has left or is not active: nobody is asked in their place", key=place.value)
        examination.warn(place, "inactive", gone, {"people": [place.value.lower()]})
