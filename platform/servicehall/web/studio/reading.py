"""What a person changed on a page of the studio, as JSON Patch over the body that the page was made from.

Controls are named `v:<pointer>`, texts `v:<pointer>/<language>`; a button `do` is `<act>:<pointer>[:<more>]`. What is
more than a value, such as a key that others name, has a control of its own: `c:<name>:<pointer>`.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from servicehall.documents.kinds.approval_chain import APPROVER_RULES, ApproverRule
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import ANYTHING, Anything, Block, ListOf, MapOf, OneOf, Part
from servicehall.documents.patching import Operation, keys_of, patched, pointer, value_at
from servicehall.documents.words import FieldKey, Flag, OneWord, Text, Whole
from servicehall.errors import Invalid, Problem
from servicehall.texts import N_, _, current_locale
from servicehall.web.studio.parts import first, meant, plain, properties_of, shown
from servicehall.web.studio.removing import SURE, InUse, refuse_used

Sent = Mapping[str, Sequence[str]]
"""A form as it was sent: the values of each control."""
PREFIX = "v:"
OWN = "c:"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?\Z")


def part_at(kind: str, body: Mapping[str, Any], at: str) -> Part:
    """The part of the language that describes a place, though nothing may stand there; Invalid where none does."""
    part: Part = KINDS[kind].part
    value: Any = body
    for key in keys_of(at):
        part = _inner(part.chosen(value), key, value)
        value = value_at(value, pointer(key))
    return part


def _inner(part: Part, key: str, value: Any) -> Part:
    part = first(part)
    if isinstance(part, ApproverRule) and key in APPROVER_RULES:
        return APPROVER_RULES[key]
    if isinstance(part, Block) and key in (known := properties_of(part)):
        return known[key]
    if isinstance(part, (ListOf, MapOf)):
        return part.item
    if isinstance(part, (Anything, Text)) or type(part) is Part or (isinstance(value, Mapping) and key in value):
        return ANYTHING
    raise Invalid(_("There is no such place in this document."), [Problem(key, "unknown", _("no such property"))])


def operations(kind: str, body: Mapping[str, Any], sent: Sent) -> list[Operation]:
    """The patch that a sent form means: every value that differs, then its own controls, then what its button does."""
    found: list[Operation] = []
    texts: dict[str, dict[str, str]] = {}
    for name, values in sent.items():
        if not name.startswith(PREFIX):
            continue
        at = name.removeprefix(PREFIX)
        parent = at.rpartition("/")[0]
        if parent and isinstance(part_at(kind, body, parent), Text):
            texts.setdefault(parent, {})[keys_of(at)[-1]] = values[-1]
        else:
            part = part_at(kind, body, at)
            was = value_at(body, at)
            found += _change(at, was, read(part, values, was))
    for at, said in reversed(texts.items()):  # from the end: taking an entry away moves those behind it
        was = value_at(body, at)
        found += _change(at, was, _text(was, said))
    for name, values in sent.items():
        if name.startswith(OWN):
            found += _own(kind, _after(body, found), name.removeprefix(OWN), values)
    for act in sent.get("do", ()):
        found += act_of(kind, _after(body, found), act, sent)
    return found


def _own(kind: str, body: Mapping[str, Any], name: str, values: Sequence[str]) -> list[Operation]:
    control, _colon, at = name.partition(":")
    if control not in CONTROLS:
        raise Invalid(_("This cannot be done here."), [Problem(name[:40], "unknown", control[:40])])
    return list(CONTROLS[control](kind, body, at, values))


def _after(body: Mapping[str, Any], found: Sequence[Operation]) -> Mapping[str, Any]:
    return patched(body, found) if found else body


def read(part: Part, values: Sequence[str], was: Any) -> Any:
    """A control's value as the document holds it; None where it is to be absent. What nobody touched stays as it is."""
    here, text = meant(part, was), plain(values[-1])
    if isinstance(here, Flag):
        said = text == "true"
        return was if said == bool(was) else said
    if text == plain(shown(here, was)):
        return was
    if isinstance(here, ListOf):
        return _words(text, was)
    if not text:
        return None
    if isinstance(here, Whole):
        return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text
    if isinstance(here, Anything) or type(here) is Part:
        return _guessed(text, was)
    return text


