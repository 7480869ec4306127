"""A field by another type or key: what the new type does not have is dropped, and said before."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC
from typing import Any

from servicehall.documents.form_edits import fresh, in_all_languages
from servicehall.documents.form_places import taken
from servicehall.documents.patching import Operation, value_at
from servicehall.documents.rule_uses import rename
from servicehall.domain.conditions import RESERVED
from servicehall.errors import Invalid, Problem
from servicehall.forms.draft import KEY, MAX_KEY, Draft
from servicehall.forms.fields import FIELD_TYPES
from servicehall.forms.fields.base import Field
from servicehall.forms.fields.options import Choosing
from servicehall.forms.reading import Refused
from servicehall.texts import _

Body = Mapping[str, Any]
OF_THE_TYPE = ("default", "min", "max", "step")
"""Properties that are answers of the type themselves."""
LONGEST_PROPOSAL = 40


def compatible(kind: str) -> list[str]:
    """The types that a field of this one may become."""
    if kind not in FIELD_TYPES or not FIELD_TYPES[kind].family:
        return []
    family = FIELD_TYPES[kind].family
    return [name for name in FIELD_TYPES if name != kind and FIELD_TYPES[name].family == family]


def retyped(value: Mapping[str, Any], kind: str) -> tuple[dict[str, Any], list[str]]:
    """The field as one of another type, and the names of the properties that are dropped."""
    if kind not in compatible(str(value.get("type"))):
        raise Invalid(_("A field of this type cannot become one of that."), [Problem("type", "invalid", kind[:80])])
    known = FIELD_TYPES[kind].properties()
    made: dict[str, Any] = {"key": value.get("key"), "type": kind}
    dropped = []
    for name, held in value.items():
        kept = _converted(kind, name, held) if name in known else None
        if name in ("key", "type"):
            continue
        if kept is None:
            dropped.append(name)
        else:
            made[name] = kept
    return made, dropped


def retype(body: Body, at: str, kind: str) -> list[Operation]:
    """The patch that makes a field one of another type."""
    value = value_at(body, at)
    made, dropped = retyped(value, kind)
    changed = [name for name in made if name not in value or value[name] != made[name]]
    return [
        *({"op": "replace", "path": f"{at}/{name}", "value": made[name]} for name in changed),
        *({"op": "remove", "path": f"{at}/{name}"} for name in dropped),
    ]


def _converted(kind: str, name: str, held: Any) -> Any:
    """A property's value under another type; None where it has none there."""
    rule = FIELD_TYPES[kind].properties()[name]
    if name not in OF_THE_TYPE or isinstance(held, Mapping):
        return held if rule(held) is None else None
    if rule(held) is not None:
        return None
    field = FIELD_TYPES[kind]
    if issubclass(field, Choosing):
        return _chosen(held, many=field.many)
    for given in (held, field_of(kind).parse([str(held)], UTC)):
        try:
            if given is not None:
                field_of(kind).canonical(given)
                return given
        except (Refused, ValueError, TypeError):
            continue
    return None


def _chosen(held: Any, *, many: bool) -> Any:
    """The option that is suggested, as a choice or as several; None where several cannot be one."""
    keys = held if isinstance(held, list) else [held]
    if many:
        return keys
    return keys[0] if len(keys) == 1 else None


def field_of(kind: str) -> Field:
    """A bare field of a type, to read its values with."""
    return FIELD_TYPES[kind]({"key": "value", "type": kind, **FIELD_TYPES[kind].begins}, Draft("", "CNY"))


def latin_words(text: str, joint: str) -> str:
    """A short key made of a text's Latin words; empty where it has none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", joint, plain).strip(joint).lstrip(f"0123456789{joint}")
    return words[:LONGEST_PROPOSAL].strip(joint)


def proposed_key(label: str, keys: Collection[str]) -> str:
    """The key that a label suggests, free among those; empty where the label has no Latin letter."""
    key = latin_words(label, "_")
    return fresh(f"{key}_value" if key in RESERVED else key, keys) if key else ""


def is_unnamed(value: Mapping[str, Any]) -> bool:
    """Whether a field still has the key that it began with."""
    kind, key = value.get("type"), value.get("key")
    return (
        isinstance(kind, str)
        and isinstance(key, str)
        and re.fullmatch(rf"{re.escape(kind)}(_[0-9]+)?", key) is not None
    )


def name_by_label(body: Body, form: str, at: str, *, used: Collection[str] = ()) -> list[Operation]:
    """A new field's key from its English label, once somebody has written one."""
    value = value_at(body, at)
    if not isinstance(value, Mapping) or not is_unnamed(value):
        return []
    label = value.get("label")
    said = label.get("en", "") if isinstance(label, Mapping) else label
    begun = in_all_languages(FIELD_TYPES[value["type"]].title)["en"] if value["type"] in FIELD_TYPES else ""
    if not isinstance(said, str) or said == begun:
        return []
    keys = (taken(body, form, at.rpartition("/")[0]) | set(used)) - {value["key"]}
    key = proposed_key(said, keys)
    return [{"op": "replace", "path": f"{at}/key", "value": key}] if key and key != value["key"] else []


def new_key(body: Body, form: str, at: str, key: str, *, along: bool, used: Collection[str] = ()) -> list[Operation]:
    """A field under a key that somebody chose; Invalid where it cannot be one, or is another field's."""
    value = value_at(body, at)
    if not isinstance(value, Mapping) or key == value.get("key"):
        return []
    if not KEY.fullmatch(key) or len(key) > MAX_KEY:
        raise _wrong(_("A key is written in snake_case: small letters, digits and underscores."))
    if key in RESERVED:
        raise _wrong(_("{key} is a reserved word.", key=key))
    if key in taken(body, form, at.rpartition("/")[0]) | set(used):
        raise _wrong(_("The key {key} is there twice.", key=key))
    return rename(body, form, at, key, along=along)


def _wrong(message: str) -> Invalid:
    return Invalid(message, [Problem("key", "invalid", message)])
