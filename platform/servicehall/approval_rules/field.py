"""`field: cost_centre_owner`: the person or the group that an answer names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from servicehall.approval_rules.view import View, candidate
from servicehall.domain.voices import Candidate, GroupCandidate


def resolve(params: Any, view: View) -> Sequence[Candidate]:
    kind, value = view.answer(str(params))
    why = {"code": "field", "params": {"field": str(params)}}
    if not value:
        return ()
    if kind == "group":
        found = view.group(str(value))
        return () if found is None else (GroupCandidate(found.id, found.people, why),)
    person = view.person(str(value))
    return () if person is None else (candidate(view, person, why),)
