"""`sla` / `kind: sla_policy`: what is measured against which calendar, and what happens when time runs out."""

from __future__ import annotations

from typing import Any

from servicehall.documents.kinds.kind import Header, Kind, condition, is_use
from servicehall.documents.parts import Block, Layout, ListOf, MapOf, OneOf, Part
from servicehall.documents.words import (
    PRIORITIES,
    CalendarReference,
    Flag,
    GroupKey,
    Length,
    Line,
    OneWord,
    PersonEmail,
    PlainName,
    Reference,
    Whole,
)
from servicehall.domain.escalation import ROLES
from servicehall.domain.lifecycle import RequestState
from servicehall.domain.sla import Measure, Start


class GroupLayout(Layout):
    group = GroupKey(required=True)


class PersonLayout(Layout):
    person = PersonEmail(required=True)


_GROUP, _PERSON = Block(GroupLayout, inline=True), Block(PersonLayout, inline=True)
_ROLE = OneWord((*ROLES,))


def _recipient(value: Any) -> Part:
    if isinstance(value, dict):
        return _PERSON if "person" in value else _GROUP
    return _ROLE


class ActionLayout(Layout):
    """One entry of `do`: one of these; which and how many is examined by the domain."""

    notify = ListOf(OneOf(_recipient, lambda: (_ROLE, _GROUP, _PERSON), inline=True), inline=True, least=1)
    raise_priority = Whole(least=1, most=4)
    reassign = Block(GroupLayout, inline=True)
    webhook = PlainName()


class StepLayout(Layout):
    at = Line(required=True)
    when = condition()
    working_hours = Flag()
    do = ListOf(Block(ActionLayout, inline=True), inline=True, least=1, required=True)


class TargetLayout(Layout):
    measure = OneWord([*Measure], required=True)
    by_priority = MapOf(Length(), key=OneWord(PRIORITIES), required=True)
    start = OneWord([*Start])
    pause = ListOf(OneWord([*RequestState]), inline=True)
    escalate = ListOf(Block(StepLayout))


class MatrixUse(Layout):
    matrix = Reference("priority_matrix", required=True)


_MATRIX, _FIXED = Block(MatrixUse, inline=True), OneWord(PRIORITIES)


class PolicyLayout(Layout):
    when = condition()
    calendar = CalendarReference()
    priority = OneOf(
        lambda value: _MATRIX if isinstance(value, dict) else _FIXED, lambda: (_FIXED, _MATRIX), inline=True
    )
    targets = ListOf(Block(TargetLayout), least=1, required=True)


class PolicyUse(Layout):
    use = Reference("sla_policy", required=True)
    when = condition()


class SlaPolicyLayout(PolicyLayout, Header):
    """The policy as a document of its own."""


_BLOCK, _USE = Block(PolicyLayout), Block(PolicyUse, inline=True)


def _policy(value: Any) -> Part:
    return _USE if is_use(value) else _BLOCK


_ONE = OneOf(_policy, lambda: (_USE, _BLOCK), inline=True)
_SEVERAL = ListOf(_ONE, least=1, inline=False)


def sla_part(**options: Any) -> Part:
    """A policy, the use of one, or a list of them of which the first whose `when` holds counts."""
    return OneOf(
        lambda value: _SEVERAL if isinstance(value, list) else _ONE, lambda: (_ONE, _SEVERAL), inline=True, **options
    )


KIND = Kind("sla_policy", SlaPolicyLayout, pinned=True)
