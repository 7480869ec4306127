"""What auditors ask by API: verification part by part, one request with its history; and nobody else gets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from tests.factories.company import ADMIN, AUDITOR, DIRECTOR, EMPLOYEE, MANAGER
from tests.factories.onboardings import INTERNAL, SECRETS, SENT_BACK, Onboarding, run_onboarding

from servicehall import jobs
from servicehall.clock import now
from servicehall.models.access import AccessLog
from servicehall.models.base import db
from servicehall.reports.verify import verify_pdf
from servicehall.services import sealing


@pytest.fixture
def case(app: Flask) -> Onboarding:
    """An onboarding whose events are sealed."""
    with app.app_context():
        made = run_onboarding()
        db.session.rollback()
        sealing.seal(now())
        db.session.remove()
    return made


def test_the_whole_record_is_verified_part_by_part(api: Callable[[str], Any], case: Onboarding) -> None:
    auditor = api(AUDITOR)
    events, cursor = 0, ""
    while cursor is not None:
        part = auditor.get(f"/api/v1/audit/verify?limit=60&cursor={cursor}")
        assert part.status_code == 200, part.json
        assert (part.json["ok"], part.json["findings"]) == (True, [])
        events, cursor = events + part.json["events"], part.json["next"]
    whole = auditor.get("/api/v1/audit/verify?limit=5000").json
    assert whole["next"] is None
    assert whole["events"] == events == whole["sealed"]
    assert whole["seals"] >= 1


def test_one_request_with_its_history(app: Flask, api: Callable[[str], Any], case: Onboarding) -> None:
    answer = api(AUDITOR).get(f"/api/v1/audit/requests/{case.number}")
    assert answer.status_code == 200, answer.json
    found = answer.json
    assert found["verification"]["ok"] is True
    assert [one["sequence"] for one in found["history"]] == [one["sequence"] for one in found["events"]]
    said = [text for one in found["history"] for text in one["said"]]
    assert SENT_BACK in said
    assert INTERNAL in said
    (changed,) = [one for one in found["history"] if one["changes"] and "sent the request" in one["text"]]
    by_label = {change["label"]: change for change in changed["changes"]}
    assert by_label["Bank account for the salary"]["masked"] is True
    assert by_label["First day"]["before"] != by_label["First day"]["after"]
    for secret in SECRETS:
        assert secret not in answer.text
    for ledger in found["ledgers"]:
        assert sum(one["counted_seconds"] for one in ledger["segments"]) == pytest.approx(
            ledger["elapsed_seconds"], abs=5
        )
    assert found["seals"]
    with app.app_context():
        assert [one.kind for one in db.session.query(AccessLog)] == ["audit"]
    one = api(AUDITOR).get(f"/api/v1/audit/verify?request={case.number}").json
    assert (one["ok"], one["streams"], one["next"]) == (True, 1, None)


@pytest.mark.parametrize("who", [MANAGER, DIRECTOR, EMPLOYEE, ADMIN])
def test_it_is_for_auditors(api: Callable[[str], Any], case: Onboarding, who: str) -> None:
    for path in ("verify", f"verify?request={case.number}", f"requests/{case.number}", "requests/REQ-999999"):
        assert api(who).get(f"/api/v1/audit/{path}").status_code == 403, path


def test_what_is_not_there_is_not_found(api: Callable[[str], Any], case: Onboarding) -> None:
    assert api(AUDITOR).get("/api/v1/audit/requests/REQ-999999").status_code == 404
    assert api(AUDITOR).get("/api/v1/audit/verify?limit=0").status_code == 422
    assert api(AUDITOR).get("/api/v1/audit/verify?unheard=of").status_code == 422


def test_the_report_is_made_by_a_job(app: Flask, api: Callable[[str], Any], case: Onboarding) -> None:
    address = f"/api/v1/requests/{case.number}/report.pdf?locale=zh"
    assert api(EMPLOYEE).get(address).status_code == 404
    waits = api(AUDITOR).get(address)
    assert waits.status_code == 202
    assert int(waits.headers["Retry-After"]) >= 1
    jobs.do_all(app)
    given = api(AUDITOR).get(address)
    assert (given.status_code, given.content_type) == (200, "application/pdf")
    assert verify_pdf(given.data).ok
    assert verify_pdf(given.data).facts.locale == "zh"
    assert api(MANAGER).get(address).data == given.data
