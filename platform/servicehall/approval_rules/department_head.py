"""`department_head: {of: requested_for}`: the head of somebody's department."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from servicehall.approval_rules.view import View, candidate
from servicehall.domain.voices import Candidate


def resolve(params: Any, view: View) -> Sequence[Candidate]:
    of = params.get("of", "requester")
    subject = view.subject(of)
    head = view.department_head(subject) if subject else None
    if head is None:
        return ()
    return (candidate(view, head, {"code": "department_head", "params": {"of": of}}),)
