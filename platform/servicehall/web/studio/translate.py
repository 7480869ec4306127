"""Translate: every text of a document side by side in its languages, what is missing marked; also as a CSV file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import Part
from servicehall.documents.patching import Operation, pointer
from servicehall.documents.words import Text
from servicehall.errors import Invalid, Problem
from servicehall.texts import LOCALES, _
from servicehall.web.studio import places
from servicehall.web.studio.page import Page

PLACE, WHERE = "place", "where"
LARGEST = 2 * 1024 * 1024
MOST_ROWS = 5_000
_LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


@dataclass(frozen=True)
class Line:
    """One text: its JSON Pointer, its place as a file names it, in words, and what it says by language."""

    pointer: str
    path: str
    where: str
    said: Mapping[str, str]
    is_plain: bool = False

    @property
    def id(self) -> str:
        return "at" + self.pointer.replace("/", "-")

    def is_missing(self, locale: str) -> bool:
        return not self.said.get(locale, "").strip()

    @property
    def is_incomplete(self) -> bool:
        return any(self.is_missing(locale) for locale in LOCALES)


@dataclass(frozen=True)
class Unplaced:
    """What of an uploaded file found no place: the file's line, what stands there, and why."""

    line: int
    what: str
    why: str


def values(page: Page) -> Mapping[str, Any]:
    """The tab; `?missing=yes` leaves out what is there in every language."""
    lines = lines_of(page.row.kind, page.body)
    only_missing = request.values.get("missing") == "yes"
    return {
        "lines": [one for one in lines if one.is_incomplete or not only_missing],
        "locales": [(locale, places.language(locale)) for locale in locales_of(lines)],
        "only_missing": only_missing,
        "total": len(lines),
        "missing": [(places.language(locale), sum(one.is_missing(locale) for one in lines)) for locale in LOCALES],
    }


def lines_of(kind: str, body: Mapping[str, Any]) -> list[Line]:
    """Every text that the document has, in its order; a plain text counts as English."""
    found = _texts(KINDS[kind].part, body, ())
    return [
        Line(pointer(*keys), _path(body, keys), places.place(kind, body, keys), _said(value), isinstance(value, str))
        for keys, value in found
    ]


def locales_of(lines: Sequence[Line]) -> list[str]:
    """The languages of the hall, then any other that the texts have."""
    return [*LOCALES, *sorted({locale for one in lines for locale in one.said} - set(LOCALES))]


def as_csv(lines: Sequence[Line]) -> str:
    """The texts as a file for spreadsheets, with a byte order mark; nothing in it is taken for a formula."""
    locales = locales_of(lines)
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow([PLACE, WHERE, *locales])
    for one in lines:
        writer.writerow([_cell(text) for text in (one.path, one.where, *(one.said.get(key, "") for key in locales))])
    return "\ufeff" + sheet.getvalue()


def operations_of(kind: str, body: Mapping[str, Any], data: bytes) -> tuple[list[Operation], list[Unplaced]]:
    """What a file changes of the texts, and what of it found no place. Empty cells change nothing; Invalid where it
    is no such file."""
    rows = _rows(data)
    header = [one.strip().lower() if index < 2 else one.strip() for index, one in enumerate(rows[0][1])]
    if PLACE not in header:
        raise Invalid(_("The first line of the file must name its columns: {names}.", names="place, en, zh"))
    unplaced = [
        Unplaced(1, name, _("This is no language tag."))
        for name in header
        if name and name not in (PLACE, WHERE) and not _LOCALE.match(name)
    ]
    known = {one.path: one for one in lines_of(kind, body)}
    operations: list[Operation] = []
    for number, cells in rows[1:]:
        row = dict(zip(header, map(_text, cells), strict=False))
        line = known.get(row.get(PLACE, ""))
        said = {key: text for key, text in row.items() if _LOCALE.match(key) and key not in (PLACE, WHERE) and text}
        if line is not None:
            operations += _change(line, said)
        elif any(cells):
            unplaced.append(Unplaced(number, row.get(PLACE, "")[:200], _("The document has no text at this place.")))
    return operations, unplaced


def _change(line: Line, said: Mapping[str, str]) -> Iterator[Operation]:
    if any(line.said.get(locale, "").strip() != text for locale, text in said.items()):
        now = {**line.said, **said}
        stays_plain = line.is_plain and set(now) == {"en"}
        yield {"op": "replace", "path": line.pointer, "value": now["en"] if stays_plain else now}


def _rows(data: bytes) -> list[tuple[int, list[str]]]:
    """The file's records with the line that each begins in."""
    if len(data) > LARGEST:
        raise Invalid(_("The file is larger than {n} MB.", n=LARGEST // 1024 // 1024))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(_("This is not UTF-8.")) from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for cells in reader:
            found.append((begins, cells))
            begins = reader.line_num + 1
            if len(found) > MOST_ROWS:
                raise Invalid(_("The file has more than {n} lines.", n=MOST_ROWS))
    except csv.Error as error:
        problem = Problem(f"line {begins}", "syntax", str(error))
        raise Invalid(_("This cannot be read as a CSV file."), [problem]) from None
    if not found:
        raise Invalid(_("The file is empty."))
    return found


def _cell(text: str) -> str:
    """A cell that a spreadsheet takes for text: what could begin a formula gets an apostrophe in front."""
    return "'" + text if _FORMULA.match(text) else text


def _text(cell: str) -> str:
    """What `_cell` was given."""
    cell = cell.replace("\r\n", "\n")
    return (cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell).strip()


def _texts(part: Part, value: Any, keys: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    here = part.chosen(value)
    if isinstance(here, Text):
        yield keys, value
        return
    for key, inner, item in here.children(value):
        yield from _texts(inner, item, (*keys, key))


def _said(value: Any) -> Mapping[str, str]:
    if isinstance(value, Mapping):
        return {str(locale): text for locale, text in value.items() if isinstance(text, str)}
    return {"en": value} if isinstance(value, str) else {}


def _path(body: Mapping[str, Any], keys: Sequence[str | int]) -> str:
    """A place that outlives moving entries about: `form.pages[main].title`; entries without keys go by their number."""
    value: Any = body
    path = ""
    for key in keys:
        value = value[key]
        if isinstance(key, int):
            own = value.get("key") if isinstance(value, Mapping) else None
            path += f"[{own or f'#{key + 1}'}]"
        else:
            path += f".{key}" if path else key
    return path
