"""Documents that new ones may begin with: shipped as YAML beside this, with `own` and `other` for departments."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.pack import read_pack
from servicehall.documents.parts import rewrite
from servicehall.documents.words import DepartmentKey

FOLDER = Path(__file__).with_name("starter_files")
OWN, OTHER = "own", "other"


@cache
def starters() -> Mapping[str, Mapping[str, Any]]:
    """The bodies by their keys."""
    return {one.key: one.body for one in read_pack(FOLDER).documents}


def begin_with(key: str, *, department: str, other: str) -> dict[str, Any] | None:
    """A starter for a department, with the one that does its part beside it; None where there is none of that key."""
    found = starters().get(key)
    if found is None:
        return None
    meant = {OWN: department, OTHER: other}

    def put(part: Any, value: Any) -> Any:
        return meant.get(value, value) if isinstance(part, DepartmentKey) else value

    body: dict[str, Any] = rewrite(KINDS[str(found["kind"])].part, copy.deepcopy(dict(found)), put)
    return body
