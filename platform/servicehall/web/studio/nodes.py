"""A document's part as controls, from the schema that checks it; each control is named by its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from servicehall.documents.kinds.approval_chain import APPROVER_RULES, ApproverRule
from servicehall.documents.kinds.kind import Name as HeaderNames
from servicehall.documents.parts import ANYTHING, Block, ListOf, MapOf, OneOf, Part, name_of
from servicehall.documents.patching import pointer
from servicehall.documents.source import child
from servicehall.documents.words import (
    Amount,
    CategoryKey,
    DepartmentKey,
    Expression,
    FieldKey,
    Flag,
    GroupKey,
    Line,
    OneWord,
    PersonEmail,
    Picture,
    Reference,
    ServiceKey,
    Text,
    Whole,
)
from servicehall.texts import LOCALES
from servicehall.web.studio import words
from servicehall.web.studio.parts import is_words, meant, shown, shown_of
from servicehall.web.studio.surroundings import Choices, Surroundings

HEADER = tuple(name_of(part) for part in HeaderNames().fields.values())
ROOM = 400
"""So many values show at once; in a larger document the entries of lists open one by one."""


@dataclass(frozen=True)
class Node:
    """One place of a document as a person edits it.

    `pointer` is its JSON Pointer and `path` its place as the checks name it; `control` says how it shows: `line`,
    `number`, `amount`, `flag`, `word`, `text`, `expression`, `pick`, `person`, `words` (a list, one a line), `value`,
    `raw` (something of another shape than it should be), or, with `children`, `block`, `list`, `map`, `rule`.
    `shapes` are the forms that it could take instead, by index; `absent` ones are not in the document; `rare` ones
    show under “More” until they are; what is `folded` has children that it does not show yet.
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
    rare: bool = False
    folded: bool = False
    part: Part = field(default_factory=Part, compare=False, repr=False)

    @property
    def id(self) -> str:
        """What its control is called in the page."""
        return "at" + self.pointer.replace("/", "-")

    @property
    def written(self) -> str:
        """The value as its control shows it."""
        return shown(self.part, self.value)

    @property
    def long(self) -> bool:
        """Whether its text may take several lines."""
        texts = self.value.values() if isinstance(self.value, Mapping) else [self.value]
        return self.name in words.LONG or any("\n" in str(text) for text in texts)

    @property
    def kept(self) -> Sequence[Node]:
        """The children that show at once."""
        return [one for one in self.children if not one.rare]

    @property
    def more(self) -> Sequence[Node]:
        """The children that show under “More”."""
        return [one for one in self.children if one.rare]

    def walk(self) -> Iterator[Node]:
        """This node and all below."""
        yield self
        for one in self.children:
            yield from one.walk()


Problems = Mapping[str, Sequence[str]]
"""What is wrong, by the place that the checks name."""


