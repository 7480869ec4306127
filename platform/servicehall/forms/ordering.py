"""The order in which fields are evaluated: what a field depends on comes first."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from servicehall.forms.fields.base import Field


class Cycle(Exception):
    """Fields that wait for each other, the first one again at the end."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        super().__init__(" → ".join(keys))


def in_order(fields: Iterable[Field]) -> tuple[Field, ...]:
    """The fields, each after those it depends on; those that are free keep the form's order. Raises Cycle."""
    by_key = {field.key: field for field in fields}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for key, field in by_key.items():
        needed = field.dependencies()
        sorter.add(key, *(one for one in by_key if one in needed))
    try:
        return tuple(by_key[key] for key in sorter.static_order())
    except CycleError as error:
        raise Cycle(list(reversed(error.args[1]))) from None
