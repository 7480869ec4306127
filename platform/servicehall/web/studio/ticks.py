"""Lists that are ticked: a list of words as one box for each that is known, in the order in which they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servicehall.documents.patching import Operation, value_at
from servicehall.web.studio.nodes import Node
from servicehall.web.studio.reading import Controls
from servicehall.web.studio.surroundings import Choices

Boxes = Sequence[tuple[str, str, bool]]
"""What a box stands for, its label, and whether it is ticked."""


def boxes(node: Node, known: Choices) -> Boxes:
    """The boxes of a list: all that is known, and what is named though nothing knows it."""
    named = [str(one) for one in node.value] if isinstance(node.value, list) else []
    strange = [(one, one) for one in named if one not in dict(known)]
    return [(key, label, key in named) for key, label in [*known, *strange]]


def _ticked(kind: str, body: Mapping[str, Any], at: str, values: Sequence[str]) -> list[Operation]:
    """The list as it is ticked now; what stood there keeps its order, an empty one goes."""
    was = value_at(body, at)
    before = [str(one) for one in was] if isinstance(was, list) else []
    said = [one for one in values if one]
    if set(said) == set(before):
        return []
    now = [*(one for one in before if one in said), *(one for one in said if one not in before)]
    if now:
        return [{"op": "add" if was is None else "replace", "path": at, "value": now}]
    return [{"op": "remove", "path": at}]


CONTROLS: Controls = {"ticks": _ticked}
