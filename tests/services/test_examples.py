"""Examples where there is a directory: they play in it, lint and studio show them, and a red one is not published."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from tests.databases import on_sqlite
from tests.factories.small import Small

from servicehall.cli import main
from servicehall.errors import Invalid
from servicehall.models.base import db
from servicehall.services import checking, definitions, directory_import, drafting, examples
from servicehall.services.shelf import Shelf

pytestmark = on_sqlite

NAME = ("service", "it", "thing")
FIELDS = "[{key: total, type: money, label: Total}]"
CHAIN = """\
kind: approval_chain
department: it
key: two
title: Two
stages:
  - {key: boss, title: Boss, approvers: [manager: {}]}
  - {key: team, title: Team, when: total > 5000, approvers: [group: leads]}
"""
GREEN = {"boss": ["boss@example.com"]}
DIRECTORY = {"key": "cheap", "person": "asks@example.com", "answers": {"total": "10"}, "expect": {"stages": GREEN}}
PEOPLE = [{"email": "lin@example.com", "manager": "ana@example.com"}]
STAGE = {"key": "boss", "title": "Boss", "approvers": [{"manager": {}}]}
OWN = {
    "key": "cheap",
    "person": "lin@example.com",
    "answers": {"total": "10"},
    "expect": {"stages": {"boss": ["ana@example.com"]}},
}


@pytest.fixture
def hall(small: Small) -> Small:
    """A published service with a shared chain, and no examples yet."""
    small.person("author", roles=["admin"])
    directory_import.import_people(b"email,name,department\nit@example.com,It,it\n", actor="system", at=small.at)
    small.publish("approval: {use: two}", fields=FIELDS, two=CHAIN)
    return small


def draft(hall: Small, case: dict[str, Any], **more: Any) -> None:
    operation = {"op": "add", "path": "/examples", "value": {**more, "cases": [case]}}
    drafting.edit(NAME, [operation], viewer=hall.viewer("author"), at=hall.at)


def found(name: Any = NAME) -> list[tuple[str, str]]:
    document = drafting.current(db.session(), name).document
    return [(one.path, one.message) for one in checking.check_draft(db.session(), document) if one.code == "example"]


def publish(hall: Small, name: Any = NAME) -> None:
    definitions.publish(name, viewer=hall.viewer("author"), at=hall.at)


@pytest.mark.parametrize(("case", "more"), [(DIRECTORY, {}), (OWN, {"people": PEOPLE})], ids=["directory", "own"])
def test_a_red_example_keeps_the_service_from_being_published(hall: Small, case: Any, more: Any) -> None:
    draft(hall, {**case, "expect": {"stages": {"boss": ["dan@example.com"]}}}, **more)
    (problem,) = found()
    assert problem[0] == "examples.cases[0].expect.stages.boss"
    with pytest.raises(Invalid) as refused:
        publish(hall)
    assert [one.path for one in refused.value.problems] == [problem[0]]
    drafting.edit(
        NAME, [{"op": "replace", "path": "/examples/cases/0", "value": case}], viewer=hall.viewer("author"), at=hall.at
    )
    assert found() == []
    publish(hall)


@pytest.mark.parametrize(("case", "more"), [(DIRECTORY, {}), (OWN, {"people": PEOPLE})], ids=["directory", "own"])
def test_a_shared_document_is_held_against_the_examples_of_its_users(hall: Small, case: Any, more: Any) -> None:
    draft(hall, case, **more)
    publish(hall)
    chain = ("approval_chain", "it", "two")
    change = {"op": "replace", "path": "/stages/1/when", "value": "total > 5"}
    drafting.edit(chain, [change], viewer=hall.viewer("author"), at=hall.at)
    assert [path for path, _message in found(chain)] == ["examples.cases[0].expect.stages"]
    with pytest.raises(Invalid):
        publish(hall, chain)


def test_the_directory_counts_as_it_is_each_time(hall: Small) -> None:
    draft(hall, DIRECTORY)
    assert found() == []
    draft(hall, {**DIRECTORY, "person": "boss@example.com", "expect": {"stages": {"boss": ["chief@example.com"]}}})
    assert found() == []
    draft(hall, {**DIRECTORY, "person": "nobody@example.com"})
    assert found() == [("examples.cases[0].person", "example “cheap”: there is no person nobody@example.com")]


@pytest.mark.parametrize(
    "guess",
    [
        'requester.grade == "M5"',
        'requested_for.grade == "M5"',
        'requester.start_date < timestamp("2024-01-01T00:00:00Z")',
    ],
)
def test_nobody_reads_off_an_example_what_a_colleague_may_not_know(hall: Small, guess: str) -> None:
    """Grade and first working day of people in the directory count as empty, whatever they are."""
    chain = {"repeat_approver": "ask", "stages": [STAGE, {**STAGE, "key": "team", "when": guess}]}
    change = {"op": "replace", "path": "/approval", "value": chain}
    drafting.edit(NAME, [change], viewer=hall.viewer("author"), at=hall.at)

    def told(grade: str, start_date: str) -> tuple[Any, Any]:
        head, cells = (
            "email,name,department,manager,grade,start_date",
            f"asks@example.com,Asks,it,boss@example.com,{grade},",
        )
        directory_import.import_people(f"{head}\n{cells}{start_date}\n".encode(), actor="system", at=hall.at)
        draft(hall, DIRECTORY)
        of_the_directory = found()
        draft(hall, OWN, people=[{**PEOPLE[0], "grade": grade, "start_date": start_date}])
        return of_the_directory, found()

    guessed, other = told("M5", "2020-02-01"), told("M6", "2025-02-01")
    assert guessed[0] == other[0]
    assert guessed[1] != other[1], "their own people are known whole"


def test_drafts_may_be_red_while_they_are_written(hall: Small, tmp_path: Path) -> None:
    red = {**DIRECTORY, "expect": {"stages": {}}}
    draft(hall, red)
    document = drafting.current(db.session(), NAME).document
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "thing.yaml").write_text(document.canonical(), "utf-8")
    kept = definitions.apply(tmp_path / "pack", publish=False, dry_run=True, actor="system", at=hall.at)
    used = definitions.apply(tmp_path / "pack", publish=True, dry_run=True, actor="system", at=hall.at)
    assert (kept.is_refused, used.is_refused) == (False, True)
    assert [one.code for one in used.problems] == ["example"]


def test_running_them_touches_no_table(hall: Small) -> None:
    draft(hall, OWN, people=PEOPLE)
    document = drafting.current(db.session(), NAME).document
    db.session.rollback()
    for case in (OWN, DIRECTORY):
        assert [one.state for one in examples.run(document, Shelf(db.session()).find, db.session())] == ["green"], case
    assert not db.session.new and not db.session.dirty and not db.session.deleted


def test_lint_and_the_studio_show_them(
    hall: Small, app: Flask, api_of: Callable[[str], FlaskClient], browser_of: Callable[[str], FlaskClient]
) -> None:
    draft(hall, {**DIRECTORY, "title": "A cheap one", "expect": {"stages": {"boss": ["dan@example.com"]}}})
    db.session.remove()
    problems = api_of("author@example.com").post("/api/v1/definitions/service/it/thing/lint", json={}).json["problems"]
    assert [(one["severity"], one["code"]) for one in problems if one["code"] == "example"] == [("error", "example")]
    page = browser_of("author@example.com").get("/studio/service/it/thing/examples").text
    assert "Red" in page and "Who is asked, by stage › boss: asks boss@example.com" in page
    assert re.findall(r'<a href="[^"]*\?at=/examples/cases/0[^"]*">([^<]*)', page) == [
        "A cheap one",
        "Who is asked, by stage › boss",
    ]


def test_the_command_says_which_were_run(hall: Small, app: Flask, tmp_path: Path) -> None:
    draft(hall, DIRECTORY)
    document = drafting.current(db.session(), NAME).document
    (tmp_path / "thing.yaml").write_text(document.canonical(), "utf-8")
    (tmp_path / "two.yaml").write_text(CHAIN, "utf-8")
    db.session.remove()
    here = {"SERVICEHALL_DATABASE_URL": app.extensions["servicehall.settings"].database_url}
    there = {"SERVICEHALL_DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"}
    for environment, said in (
        (here, "examples: 1 green, 0 red, 0 not run"),
        (there, "examples: 0 green, 0 red, 1 not run"),
    ):
        ended = CliRunner().invoke(main, ["catalog", "check", str(tmp_path)], env=environment)
        assert ended.exit_code == 0 and said in ended.output, ended.output
    assert "note: examples.cases[0]: example “cheap” was not run: needs the directory" in ended.output
    (tmp_path / "thing.yaml").write_text(document.canonical().replace("boss@", "dan@"), "utf-8")
    ended = CliRunner().invoke(main, ["catalog", "check", str(tmp_path)], env=here)
    assert ended.exit_code == 1 and "example “cheap”: asks boss@example.com" in ended.output
