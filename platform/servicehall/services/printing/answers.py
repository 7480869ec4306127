"""Answers as they are printed: labels and values in words, tables as tables, secret ones masked for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from servicehall.forms import CompiledForm
from servicehall.forms.fields.base import Field
from servicehall.forms.fields.table import TableField
from servicehall.reports.case import Answer, Change
from servicehall.services.printing.paper import Paper
from servicehall.texts import _, pick

SECRET = "secret"  # noqa: S105 - a classification


def answers_printed(paper: Paper) -> tuple[Answer, ...]:
    """What was asked, in the order of the form; then what approvers filled in, which is outside the content's hash."""
    form = paper.release.form
    asked = paper.content(paper.row.content)
    filled = _filled(paper)
    printed = [*form_answers(paper, form, asked or {})]
    if asked is None:
        printed.append(Answer(label=_("Answers"), text=_("(erased)")))
    section = _("Filled in by the approvers")
    return (*printed, *(_answer(paper, form.by_key[key], value, section) for key, value in filled.items()))


def form_answers(paper: Paper, form: CompiledForm, values: Mapping[str, Any]) -> Iterator[Answer]:
    """One row for each answer, under its page or the last heading above it."""
    for page in form.pages:
        section = pick(page.title)
        for field in page.fields:
            if field.type == "section":
                section = pick(field.label)
            elif field.answered and field.key in values:
                yield _answer(paper, field, values[field.key], section)


def changes(
    paper: Paper, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, keys: Sequence[str]
) -> Iterator[Change]:
    """What became of these answers, in the order of the form."""
    for field in paper.release.form.fields:
        if field.key not in keys:
            continue
        label = pick(field.label)
        if is_secret(field):
            yield Change(label=label, masked=True)
        else:
            yield Change(label=label, before=_told(paper, field, before), after=_told(paper, field, after))


def is_secret(field: Field) -> bool:
    return field.classification == SECRET


def holds_secret(form: CompiledForm | None, values: Any) -> bool:
    """Whether any of these answers is secret: such a content never leaves with a print."""
    secret = {field.key for field in form.fields if is_secret(field)} if form is not None else set()
    return isinstance(values, Mapping) and bool(secret & values.keys())


def _told(paper: Paper, field: Field, values: Mapping[str, Any] | None) -> str:
    return _("(erased)") if values is None else _text(paper, field, values.get(field.key))


def _answer(paper: Paper, field: Field, value: Any, section: str) -> Answer:
    label = pick(field.label)
    if is_secret(field):
        return Answer(label=label, masked=True, section=section)
    if isinstance(field, TableField) and value:
        return Answer(
            label=label,
            section=section,
            columns=tuple(field.headings(paper.locale)),
            rows=tuple(map(tuple, field.display_rows(value, paper.locale, paper.lookup, paper.zone))),
        )
    return Answer(label=label, text=_text(paper, field, value), section=section)


def _text(paper: Paper, field: Field, value: Any) -> str:
    return field.display(value, paper.locale, paper.lookup, paper.zone)


def _filled(paper: Paper) -> dict[str, Any]:
    """What approvers filled in, by the latest stage of each key."""
    form = paper.release.form
    stages = [stage for stage in paper.stages if stage.answers is not None]
    values = {key: value for stage in stages for key, value in (paper.content(stage.answers) or {}).items()}
    return {key: value for key, value in values.items() if key in form.by_key}
