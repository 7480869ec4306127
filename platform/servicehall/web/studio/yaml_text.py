"""YAML: the draft as the canonical text of the files, editable, with what is wrong at its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.merging import merge
from servicehall.documents.pack import as_document
from servicehall.documents.parts import Block
from servicehall.documents.patching import pointer, value_at
from servicehall.documents.source import read_yaml
from servicehall.errors import Invalid
from servicehall.services import drafting
from servicehall.services.drafting import Overtaken
from servicehall.texts import _
from servicehall.web.studio import places, words
from servicehall.web.studio.found import examine
from servicehall.web.studio.page import Page
from servicehall.web.studio.parts import shown_of
from servicehall.web.studio.reading import part_at


def values(page: Page) -> Mapping[str, Any]:
    text = page.document.canonical()
    return {"text": text, "found": examined(page, text)}


def examined(page: Page, text: str) -> Sequence[PlacedProblem]:
    """What is wrong with a text for this document, by line, errors first."""
    document, _wrong = as_document(read_yaml(text))
    if document is not None and document.name != page.name:
        message = _("Kind, department and key cannot be changed.")
        return [PlacedProblem("", document.line("key"), "key", ERROR, "name", message)]
    return examine(page.viewer.session, text)


def possible(text: str, line: int) -> list[tuple[str, str]]:
    """The properties that could still stand in the block around a line, with their words; none where it is unknown."""
    source = read_yaml(text)
    document, _wrong = as_document(source)
    if document is None or document.kind not in KINDS:
        return []
    nearest = max((at for at in source.lines.values() if at <= line), default=0)
    path = next((one for one, at in source.lines.items() if at == nearest and not one.endswith("]")), "")
    at = pointer(*places.keys_of_path(path.rpartition(".")[0]))
    value = value_at(document.body, at)
    part = part_at(document.kind, document.body, at).chosen(value)
    if not isinstance(part, Block) or not isinstance(value, Mapping):
        return []
    return [(name, words.label(name)) for name in shown_of(part, value) if name not in value]


def body_of(text: str) -> Mapping[str, Any]:
    """The document of a text; Invalid where it cannot be read."""
    document, wrong = as_document(read_yaml(text))
    if document is None:
        raise Invalid(_("This cannot be read as a document.") + " " + " ".join(one.message for one in wrong[:1]))
    return document.body


def both(page: Page, typed: str, *, since: str) -> Mapping[str, Any]:
    """What somebody else saved, and where both can be read, what putting them together would come to."""
    theirs = page.document.canonical()
    try:
        was = drafting.body_at(page.viewer.session, page.name, since)
        merged = merge(was, body_of(typed), page.body)
    except (Overtaken, Invalid):
        return {"theirs": theirs}
    return {
        "theirs": theirs,
        "since": since,
        "their_changes": places.sentences(page.row.kind, was, page.body),
        "my_changes": places.sentences(page.row.kind, page.body, merged.body),
        "open_clashes": [
            (one, places.place(page.row.kind, page.body, places.keys_of_path(one.path))) for one in merged.clashes
        ],
    }
