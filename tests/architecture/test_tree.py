"""The shape of the tree: what no linter says, said by tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import click
import pytest
from packaging.version import Version

from servicehall import config, services
from servicehall.cli import COMMANDS, main

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "platform" / "servicehall"
LONGEST_FILE = 400
OURS = ("*.py", "*.md", "*.toml", "*.yaml", "*.html", "*.po", "*.sh", "Makefile", "*.css", "*.js")
SKIPPED = {".venv", ".git", "node_modules", "vendor", ".hypothesis", ".artifacts", ".mypy_cache", ".ruff_cache", "data"}


def our_files(*patterns: str) -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in names:
            path = Path(folder) / name
            if any(path.match(pattern) for pattern in patterns):
                yield path


def test_platform_is_a_plain_directory() -> None:
    """With an `__init__.py` it would shadow the standard library's `platform`."""
    assert not (ROOT / "platform" / "__init__.py").exists()


@pytest.mark.parametrize("arguments", [["app.py", "--help"], ["-m", "pytest", "--version"]])
def test_python_works_from_the_checkout(arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "platform")}
    ended = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout


def test_no_file_is_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
        if "versions" not in path.parts
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_the_map_of_the_services_names_each_once() -> None:
    folder = PACKAGE / "services"
    there = {path.stem for path in folder.iterdir() if path.stem != "__init__" and path.stem != "__pycache__"}
    named = re.findall(r"\w+", "".join(re.findall(r"^    .*$", services.__doc__ or "", re.MULTILINE)))
    assert (sorted(named), len(named)) == (sorted(there), len(set(named)))


def test_every_file_that_is_named_is_there() -> None:
    there = [f"/{path.relative_to(ROOT)}" for path in our_files("*")]
    named = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in our_files("*.md", "*.py")
        for name in re.findall(r"`((?:\w+/)+\w+\.(?:py|html|js|md|yaml))`", path.read_text("utf-8"))
        if not any(file.endswith(f"/{name}") for file in there)
    }
    assert named == set()


def test_nothing_names_a_machine_or_a_registry() -> None:
    """Paths of somebody's machine, and hosts of package registries."""
    wrong = re.compile(
        r"\.\./shared|/wor" + r"k/|/tm" + r"p/[a-z]|/ho" + r"me/[a-z]|pypi\.or" + r"g|registry\.npm" + r"js"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in our_files(*OURS)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if wrong.search(line)
    ]
    assert found == []


def test_nothing_is_left_open() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK|NotImplemented" + r"Error|lorem ip" + r"sum)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in our_files("*.py", "*.html", "*.js", "*.yaml", "*.md")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


def test_every_setting_stands_in_the_operators_guide() -> None:
    guide = (ROOT / "docs" / "guide-operators.md").read_text("utf-8")
    assert config.table() in guide, "the table of settings is not as `servicehall.config.table()` writes it"


def test_every_setting_of_the_code_and_the_tests_exists() -> None:
    """A variable that is named anywhere is one that is read."""
    known = {config.PREFIX + name.upper() for name in config.Settings.__dataclass_fields__}
    named = re.compile(rf"\b{config.PREFIX}[A-Z_]+[A-Z]\b")
    found = {
        name
        for path in our_files("*.py", "*.md", "Makefile", "*.sh", "run")
        if path != Path(__file__)
        for name in named.findall(path.read_text("utf-8"))
    }
    assert found - known <= {"SERVICEHALL_DEM"}


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


def test_every_command_has_help() -> None:
    found = dict(every_command(main))
    assert set(COMMANDS) <= set(found)
    for name, command in found.items():
        assert command.get_short_help_str(), f"servicehall {name} has no help"


def test_installed_versions_are_safe() -> None:
    lowest = tomllib.loads((Path(__file__).parent / "safe-versions.toml").read_text("utf-8"))["lowest"]
    installed = {found.metadata["Name"].lower().replace("_", "-"): found.version for found in metadata.distributions()}
    unsafe = {
        name: installed[name]
        for name in lowest
        if name in installed and Version(installed[name]) < Version(lowest[name])
    }
    assert unsafe == {}


def test_the_lock_has_every_dependency_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[\[>=<~! ]", line)[0].lower().replace("_", "-") for line in wanted}
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = set(re.findall(r"^([a-z0-9.\-]+)(?:\[[^\]]*\])?==", lock, re.MULTILINE))
    assert names - locked == set()
    assert lock.count("==") <= lock.count("--hash=sha256:")


def test_every_row_of_the_proof_has_a_test_that_shows_it() -> None:
    """What `make proof` runs at length: no row is without one."""
    rows = re.findall(r'^    "([A-Z]\d+)": ', (ROOT / "scripts/proof.py").read_text("utf-8"), re.MULTILINE)
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    shown = set(re.findall(r'pytest\.mark\.proves\("([A-Z]\d+)"\)', tests))
    assert (set(rows) - shown, shown - set(rows)) == (set(), set())
    assert len(rows) == len(set(rows)) > 14


def test_what_the_tests_need_is_named_where_nothing_is_there_and_nothing_may_be_installed(tmp_path: Path) -> None:
    """On a machine that has none of it, for somebody who is not its administrator."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n", "utf-8")
    (tmp_path / "id").chmod(0o755)
    script = ["/bin/bash", str(ROOT / "scripts/prepare.sh")]
    ended = subprocess.run(script, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert {"chromium", "fontconfig", "fonts-noto-cjk", "redis-server"} <= set(ended.stderr.split())
