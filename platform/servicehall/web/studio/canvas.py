"""The form as the designer's canvas shows it: pages, and each field in short with its marks and what is wrong."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from servicehall.documents.form_places import entries_in, lists
from servicehall.documents.patching import value_at
from servicehall.forms.fields import FIELD_TYPES
from servicehall.forms.fields.base import Field
from servicehall.texts import LOCALES, _, listed, pick
from servicehall.web.studio.page import Page
from servicehall.web.studio.places import language

Mark = tuple[str, str]
"""An icon and its words."""


@dataclass(frozen=True)
class Row:
    """One field: `columns` are a table's, `listed` where they stand; `uses` is the set that stands in its place."""

    pointer: str
    label: str
    type: str
    icon: str
    help: str
    marks: Sequence[Mark]
    problems: Sequence[str]
    columns: Sequence[Row] = ()
    listed: str = ""
    uses: str = ""
    is_section: bool = False


@dataclass(frozen=True)
class Sheet:
    """One page of the form, or its fields where it has no pages (`page` is empty then)."""

    page: str
    listed: str
    title: str
    marks: Sequence[Mark]
    problems: Sequence[str]
    rows: Sequence[Row]


class Canvas:
    """Makes the canvas of one form of a document."""

    def __init__(self, page: Page, form: str) -> None:
        self.page, self.form = page, form
        self.used: dict[str, list[str]] = {}
        self.problems = self._problems()
        self.sheets = [self._sheet(place) for place in lists(page.body, form)]

    @property
    def count(self) -> int:
        """How many fields there are."""
        return sum(len(one.rows) for one in self.sheets)

    @property
    def used_keys(self) -> str:
        """The keys that the form's field sets bring, by spaces."""
        return " ".join(sorted({key for keys in self.used.values() for key in keys}))

    def rows(self) -> Iterator[Row]:
        for sheet in self.sheets:
            for row in sheet.rows:
                yield row
                yield from row.columns

    def _problems(self) -> Mapping[str, Sequence[str]]:
        """What is wrong, by the pointer of the innermost field or page that it concerns."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for path, messages in self.page.by_place.items():
            at = "/" + re.sub(r"\[([0-9]+)\]", r"/\1", path).replace(".", "/")
            inner = re.match(r"(.*/(?:fields|columns|pages)/[0-9]+)(?:/|\Z)", at)
            found[inner[1] if inner else at] += messages
        return found

    def _sheet(self, place: str) -> Sheet:
        holder = place.removesuffix("/fields")
        is_page = "/pages/" in holder.removeprefix(self.form)
        value = value_at(self.page.body, holder) if is_page else {}
        value = value if isinstance(value, Mapping) else {}
        return Sheet(
            page=holder if is_page else "",
            listed=place,
            title=pick(value.get("title")) or str(value.get("key", "")),
            marks=_when(value),
            problems=[*self.problems.get(holder, ()), *self.problems.get(place, ())] if is_page else (),
            rows=[self._row(one.pointer, one.value) for one in entries_in(self.page.body, place)],
        )

    def _row(self, at: str, value: Mapping[str, Any]) -> Row:
        if "use" in value and "key" not in value:
            return self._set(at, str(value["use"]))
        kind = str(value.get("type", ""))
        known = field_type(kind)
        listed = f"{at}/columns" if kind == "table" else ""
        return Row(
            pointer=at,
            label=pick(value.get("label")) or str(value.get("key", "")),
            type=_(known.title) if known else kind or _("no type"),
            icon=known.icon if known else "question-mark",
            help=pick(value.get("help"))[:160],
            marks=_marks(value, answered=known is None or known.answered),
            problems=self.problems.get(at, ()),
            columns=[self._row(one.pointer, one.value) for one in entries_in(self.page.body, listed)] if listed else (),
            listed=listed,
            is_section=kind == "section",
        )

    def _set(self, at: str, reference: str) -> Row:
        """A field set in short: its title and the fields that it brings."""
        found = self.page.around.of_reference("field_set", reference)
        held = found.body.get("fields") if found is not None else None
        inner = [one for one in held if isinstance(one, Mapping)] if isinstance(held, list) else []
        self.used[at] = [str(one["key"]) for one in inner if one.get("key")]
        return Row(
            pointer=at,
            label=(pick(found.body.get("title")) if found is not None else "") or reference,
            type=_("Field set"),
            icon="package",
            help=_("Brings: {fields}", fields=", ".join(pick(one.get("label")) or str(one.get("key")) for one in inner))
            if inner
            else "",
            marks=(),
            problems=self.problems.get(at, ()),
            uses=reference,
        )


def field_type(kind: str) -> type[Field] | None:
    """The class of a type; None where there is no such type."""
    return FIELD_TYPES[kind] if kind in FIELD_TYPES else None  # noqa: SIM401 - a registry has no get


def _when(value: Mapping[str, Any]) -> list[Mark]:
    visible = value.get("visible")
    if visible is False:
        return [("eye-off", _("never shown"))]
    return [("git-branch", _("shown only when …"))] if isinstance(visible, str) else []


def _marks(value: Mapping[str, Any], *, answered: bool) -> list[Mark]:
    """What sets a field apart: required, shown only when, read only, who may read it, a language that lacks."""
    found: list[Mark] = []
    required = value.get("required")
    if required is True:
        found.append(("point", _("required")))
    elif isinstance(required, str):
        found.append(("point", _("required when …")))
    found += _when(value)
    if value.get("read_only"):
        found.append(("lock", _("read only")))
    if value.get("classification") in ("personal", "secret"):
        secret = value["classification"] == "secret"
        found.append(("shield-lock", _("secret") if secret else _("personal")))
    missing = missing_languages(value.get("label")) if answered or "label" in value else []
    if missing:
        found.append(("language", _("no text in {languages}", languages=listed(missing))))
    return found


def missing_languages(text: Any) -> list[str]:
    """The languages in which a text says nothing."""
    said = text if isinstance(text, Mapping) else {"en": text}
    return [language(one) for one in LOCALES if not said.get(one)]
