"""A compiled form: what is asked, how answers are checked, and its faces for the API and the web."""

from __future__ import annotations

import copy
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property, partial
from typing import Any

import marshmallow

from servicehall.domain.conditions import Activation, Context, Environment
from servicehall.domain.expression_types import Type
from servicehall.errors import Problem
from servicehall.forms.checked import Checked
from servicehall.forms.controls import form_class, raw_of
from servicehall.forms.fields.base import Field
from servicehall.forms.fields.options import Choosing
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Reading
from servicehall.forms.rules import Rule, decide, rule_text
from servicehall.forms.scope import Scope
from servicehall.forms.web_form import (
    Renderer,
    Store,
    WebForm,
    WebPage,
    pressed_rows,
    with_uploads,
)
from servicehall.texts import _, pick


@dataclass(frozen=True)
class Page:
    """One page of a form: `title` is a text by locale."""

    key: str
    title: Any
    visible: Rule
    fields: tuple[Field, ...]


@dataclass(frozen=True, eq=False)
class CompiledForm:
    """Immutable and safe with threads; one is kept for each release (see `compile_form_cached`)."""

    pages: tuple[Page, ...]
    scope: Scope

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, in the form's order."""
        return self.scope.fields

    @cached_property
    def by_key(self) -> Mapping[str, Field]:
        """Every field by its key, in the form's order."""
        return {field.key: field for field in self.scope.fields}

    @cached_property
    def types(self) -> Mapping[str, Type]:
        """The condition types of the answers, for `Environment.of`."""
        return {field.key: field.cel for field in self.scope.fields if field.answered}

    @property
    def environment(self) -> Environment:
        """The names that conditions of this form know; approval and task conditions add `tasks` to it."""
        return self.scope.environment

    def check(
        self,
        raw: Any,
        context: Context,
        *,
        lookup: Lookup,
        previous: Mapping[str, Any] | None = None,
        skip: Container[str] = (),
        only: Container[str] | None = None,
        around: Mapping[str, Any] | None = None,
        loose: bool = False,
    ) -> Checked:
        """Checks a whole set of answers, from JSON, and settles everything that follows from it.

        `previous` are the stored answers: they stay where a field is read-only, and what was cleared in them gets
        no default again. Fields in `skip` belong to somebody else: not asked, their stored answers stay. With
        `only`, no other field is asked or changed. `around` are the request's answers, for the form of a task. A
        `loose` check keeps what is only beyond its limits, though it names it.
        """
        reading = self._reading(context, lookup, previous, around or {})
        reading.skip, reading.only, reading.loose = skip, only, loose
        if only is not None:
            reading.seen = ()  # whoever is asked for these fields is asked for the first time
        if isinstance(raw, Mapping):
            answers = self.scope.evaluate(raw, reading)
        else:
            answers = self.scope.evaluate({}, reading)
            reading.problems.insert(0, Problem("", "type", _("Answers are a mapping of field keys.")))
        own = [(key, reading.states[key]) for key in self.by_key]
        return Checked(
            answers=answers,
            visible=tuple(key for key, state in own if state.visible),
            required=frozenset(key for key, state in own if state.required),
            read_only=frozenset(key for key, state in own if state.read_only),
            pages=tuple(page.key for page in self.pages if decide(page.visible, reading.activation)),
            errors=tuple(self._sorted(reading.problems)),
            states=reading.states,
        )

    def _reading(
        self,
        context: Context,
        lookup: Lookup,
        previous: Mapping[str, Any] | None,
        around: Mapping[str, Any],
    ) -> Reading:
        outer = {key: value for key, value in around.items() if key not in self.by_key}
        reading = Reading(
            activation=Activation(self.environment, context, outer),
            lookup=lookup,
            answers=dict(outer),
            previous=previous,
        )
        if previous is not None:
            reading.seen = self.scope.visible_with(self.activation(context, {**outer, **previous}))
        return reading

    def _sorted(self, problems: list[Problem]) -> list[Problem]:
        place = {key: index for index, key in enumerate(self.by_key)}
        return sorted(problems, key=lambda one: place.get(one.path.split("[")[0].split(".")[0], -1))

    def web(
        self,
        formdata: Any,
        context: Context,
        *,
        lookup: Lookup,
        answers: Mapping[str, Any] | None = None,
        skip: Container[str] = (),
        only: Container[str] | None = None,
        around: Mapping[str, Any] | None = None,
        zone: tzinfo = UTC,
        store: Store | None = None,
        prefix: str = "answers",
        show_errors: bool | None = None,
    ) -> WebForm:
        """The form as a page shows it, in the current language.

        `formdata` is what a browser posted (a MultiDict, files with it), or None for a page that is opened;
        `answers` are those stored before. `zone` is the person's, for `datetime`; `store` keeps an upload and
        returns its facts. Errors are shown where something was posted, unless only rows were added or removed.
        """
        form = self._web_class(formdata, prefix=f"{prefix}-", meta={"zone": zone, "store": store})
        posted = raw_of(form) if formdata is not None else dict(answers or {})
        check = partial(
            self.check, context=context, lookup=lookup, previous=answers, skip=skip, only=only, around=around
        )
        checked = with_uploads(check(posted), form)
        padded = {**posted, **{f.key: f.padded(posted.get(f.key)) for f in self.fields if f.inner_fields()}}
        shown = checked if padded == posted else check(padded)
        rearranged = pressed_rows(form)
        if show_errors is None:
            show_errors = formdata is not None and not rearranged
        renderer = Renderer(checked, shown, posted if formdata is None else {}, lookup, zone, show_errors)
        pages = tuple(
            WebPage(page.key, pick(page.title), page.key in checked.pages, renderer.page(page.fields, form, prefix))
            for page in self.pages
        )
        return WebForm(pages, checked, posted, rearranged, form)

    @cached_property
    def _web_class(self) -> Any:
        return form_class(self.fields)

    def activation(self, context: Context, answers: Mapping[str, Any]) -> Activation:
        """The values of stored answers, for conditions compiled in this form's environment."""
        return Activation(self.environment, context, answers)

    def schema(self) -> marshmallow.Schema:
        """The marshmallow schema of the answers: types and limits, unknown keys refused; no conditions."""
        return self._schema_class()

    @cached_property
    def _schema_class(self) -> type[marshmallow.Schema]:
        members: dict[str, Any] = {
            field.key: field.api_field() for field in self.scope.fields if field.answered and not field.derived
        }
        return marshmallow.Schema.from_dict(members, name="Answers")

    def json_schema(self, locale: str = "en") -> dict[str, Any]:
        """JSON Schema 2020-12, in one language, with conditions as text under `x-visible`, `x-required`, …"""
        answered = [field for field in self.scope.fields if field.answered]
        always = [f for f in answered if f.required is True and f.visible is True and f.page_visible is True]
        return copy.deepcopy(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {field.key: field.json_schema(locale) for field in answered},
                "required": [field.key for field in always if field.default is None],
                "additionalProperties": False,
                "x-pages": [self._page_schema(page, locale) for page in self.pages],
            }
        )

    def _page_schema(self, page: Page, locale: str) -> dict[str, Any]:
        entries = [
            field.key if field.answered else {"key": field.key, **field.json_schema(locale)} for field in page.fields
        ]
        return {
            "key": page.key,
            "title": pick(page.title, locale),
            "x-visible": rule_text(page.visible),
            "fields": entries,
        }

    def option_prices(self, answers: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The prices of all chosen options that have one, as `{amount?, currency?, recurring?}`."""
        return [
            option.costs
            for field in self.scope.fields
            if isinstance(field, Choosing) and field.key in answers
            for option in field.chosen(answers[field.key], answers)
            if option.costs is not None
        ]

    @cached_property
    def price_currency(self) -> str | None:
        """The first currency that an option's price states."""
        options = (one for field in self.scope.fields if isinstance(field, Choosing) for one in field.options)
        prices = (inner.costs for one in options for inner in one.walk())
        return next((price["currency"] for price in prices if price is not None and "currency" in price), None)


def merge(previous: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Stored answers with those of a PATCH over them; null clears one."""
    return {**previous, **patch}
