"""Every class of error: one shape, the right status, nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from limits.storage import memory
from tests.databases import on_sqlite
from tests.factories.company import DIRECTOR, EMPLOYEE, HR_AGENT, IT_AGENT, MANAGER
from tests.factories.orders import approve, onboarding, order

from servicehall.web import guesses

SERVICE = "hr/employee-onboarding"
Api = Callable[[str], Any]


def problem(response: Any, status: int) -> dict[str, Any]:
    assert (response.status_code, response.mimetype) == (status, "application/problem+json"), response.data
    said: dict[str, Any] = response.json
    assert said["status"] == status and said["title"] and isinstance(said["errors"], list)
    return said


def test_not_signed_in(client: FlaskClient) -> None:
    said = problem(client.get("/api/v1/requests"), 401)
    assert said["type"] == "urn:servicehall:problem:unauthenticated"


@on_sqlite
def test_whoever_is_turned_away_is_told_in_their_own_language(client: FlaskClient) -> None:
    for language, title in (("zh", "请先登录"), ("en", "Sign in first"), ("zh-CN", "请先登录"), ("", "Sign in first")):
        assert client.get("/api/v1/requests", headers={"Accept-Language": language}).json["title"] == title


@pytest.mark.parametrize("token", ["nonsense", "sh_nonsense", "a.b.c"])
def test_a_token_that_is_no_good(client: FlaskClient, token: str) -> None:
    problem(client.get("/api/v1/requests", headers={"Authorization": f"Bearer {token}"}), 401)


@on_sqlite
@pytest.mark.parametrize(
    "body",
    [b"{", b"nothing", b'{"answers": NaN}', b"\xff\xfe", b"[" * 100_000],
    ids=["cut", "word", "nan", "bytes", "deep"],
)
def test_not_json(api: Api, body: bytes) -> None:
    problem(api(EMPLOYEE).post("/requests", data=body, content_type="application/json"), 400)


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_json_in_another_envelope(api: Api, media_type: str) -> None:
    body = json.dumps({"service": SERVICE, "answers": {}})
    problem(api(MANAGER).post("/requests", data=body, content_type=media_type), 415)


def test_a_body_beyond_all_measure(api: Api) -> None:
    body = json.dumps({"service": SERVICE, "answers": {"remarks": "x" * 3_000_000}})
    problem(api(MANAGER).post("/requests", data=body, content_type="application/json"), 413)


@on_sqlite
@pytest.mark.parametrize(
    ("method", "path", "body", "where"),
    [
        ("post", "/requests", [], [""]),
        ("post", "/requests", {}, ["service"]),
        ("post", "/requests", {"service": SERVICE, "state": "closed"}, ["state"]),
        ("post", "/requests", {"service": SERVICE, "answers": []}, ["answers"]),
        ("post", "/requests", {"service": 3, "draft": "perhaps"}, ["draft", "service"]),
        ("post", "/requests", {"service": SERVICE, "answers": {"full_name": "a\0b"}}, ["full_name"]),
        ("post", "/requests", {"service": SERVICE, "priority": "p0"}, ["priority"]),
        ("post", "/approvals/decisions", {"items": []}, ["items"]),
        ("post", "/delegations", {"deputy": DIRECTOR, "from": "soon"}, ["from", "until"]),
        ("post", "/requests", {"service": SERVICE, "impact": "galaxy"}, ["impact"]),
        ("post", "/requests", {"service": "it/incident", "impact": "galaxy", "priority": "p1"}, ["impact"]),
        ("delete", "/delegations/1", {"colour": "red"}, ["colour"]),
        ("get", "/requests?colour=red", None, ["colour"]),
        ("get", "/requests?limit=0", None, ["limit"]),
        ("get", "/requests?limit=many", None, ["limit"]),
        ("get", "/requests?limit=201", None, ["limit"]),
        ("get", "/requests?role=king", None, ["role"]),
        ("get", "/requests?state=lost", None, ["state"]),
        ("get", "/requests?cursor=abc", None, ["cursor"]),
        ("get", "/requests?q=a&q=b", None, ["q"]),
        ("get", "/tasks?state=lost", None, ["state"]),
        ("get", "/approvals?state=lost", None, ["state"]),
        ("get", "/services?page=2", None, ["page"]),
    ],
)
def test_readable_but_wrong(api: Api, method: str, path: str, body: Any, where: list[str]) -> None:
    said = problem(getattr(api(MANAGER), method)(path, **({} if body is None else {"json": body})), 422)
    assert sorted(one["path"] for one in said["errors"]) == where
    assert all(one["code"] and one["message"] for one in said["errors"])


def test_every_wrong_answer_at_once(api: Api) -> None:
    answers = onboarding(
        full_name="L", work_mode="lying", start_date="2020-01-01", extra_access=[{"place": "x"}], colour="red"
    )
    said = problem(api(MANAGER).post("/requests", json={"service": SERVICE, "answers": answers}), 422)
    codes = {one["path"]: one["code"] for one in said["errors"]}
    assert set(codes) == {"full_name", "work_mode", "start_date", "extra_access[0].rights", "colour"}
    assert codes["colour"] == "unknown"
    assert api(MANAGER).get("/requests").json["items"] == []


def test_problems_speak_the_readers_language(api: Api) -> None:
    said = problem(api(MANAGER).post("/requests", json={}), 422)
    assert said["title"] == "部分内容无效"
    assert said["errors"][0]["message"] == "缺少此项。"


@pytest.mark.parametrize(
    "path",
    [
        "/requests/REQ-999999",
        "/requests/REQ-999999/approvals",
        "/requests/REQ-999999/report.pdf",
        "/approvals/nobody",
        "/tasks/nothing",
        "/services/hr/nothing",
        "/services/hr/nothing/form",
        "/nowhere",
    ],
)
def test_not_there(api: Api, path: str) -> None:
    problem(api(MANAGER).get(path), 404)


def test_a_service_for_others_is_not_there(api: Api) -> None:
    """An employee who leads nobody may not order an onboarding, and is not told that there is one."""
    problem(api(EMPLOYEE).get(f"/services/{SERVICE}"), 404)
    problem(api(EMPLOYEE).post(f"/services/{SERVICE}/check", json={"answers": {}}), 404)
    problem(api(EMPLOYEE).post("/requests", json={"service": SERVICE, "answers": onboarding()}), 404)


def test_known_and_not_allowed(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    problem(api(HR_AGENT).post(f"/requests/{number}/recall"), 403)
    problem(api(MANAGER).post(f"/requests/{number}/priority", json={"priority": "p1"}), 403)
    problem(api(MANAGER).post(f"/requests/{number}/comments", json={"body": "hush", "internal": True}), 403)
    problem(api(DIRECTOR).patch(f"/requests/{number}", json={"answers": {}}), 403)
    problem(api(IT_AGENT).get("/audit/verify"), 403)


@pytest.mark.parametrize("act", ["submit", "hold", "release", "resolve", "reopen", "close"])
def test_a_state_that_does_not_allow_it(api: Api, act: str) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    for who in (MANAGER, HR_AGENT, DIRECTOR):
        problem(api(who).post(f"/requests/{number}/{act}", json={"comment": "why"}), 409)


def test_answers_are_changed_in_drafts_only(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    problem(api(MANAGER).patch(f"/requests/{number}", json={"answers": {"remarks": "x"}}), 409)


def test_a_decision_on_other_content(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    approval = api(DIRECTOR).get("/approvals").json["items"][0]["id"]
    stale = {"decision": "approve", "content_sha256": "0" * 64}
    problem(api(DIRECTOR).post(f"/approvals/{approval}/decision", json=stale), 409)
    approve(api(DIRECTOR), number)
    content = api(DIRECTOR).get(f"/approvals/{approval}").json["content_sha256"]
    again = {"decision": "approve", "content_sha256": content}
    problem(api(DIRECTOR).post(f"/approvals/{approval}/decision", json=again), 409)


def test_rejecting_says_why(api: Api) -> None:
    order(api(MANAGER), SERVICE, onboarding())
    approval = api(DIRECTOR).get("/approvals").json["items"][0]
    body = {"decision": "reject", "content_sha256": approval["content_sha256"]}
    said = problem(api(DIRECTOR).post(f"/approvals/{approval['id']}/decision", json=body), 422)
    assert [one["path"] for one in said["errors"]] == ["comment"]


def test_a_browser_session_needs_its_token(browser_of: Callable[[str], FlaskClient]) -> None:
    browser = browser_of(MANAGER)
    assert browser.get("/api/v1/requests").status_code == 200
    csrf = browser.environ_base.pop("HTTP_X_CSRFTOKEN")
    problem(browser.post("/api/v1/requests", json={"service": SERVICE, "answers": {}, "draft": True}), 403)
    browser.environ_base["HTTP_X_CSRFTOKEN"] = csrf
    made = browser.post("/api/v1/requests", json={"service": SERVICE, "answers": {}, "draft": True})
    assert made.status_code == 201


def test_too_many_guesses(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 11, 30, 9, 0, 0, 500_000, tzinfo=UTC)  # rounding up twice would say one second too many
    monkeypatch.setattr(guesses, "now", lambda: at)
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=at.timestamp))
    body = {"username": MANAGER, "password": "wrong-password", "provider": "db"}
    statuses = [client.post("/api/v1/security/login", json=body).status_code for _ in range(12)]
    assert statuses[0] == 401 and statuses[-1] == 429
    refused = client.post("/api/v1/security/login", json=body)
    problem(refused, 429)
    assert refused.headers["Retry-After"] == "20"


def test_nothing_is_kept_in_caches(api: Api) -> None:
    assert api(MANAGER).get("/requests").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "body", "status", "where"),
    [
        ("", b"{", 400, []),
        ("", b"[]", 422, [""]),
        ("", b"{}", 422, ["password", "username"]),
        ("", b'{"username": "a", "password": "b", "colour": "red"}', 422, ["colour"]),
        ("?colour=red", b'{"username": "a", "password": "b"}', 422, ["colour"]),
    ],
)
def test_signing_in_is_read_like_everything_else(
    client: FlaskClient, query: str, body: bytes, status: int, where: list[str]
) -> None:
    answered = client.post(f"/api/v1/security/login{query}", data=body, content_type="application/json")
    assert sorted(one["path"] for one in problem(answered, status)["errors"]) == where


def test_a_form_is_not_json(client: FlaskClient, browser_of: Callable[[str], FlaskClient]) -> None:
    problem(client.post("/api/v1/security/login", data={"username": MANAGER}), 415)
    problem(browser_of(MANAGER).post("/api/v1/requests", data={"service": SERVICE}), 415)


@pytest.mark.parametrize(
    "path", ["requests/%00", "tasks/%00", "approvals/%00", "services/it/%00", "requests/%ed%a0%80"]
)
def test_a_path_that_nothing_can_have(api: Api, path: str) -> None:
    problem(api(MANAGER).get(f"/{path}"), 404)
