"""Keys of stages and tasks that follow from their titles, for as long as nothing else knows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from servicehall.documents.field_changes import latin_words

Entry = Mapping[str, Any]


def title_key(entry: Entry) -> str:
    """The key that the English title suggests; empty where it suggests none."""
    title = entry.get("title")
    said = title.get("en") if isinstance(title, Mapping) else title
    return latin_words(said, "-") if isinstance(said, str) else ""


def wished_key(entry: Entry) -> str:
    """The key that an entry should have by its title; empty where it has it, but for a number behind it."""
    wish = title_key(entry)
    return "" if _is_like(entry, wish) else wish


def follows(entry: Entry, body: Entry, published: Any, *, begun: str) -> bool:
    """Whether the key goes on following the title: as it began or as the title has it, not published, in no example."""
    key = entry.get("key")
    known = isinstance(published, list) and any(isinstance(one, Mapping) and one.get("key") == key for one in published)
    named = any(word and _is_like(entry, word) for word in (begun, title_key(entry)))
    return named and not known and key not in _words(body.get("examples"))


def _is_like(entry: Entry, word: str) -> bool:
    return not word or re.fullmatch(rf"{re.escape(word)}(-[0-9]+)?", str(entry.get("key"))) is not None


def _words(value: Any) -> Iterator[Any]:
    """Every key and every value in a part of a document."""
    if isinstance(value, Mapping):
        yield from value
    for one in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _words(one)
    if isinstance(value, str):
        yield value
