"""A database server that dies: what was acknowledged is there, and nothing is half done."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from tests import databases
from tests.factories.people import make_person
from tests.ports import free_port

from servicehall import create_app
from servicehall.errors import Unavailable
from servicehall.models.base import db
from servicehall.models.directory import Person
from servicehall.services import replay
from servicehall.web.roles import upgrade_database


def intact(app: Flask) -> bool:
    """Whether the tables say what the log says."""
    with app.app_context():
        session = db.session()
        return replay.compare(session, replay.all_streams(session)) == []


class Server:
    """A PostgreSQL server of the test's own, with everything durable."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "postgres"
        self.binaries = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def program(self, name: str) -> list[str]:
        path = str(self.binaries / name) if self.binaries else str(shutil.which(name))
        return ["runuser", "-u", "postgres", "--", path] if os.geteuid() == 0 else [path]

    def make(self) -> None:
        self.data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres", "postgres")
        subprocess.run(
            [
                *self.program("initdb"),
                "-D",
                self.data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "--locale=C.UTF-8",
                "-E",
                "UTF8",
            ],
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        options = ["-D", str(self.data), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        self.process = subprocess.Popen(
            [*self.program("postgres"), *options, "-c", "unix_socket_directories="],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while not databases.trusts(self.url):
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """The whole server at once, as a power cut would."""
        assert self.process is not None
        main = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for process in (main, *map(int, children)):
            os.kill(process, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            subprocess.run([*self.program("pg_ctl"), "-D", self.data, "-m", "immediate", "stop"], capture_output=True)
            self.process.wait(30)


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="servicehall-postgres-"))
    folder.chmod(0o755)
    made = Server(folder)
    if made.binaries is None and shutil.which("initdb") is None:
        pytest.skip("PostgreSQL's server is not installed")
    made.make()
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.postgres
@pytest.mark.proves("R11")
def test_what_was_acknowledged_survives_the_death_of_the_server(server: Server, tmp_path: Path) -> None:
    """R11: kill -9 under load; afterwards the same application goes on."""
    app = create_app(databases.settings_for(tmp_path, server.url))
    with app.app_context():
        upgrade_database()
    acknowledged: list[str] = []
    refused: list[Any] = []
    enough = threading.Event()

    def load(name: int) -> None:
        for number in range(10_000):
            email = f"{name}-{number}@example.com"
            try:
                with app.app_context():
                    make_person(email)
            except Unavailable as error:
                refused.append(error)
                return
            acknowledged.append(email)
            if len(acknowledged) >= 60:
                enough.set()

    threads = [threading.Thread(target=load, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    server.kill()
    for thread in threads:
        thread.join(60)
    assert len(refused) == len(threads)
    (server.data / "postmaster.pid").unlink(missing_ok=True)
    server.start()
    with app.app_context():
        there = set(db.session.scalars(select(Person.email)))
        make_person("after@example.com")
        db.engine.dispose()
    assert set(acknowledged) <= there
    assert intact(app)
