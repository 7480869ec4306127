"""What can be said of a service's requests: which answers its form accepts, and what is known of people and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from servicehall.documents.reasoning.answers import Named, answer_value, limits, spelt_right
from servicehall.documents.reasoning.computed import computed_statements
from servicehall.documents.reasoning.inquiry import Inquiry
from servicehall.documents.reasoning.reckoning import DAY
from servicehall.documents.reasoning.terms import (
    FALSE,
    TRUE,
    Members,
    Term,
    Truth,
    Value,
    both,
    either,
    follows,
    negation,
)
from servicehall.documents.reasoning.translation import Translation, tree_of
from servicehall.domain.conditions import Condition, Environment
from servicehall.domain.expression_types import PERSON, REQUEST, Type
from servicehall.forms import CompiledForm, Field, Page
from servicehall.forms.fields.table import TableField
from servicehall.forms.rules import Rule

ALWAYS_KNOWN = frozenset(("id", "name", "email", "is_manager", "groups"))
"""What every person has."""
REQUEST_TYPES = ("request", "incident", "problem", "change")
_A_DAY = 20_458
"""A Monday of 2026, in days; an example's today."""
PRIORITIES = ("p1", "p2", "p3", "p4", "p5")


@dataclass(frozen=True)
class PlannedTask:
    """What conditions may ask of a task: its answers are there only if its `when` held."""

    when: str | None
    fields: Mapping[str, Field]


@dataclass(frozen=True)
class World:
    """A service's form, the names of its conditions, its tasks, and the fields that are not asked of the requester.

    Of the form of a task, `outer` is the world of the request around it; of a row of a table, that of the form in which
    the `table` stands.
    """

    form: CompiledForm
    environment: Environment
    left_open: frozenset[str] = frozenset()
    tasks: Mapping[str, PlannedTask] = field(default_factory=dict)
    outer: World | None = None
    table: TableField | None = None

    def row(self, table: TableField) -> World:
        """What can be said of any row of a table."""
        columns = CompiledForm((Page("", None, True, table.columns),), table.rows)
        return World(columns, table.rows.environment, outer=self, table=table)

    def field(self, key: str) -> Field | None:
        """The field of a key: a form's own before one around it."""
        around = self.outer.field(key) if self.outer is not None else None
        return self.form.by_key.get(key, around)

    def environment_of(self, key: str | None) -> Environment:
        """The names that the conditions of a field know; those of what stands around the form without one."""
        if self.outer is not None and key is not None and key not in self.form.by_key:
            return self.outer.environment_of(key)
        return self.environment

    @cached_property
    def hides(self) -> bool:
        """Whether a key means something else here than around: then of what stands around nothing more is said."""
        if self.outer is None:
            return False
        return self.outer.hides or any(self.outer.field(key) is not None for key in self.form.by_key)


