"""Checks that think about tables: what is wrong with the conditions of a column is found, with a row that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from servicehall.documents.document import Document
from servicehall.documents.examination import PlacedProblem
from servicehall.documents.pack import Pack, check
from servicehall.documents.reasoning.witnesses import Anything
from servicehall.documents.source import read_yaml
from servicehall.domain.conditions import Context, PersonFacts
from servicehall.forms import compile_form

SERVICE = """\
kind: service
department: it
key: move
title: Move
form:
  pages:
    - key: what
      title: What
      fields:
        - {key: kind, type: choice, label: Kind, required: true, options: [{key: team, label: Team}, {key: one, label: One}]}
        - {key: amount, type: money, label: Amount, required: true, min: "10", max: "100000"}
        - key: things
          type: table
          label: Things
          visible: kind == "team"
          columns:
            - {key: item, type: choice, label: Item, required: true, options: [{key: chair, label: Chair}, {key: box, label: Box, when: amount < 900}]}
            - {key: weight, type: integer, label: Weight, min: 1, max: 50, visible: item == "box", required: item == "box" && amount > 100}
            - {key: fragile, type: boolean, label: Fragile, visible: weight < 10}
            - {key: twice, type: computed, label: Twice, as: integer, value: weight * 2}
            - {key: note, type: text, label: Note, read_only: twice > 90}
