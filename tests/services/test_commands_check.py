"""`servicehall catalog check` beside a database: references resolve in it, and unknown names are warnings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner
from flask import Flask
from tests.factories.packs import publish_pack

from servicehall.cli import main
from servicehall.models.directory import Person

COLOURS = "kind: choice_list\ndepartment: shared\nkey: colours\ntitle: C\noptions: [{key: red, label: Red}]\n"
SERVICE = """\
kind: service
department: shared
key: paint
type: request
title: Paint
form: {pages: [{key: p, title: P, fields: [{key: colour, type: choice, label: C, options: {use: colours}}]}]}
approval: {stages: [{key: a, title: A, approvers: [{person: ana@example.com}, {person: nobody@example.com}]}]}
"""


def test_check_asks_the_database(app: Flask, person: Callable[..., Person], tmp_path: Path) -> None:
    person("ana@example.com")
    (tmp_path / "shelf").mkdir()
    with app.app_context():
        publish_pack(tmp_path / "shelf", {"colours.yaml": COLOURS})
    (tmp_path / "paint.yaml").write_text(SERVICE)
    environment = {"SERVICEHALL_DATABASE_URL": app.extensions["servicehall.settings"].database_url}
    ended = CliRunner().invoke(main, ["catalog", "check", str(tmp_path / "paint.yaml")], env=environment)
    assert ended.exit_code == 0, ended.output
    assert "paint.yaml:7: warning:" in ended.output and "1 documents, 0 errors, 1 warnings" in ended.output
    assert "nobody@example.com" in ended.output


def test_check_needs_no_database(tmp_path: Path) -> None:
    (tmp_path / "colours.yaml").write_text(COLOURS)
    environment = {"SERVICEHALL_DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"}
    ended = CliRunner().invoke(main, ["catalog", "check", str(tmp_path / "colours.yaml")], env=environment)
    assert (ended.exit_code, ended.output.count("\n")) == (0, 1)
