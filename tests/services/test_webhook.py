"""Webhooks, against a real HTTP server: signed, to public addresses only, and a task's fate is the answer's."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.factories.packs import DEPARTMENT, publish_pack
from tests.factories.people import make_group, make_person

from servicehall import config
from servicehall.channels.delivery import Failed, Refused
from servicehall.channels.webhook import Call, may_call, post, resolve, secret_of
from servicehall.clock import now
from servicehall.jobs import outbox
from servicehall.jobs.claims import work_off
from servicehall.models.directory import Person
from servicehall.models.fulfilment import Task
from servicehall.models.notices import Notice
from servicehall.models.operations import Outbox
from servicehall.models.requests import Request
from servicehall.services import requests, tasks
from servicehall.services.requests import Order
from servicehall.services.visibility import Viewer

AT = now().replace(microsecond=0)
LOOPBACK = ("127.0.0.0/8",)


@dataclass
class Receiver:
    """What arrived; `statuses` are given one after the other, the last for ever."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def next_status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server on this machine."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.calls.append((self.path, dict(self.headers), body))
            self.send_response(found.next_status())
            self.send_header("Location", f"{found.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def a_call(url: str) -> Call:
    return Call(url=url, key="key-1", body={"b": "大", "a": 1}, at=AT)


class TestPost:
    def test_it_is_signed_and_repeatable(self, receiver: Receiver) -> None:
        post(a_call(f"{receiver.url}/hook?x=1"), secret=b"secret", networks=LOOPBACK)
        ((path, headers, body),) = receiver.calls
        assert (path, json.loads(body)) == ("/hook?x=1", {"a": 1, "b": "大"})
        assert (headers["Content-Type"], headers["Idempotency-Key"]) == ("application/json", "key-1")
        timestamp = headers["X-Servicehall-Timestamp"]
        assert timestamp == str(int(AT.timestamp()))
        expected = hmac.new(b"secret", timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert headers["X-Servicehall-Signature"] == f"sha256={expected}"

    @pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500, 503])
    def test_anything_but_a_2xx_has_failed_and_is_not_followed(self, receiver: Receiver, status: int) -> None:
        receiver.statuses = [status]
        with pytest.raises(Failed, match=str(status)):
            post(a_call(receiver.url), secret=b"s", networks=LOOPBACK)
        assert [path for path, _, _ in receiver.calls] == ["/"]

    def test_inner_addresses_are_refused_before_anything_is_sent(self, receiver: Receiver) -> None:
        for url in (receiver.url, receiver.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(Refused):
                post(a_call(url), secret=b"s")
        assert receiver.calls == []

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://example.com/",
            "//example.com/",
            "https://",
            "https://ana:password@example.com/",
            "https://example.com:99999/",
            "http://[::1",
            "",
        ],
    )
    def test_what_is_no_web_address_is_refused(self, url: str) -> None:
        with pytest.raises(Refused):
            post(a_call(url), secret=b"s", networks=("0.0.0.0/0",))

    def test_nobody_there_has_failed(self, receiver: Receiver) -> None:
        with pytest.raises(Failed):
            post(a_call("http://127.0.0.1:1/"), secret=b"s", networks=LOOPBACK)

    def test_each_webhook_has_a_secret_of_its_own_and_none_is_the_installations_key(self) -> None:
        secrets = {secret_of("the key", name) for name in ("a", "b")} | {b"the key"}
        assert len(secrets) == 3


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "127.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:53aa:64c:0:0:80ff:fffe",
            "fe80::1%eth0",
            "fec0::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
        ],
    )
    def test_inner_ones_may_not_be_called(self, address: str) -> None:
        assert not may_call(address, ())

    @pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"])
    def test_public_ones_may(self, address: str) -> None:
        assert may_call(address, ())

    @pytest.mark.parametrize(
        ("address", "networks", "expected"),
        [
            ("10.1.2.3", ("10.1.0.0/16",), True),
            ("10.2.2.3", ("10.1.0.0/16",), False),
            ("::ffff:10.1.2.3", ("10.1.0.0/16",), True),
            ("fd00::1", ("10.1.0.0/16", "fd00::/8"), True),
        ],
    )
    def test_an_allowed_network_is_one_network(self, address: str, networks: tuple[str, ...], expected: bool) -> None:
        assert may_call(address, networks) is expected

    def test_one_inner_address_among_several_is_enough_to_refuse(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = [(2, 1, 6, "", (address, 443)) for address in ("1.1.1.1", "127.0.0.1")]
        monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: found)
        with pytest.raises(Refused):
            resolve("rebinding.example.com", 443, networks=())

    def test_a_name_is_resolved_once(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        port = int(receiver.url.rpartition(":")[2])
        answers = iter(["127.0.0.1", "127.0.0.2"])
        monkeypatch.setattr("servicehall.channels.webhook.resolve", lambda *a, **k: [next(answers)])
        post(a_call(f"http://hook.example.com:{port}/"), secret=b"s", networks=LOOPBACK)
        ((_, headers, _),) = receiver.calls
        assert headers["Host"] == f"hook.example.com:{port}"
        assert next(answers) == "127.0.0.2"


ACCOUNT = """\
kind: service
department: it
key: account
title: An account
form:
  pages:
    - key: main
      title: Account
      fields:
        - {key: login, type: text, label: Name, required: true}
        - {key: secret, type: text, label: Secret}
fulfilment:
  tasks:
    - key: make-it
      title: Make the account
      group: it-desk
      shows: [login]
      automate: {webhook: identity, retry: 2}
    - key: hand-over
      title: Hand it over
      group: it-desk
      after: [make-it]
"""


@dataclass(frozen=True)
class Case:
    """A request whose first task is done by the receiver."""

    session: Session
    ana: Person
    agent: Person
    request: str

    def task(self, key: str = "make-it") -> Task:
        self.session.expire_all()
        statement = select(Task).where(Task.request_id == self.request, Task.key == key)
        return self.session.scalars(statement).one()

    def row(self) -> Outbox:
        self.session.expire_all()
        return self.session.scalars(select(Outbox).where(Outbox.channel == "webhook")).one()


@pytest.fixture
def case(session: Session, tmp_path: Path, receiver: Receiver) -> Case:
    config.use(replace(config.current(), webhooks={"identity": f"{receiver.url}/accounts"}, webhook_networks=LOOPBACK))
    ana = make_person("ana@example.com", department="it")
    agent = make_person("ben@example.com", department="it")
    make_group("it-desk", [agent.id], department="it")
    publish_pack(tmp_path, {"it.yaml": DEPARTMENT, "account.yaml": ACCOUNT})
    wish = Order("it/account", {"login": "ana", "secret": "kept inside"})
    request = requests.order(wish, viewer=Viewer(session, ana), at=AT)
    return Case(session, ana, agent, request)


def deliver(at: datetime = AT) -> None:
    work_off(outbox.KIND, clock=lambda: at)


class TestTaskOfASystem:
    def test_it_is_told_what_the_task_shows_and_its_answer_does_the_task(self, case: Case, receiver: Receiver) -> None:
        assert case.task().state == "in_progress"
        deliver()
        ((path, _, body),) = receiver.calls
        said = json.loads(body)
        assert (path, said["answers"], said["key"]) == ("/accounts", {"login": "ana"}, "make-it")
        done = case.task()
        assert (done.state, done.done_by_id) == ("done", "system:automation")
        assert case.task("hand-over").state == "ready"
        assert case.row().state == "done"

    def test_it_is_tried_again_with_the_same_key(self, case: Case, receiver: Receiver) -> None:
        receiver.statuses = [500, 503, 204]
        for minutes in (0, 1, 5):
            deliver(AT + timedelta(minutes=minutes))
        assert case.task().state == "done"
        assert len({headers["Idempotency-Key"] for _, headers, _ in receiver.calls}) == 1

    def test_when_it_gives_up_people_do_it(self, case: Case, receiver: Receiver) -> None:
        receiver.statuses = [500]
        for minutes in range(0, 60, 5):
            deliver(AT + timedelta(minutes=minutes))
        assert len(receiver.calls) == 3
        task = case.task()
        assert (task.state, task.why and task.why["code"]) == ("ready", "fell_back")
        assert case.row().state == "done"
        told = select(Notice.person_id).where(Notice.event == "task_ready")
        assert list(case.session.scalars(told)) == [case.agent.id]
        viewer = Viewer(case.session, case.agent)
        tasks.claim(task, viewer=viewer, at=AT)
        tasks.start(case.task(), viewer=viewer, at=AT)
        tasks.complete(case.task(), answers={}, viewer=viewer, at=AT)
        assert (case.task().state, case.task("hand-over").state) == ("done", "ready")

    @pytest.mark.parametrize("webhooks", [{}, {"identity": "http://10.0.0.1/"}, {"identity": "gopher://x"}])
    def test_what_can_never_be_called_is_peoples_at_once(
        self, case: Case, receiver: Receiver, webhooks: dict[str, str]
    ) -> None:
        config.use(replace(config.current(), webhooks=webhooks))
        deliver()
        assert case.task().why == {"code": "fell_back", "detail": case.task().why["detail"]}  # type: ignore[index]
        assert (case.task().state, case.row().state) == ("ready", "done")

    def test_a_request_that_was_cancelled_meanwhile_is_not_called_for(self, case: Case, receiver: Receiver) -> None:
        row = case.session.get_one(Request, case.request)
        requests.cancel(row, viewer=Viewer(case.session, case.agent), at=AT, comment="not needed")
        deliver()
        assert receiver.calls == []
        assert (case.task().state, case.row().state) == ("cancelled", "done")

    def test_an_answer_that_comes_after_the_cancellation_changes_nothing(
        self, case: Case, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from servicehall.services import deliveries

        def cancelled_meanwhile(one: Any) -> None:
            send(one)
            row = case.session.get_one(Request, case.request)
            requests.cancel(row, viewer=Viewer(case.session, case.agent), at=AT, comment="not needed")

        send: Callable[[Any], None] = deliveries._call
        monkeypatch.setattr(deliveries, "_call", cancelled_meanwhile)
        deliver()
        assert len(receiver.calls) == 1
        assert (case.task().state, case.row().state) == ("cancelled", "done")


class TestOtherCalls:
    def ask(self, session: Session, name: str) -> None:
        Outbox.add(
            session, channel="webhook", dedupe_key="clock-1", payload={"name": name, "event": "clock.escalated"}, at=AT
        )
        session.commit()

    def test_an_escalation_is_told(self, session: Session, receiver: Receiver) -> None:
        config.use(replace(config.current(), webhooks={"pager": receiver.url}, webhook_networks=LOOPBACK))
        self.ask(session, "pager")
        deliver()
        assert [json.loads(body)["event"] for _, _, body in receiver.calls] == ["clock.escalated"]
        assert session.scalars(select(Outbox)).one().state == "done"

    def test_a_name_that_nobody_set_is_parked_for_administrators(self, session: Session, receiver: Receiver) -> None:
        self.ask(session, "pager")
        deliver()
        row = session.scalars(select(Outbox)).one()
        assert row.state == "parked"
        assert "pager" in str(row.last_error)
