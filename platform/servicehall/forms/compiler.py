"""From a resolved form document to a compiled form, with every mistake found on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.domain.conditions import Environment
from servicehall.domain.expression_types import Type
from servicehall.errors import Invalid, Problem
from servicehall.forms import draft as rules
from servicehall.forms.compiled import CompiledForm, Page
from servicehall.forms.draft import KEY, Draft
from servicehall.forms.fields.base import Field
from servicehall.forms.fields.entries import read_entries
from servicehall.forms.ordering import Cycle, in_order
from servicehall.forms.rules import Rule
from servicehall.forms.scope import Scope
from servicehall.texts import _

MAX_FIELDS = 500
TaskTypes = Mapping[str, Mapping[str, Type]]


@dataclass(frozen=True)
class _PageDraft:
    key: str
    title: Any
    visible: Any
    draft: Draft
    fields: list[tuple[Field, Draft]]


def compile_form(
    form: Mapping[str, Any] | None,
    *,
    currency: str = "CNY",
    tasks: TaskTypes | None = None,
    around: Environment | None = None,
    path: str = "",
) -> CompiledForm:
    """The compiled form of a resolved document: `{pages: [{key, title, visible?, fields}]}` or `{fields}`.

    `around` are the names of the request's form, for the form of a task; `tasks` the answers of tasks by task
    and answer key. Raises Invalid with every problem, each at its path (`pages[0].fields[2].visible`).
    """
    compiled, problems = _compile(form or {}, Draft(path, currency), tasks or {}, around)
    if problems:
        raise Invalid(_("The form is not valid."), problems)
    return compiled


def check_form(
    form: Any,
    *,
    currency: str = "CNY",
    tasks: TaskTypes | None = None,
    around: Environment | None = None,
    path: str = "",
) -> list[Problem]:
    """Every problem of a form at once; none means that `compile_form` gives a form."""
    return examine_form(form, currency=currency, tasks=tasks, around=around, path=path)[1]


def examine_form(
    form: Any,
    *,
    currency: str = "CNY",
    tasks: TaskTypes | None = None,
    around: Environment | None = None,
    path: str = "",
) -> tuple[CompiledForm | None, list[Problem]]:
    """The compiled form and its problems; None for what is no form at all."""
    draft = Draft(path, currency)
    if form is not None and not draft.expect(form, rules.mapping):
        return None, draft.problems
    return _compile(form or {}, draft, tasks or {}, around)


def _compile(
    form: Mapping[str, Any], draft: Draft, tasks: TaskTypes, around: Environment | None
) -> tuple[CompiledForm, list[Problem]]:
    pages = _pages(form, draft)
    made = [entry for page in pages for entry in page.fields]
    if len(made) > MAX_FIELDS:
        draft.fail("range", _("A form has at most {n} fields.", n=MAX_FIELDS))
    fields = {field.key: field for field, _place in made}
    own = {key: field.cel for key, field in fields.items() if field.answered}
    outer = dict(around.fields) if around else {}
    environment = Environment.of({**outer, **own}, tasks=tasks)
    for field, place in made:
        field.siblings(fields, place)
    rules_of_pages = [page.draft.at("visible").rule(page.visible, environment) for page in pages]
    _compile_fields(pages, rules_of_pages, environment, frozenset(outer) - own.keys())
    order = _order(fields, {field.key: place for field, place in made})
    scope = Scope(tuple(fields.values()), order, environment)
    titled = tuple(
        Page(page.key, page.title, rule, tuple(field for field, _place in page.fields))
        for page, rule in zip(pages, rules_of_pages, strict=True)
    )
    return CompiledForm(titled, scope), draft.problems


def _compile_fields(
    pages: list[_PageDraft], visible: list[Rule], environment: Environment, above: frozenset[str]
) -> None:
    for page, rule in zip(pages, visible, strict=True):
        for field, place in page.fields:
            field.page, field.page_visible = page.key, rule
            field.compile(environment, above, place)
            above |= {field.key}


def _order(fields: Mapping[str, Field], places: Mapping[str, Draft]) -> tuple[Field, ...]:
    try:
        return in_order(fields.values())
    except Cycle as error:
        message = _("These fields wait for each other: {keys}", keys=str(error))
        places[error.keys[0]].fail("cycle", message, {"cycle": error.keys})
        return tuple(fields.values())


def _pages(form: Mapping[str, Any], draft: Draft) -> list[_PageDraft]:
    """The pages of the document; a form of a task, without pages, is one page without a title."""
    taken: set[str] = set()
    if "fields" in form:
        draft.only_known(form, ("fields",))
        return [_page({**form, "key": "page"}, draft, taken, ("fields", "key"))]
    draft.only_known(form, ("pages",))
    given = form.get("pages", [])
    if not draft.at("pages").expect(given, rules.sequence):
        return []
    pages: list[_PageDraft] = []
    for index, entry in enumerate(given):
        place = draft.at("pages").at(index)
        if place.expect(entry, rules.mapping):
            pages.append(_page(entry, place, taken, ("key", "title", "visible", "fields")))
    _distinct(pages)
    return pages


def _page(entry: Mapping[str, Any], draft: Draft, taken: set[str], known: tuple[str, ...]) -> _PageDraft:
    if "title" in known:
        draft.only_known(entry, known)
    key = entry.get("key")
    if not isinstance(key, str) or not KEY.fullmatch(key.replace("-", "_")):
        draft.at("key").fail("type", _("A page has a key in small letters, digits, dashes or underscores."))
        key = ""
    if "title" in entry:
        draft.at("title").expect(entry["title"], rules.text)
    visible = entry.get("visible", True)
    if not draft.at("visible").expect(visible, rules.rule_or_flag):
        visible = True
    listed = entry.get("fields", [])
    fields = listed if draft.at("fields").expect(listed, rules.sequence) else []
    made = list(read_entries(fields, draft.at("fields"), taken))
    return _PageDraft(key, entry.get("title", ""), visible, draft, made)


def _distinct(pages: list[_PageDraft]) -> None:
    seen: set[str] = set()
    for page in pages:
        if page.key and page.key in seen:
            page.draft.at("key").fail("duplicate", _("The page {key} is there twice.", key=page.key))
        seen.add(page.key)
