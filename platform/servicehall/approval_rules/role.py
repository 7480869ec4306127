"""`role: Finance Controller`: everybody with a business role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from servicehall.approval_rules.view import View, candidate
from servicehall.domain.voices import Candidate


def resolve(params: Any, view: View) -> Sequence[Candidate]:
    why = {"code": "role", "params": {"role": str(params)}}
    return tuple(candidate(view, person, why) for person in view.with_role(str(params)))
