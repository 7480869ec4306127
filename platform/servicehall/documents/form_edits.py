"""What a designer does to a form, each act as JSON Patch: put in, move, copy, remove, group, pages.

`form` is the pointer of a form (`/form`), and empty for a field set, whose form is the document itself. No act gives
two fields the same answer key; `used` are the keys that the form's field sets bring.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from servicehall.documents.form_places import (
    after_insertion,
    after_removal,
    entries_in,
    in_order,
    lists,
    no_place,
    split,
    taken,
)
from servicehall.documents.patching import Operation, patched, value_at
from servicehall.documents.rule_uses import with_new_names
from servicehall.errors import Invalid, Problem
from servicehall.forms.fields import FIELD_TYPES
from servicehall.texts import LOCALES, N_, _, use_locale

Body = Mapping[str, Any]
NEW_PAGE = N_("New page")
NEW_SECTION = N_("New section")
MOST_AT_ONCE = 500


def fresh(wish: str, keys: Collection[str]) -> str:
    """A key like the wish that is not taken: `text`, `text_2`."""
    key, number = wish, 2
    while key in keys:
        key, number = f"{wish}_{number}", number + 1
    return key


def in_all_languages(message: str) -> dict[str, str]:
    """One of our own texts as a document holds it."""
    found = {}
    for locale in LOCALES:
        with use_locale(locale):
            found[locale] = _(message)
    return found


def new_field(kind: str) -> dict[str, Any]:
    """A field of a type as it begins: named by its type, with what the type cannot do without."""
    if kind not in FIELD_TYPES:
        raise _refused("unknown_type", _("There is no field type {name}.", name=kind[:80]))
    field = FIELD_TYPES[kind]
    begins: dict[str, Any] = copy.deepcopy(dict(field.begins))
    return {"key": kind, "type": kind, "label": in_all_languages(field.title), **begins}


def insert(body: Body, form: str, at: str, values: Sequence[Any], *, used: Collection[str] = ()) -> list[Operation]:
    """Puts fields in at a place (`/form/pages/0/fields/2`), under keys that are free there."""
    place, index = split(at)
    if place not in _known_lists(body, form):
        raise no_place(at)
    if not values or len(values) > MOST_AT_ONCE or not all(isinstance(one, Mapping) for one in values):
        raise _refused("type", _("There are no fields in this."))
    for one in values:
        _fits(one, place, form)
    held = value_at(body, place)
    index = min(index, len(held)) if isinstance(held, list) else 0
    keys = taken(body, form, place) | (set() if place.endswith("/columns") else set(used))
    named = _with_free_keys(values, keys)
    puts = [{"op": "add", "path": f"{place}/{index + n}", "value": value} for n, value in enumerate(named)]
    return [*_opening(body, form, place), *puts]


def move(body: Body, form: str, sources: Sequence[str], at: str, *, used: Collection[str] = ()) -> list[Operation]:
    """Moves fields to a place, in their order; a field that comes where its key is taken gets a free one."""
    place, _index = split(at)
    if place not in _known_lists(body, form):
        raise no_place(at)
    left, target = in_order([_field(body, form, one) for one in sources]), at
    done: list[Operation] = _opening(body, form, place)
    now = patched(body, done)
    while left:
        source, *left = left
        value = value_at(now, source)
        if target.startswith(source + "/"):
            raise no_place(at)
        _fits(value, place, form)
        target = after_removal(target, source)
        one = [*([{"op": "move", "from": source, "path": target}] if source != target else [])]
        without = patched(now, [{"op": "remove", "path": source}])
        keys = taken(without, form, split(target)[0]) | set(used if not place.endswith("/columns") else ())
        if value.get("key") in keys and split(source)[0] != split(target)[0]:
            one.append({"op": "replace", "path": f"{target}/key", "value": fresh(value["key"], keys)})
        now = patched(now, one)
        left = [after_insertion(after_removal(each, source), target) for each in left]
        done += one
        target = after_insertion(target, target)
    return done


def step(body: Body, form: str, at: str, by: int, *, used: Collection[str] = ()) -> list[Operation]:
    """One up or down in its list; at the end of a page, on to the next one."""
    source = _field(body, form, at)
    place, index = split(source)
    held = value_at(body, place)
    if 0 <= index + by < len(held):
        return [{"op": "move", "from": source, "path": f"{place}/{index + by}"}]
    around = lists(body, form)
    if place not in around or not 0 <= around.index(place) + by < len(around):
        return []
    there = around[around.index(place) + by]
    return move(body, form, [source], f"{there}/{len(value_at(body, there) or ()) if by < 0 else 0}", used=used)


def remove(body: Body, form: str, sources: Sequence[str]) -> list[Operation]:
    """Takes fields out."""
    found = in_order([_field(body, form, one) for one in sources])
    return [{"op": "remove", "path": one} for one in reversed(found)]


def values_of(body: Body, form: str, sources: Sequence[str]) -> list[Any]:
    """What is copied: the fields at these places, in their order."""
    return [copy.deepcopy(value_at(body, one)) for one in in_order([_field(body, form, one) for one in sources])]


def double(body: Body, form: str, sources: Sequence[str], *, used: Collection[str] = ()) -> list[Operation]:
    """The same fields once more behind the last of them, under keys of their own."""
    place, index = split(in_order(list(sources))[-1])
    return insert(body, form, f"{place}/{index + 1}", values_of(body, form, sources), used=used)


def group(body: Body, form: str, sources: Sequence[str], *, used: Collection[str] = ()) -> list[Operation]:
    """A section before the first of the fields, and the others behind it."""
    found = in_order([_field(body, form, one) for one in sources])
    first = found[0]
    section = {"key": "section", "type": "section", "label": in_all_languages(NEW_SECTION)}
    done = insert(body, form, first, [section], used=used)
    shifted = [after_insertion(one, first) for one in found]
    place, index = split(shifted[0])
    return [*done, *move(patched(body, done), form, shifted[1:], f"{place}/{index + 1}", used=used)]


def put_set_in_place(body: Body, form: str, sources: Sequence[str], reference: str) -> list[Operation]:
    """`{use: …}` in the place of the fields, where the first of them stood."""
    first, *others = in_order([_field(body, form, one) for one in sources])
    _fits({"use": reference}, split(first)[0], form)
    gone: list[Operation] = [{"op": "remove", "path": one} for one in reversed(others)]
    return [*gone, {"op": "replace", "path": first, "value": {"use": reference}}]


def add_page(body: Body, form: str, index: int) -> list[Operation]:
    """A new page; the fields of a form that had none become the first page's."""
    if not form:
        raise no_place("/pages")
    held, beside = value_at(body, f"{form}/pages"), value_at(body, f"{form}/fields")
    keys = {str(one.get("key")) for one in held if isinstance(one, Mapping)} if isinstance(held, list) else set()
    page = {"key": fresh("page", keys), "title": in_all_languages(NEW_PAGE), "fields": []}
    if isinstance(held, list):
        return [{"op": "add", "path": f"{form}/pages/{min(index, len(held))}", "value": page}]
    begun = [] if isinstance(value_at(body, form), Mapping) else [{"op": "add", "path": form, "value": {}}]
    if not isinstance(beside, list):
        return [*begun, {"op": "add", "path": f"{form}/pages", "value": [page]}]
    first = {"key": "main", "title": in_all_languages(NEW_PAGE), "fields": []}
    return [
        {"op": "add", "path": f"{form}/pages", "value": [first, page]},
        {"op": "move", "from": f"{form}/fields", "path": f"{form}/pages/0/fields"},
    ]


