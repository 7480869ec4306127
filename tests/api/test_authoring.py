"""Authoring by programs: drafts by PUT and by JSON Patch, lint, diff, undo, publication, retirement, schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from tests.factories.company import ADMIN, EMPLOYEE, IT_CATALOG, MANAGER

from servicehall import jobs

Api = Callable[[str], Any]
HR_CATALOG = "jia.luo@example.com"
NEW = "/definitions/service/hr/parking-permit"
LAPTOP = "/definitions/service/it/laptop"
PERMIT: dict[str, Any] = {
    "type": "request",
    "title": {"en": "Parking permit", "zh": "停车证"},
    "form": {
        "pages": [
            {
                "key": "car",
                "title": {"en": "Your car"},
                "fields": [{"key": "plate", "type": "text", "label": {"en": "Number plate"}, "required": True}],
            }
        ]
    },
    "approval": {"stages": [{"key": "manager", "approvers": [{"manager": {"of": "requested_for"}}]}]},
}
RENAME = [{"op": "replace", "path": "/title/en", "value": "Parking place"}]


def patch(client: Any, path: str, operations: Any, etag: str | None = None) -> Any:
    headers = {"If-Match": etag} if etag else {}
    return client.patch(f"{path}/draft", json=operations, headers=headers, content_type="application/json-patch+json")


@pytest.fixture
def author(api: Api) -> Any:
    return api(HR_CATALOG)


def test_a_service_is_drafted_mended_published_and_ordered(api: Api, author: Any) -> None:
    made = author.put(f"{NEW}/draft", json=PERMIT)
    assert (made.status_code, made.json["state"], made.json["version"]) == (200, "draft", 0)
    assert made.headers["ETag"] == f'"{made.json["edition"]}"'
    assert api(EMPLOYEE).get("/services/hr/parking-permit").status_code == 404

    broken = patch(author, NEW, [{"op": "add", "path": "/audience", "value": "requester.departmant == 'hr'"}])
    assert broken.status_code == 200
    problems = author.post(f"{NEW}/lint", json={}).json["problems"]
    assert [one["path"] for one in problems if one["severity"] == "error"] == ["audience"]
    refused = author.post(f"{NEW}/publish", json={})
    assert (refused.status_code, [one["path"] for one in refused.json["errors"]]) == (422, ["audience"]), refused.json

    undone = author.post(f"{NEW}/undo", json={})
    assert undone.json["document"] == made.json["document"]
    assert (undone.json["undoable"], undone.json["redoable"]) == (False, True)
    diff = author.post(f"{NEW}/diff", json={}).json
    assert "+title: {en: Parking permit, zh: 停车证}" in diff["text"]
    assert author.post(f"{NEW}/publish", json={}).status_code == 409, "HR asks for a second administrator"
    published = api(ADMIN).post(f"{NEW}/publish", json={}, headers={"If-Match": undone.headers["ETag"]}).json
    assert (published["state"], published["version"], published["draft"]) == ("published", 1, False)

    sent = api(MANAGER).post("/requests", json={"service": "hr/parking-permit", "answers": {"plate": "沪A 12345"}})
    assert sent.status_code == 201
    assert patch(author, NEW, RENAME).json["draft"] is True
    changes = author.post(f"{NEW}/diff", json={}).json["changes"]
    assert changes == [{"path": "title.en", "was": "Parking permit", "now": "Parking place"}]
    assert author.post(f"{NEW}/retire", json={}).json["state"] == "retired"
    assert api(MANAGER).get("/services/hr/parking-permit").status_code == 404


def test_yaml_is_the_same_document(author: Any) -> None:
    text = "kind: field_set\ndepartment: hr\nkey: car\nfields:\n  - {key: plate, type: text, label: {en: Plate}}\n"
    path = "/definitions/field_set/hr/car"
    made = author.put(f"{path}/draft", data=text.encode(), content_type="application/yaml")
    assert made.json["document"]["fields"][0]["key"] == "plate"
    assert patch(author, path, [], made.headers["ETag"]).json["edition"] == made.json["edition"]
    for bad, status in (
        (b"a: [", 400),
        (b"\xff", 400),
        (b"key: a\nkey: b\n", 422),
        (b"kind: field_set\nkey: other\n", 422),
    ):
        assert author.put(f"{path}/draft", data=bad, content_type="application/yaml").status_code == status
    assert author.put(f"{path}/draft", data=text, content_type="text/plain").status_code == 415


def test_whoever_was_slower_is_told(author: Any) -> None:
    first = author.put(f"{NEW}/draft", json=PERMIT).headers["ETag"]
    assert patch(author, NEW, RENAME, first).status_code == 200
    assert patch(author, NEW, RENAME, first).status_code == 409
    assert author.put(f"{NEW}/draft", json=PERMIT, headers={"If-Match": first}).status_code == 409
    assert author.post(f"{NEW}/publish", json={}, headers={"If-Match": first}).status_code == 409
    assert author.post(f"{NEW}/undo", json={}, headers={"If-Match": first}).status_code == 409
    assert author.delete(f"{NEW}/draft", headers={"If-Match": first}).status_code == 409
    assert author.delete(f"{NEW}/draft").status_code == 204
    assert author.delete(f"{NEW}/draft").status_code == 409
    assert author.post(f"{NEW}/redo", json={}).status_code == 409


@pytest.mark.parametrize(
    ("operations", "path"),
    [
        ([{"op": "remove", "path": "/nothing"}], "[0].path"),
        ([{"op": "replace", "path": "/nothing/en", "value": "x"}], "[0].path"),
        ([{"op": "replace", "path": "/key", "value": "other"}], "key"),
        ([{"op": "move"}], "[0].path"),
        ({"op": "remove"}, ""),
    ],
)
def test_a_patch_that_cannot_be_done_changes_nothing(author: Any, operations: Any, path: str) -> None:
    before = author.put(f"{NEW}/draft", json=PERMIT).json
    refused = patch(author, NEW, operations)
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, path)
    assert "{" not in refused.json["errors"][0]["message"], "the document is not repeated"
    assert author.get(NEW).json == before


def test_only_the_department_s_administrators_author(api: Api, author: Any) -> None:
    author.put(f"{NEW}/draft", json=PERMIT)
    for email in (EMPLOYEE, IT_CATALOG):
        other = api(email)
        assert other.get(NEW).status_code == 404
        assert other.put(f"{NEW}/draft", json=PERMIT).status_code == 404
        assert patch(other, NEW, RENAME).status_code == 404
        assert other.delete(f"{NEW}/draft").status_code == 404
        for act in ("lint", "diff", "publish", "retire", "undo", "redo"):
            assert other.post(f"{NEW}/{act}", json={}).status_code == 404
    assert author.get(LAPTOP).status_code == author.get("/definitions/service/hr/nothing").status_code == 404
    for key, kind in (("Not A Key", "service"), ("x", "nonsense")):
        assert author.put(f"/definitions/{kind}/hr/{key}/draft", json={}).status_code == 422


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (f"/definitions/service/hr/{'x' * 61}", "key"),
        ("/definitions/department/hr/other", "key"),
        ("/definitions/service/nowhere/x", "department"),
    ],
)
def test_what_cannot_be_made_is_told(api: Api, path: str, where: str) -> None:
    refused = api(ADMIN).put(f"{path}/draft", json={})
    assert (refused.status_code, [one["path"] for one in refused.json["errors"]]) == (422, [where])


def test_what_was_written_over_does_not_come_back_and_a_draft_is_not_retired(author: Any) -> None:
    author.put(f"{NEW}/draft", json=PERMIT)
    for title in ("One", "Two"):
        patch(author, NEW, [{"op": "replace", "path": "/title/en", "value": title}])
    for _ in range(2):
        assert author.post(f"{NEW}/undo", json={}).status_code == 200
    patch(author, NEW, [{"op": "replace", "path": "/title/en", "value": "Three"}])
    assert author.post(f"{NEW}/redo", json={}).status_code == 409
    assert author.post(f"{NEW}/retire", json={}).status_code == 409


def test_what_others_lean_on_is_not_broken(api: Api) -> None:
    author = api(IT_CATALOG)
    lists = author.get("/definitions?kind=approval_chain").json["items"]
    path = f"/definitions/approval_chain/it/{lists[0]['key']}"
    assert author.post(f"{path}/retire", json={}).status_code == 409
    renamed = [{"op": "replace", "path": "/stages/0/key", "value": "renamed-stage"}]
    assert patch(author, path, renamed).status_code == 200
    before = {one["key"]: one["version"] for one in author.get("/definitions?limit=200").json["items"]}
    found = author.post(f"{path}/lint", json={}).json["problems"]
    published = author.post(f"{path}/publish", json={})
    errors = [one for one in found if one["severity"] == "error"]
    assert published.status_code == (422 if errors else 200)
    after = {one["key"]: one["version"] for one in author.get("/definitions?limit=200").json["items"]}
    assert (before == after) is bool(errors)


def test_a_document_is_examined_without_being_saved(author: Any) -> None:
    found = author.post(f"{NEW}/lint", json={"document": {**PERMIT, "surprise": 1}}).json["problems"]
    assert [one["code"] for one in found] == ["unknown"]
    assert author.get(NEW).status_code == 404


def test_a_draft_is_tried_on_past_requests(api: Api) -> None:
    author = api(IT_CATALOG)
    patch(author, "/definitions/service/it/laptop", [{"op": "replace", "path": "/title/en", "value": "Laptop"}])
    found = author.post("/definitions/service/it/laptop/simulate", json={"days": 30}).json
    assert found == {"looked_at": 0, "passed_over": 0, "hidden": 0, "differences": []}
    assert api(EMPLOYEE).post("/definitions/service/it/laptop/simulate", json={}).status_code == 404


def test_a_trial_is_a_job_where_the_caller_will_not_wait(app: Flask, api: Api) -> None:
    """202 with where to ask again, then what the same call would have answered; to others it is not there."""
    author, path = api(IT_CATALOG), "/definitions/service/it/laptop/simulate"
    asked = author.post(path, json={"days": 30}, headers={"Prefer": "respond-async"})
    where = asked.headers["Location"].removeprefix("/api/v1")
    assert (asked.status_code, asked.json["state"], asked.headers["Retry-After"]) == (202, "waiting", "2")
    assert author.get(where).status_code == 202
    jobs.do_all(app)
    done = author.get(where)
    assert (done.status_code, done.json["state"]) == (200, "done")
    assert done.json["result"].items() >= {"looked_at": 0, "passed_over": 0, "hidden": 0, "differences": []}.items()
    assert api(EMPLOYEE).get(where).status_code == 404


def test_schemas_are_served(api: Api) -> None:
    whole = api(EMPLOYEE).get("/schemas")
    assert whole.content_type == "application/schema+json"
    one = api(EMPLOYEE).get("/schemas/service").json
    assert one["properties"]["type"] == {"enum": ["request", "incident", "problem", "change"]}
    assert api(EMPLOYEE).get("/schemas/nothing").status_code == 404


def test_lint_gives_what_shows_a_finding_and_what_one_should_know(author: Any) -> None:
    car = {"key": "car", "type": "text", "label": "Car", "visible": "wheels > 3 && wheels < 2"}
    wheels = {"key": "wheels", "type": "integer", "label": "Wheels", "required": True}
    stages = [
        {"key": "few", "when": "wheels < 4", "approvers": [{"manager": {"of": "requested_for"}}]},
        {"key": "many", "when": "wheels > 4", "approvers": [{"manager": {"of": "requested_for"}}]},
    ]
    document = {**PERMIT, "form": {"pages": [{"key": "car", "fields": [wheels, car]}]}, "approval": {"stages": stages}}
    found = author.post(f"{NEW}/lint", json={"document": document}).json
    by_code = {one["code"]: one for one in found["problems"]}
    assert (by_code["never"]["path"], by_code["never"]["severity"]) == ("form.pages[0].fields[1].visible", "warning")
    assert by_code["gap"]["witness"] == {"answers": {"wheels": 4}}
    notes = {one["code"] for one in found["notes"]}
    assert notes == {"fallback"}
    people = {one["path"]: one["witness"]["people"] for one in found["notes"]}
    assert set(people) == {"approval.stages[0].approvers", "approval.stages[1].approvers"}
    assert all(people.values())


def test_the_draft_of_a_request_outlives_its_service_and_waits(api: Api, author: Any) -> None:
    author.put(f"{NEW}/draft", json=PERMIT)
    assert api(ADMIN).post(f"{NEW}/publish", json={}).status_code == 200
    order = {"service": "hr/parking-permit", "answers": {"plate": "A 1"}, "draft": True}
    number = api(EMPLOYEE).post("/requests", json=order).json["number"]
    assert author.post(f"{NEW}/retire", json={}).status_code == 200
    assert api(EMPLOYEE).post(f"/requests/{number}/submit", json={}).status_code == 409
    assert api(EMPLOYEE).get(f"/requests/{number}").json["state"] == "draft"


@pytest.mark.parametrize("act", ["lint", "diff", "simulate", "publish", "review", "send-back", "retire"])
def test_nothing_is_done_with_a_document_that_is_not_there(author: Any, act: str) -> None:
    assert author.post(f"/definitions/service/hr/no-such/{act}", json={}).status_code == 404


def test_a_header_of_another_document_is_refused_where_it_differs(author: Any) -> None:
    refused = author.put(f"{NEW}/draft", json={**PERMIT, "department": "it", "key": "other"})
    assert (refused.status_code, [one["path"] for one in refused.json["errors"]]) == (422, ["department", "key"])
