"""Every place of a document that holds a rule or could: what it is for, whose it is, and what it may name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from servicehall.documents.document import Document, Place
from servicehall.documents.expansion import Follow
from servicehall.documents.kinds.approval_chain import StageLayout
from servicehall.documents.kinds.assignment_rule import RuleLayout
from servicehall.documents.kinds.forms import (
    CheckLayout,
    DefaultLayout,
    FieldLayout,
    FormLayout,
    OptionLayout,
    PageLayout,
)
from servicehall.documents.kinds.fulfilment_plan import PlanLayout, TaskLayout
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.kinds.sla_policy import PolicyLayout, PolicyUse, StepLayout
from servicehall.documents.parts import Block, Layout, OneOf, Part, name_of
from servicehall.documents.patching import pointer
from servicehall.documents.rule_scopes import DEPARTMENT, PEOPLE, Scope, fields_of, with_tasks
from servicehall.documents.source import child
from servicehall.documents.words import Expression
from servicehall.domain.expression_types import BOOL
from servicehall.forms.fields.base import Field
from servicehall.forms.fields.registry import FIELD_TYPES

MOST_LEVELS = 40


@dataclass(frozen=True)
class Owner:
    """Whose rule it is: `value` is its part of the document and `number` its place in its list, from 1.

    `kind` is `page`, `field`, `column`, `option`, `stage`, `task`, `policy`, `step`, `rule`, or that of the document.
    """

    kind: str
    value: Mapping[str, Any]
    number: int = 0


@dataclass(frozen=True)
class RulePlace:
    """A place for an expression: `value` is the expression, plainly true or false, or None where there is none yet.

    `name` is the property (`visible`, `when`, …); `owners` are those around it, innermost last.
    """

    pointer: str
    path: str
    name: str
    value: Any
    owners: tuple[Owner, ...]
    scope: Scope

    @property
    def owner(self) -> Owner:
        return self.owners[-1]

    @property
    def condition(self) -> bool:
        """Whether it is a yes or no, which rows could say."""
        return self.scope.expects == BOOL


@dataclass(frozen=True)
class Around:
    """What a document's rules lean on: `follow` finds what it uses; `users` are the services that use it."""

    follow: Follow
    users: tuple[Document, ...] = ()


def outer_scope(document: Document, around: Around) -> Scope:
    """The names that a document's rules may use at its top."""
    return _Walker(document, around).outer


def rule_places(document: Document, around: Around, *, at: str = "", outer: Scope | None = None) -> list[RulePlace]:
    """Every place in the order of the document, or those at and below one JSON Pointer; `outer` where it is known."""
    walker = _Walker(document, around, at, outer)
    found = walker.walk(KINDS[document.kind].part, walker.whole, "", walker.outer, (), 0)
    return [one for one in found if f"{one.pointer}/".startswith(f"{at}/" if at else "/")]


