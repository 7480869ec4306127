"""Removing what rules use: the page names them, and asks before it does so all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servicehall.documents.patching import value_at
from servicehall.documents.removals import still_used
from servicehall.documents.rule_uses import Use
from servicehall.errors import Invalid, Problem
from servicehall.texts import _, pick
from servicehall.web.studio import words

SURE = "sure"


class InUse(Invalid):
    """Asks before what rules use is removed; `again` is the form that removes it all the same."""

    def __init__(self, body: Mapping[str, Any], uses: Sequence[Use]) -> None:
        super().__init__(
            _("Rules use what you remove."), [Problem(one.path, "in_use", told(body, one)) for one in uses]
        )
        self.again: Sequence[tuple[str, str]] = ()


def told(body: Mapping[str, Any], use: Use) -> str:
    """A place that names a field, as people call it: of what, which property, and the rule."""
    keys, owner = use.pointer.split("/"), ""
    for end in range(len(keys), 1, -1):
        held = value_at(body, "/".join(keys[:end]))
        if isinstance(held, Mapping) and (held.get("label") or held.get("title")):
            owner = pick(held.get("label") or held.get("title"))
            break
    name = next((key for key in reversed(keys) if not key.isdecimal()), "")
    return _("{owner}, {property}: {rule}", owner=owner, property=words.label(name), rule=use.text)


def refuse_used(body: Mapping[str, Any], places: Sequence[str]) -> None:
    """InUse where something elsewhere names what stands at these places."""
    found = still_used(body, places)
    if found:
        raise InUse(body, found)
