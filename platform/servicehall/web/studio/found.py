"""What the checks find in a draft, and where it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.pack import as_document
from servicehall.documents.patching import pointer
from servicehall.documents.source import read_yaml
from servicehall.services import checking
from servicehall.web.studio import places, words
from servicehall.web.studio.page import Page

_MENDED = (
    ("design", re.compile(r"(/form/pages/[0-9]+)?/fields/[0-9]+|/form/pages/[0-9]+")),
    ("approval", re.compile(r"(/approval)?/stages/[0-9]+|/approval")),
    ("fulfilment", re.compile(r"(/fulfilment)?/tasks/[0-9]+|/fulfilment")),
    ("sla", re.compile(r"/sla(/[0-9]+)?|/targets/[0-9]+")),
    ("examples", re.compile(r"/examples/cases/[0-9]+")),
    ("rules", re.compile(r"/(audience|excluded)|/rules/[0-9]+/when")),
)
"""The tab that shows a part of a document, by the part's JSON Pointer."""


@dataclass(frozen=True)
class Fault:
    """What is wrong at a place: in words, by its line in the draft's text, and the tab with the part that mends it."""

    message: str
    where: str
    line: int
    tab: str
    at: str


def fault_of(kind: str, body: Mapping[str, Any], problem: PlacedProblem) -> Fault:
    """Where in a document something is; nowhere in words where it is in another one."""
    keys = (
        [int(key) if key.isdecimal() else key for key in places.keys_of_path(problem.path)] if not problem.file else []
    )
    if keys[:2] == ["examples", "cases"]:
        where = expected(problem.path)
    else:
        where = places.place(kind, body, keys) if keys else ""
    at = pointer(*keys)
    tab, part = next(((tab, found[0]) for tab, part in _MENDED if (found := part.match(at))), ("", ""))
    return Fault(problem.said, where, problem.line, tab, part)


def expected(path: str) -> str:
    """What an example expects at a place, in words, without the example's name."""
    keys = places.keys_of_path(path.rpartition("expect.")[2])
    return " › ".join(words.label(key, "examples.expect") for key in keys)


def below(page: Page, place: str) -> list[str]:
    """What is wrong at a place and everywhere within it; places as the checks name them."""
    inner = (place + ".", place + "[")
    return [one for path, said in page.by_place.items() if path == place or path.startswith(inner) for one in said]


def examine(session: Session, text: str) -> list[PlacedProblem]:
    """Everything that is wrong with a text, by line, errors first; publishing would find the same."""
    document, problems = as_document(read_yaml(text))
    if document is not None:
        problems = checking.check_draft(session, document)
    return sorted(problems, key=lambda one: (one.severity != ERROR, one.line))
