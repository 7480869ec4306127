"""The syntax tree of an expression, read from the engine's own serialised form (`cel.expr.ParsedExpr`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "bool": _Field.TYPE_BOOL,
    "int": _Field.TYPE_INT64,
    "double": _Field.TYPE_DOUBLE,
    "string": _Field.TYPE_STRING,
}

# The part of cel/expr/{checked,syntax}.proto that is read here: message → field → (number, type, repeated).
_MESSAGES: Mapping[str, Mapping[str, tuple[int, str, bool]]] = {
    "Any": {"value": (2, "Parsed", False)},
    "Parsed": {"expr": (2, "Expr", False), "info": (3, "Info", False)},
    "Info": {"positions": (4, "Position", True)},
    "Position": {"key": (1, "int", False), "value": (2, "int", False)},
    "Expr": {
        "id": (2, "int", False),
        "const": (3, "Const", False),
        "ident": (4, "Ident", False),
        "select": (5, "Select", False),
        "call": (6, "Call", False),
        "list": (7, "List", False),
        "struct": (8, "Struct", False),
        "comprehension": (9, "Comprehension", False),
    },
    "Const": {
        "bool": (2, "bool", False),
        "int": (3, "int", False),
        "double": (5, "double", False),
        "string": (6, "string", False),
    },
    "Ident": {"name": (1, "string", False)},
    "Select": {"operand": (1, "Expr", False), "field": (2, "string", False), "test": (3, "bool", False)},
    "Call": {"target": (1, "Expr", False), "function": (2, "string", False), "args": (3, "Expr", True)},
    "List": {"elements": (1, "Expr", True)},
    "Struct": {"entries": (2, "Entry", True)},
    "Entry": {"map_key": (3, "Expr", False), "value": (4, "Expr", False)},
    "Comprehension": {
        "iter_var": (1, "string", False),
        "range": (2, "Expr", False),
        "accu_var": (3, "string", False),
        "init": (4, "Expr", False),
        "condition": (5, "Expr", False),
        "step": (6, "Expr", False),
        "result": (7, "Expr", False),
    },
}
_ONEOF = {
    "Expr": ("const", "ident", "select", "call", "list", "struct", "comprehension"),
    "Const": ("bool", "int", "double", "string"),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One node: `kind` as in `cel.expr.Expr`, `name` of an identifier, field, function or iteration variable.

    A constant has its `literal` (`bool`, `int`, `double`, `string`; else empty) and `value`; the select of `has(a.b)`
    has the literal `test`.
    """

    kind: str
    offset: int
    name: str = ""
    literal: str = ""
    value: Any = None
    children: tuple[Node, ...] = ()
    hides: frozenset[str] = frozenset()

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()

    def path(self) -> str | None:
        """`requester.department` for a plain chain of names, else None."""
        if self.kind == "ident":
            return self.name
        if self.kind == "select":
            base = self.children[0].path()
            return f"{base}.{self.name}" if base else None
        return None


@cache
def _message() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="tree.proto", package="tree", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        if name in _ONEOF:
            message.oneof_decl.add(name="kind")
        for field, (number, kind, repeated) in fields.items():
            label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            entry = message.field.add(name=field, number=number, label=label)
            entry.type = _SCALARS.get(kind, _Field.TYPE_MESSAGE)
            if kind not in _SCALARS:
                entry.type_name = f".tree.{kind}"
            if field in _ONEOF.get(name, ()):
                entry.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tree.Any"))


def read_tree(serialized: bytes) -> Node:
    """The tree of a parsed, unchecked expression; offsets are code points from the start of its text.

    RecursionError where macros within macros make it deeper than can be read.
    """
    try:
        parsed = _message().FromString(serialized).value
    except DecodeError:
        raise RecursionError("the tree is too deep") from None
    return _node(parsed.expr, {one.key: one.value for one in parsed.info.positions})


def _node(expr: Any, positions: Mapping[int, int]) -> Node:
    kind = expr.WhichOneof("kind") or "const"
    body = getattr(expr, kind)
    offset = positions.get(expr.id, 0)

    def node(name: str = "", *children: Any, **more: Any) -> Node:
        return Node(kind, offset, name, children=tuple(_node(c, positions) for c in children), **more)

    match kind:
        case "const":
            literal = body.WhichOneof("kind") or ""
            return node(literal=literal, value=getattr(body, literal) if literal else None)
        case "ident":
            return node(body.name)
        case "select":
            return node(body.field, body.operand, literal="test" if body.test else "")
        case "call":
            return node(body.function, *([body.target] if body.HasField("target") else []), *body.args)
        case "list":
            return node("", *body.elements)
        case "struct":
            parts = (part for entry in body.entries for part in (entry.map_key, entry.value))
            return node("", *parts)
        case _:
            inner = (body.range, body.init, body.condition, body.step, body.result)
            return node(body.iter_var, *inner, hides=frozenset({body.iter_var, body.accu_var}))


def free_paths(tree: Node, hidden: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every name the expression takes from outside, as far as it is spelled out: `total`, `requester.grade`."""
    path = tree.path()
    if path is not None:
        if path.split(".")[0] not in hidden:
            yield path
        return
    if tree.kind == "comprehension":
        yield from free_paths(tree.children[0], hidden)
        hidden = hidden | tree.hides
        for child in tree.children[1:]:
            yield from free_paths(child, hidden)
        return
    for child in tree.children:
        yield from free_paths(child, hidden)


def literals(tree: Node) -> list[int] | None:
    """Where the integer literals stand, if this part is made of nothing else; otherwise None."""
    if tree.kind == "const":
        return [tree.offset] if tree.literal == "int" else None
    arithmetic = tree.kind == "call" and tree.name in ("_+_", "_-_", "_*_", "_/_", "-_")
    choice = tree.kind == "call" and tree.name == "_?_:_"
    if not (arithmetic or choice or (tree.kind == "list" and tree.children)):
        return None
    found = [literals(child) for child in (tree.children[1:] if choice else tree.children)]
    return None if None in found else [offset for part in found if part for offset in part]
