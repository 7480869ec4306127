"""Lists in expressions, as formulas: several choices, or what is written out, are so many elements, each there or not.

Of lists whose length nobody knows, the rows of a table and the groups of a person, nothing is said here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from servicehall.documents.reasoning.reckoning import as_real, rounded, size_of
from servicehall.documents.reasoning.terms import TRUE, Members, Term, Truth, Value, both, either, follows
from servicehall.domain.expression_tree import Node

if TYPE_CHECKING:
    from servicehall.documents.reasoning.translation import Translation

_WHOLE = f"{2**53}.0"
"""Below it a double holds every whole number."""


@dataclass(frozen=True, slots=True)
class Element:
    """Stands in its list where `present` holds."""

    present: str
    value: Value


@dataclass(frozen=True, slots=True)
class Elements:
    """A list in its order; `known` is the formula of its having a value, which one element without takes from it."""

    found: Sequence[Element]
    known: str

    @property
    def size(self) -> str:
        return f"(+ 0 {' '.join(f'(ite {one.present} 1 0)' for one in self.found)})"


def elements(translation: Translation, node: Node) -> Elements | None:
    """The elements of a list; None where nobody can name them."""
    if node.kind == "list":
        values = [translation.read(child) for child in node.children]
        known = [value for value in values if value is not None]
        return _written(known) if len(known) == len(values) else None
    if node.kind == "comprehension":
        return _mapped(translation, node)
    found = translation.read(node)
    if not isinstance(found, Members) or found.within or not found.options:
        return None
    return Elements([Element(member, Term("Text", code)) for code, member in found.options.items()], found.known)


def _written(values: Sequence[Value]) -> Elements:
    return Elements([Element(TRUE, value) for value in values], both(*map(_known, values)))


def _mapped(translation: Translation, node: Node) -> Elements | None:
    """`list.map(x, …)`, `list.filter(x, …)` and `list.map(x, condition, …)`."""
    range_, begin, _condition, step, _result = node.children
    over = elements(translation, range_)
    test, adds = (step.children[0], step.children[1]) if step.name == "_?_:_" else (None, step)
    if over is None or begin.kind != "list" or adds.name != "_+_" or adds.children[1].kind != "list":
        return None
    found, known = [], [over.known]
    for one in over.found:
        inner = _within(translation, node, one)
        said = inner.truth(test) if test is not None else Truth(TRUE, TRUE)
        value = inner.read(adds.children[1].children[0])
        if value is None:
            return None
        present = both(one.present, said.yes)
        known += [follows(one.present, either(said.yes, said.no)), follows(present, _known(value))]
        found.append(Element(present, value))
    return Elements(found, both(*known))


def quantified(translation: Translation, node: Node) -> Value | None:
    """`list.exists(x, …)` and `list.all(x, …)`, which absorb like `||` and `&&`."""
    range_, begin, _condition, step, _result = node.children
    over = elements(translation, range_) if begin.literal == "bool" else None
    if over is None or step.name not in ("_||_", "_&&_"):
        return None
    said = [(one.present, _within(translation, node, one).truth(step.children[1])) for one in over.found]
    some, every = [both(here, one.yes) for here, one in said], [follows(here, one.no) for here, one in said]
    if step.name == "_&&_":
        some, every = [both(here, one.no) for here, one in said], [follows(here, one.yes) for here, one in said]
    found = Truth(both(over.known, either(*some)), both(over.known, *every))
    return found if step.name == "_||_" else found.negated()


def total(translation: Translation, node: Node) -> Value | None:
    """`sum(list)`: its elements are added exactly, and the sum is rounded once."""
    over = elements(translation, node.children[0])
    terms = [(one.present, as_real(one.value)) for one in over.found] if over is not None else []
    numbers = [(here, term) for here, term in terms if term is not None]
    if over is None or len(numbers) < len(terms):
        return None
    exact = _added((here, term.text) for here, term in numbers)
    size = _added((here, size_of(term.text)) for here, term in numbers)
    whole = all(isinstance(one.value, Term) and one.value.sort == "Int" for one in over.found)
    slack = f"(ite (< {size} {_WHOLE}) 0.0 {size})" if whole else size
    wild = either(*(both(here, term.wild) for here, term in numbers))
    return Term("Real", rounded(translation, node, exact, size=slack), over.known, wild)


def _added(parts: Iterable[tuple[str, str]]) -> str:
    return f"(+ 0.0 {' '.join(f'(ite {here} {number} 0.0)' for here, number in parts)})"


def _within(translation: Translation, node: Node, one: Element) -> Translation:
    """The same where the name that runs over the list stands for one of its elements."""
    scope = f"{translation.scope} {node.name}={one.value}"
    return replace(translation, bound={**translation.bound, node.name: one.value}, scope=scope)


def _known(value: Value) -> str:
    return either(value.yes, value.no) if isinstance(value, Truth) else value.known
