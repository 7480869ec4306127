"""A form under construction: where we are in its document, and every mistake found on the way."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from servicehall.domain import conditions
from servicehall.domain.conditions import Condition, Environment
from servicehall.domain.expression_types import BOOL, Type
from servicehall.errors import Invalid, Problem
from servicehall.forms.rules import Rule
from servicehall.texts import _

KEY = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
MAX_KEY = 64


@dataclass(frozen=True)
class Draft:
    """A place in the document (`form.pages[0].fields[2]`) with the shared list of problems."""

    path: str
    currency: str
    problems: list[Problem] = field(default_factory=list)

    def at(self, part: str | int) -> Draft:
        """The same draft one step deeper."""
        path = f"{self.path}[{part}]" if isinstance(part, int) else f"{self.path}.{part}" if self.path else part
        return Draft(path, self.currency, self.problems)

    def fail(self, code: str, message: str, witness: Mapping[str, Any] | None = None) -> None:
        self.problems.append(Problem(self.path, code, message, witness=witness))

    def expect(self, value: Any, rule: Callable[[Any], str | None]) -> bool:
        """Whether the value follows the rule, which returns what is wrong in words."""
        message = rule(value)
        if message is not None:
            self.fail("type", message)
        return message is None

    def only_known(self, definition: Mapping[Any, Any], known: Iterable[str]) -> None:
        """A problem for each property that is not among those known here."""
        names = sorted(known)
        for name in definition:
            if name not in names:
                close = difflib.get_close_matches(str(name), names, n=1)
                hint = " " + _("Did you mean {name}?", name=close[0]) if close else ""
                self.at(str(name)[:80]).fail(
                    "unknown_property", _("There is no property {name} here.", name=str(name)[:80]) + hint
                )

    def condition(self, text: Any, environment: Environment, expects: Type | None = BOOL) -> Condition | None:
        """The compiled condition, or None with its problems noted."""
        try:
            return conditions.compile(text, environment, expects=expects, path=self.path)
        except Invalid as error:
            self.problems.extend(error.problems)
            return None

    def rule(self, value: Any, environment: Environment) -> Rule:
        """A property that is true, false or a condition."""
        if isinstance(value, bool):
            return value
        return self.condition(value, environment) or False


def text(value: Any) -> str | None:
    """A string, or a mapping of locale to string."""
    if isinstance(value, str):
        return None
    if isinstance(value, Mapping) and value and all(isinstance(v, str) for v in value.values()):
        bad = [str(tag) for tag in value if not (isinstance(tag, str) and _LOCALE.fullmatch(tag))]
        return _("{tag} is not a language.", tag=bad[0]) if bad else None
    return _("This must be a text, or a mapping of language to text.")


def rule_or_flag(value: Any) -> str | None:
    if isinstance(value, bool) or (isinstance(value, str) and value.strip()):
        return None
    return _("This must be true, false or a condition.")


def flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else _("This must be true or false.")


def string(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else _("This must be a text that is not empty.")


def strings(value: Any) -> str | None:
    if isinstance(value, list | tuple) and all(isinstance(one, str) and one for one in value):
        return None
    return _("This must be a list of texts.")


def anything(value: Any) -> str | None:
    return None


def count(value: Any) -> str | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000
    return None if good else _("This must be a whole number from 0.")


def one_of(*allowed: str) -> Callable[[Any], str | None]:
    def rule(value: Any) -> str | None:
        if isinstance(value, str) and value in allowed:
            return None
        return _("This must be one of {allowed}.", allowed=", ".join(allowed))

    return rule


def sequence(value: Any) -> str | None:
    return None if isinstance(value, list | tuple) else _("This must be a list.")


def mapping(value: Any) -> str | None:
    return None if isinstance(value, Mapping) else _("This must be a mapping.")
