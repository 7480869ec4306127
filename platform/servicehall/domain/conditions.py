"""Conditions and expressions in CEL: compiled with declared names and types, evaluated by the reference engine."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from servicehall.domain import expression_tree as trees
from servicehall.domain.expression_compiler import Compiler, readable
from servicehall.domain.expression_engine import NotRun, Program
from servicehall.domain.expression_environment import RESERVED, Environment
from servicehall.domain.expression_types import BOOL, Type, to_cel
from servicehall.domain.facts import Context, PersonFacts, RequestFacts
from servicehall.errors import Invalid
from servicehall.texts import _

__all__ = [
    "RESERVED",
    "Activation",
    "Condition",
    "Context",
    "Environment",
    "NoValue",
    "PersonFacts",
    "RequestFacts",
    "compile",
    "free_names",
]

_log = logging.getLogger(__name__)
_UNANSWERED = re.compile(r"No value with name|Key not found in map|^NOT_FOUND")


class NoValue(Exception):
    """The expression has no value: because an answer is missing (`unanswered`), or for the reason given."""

    def __init__(self, reason: str, *, unanswered: bool) -> None:
        self.unanswered = unanswered
        super().__init__(reason)


class Activation:
    """The values of one evaluation: the context's, and answers that are put in one after the other."""

    def __init__(self, environment: Environment, context: Context, answers: Mapping[str, Any] | None = None) -> None:
        self._types = dict(environment.fields)
        self._answers: dict[str, Any] = {}
        self.roots: dict[str, Any] = {**context.values, "answers": self._answers}
        self.roots["tasks"] = {key: to_cel(kind, context.tasks.get(key) or {}) for key, kind in environment.tasks}
        for key, value in (answers or {}).items():
            self.put(key, value)

    def within(self, environment: Environment, *, hiding: Collection[str]) -> Activation:
        """The values inside a table row, whose columns hide the outer names that they share."""
        inner = Activation.__new__(Activation)
        inner._types = dict(environment.fields)
        inner._answers = {key: value for key, value in self._answers.items() if key not in hiding}
        outer = {key: value for key, value in self.roots.items() if key not in hiding}
        inner.roots = {**outer, "answers": inner._answers}
        return inner

    def put(self, key: str, value: Any) -> None:
        """A canonical answer; None, or a key that the environment does not know, leaves the name without a value."""
        type_ = self._types.get(key)
        if value is None or type_ is None:
            self._answers.pop(key, None)
            self.roots.pop(key, None)
        else:
            self.roots[key] = self._answers[key] = to_cel(type_, value)

    def with_value(self, key: str) -> Mapping[str, Any]:
        """The same values, with `value` standing for the answer of this field."""
        return {**self.roots, "value": self._answers[key]} if key in self._answers else self.roots


@dataclass(frozen=True, eq=False)
class Condition:
    """A compiled expression: `names` are the paths it takes from outside, `fields` the form's fields among them."""

    text: str
    type: Type
    names: frozenset[str]
    fields: frozenset[str]
    _needs: tuple[tuple[str, tuple[str, ...] | None], ...]
    _program: Program

    def evaluate(self, activation: Activation | Mapping[str, Any]) -> Any:
        """The value as a plain Python one; NoValue where an answer is missing or the evaluation fails."""
        roots = activation.roots if isinstance(activation, Activation) else activation
        try:
            return self._program.run(self._data(roots))
        except NotRun as error:
            reason = str(error)
            raise NoValue(reason, unanswered=_UNANSWERED.search(reason) is not None) from None

    def holds(self, activation: Activation | Mapping[str, Any], *, otherwise: bool) -> bool:
        """True or false, and `otherwise` where there is no value; what fails for another reason is logged."""
        try:
            value = self.evaluate(activation)
        except NoValue as error:
            if not error.unanswered:
                kind = ": ".join(str(error).split(": ")[:2])  # what follows may repeat an answer
                _log.warning("condition %r failed: %s", self.text, kind)
            return otherwise
        return value if isinstance(value, bool) else otherwise

    def _data(self, roots: Mapping[str, Any]) -> dict[str, Any]:
        data = {}
        for root, inner in self._needs:
            if root in roots:
                value = roots[root]
                data[root] = value if inner is None else {key: value[key] for key in inner if key in value}
        return data


@lru_cache(maxsize=8192)
def _compiled(text: str, environment: Environment, expects: Type | None) -> Condition:
    made = Compiler(environment, text).compiled(expects)
    names = frozenset(path.removeprefix("answers.") for path in made.paths)
    keys = {key for key, _type in environment.fields}
    return Condition(
        text=text,
        type=made.type,
        names=names,
        fields=frozenset(root for name in names if (root := name.split(".")[0]) in keys),
        _needs=_needs(made.paths),
        _program=made.program,
    )


def compile(text: str, environment: Environment, expects: Type | None = BOOL, *, path: str = "") -> Condition:
    """The condition of a text whose result is of the type `expects` (None: any; an integer passes for a decimal).

    Raises Invalid with one problem at `path` for each mistake: `syntax`, `unknown_name`, `type`, `too_long`,
    `too_deep`, each with its column in words. The same text in the same environment is compiled once.
    """
    try:
        return _compiled(readable(text), environment, expects)
    except Invalid as error:
        found = [replace(one, path=path) for one in error.problems]
        raise Invalid(_("The expression is not valid."), found) from None


PRIVATE_FACTS = ("grade", "start_date")
"""What conditions know of a person and a colleague may not; whatever comes of one would tell it to its writer."""
_PRIVATE_PATHS = frozenset(
    f"{person}{fact}"
    for person in ("requester", "requested_for")
    for fact in ("", *(f".{one}" for one in PRIVATE_FACTS))
)


def takes_private_facts(text: str) -> bool:
    """Whether a text takes private facts of people, or people whole; Invalid as `compile`."""
    return not _PRIVATE_PATHS.isdisjoint(free_names(text))


def free_names(text: str) -> frozenset[str]:
    """The paths that a text takes from outside, by its syntax alone: `requester.grade`; Invalid as `compile`."""
    return frozenset(trees.free_paths(Compiler(Environment(), readable(text)).tree))


def _needs(paths: frozenset[str]) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    needs: dict[str, set[str] | None] = {}
    for path in sorted(paths):
        root, _dot, rest = path.partition(".")
        inner = needs.setdefault(root, set())
        if not rest:
            needs[root] = None
        elif inner is not None:
            inner.add(rest.split(".")[0])
    return tuple((root, None if inner is None else tuple(inner)) for root, inner in needs.items())
