"""Two webs and two workers on PostgreSQL with Redis: one case goes through all of them, and its report is made."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests import databases
from tests.ports import free_port
from tests.services.test_serving import PATIENCE, once, start, wait_for

from servicehall import create_app
from servicehall.clock import now
from servicehall.models.base import db
from servicehall.services import definitions
from servicehall.services.directory_import import import_people
from servicehall.web.roles import upgrade_database
from servicehall.web.tokens import create_token

__all__ = ["start"]
PEOPLE = ("asker", "lead", "head", "worker")
PACK = Path(__file__).parents[2] / "platform/servicehall/cli/benchmarks/bench"


class Hall:
    """Several addresses of one installation; each call goes to the next."""

    def __init__(self, ports: list[int], tokens: dict[str, str]) -> None:
        self.ports, self.tokens, self.turn = ports, tokens, 0

    def call(self, who: str, path: str, body: Any = None) -> tuple[int, bytes]:
        self.turn += 1
        data = None if body is None else json.dumps(body).encode()
        address = f"http://127.0.0.1:{self.ports[self.turn % len(self.ports)]}/api/v1{path}"
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"}
        try:
            with urlopen(Request(address, data, headers), timeout=PATIENCE) as found:
                return found.status, found.read()
        except HTTPError as error:
            return error.code, error.read()

    def said(self, who: str, path: str, body: Any = None) -> Any:
        status, answer = self.call(who, path, body)
        assert status < 300, (status, answer)
        return json.loads(answer)


@pytest.mark.postgres
@pytest.mark.redis
def test_several_webs_and_workers_are_one_installation(
    tmp_path: Path, redis: str, start: Callable[..., Popen[str]]
) -> None:
    if not databases.listens(5432):
        pytest.skip("PostgreSQL does not answer on 127.0.0.1:5432")
    with databases.empty_postgres("several") as url:
        said = {
            "SERVICEHALL_DEMO": "1",
            "SERVICEHALL_SECRET_KEY": databases.SECRET,
            "SERVICEHALL_DATABASE_URL": url,
            "SERVICEHALL_QUEUE_URL": redis,
        }
        hall = _open(tmp_path, start, said)
        number = hall.said("asker", "/requests", {"service": "bench/case", "answers": {"what": "One"}})["number"]
        for who in ("lead", "head"):
            _approve_once(hall, who)
        for task in hall.said("worker", "/tasks?state=ready")["items"]:
            hall.said("worker", f"/tasks/{task['id']}/complete", {"answers": {}})
        assert hall.said("asker", f"/requests/{number}")["state"] == "resolved"
        assert _report(hall, number).startswith(b"%PDF")
        replayed = once(tmp_path, "audit", "replay", "--check", **said)
        assert replayed.returncode == 0, replayed.stdout


def _open(folder: Path, start: Callable[..., Popen[str]], said: dict[str, str]) -> Hall:
    app = create_app(databases.settings_for(folder, said["SERVICEHALL_DATABASE_URL"]))
    with app.app_context():
        upgrade_database()
        import_people((PACK / "people.csv").read_bytes(), at=now())
        assert not definitions.apply(PACK, publish=True, dry_run=False, actor="system", at=now()).is_refused
        made = {who: create_token(db.session(), f"{who}@bench.example.com", at=now()) for who in PEOPLE}
        db.session.remove()
        db.engine.dispose()
    ports = [free_port(), free_port()]
    webs = [start(folder, "web", "--port", str(port), "--workers", "1", **said) for port in ports]
    for _ in range(2):
        start(folder, "worker", **said)
    for port, web in zip(ports, webs, strict=True):
        wait_for(port, web)
    return Hall(ports, {who: token.secret for who, token in made.items()})


def _approve_once(hall: Hall, who: str) -> None:
    """The same decision through both webs at once: one counts, the other learns that it was decided."""
    found = hall.said(who, "/approvals?state=pending")["items"][0]
    body = {"decision": "approve", "content_sha256": found["content_sha256"]}
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(hall.call, who, f"/approvals/{found['id']}/decision", body) for _ in range(2)]
    assert sorted(call.result()[0] for call in calls) == [200, 409]


def _report(hall: Hall, number: str) -> bytes:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status, answer = hall.call("asker", f"/requests/{number}/report.pdf?locale=en")
        if status == 200:
            return answer
        assert status == 202, answer
        time.sleep(0.3)
    raise AssertionError("no worker made the report")
