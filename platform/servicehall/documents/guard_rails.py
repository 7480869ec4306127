"""Guard rails: what the platform's administrators do not let the documents of a department use.

They look at what a document itself says. What it takes over by `use` from another department was authored there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.documents.document import Document
from servicehall.documents.kinds.approval_chain import ApproverRule
from servicehall.documents.kinds.forms import FieldLayout
from servicehall.documents.kinds.fulfilment_plan import AutomateLayout
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.kinds.sla_policy import ActionLayout
from servicehall.documents.parts import Block, Part, walk
from servicehall.documents.source import child
from servicehall.errors import Problem
from servicehall.texts import N_, _

LISTS = ("field_types", "classifications", "approver_rules")
FLAGS = ("confidential", "audience", "webhooks")
CODE = "guard_rail"


@dataclass(frozen=True)
class GuardRails:
    """What is forbidden; what is named nowhere is allowed, also what is only invented later."""

    field_types: frozenset[str] = frozenset()
    classifications: frozenset[str] = frozenset()
    approver_rules: frozenset[str] = frozenset()
    confidential: bool = False
    audience: bool = False
    webhooks: bool = False

    @classmethod
    def of(cls, forbidden: Mapping[str, Any]) -> GuardRails:
        """As they are recorded."""
        said: dict[str, Any] = {name: frozenset(forbidden.get(name, ())) for name in LISTS}
        said |= {name: bool(forbidden.get(name)) for name in FLAGS}
        return cls(**said)

    def record(self) -> dict[str, Any]:
        """The inverse of `of`."""
        lists = {name: sorted(getattr(self, name)) for name in LISTS}
        return {**lists, **{name: getattr(self, name) for name in FLAGS}}

    def allows(self, name: str, word: str) -> bool:
        """Whether a word of one of LISTS may be used: `allows("field_types", "file")`."""
        return word not in getattr(self, name)


def violations_of(rails: GuardRails, document: Document) -> Iterator[Problem]:
    """Every place of a document that uses what its department may not."""
    if rails == GuardRails() or document.kind not in KINDS:
        return
    told: set[str] = set()
    for path, part, value in walk(KINDS[document.kind].part, document.body):
        for where, what, word in _uses(rails, path, part, value):
            if where not in told:
                told.add(where)
                yield Problem(where, CODE, _(what, word=word, department=document.department))


Use = tuple[str, str, str]
TYPE = N_("the platform's administrators do not allow field type {word} for {department}")
CLASS = N_("the platform's administrators do not allow classification {word} for {department}")
RULE = N_("the platform's administrators do not allow approver rule {word} for {department}")
PROPERTY = N_("the platform's administrators do not allow {word} for {department}")


def _uses(rails: GuardRails, path: str, part: Part, value: Any) -> Iterator[Use]:
    if not isinstance(value, Mapping):
        return
    if isinstance(part, ApproverRule):
        yield from ((path, RULE, name) for name in value if name in rails.approver_rules)
    if not isinstance(part, Block):
        return
    layout = part.layout
    if isinstance(layout, FieldLayout):
        yield from _of_field(rails, path, value)
    if rails.webhooks and isinstance(layout, (AutomateLayout, ActionLayout)) and "webhook" in value:
        yield child(path, "webhook"), PROPERTY, "webhook"
    if path == "":
        forbidden = {"confidential": rails.confidential, "audience": rails.audience, "excluded": rails.audience}
        yield from ((name, PROPERTY, name) for name, off in forbidden.items() if off and value.get(name))


def _of_field(rails: GuardRails, path: str, value: Mapping[str, Any]) -> Iterator[Use]:
    for name, words, what in (("type", rails.field_types, TYPE), ("classification", rails.classifications, CLASS)):
        said = value.get(name)
        if isinstance(said, str) and said in words:
            yield child(path, name), what, said
