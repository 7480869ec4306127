"""Answers as a person reads them: by the form's pages, with labels, tables, files, what is masked and what changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from servicehall.forms import CompiledForm, Field, Lookup
from servicehall.texts import current_locale, pick


@dataclass(frozen=True, slots=True)
class Item:
    """One answer; `was` is what it said before, None where it did not change. Tables have `columns` and `rows`."""

    key: str
    label: str
    value: str
    masked: bool = False
    changed: bool = False
    was: str = ""
    file: Mapping[str, Any] | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Sheet:
    """Makes the sections of one form's answers; `changed` holds the records of what differs from before."""

    form: CompiledForm
    values: Mapping[str, Any]
    masked: Collection[str]
    lookup: Lookup
    zone: tzinfo
    changed: Mapping[str, Mapping[str, Any]]

    def sections(self) -> list[Section]:
        """The pages that have an answer, in the form's order."""
        made = (Section(pick(page.title), self._items(page.fields)) for page in self.form.pages)
        return [section for section in made if section.items]

    def _items(self, fields: tuple[Field, ...]) -> tuple[Item, ...]:
        return tuple(
            self._item(field)
            for field in fields
            if field.answered and (self.values.get(field.key) is not None or field.key in {*self.masked, *self.changed})
        )

    def _item(self, field: Field) -> Item:
        value, change = self.values.get(field.key), self.changed.get(field.key)
        columns = tuple(field.inner_fields())
        return Item(
            key=field.key,
            label=pick(field.label),
            value=self._text(field, value),
            masked=field.key in self.masked,
            changed=change is not None,
            was=self._text(field, change["before"]) if change and not change["masked"] else "",
            file=value if field.type == "file" and isinstance(value, Mapping) else None,
            columns=tuple(pick(column.label) for column in columns),
            rows=tuple(tuple(self._text(column, row.get(column.key)) for column in columns) for row in value)
            if columns and isinstance(value, list)
            else (),
        )

    def _text(self, field: Field, value: Any) -> str:
        """The words of a value; a table becomes a line for each row."""
        if value is None:
            return ""
        columns = tuple(field.inner_fields())
        if columns:
            return "\n".join(self._line(columns, row) for row in value)
        return field.display(value, current_locale(), self.lookup, self.zone)

    def _line(self, columns: tuple[Field, ...], row: Mapping[str, Any]) -> str:
        return ", ".join(filter(None, (self._text(column, row.get(column.key)) for column in columns)))


def files_in(value: Any) -> dict[str, Mapping[str, Any]]:
    """The files that stand anywhere in answers, by their hash."""
    if isinstance(value, Mapping):
        if "sha256" in value and "name" in value:
            return {str(value["sha256"]): value}
        return {sha256: file for inner in value.values() for sha256, file in files_in(inner).items()}
    if isinstance(value, list):
        return {sha256: file for inner in value for sha256, file in files_in(inner).items()}
    return {}