def _words(text: str, was: Any) -> list[str] | None:
    """Words one a line, or on one line by commas where none of them held a comma so far."""
    between = r"\n" if any(re.search("[,;，；、]", str(one)) for one in was or ()) else r"[\n,;，；、]"
    return [one.strip() for one in re.split(between, text) if one.strip()] or None


def _guessed(text: str, was: Any) -> Any:
    """A value whose type only its neighbours know: a number stays a number, a text stays a text."""
    if isinstance(was, str):
        return text
    if isinstance(was, (Mapping, list)):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            message = _("This cannot be read: {why}", why=str(error)[:200])
            raise Invalid(_("The change cannot be made."), [Problem("", "invalid", message)]) from error
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.match(text):
        return float(text) if "." in text else int(text)
    return text


def _text(was: Any, said: Mapping[str, str]) -> Any:
    before = dict(was) if isinstance(was, Mapping) else {"en": was} if isinstance(was, str) else {}
    now = dict(before)
    for locale, text in said.items():
        if plain(text) != plain(str(before.get(locale, ""))):
            now[locale] = plain(text)
    if now == before:
        return was
    kept = {locale: text for locale, text in now.items() if text}
    if isinstance(was, str) and set(kept) <= {"en"}:
        return kept.get("en")
    return kept or None


def _change(at: str, was: Any, now: Any) -> Iterator[Operation]:
    if now is was:
        return
    if now is None:
        yield {"op": "remove", "path": at}
    elif was != now or type(was) is not type(now):
        yield {"op": "add" if was is None else "replace", "path": at, "value": now}


def act_of(kind: str, body: Mapping[str, Any], act: str, sent: Sent) -> list[Operation]:
    """What a button does; Invalid where it is none that is known."""
    name, _colon, rest = act.partition(":")
    at, _colon, more = rest.partition(":")
    if name not in ACTS:
        raise Invalid(_("This cannot be done here."), [Problem("do", "unknown", name[:40])])
    said = more or "".join([*sent.get(f"n:{at}", ()), *sent.get(f"to:{at}", ())][-1:])
    try:
        return ACTS[name](kind, body, at, said, sent)
    except InUse as asked:
        kept = [(key, value) for key in ("pick", "form", "used") for value in sent.get(key, ())]
        asked.again = [("do", f"{name}:{at}:{SURE}"), *kept]
        raise


def _add(kind: str, body: Mapping[str, Any], at: str, more: str, sent: Sent) -> list[Operation]:
    """A new entry of a list or map, or a block that was absent; `more` is the entry's name in a map, or its shape."""
    part, was = part_at(kind, body, at), value_at(body, at)
    here = meant(part, was)
    if isinstance(here, ListOf):
        shape = _shape_of(here.item, more)
        entry = blank(shape, was if isinstance(was, list) else ())
        if isinstance(was, list):
            return [{"op": "add", "path": f"{at}/{len(was)}", "value": entry}]
        return [{"op": "add", "path": at, "value": [entry]}]
    if isinstance(here, MapOf):
        if not more:
            raise Invalid(_("Say what to add."), [Problem(at, "required", _("Say what to add."))])
        entry = blank(here.item, ())
        if isinstance(was, Mapping):
            return [{"op": "add", "path": at + pointer(more), "value": entry}]
        return [{"op": "add", "path": at, "value": {more: entry}}]
    return [{"op": "add", "path": at, "value": blank(here, ())}] if was is None else []


def _shape_of(part: Part, more: str) -> Part:
    while isinstance(part, OneOf):
        index = int(more) if more.isdecimal() and int(more) < len(part.shapes) else 0
        part, more = part.shapes[index], ""
    return part


def _remove(kind: str, body: Mapping[str, Any], at: str, more: str, sent: Sent) -> list[Operation]:
    """Takes a place away; fields and options that rules use only where one is `sure`."""
    if more != SURE:
        refuse_used(body, [at])
    return [{"op": "remove", "path": at}] if value_at(body, at) is not None else []


def _move(kind: str, body: Mapping[str, Any], at: str, more: str, sent: Sent) -> list[Operation]:
    """To another place in its list: `up`, `down`, or an index."""
    keys = keys_of(at)
    held, index = value_at(body, pointer(*keys[:-1])), int(keys[-1]) if keys[-1:] and keys[-1].isdecimal() else -1
    if not isinstance(held, list) or not 0 <= index < len(held):
        return []
    to = {"up": index - 1, "down": index + 1}.get(more, int(more) if more.isdecimal() else index)
    to = max(0, min(to, len(held) - 1))
    return [{"op": "move", "from": at, "path": pointer(*keys[:-1], to)}] if to != index else []


