"""Two people changed the same document: what both did is put together, and where they met, one has to choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from servicehall.content import canonical
from servicehall.documents.source import child

MINE, THEIRS = "mine", "theirs"
_ABSENT: Any = object()


@dataclass(frozen=True)
class Clash:
    """A place that both changed, each in another way; None is absent. Entries with keys go by them: `fields[name]`."""

    path: str
    was: Any
    mine: Any
    theirs: Any

    def as_dict(self) -> dict[str, Any]:
        return {"path": self.path, "was": self.was, "mine": self.mine, "theirs": self.theirs}


@dataclass(frozen=True)
class Merge:
    """The body with both sides' changes; at a clash stands theirs, or what was chosen for it."""

    body: dict[str, Any]
    clashes: Sequence[Clash]


def merge(
    was: Mapping[str, Any],
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    *,
    choices: Mapping[str, str] | None = None,
) -> Merge:
    """Three versions of a body into one; `choices` says, by the path of a clash, whose stands: `mine` or `theirs`."""
    merger = _Merger(choices or {})
    body = merger.value("", was, mine, theirs)
    return Merge(body, tuple(merger.clashes))


class _Merger:
    def __init__(self, choices: Mapping[str, str]) -> None:
        self.choices = choices
        self.clashes: list[Clash] = []

    def value(self, path: str, was: Any, mine: Any, theirs: Any) -> Any:
        if _same(mine, theirs) or _same(mine, was):
            return theirs
        if _same(theirs, was):
            return mine
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping) and isinstance(was, Mapping):
            return self.mapping(path, was, mine, theirs)
        if all(_keyed(one) for one in (was, mine, theirs)):
            return self.entries(path, was, mine, theirs)
        return self.clash(path, was, mine, theirs)

    def mapping(self, path: str, was: Any, mine: Any, theirs: Any) -> dict[str, Any]:
        names = [*theirs, *(name for name in mine if name not in theirs)]
        parts = {name: self.part(child(path, name), name, was, mine, theirs) for name in names}
        return {name: value for name, value in parts.items() if value is not _ABSENT}

    def part(self, path: str, name: str, was: Any, mine: Any, theirs: Any) -> Any:
        return self.value(path, was.get(name, _ABSENT), mine.get(name, _ABSENT), theirs.get(name, _ABSENT))

    def entries(self, path: str, was: Any, mine: Any, theirs: Any) -> list[Any]:
        """Entries go by their keys, in my order unless they changed it; what only they have follows its neighbour."""
        old, my, their = _by_key(was), _by_key(mine), _by_key(theirs)
        names = [*their, *(key for key in my if key not in their)]
        kept = {key: self.part(f"{path}[{key}]", key, old, my, their) for key in names}
        they_moved = [key for key in old if key in their] != [key for key in their if key in old]
        order = _woven(list(their), list(my)) if they_moved else _woven(list(my), list(their))
        return [kept[key] for key in order if kept[key] is not _ABSENT]

    def clash(self, path: str, was: Any, mine: Any, theirs: Any) -> Any:
        plain = [None if one is _ABSENT else one for one in (was, mine, theirs)]
        self.clashes.append(Clash(path, *plain))
        return mine if self.choices.get(path) == MINE else theirs


def _same(one: Any, other: Any) -> bool:
    if one is _ABSENT or other is _ABSENT:
        return one is other
    return canonical(one) == canonical(other)


def _keyed(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    keys = [entry.get("key") for entry in value if isinstance(entry, Mapping)]
    return len(keys) == len(value) and all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys)


def _by_key(entries: Sequence[Any]) -> dict[str, Any]:
    return {entry["key"]: entry for entry in entries}


def _woven(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """`first`, with what only `second` has put behind the entry that it follows there."""
    result = list(first)
    for index, key in enumerate(second):
        if key not in result:
            before = [one for one in second[:index] if one in result]
            result.insert(result.index(before[-1]) + 1 if before else 0, key)
    return result
