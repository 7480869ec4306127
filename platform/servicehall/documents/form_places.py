"""The fields of a form by their places in a document (JSON Pointers), and which keys are taken there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.documents.patching import value_at
from servicehall.errors import Invalid, Problem
from servicehall.texts import _

HOLDERS = ("fields", "columns")


@dataclass(frozen=True)
class Entry:
    """A field, or the use of a field set, at its pointer; `column` says that it is one of a table."""

    pointer: str
    value: Mapping[str, Any]
    column: bool = False

    @property
    def key(self) -> str:
        key = self.value.get("key")
        return key if isinstance(key, str) else ""


def pages(body: Mapping[str, Any], form: str) -> list[str]:
    """The pointers of a form's pages."""
    found = value_at(body, f"{form}/pages")
    return [f"{form}/pages/{index}" for index in range(len(found))] if isinstance(found, list) else []


def lists(body: Mapping[str, Any], form: str) -> list[str]:
    """The pointers of the lists that hold a form's fields, tables not followed; a list may be absent."""
    found = [f"{page}/fields" for page in pages(body, form)]
    return found if found and value_at(body, f"{form}/fields") is None else [*found, f"{form}/fields"]


def entries(body: Mapping[str, Any], form: str) -> Iterator[Entry]:
    """Every field of a form in its order, a table's columns behind it."""
    for place in lists(body, form):
        for entry in entries_in(body, place):
            yield entry
            for column in entries_in(body, f"{entry.pointer}/columns"):
                yield Entry(column.pointer, column.value, column=True)


def entries_in(body: Mapping[str, Any], place: str) -> Iterator[Entry]:
    """The fields of one list."""
    held = value_at(body, place)
    for index, value in enumerate(held if isinstance(held, list) else ()):
        if isinstance(value, Mapping):
            yield Entry(f"{place}/{index}", value)


def taken(body: Mapping[str, Any], form: str, place: str) -> set[str]:
    """The keys in use beside a list: of the whole form, or of the one table whose columns it holds."""
    if place.endswith("/columns"):
        return {one.key for one in entries_in(body, place) if one.key}
    return {one.key for one in entries(body, form) if one.key and not one.column}


def split(at: str) -> tuple[str, int]:
    """A place in a list as the list's pointer and the index; Invalid where it is none of a field."""
    place, _slash, index = at.rpartition("/")
    if place.rpartition("/")[2] not in HOLDERS or not index.isdecimal() or len(index) > 6:
        raise no_place(at)
    return place, int(index)


def no_place(at: str) -> Invalid:
    return Invalid(_("There is no such place in this form."), [Problem(at[:200], "path", _("no such place"))])


def in_order(pointers: list[str]) -> list[str]:
    """Pointers as they stand in the document, each once, and none that lies within another."""
    found: list[str] = []
    for one in sorted(set(pointers), key=_place):
        if not any((one + "/").startswith(outer + "/") for outer in found):
            found.append(one)
    return found


def _place(pointer: str) -> list[tuple[int, str]]:
    return [(int(key), "") if key.isdecimal() and len(key) < 7 else (-1, key) for key in pointer.split("/")]


def after_removal(at: str, removed: str) -> str:
    """Where a place is found when the entry at `removed` has gone."""
    return _shifted(at, removed, -1)


def after_insertion(at: str, inserted: str) -> str:
    """Where a place is found when an entry was put in at `inserted`."""
    return _shifted(at, inserted, 1)


def _shifted(at: str, changed: str, by: int) -> str:
    place, index = split(changed)
    if not at.startswith(place + "/"):
        return at
    here, slash, rest = at.removeprefix(place + "/").partition("/")
    if not here.isdecimal() or int(here) < index or (by < 0 and int(here) == index):
        return at
    return f"{place}/{int(here) + by}{slash}{rest}"
