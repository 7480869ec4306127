"""`servicehall catalog check` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from servicehall.cli import main
from servicehall.texts import use_locale

GOOD = "kind: choice_list\ndepartment: it\nkey: colours\noptions: [{key: red, label: Red}]\n"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["catalog", "check", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_good_pack_exits_with_0(tmp_path: Path) -> None:
    (tmp_path / "colours.yaml").write_text(GOOD)
    assert run(str(tmp_path)) == (0, "1 documents, 0 errors, 0 warnings\n")


def test_a_mistake_is_printed_with_its_place_and_exits_with_1(tmp_path: Path) -> None:
    file = tmp_path / "colours.yaml"
    file.write_text(GOOD.replace("label", "lable"))
    code, output = run(str(file))
    assert code == 1
    first, last = output.splitlines()
    assert first.startswith(f"{file}:4: error: options[0].lable: ")
    assert "label" in first
    assert last == "1 documents, 1 errors, 0 warnings"


def test_json_holds_the_same(tmp_path: Path) -> None:
    file = tmp_path / "colours.yaml"
    file.write_text("a: [")
    code, output = run("--json", str(file))
    answer = json.loads(output)
    assert code == 1
    assert (answer["documents"], answer["errors"], answer["warnings"]) == (0, 1, 0)
    assert {"file": str(file), "line": 1, "severity": "error", "code": "syntax"}.items() <= answer["problems"][
        0
    ].items()


@pytest.mark.parametrize("name", ["missing", "."])
def test_nothing_there_is_an_error(tmp_path: Path, name: str) -> None:
    assert run(str(tmp_path / name))[0] == 1


def test_a_file_may_refer_to_the_shipped_forms(tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text(
        "kind: service\ndepartment: it\nkey: x\ntitle: X\n"
        "form: {pages: [{key: a, fields: [{use: shared/delivery-address}]}]}\n"
    )
    assert run(str(file))[0] == 0


def test_problems_are_told_in_the_language_in_use(tmp_path: Path) -> None:
    with use_locale("zh"):
        code, output = run(str(tmp_path / "missing"))
    assert code == 1
    assert "没有" in output


@pytest.mark.parametrize(("arguments", "title"), [(["service"], "service"), ([], "A document of the catalog")])
def test_the_schema_is_printed_for_editors(arguments: list[str], title: str) -> None:
    result = CliRunner().invoke(main, ["catalog", "schema", *arguments])
    assert result.exit_code == 0
    assert json.loads(result.output)["title"] == title


def test_a_kind_that_nobody_knows_has_no_schema() -> None:
    assert CliRunner().invoke(main, ["catalog", "schema", "spaceship"]).exit_code == 2


def test_json_carries_the_witness_and_the_notes_beside_the_problems(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "kind: service\ndepartment: it\nkey: a\ntitle: A\nform: {pages: [{key: p, fields: [\n"
        "  {key: n, type: integer, label: N, required: true},\n"
        "  {key: t, type: text, label: T, visible: 'n > 1 && n < 1'},\n"
        '  {key: u, type: text, label: U, visible: \'t.matches("[a-z]{9}") && t.matches("^.{3}$")\'}]}]}\n'
    )
    code, printed = run(str(tmp_path), "--json")
    answer = json.loads(printed)
    assert (code, answer["errors"], answer["warnings"]) == (0, 0, len(answer["problems"]))
    assert answer["problems"][0]["code"] == "never"
    assert "tried" in answer["problems"][0]["witness"]
    assert all(one["severity"] == "note" for one in answer["notes"])
