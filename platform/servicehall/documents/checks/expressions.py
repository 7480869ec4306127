"""Expressions: each place has its names and the type of its result."""

from __future__ import annotations

from collections.abc import Collection

from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.parts import suggest
from servicehall.domain.conditions import Condition, Environment, compile, free_names
from servicehall.domain.expression_types import BOOL, Type
from servicehall.errors import Invalid
from servicehall.texts import _

ALWAYS = ("today", "now")
ABOUT_PEOPLE = ("requester", *ALWAYS)
"""What `audience` and `excluded` may ask."""
WITHOUT_FORM = ("requester", "requested_for", "request", *ALWAYS)
"""What a rule of the department may ask: there is no form."""
_RECORDS = ("requester", "requested_for", "request")


def check_expression(
    examination: Examination,
    place: Place,
    environment: Environment,
    *,
    expects: Type | None = BOOL,
    only: Collection[str] | None = None,
) -> Condition | None:
    """The compiled expression of a place; `only` limits the names that it may start with. None where it is wrong."""
    try:
        condition = compile(place.value, environment, expects=expects, path=place.path)
    except Invalid as error:
        for problem in error.problems:
            examination.error(place, problem.code, problem.message)
        return None
    strange = sorted({name.split(".")[0] for name in condition.names} - set(only or environment.roots()))
    for name in strange:
        message = _("“{name}” is not known here; {hint}", name=name, hint=suggest(name, only or ()))
        examination.error(place, "unknown_name", message)
    return None if strange else condition


def check_syntax(examination: Examination, place: Place) -> None:
    """What can be said of an expression whose form is not known: its syntax, and names behind the given ones."""
    try:
        names = free_names(place.value)
    except Invalid as error:
        for problem in error.problems:
            examination.error(place, problem.code, problem.message)
        return
    known = set(Environment().names())
    for name in sorted(names):
        root, _dot, rest = name.partition(".")
        if root in _RECORDS and rest and f"{root}.{rest.split('.')[0]}" not in known:
            inner = [path.removeprefix(f"{root}.") for path in known if path.startswith(f"{root}.")]
            message = _("{root} has no {name}; {hint}", root=root, name=rest, hint=suggest(rest, sorted(inner)))
            examination.error(place, "unknown_name", message)


def check_when(examination: Examination, place: Place, environment: Environment | None) -> None:
    """A condition where there is one: typed where the form is known, else its syntax."""
    if not isinstance(place.value, str):
        return
    if environment is None:
        check_syntax(examination, place)
    else:
        check_expression(examination, place, environment)
