"""The designer's own controls: what they say of a field's property, as its type writes it (reading.CONTROLS)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from servicehall.documents.field_changes import OF_THE_TYPE, field_of
from servicehall.documents.patching import Operation, value_at
from servicehall.forms import draft as rules
from servicehall.forms.fields import FIELD_TYPES
from servicehall.web.studio.reading import Controls

Body = Mapping[str, Any]


def _condition(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """`=true`, `=false`, nothing, or `=rule` with the rule behind it; a rule not written yet changes nothing."""
    was, said, text = value_at(body, at), values[0], values[-1].strip()
    if said == "=rule":
        return _changed(at, was, text if len(values) > 1 and text else was)
    return _changed(at, was, {"=true": True, "=false": False}.get(said))


def _property(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """A default, a limit or a setting, read as the field's type reads its answers."""
    place, _slash, name = at.rpartition("/")
    field, was = value_at(body, place), value_at(body, at)
    type_ = field.get("type") if isinstance(field, Mapping) else None
    if not isinstance(type_, str) or type_ not in FIELD_TYPES:
        return []
    rule, text = FIELD_TYPES[type_].properties().get(name), values[-1].replace("\r\n", "\n").strip()
    if rule is rules.count:
        return _changed(at, was, int(text) if re.fullmatch("[0-9]{1,7}", text) else text or None)
    if name in OF_THE_TYPE:
        said = [one for one in values if one.strip()]
        return _changed(at, was, field_of(type_).parse(said, UTC) if said else None)
    return _changed(at, was, text or None)


def _worked_out(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """A default that an expression works out; without one there is none."""
    text = values[-1].strip()
    return _changed(at, value_at(body, at), {"value": text} if text else None)


def _several(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """Boxes that are ticked, as a list in their order; what the boxes do not know stays."""
    was = value_at(body, at)
    ticked = [one for one in values if one]
    kept = [one for one in was if one in ticked] if isinstance(was, list) else []
    return _changed(at, was, [*kept, *(one for one in ticked if one not in kept)] or None)


def _stages(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """`all` stages, `none`, or `some`: those ticked."""
    said = {"all": None, "none": []}.get(values[0], [one for one in values[1:] if one])
    return _changed(at, value_at(body, at), said)


def _changed(at: str, was: Any, now: Any) -> list[Operation]:
    if now is None:
        return [{"op": "remove", "path": at}] if was is not None else []
    if was == now and type(was) is type(now):
        return []
    return [{"op": "add" if was is None else "replace", "path": at, "value": now}]


CONTROLS: Controls = {
    "field-rule": _condition,
    "property": _property,
    "default-rule": _worked_out,
    "ticked": _several,
    "reopens": _stages,
}
