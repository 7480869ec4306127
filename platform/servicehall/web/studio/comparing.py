"""What differs between two texts of a document, in sentences and in lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from servicehall.documents.diff import text_diff
from servicehall.documents.document import Document as Authored
from servicehall.models.definitions import Document
from servicehall.web.studio import places


@dataclass(frozen=True)
class Comparison:
    """What differs between two texts of a document: a sentence for each place, and lines of (sign, text)."""

    sentences: Sequence[str]
    lines: Sequence[tuple[str, str]]


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


def _sign(line: str) -> str:
    return {"+": "added", "-": "removed", "@": "place"}.get(line[:1], "same")
