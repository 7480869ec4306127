"""Guard rails: who sets them, where the checks say that something is not allowed, and what they leave alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import ADMIN, AUTHOR, PLAIN, document

from servicehall import jobs
from servicehall.documents.document import Document
from servicehall.documents.guard_rails import FLAGS, GuardRails, violations_of
from servicehall.services import guard_rails

Browser = Callable[[str], FlaskClient]
PAGE = "/admin/guard-rails/it"
SECRET = """kind: field_set
department: it
key: pins
title: {en: Pins}
fields:
  - {key: pin, type: text, label: {en: Pin}, classification: secret}
"""
CHAIN = """kind: approval_chain
department: it
key: chain
title: {en: Chain}
stages: [{key: one, title: {en: One}, approvers: [role: Boss]}]
"""
SERVICE = {
    "kind": "service",
    "department": "it",
    "key": "thing",
    "confidential": True,
    "audience": "true",
    "form": {
        "pages": [{"key": "a", "fields": [{"key": "t", "type": "table", "columns": [{"key": "f", "type": "file"}]}]}]
    },
    "approval": {"stages": [{"key": "one", "approvers": [{"role": "X"}, {"manager": {}}]}]},
    "sla": {"priority": "p3", "targets": [{"escalate": [{"at": "50%", "do": [{"webhook": "pager"}]}]}]},
    "fulfilment": {
        "tasks": [{"key": "do", "automate": {"webhook": "x"}, "form": {"fields": [{"key": "q", "type": "url"}]}}]
    },
}


def all_but(**forbidden: set[str]) -> dict[str, Any]:
    """The form with everything ticked but these."""
    ticked = {
        name: [one for one in words if one not in forbidden.get(name, ())] for name, words in guard_rails.WORDS.items()
    }
    return {**ticked, "switches": [one for one in FLAGS if one not in forbidden.get("switches", ())]}


@pytest.mark.parametrize(
    ("forbidden", "places"),
    [
        (
            {"field_types": {"file", "url"}},
            ["form.pages[0].fields[0].columns[0].type", "fulfilment.tasks[0].form.fields[0].type"],
        ),
        ({"approver_rules": {"role"}}, ["approval.stages[0].approvers[0]"]),
        ({"confidential": True, "audience": True}, ["confidential", "audience"]),
        ({"webhooks": True}, ["sla.targets[0].escalate[0].do[0].webhook", "fulfilment.tasks[0].automate.webhook"]),
        ({"classifications": {"secret"}}, []),
        ({}, []),
    ],
)
def test_every_use_is_found_wherever_it_stands(forbidden: dict[str, Any], places: list[str]) -> None:
    found = list(violations_of(GuardRails.of(forbidden), Document.of(SERVICE)))
    assert sorted(one.path for one in found) == sorted(places)
    assert {one.code for one in found} <= {"guard_rail"}


def test_a_draft_that_is_anything_at_all_is_looked_at(session: Session) -> None:
    rails = GuardRails.of({"field_types": ["text"], "approver_rules": ["role"], "webhooks": True, "confidential": True})
    for body in (
        {"form": 1, "approval": [[]]},
        {"form": {"pages": {"a": [1]}}},
        {"fulfilment": {"tasks": "x"}, "sla": 4},
    ):
        found = violations_of(rails, Document.of(SERVICE | body))
        assert "confidential" in {one.path for one in found}


def test_what_was_forbidden_is_an_error_of_the_next_version_and_lifted_again(
    app: Flask, company: Session, browser_of: Browser
) -> None:
    author, admin = browser_of(AUTHOR), browser_of(ADMIN)
    base = "/studio/field_set/it/pins"
    author.post(f"{base}/text", data={"text": SECRET})
    author.post(f"{base}/publish")
    assert admin.post(PAGE, data=all_but(classifications={"secret"})).status_code == 303
    assert "Secret" in admin.get("/admin/guard-rails").text
    assert document(company, "pins", "field_set").state == "published"
    text = SECRET.replace("Pins", "Numbers")
    author.post(f"{base}/text", data={"text": text})
    author.get(f"{base}/publish")
    jobs.do_all(app)
    assert "do not allow classification secret for it" in author.get(f"{base}/publish").text
    assert author.post(f"{base}/publish").status_code == 422
    assert document(company, "pins", "field_set").version == 1
    admin.post(PAGE, data=all_but())
    assert author.post(f"{base}/publish").status_code == 303
    assert document(company, "pins", "field_set").version == 2


@on_sqlite
def test_only_the_platforms_administrators_set_them(company: Session, browser_of: Browser) -> None:
    for email in (AUTHOR, PLAIN):
        browser = browser_of(email)
        assert [browser.get(one).status_code for one in ("/admin/guard-rails", PAGE)] == [404, 404]
        assert browser.post(PAGE, data=all_but()).status_code == 404
    admin = browser_of(ADMIN)
    assert admin.get("/admin/guard-rails/nowhere").status_code == 404
    assert admin.post("/admin/guard-rails/nowhere", data=all_but()).status_code == 404
    assert guard_rails.allowed(company, "it") == GuardRails()


@on_sqlite
def test_the_designer_offers_what_is_allowed(company: Session, browser_of: Browser) -> None:
    author, admin = browser_of(AUTHOR), browser_of(ADMIN)
    author.post("/studio/field_set/it/pins/text", data={"text": SECRET})
    before = author.get("/studio/field_set/it/pins/design").text
    admin.post(PAGE, data=all_but(field_types={"asset"}))
    after = author.get("/studio/field_set/it/pins/design").text
    assert ("Asset" in before, "Asset" in after) == (True, False)


@on_sqlite
def test_the_lists_offer_what_is_allowed_and_what_stands_there(company: Session, browser_of: Browser) -> None:
    """Classifications of a field and rules of an approver, as the field types before."""
    author, admin = browser_of(AUTHOR), browser_of(ADMIN)
    admin.post(PAGE, data=all_but(classifications={"secret", "personal"}, approver_rules={"role", "person"}))
    author.post("/studio/field_set/it/pins/text", data={"text": SECRET})
    page = author.get("/studio/field_set/it/pins/design?at=/fields/0").text
    assert [f'<option value="{one}"' in page for one in ("internal", "secret", "personal")] == [True, True, False]
    author.post("/studio/approval_chain/it/chain/text", data={"text": CHAIN})
    page = author.get("/studio/approval_chain/it/chain/approval?at=/stages/0").text
    assert [f'<option value="{one}"' in page for one in ("group", "role", "person")] == [True, True, False]
