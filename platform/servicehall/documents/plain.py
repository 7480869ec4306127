"""What any document must be before its schema is asked: a JSON value that every part of the system can carry."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from servicehall.documents.scalars import EXACT_INTEGER
from servicehall.documents.source import MAX_DEPTH, child
from servicehall.errors import Problem
from servicehall.texts import _

MAX_KEY = 200
MAX_VALUES = 200_000
_ALLOWED_CONTROLS = "\t\n\r"


def plain_problems(value: Any) -> list[Problem]:
    """What is not plain in a value: depth, size, keys that are not text, characters and numbers that get lost."""
    problems: list[Problem] = []
    todo: list[tuple[str, int, Any]] = [("", 0, value)]
    count = 0
    while todo:
        path, depth, item = todo.pop()
        count += 1
        if count > MAX_VALUES:
            return [Problem("", "too_large", _("more than {limit} values", limit=MAX_VALUES))]
        if isinstance(item, (dict, list)) and depth >= MAX_DEPTH:
            problems.append(Problem(path, "too_deep", _("nested deeper than {limit} levels", limit=MAX_DEPTH)))
        elif isinstance(item, dict):
            problems += _bad_keys(path, item)
            todo += [(child(path, key), depth + 1, inner) for key, inner in item.items() if isinstance(key, str)]
        elif isinstance(item, list):
            todo += [(child(path, index), depth + 1, inner) for index, inner in enumerate(item)]
        else:
            problems += _bad_scalar(path, item)
    return problems


def _bad_keys(path: str, value: dict[Any, Any]) -> Iterator[Problem]:
    for key in value:
        if not isinstance(key, str) or len(key) > MAX_KEY or not _is_clean(key):
            message = _("“{key}” cannot be a key; keys are short plain texts", key=repr(key)[:40])
            yield Problem(path, "key", message)


def _bad_scalar(path: str, value: Any) -> Iterator[Problem]:
    if isinstance(value, str):
        if not _is_clean(value):
            yield Problem(path, "characters", _("holds control characters; remove them"))
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield Problem(path, "number", _("“{text}” is not a number that can be kept", text=value))
    elif isinstance(value, int):
        if abs(value) > EXACT_INTEGER:
            message = _("{text} would not stay exact as a number; write it in quotes", text=str(value)[:40])
            yield Problem(path, "number", message)
    elif value is not None:
        yield Problem(path, "type", _("a value of the type {name} cannot be kept", name=type(value).__name__))


def _is_clean(text: str) -> bool:
    return text.isprintable() or not any(
        (char < " " and char not in _ALLOWED_CONTROLS) or "\ud800" <= char <= "\udfff" for char in text
    )
