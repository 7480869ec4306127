"""Deputies: who stands in for whom at a moment, followed from deputy to deputy, without cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Delegation:
    """A person's deputy from `start` until before `end` (instants), for some departments, or for all (None)."""

    person: str
    deputy: str
    start: datetime
    end: datetime
    departments: frozenset[str] | None = None

    def covers(self, at: datetime, department: str) -> bool:
        return self.start <= at < self.end and (self.departments is None or department in self.departments)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an approval: `path` leads from the person to whoever stands in, both included."""

    person: str
    path: tuple[str, ...]


def active_deputies(delegations: Iterable[Delegation], at: datetime, department: str) -> dict[str, str]:
    """Person → deputy at that moment for that department: a delegation that names it beats one for all, and of two
    alike the later in the list holds."""
    covering = [delegation for delegation in delegations if delegation.covers(at, department)]
    ranked = sorted(covering, key=lambda delegation: delegation.departments is not None)
    return {delegation.person: delegation.deputy for delegation in ranked}


def resolve_deputy(person: str, deputies: Mapping[str, str], may_decide: Callable[[str], bool]) -> Holder:
    """Who holds this person's approval: deputies of deputies are followed while each may decide here.

    A deputy who may not is passed over with all who stand behind, and the approval stays where it is; so it does
    where a cycle comes back.
    """
    path = [person]
    while (deputy := deputies.get(path[-1])) is not None and deputy not in path and may_decide(deputy):
        path.append(deputy)
    return Holder(path[-1], tuple(path))


def find_delegation_cycle(new: Delegation, existing: Iterable[Delegation]) -> tuple[str, ...] | None:
    """The people of a cycle that the new delegation would close, from and to its person; None where there is none.

    A cycle is one only where all its delegations hold at one moment for one department.
    """
    known = tuple(existing)
    return _search((new.person, new.deputy), new, known)


def _search(path: tuple[str, ...], overlap: Delegation, known: tuple[Delegation, ...]) -> tuple[str, ...] | None:
    if path[-1] == path[0]:
        return path
    for step in known:
        narrowed = _narrow(overlap, step) if step.person == path[-1] else None
        if narrowed is None or step.deputy in path[1:]:
            continue
        found = _search((*path, step.deputy), narrowed, known)
        if found:
            return found
    return None


def _narrow(overlap: Delegation, step: Delegation) -> Delegation | None:
    """The moments and departments in which both hold."""
    start, end = max(overlap.start, step.start), min(overlap.end, step.end)
    departments = _both(overlap.departments, step.departments)
    if start >= end or departments == frozenset():
        return None
    return Delegation(overlap.person, step.deputy, start, end, departments)


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
