"""What the patterns of an expression may cost: the engine compiles one anew each time that it is tried."""

from __future__ import annotations

from collections.abc import Iterator

import re2

from servicehall.domain.expression_tree import Node
from servicehall.errors import Invalid, Problem
from servicehall.texts import _

LARGEST = 5_000
"""So many instructions all patterns of an expression may come to; a pattern that is not written out counts for
UNKNOWN of them."""
UNKNOWN = 1_000
LARGEST_IN_LIST = 300
"""So many one of them may have where it is tried on each entry of a list."""


def refuse_costly(tree: Node) -> None:
    """Invalid where the patterns that an expression tries would hold everybody up."""
    total = 0
    for pattern, often in _patterns(tree):
        size = _size(str(pattern.value)) if pattern.literal == "string" else None
        if often and (size is None or size > LARGEST_IN_LIST):
            raise _refused(_("For each entry of a list, matches takes a short pattern that is written out."))
        total += UNKNOWN if size is None else size
    if total > LARGEST:
        raise _refused(_("The patterns of the expression are too large; repeat less in them."))


def _patterns(node: Node, often: bool = False) -> Iterator[tuple[Node, bool]]:
    """Each pattern with whether it is tried on every entry of a list."""
    if node.kind == "call" and node.name == "matches" and node.children:
        yield node.children[-1], often
    for index, child in enumerate(node.children):
        yield from _patterns(child, often or (node.kind == "comprehension" and index > 0))


def _size(pattern: str) -> int:
    """How many instructions it compiles to; one that cannot be compiled is refused."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return int(re2.compile(pattern, options).programsize)
    except (re2.error, UnicodeError) as error:
        reason = error.args[0] if error.args else ""
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise _refused(_("This pattern cannot be used: {reason}", reason=words)) from None


def _refused(message: str) -> Invalid:
    return Invalid(message, [Problem("", "pattern", message)])
