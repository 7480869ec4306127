"""Repeating rows; columns are fields, with conditions over their own row and the form around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, ClassVar

import wtforms

from servicehall.domain.conditions import Environment
from servicehall.domain.expression_types import Type, list_of, record
from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import CLASSIFICATIONS, Field, Validator
from servicehall.forms.fields.entries import read_entries
from servicehall.forms.lookup import Lookup
from servicehall.forms.ordering import Cycle, in_order
from servicehall.forms.reading import Reading, Refused
from servicehall.forms.rules import rule_fields
from servicehall.forms.scope import Scope
from servicehall.texts import N_, _, listed, pick

MAX_ROWS = 200


class TableField(Field):
    """Stored as a list of rows, each a mapping of the columns that have an answer."""

    type = "table"
    title = N_("Table")
    icon = "table"
    group = "layout"
    begins: ClassVar[Mapping[str, Any]] = {
        "columns": [{"key": "text", "type": "text", "label": {"en": "Text", "zh": "文本"}}]
    }
    control = "table"
    takes_default = False
    in_rows = False
    own: ClassVar[Mapping[str, Validator]] = {
        "columns": rules.sequence,
        "min_rows": rules.count,
        "max_rows": rules.count,
    }

    def shape(self, draft: Draft) -> None:
        self.min_rows: int = self.definition.get("min_rows", 0)
        self.most_rows: int = self.definition.get("max_rows", MAX_ROWS)
        if self.most_rows > MAX_ROWS:
            draft.at("max_rows").fail("range", _("At most {n}.", n=MAX_ROWS))
        if self.min_rows > self.most_rows:
            draft.at("min_rows").fail("range", _("The smallest is above the largest."))
        made = list(read_entries(self.definition.get("columns", ()), draft.at("columns"), set(), column=True))
        self._places = [place for _field, place in made]
        self.columns: tuple[Field, ...] = tuple(field for field, _place in made)
        if not self.columns:
            draft.at("columns").fail("required", _("A table has columns."))
        strictest = max((self, *self.columns), key=lambda one: CLASSIFICATIONS.index(one.classification))
        self.classification = strictest.classification
        self.rows = Scope(self.columns, self.columns, Environment())

    @property
    def cel(self) -> Type:
        return list_of(record({field.key: field.cel for field in self.columns if field.answered}))

    def siblings(self, fields: Mapping[str, Field], draft: Draft) -> None:
        inner = {**fields, **{field.key: field for field in self.columns}}
        for field, place in zip(self.columns, self._places, strict=True):
            field.siblings(inner, place)

    def compile(self, environment: Environment, above: frozenset[str], draft: Draft) -> None:
        super().compile(environment, above, draft)
        own = {field.key: field.cel for field in self.columns if field.answered}
        inner = Environment.of({**dict(environment.fields), **own}).with_tasks(environment.tasks)
        over = above - own.keys()
        for field, place in zip(self.columns, self._places, strict=True):
            field.compile(inner, over, place)
            over |= {field.key}
        try:
            self.rows = Scope(self.columns, in_order(self.columns), inner)
        except Cycle as error:
            draft.at("columns").fail("cycle", _("These fields wait for each other: {keys}", keys=str(error)))

    def dependencies(self) -> frozenset[str]:
        inner: frozenset[str] = frozenset()
        for field in self.columns:
            checks = rule_fields(field.required, *(check.rule for check in field.checks))
            inner |= field.dependencies() | checks
        return super().dependencies() | (inner - {field.key for field in self.columns})

    def is_required(self, activation: Any) -> bool:
        return self.min_rows > 0 or super().is_required(activation)

    def blank(self, raw: Any) -> bool:
        return raw is None or raw == [] or raw == ()

    def canonical(self, raw: Any) -> list[Any]:
        """The shape alone; the rows are read one by one, with what is known around them."""
        if not isinstance(raw, list | tuple):
            raise Refused("type", _("This must be a list of rows."))
        if len(raw) > MAX_ROWS:
            raise Refused("max_rows", _("At most {n} rows.", n=MAX_ROWS))
        return list(raw)

    def known(self, value: Any, reading: Reading) -> Any:
        before = reading.before(self.key) or []
        rows = []
        if len(value) < self.min_rows:
            few = Refused("min_rows", _("At least {n} rows.", n=self.min_rows))
            reading.problems.append(few.problem(reading.prefix + self.key))
        for index, raw in enumerate(value):
            path = f"{reading.prefix}{self.key}[{index}]"
            if isinstance(raw, Mapping):
                rows.append(self._row(raw, reading, path, raw if raw in before else None))
            else:
                wrong = Refused("type", _("A row must be a mapping of columns."))
                reading.problems.append(wrong.problem(path))
        if len(value) > self.most_rows:
            raise Refused("max_rows", _("At most {n} rows.", n=self.most_rows))
        return rows

    def _row(
        self, raw: Mapping[str, Any], reading: Reading, path: str, before: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """One row; where it is exactly a stored one, what was cleared in it stays so."""
        own = {field.key for field in self.columns}
        inner = Reading(
            activation=reading.activation.within(self.rows.environment, hiding=own),
            lookup=reading.lookup,
            answers={key: value for key, value in reading.answers.items() if key not in own},
            previous=before,
            seen=own if before is not None else (),
            loose=reading.loose,
            doubted=reading.doubted - own,
            untold=reading.untold - own,
            prefix=f"{path}.",
            states=reading.states,
            problems=reading.problems,
        )
        return self.rows.evaluate(raw, inner)

    def schema_fragment(self) -> dict[str, Any]:
        limits = {"minItems": self.min_rows} if self.min_rows else {}
        return {"type": "array", "maxItems": self.most_rows, **limits}

    def json_schema(self, locale: str) -> dict[str, Any]:
        schema = super().json_schema(locale)
        answered = [field for field in self.columns if field.answered]
        schema["items"] = {
            "type": "object",
            "properties": {field.key: field.json_schema(locale) for field in answered},
            "required": [field.key for field in answered if field.required is True and field.visible is True],
            "additionalProperties": False,
        }
        return schema

    def inner_fields(self) -> Sequence[Field]:
        return self.columns

    def padded(self, raw: Any) -> Any:
        rows = list(raw) if isinstance(raw, list | tuple) else []
        return [*rows, *({} for _row in range(max(self.min_rows, 1) - len(rows)))]

    def web_control(self) -> Any:
        from servicehall.forms.controls import Rows, form_class

        return Rows(unbound_field=wtforms.FormField(form_class(self.columns)), answer=self, separator="-")

    def headings(self, locale: str) -> list[str]:
        """The labels of the columns."""
        return [pick(field.label, locale) for field in self.columns if field.answered]

    def display_rows(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> list[list[str]]:
        """The cells of each row, in the order of `headings`."""
        answered = [field for field in self.columns if field.answered]
        rows = value if isinstance(value, list) else []
        return [[field.display(row.get(field.key), locale, lookup, zone) for field in answered] for row in rows]

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        rows = self.display_rows(value, locale, lookup, zone)
        return "\n".join(listed((cell for cell in row if cell), locale) for row in rows)
