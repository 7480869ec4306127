"""`group: it-security`: a group, one voice or one for each member."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from servicehall.approval_rules.view import View
from servicehall.domain.voices import Candidate, GroupCandidate


def resolve(params: Any, view: View) -> Sequence[Candidate]:
    found = view.group(str(params))
    if found is None:
        return ()
    return (GroupCandidate(found.id, found.people, {"code": "group", "params": {"group": found.key}}),)
