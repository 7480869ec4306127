"""What is left of a document without what its schema refuses, so that the rest of it can be judged."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from servicehall.documents.document import Document
from servicehall.documents.examination import shape_problems
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import walk
from servicehall.documents.plain import plain_problems
from servicehall.documents.source import child
from servicehall.errors import Problem

_LAST = re.compile(r"(\.[^.\[\]]+|\[\d+\])$")
_LEANT_ON = re.compile(r"(^|\.)form$")


def remains(document: Document) -> Document | None:
    """The document without refused values and whatever cannot be without them; None where all else leans on those."""
    if plain_problems(document.body):
        return None
    rest = replace(document, body=_without(document.body, {"examples"}))
    while problems := shape_problems(rest):
        wrong = {_place(problem) for problem in problems}
        left = _without(rest.body, wrong)
        if left == rest.body or _is_misspelt(rest, problems) or any(map(_LEANT_ON.search, wrong)):
            return None
        rest = replace(rest, body=left)
    return rest


def _place(problem: Problem) -> str:
    """What has to go: the refused value, or what it is missing in."""
    if problem.code != "missing":
        return problem.path
    return _LAST.sub("", problem.path) if _LAST.search(problem.path) else ""


def _is_misspelt(document: Document, problems: Collection[Problem]) -> bool:
    """Whether an unknown property holds more than a scalar: it may stand for one that others lean on."""
    unknown = {problem.path for problem in problems if problem.code == "unknown"}
    places = walk(KINDS[document.kind].part, document.body)
    return any(path in unknown and isinstance(value, (Mapping, list)) for path, _part, value in places)


def _without(value: Any, wrong: Collection[str], path: str = "") -> Any:
    """The same value without the properties at these paths, or whose list holds one of them."""
    if isinstance(value, list):
        return [_without(item, wrong, child(path, index)) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        places = [(key, item, child(path, key)) for key, item in value.items()]
        return {key: _without(item, wrong, at) for key, item, at in places if not _holds(item, wrong, at)}
    return value


def _holds(value: Any, wrong: Collection[str], path: str) -> bool:
    inner = enumerate(value) if isinstance(value, list) else ()
    return path in wrong or any(_holds(item, wrong, child(path, index)) for index, item in inner)
