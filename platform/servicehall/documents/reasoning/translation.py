"""From the tree of an expression to formulas that hold whenever it does.

They never say less than the expression can do: what cannot be said exactly is left open, so that what they exclude is
excluded indeed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Protocol

from servicehall.documents.reasoning import lists, reckoning
from servicehall.documents.reasoning.inquiry import PREDICATES, Inquiry
from servicehall.documents.reasoning.terms import (
    FALSE,
    TRUE,
    Members,
    Term,
    Truth,
    Value,
    both,
    either,
    negation,
    number,
)
from servicehall.domain.conditions import compile
from servicehall.domain.expression_compiler import Compiler
from servicehall.domain.expression_environment import Environment
from servicehall.domain.expression_tree import Node, free_paths
from servicehall.domain.expression_types import Type

_EQUAL = {"_==_": False, "_!=_": True}
_ORDER = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Names(Protocol):
    """What stands behind the names of an expression."""

    def value(self, path: str) -> Value | None:
        """The value of a path; None where it is one of which nothing can be said."""

    def answered(self, path: str) -> str | None:
        """The formula of there being an answer."""


@lru_cache(maxsize=4096)
def tree_of(text: str, environment: Environment, expects: Type | None = None) -> Node:
    """The tree of an expression that compiles, its literals of the type that they stand for."""
    compile(text, environment, expects)
    made = Compiler(environment, text)
    made.compiled(expects)
    return made.tree


@dataclass(frozen=True)
class Translation:
    """Reads trees for one inquiry; what `value` stands for is told apart by the scope, and so are the `bound` names,
    which run over a list."""

    inquiry: Inquiry
    names: Names
    scope: str = ""
    bound: Mapping[str, Value] = field(default_factory=dict)

    def truth(self, node: Node) -> Truth:
        """What a yes-or-no expression says."""
        found = self.read(node)
        if isinstance(found, Truth):
            return found
        self.mention(node)
        return self.inquiry.opaque(node, self.scope)

    def mention(self, node: Node) -> None:
        """What an expression of which nothing can be said leans on belongs to the case all the same."""
        for path in free_paths(node, frozenset(self.bound)):
            self.names.value(_plain(path))

    def read(self, node: Node) -> Value | None:
        """Its value; None where nothing can be said of it."""
        if node.kind == "const":
            return self._constant(node)
        path = node.path()
        if path is not None and path.partition(".")[0] in self.bound:
            return self.bound.get(path)
        if path is not None:
            return self._test(path) if node.literal == "test" else self.names.value(_plain(path))
        if node.kind == "call" and node.name in _CALLS:
            return _CALLS[node.name](self, node)
        if node.kind == "call" and node.name in PREDICATES and len(node.children) == 2:
            return self._predicate(node)
        return lists.quantified(self, node) if node.kind == "comprehension" else None

    def _constant(self, node: Node) -> Value | None:
        if node.literal == "bool":
            return Truth(TRUE, FALSE) if node.value else Truth(FALSE, TRUE)
        if node.literal == "string":
            return Term("Text", str(self.inquiry.code(node.value)))
        if node.literal in ("int", "double"):
            real = node.literal == "double"
            return Term("Real" if real else "Int", number(Fraction(repr(node.value)), real=real))
        return None

    def _test(self, path: str) -> Truth | None:
        known = self.names.answered(_plain(path))
        return Truth(known, negation(known)) if known is not None else None

    def _predicate(self, node: Node) -> Value | None:
        text, literal = self.read(node.children[0]), node.children[1]
        if not isinstance(text, Term) or literal.literal != "string":
            return None
        said = f"({self.inquiry.predicate(node.name, literal.value)} {text.text})"
        return Truth(both(text.known, said), both(text.known, negation(said)))

    # --- calls ---

    def conjunction(self, node: Node) -> Value:
        parts = [self.truth(one) for one in node.children]
        return Truth(both(*(one.yes for one in parts)), either(*(one.no for one in parts)))

    def disjunction(self, node: Node) -> Value:
        parts = [self.truth(one) for one in node.children]
        return Truth(either(*(one.yes for one in parts)), both(*(one.no for one in parts)))

    def opposite(self, node: Node) -> Value:
        return self.truth(node.children[0]).negated()

    def choice(self, node: Node) -> Value | None:
        condition = self.truth(node.children[0])
        one, other = self.read(node.children[1]), self.read(node.children[2])
        if isinstance(one, Truth) and isinstance(other, Truth):
            yes = either(both(condition.yes, one.yes), both(condition.no, other.yes))
            return Truth(yes, either(both(condition.yes, one.no), both(condition.no, other.no)))
        if isinstance(one, Term) and isinstance(other, Term) and one.sort == other.sort:
            known = either(both(condition.yes, one.known), both(condition.no, other.known))
            wild = either(both(condition.yes, one.wild), both(condition.no, other.wild))
            return Term(one.sort, f"(ite {condition.yes} {one.text} {other.text})", known, wild)
        return None

    def equality(self, node: Node) -> Value | None:
        one, other = (self.read(child) for child in node.children)
        if isinstance(one, Truth) and isinstance(other, Truth):
            same = either(both(one.yes, other.yes), both(one.no, other.no))
            differs = either(both(one.yes, other.no), both(one.no, other.yes))
            found = Truth(same, differs)
        elif isinstance(one, Term) and isinstance(other, Term):
            found = self._relation(node, one, other, "=")
        else:
            return None
        return found.negated() if _EQUAL[node.name] else found

    def order(self, node: Node) -> Value | None:
        one, other = (self.read(child) for child in node.children)
        if not (isinstance(one, Term) and isinstance(other, Term)):
            return None
        if "Text" in (one.sort, other.sort):
            return self._order_of_texts(node, one, other)
        return self._relation(node, one, other, _ORDER[node.name])

    def _order_of_texts(self, node: Node, one: Term, other: Term) -> Value | None:
        """A text beside a literal: it comes before it, is it, or comes after it."""
        sign, left, right = _ORDER[node.name], *node.children
        if left.literal == "string":
            one, other, right, sign = other, one, left, _MIRRORED[sign]
        if right.literal != "string":
            return None
        before = f"({self.inquiry.predicate('<', right.value)} {one.text})"
        same = f"(= {one.text} {other.text})"
        said = before if sign in ("<", ">=") else either(before, same)
        found = Truth(both(one.known, said), both(one.known, negation(said)))
        return found if sign in ("<", "<=") else found.negated()

    def index(self, node: Node) -> Value | None:
        """`{"small": 1, "large": 2}[size]`: the value beside a key that is written out."""
        table, key = node.children[0], self.read(node.children[1])
        if table.kind != "struct" or not isinstance(key, Term) or key.sort != "Text":
            return None
        keys, values = table.children[::2], [self.read(child) for child in table.children[1::2]]
        terms = [one for one in values if isinstance(one, Term)]
        alike = len(terms) == len(values) and len({one.sort for one in terms}) == 1
        if not alike or any(name.literal != "string" for name in keys):
            return None
        found, known = terms[0].text, FALSE
        for name, term in zip(keys, terms, strict=True):
            here = f"(= {key.text} {self.inquiry.code(name.value)})"
            found, known = f"(ite {here} {term.text} {found})", either(known, both(here, term.known))
        return Term(terms[0].sort, found, both(key.known, known), either(*(one.wild for one in terms)))

    def _relation(self, node: Node, one: Term, other: Term, sign: str) -> Truth:
        """Where a number may be none (0.0 / 0.0), the relation is left open."""
        said, known = f"({sign} {one.text} {other.text})", both(one.known, other.known)
        wild = either(one.wild, other.wild)
        if wild == FALSE:
            return Truth(both(known, said), both(known, negation(said)))
        free = self.inquiry.opaque(node, self.scope)
        yes = either(both(negation(wild), said), both(wild, free.yes))
        no = either(both(negation(wild), negation(said)), both(wild, free.no))
        return Truth(both(known, yes), both(known, no))

    def membership(self, node: Node) -> Value | None:
        one = self.read(node.children[0])
        if not isinstance(one, Term):
            return None
        if node.children[1].kind == "list":
            others = [self.read(child) for child in node.children[1].children]
            terms = [other for other in others if isinstance(other, Term) and other.wild == FALSE]
            if len(terms) < len(others) or one.wild != FALSE:
                return None
            known = both(one.known, *(other.known for other in terms))
            said = either(*(f"(= {one.text} {other.text})" for other in terms))
            return Truth(both(known, said), both(known, negation(said)))
        found = self.read(node.children[1])
        if not isinstance(found, Members) or one.sort != "Text":
            return None
        known = both(one.known, found.known)
        chosen = [both(f"(= {one.text} {code})", member) for code, member in found.options.items()]
        said = f"({found.within} {one.text})" if found.within else either(*chosen)
        return Truth(both(known, said), both(known, negation(said)))

    def size(self, node: Node) -> Value | None:
        found = self.read(node.children[0]) or lists.elements(self, node.children[0])
        return Term("Int", found.size, found.known) if isinstance(found, Members | lists.Elements) else None


def _plain(path: str) -> str:
    return path.removeprefix("answers.")


_CALLS: Mapping[str, Callable[[Translation, Node], Value | None]] = {
    "_&&_": Translation.conjunction,
    "_||_": Translation.disjunction,
    "!_": Translation.opposite,
    "_?_:_": Translation.choice,
    **dict.fromkeys(_EQUAL, Translation.equality),
    **dict.fromkeys(_ORDER, Translation.order),
    "@in": Translation.membership,
    "size": Translation.size,
    "sum": lists.total,
    "double": reckoning.to_real,
    "days": reckoning.days,
    "timestamp": reckoning.moment,
    "duration": reckoning.span,
    **dict.fromkeys(("_+_", "_-_"), reckoning.addition),
    "_*_": reckoning.product,
    "_/_": reckoning.quotient,
    "-_": reckoning.minus,
    "_[_]": Translation.index,
    **dict.fromkeys(reckoning.PARTS, reckoning.part),
}
