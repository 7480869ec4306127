"""Where a field's key is used: in rules and references of its document; and the same under another key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.documents.form_places import entries_in, lists, taken
from servicehall.documents.kinds.forms import field_entries
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import Part
from servicehall.documents.patching import Operation, pointer, value_at
from servicehall.documents.source import child
from servicehall.documents.words import Expression, FieldKey

_TOKEN = re.compile(
    r"""(?P<string>[bB]?[rR](?:"[^"\n]*"|'[^'\n]*')|[bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))"""
    r"""|(?P<comment>//[^\n]*)|(?P<number>\d+(?:\.\d+)?\w*)|(?P<name>[A-Za-z_]\w*)|(?P<other>\S)""",
    re.DOTALL,
)


@dataclass(frozen=True)
class Use:
    """A place that names a field: `text` is the rule, or the key itself where `rule` is false."""

    pointer: str
    path: str
    text: str
    rule: bool


@dataclass(frozen=True)
class _Name:
    """How a field is spelled: `key` alone, behind the names `prefix`, or behind any dot (a column, `prefix` None)."""

    key: str
    prefix: tuple[str, ...] | None = ()
    beside: str = ""

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it stands in a rule."""
        if self.key not in text:
            return []
        tokens = [one for one in _TOKEN.finditer(text) if one.lastgroup != "comment"]
        if self.beside and not any(one["name"] == self.beside for one in tokens):
            return []
        return [one.span() for index, one in enumerate(tokens) if one["name"] == self.key and self._is(tokens, index)]

    def _is(self, tokens: list[re.Match[str]], index: int) -> bool:
        before: list[str] = []
        while index >= 2 and tokens[index - 1][0] == ".":
            before.insert(0, tokens[index - 2][0])
            index -= 2
        if self.prefix is None:
            return bool(before)
        chain = tuple(before)
        return chain == self.prefix or (not self.prefix and chain == ("answers",))

    def renamed(self, text: str, key: str) -> str:
        for start, end in reversed(self.spans(text)):
            text = text[:start] + key + text[end:]
        return text


def uses(body: Mapping[str, Any], form: str, at: str) -> list[Use]:
    """Every place outside a field itself that names it."""
    return [one for one, _name in _uses(body, form, at) if not (one.pointer + "/").startswith(at + "/")]


def rename(body: Mapping[str, Any], form: str, at: str, key: str, *, along: bool) -> list[Operation]:
    """A field under another key; with `along`, what names it follows."""
    done: list[Operation] = [{"op": "replace", "path": f"{at}/key", "value": key}]
    for one, name in _uses(body, form, at) if along else ():
        done.append({"op": "replace", "path": one.pointer, "value": name.renamed(one.text, key) if one.rule else key})
    return done


def with_new_names(values: list[Any], names: Mapping[str, str]) -> list[Any]:
    """Fields whose rules name each other, by their new names."""
    if not names:
        return values
    body: dict[str, Any] = {"fields": values}
    for old, new in names.items():
        for at, _path, text, rule in _names_in(field_entries(), values, "/fields", "fields"):
            said = _Name(old).renamed(text, new) if rule else (new if text == old else text)
            if said != text:
                place, _slash, last = at.rpartition("/")
                held = value_at(body, place)
                held[int(last) if isinstance(held, list) else last] = said
    return values


def _uses(body: Mapping[str, Any], form: str, at: str) -> Iterator[tuple[Use, _Name]]:
    value = value_at(body, at)
    key = value.get("key") if isinstance(value, Mapping) else None
    kind = body.get("kind")
    if not isinstance(key, str) or not key or kind not in KINDS:
        return
    scopes = _scopes(body, form, at)
    hidden = [] if at.rpartition("/")[0].endswith("/columns") else _hiding(body, form, key)
    for place, path, text, rule in _names_in(KINDS[str(kind)].part, body, "", ""):
        if any(place.startswith(one + "/") for one in hidden):
            continue
        name = next((name for prefix, name in scopes if (place + "/").startswith(prefix + "/")), None)
        if name is not None and (bool(name.spans(text)) if rule else text == key and name.prefix == ()):
            yield Use(place, path, text, rule), name


def _scopes(body: Mapping[str, Any], form: str, at: str) -> list[tuple[str, _Name]]:
    """How a field is spelled, by where; the first that fits counts."""
    key = str(value_at(body, at).get("key"))
    place = at.rpartition("/")[0]
    task = value_at(body, form.removesuffix("/form")) if "/tasks/" in form else None
    if place.endswith("/columns"):
        table = value_at(body, place.removesuffix("/columns"))
        return [(place, _Name(key)), ("", _Name(key, None, beside=str(table.get("key"))))]
    if isinstance(task, Mapping):
        behind = ("tasks", str(task.get("key")).replace("-", "_"))
        return [(form, _Name(key)), ("", _Name(key, behind))]
    return [("", _Name(key))]


def _hiding(body: Mapping[str, Any], form: str, key: str) -> list[str]:
    """Where the same key means something else: tables with such a column, forms of tasks with such a field."""
    tables = [f"{one.pointer}/columns" for place in lists(body, form) for one in entries_in(body, place)]
    plan = value_at(body, "/fulfilment/tasks") if body.get("kind") == "service" else None
    forms = [f"/fulfilment/tasks/{n}/form" for n in range(len(plan))] if isinstance(plan, list) else []
    found = [one for one in tables if key in taken(body, form, one)]
    return [*found, *(one for one in forms if one != form and key in taken(body, one, f"{one}/fields"))]


def _names_in(part: Part, value: Any, at: str, path: str) -> Iterator[tuple[str, str, str, bool]]:
    """Every rule and every reference to a field: pointer, path, text, whether it is a rule."""
    here = part.chosen(value)
    if isinstance(value, str) and isinstance(here, (Expression, FieldKey)):
        if isinstance(here, Expression) or not at.endswith("/key"):
            yield at, path, value, isinstance(here, Expression)
        return
    for key, inner, item in here.children(value):
        yield from _names_in(inner, item, at + pointer(key), child(path, key))
