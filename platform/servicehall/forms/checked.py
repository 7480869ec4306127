"""What a set of answers comes to, once checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.errors import Problem
from servicehall.forms.reading import State


@dataclass(frozen=True)
class Checked:
    """What a set of answers comes to.

    `answers` are canonical, computed ones included, without what is invisible or refused; `visible` are field keys
    in the form's order, `pages` the keys of visible pages; `states` knows rows too, by path (`items[2].quantity`).
    """

    answers: dict[str, Any]
    visible: tuple[str, ...]
    required: frozenset[str]
    read_only: frozenset[str]
    pages: tuple[str, ...]
    errors: tuple[Problem, ...]
    states: Mapping[str, State]
