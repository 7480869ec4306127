"""The one canonical text of a document.

Keys stand in the order of their kind's schema. A part is written on one line where the schema calls it inline and
all it holds can be (no text of several lines): never by its width, so that changing one label changes one line.
Texts of several lines are literal blocks; nothing is ever folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from servicehall.documents.parts import Part
from servicehall.documents.scalars import plain_value

INDENT = "  "
_SAFE_START = re.compile(r"[^\W_]|[_$(/]|-[0-9]")
_FLOW_MARKS = frozenset(",[]{}?\"'")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
# What readers of YAML 1.1 take for something else than text.
_OLD_WORDS = re.compile(
    r"(?:y|yes|n|no|on|off|true|false|null|~|=|<<|[-+]?[0-9][0-9_,]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?0[box][0-9a-f_]+|[-+]?\.(?:inf|nan)|\.[0-9_]+.*|[0-9]+:.*|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*)\Z",
    re.IGNORECASE,
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def dump(part: Part, document: Mapping[str, Any]) -> str:
    """The canonical YAML of a value that `part` describes, ending in one newline; any JSON value has one."""
    return "".join(line + "\n" for line in _lines(part, document))


def _lines(part: Part, value: Any) -> Iterator[str]:
    """The lines of a value in block style, without indentation."""
    here = part.chosen(value)
    if _fits_inline(here, value):
        yield _flow(here, value, nested=False)
    elif isinstance(value, Mapping):
        for key, inner, item in here.children(value):
            yield from _entry(f"{_scalar(str(key), flow=False)}:", inner, item)
    elif isinstance(value, list):
        for _index, inner, item in here.children(value):
            yield from _item(inner, item)
    else:
        yield from _literal(value)


def _entry(head: str, part: Part, value: Any) -> Iterator[str]:
    here = part.chosen(value)
    if _fits_inline(here, value):
        yield f"{head} {_flow(here, value, nested=False)}"
    elif isinstance(value, str):
        first, *rest = _literal(value)
        yield f"{head} {first}"
        yield from rest
    else:
        yield head
        yield from (INDENT + line if line else line for line in _lines(here, value))


def _item(part: Part, value: Any) -> Iterator[str]:
    lines = list(_lines(part, value))
    yield f"- {lines[0]}"
    yield from (INDENT + line if line else line for line in lines[1:])


def _fits_inline(part: Part, value: Any) -> bool:
    if isinstance(value, str):
        return not _literal_fits(value)
    if not isinstance(value, (Mapping, list)) or not value:
        return True
    return part.one_line(value) and all(
        _fits_inline(inner.chosen(item), item) for _key, inner, item in part.children(value)
    )


def _flow(part: Part, value: Any, *, nested: bool) -> str:
    here = part.chosen(value)
    if isinstance(value, Mapping):
        entries = (
            f"{_scalar(str(key), flow=True)}: {_flow(inner, item, nested=True)}"
            for key, inner, item in here.children(value)
        )
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(inner, item, nested=True) for _key, inner, item in here.children(value)) + "]"
    return _scalar(value, flow=nested)


def _scalar(value: Any, *, flow: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value)
    if _is_plain(text, flow=flow):
        return text
    if all(_printable(char) for char in text) and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_ESCAPES.get(char) or (char if _printable(char) else _escaped(char)) for char in text) + '"'


def _is_plain(text: str, *, flow: bool) -> bool:
    if not _SAFE_START.match(text) or text[-1] in " :" or ": " in text or " #" in text:
        return False
    if not all(_printable(char) for char in text) or (flow and not _FLOW_MARKS.isdisjoint(text)):
        return False
    value, why = plain_value(text)
    if why or not isinstance(value, str):
        return False
    return bool(_DATE.match(text)) or not _OLD_WORDS.match(text)


def _printable(char: str) -> bool:
    code = ord(char)
    return (
        0x20 <= code < 0x7F
        or (0xA0 <= code < 0xD800 and code not in (0x2028, 0x2029))
        or (0xE000 <= code < 0xFFFE and code != 0xFEFF)
        or 0x10000 <= code < 0x110000
    )


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _literal_fits(text: str) -> bool:
    """Whether a literal block can hold the text exactly: several lines, each visible, the first not indented."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    if "\n" not in text or not body or lines[0][:1] in ("", " ") or lines[-1] == "":
        return False
    return all((not line or line.strip(" ")) and all(map(_printable, line)) for line in lines)


def _literal(text: str) -> Iterator[str]:
    yield "|" if text.endswith("\n") else "|-"
    yield from (INDENT + line if line else line for line in text.removesuffix("\n").split("\n"))
