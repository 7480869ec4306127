"""What serves: one process for all, or web and worker apart; it starts only where it is safe, and ends when told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60


def environment(folder: Path, **said: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SERVICEHALL_")}
    return clean | {"SERVICEHALL_DATA_DIR": str(folder), "SERVICEHALL_SWEEP_SECONDS": "1"} | said


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "app.py"), *arguments]


def once(folder: Path, *arguments: str, **said: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env=environment(folder, **said),
        capture_output=True,
        text=True,
        input="",
        timeout=PATIENCE,
        check=False,
    )


def answer(port: int, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as found:
            return found.status, found.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1]
        try:
            if answer(port, "/healthz")[0] == 200:
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("it does not answer")


@pytest.fixture
def migrated(tmp_path: Path, _databases: Callable[[str], Any]) -> Path:
    """A folder whose database is as `servicehall db upgrade` leaves it."""
    _databases("sqlite").copy_to(tmp_path)
    return tmp_path


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(folder: Path, *arguments: str, **said: str) -> subprocess.Popen[str]:
        log = (folder / f"{arguments[0]}.log").open("w")
        process = subprocess.Popen(
            command(*arguments), env=environment(folder, **said), stdout=log, stderr=log, text=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)


def test_one_process_migrates_serves_works_and_ends(
    tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    port = free_port()
    process = start(tmp_path, "run", "--port", str(port), SERVICEHALL_DEMO="1")
    wait_for(port, process)
    status, body = answer(port, "/readyz")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    heavy = Request(
        f"http://127.0.0.1:{port}/api/v1/security/login", bytes(30 << 20), {"Content-Type": "application/json"}
    )
    with pytest.raises(HTTPError, match="413"):  # the answer is read, not a broken pipe
        urlopen(heavy, timeout=PATIENCE)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    log = (tmp_path / "run.log").read_text()
    assert "Mail is not set up" in log
    assert "Sign in as" not in log  # nobody is here yet


def test_web_and_worker_apart(migrated: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    port = free_port()
    worker = start(migrated, "worker", SERVICEHALL_DEMO="1")
    web = start(migrated, "web", "--port", str(port), "--workers", "2", SERVICEHALL_DEMO="1")
    wait_for(port, web)
    for process in (web, worker):
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
    assert [process.wait(PATIENCE) for process in (web, worker)] == [0, 0]


def test_without_a_key_nothing_is_served(tmp_path: Path) -> None:
    ended = once(tmp_path, "run")
    assert ended.returncode == 1
    assert "SERVICEHALL_SECRET_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("subcommand", ["run", "web"])
def test_the_demo_listens_on_this_machine_only(tmp_path: Path, subcommand: str) -> None:
    ended = once(tmp_path, subcommand, "--host", "0.0.0.0", SERVICEHALL_DEMO="1")
    assert ended.returncode == 1
    assert "this machine only" in ended.stderr


def test_the_database_is_checked(tmp_path: Path) -> None:
    before = once(tmp_path, "db", "check", SERVICEHALL_DEMO="1")
    assert before.returncode == 1
    assert "db upgrade" in before.stderr
    assert once(tmp_path, "db", "upgrade", SERVICEHALL_DEMO="1").returncode == 0
    after = once(tmp_path, "db", "check", SERVICEHALL_DEMO="1")
    assert after.returncode == 0, after.stdout


def test_a_command_about_nobody_says_so(migrated: Path) -> None:
    ended = once(migrated, "token", "create", "--person", "nobody@example.com", SERVICEHALL_DEMO="1")
    assert ended.returncode == 1
    assert "nobody@example.com" in ended.stderr
    assert "Traceback" not in ended.stderr
