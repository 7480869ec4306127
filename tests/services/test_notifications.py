"""Who is told what: never whoever did it, each in their language, every member of a group."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.factories.small import Small

from servicehall import config
from servicehall.documents.kinds.notification import EVENTS
from servicehall.models.base import db
from servicehall.models.notices import Notice
from servicehall.models.operations import Outbox
from servicehall.services import requests

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PARTS = """approval: {stages: [{key: one, approvers: [group: desk, manager: {}], decide: any}]}
fulfilment: {tasks: [{key: a, title: A, group: desk}]}
"""


def test_everybody_who_may_speak_is_asked_and_nobody_is_told_what_they_did(small: Small) -> None:
    small.publish(PARTS)
    made = small.order()
    assert [small.notices(name) for name in ("dan", "dora", "boss")] == [["approval_requested"]] * 3
    assert small.notices("asks") == []
    small.decide("boss", "approve", made)
    assert "request_approved" in small.notices("asks")
    assert small.notices("dan") == small.notices("dora") == ["approval_requested", "task_ready"]
    small.do("dan", "claim", made, "a")
    requests.comment(small.request(made), body="hi", internal=False, viewer=small.viewer("asks"), at=small.at)
    assert small.notices("dan") == ["approval_requested", "task_ready", "comment_added"]
    small.do("dan", "complete", made, "a")
    assert "request_resolved" in small.notices("asks")
    assert "request_resolved" not in small.notices("dan")


TEXTS = (
    "kind: notification\ndepartment: it\nkey: asked\nevent: approval_requested\n"
    "subject: {en: '{number} please', zh: '{number} 请审批'}\nbody: {en: Hello, zh: 您好}\n"
)


@pytest.mark.parametrize(("locale", "end"), [("en", "please"), ("zh", "请审批")])
def test_in_the_readers_language(small: Small, locale: str, end: str) -> None:
    small.person("li", locale=locale)
    small.publish("approval: {stages: [{key: one, approvers: [person: li@example.com]}]}", texts=TEXTS)
    small.order()
    notice = db.session.query(Notice).filter(Notice.person_id == small.ids["li"]).one()
    assert notice.subject.endswith(end)


def test_each_event_has_the_names_that_its_texts_may_use(small: Small) -> None:
    texts = {
        event: f"kind: notification\ndepartment: it\nkey: {event.replace('_', '-')}\nevent: {event}\nsubject: S\n"
        f"body: '{' '.join(f'{{{name}}}' for name in names)}'\n"
        for event, names in EVENTS.items()
    }
    small.publish(PARTS, **texts)
    made = small.order()
    small.decide("boss", "approve", made)
    small.do("dan", "claim", made, "a")
    requests.comment(small.request(made), body="hi", internal=False, viewer=small.viewer("asks"), at=small.at)
    small.do("dan", "fail", made, "a", comment="no")
    told = db.session.query(Notice).all()
    assert {"approval_requested", "request_approved", "task_ready", "task_failed", "comment_added"} <= {
        one.event for one in told
    }
    assert [(one.event, one.body) for one in told if "{" in one.body] == []


@pytest.mark.parametrize(("server", "mails"), [("smtp://127.0.0.1:25", 1), ("", 0)])
def test_mail_is_made_only_where_a_mail_server_is_set(small: Small, server: str, mails: int) -> None:
    config.use(replace(config.current(), smtp_url=server))
    small.publish("approval: {stages: [{key: one, approvers: [manager: {}]}]}")
    small.order()
    notice = db.session.query(Notice).filter(Notice.person_id == small.ids["boss"]).one()
    assert notice.mail == bool(mails)
    assert db.session.query(Outbox).filter(Outbox.channel == "mail").count() == mails


@pytest.mark.parametrize(
    ("then", "after", "state"),
    [
        ("escalate", [("boss", "expired"), ("chief", "pending")], "pending_approval"),
        ("reject", [("boss", "expired")], "rejected"),
        ("approve", [("boss", "expired")], "in_progress"),
        ("{reassign: {group: desk}}", [("boss", "expired"), ("desk", "pending")], "pending_approval"),
    ],
)
def test_a_stage_reminds_and_then_lets_its_time_pass(
    small: Small, then: str, after: list[tuple[str, str]], state: str
) -> None:
    stage = (
        f"key: one, approvers: [manager: {{}}], remind: {{every: 1 hour}}, timeout: {{after: 3 hours, then: {then}}}"
    )
    small.publish(f"approval: {{stages: [{{{stage}}}]}}\nfulfilment: {{tasks: [{{key: a, title: A, group: desk}}]}}")
    made = small.order()
    small.go(hours=2)
    assert small.ring_due() == ["approval_reminder", "approval_reminder"]
    assert small.notices("boss") == ["approval_requested", "approval_reminder", "approval_reminder"]
    small.go(hours=1)
    small.ring_due()
    assert (sorted(small.voices(made), key=str), small.state(made)) == (sorted(after, key=str), state)
    if then == "escalate":
        small.go(hours=3)
        small.ring_due()
        assert sorted(small.voices(made), key=str) == [("boss", "expired"), ("chief", "expired"), ("leads", "pending")]
        small.go(hours=9)
        small.ring_due()
        assert small.voices(made).count(("leads", "pending")) == 1
