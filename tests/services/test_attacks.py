"""What an attacker would send that no other test sends: templates as texts, SQL as words, huge forms, old rights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests import databases
from tests.databases import on_sqlite
from tests.factories.small import Small

from servicehall import create_app
from servicehall.models.base import db
from servicehall.models.notices import Notice
from servicehall.services.people import record_person

Browser = Callable[[str], FlaskClient]
TEMPLATE = "{{ 191 * 7 }} {% print(191 * 7) %} ${191 * 7} {number.__class__} {config}"
SERVICE = f"""\
kind: service
department: it
key: sly
title: '{TEMPLATE}'
summary: '{TEMPLATE}'
form:
  pages:
  - {{key: main, title: '{TEMPLATE}', fields: [{{key: what, type: text, label: '{TEMPLATE}', help: '{TEMPLATE}'}}]}}
approval: {{stages: [{{key: one, title: '{TEMPLATE}', approvers: [manager: {{}}]}}]}}
fulfilment: {{tasks: [{{key: a, title: '{TEMPLATE}', group: desk}}]}}
"""
NOTICE = (
    f"kind: notification\ndepartment: it\nkey: asked\nevent: approval_requested\nsubject: '{TEMPLATE}'\nbody: Hello\n"
)
SQL = ("' OR 1=1 --", '" OR ""="', "x') UNION SELECT password FROM ab_user --", "%", "_", "a:* | b", "NEAR(", "\\", "*")


@on_sqlite
def test_texts_of_authors_and_people_are_never_templates(small: Small, browser_of: Browser) -> None:
    small.publish(sly=SERVICE, notice=NOTICE)
    made = small.order(service="it/sly", what=TEMPLATE)
    number, approval = small.request(made).number, small.approvals(made)[0].id
    subject = db.session.query(Notice.subject).filter(Notice.person_id == small.ids["boss"]).scalar()
    assert subject == TEMPLATE
    db.session.rollback()
    pages = {
        "asks": ("/services", "/services/it/sly", f"/requests/{number}", "/requests"),
        "boss": (f"/approvals/{approval}", "/notices"),
    }
    for who, paths in pages.items():
        for path in paths:
            page = browser_of(f"{who}@example.com").get(path)
            assert page.status_code == 200, path
            assert "{{ 191 * 7 }} {% print(191 * 7) %}" in page.text, path
            assert "1337" not in page.text, path


@pytest.mark.parametrize("word", SQL)
def test_words_are_never_sql(small: Small, browser_of: Browser, api_of: Browser, word: str) -> None:
    """Where one may look for words or narrow a list, a statement is a word that nobody wrote."""
    small.publish()
    small.order(what="Chair")
    found = api_of("asks@example.com").get("/api/v1/requests?q=chair").json
    assert found and len(found["items"]) == 1, "what is looked for below could be found"
    lists = ("requests?q", "requests?service", "requests?cursor", "tasks?queue", "services?q", "services?category")
    for path, name in (one.split("?") for one in lists):
        answer = api_of("asks@example.com").get(f"/api/v1/{path}", query_string={name: word})
        assert answer.status_code in (200, 422), (path, name)
        assert not (answer.json or {}).get("items"), (path, name)
    pages = ("/search?q", "/requests?q", "/services?q", "/desk/requests?q", "/desk/queue?order", "/desk/queue?group")
    for path, name in (one.split("?") for one in pages):
        answer = browser_of("dan@example.com").get(path, query_string={name: word})
        assert answer.status_code in (200, 404, 422), (path, name)
        assert "Chair" not in answer.text


@on_sqlite
def test_a_form_of_very_many_parts_is_refused(small: Small, browser_of: Browser) -> None:
    small.publish()
    browser = browser_of("asks@example.com")
    parts = {f"answers-f{number}": "x" for number in range(2_100)}
    answer = browser.post("/services/it/thing", data=parts, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert "REQ-" not in browser.get("/requests").text


@on_sqlite
def test_a_role_that_was_taken_away_counts_for_nothing_from_then_on(small: Small, browser_of: Browser) -> None:
    auditor, admin = browser_of("aud@example.com"), browser_of("root@example.com")
    doors = ((auditor, "/audit"), (admin, "/admin/people"), (admin, "/users/list/"))
    assert [browser.get(path).status_code for browser, path in doors] == [200, 200, 200]
    for name in ("aud", "root"):
        record_person({"email": f"{name}@example.com", "roles": ""}, actor="system:tests", at=small.at)
    assert {browser.get(path).status_code for browser, path in doors} <= {403, 404}


@pytest.mark.parametrize(("address", "secure"), [("https://hall.example.com", True), ("http://127.0.0.1:8080", False)])
def test_the_cookie_of_a_session_is_not_for_scripts_or_other_sites(tmp_path: Path, address: str, secure: bool) -> None:
    made = create_app(databases.settings_for(tmp_path, base_url=address))
    with made.test_request_context(base_url=address):
        opened = made.session_interface.open_session(made, made.test_request_context().request)
        assert opened is not None
        opened["some"] = "thing"
        answer = made.response_class()
        made.session_interface.save_session(made, opened, answer)
    parts = {part.strip() for part in answer.headers["Set-Cookie"].split(";")}
    assert {"HttpOnly", "SameSite=Lax"} <= parts
    assert ("Secure" in parts) is secure
