"""`person: ana@example.com`: somebody by address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from servicehall.approval_rules.view import View, candidate
from servicehall.domain.voices import Candidate


def resolve(params: Any, view: View) -> Sequence[Candidate]:
    found = view.person(str(params))
    return () if found is None else (candidate(view, found, {"code": "person", "params": {"person": str(params)}}),)
