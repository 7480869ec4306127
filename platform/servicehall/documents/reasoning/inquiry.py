"""One question to the solver: the symbols that it uses, what is known of them, and what is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import re2

from servicehall.documents.reasoning.solver import Verdict, solve
from servicehall.documents.reasoning.terms import TRUE, Truth, negation
from servicehall.domain.expression_tree import Node

_SAFE = re.compile(r"[^\w.#?@~-]")


def _matches(text: str, pattern: str) -> bool:
    try:
        return re2.search(pattern, text) is not None
    except re2.error:
        return False


PREDICATES: Mapping[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": lambda text, part: part in text,
    "matches": _matches,
    "<": str.__lt__,
}
"""What can be asked of a text and a literal."""


@dataclass
class Inquiry:
    """Symbols by name with their sort; statements by the name of whoever makes them; texts by their code.

    `exact` is false as soon as a part of it says less than the expression does: then a case that is found has to be
    tried, while what is found impossible stays so. `hopes` are what an example should have, if it can.
    """

    symbols: dict[str, str] = field(default_factory=dict)
    statements: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    predicates: dict[tuple[str, str], str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    hopes: dict[str, str] = field(default_factory=dict)
    exact: bool = True
    _opaque: dict[str, str] = field(default_factory=dict)

    def symbol(self, name: str, sort: str) -> str:
        """The symbol of this name, declared once."""
        plain = _SAFE.sub("_", name)
        self.symbols[plain] = sort
        return f"|{plain}|"

    def say(self, name: str, formula: str) -> None:
        """States something under a name by which a contradiction tells of it."""
        if formula != TRUE:
            plain = _SAFE.sub("_", f"@{name}")
            self.statements[f"{plain}#{len(self.statements)}"] = formula

    def code(self, text: str) -> int:
        """Texts are numbers here: equal texts have equal codes."""
        return self.codes.setdefault(text, len(self.codes))

    def predicate(self, call: str, literal: str) -> str:
        """A function over codes that answers like `startsWith("x")` for every text that is named."""
        return f"|{self.predicates.setdefault((call, literal), f'{call}#{len(self.predicates)}')}|"

    def function(self, name: str) -> str:
        """A function from codes to truth of which nothing is known."""
        self.functions[name] = name
        return f"|{name}|"

    def opaque(self, node: Node, scope: str = "") -> Truth:
        """A yes, a no or neither, of which nothing else is known; the same expression is the same within a scope."""
        name = self.open_end(node, scope)
        yes, no = self.symbol(f"{name}.yes", "Bool"), self.symbol(f"{name}.no", "Bool")
        self.statements[f"@{name}"] = f"(not (and {yes} {no}))"
        return Truth(yes, no)

    def open_end(self, node: Node, scope: str = "") -> str:
        """A name for what cannot be said exactly."""
        self.exact = False
        return self._opaque.setdefault(f"{scope} {sketch(node)}", f"open#{len(self._opaque)}")

    def ask(self, **wanted: str) -> Verdict:
        """Whether what is wanted can hold together with all that was stated."""
        return solve(self._declarations(), {**self.statements, **wanted})

    def _declarations(self) -> str:
        lines = [f"(declare-const |{name}| {sort})" for name, sort in sorted(self.symbols.items())]
        lines += [f"(declare-fun |{name}| (Int) Bool)" for name in sorted(self.functions)]
        for (call, literal), name in self.predicates.items():
            lines.append(f"(declare-fun |{name}| (Int) Bool)")
            for text, code in self.codes.items():
                said = f"(|{name}| {code})"
                lines.append(f"(assert {said if PREDICATES[call](text, literal) else negation(said)})")
        return "\n".join([*lines, ""])


def sketch(node: Node) -> str:
    """The same text for expressions that say the same in the same words."""
    own = f"{node.kind}:{node.name}:{node.literal}:{node.value!r}"
    return f"{own}({','.join(map(sketch, node.children))})" if node.children else own