class Nodes:
    """Makes the nodes of one document; `opened` is the JSON Pointer of what is selected, which never is folded."""

    def __init__(self, around: Surroundings, problems: Problems | None = None, *, opened: str = "") -> None:
        self.around = around
        self.problems = problems or {}
        self.opened = opened
        self.folding = False

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
        """The node of a value that `part` describes, at a JSON Pointer; `only` and `without` choose its properties."""
        self.folding = _size(value) > ROOM
        name = at.rsplit("/", 1)[-1]
        return self._node(part, value, at, path, name=name, label=label, only=only, without=without)

    def _node(
        self, part: Part, value: Any, at: str, path: str, *, name: str, label: str, absent: bool = False, **chosen: Any
    ) -> Node:
        here = meant(part, value)
        shapes, shape = self._shapes(part, value)
        control: dict[str, Any] = {"control": "raw" if isinstance(value, (Mapping, list)) else "value"}
        for kind, make in _MAKERS:
            if isinstance(here, kind):
                control = make(self, here, value, at, path, **(chosen if kind is Block else {}))
                break
        return Node(
            pointer=at,
            path=path,
            name=name,
            label=label or words.label(name, path),
            value=value,
            absent=absent,
            required=bool(part.required),
            hint=words.hint(name),
            problems=tuple(self.problems.get(path, ())),
            shapes=shapes,
            shape=shape,
            part=here,
            **control,
        )

    def _shapes(self, part: Part, value: Any) -> tuple[Sequence[str], int]:
        if not isinstance(part, OneOf):
            return (), 0
        shapes, chosen = part.shapes, part.chosen(value)
        names = [words.shape(one) for one in shapes]
        return names, next((index for index, one in enumerate(shapes) if one.chosen(value) is chosen), 0)

    def block(
        self,
        part: Block,
        value: Any,
        at: str,
        path: str,
        only: Sequence[str] | None = None,
        without: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Its properties in their order, and what stands there without being one."""
        held: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        rare = words.rare(type(part.layout))
        children = []
        for name, inner in shown_of(part, held).items():
            if (path == "" and name in HEADER) or name in without or (only is not None and name not in only):
                continue
            where, place, there = at + pointer(name), child(path, name), name in held
            node = self._node(inner, held.get(name), where, place, name=name, label="", absent=not there)
            children.append(replace(node, rare=not there and not node.problems and name in rare))
        return {"control": "block", "children": children}

    def list(self, part: ListOf, value: Any, at: str, path: str) -> dict[str, Any]:
        if is_words(part, value):
            return {"control": "words"}
        entries = enumerate(value if isinstance(value, list) else ())
        children = [self._entry(part.item, one, at, path, index, words.entry(one, index)) for index, one in entries]
        return {"control": "list", "children": children}

    def map(self, part: MapOf, value: Any, at: str, path: str) -> dict[str, Any]:
        held = value if isinstance(value, Mapping) else {}
        entries = sorted(held.items(), key=lambda item: (part.order(item[0]), item[0]))
        children = [self._entry(part.item, one, at, path, name, words.map_key(name)) for name, one in entries]
        known = part.key.words if isinstance(part.key, OneWord) else ()
        return {"control": "map", "children": children, "choices": [(one, words.map_key(one)) for one in known]}

    def _entry(self, part: Part, value: Any, at: str, path: str, key: str | int, label: str) -> Node:
        """An entry of a list or map; in a large document only the selected one shows what it holds."""
        where, place = at + pointer(key), child(path, key)
        opened = (self.opened + "/").startswith(where + "/")
        if self.folding and not opened and isinstance(value, (Mapping, list)) and not isinstance(part, Text):
            told = [said for name, all_of_it in self.problems.items() if _is_within(name, place) for said in all_of_it]
            return Node(where, place, str(key), label, "folded", value=value, folded=True, problems=told)
        made = self._node(part, value, where, place, name=str(key), label=label)
        chosen = dict(made.choices).get(made.written) if made.control == "pick" else None
        return replace(made, label=chosen) if chosen else made

    def rule(self, part: ApproverRule, value: Any, at: str, path: str) -> dict[str, Any]:
        there = next(iter(value)) if isinstance(value, Mapping) else ""
        allowed = [one for one in APPROVER_RULES if one == there or self.around.rails.allows("approver_rules", one)]
        choices = [(one, words.label(one)) for one in allowed]
        if not isinstance(value, Mapping):
            return {"control": "rule", "choices": choices}
        inner = self._node(
            APPROVER_RULES[there], value[there], at + pointer(there), child(path, there), name=there, label=""
        )
        return {"control": "rule", "children": [inner], "choices": choices}


def _size(value: Any) -> int:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, inner))


def _is_within(path: str, place: str) -> bool:
    return path.startswith(place) and path[len(place) : len(place) + 1] in ("", ".", "[")


def _among(choices: Choices, value: Any) -> Choices:
    """The choices; what stands there stays one of them though nothing knows it."""
    there = shown(ANYTHING, value)
    return [*choices, (there, there)] if there and there not in dict(choices) else choices


def _word(nodes: Nodes, part: OneWord, value: Any, at: str, path: str) -> dict[str, Any]:
    choices = [(one, words.word(one)) for one in part.words]
    return {"control": "word", "choices": _among(choices, value)}


def _pick(choices: Choices, value: Any) -> dict[str, Any]:
    return {"control": "pick", "choices": _among(choices, value)}


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
    (Picture, _always("picture")),
    (ServiceKey, lambda nodes, part, value, at, path: _pick(nodes.around.own_services, value)),
    (CategoryKey, lambda nodes, part, value, at, path: {"control": "line", "choices": nodes.around.categories}),
    (Reference, lambda nodes, part, value, at, path: _pick(nodes.around.documents(part.kind), value)),
    (GroupKey, lambda nodes, part, value, at, path: _pick(nodes.around.groups, value)),
    (DepartmentKey, lambda nodes, part, value, at, path: _pick(nodes.around.departments, value)),
    *((kind, _always(control)) for kind, control in _SIMPLE.items()),
    (FieldKey, lambda nodes, part, value, at, path: _field_key(nodes, value, at)),
    (Line, lambda nodes, part, value, at, path: {"control": "line"}),
)


def _field_key(nodes: Nodes, value: Any, at: str) -> dict[str, Any]:
    """A field's own key is written; elsewhere a field is chosen."""
    return {"control": "line"} if at.endswith("/key") else _pick(nodes.around.fields, value)


def locales_of(value: Any) -> list[tuple[str, str]]:
    """A text in each language that the hall speaks, and in any other that it has."""
    said = value if isinstance(value, Mapping) else {"en": value} if isinstance(value, str) else {}
    return [(one, str(said.get(one, ""))) for one in [*LOCALES, *sorted(set(said) - set(LOCALES))]]
