"""`servicehall catalog apply | export | diff` on a database: all or nothing, nothing the second time, the same bytes.

And what publishing leaves alone: a request stays as it was ordered.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.company import EMPLOYEE, make_company
from tests.factories.small import Small

from servicehall.documents.shipped import content_root
from servicehall.models.base import db
from servicehall.models.definitions import Document
from servicehall.models.log import EventRow

Run = Callable[..., Result]
COLOURS = """\
kind: choice_list
department: shared
key: colours
title: {en: Colours, zh: 颜色}
options:
  - {key: red, label: {en: Red, zh: 红}}
"""
SIZES = COLOURS.replace("colours", "sizes").replace("Colours", "Sizes")


@pytest.fixture
def run(run: Run) -> Run:
    """`servicehall catalog …` on the test's database."""
    return partial(run, "catalog")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A folder of two choice lists."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "colours.yaml").write_text(COLOURS, "utf-8")
    (folder / "sizes.yaml").write_text(SIZES, "utf-8")
    return folder


def count(app: Flask, table: Any) -> int:
    with app.app_context():
        found = db.session.scalar(select(func.count()).select_from(table)) or 0
        db.session.rollback()
    return found


def test_applying_twice_does_nothing_the_second_time(app: Flask, run: Run, pack: Path) -> None:
    first = run("apply", pack, "--publish")
    assert (first.exit_code, first.output.splitlines()[-1]) == (0, "2 created, 0 changed, 0 unchanged, 2 published")
    events = count(app, EventRow)
    second = run("apply", pack, "--publish")
    assert (second.exit_code, second.output) == (0, "0 created, 0 changed, 2 unchanged, 0 published\n")
    assert count(app, EventRow) == events


@on_sqlite
@pytest.mark.parametrize("extra", [(), ("--publish",)])
def test_a_pack_with_a_mistake_brings_in_nothing(app: Flask, run: Run, pack: Path, extra: tuple[str, ...]) -> None:
    (pack / "sizes.yaml").write_text(SIZES.replace("options", "optoins").replace("label", "lable"), "utf-8")
    ended = run("apply", pack, *extra)
    assert ended.exit_code == 1
    assert f"{pack / 'sizes.yaml'}:5: error:" in ended.output
    assert (count(app, Document), count(app, EventRow)) == (0, 0)


@on_sqlite
def test_a_dry_run_says_the_same_and_does_nothing(app: Flask, run: Run, pack: Path) -> None:
    said = run("apply", pack, "--publish", "--dry-run")
    assert (count(app, Document), count(app, EventRow)) == (0, 0)
    assert run("apply", pack, "--publish").output == said.output


@on_sqlite
def test_a_diff_is_the_lines_that_would_change(run: Run, pack: Path) -> None:
    run("apply", pack, "--publish")
    assert run("diff", pack).output == ""
    (pack / "colours.yaml").write_text(COLOURS.replace("en: Red", "en: Crimson"), "utf-8")
    lines = [one for one in run("diff", pack).output.splitlines() if one[:1] in "+-" and one[:3] not in ("+++", "---")]
    assert [one[0] for one in lines] == ["-", "+"]
    assert "Crimson" in lines[1]


@on_sqlite
@pytest.mark.parametrize("department", ["it", "hr", "facilities", "finance", "shared"])
def test_what_was_imported_is_exported_byte_by_byte(
    session: Session, world: Callable[..., Any], run: Run, tmp_path: Path, department: str
) -> None:
    world(make_company)
    session.rollback()
    root = content_root("forms") if department == "shared" else content_root("catalogs")
    assert root is not None
    shipped = root if department == "shared" else root / department
    assert run("export", department, tmp_path / "out").exit_code == 0
    exported = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert exported == {path.name: path.read_bytes() for path in shipped.glob("*.yaml")}


BEFORE = """approval: {stages: [{key: one, approvers: [manager: {}]}]}
fulfilment: {tasks: [{key: a, title: A, group: desk}]}
"""
AFTER = """approval: {stages: [{key: two, approvers: [person: sec@example.com]}]}
fulfilment: {tasks: [{key: b, title: B, group: leads}]}
"""


@on_sqlite
def test_a_request_stays_as_it_was_ordered(small: Small) -> None:
    small.publish(BEFORE)
    old = small.order(what="x")
    small.publish(AFTER, fields="[{key: other, type: text, label: Other, required: true}]")
    new = small.order(other="y")
    assert (small.voices(old), small.voices(new)) == ([("boss", "pending")], [("sec", "pending")])
    small.decide("boss", "return", old)
    small.amend(old, what="z")
    small.submit(old)
    small.decide("boss", "approve", old)
    small.decide("sec", "approve", new)
    assert (small.tasks(old), small.tasks(new)) == ({"a": "ready"}, {"b": "ready"})
    small.do("dan", "complete", old, "a")
    assert (small.state(old), small.state(new)) == ("resolved", "in_progress")


@on_sqlite
def test_who_would_be_asked_in_lines_and_as_json(
    app: Flask, run: Run, world: Callable[..., Any], tmp_path: Path
) -> None:
    world(make_company)
    answers = tmp_path / "answers.yaml"
    answers.write_text("kind: lunch\n", encoding="utf-8")
    asking = ("who", "it/laptop", "--person", EMPLOYEE, "--answers", answers)
    told = run(*asking)
    assert told.exit_code == 1 and "kind: There is no field kind." in told.output
    answers.write_text("{occasion: lost, old_device: LO-1, keyboard: us, model: mac-14, handover: pickup}\n", "utf-8")
    told = run(*asking)
    assert told.exit_code == 0, told.output
    asked = "  it-security: group: This group decides, as the approval chain says\n"
    assert "security: 1 of 1 must approve\n" + asked in told.output
    said = json.loads(run(*asking, "--json").output)
    assert [stage["key"] for stage in said["stages"]] == ["budget", "security"] and said["allowed"]
    assert run(*asking, "--at", "yesterday").exit_code == 2
    assert run(*asking, "--at", "2020-01-01T00:00:00Z").exit_code == 1