class Case:
    """One question about a world: every name that is met brings what is known of it."""

    def __init__(self, world: World, *, without: frozenset[str] = frozenset()) -> None:
        self.world, self.without = world, without
        self.inquiry = Inquiry()
        self.fields: dict[str, Field] = {}
        self._todo: list[str] = []

    # --- what is asked ---

    def truth(self, rule: Rule | str, *, own: str | None = None, of: str | None = None) -> Truth:
        """A condition of the form, or of what stands around it; `own` is the field that `value` means, `of` the one
        whose condition it is."""
        if isinstance(rule, bool):
            return Truth(TRUE, FALSE) if rule else Truth(FALSE, TRUE)
        text = rule.text if isinstance(rule, Condition) else rule
        environment = self.world.environment_of(own or of)
        value = self.world.field(own) if own is not None else None
        if value is not None:
            environment = environment.with_value(value.cel)
        translation = Translation(self.inquiry, _Names(self, own), own or "")
        return translation.truth(tree_of(text, environment))

    def term(self, condition: Condition, expects: Type, *, of: str) -> Value | None:
        """The value of a computed field's expression."""
        translation = Translation(self.inquiry, _Names(self, None))
        tree = tree_of(condition.text, self.world.environment_of(of), expects)
        found = translation.read(tree)
        if found is None:
            translation.mention(tree)
        return found

    def shown(self, one: Field) -> str:
        """The formula of a field being shown."""
        return both(self.truth(one.page_visible, of=one.key).yes, self.truth(one.visible, of=one.key).yes)

    def answered(self, one: Field) -> str:
        return self.meet(one.key, one)

    def settle(self) -> None:
        """States all that is known of what was met, and of what that brings in."""
        table = self.world.table
        if table is not None and not self.world.hides:
            self.inquiry.say(f"{table.key}.visible", self.shown(table))
        while self._todo:
            name = self._todo.pop()
            for label, formula in self._known_of(name, self.fields[name]):
                if label not in self.without:
                    self.inquiry.say(label, formula)
        for name, one in list(self.fields.items()):
            self.inquiry.say(f"{name}.spelling", spelt_right(self.inquiry, name, one))
        self._tell_texts()

    # --- names ---

    def meet(self, name: str, one: Field) -> str:
        """The formula of there being an answer; what is known of the field is stated later."""
        if name not in self.fields:
            self.fields[name] = one
            self._todo.append(name)
        return self.inquiry.symbol(f"{name}?", "Bool")

    def field_of(self, path: str) -> Field | None:
        """The field that a path names, of the form or of a task."""
        root, _dot, rest = path.partition(".")
        if root == "tasks":
            task, _dot, key = rest.partition(".")
            found = self.world.tasks.get(task)
            return found.fields.get(key) if found is not None else None
        return self.world.field(path)

    def given(self, path: str) -> Value | None:
        """What is known of people, of the request and of time."""
        root, _dot, name = path.partition(".")
        if path in ("today", "now"):
            return self._time(path)
        types = {"requester": PERSON, "requested_for": PERSON, "request": REQUEST}
        kinds = dict(types[root].fields) if root in types else {}
        if name not in kinds:
            return None
        always = name in ALWAYS_KNOWN or path == "request.type"
        known = TRUE if always else self.inquiry.symbol(f"{path}?", "Bool")
        if path in _WORDS:
            term = Term("Text", self.inquiry.symbol(path, "Int"), known)
            self.inquiry.say(path, either(*(f"(= {term.text} {self.inquiry.code(one)})" for one in _WORDS[path])))
            return term
        return self._fact(path, kinds[name], known)

    def _fact(self, path: str, kind: Type, known: str) -> Value | None:
        if kind.name == "bool":
            said = self.inquiry.symbol(path, "Bool")
            return Truth(both(known, said), both(known, negation(said)))
        if kind.name == "list":
            size = self.inquiry.symbol(f"{path}#", "Int")
            self.inquiry.say(path, f"(>= {size} 0)")
            return Members({}, size, known, self.inquiry.function(path))
        if kind.name == "timestamp":
            return Term("Moment", self._day(path), known)
        return Term("Text", self.inquiry.symbol(path, "Int"), known)

    def _day(self, path: str) -> str:
        moment, day = self.inquiry.symbol(path, "Real"), self.inquiry.symbol(f"{path}#", "Int")
        self.inquiry.say(path, f"(and (= {moment} (* {DAY}.0 (to_real {day}))) (< 0 {day} 100000))")
        return moment

    def _time(self, path: str) -> Term:
        """`now` is somewhere within the requester's `today`, in whichever zone that is."""
        today = self._day("today")
        self.inquiry.hopes["@hope.today"] = f"(= |today#| {_A_DAY})"
        if path == "today":
            return Term("Moment", today)
        now = self.inquiry.symbol("now", "Real")
        self.inquiry.say("now", f"(and (>= now (- {today} {DAY}.0)) (<= now (+ {today} {2 * DAY}.0)))")
        return Term("Moment", now)

    # --- what is known ---

    def _known_of(self, name: str, one: Field) -> Iterator[tuple[str, str]]:
        answered, named = f"|{name}?|", Named(self.inquiry, name)
        if one.type == "computed":
            yield from computed_statements(self, name, one)
        else:
            yield f"{name}.limits", follows(answered, limits(named, one, self._branches))
        if self.world.hides and name not in self.world.form.by_key:
            self.inquiry.exact = False
            return
        if name.startswith("tasks."):
            task = self.world.tasks[name.split(".")[1]]
            if task.when is not None:
                yield f"{name.rpartition('.')[0]}.when", follows(answered, self.truth(task.when).yes)
            return
        yield f"page {one.page}.visible", follows(answered, self.truth(one.page_visible, of=name).yes)
        yield f"{name}.visible", follows(answered, self.truth(one.visible, of=name).yes)
        for index, check in enumerate(one.checks):
            yield f"{name}.check[{index}]", follows(answered, self.truth(check.rule, own=name).yes)
        if one.type == "computed" or name in self.world.left_open:
            return
        if one.read_only is True and one.default is None:
            yield f"{name}.read_only", negation(answered)
        if one.required is not False:
            needed = both(self.shown(one), self.truth(one.required, of=name).yes)
            yield f"{name}.required", follows(needed, answered)

    def _branches(self, one: Field, key: str) -> str:
        """The formula of an option standing open: its own condition, and its parent's answer."""
        level = getattr(one, "options", ())
        parent = getattr(one, "parent", None)
        if parent is None:
            return either(*(self.truth(option.when, of=one.key).yes for option in level if option.key == key))
        answered, code = self.meet(parent.key, parent), self.inquiry.symbol(parent.key, "Int")
        found = []
        for above in parent.level():
            for option in above.options:
                if option.key == key:
                    chosen = f"(= {code} {self.inquiry.code(above.key)})"
                    found.append(both(answered, chosen, self.truth(option.when, of=one.key).yes))
        return either(*found)

    def _tell_texts(self) -> None:
        """What the solver takes for true of texts and lists is told by symbols, from which examples are made."""
        inquiry = self.inquiry
        for name in [one for one, sort in inquiry.symbols.items() if sort == "Int"]:
            for function in inquiry.predicates.values():
                told = inquiry.symbol(f"{name}~{function}", "Bool")
                inquiry.say("texts", f"(= {told} (|{function}| |{name}|))")
            marks = sorted(literal for call, literal in inquiry.predicates if call == "<")
            for low, high in pairwise(marks):
                before = [f"(|{inquiry.predicates['<', mark]}| |{name}|)" for mark in (low, high)]
                inquiry.say("texts", follows(before[0], before[1]))
        for function in inquiry.functions:
            for code in inquiry.codes.values():
                told = inquiry.symbol(f"{function}@{code}", "Bool")
                inquiry.say("texts", f"(= {told} (|{function}| {code}))")


_WORDS: Mapping[str, tuple[str, ...]] = {"request.type": REQUEST_TYPES, "request.priority": PRIORITIES}


@dataclass(frozen=True)
class _Names:
    """The names of one expression of a case."""

    case: Case
    own: str | None

    def value(self, path: str) -> Value | None:
        path = self.own if path == "value" and self.own is not None else path
        found = self.case.field_of(path)
        if found is None:
            return self.case.given(path)
        return answer_value(Named(self.case.inquiry, path), found, self.case.meet(path, found))

    def answered(self, path: str) -> str | None:
        found = self.case.field_of(path)
        if found is not None:
            return self.case.meet(path, found)
        value = self.case.given(path)
        if isinstance(value, Truth):
            return either(value.yes, value.no)
        return value.known if value is not None else None
