"""Rules in a sentence: "Shown when Department is IT and Amount is more than 5,000"; in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from math import inf
from typing import Literal

from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal

from servicehall.documents import rule_rows as rows
from servicehall.documents.rule_expressions import read
from servicehall.documents.rule_places import RulePlace
from servicehall.documents.rule_rows import Group, Name, Row, Span, Value
from servicehall.documents.rule_scopes import Answer, Scope
from servicehall.texts import N_, _, current_locale, pick

Unit = Literal["day", "hour", "minute", "second"]
Labels = Mapping[str, Sequence[tuple[str, str]]]
"""Name, or field type, → the keys of its values with their words: `requester.department`, `department`."""

_PEOPLE = {"requester": N_("Requester"), "requested_for": N_("Beneficiary")}
ABOUT_A_PERSON = {
    "id": N_("ID"),
    "name": N_("name"),
    "email": N_("e-mail"),
    "department": N_("department"),
    "location": N_("location"),
    "title": N_("job title"),
    "grade": N_("grade"),
    "type": N_("employment type"),
    "manager": N_("manager"),
    "is_manager": N_("being a manager"),
    "groups": N_("groups"),
    "start_date": N_("first day at work"),
}
GIVEN = {
    "request.type": N_("Kind of request"),
    "request.priority": N_("Priority"),
    "request.impact": N_("Impact"),
    "request.urgency": N_("Urgency"),
    "request.created_at": N_("Time of the request"),
    "request.department": N_("Owning department"),
    "today": N_("today"),
    "now": N_("this moment"),
    "value": N_("The answer"),
}
_OPERATORS = {
    rows.YES: N_("is yes"),
    rows.NO: N_("is no"),
    rows.IS: N_("is"),
    rows.IS_NOT: N_("is not"),
    rows.ONE_OF: N_("is one of"),
    rows.NONE_OF: N_("is none of"),
    rows.LESS: N_("is less than"),
    rows.AT_MOST: N_("is at most"),
    rows.MORE: N_("is more than"),
    rows.AT_LEAST: N_("is at least"),
    rows.CONTAINS: N_("contains"),
    rows.CONTAINS_NOT: N_("does not contain"),
    rows.STARTS: N_("begins with"),
    rows.ENDS: N_("ends with"),
    rows.HAS: N_("includes"),
    rows.HAS_NOT: N_("does not include"),
    rows.ANSWERED: N_("is answered"),
    rows.UNANSWERED: N_("is not answered"),
}
_OF_MOMENTS = {
    rows.LESS: N_("is before"),
    rows.AT_MOST: N_("is not after"),
    rows.MORE: N_("is after"),
    rows.AT_LEAST: N_("is not before"),
}
_SENTENCES = {
    "visible": N_("Shown when {condition}"),
    "required": N_("Required when {condition}"),
    "read_only": N_("Cannot be changed when {condition}"),
    "audience": N_("Offered when {condition}"),
    "excluded": N_("Withheld when {condition}"),
    "rule": N_("Accepted when {condition}"),
    "default": N_("Begins as {condition}"),
    "value": N_("Worked out as {condition}"),
    "answers": N_("Answered with {condition}"),
}
_WHEN = {
    "option": N_("Offered when {condition}"),
    "stage": N_("Asked when {condition}"),
    "task": N_("Needed when {condition}"),
    "step": N_("Taken when {condition}"),
}
_APPLIES = N_("Applies when {condition}")
_PUNCTUATION = re.compile(r"[?!.,;:()？！。，；：（）]")
_SPANS: Mapping[str, Unit] = {"s": "second", "m": "minute", "h": "hour"}


@dataclass(frozen=True)
class Words:
    """The words of one scope; `labels` are the words of values that no form gives."""

    scope: Scope
    labels: Labels = field(default_factory=dict)

    def name(self, path: str) -> str:
        """A name as a person reads it; one that nobody labelled stands for itself."""
        known = self.scope.answers.get(path)
        if known is not None:
            return pick(known.label) or path
        if path in GIVEN:
            return _(GIVEN[path])
        root, _dot, rest = path.partition(".")
        if root in _PEOPLE and rest in ABOUT_A_PERSON:
            return _("{person}’s {property}", person=_(_PEOPLE[root]), property=_(ABOUT_A_PERSON[rest]))
        return f"{self.name(root)} · {rest}" if rest and root in self.scope.answers else path

    def choices(self, path: str) -> list[tuple[str, str]]:
        """The values that a name can have, with their words; empty where they are not a few."""
        known = self.scope.answers.get(path) or Answer(path, "")
        if known.options:
            return list({key: pick(label) or key for key, label in known.options}.items())
        return list(self.labels.get(path) or self.labels.get(known.type) or ())

    def operator(self, operator: str, shape: str) -> str:
        """An operator by itself, for a name of this shape."""
        if operator.startswith(rows.COUNT):
            return _("number {operator}", operator=_(_OPERATORS[operator.removeprefix(rows.COUNT)]))
        return _(_OF_MOMENTS.get(operator, _OPERATORS[operator]) if shape == rows.MOMENT else _OPERATORS[operator])

    def value(self, value: Value, path: str = "") -> str:
        """A value; those of a choice by their labels."""
        if isinstance(value, tuple):
            return _(", ").join(self.value(one, path) for one in value)
        if isinstance(value, str):
            found = dict(self.choices(path)).get(value) if path else None
            return found if found is not None else _("“{text}”", text=value)
        return _VALUES[type(value)](self, value)

    def condition(self, part: Row | Group, *, inner: bool = False) -> str:
        """A row or group in words."""
        if isinstance(part, Row):
            return self._row(part)
        join = _("{one} and {other}") if part.joined in (rows.ALL, rows.NOT_ALL) else _("{one} or {other}")
        said = [self.condition(one, inner=True) for one in part.rows]
        text = reduce(lambda one, other: join.replace("{one}", one, 1).replace("{other}", other, 1), said)
        if part.joined in (rows.NONE, rows.NOT_ALL):
            return _("not ({condition})", condition=text)
        return _("({condition})", condition=text) if inner else text

    def quoted(self, name: str) -> str:
        """A label with punctuation of its own, apart from the sentence around it."""
        return _("“{text}”", text=name) if _PUNCTUATION.search(name) else name

    def _row(self, row: Row) -> str:
        shape = rows.shape_of(rows.types_of(self.scope.environment)[row.name])
        name, operator = self.quoted(self.name(row.name)), row.operator
        root, _dot, rest = row.name.partition(".")
        if rest == "is_manager" and operator in (rows.YES, rows.NO):
            said = N_("{person} is a manager") if operator == rows.YES else N_("{person} is not a manager")
            return _(said, person=_(_PEOPLE[root]))
        if operator.startswith(rows.COUNT):
            name, operator, shape = _("number of {name}", name=name), operator.removeprefix(rows.COUNT), rows.NUMBER
        if operator in rows.VALUELESS:
            return _("{name} {operator}", name=name, operator=self.operator(operator, shape))
        typed = operator in rows.TYPED or row.operator.startswith(rows.COUNT)
        value = self.value(row.value, "" if typed else row.name)
        return _("{name} {operator} {value}", name=name, operator=self.operator(operator, shape), value=value)


def sentence(place: RulePlace, labels: Labels, text: str | None = None) -> str:
    """What the rule of a place does, in words; what rows cannot say is told by the expression itself."""
    expression = place.value if text is None else text
    if not isinstance(expression, str) or not expression.strip():
        return ""
    if place.condition and expression.strip() in ("true", "false"):
        return _("Always") if expression.strip() == "true" else _("Never")
    found = read(expression, place.scope.environment) if place.condition else None
    condition = Words(place.scope, labels).condition(found) if found is not None else expression.strip()
    return _(pattern_of(place), condition=condition)


def pattern_of(place: RulePlace) -> str:
    """How the sentence of a place begins, untranslated."""
    return _SENTENCES.get(place.name) or _WHEN.get(place.owner.kind, _APPLIES)


def _day(words: Words, value: date) -> str:
    return format_date(value, "medium", locale="zh" if current_locale() == "zh" else "en_GB")


def _long(span: timedelta, unit: Unit) -> str:
    return format_timedelta(span, granularity=unit, threshold=inf, locale=current_locale())


def _named(words: Words, value: Name) -> str:
    name = words.quoted(words.name(value.path))
    if not value.days:
        return name
    days = _long(timedelta(days=abs(value.days)), "day")
    said = N_("{days} after {moment}") if value.days > 0 else N_("{days} before {moment}")
    return _(said, days=days, moment=name)


_VALUES: Mapping[type, Callable[..., str]] = {
    Decimal: lambda words, value: format_decimal(value, locale=current_locale(), decimal_quantization=False),
    date: _day,
    Span: lambda words, value: _long(timedelta(**{f"{_SPANS[value.unit]}s": value.amount}), _SPANS[value.unit]),
    Name: _named,
}
