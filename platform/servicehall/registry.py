"""Families of interchangeable members (field types, approver rules, …), each registered by one explicit line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

Member = TypeVar("Member")


class Registry(Generic[Member]):
    """An ordered mapping from name to member; a duplicate name stops the start, an unknown one names what is known."""

    def __init__(self, family: str) -> None:
        self.family = family
        self._members: dict[str, Member] = {}

    def register(self, name: str, member: Member) -> Member:
        if name in self._members:
            raise RuntimeError(f"{self.family} {name!r} is registered twice")
        self._members[name] = member
        return member

    def __getitem__(self, name: str) -> Member:
        try:
            return self._members[name]
        except KeyError:
            raise KeyError(f"no {self.family} {name!r}; known are {', '.join(self._members)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def members(self) -> tuple[Member, ...]:
        return tuple(self._members.values())
