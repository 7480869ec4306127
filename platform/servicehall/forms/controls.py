"""The WTForms side: one control for each field, which reads what a browser posts as the JSON of the API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import wtforms
from wtforms import widgets

from servicehall.errors import ServicehallError
from servicehall.forms.fields.base import Field
from servicehall.forms.lookup import FileFacts

_NUMBER = re.compile(r"[0-9]{1,5}")
ADD, REMOVE = "add", "remove"
_WIDGETS: Mapping[str, Any] = {"textarea": widgets.TextArea()}


class Control(wtforms.Field):
    """Any field but a table. `posted` tells whether the browser sent it at all: what is not sent is absent.

    The form's `meta` carries the person's `zone`, and `store`, which keeps an uploaded file.
    """

    def __init__(self, *, answer: Field, **given: Any) -> None:
        self.widget = _WIDGETS.get(answer.control) or widgets.Input(answer.input_type)
        super().__init__(label=answer.key, **given)
        self.answer = answer
        self.posted = False
        self.typed: list[str] = []
        self.upload_error: str | None = None

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        self.posted = True
        self.typed = [value for value in valuelist if isinstance(value, str)]
        self.data = self.answer.parse(list(self._stored(valuelist)), self._given("zone"))

    def _stored(self, values: Iterable[Any]) -> Iterator[str | FileFacts]:
        """Uploads are kept as they come in; one that is refused says why at its field."""
        for value in values:
            if isinstance(value, str):
                yield value
            elif getattr(value, "filename", None) and (store := self._given("store")) is not None:
                try:
                    yield store(value)
                except ServicehallError as error:
                    self.upload_error = error.detail

    def _given(self, name: str) -> Any:
        """What the outermost form's meta carries, also for the cells of rows."""
        meta = self.meta
        while not hasattr(meta, name):
            meta = meta._parent_form.meta
        return getattr(meta, name)

    @property
    def blank(self) -> bool:
        """Whether nothing was filled in: an unchecked box, and a default left as it was, are nothing."""
        return not self.posted or self.data in (None, False, []) or self.data == self.answer.default

    def raw(self) -> Any:
        return self.data


class Rows(wtforms.FieldList):
    """A table: its rows by number, and two buttons that add and remove one without JavaScript."""

    def __init__(self, *, answer: Field, **given: Any) -> None:
        super().__init__(label=answer.key, max_entries=answer.most_rows, **given)
        self.answer = answer
        self.upload_error: str | None = None
        self.numbers: list[int] = []
        self.removed: int | None = None
        self.added = False

    @property
    def posted(self) -> bool:
        return bool(self.entries) or self.added

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.numbers = sorted(set(self._extract_indices(self.name, formdata or ())))[: self.max_entries]
        super().process(formdata, data or (), extra_filters)
        pressed = formdata.getlist(f"{self.name}-{REMOVE}") if formdata else []
        self.removed = int(pressed[0]) if pressed and _NUMBER.fullmatch(pressed[0]) else None
        self.added = bool(formdata and f"{self.name}-{ADD}" in formdata)

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        """The numbers of the rows that were posted; only plain digits are numbers."""
        start = f"{prefix}-"
        for name in formdata:
            number = name[len(start) :].split("-", 1)[0] if name.startswith(start) else ""
            if _NUMBER.fullmatch(number):
                yield int(number)

    @property
    def rearranged(self) -> bool:
        return self.added or self.removed is not None

    def kept(self) -> list[wtforms.Form]:
        """The rows that count, in order: those with something in them, without the one that was removed."""
        numbered = zip(self.numbers, self.entries, strict=True)
        rows = [entry.form for number, entry in numbered if number != self.removed]
        return rows if self.rearranged else [row for row in rows if not all(cell.blank for cell in row)]

    def raw(self) -> list[dict[str, Any]]:
        rows = [raw_of(row) for row in self.kept()]
        return [*rows, {}] if self.added else rows


def raw_of(form: wtforms.Form) -> dict[str, Any]:
    """What was posted, as the mapping that an API client would send."""
    return {control.answer.key: control.raw() for control in form if control.posted}


def form_class(fields: Iterable[Field]) -> type[wtforms.Form]:
    """The WTForms class for these fields; no validators, because the one check of answers decides."""
    members = {field.key: field.web_control() for field in fields if field.answered and not field.derived}
    return type("AnswersForm", (wtforms.Form,), members)
