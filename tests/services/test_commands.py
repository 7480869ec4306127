"""Accounts, passwords and tokens from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import select
from tests import databases

from servicehall.cli import main
from servicehall.models.base import db
from servicehall.models.directory import Person
from servicehall.web import accounts

Run = Callable[..., Result]


@pytest.fixture
def run(run: Run, person: Callable[..., Person]) -> Run:
    """`servicehall …` on the test's database, where Ana works."""
    person("ana@example.com")
    return run


def test_a_password_that_was_set_signs_in(run: Run, client: FlaskClient) -> None:
    ended = run("password", "set", "--person", "ana@example.com", input="correct horse\n")
    assert ended.exit_code == 0, ended.output
    said = {"username": "ana@example.com", "password": "correct horse", "provider": "db"}
    assert client.post("/api/v1/security/login", json=said).status_code == 200


@pytest.mark.parametrize("password", ["", "short", "x" * 513, "\0" * 12])
def test_a_bad_password_is_refused(run: Run, password: str) -> None:
    ended = run("password", "set", "--person", "ana@example.com", input=password + "\n")
    assert ended.exit_code == 1


@pytest.mark.parametrize("command", [("password", "set"), ("token", "create")])
def test_nobody_has_no_account(run: Run, command: tuple[str, str]) -> None:
    ended = run(*command, "--person", "nobody@example.com", input="correct horse\n")
    assert ended.exit_code == 1
    assert "nobody@example.com" in ended.output


def test_somebody_who_has_left_is_given_no_token(run: Run, person: Callable[..., Person]) -> None:
    person("left@example.com", active=False)
    ended = run("token", "create", "--person", "left@example.com")
    assert (ended.exit_code, "not active" in ended.output) == (1, True)
    assert json.loads(run("token", "list", "--json").stdout) == []


def test_a_token_is_made_listed_and_revoked(run: Run, client: FlaskClient) -> None:
    made = json.loads(run("token", "create", "--person", "ana@example.com", "--expires", "30d", "--json").stdout)
    header = {"Authorization": f"Bearer {made['token']}"}
    assert client.get("/api/v1/_openapi", headers=header).status_code == 200
    [listed] = json.loads(run("token", "list", "--json").stdout)
    assert (listed["id"], listed["person"], listed["revoked_at"]) == (made["id"], "ana@example.com", None)
    assert made["token"] not in run("token", "list").output
    assert run("token", "revoke", made["id"]).exit_code == 0
    assert client.get("/api/v1/_openapi", headers=header).status_code == 401
    assert run("token", "revoke", "no-such-id").exit_code == 1


def test_a_token_stands_alone_on_the_last_line(run: Run, client: FlaskClient) -> None:
    secret = run("token", "create", "--person", "ana@example.com").output.splitlines()[-1]
    header = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/_openapi", headers=header).status_code == 200


@pytest.mark.parametrize("lifetime", ["30", "0d", "-1d", "30m", "d"])
def test_a_lifetime_that_makes_no_sense(run: Run, lifetime: str) -> None:
    assert run("token", "create", "--person", "ana@example.com", "--expires", lifetime).exit_code == 2


def test_settings_that_make_no_sense_are_told_in_one_sentence(tmp_path: Path) -> None:
    environment = {"SERVICEHALL_DATA_DIR": str(tmp_path), "SERVICEHALL_SECRET_KEY": "short"}
    ended = CliRunner().invoke(main, ["token", "list"], env=environment)
    assert ended.exit_code == 1
    assert "SERVICEHALL_SECRET_KEY" in ended.output


@pytest.mark.parametrize("command", [("token", "list"), ("audit", "verify", "--all")])
def test_a_database_without_its_tables_is_told_in_one_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    env = {"SERVICEHALL_DATA_DIR": str(tmp_path), "SERVICEHALL_SECRET_KEY": databases.SECRET}
    ended = CliRunner().invoke(main, list(command), env=env)
    assert (ended.exit_code, "servicehall db upgrade" in ended.output) == (1, True)


def test_the_words_of_the_search_are_made_anew(run: Run) -> None:
    ended = run("search", "rebuild")
    assert (ended.exit_code, ended.output) == (0, "0 requests are found by their words again.\n")


def test_a_person_is_erased_only_after_saying_yes(run: Run, person: Callable[..., Person], client: FlaskClient) -> None:
    gone = person("gone@example.com", active=False)
    run("password", "set", "--person", "gone@example.com", input="correct horse\n")
    command = ("directory", "erase", "--person", "gone@example.com")
    assert "is active" in run("directory", "erase", "--person", "ana@example.com", "--yes").output
    asked = run(*command, input="n\n")
    assert asked.exit_code == 1
    assert "cannot be undone" in asked.output
    said = json.loads(run(*command, "--yes", "--json").stdout)
    assert said == {"person": gone.id, "requests": 0, "contents": 1, "files": 0}
    assert "Nobody has" in run(*command, "--yes").output
    with client.application.app_context():
        assert db.session.scalars(select(accounts.User.email)).all() == [f"erased-{gone.id}"]
