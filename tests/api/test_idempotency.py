"""`Idempotency-Key`: one effect and one answer for a key, however often and however much at once it comes."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from tests.factories.company import DIRECTOR, EMPLOYEE, MANAGER
from tests.factories.orders import onboarding, order

from servicehall.web.api.idempotency import fingerprint

SERVICE = "hr/employee-onboarding"
Api = Callable[[str], Any]


def keyed(key: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Idempotency-Key": key}}


def numbers(api: Api) -> list[str]:
    return [one["number"] for one in api(MANAGER).get("/requests?role=requester").json["items"]]


def test_the_same_again_gives_the_first_answer(api: Api) -> None:
    body = {"service": SERVICE, "answers": onboarding()}
    first = api(MANAGER).post("/requests", json=body, **keyed("k-1"))
    again = api(MANAGER).post("/requests", json=body, **keyed("k-1"))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert (again.headers["ETag"], again.headers["Location"]) == (first.headers["ETag"], first.headers["Location"])
    assert numbers(api) == [first.json["number"]]


def test_another_spelling_of_the_same_json_is_the_same(api: Api) -> None:
    one = api(MANAGER).post("/requests", data=b'{"draft": true, "service": "%s"}' % SERVICE.encode(), **json_key("k"))
    two = api(MANAGER).post("/requests", data=b'{ "service":"%s","draft":true}' % SERVICE.encode(), **json_key("k"))
    assert one.json["number"] == two.json["number"]


def json_key(key: str) -> dict[str, Any]:
    return {"content_type": "application/json", **keyed(key)}


def test_another_body_under_the_same_key_is_refused(api: Api) -> None:
    api(MANAGER).post("/requests", json={"service": SERVICE, "draft": True}, **keyed("k-1"))
    other = api(MANAGER).post("/requests", json={"service": SERVICE, "draft": False}, **keyed("k-1"))
    assert other.status_code == 422
    assert other.json["errors"][0]["path"] == "Idempotency-Key"
    assert len(numbers(api)) == 1


def test_a_key_is_its_persons_own(api: Api) -> None:
    body = {"service": "it/incident", "draft": True}
    mine = api(MANAGER).post("/requests", json=body, **keyed("k-1")).json["number"]
    theirs = api(EMPLOYEE).post("/requests", json=body, **keyed("k-1")).json["number"]
    assert mine != theirs


def test_what_was_refused_did_nothing_and_may_be_sent_again(api: Api) -> None:
    body = {"service": SERVICE, "answers": {}}
    assert api(MANAGER).post("/requests", json=body, **keyed("k-1")).status_code == 422
    assert api(MANAGER).post("/requests", json=body, **keyed("k-1")).status_code == 422
    whole = {"service": SERVICE, "answers": onboarding()}
    assert api(MANAGER).post("/requests", json=whole, **keyed("k-1")).status_code == 201


def test_a_key_has_a_length(api: Api) -> None:
    for key in ("", "x" * 201):
        assert api(MANAGER).post("/requests", json={}, **keyed(key)).status_code == 422


def test_a_decision_under_a_key(api: Api) -> None:
    order(api(MANAGER), SERVICE, onboarding())
    approval = api(DIRECTOR).get("/approvals").json["items"][0]
    path = f"/approvals/{approval['id']}/decision"
    body = {"decision": "approve", "content_sha256": approval["content_sha256"]}
    first = api(DIRECTOR).post(path, json=body, **keyed("d-1"))
    again = api(DIRECTOR).post(path, json=body, **keyed("d-1"))
    assert (first.status_code, again.status_code, again.data) == (200, 200, first.data)
    assert api(DIRECTOR).post(path, json=body, **keyed("d-2")).status_code == 409


def test_what_is_kept_of_a_body_is_no_help_in_guessing_it(app: Any, api: Api) -> None:
    """A body may hold a password; a plain hash of it would be tried out a thousand million times a second."""
    body = {"decision": "approve", "password": "correct horse"}
    spelled = json.dumps(body, sort_keys=True, separators=(",", ":"))
    with app.test_request_context("/x", method="POST", data=spelled, content_type="application/json"):
        kept, plain = fingerprint(), hashlib.sha256(f"POST /x?\n{spelled}".encode()).hexdigest()
        assert kept == fingerprint()
        assert kept != plain


def test_an_upload_under_a_key(api: Api) -> None:
    def send() -> Any:
        return api(EMPLOYEE).post("/files", data={"file": (io.BytesIO(b"hello"), "hello.txt")}, **keyed("f-1"))

    assert send().json == send().json


@pytest.mark.proves("R5")
def test_ten_at_once_are_one(app: Any, api: Api) -> None:
    """The same POST ten times in parallel: one request, ten times the same answer."""
    body = {"service": SERVICE, "answers": onboarding()}
    api(MANAGER).get("/requests")
    token = api(MANAGER).environ_base["HTTP_AUTHORIZATION"]
    barrier = Barrier(10)

    def send(_: int) -> Any:
        client = app.test_client()
        barrier.wait()
        headers = {"Idempotency-Key": "k-1", "Authorization": token}
        return client.post("/api/v1/requests", json=body, headers=headers)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(send, range(10)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.data for one in answers}) == 1
    assert numbers(api) == [answers[0].json["number"]]
