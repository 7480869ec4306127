"""Reading one document from YAML: a plain JSON-able value, and the line of every place in it.

YAML 1.2 core rules decide what a plain word is: `on`, `off`, `yes`, `no` and dates are text. What could surprise is
refused: tags beyond the core ones, duplicate or non-text keys, merge keys, numbers that would not stay exact,
and the limits of the catalog language (1 MiB, 50 aliases, 64 levels, one document).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from servicehall.documents.scalars import has_type, plain_value
from servicehall.errors import Problem
from servicehall.texts import _

MAX_BYTES = 1024 * 1024
MAX_ALIASES = 50
MAX_DEPTH = 64
MOST_TOLD = 50  # mistakes of one file
MAX_EXPANDED = 4 * MAX_BYTES  # characters and nodes after aliases are followed

_CORE = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Source:
    """What one text held: `value` (None where it could not be read), `lines` from path to line (1 is the first)."""

    value: Any
    lines: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[tuple[int, Problem], ...] = ()

    def line_of(self, path: str) -> int:
        """The line of the place, or of the nearest place around it."""
        return line_of(self.lines, path)


def line_of(lines: Mapping[str, int], path: str) -> int:
    """The line of a path, or of the nearest place around it; 1 where nothing is known."""
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines.get(path, 1)


def child(path: str, key: str | int) -> str:
    """The path of a part: `form.pages` and 0 give `form.pages[0]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


class _Unreadable(Exception):
    """Reading cannot go on; carries the place."""

    def __init__(self, line: int, problem: Problem) -> None:
        super().__init__(problem.message)
        self.line, self.problem = line, problem


def read_file(path: Path) -> Source:
    """`read_yaml` of a file, never reading more than the limit."""
    try:
        with path.open("rb") as file:
            return read_yaml(file.read(MAX_BYTES + 1))
    except OSError as error:
        return _failed(1, "unreadable", _("cannot be read: {why}", why=error.strerror or str(error)))


def read_yaml(data: bytes | str) -> Source:
    """The one document in a YAML text; never raises, problems carry their line."""
    try:
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > MAX_BYTES:
            return _failed(1, "too_large", _("larger than 1 MiB; split it into several documents"))
        text = raw.decode("utf-8-sig")
    except UnicodeEncodeError:
        return _failed(1, "encoding", _("not UTF-8 text"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return _failed(line, "encoding", _("not UTF-8 text; save the file as UTF-8"))
    return _Reader(text).read()


def _failed(line: int, code: str, message: str) -> Source:
    return Source(None, {}, ((line, Problem("", code, message)),))


@dataclass(slots=True)
class _Size:
    """What a value takes once aliases are followed: characters and nodes, and levels."""

    weight: int
    height: int = 0


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being filled."""

    value: dict[str, Any] | list[Any]
    path: str
    anchor: str | None
    size: _Size
    key: str | None = None
    awaiting_key: bool = True


class _Reader:
    """Builds values from parser events, without recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: dict[str, int] = {}
        self.problems: list[tuple[int, Problem]] = []
        self.anchors: dict[str, tuple[Any, _Size]] = {}
        self.stack: list[_Open] = []
        self.aliases = 0
        self.root: Any = None

    def read(self) -> Source:
        try:
            documents = 0
            for event in self._events():
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        raise self._stop(
                            event, "several_documents", _("one document per file, and here a second one begins")
                        )
                else:
                    self._take(event)
            if not documents:
                return _failed(1, "empty", _("there is no document in this file"))
        except _Unreadable as error:
            return Source(None, self.lines, (*self.problems, (error.line, error.problem)))
        if self.problems:
            return Source(None, self.lines, tuple(self.problems))
        return Source(self.root, self.lines)

    def _events(self) -> Iterator[Any]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            yield from yaml.parse(self.text, Loader=loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            why = " ".join(part for part in (error.context, error.problem) if part)
            line = min(mark.line, self.text.rstrip("\n").count("\n")) + 1 if mark else 1
            raise _Unreadable(line, Problem(self._here(), "syntax", _("not YAML: {why}", why=why))) from None
        except yaml.reader.ReaderError as error:
            before = self.text.encode()[: error.position] if isinstance(error.position, int) else b""
            message = _("holds a character that YAML does not allow")
            raise _Unreadable(before.count(b"\n") + 1, Problem("", "syntax", message)) from None
        except yaml.YAMLError as error:
            raise _Unreadable(1, Problem("", "syntax", _("not YAML: {why}", why=str(error)))) from None

    def _here(self) -> str:
        if not self.stack:
            return ""
        top = self.stack[-1]
        if isinstance(top.value, list):
            return child(top.path, len(top.value))
        return top.path if top.key is None else child(top.path, top.key)

    def _stop(self, event: Any, code: str, message: str) -> _Unreadable:
        return _Unreadable(event.start_mark.line + 1, Problem(self._here(), code, message))

    def _note(self, event: Any, code: str, message: str) -> None:
        self.problems.append((event.start_mark.line + 1, Problem(self._here(), code, message)))
        if len(self.problems) == MOST_TOLD:
            raise self._stop(event, "too_many", _("more than {count} mistakes; the rest is not read", count=MOST_TOLD))

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.stack.pop()
            self._place(event, done.value, done.size, done.anchor)

    def _scalar(self, event: Any) -> None:
        if self._expects_key():
            self._key(event)
            return
        self._mark(event)
        self._place(event, self._value_of(event), _Size(1 + len(event.value)), event.anchor)

    def _expects_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].awaiting_key

    def _key(self, event: Any) -> None:
        top = self.stack[-1]
        key = self._value_of(event)
        top.size.weight += 1 + len(event.value)
        top.awaiting_key = False
        top.key = key if isinstance(key, str) else event.value
        if event.anchor:
            self.anchors[event.anchor] = (key, _Size(1 + len(event.value)))
        if not isinstance(key, str):
            self._note(event, "key", _('a key is text; write it in quotes: "{key}"', key=event.value))
        elif key == "<<" and event.implicit[0]:
            self._note(event, "merge_key", _("merge keys (<<) are not part of the language; write the properties out"))
        elif key in top.value:
            first = self.lines.get(child(top.path, key), 1)
            self._note(
                event, "duplicate_key", _("“{key}” stands here twice, first in line {line}", key=key, line=first)
            )
            return
        self.lines[child(top.path, top.key)] = event.start_mark.line + 1

    def _mark(self, event: Any) -> None:
        if not self.stack or isinstance(self.stack[-1].value, list):
            self.lines[self._here()] = event.start_mark.line + 1

    def _begin(self, event: Any) -> None:
        if self._expects_key():
            raise self._stop(event, "key", _("a key is text, not a list or mapping"))
        if len(self.stack) >= MAX_DEPTH:
            raise self._stop(event, "too_deep", _("nested deeper than {limit} levels", limit=MAX_DEPTH))
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag and event.tag not in ("!", _CORE + ("map" if mapping else "seq")):
            self._note(event, "tag", _("the tag {tag} is not allowed here", tag=event.tag))
        self._mark(event)
        self.stack.append(_Open({} if mapping else [], self._here(), event.anchor, _Size(1, 1)))
        if event.anchor:
            self.anchors.pop(event.anchor, None)

    def _alias(self, event: Any) -> None:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise self._stop(event, "too_many_aliases", _("more than {limit} aliases", limit=MAX_ALIASES))
        if event.anchor not in self.anchors:
            inside = any(part.anchor == event.anchor for part in self.stack)
            why = (
                _("*{name} stands inside itself", name=event.anchor)
                if inside
                else _("*{name} has no anchor &{name} before it", name=event.anchor)
            )
            raise self._stop(event, "alias", why)
        if self._expects_key():
            raise self._stop(event, "key", _("a key is written out, not an alias"))
        value, size = self.anchors[event.anchor]
        self._mark(event)
        self._place(event, value, size, None)

    def _place(self, event: Any, value: Any, size: _Size, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = (value, size)
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        top.size.weight += size.weight
        top.size.height = max(top.size.height, size.height + 1)
        if top.size.weight > MAX_EXPANDED:
            raise self._stop(event, "too_large", _("its aliases make it larger than {limit} MiB", limit=4))
        if len(self.stack) + size.height > MAX_DEPTH:
            raise self._stop(event, "too_deep", _("nested deeper than {limit} levels", limit=MAX_DEPTH))
        if isinstance(top.value, list):
            top.value.append(value)
        else:
            top.value.setdefault(str(top.key), value)
            top.awaiting_key, top.key = True, None

    def _value_of(self, event: Any) -> Any:
        """A scalar's value: text where quoted or tagged so, else what YAML 1.2's core schema says."""
        text: str = event.value
        tag = event.tag
        if tag in ("!", _CORE + "str") or (tag is None and not event.implicit[0]):
            return text
        if tag is not None and tag.removeprefix(_CORE) not in ("int", "float", "bool", "null", "timestamp"):
            self._note(event, "tag", _("the tag {tag} is not allowed here", tag=tag))
            return text
        value, why = plain_value(text)
        if why:
            self._note(event, "number", why)
        elif tag is not None and not has_type(value, tag.removeprefix(_CORE)):
            self._note(event, "tag", _("“{text}” is not what its tag says", text=text))
        return value
