"""Names in expressions: whether an expression takes one from outside, and the same expression with another name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from servicehall.domain.expression_compiler import Compiler, readable
from servicehall.domain.expression_environment import Environment
from servicehall.domain.expression_tree import Node
from servicehall.errors import Invalid

_PLAIN = re.compile(r"\.(?:\s|//[^\n]*\n)*(\w+)")
_QUOTED = re.compile(r"""\[\s*(?:"(\w+)"|'(\w+)')\s*\]""")


def mentions(text: object, path: str) -> bool:
    """Whether an expression takes `tasks.accounts` from outside, alone or with more behind it; if it can be read."""
    return bool(_places(text, path))


def renamed(text: str, path: str, to: str) -> str:
    """The expression with the last name of `path` changed wherever it takes it; an unreadable one stays as it is."""
    places = sorted(_places(text, path), reverse=True)
    text = _lines(text) if places else text
    for begin, end in places:
        text = text[:begin] + to + text[end:]
    return text


def _lines(text: str) -> str:
    """As the compiler reads it, so that its offsets count."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _places(text: object, path: str) -> list[tuple[int, int]]:
    """Where the last name of the path stands, from and to."""
    if not isinstance(text, str) or path.rpartition(".")[2] not in text:
        return []
    try:
        tree = Compiler(Environment(), readable(text)).tree
    except Invalid:
        return []
    root, _dot, name = path.rpartition(".")
    plain = _lines(text)
    matches = (_match(node, plain, root, name) for node in _free(tree, frozenset()))
    return [(match.start(match.lastindex or 0), match.end(match.lastindex or 0)) for match in matches if match]


def _match(node: Node, text: str, root: str, name: str) -> re.Match[str] | None:
    """The name behind a dot, or in brackets, if this node takes it from `root`."""
    if not node.children or node.children[0].path() != root:
        return None
    if node.kind == "select" and node.name == name:
        return _PLAIN.match(text, node.offset)
    found = _QUOTED.match(text, node.offset) if node.kind == "call" and node.name == "_[_]" else None
    return found if found is not None and name in found.groups() else None


def _free(node: Node, hidden: frozenset[str]) -> Iterator[Node]:
    """The nodes whose outermost name no loop of the expression has made its own."""
    chain = node
    while chain.kind == "select":
        chain = chain.children[0]
    if not (chain.kind == "ident" and chain.name in hidden):
        yield node
    if node.kind == "comprehension":
        yield from _free(node.children[0], hidden)
        hidden = hidden | node.hides
        children = node.children[1:]
    else:
        children = node.children
    for child in children:
        yield from _free(child, hidden)
