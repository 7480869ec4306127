"""A document's part as controls, from the schema that checks it; each control is named by its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from servicehall.documents.kinds.approval_chain import APPROVER_RULES, ApproverRule
from servicehall.documents.kinds.kind import Name as HeaderNames
from servicehall.documents.parts import Anything, Block, ListOf, MapOf, OneOf, Part, name_of
from servicehall.documents.patching import pointer
from servicehall.documents.source import child
from servicehall.documents.words import (
    Amount,
    DepartmentKey,
    Expression,
    FieldKey,
    Flag,
    GroupKey,
    Line,
    OneWord,
    PersonEmail,
    Reference,
    Text,
    Whole,
)
from servicehall.texts import LOCALES
from servicehall.web.studio import words
from servicehall.web.studio.surroundings import Choices, Surroundings

HEADER = tuple(name_of(part) for part in HeaderNames().fields.values())


@dataclass(frozen=True)
class Node:
    """One place of a document as a person edits it.

    `pointer` is its JSON Pointer and `path` its place as the checks name it; `control` says how it shows: `line`,
    `number`, `amount`, `flag`, `word`, `text`, `expression`, `pick`, `person`, `value`, or, with `children`, `block`,
    `list`, `map`. `shapes` are the forms that it could take instead, by index; `absent` ones are not in the document.
    """

    pointer: str
    path: str
    name: str
    label: str
    control: str
    value: Any = None
    absent: bool = False
    required: bool = False
    hint: str = ""
    choices: Choices = ()
    children: Sequence[Node] = ()
    shapes: Sequence[str] = ()
    shape: int = 0
    problems: Sequence[str] = ()
    part: Part = field(default_factory=Part, compare=False, repr=False)

    @property
    def id(self) -> str:
        """What its control is called in the page."""
        return "at" + self.pointer.replace("/", "-")

    def walk(self) -> Iterator[Node]:
        """This node and all below."""
        yield self
        for one in self.children:
            yield from one.walk()


Problems = Mapping[str, Sequence[str]]
"""What is wrong, by the place that the checks name."""


class Nodes:
    """Makes the nodes of one document; `only` and `without` say which properties of the outermost block show."""

    def __init__(self, around: Surroundings, problems: Problems | None = None) -> None:
        self.around = around
        self.problems = problems or {}

    def of(
        self,
        part: Part,
        value: Any,
        at: str,
        path: str,
        *,
        label: str = "",
        only: Sequence[str] | None = None,
        without: Sequence[str] = (),
    ) -> Node:
        """The node of a value that `part` describes, at a JSON Pointer."""
        node = self._node(part, value, at, path, name=at.rsplit("/", 1)[-1], label=label)
        kept = [one for one in node.children if (only is None or one.name in only) and one.name not in without]
        return _with(node, children=kept) if node.control == "block" else node

    def _node(self, part: Part, value: Any, at: str, path: str, *, name: str, label: str, absent: bool = False) -> Node:
        shapes, shape = self._shapes(part, value)
        here = part.chosen(value) if not absent else self._first(part)
        common: dict[str, Any] = {
            "pointer": at,
            "path": path,
            "name": name,
            "label": label or words.label(name),
            "value": value,
            "absent": absent,
            "required": bool(part.required),
            "hint": words.hint(name),
            "problems": tuple(self.problems.get(path, ())),
            "shapes": shapes,
            "shape": shape,
            "part": here,
        }
        for kind, make in _MAKERS:
            if isinstance(here, kind):
                return Node(**common, **make(self, here, value, at, path))
        return Node(**common, control="value")

    def _shapes(self, part: Part, value: Any) -> tuple[Sequence[str], int]:
        if not isinstance(part, OneOf):
            return (), 0
        shapes, chosen = part.shapes, part.chosen(value)
        names = [words.shape(one) for one in shapes]
        return names, next((index for index, one in enumerate(shapes) if one.chosen(value) is chosen), 0)

    def _first(self, part: Part) -> Part:
        while isinstance(part, OneOf):
            part = part.shapes[0]
        return part

    def block(self, part: Block, value: Any, at: str, path: str) -> dict[str, Any]:
        held: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        children = []
        for inner in part.layout.fields.values():
            name = name_of(inner)
            if path == "" and name in HEADER:
                continue
            here = inner if isinstance(inner, Part) else Part()
            where, place, there = at + pointer(name), child(path, name), name in held
            children.append(self._node(here, held.get(name), where, place, name=name, label="", absent=not there))
        return {"control": "block", "children": children}

    def list(self, part: ListOf, value: Any, at: str, path: str) -> dict[str, Any]:
        held = value if isinstance(value, list) else []
        children = [
            self._node(
                part.item, one, f"{at}/{index}", child(path, index), name=str(index), label=words.entry(one, index)
            )
            for index, one in enumerate(held)
        ]
        return {"control": "list", "children": children}

    def map(self, part: MapOf, value: Any, at: str, path: str) -> dict[str, Any]:
        held = value if isinstance(value, Mapping) else {}
        children = [
            self._node(part.item, one, at + pointer(name), child(path, name), name=name, label=words.label(name))
            for name, one in sorted(held.items(), key=lambda item: (part.order(item[0]), item[0]))
        ]
        known = part.key.words if isinstance(part.key, OneWord) else ()
        return {"control": "map", "children": children, "choices": [(one, words.label(one)) for one in known]}

    def rule(self, part: ApproverRule, value: Any, at: str, path: str) -> dict[str, Any]:
        name = next(iter(value)) if isinstance(value, Mapping) and len(value) == 1 else ""
        choices = [(one, words.label(one)) for one in APPROVER_RULES]
        if name not in APPROVER_RULES:
            return {"control": "rule", "choices": choices}
        inner = self._node(
            APPROVER_RULES[name], value[name], at + pointer(name), child(path, name), name=name, label=""
        )
        return {"control": "rule", "children": [inner], "choices": choices}


def _with(node: Node, **changed: Any) -> Node:
    values = {name: getattr(node, name) for name in node.__dataclass_fields__}
    return Node(**{**values, **changed})


def _word(nodes: Nodes, part: OneWord, value: Any, at: str, path: str) -> dict[str, Any]:
    return {"control": "word", "choices": [(str(one), words.word(str(one))) for one in part.words]}


def _pick(choices: Choices, value: Any) -> dict[str, Any]:
    """A choice among what is known; what stands there stays a choice though nothing knows it."""
    known = {key for key, _label in choices}
    strange = [(value, value)] if isinstance(value, str) and value not in known else []
    return {"control": "pick", "choices": [*choices, *strange]}


def _always(control: str) -> Any:
    return lambda nodes, part, value, at, path: {"control": control}


_SIMPLE: Mapping[type, str] = {
    Text: "text",
    Flag: "flag",
    Whole: "number",
    Expression: "expression",
    PersonEmail: "person",
    Amount: "amount",
}
_MAKERS: Sequence[tuple[type, Any]] = (
    (ApproverRule, Nodes.rule),
    (Block, Nodes.block),
    (ListOf, Nodes.list),
    (MapOf, Nodes.map),
    (OneWord, _word),
    (Reference, lambda nodes, part, value, at, path: _pick(nodes.around.documents(part.kind), value)),
    (GroupKey, lambda nodes, part, value, at, path: _pick(nodes.around.groups, value)),
    (DepartmentKey, lambda nodes, part, value, at, path: _pick(nodes.around.departments, value)),
    *((kind, _always(control)) for kind, control in _SIMPLE.items()),
    (FieldKey, lambda nodes, part, value, at, path: _field_key(nodes, value, at)),
    (Line, lambda nodes, part, value, at, path: {"control": "line"}),
    (Anything, lambda nodes, part, value, at, path: {"control": "value"}),
)


def _field_key(nodes: Nodes, value: Any, at: str) -> dict[str, Any]:
    """A field's own key is written; elsewhere a field is chosen."""
    return {"control": "line"} if at.endswith("/key") else _pick(nodes.around.fields, value)


def locales_of(value: Any) -> list[tuple[str, str]]:
    """A text in each language that the hall speaks, and in any other that it has."""
    said = value if isinstance(value, Mapping) else {"en": value} if isinstance(value, str) else {}
    return [(one, str(said.get(one, ""))) for one in [*LOCALES, *sorted(set(said) - set(LOCALES))]]
