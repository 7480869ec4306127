"""YAML: the draft as the canonical text of the files, editable, with what is wrong at its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.merging import merge
from servicehall.documents.pack import as_document
from servicehall.documents.source import read_yaml
from servicehall.errors import Invalid
from servicehall.services import drafting
from servicehall.services.drafting import Overtaken
from servicehall.texts import _
from servicehall.web.studio import lists, places
from servicehall.web.studio.page import Page


def values(page: Page) -> Mapping[str, Any]:
    text = page.document.canonical()
    return {"text": text, "found": examined(page, text)}


def examined(page: Page, text: str) -> Sequence[PlacedProblem]:
    """What is wrong with a text for this document, by line, errors first."""
    document, _wrong = as_document(read_yaml(text))
    if document is not None and document.name != page.name:
        message = _("Kind, department and key cannot be changed.")
        return [PlacedProblem("", document.line("key"), "key", ERROR, "name", message)]
    return lists.examine(page.viewer.session, text)


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
        "open_clashes": merged.clashes,
    }
