"""What people chose about mail: off for all, off for one event, and back again; the page tells them all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.factories.small import Small

from servicehall import config
from servicehall.models.base import db
from servicehall.models.notices import Notice
from servicehall.models.operations import Outbox
from servicehall.services import people

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CHAIN = "approval: {stages: [{key: one, approvers: [manager: {}]}]}"


@pytest.fixture(autouse=True)
def mail_server(app: Any) -> None:
    config.use(replace(config.current(), smtp_url="smtp://127.0.0.1:25"))


@pytest.mark.parametrize(
    ("choices", "mailed"),
    [
        ([], True),
        ([{"all": False}], False),
        ([{"approval_requested": False}], False),
        ([{"approval_reminder": False}], True),
        ([{"all": False}, {"approval_requested": True}], False),
        ([{"all": False}, {"all": True}], True),
        ([{"approval_requested": False}, {"all": True}], False),
        ([{"approval_requested": False}, None], True),
    ],
    ids=[
        "none",
        "all off",
        "this off",
        "another off",
        "all off beats one on",
        "on again",
        "one stays off",
        "forgotten",
    ],
)
def test_mail_is_what_was_chosen_and_the_page_always_tells(
    small: Small, choices: list[dict[str, bool] | None], mailed: bool
) -> None:
    for choice in choices:
        people.set_preferences(small.ids["boss"], {"mail": choice}, at=small.at)
    small.publish(CHAIN)
    small.order()
    notice = db.session.query(Notice).filter(Notice.person_id == small.ids["boss"]).one()
    assert (notice.event, notice.mail) == ("approval_requested", mailed)
    assert db.session.query(Outbox).filter(Outbox.channel == "mail").count() == int(mailed)


def test_a_mail_tells_only_what_is_wanted_by_mail(small: Small) -> None:
    """Of two notices within the digest's while the unwanted one stays on the page."""
    people.set_preferences(small.ids["dora"], {"mail": {"task_ready": False}}, at=small.at)
    small.publish(
        "approval: {stages: [{key: one, approvers: [person: dora@example.com]}]}\n"
        "fulfilment: {tasks: [{key: a, title: A, group: desk}]}"
    )
    made = small.order()
    small.go(seconds=5)
    small.decide("dora", "approve", made)
    rows = db.session.query(Notice).filter(Notice.person_id == small.ids["dora"])
    assert sorted((one.event, one.mail) for one in rows) == [("approval_requested", True), ("task_ready", False)]
    assert small.notices("dan") == ["task_ready"]
    assert db.session.query(Outbox).filter(Outbox.dedupe_key.startswith(f"mail:{small.ids['dora']}:")).count() == 1
