"""What a removal would leave dangling: rules and references that name a field, or an option, that goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from servicehall.documents.form_places import entries
from servicehall.documents.patching import value_at
from servicehall.documents.rule_uses import Use, uses

_TASK_FORM = re.compile(r"((?:/fulfilment)?/tasks/[0-9]+/form)(?=/)")
_OPTION = re.compile(r"(/.+?)/options/[0-9]+(?:/options/[0-9]+)*\Z")


def form_of(body: Mapping[str, Any], at: str) -> str:
    """The pointer of the form that a place is in: a task's, the service's, or a field set itself."""
    task = _TASK_FORM.match(at)
    return task[1] if task else "/form" if body.get("kind") == "service" else ""


def still_used(body: Mapping[str, Any], places: Sequence[str]) -> list[Use]:
    """The uses elsewhere of all fields and options that go with these places, each once."""
    found: dict[str, Use] = {}
    for place in places:
        for one in (*_of_fields(body, place), *_of_option(body, place)):
            if not any((one.pointer + "/").startswith(gone + "/") for gone in places):
                found.setdefault(one.pointer, one)
    return list(found.values())


def _of_fields(body: Mapping[str, Any], place: str) -> Iterator[Use]:
    form = form_of(body, place)
    for entry in entries(body, form):
        if (entry.pointer + "/").startswith(place + "/"):
            yield from uses(body, form, entry.pointer)


def _of_option(body: Mapping[str, Any], place: str) -> Iterator[Use]:
    """The rules that name its field and its key, and the field's default."""
    found = _OPTION.match(place)
    field = value_at(body, found[1]) if found else None
    if not isinstance(field, Mapping) or "key" not in field or found is None:
        return
    keys = set(_keys(value_at(body, place)))
    for one in uses(body, form_of(body, place), found[1]):
        if any(f'"{key}"' in one.text or f"'{key}'" in one.text for key in keys):
            yield one
    default = field.get("default")
    for key in default if isinstance(default, list) else [default]:
        if key in keys:
            yield Use(f"{found[1]}/default", "", str(key), rule=False)


def _keys(option: Any) -> Iterator[str]:
    if isinstance(option, Mapping):
        yield str(option.get("key"))
        inner = option.get("options")
        for one in inner if isinstance(inner, list) else ():
            yield from _keys(one)
