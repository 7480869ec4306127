"""`manager: {of: requested_for, level: 1}`: the manager so many levels up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from servicehall.approval_rules.view import View, candidate
from servicehall.domain.voices import Candidate


def resolve(params: Any, view: View) -> Sequence[Candidate]:
    of, level = params.get("of", "requester"), int(params.get("level", 1))
    subject = view.subject(of)
    line = view.line(subject) if subject else ()
    if len(line) < level:
        return ()
    why = {"code": "manager", "params": {"of": of, "level": level}}
    return (candidate(view, line[level - 1].id, why, climbs=True),)
