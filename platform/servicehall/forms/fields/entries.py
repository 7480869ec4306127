"""From the entries of a `fields` or `columns` list to fields: types and keys checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from servicehall.domain.conditions import RESERVED
from servicehall.forms import draft as rules
from servicehall.forms.draft import KEY, MAX_KEY, Draft
from servicehall.forms.fields.base import Field
from servicehall.forms.fields.registry import FIELD_TYPES
from servicehall.texts import _


def read_entries(
    entries: Sequence[Any], draft: Draft, taken: set[str], *, column: bool = False
) -> Iterator[tuple[Field, Draft]]:
    """Each field that can be made, with its place; `taken` are the keys in use, and grows."""
    for index, entry in enumerate(entries):
        place = draft.at(index)
        if not place.expect(entry, rules.mapping):
            continue
        if "use" in entry:
            place.fail("unresolved", _("The field set {name} is not there.", name=str(entry["use"])[:80]))
            continue
        made = _make(entry, place, taken, column=column)
        if made is not None:
            yield made, place


def _make(entry: Mapping[Any, Any], draft: Draft, taken: set[str], *, column: bool) -> Field | None:
    kind = _kind(entry.get("type"), draft, column=column)
    if kind is None:
        return None
    if "key" not in entry and not kind.answered:
        entry = {**entry, "key": _free(kind.type, taken)}
    message = _wrong_key(entry.get("key"), taken)
    if message is not None:
        draft.at("key").fail(*message)
        return None
    taken.add(entry["key"])
    return kind(entry, draft)


def _kind(name: Any, draft: Draft, *, column: bool) -> type[Field] | None:
    if not isinstance(name, str) or name not in FIELD_TYPES:
        close = difflib.get_close_matches(name, FIELD_TYPES, n=1) if isinstance(name, str) else []
        hint = " " + _("Did you mean {name}?", name=close[0]) if close else ""
        shown = str(name)[:80] if name is not None else "…"
        draft.at("type").fail("unknown_type", _("There is no field type {name}.", name=shown) + hint)
        return None
    kind = FIELD_TYPES[name]
    if column and not kind.in_rows:
        draft.at("type").fail("unknown_type", _("A column cannot be of type {name}.", name=name))
        return None
    return kind


def _wrong_key(key: Any, taken: set[str]) -> tuple[str, str] | None:
    if not isinstance(key, str) or not KEY.fullmatch(key) or len(key) > MAX_KEY:
        return "type", _("A key is written in snake_case: small letters, digits and underscores.")
    if key in RESERVED:
        return "reserved", _("{key} is a reserved word.", key=key)
    if key in taken:
        return "duplicate", _("The key {key} is there twice.", key=key)
    return None


def _free(stem: str, taken: set[str]) -> str:
    return next(name for n in range(1, len(taken) + 2) if (name := f"{stem}_{n}") not in taken)
