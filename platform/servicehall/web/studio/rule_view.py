"""The rule builder as its template shows it: each line's names, operators and values to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from servicehall.documents import rule_rows as rows
from servicehall.documents.rule_words import Words
from servicehall.domain.expression_errors import type_words
from servicehall.domain.expression_types import INT, Type
from servicehall.texts import N_, _
from servicehall.web.studio.rule_builder import Builder
from servicehall.web.studio.rule_lines import Box, Line

Choices = Sequence[tuple[str, str]]
MOST_BOXES = 30
JOINTS = {
    rows.ALL: N_("all of these hold"),
    rows.ANY: N_("at least one of these holds"),
    rows.NONE: N_("none of these holds"),
    rows.NOT_ALL: N_("not all of these hold"),
}
_ROOTS = {
    "requester": N_("Requester"),
    "requested_for": N_("Beneficiary"),
    "request": N_("Request"),
    "tasks": N_("Tasks"),
}
_MOMENTS = ("today", "now")
_FUNCTIONS = (
    ("has(answers.…)", N_("whether there is an answer")),
    ("size(…)", N_("how many, or how long")),
    ("days(n)", N_("so many days: today + days(3)")),
    ("sum(…)", N_("the sum of a list of numbers")),
    ("… in […]", N_("whether it is one of these")),
    ("….contains(…)", N_("whether a text holds another")),
    ("….startsWith(…)", N_("whether a text begins with another")),
    ("….matches(…)", N_("whether a text fits a pattern (RE2)")),
    ("….exists(row, …)", N_("whether something holds for one entry")),
    ("….all(row, …)", N_("whether something holds for every entry")),
    ("….map(row, …)", N_("each entry as something else")),
    ("double(…)", N_("an integer as a decimal")),
    ('timestamp("2026-12-31T00:00:00Z")', N_("a day or moment")),
    ('duration("4h")', N_("a length of time")),
)


@dataclass(frozen=True)
class LineView:
    """One line; `control` is `none`, `text`, `number`, `date`, `span`, `choice`, `choices` or `lines`."""

    path: str
    line: Line
    operators: Choices
    control: str
    choices: Choices
    others: Choices
    moment: bool


@dataclass(frozen=True)
class BoxView:
    path: str
    box: Box
    parts: Sequence[LineView | BoxView]


def box_view(builder: Builder, words: Words, box: Box | None = None, path: str = "") -> BoxView:
    """A box with everything in it."""
    box = box or builder.box
    parts: list[LineView | BoxView] = []
    for index, one in enumerate(box.lines):
        inner = f"{path}.{index}" if path else str(index)
        parts.append(
            box_view(builder, words, one, inner) if isinstance(one, Box) else _line(builder, words, one, inner)
        )
    return BoxView(path, box, parts)


def _line(builder: Builder, words: Words, line: Line, path: str) -> LineView:
    type_ = builder.types.get(line.name)
    if type_ is None:
        return LineView(path, line, [], "none", [], [], moment=False)
    shape = rows.shape_of(type_)
    operators = [(one, words.operator(one, shape)) for one in rows.operators_of(line.name, type_)]
    choices = words.choices(line.name)
    known = {key for key, _label in choices}
    if choices and line.operator not in rows.TYPED and line.by == "value":
        choices = [*choices, *((one, one) for one in line.values if one not in known)]
    inner = None if line.operator in rows.VALUELESS else _inner(line, type_)
    typed = line.operator in (*rows.TYPED, *rows.SEVERAL) or line.operator.startswith(rows.COUNT)
    others = [] if inner is None or typed else _names_of(builder, words, inner, line.name)
    control = "none" if inner is None else _control(line, inner, choices)
    return LineView(path, line, operators, control, choices, others, moment=inner is not None and shape == rows.MOMENT)


def _inner(line: Line, type_: Type) -> Type:
    return INT if line.operator.startswith(rows.COUNT) else type_.of or type_


def _control(line: Line, type_: Type, choices: Choices) -> str:
    if line.operator in rows.SEVERAL:
        return "choices" if 0 < len(choices) <= MOST_BOXES else "lines"
    if line.operator in rows.TYPED:
        return "text"
    shape = rows.shape_of(type_)
    if shape == rows.TEXT:
        return "choice" if choices else "text"
    return {rows.NUMBER: "number", rows.MOMENT: "date", rows.DURATION: "span"}[shape]


def _names_of(builder: Builder, words: Words, type_: Type, beside: str) -> Choices:
    return [
        (path, words.name(path))
        for path, one in builder.types.items()
        if one == type_ and path != beside and _may(builder, path)
    ]


def _may(builder: Builder, path: str) -> bool:
    only = builder.place.scope.only
    return only is None or path.split(".")[0] in only


def names(builder: Builder, words: Words) -> list[tuple[str, Choices]]:
    """What a line may begin with: the form's fields first, then people, request, tasks and moments."""
    found: dict[str, list[tuple[str, str]]] = {_("Form"): []}
    for path in builder.types:
        if _may(builder, path):
            root = path.split(".")[0]
            title = _("Moments") if root in _MOMENTS else _(_ROOTS[root]) if root in _ROOTS else _("Form")
            found.setdefault(title, []).append((path, words.name(path)))
    return [(title, choices) for title, choices in found.items() if choices]


def vocabulary(builder: Builder, words: Words) -> list[tuple[str, str, str]]:
    """Every name and function that may be written, with its type or use and what it is called."""
    known = [
        (path, type_words(type_.name), words.name(path)) for path, type_ in builder.types.items() if _may(builder, path)
    ]
    return [*known, *((text, _("function"), _(use)) for text, use in _FUNCTIONS)]