def _known_lists(body: Body, form: str) -> set[str]:
    outer = lists(body, form)
    tables = [f"{one.pointer}/columns" for place in outer for one in entries_in(body, place)]
    return {*outer, *(one for one in tables if isinstance(value_at(body, one), list))}


def _opening(body: Body, form: str, place: str) -> list[Operation]:
    """What must be there before a list can take a field."""
    done: list[Operation] = []
    if isinstance(value_at(body, place), list):
        return done
    if form and not isinstance(value_at(body, form), Mapping):
        done.append({"op": "add", "path": form, "value": {}})
    return [*done, {"op": "add", "path": place, "value": []}]


def _field(body: Body, form: str, at: str) -> str:
    """The pointer itself, where a field of the form stands there."""
    place, _index = split(at)
    if place not in _known_lists(body, form) or not isinstance(value_at(body, at), Mapping):
        raise no_place(at)
    return at


def _fits(value: Mapping[str, Any], place: str, form: str) -> None:
    """Invalid where this cannot stand in the list: what no row can hold, or a set within a set."""
    kind = value.get("type")
    if place.endswith("/columns"):
        if "use" in value and "key" not in value:
            raise _refused("nested_use", _("A table's columns are fields; a field set stands beside it."))
        if isinstance(kind, str) and kind in FIELD_TYPES and not FIELD_TYPES[kind].in_rows:
            raise _refused("unknown_type", _("A column cannot be of type {name}.", name=_(FIELD_TYPES[kind].title)))
    elif not form and "use" in value and "key" not in value:
        raise _refused("nested_use", _("A field set holds fields only."))


def _with_free_keys(values: Sequence[Mapping[str, Any]], keys: set[str]) -> list[Any]:
    """The fields under keys that are free; their rules among each other follow."""
    keys, names, made = set(keys), {}, []
    for value in values:
        one: dict[str, Any] = copy.deepcopy(dict(value))
        key = one.get("key")
        if isinstance(key, str) and key:
            one["key"] = names[key] = fresh(key, keys)
            keys.add(one["key"])
        made.append(one)
    return with_new_names(made, {old: new for old, new in names.items() if old != new})


def _refused(code: str, message: str) -> Invalid:
    return Invalid(message, [Problem("", code, message)])
