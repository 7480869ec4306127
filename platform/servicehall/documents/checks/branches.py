"""Conditions side by side that divide a number among them: where none of them holds, and where two do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.reasoning.inquiry import sketch
from servicehall.documents.reasoning.translation import tree_of
from servicehall.domain.conditions import Environment
from servicehall.domain.expression_tree import Node
from servicehall.errors import Invalid
from servicehall.forms import Field
from servicehall.forms.fields.table import TableField
from servicehall.forms.numbers import minor_unit
from servicehall.forms.reading import Refused
from servicehall.texts import _

NARROW = 1
"""A gap or an overlap of no more than this was hardly meant."""
_SIGNS = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=", "_==_": "=="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class Range:
    """The numbers between two bounds, each of which may be missing, and may belong to them."""

    low: Fraction | None = None
    has_low: bool = True
    high: Fraction | None = None
    has_high: bool = True

    def within(self, sign: str, bound: Fraction) -> Range:
        """The part of it for which a comparison holds."""
        found = self
        if sign in (">", ">=", "==") and (found.low is None or bound >= found.low):
            open_ = sign == ">" or (bound == found.low and not found.has_low)
            found = Range(bound, not open_, found.high, found.has_high)
        if sign in ("<", "<=", "==") and (found.high is None or bound <= found.high):
            open_ = sign == "<" or (bound == found.high and not found.has_high)
            found = Range(found.low, found.has_low, bound, not open_)
        return found

    def covers(self, other: Range) -> bool:
        low = self.low is None or (
            other.low is not None
            and (other.low > self.low or (other.low == self.low and self.has_low >= other.has_low))
        )
        high = self.high is None or (
            other.high is not None
            and (other.high < self.high or (other.high == self.high and self.has_high >= other.has_high))
        )
        return low and high

    def example(self, step: Fraction) -> Fraction | None:
        """A number in it that can be an answer; None where there is none."""
        if self.low is None or self.high is None:
            return self.low if self.low is not None and self.has_low else self.high
        if step:
            first = -(-self.low // step) * step
            first = first if first > self.low or self.has_low else first + step
            return first if first < self.high or (first == self.high and self.has_high) else None
        if self.low == self.high:
            return self.low if self.has_low and self.has_high else None
        return self.low if self.has_low else (self.low + self.high) / 2 if self.low < self.high else None


@dataclass(frozen=True)
class Branch:
    """One of several conditions: `name` tells it from the others."""

    place: Place
    name: str
    rule: str


@dataclass(frozen=True)
class Split:
    """How conditions side by side are meant: whether a wide gap, a narrow overlap or a wide one is a mistake."""

    wide_gaps: bool = False
    overlaps: bool = True
    wide_overlaps: bool = False


@dataclass(frozen=True)
class Around:
    """The names that conditions side by side may compare, and what is behind them; in the rows of a `table` its own."""

    environment: Environment
    fields: Mapping[str, Field]
    table: TableField | None = None

    def row(self, table: TableField) -> Around:
        columns = {column.key: column for column in table.columns}
        return Around(table.rows.environment, {**self.fields, **columns}, table)


def check_branches(
    examination: Examination,
    branches: Sequence[Branch],
    around: Around,
    split: Split,
) -> None:
    """Warns of numbers that fall between branches, or into two of them."""
    for (path, _rest), members in _groups(branches, around.environment).items():
        ordered = sorted(members, key=lambda one: (one[1].low is not None, one[1].low or Fraction(0)))
        if not _is_split([found for _branch, found in ordered]):
            continue
        for branch, other, gap in _gaps(ordered):
            if split.wide_gaps or _width(gap) <= NARROW:
                _tell(examination, branch, other, gap, path, around, gap=True)
        for branch, other, shared in _overlaps(ordered) if split.overlaps else ():
            if split.wide_overlaps or _width(shared) <= NARROW:
                _tell(examination, branch, other, shared, path, around, gap=False)


Member = tuple[Branch, Range]


def _groups(branches: Iterable[Branch], environment: Environment) -> Mapping[tuple[str, frozenset[str]], list[Member]]:
    """Branches that differ in nothing but the range of one number."""
    found: dict[tuple[str, frozenset[str]], list[Member]] = {}
    for branch in branches:
        try:
            parts = list(_conjuncts(tree_of(branch.rule, environment)))
        except Invalid:
            continue
        compared = [(part, _comparison(part)) for part in parts]
        for path in dict.fromkeys(one[0] for _part, one in compared if one is not None):
            range_ = Range()
            for _part, one in compared:
                if one is not None and one[0] == path:
                    range_ = range_.within(*one[1:])
            rest = frozenset(sketch(part) for part, one in compared if one is None or one[0] != path)
            members = found.setdefault((path, rest), [])
            if all(range_ != other for _branch, other in members):
                members.append((branch, range_))
    return found


def _conjuncts(node: Node) -> Iterator[Node]:
    if node.kind == "call" and node.name == "_&&_":
        for child in node.children:
            yield from _conjuncts(child)
    else:
        yield node


def _comparison(node: Node) -> tuple[str, str, Fraction] | None:
    """The path, the sign and the number of a comparison with a literal."""
    if node.kind == "call" and node.name == "!_":
        found = _comparison(node.children[0])
        return (found[0], _OPPOSITE[found[1]], found[2]) if found is not None and found[1] in _OPPOSITE else None
    if node.kind != "call" or node.name not in _SIGNS:
        return None
    sign, (left, right) = _SIGNS[node.name], node.children
    if left.literal in ("int", "double"):
        sign, left, right = _MIRRORED[sign], right, left
    path = left.path()
    if path is None or left.literal == "test" or right.literal not in ("int", "double"):
        return None
    return path.removeprefix("answers."), sign, Fraction(repr(right.value))


def _is_split(ranges: Sequence[Range]) -> bool:
    """Whether they divide the numbers: one begins below, another above; thresholds one above the other do not."""
    below = [one for one in ranges if one.low is None and one.high is not None]
    above = [one for one in ranges if one.high is None and one.low is not None]
    return bool(below and above)


def _gaps(ordered: Sequence[Member]) -> Iterator[tuple[Branch, Branch, Range]]:
    """What lies between a branch and the next, and belongs to none."""
    last, reach = ordered[0]
    for branch, found in ordered[1:]:
        if reach.high is None:
            return
        if found.low is not None and (
            found.low > reach.high or (found.low == reach.high and not (found.has_low or reach.has_high))
        ):
            yield branch, last, Range(reach.high, not reach.has_high, found.low, not found.has_low)
        if found.high is None or (found.high, found.has_high) > (reach.high, reach.has_high):
            last, reach = branch, found


def _overlaps(ordered: Sequence[Member]) -> Iterator[tuple[Branch, Branch, Range]]:
    """What belongs to two branches of which neither holds the other."""
    for index, (other, one) in enumerate(ordered):
        for branch, found in ordered[index + 1 :]:
            if one.high is None or found.low is None or one.covers(found) or found.covers(one):
                continue
            shared = Range(found.low, found.has_low, one.high, one.has_high)
            if shared.low < one.high or (shared.low == one.high and shared.has_low and shared.has_high):  # type: ignore[operator]
                yield branch, other, shared


def _width(range_: Range) -> Fraction:
    assert range_.low is not None and range_.high is not None  # noqa: S101 - between two branches
    return range_.high - range_.low


def _tell(
    examination: Examination, branch: Branch, other: Branch, range_: Range, path: str, around: Around, *, gap: bool
) -> None:
    field = around.fields.get(path)
    value = range_.example(_step(field))
    if value is None or not _accepted(field, value):
        return
    said = str(value.numerator) if value.denominator == 1 else str(float(value))
    message = (
        _("neither this nor “{other}” holds for some {name}", other=other.name, name=path)
        if gap
        else _("both this and “{other}” hold for some {name}", other=other.name, name=path)
    )
    examination.weigh(branch.place, "gap" if gap else "overlap", message, _witness(path, value, said, around.table))


def _accepted(field: Any, value: Fraction) -> bool:
    """Whether the number can be an answer; of what is computed nobody knows."""
    if field is None or field.type == "computed":
        return True
    try:
        field.canonical(int(value) if value.denominator == 1 else str(float(value)))
    except Refused:
        return False
    return True


def _witness(path: str, value: Fraction, said: str, table: TableField | None) -> dict[str, Any]:
    answer = int(value) if value.denominator == 1 else said
    if path.startswith("tasks."):
        _tasks, task, key = path.split(".")
        return {"tasks": {task: {key: answer}}}
    if table is not None and any(path == column.key for column in table.columns):
        return {"answers": {table.key: [{path: answer}]}}
    return {"answers": {path: answer}}


def _step(field: Any) -> Fraction:
    """The distance between two answers; 0 where there is always one between."""
    kind = field.result if field is not None and field.type == "computed" else field
    if kind is None or kind.type not in ("integer", "rating", "money", "decimal"):
        return Fraction(0)
    if getattr(kind, "step", None):
        return Fraction(kind.step)
    return Fraction(minor_unit(kind.currency)) if kind.type == "money" else Fraction(1 if kind.type != "decimal" else 0)