@dataclass(frozen=True)
class _Walker:
    document: Document
    around: Around
    at: str = ""
    given: Scope | None = None

    @cached_property
    def outer(self) -> Scope:
        """The names of the document's form, or of those around a document without one."""
        if self.given is not None:
            return self.given
        if self.document.kind == "assignment_rule":
            return DEPARTMENT
        if self.document.kind == "service":
            return Scope().with_fields(self.fields(self.whole.at("form")))
        scope = Scope(open=True)
        for user in reversed(self.around.users):
            if user.kind == "service":
                scope = scope.with_fields(self.fields(Place(user.body, user).at("form")))
        return scope.with_fields(self.fields(self.whole.only("fields"))) if self.document.kind == "field_set" else scope

    @property
    def whole(self) -> Place:
        return Place(self.document.body, self.document)

    def fields(self, form: Place) -> list[Field]:
        return fields_of(form, self.around.follow)

    def walk(
        self, part: Part, place: Place, at: str, scope: Scope, owners: tuple[Owner, ...], number: int
    ) -> Iterator[RulePlace]:
        if len(owners) > MOST_LEVELS or not self.leads(at):
            return
        here = part.chosen(place.value)
        if isinstance(here, Block) and isinstance(place.value, Mapping):
            yield from self.block(here.layout, place, at, scope, owners, number)
            return
        for key, inner, _item in here.children(place.value):
            inside, below = place.at(key), at + pointer(key)
            if isinstance(inner, Expression):
                yield RulePlace(
                    below, inside.path, "answers", inside.value, owners, self.of_answer(key, scope, owners[-1])
                )
            else:
                yield from self.walk(inner, inside, below, scope, owners, key + 1 if isinstance(key, int) else 0)

    def leads(self, at: str) -> bool:
        """Whether a pointer is on the way to what is wanted, or below it."""
        return not self.at or f"{self.at}/".startswith(f"{at}/") or f"{at}/".startswith(f"{self.at}/")

    def block(
        self, layout: Layout, place: Place, at: str, scope: Scope, owners: tuple[Owner, ...], number: int
    ) -> Iterator[RulePlace]:
        kind = _owner_kind(layout, owners)
        if kind or not owners:
            owners = (*owners, Owner(kind or self.document.kind, place.value, number))
        if isinstance(layout, PlanLayout):
            scope = with_tasks(scope, place, self.around.follow)
        elif isinstance(layout, FormLayout) and owners[-1].kind == "task":
            outer = replace(scope, environment=replace(scope.environment, tasks=()))
            scope = outer.with_fields(self.fields(place))
        for inner in layout.fields.values():
            name, owner = name_of(inner), owners[-1]
            if not isinstance(inner, Part):
                continue
            if not _is_rule(inner):
                if name in place.value:
                    within = _in_columns(scope, owner) if name == "columns" else scope
                    yield from self.walk(inner, place.at(name), at + pointer(name), within, owners, 0)
            elif not isinstance(layout, FieldLayout) or _has(owner, name):
                inside, of = place.at(name), _scope(layout, name, scope, owner)
                said = "default" if isinstance(layout, DefaultLayout) else name
                yield RulePlace(at + pointer(name), inside.path, said, inside.value, owners, of)
        if isinstance(layout, FieldLayout) and self.leads(f"{at}/check") and _may_have(owners[-1], "check"):
            of = scope.of_check(own_field(owners[-1]))
            yield RulePlace(f"{at}/check/-", child(place.path, "check"), "rule", None, owners, of)

    def of_answer(self, key: Any, scope: Scope, task: Owner) -> Scope:
        """The answer of a child request has the type of the child's field."""
        reference = task.value.get("request")
        service = self.around.follow(Place(reference, self.document), "service") if reference else None
        fields = self.fields(service.at("form")) if service is not None else []
        return replace(scope, expects=next((one.cel for one in fields if one.key == key), None))


def _owner_kind(layout: Layout, owners: tuple[Owner, ...]) -> str:
    """What the owner of this block's rules is; empty where it has none of its own."""
    found = next((kind for known, kind in _OWNERS.items() if isinstance(layout, known)), "")
    return "column" if found == "field" and owners and owners[-1].kind == "field" else found


def _may_have(owner: Owner, name: str) -> bool:
    """A field has the rules of its type."""
    type_ = str(owner.value.get("type"))
    return type_ in FIELD_TYPES and name in FIELD_TYPES[type_].properties()


def _has(owner: Owner, name: str) -> bool:
    return name in owner.value or (name != "value" and _may_have(owner, name))


def _scope(layout: Layout, name: str, scope: Scope, owner: Owner) -> Scope:
    """What one property of a block may name."""
    if name in ("audience", "excluded"):
        return PEOPLE
    if isinstance(layout, CheckLayout):
        return scope.of_check(own_field(owner))
    if name != "value":
        return scope
    own = own_field(owner)
    expects = own.cel if own else None
    if isinstance(layout, DefaultLayout):
        return scope.of_default(tuple(_above(scope, own)), expects)
    return replace(scope, expects=expects)


def _in_columns(scope: Scope, owner: Owner) -> Scope:
    """Within a table's columns also their own row has names."""
    return scope.with_fields(getattr(own_field(owner), "columns", ()))


def own_field(owner: Owner) -> Field | None:
    """The field that an owner is, as far as it can be read."""
    if owner.kind not in ("field", "column"):
        return None
    document = Document("field_set", "", "", {"fields": [owner.value]})
    found = fields_of(Place(document.body, document), lambda _place, _kind: None)
    return found[0] if found else None


def _above(scope: Scope, own: Field | None) -> Iterator[str]:
    for key, _type in scope.environment.fields:
        if own is not None and key == own.key:
            return
        yield key


def _is_rule(part: Part) -> bool:
    shapes = part.shapes if isinstance(part, OneOf) else (part,)
    return any(isinstance(one, Expression) for one in shapes)


_OWNERS: Mapping[type[Layout], str] = {
    PageLayout: "page",
    FieldLayout: "field",
    OptionLayout: "option",
    StageLayout: "stage",
    TaskLayout: "task",
    PolicyLayout: "policy",
    PolicyUse: "policy",
    StepLayout: "step",
    RuleLayout: "rule",
}
