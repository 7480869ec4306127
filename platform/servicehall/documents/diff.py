"""What changed between two versions of a document, for people: place by place, and as lines of canonical text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from servicehall.content import canonical
from servicehall.documents.document import Document
from servicehall.documents.source import child


@dataclass(frozen=True)
class Change:
    """One place that changed: `was` is None where it is new, `now` is None where it is gone."""

    path: str
    was: Any
    now: Any

    def as_dict(self) -> dict[str, Any]:
        return {"path": self.path, "was": self.was, "now": self.now}


def describe_changes(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[Change]:
    """Every place that differs; entries of lists that have keys are recognised by them, wherever they stand.

    Their paths are written `stages[manager].title`; a changed order is one change, of the keys.
    """
    return list(_changes("", old or {}, new or {}))


def _changes(path: str, was: Any, now: Any) -> Iterator[Change]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        yield from _parts(was, now, lambda key: child(path, key))
    elif isinstance(was, list) and isinstance(now, list) and _keyed(was) and _keyed(now):
        yield from _entries(path, _by_key(was), _by_key(now))
    elif canonical(was) != canonical(now):
        yield Change(path, was, now)


def _parts(was: Mapping[str, Any], now: Mapping[str, Any], place: Callable[[str], str]) -> Iterator[Change]:
    for key in (*was, *(key for key in now if key not in was)):
        if key in was and key in now:
            yield from _changes(place(key), was[key], now[key])
        else:
            yield Change(place(key), was.get(key), now.get(key))


def _entries(path: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    yield from _parts(was, now, lambda key: f"{path}[{key}]")
    if [key for key in was if key in now] != [key for key in now if key in was]:
        yield Change(path, list(was), list(now))


def _keyed(entries: list[Any]) -> bool:
    keys = [entry.get("key") for entry in entries if isinstance(entry, Mapping)]
    return len(keys) == len(entries) and all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys)


def _by_key(entries: list[Any]) -> dict[str, Any]:
    return {entry["key"]: entry for entry in entries}


def text_diff(old: Document | None, new: Document | None, *, context: int = 3) -> str:
    """The unified diff of the two canonical texts; empty where they are the same."""
    was, now = (document.canonical().splitlines(keepends=True) if document else [] for document in (old, new))
    return "".join(unified_diff(was, now, _file_name(old), _file_name(new), n=context))


def _file_name(document: Document | None) -> str:
    if document is None:
        return "/dev/null"
    version = f" ({document.version})" if document.version is not None else ""
    return f"{document.department}/{document.kind}.{document.key}{version}"
