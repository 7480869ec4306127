"""The solver (z3), behind this one module and only where it is installed: can these formulas hold together?

Its effort is bounded by what it does, never by a clock, and its seeds are fixed. Every thread has a context of its own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

MOST_EFFORT: Final = 3_000_000
"""Steps of the solver for one question; a few thousand do for nearly all."""
MOST_REMEMBERED: Final = 20_000
Known = bool | Fraction


@dataclass(frozen=True)
class Verdict:
    """`possible` is None where the solver cannot tell. `values` are those of one case in which all holds, by symbol;
    `because` are the names of statements that cannot hold together."""

    possible: bool | None
    values: Mapping[str, Known] = field(default_factory=dict)
    because: Sequence[str] = ()


_own = threading.local()
_remembered: OrderedDict[tuple[str, tuple[str, ...]], Verdict] = OrderedDict()


@cache
def is_installed() -> bool:
    """Whether the optional package is there."""
    return find_spec("z3") is not None


def solve(declarations: str, named: Mapping[str, str]) -> Verdict:
    """Whether the named statements can hold together; the same question is asked once."""
    text = declarations + "".join(f"(assert (=> |{name}| {formula}))\n" for name, formula in named.items())
    text = "".join(f"(declare-const |{name}| Bool)\n" for name in named) + text
    key = (text, tuple(named))
    found = _remembered.get(key)
    if found is None:
        found = _remembered[key] = _solved(*key)
        while len(_remembered) > MOST_REMEMBERED:
            _remembered.popitem(last=False)
    else:
        _remembered.move_to_end(key)
    return found


def _solved(text: str, names: tuple[str, ...]) -> Verdict:
    import z3

    if not hasattr(_own, "context"):
        _own.context = z3.Context()
    context = _own.context
    solver = z3.Solver(ctx=context)
    solver.set("rlimit", MOST_EFFORT)
    solver.set("random_seed", 0)
    solver.from_string(text)
    outcome = solver.check(*[z3.Bool(name, context) for name in names])
    if outcome == z3.sat:
        model = solver.model()
        return Verdict(True, {str(one.name()): _plain(model[one]) for one in model.decls() if one.arity() == 0})
    if outcome == z3.unsat:
        core = {str(one) for one in solver.unsat_core()}
        return Verdict(False, because=[name for name in names if name in core])
    return Verdict(None)


def _plain(value: Any) -> Known:
    import z3

    if z3.is_true(value) or z3.is_false(value):
        return bool(z3.is_true(value))
    if z3.is_algebraic_value(value):
        value = value.approx(20)
    text: str = str(value)
    return Fraction(text.replace(" ", ""))
