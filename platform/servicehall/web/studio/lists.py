"""What the pages about documents say of one: its text, what differs, what it begins with, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from servicehall.documents.diff import text_diff
from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.pack import as_document
from servicehall.documents.source import read_yaml
from servicehall.models.definitions import Document
from servicehall.services import checking, definitions
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer
from servicehall.texts import LOCALES, current_locale
from servicehall.web.studio import kinds, places
from servicehall.web.studio.starters import STARTER, begun


@dataclass(frozen=True)
class Comparison:
    """What differs between two texts of a document: a sentence for each place, and lines of (sign, text)."""

    sentences: Sequence[str]
    lines: Sequence[tuple[str, str]]


def published_text(row: Document) -> str:
    """The canonical YAML of what is published; empty where nothing is."""
    return Authored.of(row.body).canonical() if row.body is not None else ""


def draft_text(row: Document) -> str:
    """The canonical YAML of the draft; empty where there is none."""
    return Authored.of(row.draft_body).canonical() if row.draft_body is not None else ""


def compare(was: Authored | None, now: Authored | None) -> Comparison:
    """What `now` changes of `was`."""
    either = now or was
    kind = either.kind if either is not None else ""
    said = places.sentences(kind, was.body if was else None, now.body if now else None)
    lines = text_diff(was, now).splitlines()[2:]
    return Comparison(said, [(_sign(line), line) for line in lines])


def published_of(row: Document) -> Authored | None:
    """The published version as a document."""
    return Authored.of(row.body, version=row.version) if row.body is not None else None


def beginning(viewer: Viewer, name: Name, *, copy: str, title: str) -> dict[str, Any]:
    """What a new document begins with: a shipped one, a copy of another of its kind, or the least that one has."""
    kind, department, key = name
    header = {"kind": kind, "department": department, "key": key}
    other_department, _slash, other_key = copy.partition("/")
    if copy.startswith(STARTER):
        body = begun(viewer.session, copy.removeprefix(STARTER), kind=kind, department=department)
    elif other_key and viewer.may_author(other_department):
        other = definitions.get(viewer.session, (kind, other_department, other_key))
        body = dict(other.draft_body or other.body or {})
    elif kind not in kinds.NAMES:
        body = {}  # keeping it says what is wrong
    else:
        found, _problems = as_document(read_yaml(kinds.skeleton(kind, department, key)))
        body = _in_one_language(found.body, current_locale()) if found is not None else {}
    return body | header | ({"title": {current_locale(): title}} if title else {})


def _in_one_language(value: Any, locale: str) -> Any:
    """What is authored, with each of its texts in this language alone: whoever writes in one is asked for no other."""
    if isinstance(value, Mapping):
        said = {locale: value[locale]} if value and set(value) <= set(LOCALES) else value
        return {key: _in_one_language(inner, locale) for key, inner in said.items()}
    return [_in_one_language(one, locale) for one in value] if isinstance(value, list) else value


def examine(session: Session, text: str) -> list[PlacedProblem]:
    """Everything that is wrong with a text, by line, errors first; publishing would find the same."""
    document, problems = as_document(read_yaml(text))
    if document is not None:
        problems = checking.check_draft(session, document)
    return sorted(problems, key=lambda one: (one.severity != ERROR, one.line))


def _sign(line: str) -> str:
    return {"+": "added", "-": "removed", "@": "place"}.get(line[:1], "same")