"""  # noqa: E501 - one field, one line
COLUMNS = "form.pages[0].fields[2].columns"

DEFECTS = {
    "never shown, by another column": ("weight < 10", "weight > 50", "never", "[2].visible"),
    "never shown, by what is computed": ("weight < 10", "twice > 100", "never", "[2].visible"),
    "never shown, by the form around": ("weight < 10", "amount < 5", "never", "[2].visible"),
    "never shown, since the table is not": ("weight < 10", 'kind == "one"', "never", "[2].visible"),
    "always shown": ('visible: item == "box", r', 'visible: item != "bag", r', "always", "[1].visible"),
    "required while it is not shown": (
        'required: item == "box" && amount > 100', "required: amount > 100", "required_unseen", "[1].required"
    ),
    "an option that is never offered": ("when: amount < 900", "when: amount < 9", "never", "[0].options[1].when"),
    "never read only": ("twice > 90", "twice > 101", "never", "[4].read_only"),
    "no answer is accepted": (
        "min: 1, max: 50", "min: 1, max: 50, check: [{rule: value < 5}, {rule: value > 9}]", "unanswerable", "[1]"
    ),
    "columns beside each other leave a gap": (
        "visible: weight < 10}", "visible: weight < 10}\n            - "
        "{key: sturdy, type: boolean, label: Sturdy, visible: weight > 10}", "gap", "[3].visible"
    ),
}  # fmt: skip


def found_in(text: str) -> list[PlacedProblem]:
    source = read_yaml(text)
    assert not source.problems, source.problems
    document = Document.of(source.value, lines=source.lines)
    return check(Pack((document,)), find=lambda kind, department, key: None)


def states(text: str, witness: Mapping[str, Any]) -> tuple[set[str], set[str], list[str]]:
    """What the engine shows and requires with the answers of a witness, and which of them it refuses."""
    today = date.fromisoformat(witness.get("today", "2026-03-02"))
    person = PersonFacts(id="x", name="X", email="x@example.com")
    context = Context(person, person, datetime(today.year, today.month, today.day, 12, tzinfo=UTC), today)
    answers = {key: str(value) if key == "amount" else value for key, value in witness.get("answers", {}).items()}
    checked = compile_form(read_yaml(text).value["form"]).check(answers, context, lookup=Anything())
    shown = {key for key, state in checked.states.items() if state.visible}
    required = {key for key, state in checked.states.items() if state.required}
    return shown, required, [one.path for one in checked.errors]


def test_a_table_without_a_defect_raises_no_alarm() -> None:
    assert [str(one) for one in found_in(SERVICE)] == []


@pytest.mark.parametrize("name", DEFECTS)
def test_each_defect_of_a_column_is_found_where_it_was_put(name: str) -> None:
    old, new, code, place = DEFECTS[name]
    assert SERVICE.count(old) == 1, old
    found = found_in(SERVICE.replace(old, new))
    mine = [one for one in found if (one.code, one.path) == (code, f"{COLUMNS}{place}")]
    assert [one.severity for one in mine] == ["warning"], [str(one) for one in found]
    assert mine[0].line
    assert mine[0].witness


def test_the_row_that_shows_it_is_one_that_the_form_takes() -> None:
    text = SERVICE.replace('required: item == "box" && amount > 100', "required: amount > 100")
    (found,) = found_in(text)
    assert found.witness
    (row,) = found.witness["answers"]["things"]
    shown, _required, refused = states(text, found.witness)
    assert "things[0].item" in shown
    assert "things[0].weight" not in shown
    assert not [path for path in refused if path.rpartition(".")[2] in row]
    assert f"things[0].item = {row['item']}" in found.said


def test_a_row_of_what_is_always_so_shows_the_column() -> None:
    text = SERVICE.replace('visible: item == "box", r', 'visible: item != "bag", r')
    (found,) = found_in(text)
    assert "things[0].weight" in states(text, found.witness or {})[0]


def test_why_a_column_is_never_shown_is_said() -> None:
    (found,) = found_in(SERVICE.replace("weight < 10", 'kind == "one"'))
    assert "when “things” is shown" in found.message
    (found,) = found_in(SERVICE.replace("weight < 10", "weight > 50"))
    assert "what “weight” accepts" in found.message


def test_a_table_in_the_form_of_a_task_is_thought_through_with_all_around_it() -> None:
    column = "{key: size, type: integer, label: S, max: 9, visible: RULE}"
    field = f"{{key: boxes, type: table, label: Boxes, columns: [{column}]}}"
    form = f"{{fields: [{{key: hours, type: integer, label: H, min: 0, max: 8}}, {field}]}}"
    tasks = f"fulfilment: {{tasks: [{{key: look, title: Look, group: desk, form: {form}}}]}}\n"
    for rule, code in (("hours > 7 && amount > 20", None), ("hours > 8", "never"), ("amount < 10", "never")):
        found = found_in(SERVICE + tasks.replace("RULE", rule))
        path = "fulfilment.tasks[0].form.fields[1].columns[0].visible"
        assert [(one.code, one.path) for one in found] == ([(code, path)] if code else []), rule


HIDING = "            - {key: amount, type: integer, label: Pieces, min: 0, max: 3}\n"


def test_a_column_that_has_the_key_of_a_field_is_not_mistaken_for_it() -> None:
    """`limit` is shown by the form's amount; the column's is another, of which nothing follows for it."""
    shown = "        - {key: limit, type: integer, label: Limit, visible: amount > 50.0, min: 5}\n        - key: things"
    text = SERVICE.replace("        - key: things", shown).replace("twice > 90", "limit > 7")
    text = text.replace("&& amount > 100", "").replace(", when: amount < 900", "")
    assert found_in(text) == []
    assert [str(one) for one in found_in(text + HIDING)] == []


def test_a_task_s_field_that_has_the_key_of_the_request_s_is_not_mistaken_for_it() -> None:
    shown = "        - {key: limit, type: integer, label: Limit, visible: amount > 50.0, min: 5}\n        - key: things"
    fields = "{key: amount, type: integer, label: A, max: 3}, {key: why, type: text, label: W, visible: limit > 7}"
    tasks = f"fulfilment: {{tasks: [{{key: look, title: Look, group: desk, form: {{fields: [{fields}]}}}}]}}\n"
    assert [str(one) for one in found_in(SERVICE.replace("        - key: things", shown) + tasks)] == []
