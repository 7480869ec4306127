"""Places of a document in words, and what changed there as sentences: “Label of field “Reason”: was “A”, is “B””."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from servicehall.documents.diff import Change, describe_changes
from servicehall.documents.parts import Part
from servicehall.documents.patching import pointer, value_at
from servicehall.documents.words import Length, OneWord, Picture, Text
from servicehall.errors import Invalid
from servicehall.texts import N_, _, pick
from servicehall.web.studio import words
from servicehall.web.studio.reading import part_at

Body = Mapping[str, Any]

ENTRIES: Mapping[str, str] = {
    "pages": N_("page “{name}”"),
    "fields": N_("field “{name}”"),
    "options": N_("option “{name}”"),
    "columns": N_("column “{name}”"),
    "check": N_("check “{name}”"),
    "stages": N_("stage “{name}”"),
    "approvers": N_("approver “{name}”"),
    "tasks": N_("task “{name}”"),
    "checklist": N_("checklist entry “{name}”"),
    "targets": N_("target “{name}”"),
    "escalate": N_("step “{name}”"),
    "rules": N_("rule “{name}”"),
}
_ENTRY = N_("“{name}” in “{list}”")
LANGUAGES: Mapping[str, str] = {"en": N_("English"), "zh": N_("Chinese")}
_TOKEN = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
LONGEST = 200
SHORT_HASH = 8


def language(locale: str) -> str:
    """A language in words; its tag where there is none."""
    return _(LANGUAGES[locale]) if locale in LANGUAGES else locale


def sentences(kind: str, was: Body | None, now: Body | None) -> list[str]:
    """What `now` changes of `was`, one sentence for each place; all of it where there was nothing."""
    if was is None or now is None:
        return [_("All of it is new.")] if now is not None else []
    return [sentence(kind, was, now, one) for one in describe_changes(was, now)]


def sentence(kind: str, was: Body, now: Body, change: Change) -> str:
    """One change in words: what is new, what is gone, or what it was and what it is."""
    keys = keys_of_path(change.path)
    there = _walk(kind, was if change.now is None else now, keys)
    if there.ends_in_entry and change.was is None:
        return _("New: {what}.", what=there.words())
    if there.ends_in_entry and change.now is None:
        return _("Gone: {what}.", what=there.words())
    what = _capital(there.words())
    part = there.part_at(there.pointer)
    if _is_order(there.value, change):
        return _("{what}: in another order now, {now}.", what=what, now=", ".join(map(str, change.now)))
    before, after = (said(part, one) for one in (change.was, change.now))
    if change.was is None:
        return _("{what}: was not set, is {now}.", what=what, now=after)
    if change.now is None:
        return _("{what}: was {was}, is not set any more.", what=what, was=before)
    return _("{what}: was {was}, is {now}.", what=what, was=before, now=after)


def place(kind: str, body: Body, keys: Sequence[str | int]) -> str:
    """A place in words, from the inside out; a text is a property or an entry's key, a number an index."""
    return _capital(_walk(kind, body, keys).words())


def keys_of_path(path: str) -> list[str]:
    """The keys of a place as changes name it: `form.pages[main].title` gives form, pages, main, title."""
    return [inner or name for inner, name in _TOKEN.findall(path)]


def said(part: Part | None, value: Any) -> str:
    """A value in words, on one line."""
    if value is None:
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(part, OneWord) and isinstance(value, str):
        return "“" + words.word(value) + "”"
    if isinstance(part, Length) and isinstance(value, str):
        return "“" + words.duration(value) + "”"
    if isinstance(part, Picture) and isinstance(value, str):
        return "“" + value[:SHORT_HASH] + "…”"
    if isinstance(value, str):
        text = " ".join(value.split())
        return "“" + (text if len(text) <= LONGEST else text[:LONGEST] + "…") + "”"
    if isinstance(value, Mapping):
        if isinstance(part, Text):
            return said(None, pick(value))
        return ", ".join(f"{words.label(str(name))} {said(None, inner)}" for name, inner in value.items())[:LONGEST]
    if isinstance(value, list):
        return ", ".join(_named(one, index) for index, one in enumerate(value))[:LONGEST]
    return str(value)


@dataclass
class _There:
    """A place that was walked to: its entries from the outside in, and the properties below the last of them."""

    kind: str
    body: Body
    value: Any
    pointer: str = ""
    entries: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    ends_in_entry: bool = False

    def words(self) -> str:
        owner = ""
        for index, (holder, name) in enumerate(self.entries):
            if holder == "pages" and index + 1 < len(self.entries):
                continue
            one = _(ENTRIES[holder], name=name) if holder in ENTRIES else _(_ENTRY, name=name, list=words.label(holder))
            owner = _("{what} of {whose}", what=one, whose=owner) if owner else one
        if not self.names:
            return owner or _("The document")
        what = self._properties()
        return _("{what} of {whose}", what=what, whose=owner) if owner else what

    def _properties(self) -> str:
        names, spoken = self.names, ""
        above = self.pointer.rpartition("/")[0]
        if len(names) > 1 and isinstance(self.part_at(above), Text):
            names, spoken = names[:-1], language(names[-1])
        what = " › ".join(words.label(name, ".".join(names[: index + 1])) for index, name in enumerate(names))
        return _("{what} ({language})", what=what, language=spoken) if spoken else what

    def part_at(self, at: str) -> Part | None:
        """What the language says of a place; nothing where it knows no such place."""
        try:
            return part_at(self.kind, self.body, at).chosen(value_at(self.body, at))
        except Invalid:
            return None


def _walk(kind: str, body: Body, keys: Sequence[str | int]) -> _There:
    there, holder = _There(kind, body, body), ""
    for key in keys:
        there.ends_in_entry = isinstance(there.value, list)
        if isinstance(there.value, list):
            index = key if isinstance(key, int) else _index(there.value, key)
            entry = there.value[index] if 0 <= index < len(there.value) else None
            name = words.entry(entry, index) if entry is not None else str(key)
            there.entries.append((holder, name))
            there.names, there.value = [], entry
            there.pointer += pointer(max(index, 0))
        else:
            there.value = there.value.get(key) if isinstance(there.value, Mapping) else None
            holder = str(key)
            there.names.append(holder)
            there.pointer += pointer(key)
    return there


def _index(entries: Sequence[Any], key: str) -> int:
    keys = [one.get("key") if isinstance(one, Mapping) else None for one in entries]
    return keys.index(key) if key in keys else -1


def _is_order(value: Any, change: Change) -> bool:
    """Whether the entries are the same and only stand in another order: changes name their keys then."""
    both = (change.was, change.now)
    is_list = isinstance(value, list) and any(isinstance(one, Mapping) for one in value)
    return is_list and all(isinstance(one, list) and all(isinstance(key, str) for key in one) for one in both)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _named(value: Any, index: int) -> str:
    return words.entry(value, index) if isinstance(value, (Mapping, str)) else said(None, value)
