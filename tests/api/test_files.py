"""Files: uploaded once, named in answers by their author alone, attached, and given back as they came."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from tests.factories.company import AUDITOR, EMPLOYEE, HR_AGENT, MANAGER
from tests.factories.orders import onboarding, order

SERVICE = "hr/employee-onboarding"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
Api = Callable[[str], Any]


def send(client: Any, path: str = "/files", *, data: bytes = PDF, name: str = "offer.pdf", **more: Any) -> Any:
    return client.post(path, data={"file": (io.BytesIO(data), name), **more})


def test_an_answer_names_a_file_of_its_author(api: Api) -> None:
    facts = send(api(MANAGER)).json
    assert (facts["name"], facts["media_type"], facts["size"]) == ("offer.pdf", "application/pdf", len(PDF))
    number = order(api(MANAGER), SERVICE, onboarding(signed_offer=facts))
    assert api(MANAGER).get(f"/requests/{number}").json["answers"]["signed_offer"] == facts


def test_nobody_names_anothers_file(api: Api) -> None:
    facts = send(api(EMPLOYEE)).json
    refused = api(MANAGER).post("/requests", json={"service": SERVICE, "answers": onboarding(signed_offer=facts)})
    assert refused.status_code == 422
    assert [one["path"] for one in refused.json["errors"]] == ["signed_offer"]


def test_an_attachment_comes_back_as_it_was(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    path = f"/requests/{number}/attachments"
    made = send(api(MANAGER), path, name="../../Angebot – 合同.pdf")
    assert (made.status_code, made.json["name"]) == (201, "Angebot – 合同.pdf")
    assert [one["id"] for one in api(HR_AGENT).get(path).json["items"]] == [made.json["id"]]
    back = api(AUDITOR).get(f"{path}/{made.json['id']}", buffered=True)
    assert (back.status_code, back.data) == (200, PDF)
    assert back.headers["Content-Disposition"].startswith("attachment")
    assert back.headers["X-Content-Type-Options"] == "nosniff"
    assert api(EMPLOYEE).get(f"{path}/{made.json['id']}").status_code == 404


def test_an_attachment_belongs_to_its_request(api: Api) -> None:
    one, two = (order(api(MANAGER), SERVICE, onboarding()) for _ in range(2))
    made = send(api(MANAGER), f"/requests/{one}/attachments").json
    assert api(MANAGER).get(f"/requests/{two}/attachments/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"data": b"", "name": "empty.txt"}, 422),
        ({"data": b"MZ\x90\0", "name": "setup.exe"}, 415),
        ({"data": b"<svg onload=alert(1)>", "name": "a.svg"}, 415),
        ({"data": b"no pdf", "name": "a.pdf"}, 415),
        ({"name": "offer.pdf", "more": "x"}, 422),
    ],
    ids=["empty", "program", "svg", "magic", "more"],
)
def test_what_is_refused(api: Api, said: dict[str, Any], status: int) -> None:
    assert send(api(EMPLOYEE), **said).status_code == status


def test_a_file_beyond_the_limit(api: Api) -> None:
    assert send(api(EMPLOYEE), data=b"x" * (26 * 1024 * 1024), name="big.txt").status_code == 413


def test_json_is_no_file(api: Api) -> None:
    assert api(EMPLOYEE).post("/files", json={"file": "x"}).status_code == 415
    assert api(EMPLOYEE).post("/files", data={"other": "x"}, content_type="multipart/form-data").status_code == 422


def test_every_mistake_of_an_upload_is_told_at_once(api: Api) -> None:
    refused = api(EMPLOYEE).post("/files", data={"fil": (io.BytesIO(b"x"), "a.txt"), "note": "x"})
    assert [one["path"] for one in refused.json["errors"]] == ["note", "fil", "file"]
