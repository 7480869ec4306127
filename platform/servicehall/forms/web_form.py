"""A form as a page shows it: every control with its words, state and errors, and what a browser posted for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

import wtforms

from servicehall.content import canonical
from servicehall.errors import Problem
from servicehall.forms.checked import Checked
from servicehall.forms.controls import ADD, REMOVE, Control, Rows
from servicehall.forms.fields.base import Field
from servicehall.forms.lookup import FileFacts, Lookup
from servicehall.forms.reading import HIDDEN, State
from servicehall.texts import current_locale, pick

Store = Callable[[Any], FileFacts]


@dataclass(frozen=True)
class WebOption:
    key: str
    label: str
    selected: bool


@dataclass(frozen=True)
class WebField:
    """One control. `path` is that of its errors (`items[2].quantity`), `name` and `id` those of its HTML.

    `value` is what the control holds: a text, a truth value for a checkbox, a list of keys for checkboxes; `display`
    is the same for a person to read. An invisible field is rendered as an empty, hidden wrapper.
    """

    key: str
    path: str
    name: str
    type: str
    control: str
    input_type: str
    label: str
    help: str
    placeholder: str
    state: State
    errors: tuple[str, ...]
    value: Any
    display: str
    options: tuple[WebOption, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    currency: str | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[WebRow, ...] = ()
    can_add: bool = False
    answered: bool = True

    @property
    def id(self) -> str:
        return self.name

    @property
    def visible(self) -> bool:
        return self.state.visible

    @property
    def required(self) -> bool:
        return self.state.required

    @property
    def read_only(self) -> bool:
        return self.state.read_only

    @property
    def add_name(self) -> str:
        return f"{self.name}-{ADD}"

    @property
    def remove_name(self) -> str:
        return f"{self.name}-{REMOVE}"

    @property
    def digest(self) -> str:
        """Changes with everything but what the person typed: a page need replace only what differs."""
        shown = self.display if self.control == "output" or self.read_only else ""
        rows = [[cell.digest for cell in row.cells] for row in self.rows]
        parts = [self.visible, self.required, self.read_only, [o.key for o in self.options], shown, rows]
        return hashlib.sha256(canonical([*parts, list(self.errors)])).hexdigest()[:12]


@dataclass(frozen=True)
class WebRow:
    """One row of a table; `index` is the value of its remove button."""

    index: int
    cells: tuple[WebField, ...]


@dataclass(frozen=True)
class WebPage:
    key: str
    title: str
    visible: bool
    fields: tuple[WebField, ...]


@dataclass(frozen=True)
class WebForm:
    """What was posted (`raw`), what it comes to (`checked`), and the pages to show.

    `rearranged`: a button added or removed a row, so the page is to be shown again, not submitted.
    """

    pages: tuple[WebPage, ...]
    checked: Checked
    posted: Mapping[str, Any]
    rearranged: bool
    form: wtforms.Form

    def raw(self) -> dict[str, Any]:
        """The posted answers as JSON, for `check` or an API."""
        return dict(self.posted)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return self.checked.errors

    def fields(self) -> Iterator[WebField]:
        """All fields of all pages, without the cells of tables."""
        for page in self.pages:
            yield from page.fields

    @property
    def labels(self) -> dict[str, str]:
        """What each place is called, by the path of its errors; a cell goes by its table, its row and its column."""
        cells = ((one, row, cell) for one in self.fields() for row in one.rows for cell in row.cells)
        return {one.path: one.label for one in self.fields()} | {
            cell.path: f"{one.label} {row.index + 1}, {cell.label}" for one, row, cell in cells
        }

    def field(self, key: str) -> WebField:
        return next(one for one in self.fields() if one.key == key)


@dataclass(frozen=True)
class Renderer:
    """Makes web fields from what was checked; `padded` is the same with the empty rows that are only shown."""

    checked: Checked
    padded: Checked
    stored: Mapping[str, Any]
    lookup: Lookup
    zone: tzinfo
    show_errors: bool

    def page(self, fields: Iterable[Field], form: wtforms.Form, prefix: str) -> tuple[WebField, ...]:
        """The web fields of one page, in its order."""
        return tuple(
            self.field(
                answer,
                _control(form, answer.key),
                (self.padded if answer.inner_fields() else self.checked).answers.get(answer.key),
                name=f"{prefix}-{answer.key}",
                path=answer.key,
            )
            for answer in fields
        )

    def field(self, answer: Field, control: Any, value: Any, *, name: str, path: str) -> WebField:
        """The web field of one answer; what was typed and refused is shown as it was typed."""
        state = self.padded.states.get(path, HIDDEN)
        problems = [one.message for one in self.checked.errors if one.path == path or one.path.startswith(f"{path}.")]
        locale = current_locale()
        kept = value if value is not None or not state.visible else self.refused(answer, path)
        if value is None and isinstance(control, Control) and control.posted and not state.read_only:
            held = _typed(answer, control)
        else:
            held = answer.form_value(kept, self.zone)
        offer = answer.offer(state, self.lookup, kept, locale)
        chosen = held if isinstance(held, list) else [held]
        return WebField(
            key=answer.key,
            path=path,
            name=name,
            type=answer.type,
            control=offer.control,
            input_type=answer.input_type,
            label=pick(answer.label),
            help=pick(answer.help),
            placeholder=pick(answer.placeholder),
            state=state,
            errors=tuple(problems) if self.show_errors else (),
            value=held,
            display=answer.display(value, locale, self.lookup, self.zone) if state.visible else "",
            options=tuple(WebOption(key, label, key in chosen) for key, label in offer.options),
            attributes=answer.attributes(),
            currency=answer.currency,
            answered=answer.answered,
            **self._table(answer, control, value, state, name=name, path=path),
        )

    def refused(self, answer: Field, path: str) -> Any:
        """A stored answer that is not valid any more, to be seen and corrected by whoever opens the page."""
        own = answer.answered and not answer.derived and path == answer.key
        return self.stored.get(answer.key) if own else None

    def _table(self, answer: Field, control: Any, value: Any, state: State, *, name: str, path: str) -> dict[str, Any]:
        columns = answer.inner_fields()
        if not columns or not state.visible:
            return {}
        kept = control.kept() if isinstance(control, Rows) else []
        rows = value if isinstance(value, list) else []
        count = sum(
            1 for one in self.padded.states if one.startswith(f"{path}[") and one.endswith(f"].{columns[0].key}")
        )
        made = []
        for index in range(count):
            row = rows[index] if index < len(rows) else {}
            posted = kept[index] if index < len(kept) else None
            cells = (
                self.field(
                    column,
                    _control(posted, column.key),
                    row.get(column.key),
                    name=f"{name}-{index}-{column.key}",
                    path=f"{path}[{index}].{column.key}",
                )
                for column in columns
            )
            made.append(WebRow(index, tuple(cells)))
        heads = tuple(pick(column.label) for column in columns)
        return {"columns": heads, "rows": tuple(made), "can_add": not state.read_only and count < answer.most_rows}


def _control(form: wtforms.Form | None, key: str) -> Any:
    """The control of a field; what is only shown has none."""
    return form[key] if form is not None and key in form else None


def _typed(answer: Field, control: Control) -> Any:
    if answer.control in ("checkboxes", "checkbox"):
        return [one for one in control.typed if one] if answer.control == "checkboxes" else "true" in control.typed
    return control.typed[-1] if control.typed and answer.control != "file" else ""


def with_uploads(checked: Checked, form: wtforms.Form) -> Checked:
    """The same, but a field whose upload was refused says why, and not that it has no answer."""
    refused = tuple(_refused_uploads(form))
    places = {one.path for one in refused}
    return replace(checked, errors=(*refused, *(one for one in checked.errors if one.path not in places)))


def _refused_uploads(form: wtforms.Form, path: str = "") -> Iterator[Problem]:
    for control in form:
        here = f"{path}{control.answer.key}"
        if control.upload_error:
            yield Problem(here, "upload", control.upload_error)
        if isinstance(control, Rows):
            for index, row in enumerate(control.kept()):
                yield from _refused_uploads(row, f"{here}[{index}].")


def pressed_rows(form: wtforms.Form) -> bool:
    """Whether a button of a table was pressed."""
    return any(isinstance(control, Rows) and control.rearranged for control in form)