def _copy(kind: str, body: Mapping[str, Any], at: str, more: str, sent: Sent) -> list[Operation]:
    """The same entry once more behind it, under a key of its own."""
    keys = keys_of(at)
    held, entry = value_at(body, pointer(*keys[:-1])), copy.deepcopy(value_at(body, at))
    if not isinstance(held, list) or entry is None:
        return []
    if isinstance(entry, dict) and isinstance(entry.get("key"), str):
        entry["key"] = fresh_key(entry["key"], held, joint=_joint(part_at(kind, body, at + "/key")))
    return [{"op": "add", "path": pointer(*keys[:-1], int(keys[-1]) + 1), "value": entry}]


def _shape(kind: str, body: Mapping[str, Any], at: str, more: str, sent: Sent) -> list[Operation]:
    """Another of the forms that a place can take; what stood there gives way."""
    part, was = part_at(kind, body, at), value_at(body, at)
    if isinstance(part, ApproverRule):
        if more not in APPROVER_RULES:
            return []
        return [{"op": "replace", "path": at, "value": {more: blank(APPROVER_RULES[more], ())}}]
    if not isinstance(part, OneOf):
        return []
    return [{"op": "add" if was is None else "replace", "path": at, "value": blank(_shape_of(part, more), ())}]


def selected(operations: Sequence[Operation], before: str) -> str:
    """What is selected after a patch: what was put in, moved or copied; else what was."""
    for one in operations:
        if one["op"] == "move":
            return str(one["path"])
        if one["op"] == "add" and isinstance(one.get("value"), dict) and "key" in one["value"]:
            return str(one["path"])
        if one["op"] == "remove" and one["path"] == before and re.search(r"/(fields|columns)/[0-9]+\Z", before):
            return before
        if one["op"] == "remove" and (before + "/").startswith(one["path"] + "/"):
            return str(one["path"]).rpartition("/")[0]
    return before


Acts = dict[str, Callable[[str, Mapping[str, Any], str, str, Sent], list[Operation]]]
Controls = dict[str, Callable[[str, Mapping[str, Any], str, Sequence[str]], list[Operation]]]
ACTS: Acts = {"add": _add, "remove": _remove, "move": _move, "copy": _copy, "shape": _shape}
"""What a button does, by name: (kind, body, pointer, what the button says more, the whole form). Tabs add theirs in
`tabs.py`."""
CONTROLS: Controls = {}
"""What a control of a tab's own means: (kind, body, pointer, the values sent)."""
NEW = N_("Untitled")


def blank(part: Part, beside: Sequence[Any]) -> Any:
    """What a new one begins as: all that is required, keys of its own, and nothing else."""
    part = first(part)
    if isinstance(part, ApproverRule):
        return {"manager": {"of": "requested_for"}}
    if isinstance(part, Block):
        return _blank_block(part, beside)
    if isinstance(part, ListOf):
        return [blank(part.item, ()) for _n in range(part.least)]
    if isinstance(part, MapOf):
        return {}
    if isinstance(part, Flag):
        return True
    if isinstance(part, Whole):
        return part.least
    if isinstance(part, OneWord):
        return part.words[0]
    return {current_locale(): _(NEW)} if isinstance(part, Text) else ""


def _blank_block(part: Block, beside: Sequence[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, inner in properties_of(part).items():
        if name == "key":
            made[name] = fresh_key("new", beside, joint=_joint(inner))
        elif inner.required or (name in ("title", "label") and "key" in made):
            made[name] = blank(inner, ())
    return made


def _joint(part: Part) -> str:
    return "_" if isinstance(part, FieldKey) else "-"


def fresh_key(wish: str, beside: Sequence[Any], *, joint: str = "") -> str:
    """A key like the wish that none beside it has: `new`, `new-2` (`a_b_2` where keys are snake_case)."""
    taken = [one.get("key") for one in beside if isinstance(one, Mapping)]
    joint = joint or ("_" if "_" in wish else "-")
    base = re.sub(r"[-_][0-9]+\Z", "", wish)
    number = 2
    while wish in taken:
        wish, number = f"{base}{joint}{number}", number + 1
    return wish
