"""`manager_until: {of: requester, limit: total}`: up the line until somebody's approval limit covers the value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from servicehall.approval_rules.view import Amount, Manager, View, candidate
from servicehall.domain.voices import Candidate, Uncovered


def resolve(params: Any, view: View) -> Sequence[Candidate]:
    """All on the way are asked; where nobody covers it, or who does may not be asked, the fallback decides instead."""
    of = params.get("of", "requester")
    subject, amount = view.subject(of), view.amount(params["limit"])
    why = {"code": "manager_until", "params": {"of": of, "limit": params["limit"]}}
    if subject is None or amount is None:
        return (Uncovered(why),)
    asked = []
    for manager in (one for one in view.line(subject) if one.active):
        covers = _covers(manager, amount)
        asked.append(replace(candidate(view, manager.id, why, climbs=True), covers=covers))
        if covers:
            return tuple(asked)
    return (Uncovered(why),)


def _covers(manager: Manager, amount: Amount) -> bool:
    """An empty limit is 0; a limit in another currency does not cover."""
    if not manager.limit:
        return amount.value <= 0
    return manager.currency == amount.currency and manager.limit >= amount.value
