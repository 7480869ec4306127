"""The pages for auditors: finding, reading, verifying, the seals, the readings; and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.factories import company
from tests.factories.company import ADMIN, AUDITOR, DIRECTOR, EMPLOYEE, MANAGER
from tests.factories.onboardings import INTERNAL, SECRETS, SENT_BACK, Onboarding, make_sealed_onboarding

import servicehall
from servicehall.models.base import db
from servicehall.services import audit, sealing
from servicehall.web.audit import access

PAGES = ("/audit", "/audit/seals", "/audit/seals.txt", "/audit/access")


@pytest.fixture
def app(app: Flask, world: Callable[..., Any]) -> Flask:
    """The application in the demo company."""
    world(company.make_company)
    return app


@pytest.fixture
def case(app: Flask, world: Callable[..., Any]) -> Onboarding:
    return world(make_sealed_onboarding)


@pytest.fixture
def auditor(browser_of: Callable[[str], FlaskClient]) -> FlaskClient:
    return browser_of(AUDITOR)


@pytest.mark.parametrize("who", [EMPLOYEE, MANAGER, ADMIN])
def test_the_pages_are_for_auditors(case: Onboarding, browser_of: Callable[[str], FlaskClient], who: str) -> None:
    browser = browser_of(who)
    for path in (*PAGES, f"/audit/requests/{case.number}", "/audit/requests/REQ-999999"):
        assert browser.get(path).status_code == 403, path


FOUND = {
    "everything": ("", True),
    "its number": ("number={number}", True),
    "the beginning of it": ("number=req-", True),
    "another number": ("number=REQ-9", False),
    "whoever asked": ("person=xiaoyu.lin", True),
    "whoever decided": (f"person={DIRECTOR}", True),
    "somebody else": (f"person={EMPLOYEE}", False),
    "nobody": ("person=no such person", False),
    "its service": ("service=hr/employee-onboarding", True),
    "another service": ("service=it/laptop", False),
    "its state": ("state=in_progress", True),
    "another state": ("state=closed", False),
    "since long ago": ("since=2020-01-01", True),
    "until long ago": ("until=2020-01-01", False),
    "nonsense for a date": ("since=yesterday&until=9999-12-31", True),
}


def test_a_request_is_found_by_what_is_known_of_it(case: Onboarding, auditor: FlaskClient) -> None:
    for known, (query, there) in FOUND.items():
        answer = auditor.get("/audit?" + query.format(number=case.number))
        assert answer.status_code == 200, known
        assert (f"/audit/requests/{case.number}" in answer.text) is there, known


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_the_whole_history_is_readable_and_secrets_are_masked(
    case: Onboarding, auditor: FlaskClient, locale: str
) -> None:
    auditor.post("/preferences", data={"locale": locale})
    page = auditor.get(f"/audit/requests/{case.number}").text
    for said in (SENT_BACK, INTERNAL, "Li Lei", "20417", {"en": "Why this date", "zh": "截止时间的由来"}[locale]):
        assert said in page, said
    for secret in SECRETS:
        assert secret not in page


def test_verification_says_row_by_row_what_is_intact(case: Onboarding, auditor: FlaskClient, app: Flask) -> None:
    page = auditor.get(f"/audit/requests/{case.number}?verify=yes").text
    with app.app_context():
        events = len(audit.read_stream(db.session(), case.stream))
    assert page.count("Intact") == events
    assert "Broken" not in page
    assert "Everything is as it was recorded" in page


def test_the_seals_and_the_key_stand_there_and_can_be_taken_away(
    case: Onboarding, auditor: FlaskClient, app: Flask
) -> None:
    page = auditor.get("/audit/seals?verify=yes").text
    kept = auditor.get("/audit/seals.txt").text.splitlines()
    with app.app_context():
        assert audit.public_key() in page
        assert kept[0] == f"key {audit.public_key()}"
        found = sealing.seals(db.session())
    assert [line.split()[-1] for line in kept[1:]] == [one.hash for one in found]
    assert all(one.hash in page for one in found)
    assert "The chain of seals is whole" in page


def test_readings_are_listed_and_filtered(case: Onboarding, auditor: FlaskClient) -> None:
    assert "Nothing was read" in auditor.get("/audit/access").text
    auditor.get(f"/audit/requests/{case.number}")
    for query in ("", f"?number={case.number}", f"?person={AUDITOR}", "?kind=audit"):
        assert case.number in auditor.get(f"/audit/access{query}").text, query
    for query in ("?kind=report", f"?person={EMPLOYEE}", "?number=REQ-999999", "?until=2020-01-01"):
        assert "Nothing was read" in auditor.get(f"/audit/access{query}").text, query


def test_every_kind_of_reading_has_a_name() -> None:
    """What is noted can be read and chosen on the page."""
    sources = (path.read_text() for path in Path(servicehall.__file__).parent.rglob("*.py"))
    noted = {kind for text in sources for kind in re.findall(r'note_reading\(.*kind="(\w+)"', text)}
    assert {"approval", "task", "plan"} <= noted <= access.KINDS.keys()


def test_a_place_in_a_list_that_is_none_is_refused(auditor: FlaskClient) -> None:
    assert auditor.get("/audit?cursor=nonsense").status_code == 422
    assert auditor.get("/audit/seals?cursor=nonsense").status_code == 200
