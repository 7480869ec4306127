"""Deputies: approvals go to whoever stands in, and come back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.factories.small import START, Small, refusal

from servicehall.domain import events as e
from servicehall.models.directory import Delegation
from servicehall.services import delegations
from servicehall.services.people import record_person
from servicehall.services.work import work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CHAIN = "approval: {stages: [{key: one, approvers: [manager: {}]}]}"
TODAY = START.date()


def delegate(
    small: Small, who: str, deputy: str, *, since: int = 0, days: int = 2, departments: list[str] | None = None
) -> str:
    first: date = TODAY + timedelta(days=since)
    return delegations.delegate(
        deputy=f"{deputy}@example.com",
        since=first,
        until=first + timedelta(days=days),
        departments=departments,
        viewer=small.viewer(who),
        at=small.at,
    )


def holder(small: Small, made: str) -> str:
    row = small.approvals(made, state="pending")[0]
    return next(name for name, identity in small.ids.items() if identity == row.holder_id)


def test_open_approvals_move_at_the_start_and_come_back_at_the_end(small: Small) -> None:
    small.publish(CHAIN)
    made = small.order()
    delegate(small, "boss", "sec", since=1)
    small.ring_due()
    assert holder(small, made) == "boss"
    small.go(days=1)
    small.ring_due()
    assert holder(small, made) == "sec"
    assert small.voices(made) == [("boss", "pending")]
    assert "approval_requested" in small.notices("sec")
    small.go(days=3)
    small.ring_due()
    assert holder(small, made) == "boss"


def test_they_come_back_when_it_is_taken_back(small: Small) -> None:
    small.publish(CHAIN)
    made = small.order()
    delegation = delegate(small, "boss", "sec")
    small.ring_due()
    assert holder(small, made) == "sec"
    assert refusal(delegations.end, delegation, viewer=small.viewer("sec"), at=small.at) == 404
    delegations.end(delegation, viewer=small.viewer("boss"), at=small.at)
    small.ring_due()
    assert holder(small, made) == "boss"
    assert refusal(delegations.end, delegation, viewer=small.viewer("boss"), at=small.at) == 404


def test_new_approvals_lie_with_the_deputy_and_the_record_shows_both(small: Small) -> None:
    small.publish(CHAIN)
    delegate(small, "boss", "sec")
    made = small.order()
    row = small.approvals(made)[0]
    assert (holder(small, made), row.voice_person_id) == ("sec", small.ids["boss"])
    assert refusal(small.decide_row, "boss", "approve", row) == 403
    small.decide_row("sec", "approve", row)
    done = small.approvals(made)[0]
    assert (done.decided_by_id, done.on_behalf_of_id) == (small.ids["sec"], small.ids["boss"])


def test_deputies_of_deputies_are_followed_also_when_theirs_comes_later(small: Small) -> None:
    small.publish(CHAIN)
    delegate(small, "boss", "sec", days=9)
    made = small.order()
    delegate(small, "sec", "fin", since=1, days=2)
    small.ring_due()
    found = []
    for _day in range(6):
        found.append(holder(small, made))
        small.go(days=1)
        small.ring_due()
    assert found == ["sec", "fin", "fin", "fin", "sec", "sec"]


def test_a_cycle_is_refused_and_so_is_nonsense(small: Small) -> None:
    delegate(small, "boss", "sec")
    delegate(small, "sec", "fin")
    assert refusal(delegate, small, "fin", "boss") == 422
    assert refusal(delegate, small, "fin", "fin") == 422
    assert refusal(delegate, small, "fin", "nobody") == 422
    assert refusal(delegate, small, "fin", "boss", days=-1) == 422
    assert refusal(delegate, small, "fin", "boss", since=-5) == 422
    assert refusal(delegate, small, "fin", "boss", since=3) == 200


@pytest.mark.parametrize("deputy", ["asks", "dan", "gone"])
def test_a_deputy_who_may_not_decide_here_is_passed_over(small: Small, deputy: str) -> None:
    """The requester, another voice of the stage, somebody who has left since they were named."""
    small.person("gone")
    small.publish("approval: {stages: [{key: one, approvers: [manager: {}, person: dan@example.com]}]}")
    delegate(small, "boss", deputy)
    record_person({"email": "gone@example.com", "active": "no"}, actor="system:tests", at=small.at)
    assert holder(small, small.order()) == "boss"


def test_somebody_who_has_left_is_not_named(small: Small) -> None:
    small.person("gone", active=False)
    assert refusal(delegate, small, "boss", "gone") == 422


def test_the_deputy_of_a_deputy_who_left_does_not_stand_in(small: Small) -> None:
    """Whoever left passes nothing on: the approval is with its voice again, open ones too."""
    small.publish(CHAIN)
    delegate(small, "boss", "sec")
    delegate(small, "sec", "fin")
    made = small.order()
    assert holder(small, made) == "fin"
    record_person({"email": "sec@example.com", "active": "no"}, actor="system:tests", at=small.at)
    small.ring_due()
    found = holder(small, made), holder(small, small.order())
    assert found == ("boss", "boss")


def test_who_decided_in_a_stage_kept_apart_does_not_stand_in(small: Small) -> None:
    small.publish(
        "approval: {apart: [[one, two]], stages: [{key: one, approvers: [person: sec@example.com]},"
        " {key: two, approvers: [manager: {}]}]}"
    )
    delegate(small, "boss", "sec")
    made = small.order()
    small.decide("sec", "approve", made)
    assert holder(small, made) == "boss"


def test_who_alone_speaks_for_a_group_of_the_stage_keeps_that_voice_and_does_not_stand_in(small: Small) -> None:
    small.group("guards", "sec")
    small.publish("approval: {stages: [{key: one, approvers: [{manager: {}}, {group: guards}]}]}")
    delegate(small, "boss", "sec")
    made = small.order()
    assert holder(small, made) == "boss"
    small.decide("sec", "approve", made)
    assert small.voices(made) == [("boss", "pending"), ("guards", "approved")]
    small.decide("boss", "approve", made)
    assert small.state(made) == "in_progress"


@pytest.mark.parametrize(("departments", "found"), [(["it"], "sec"), (["hr"], "boss"), (["hr", "it"], "sec")])
def test_for_some_departments_only(small: Small, departments: list[str], found: str) -> None:
    small.publish(CHAIN)
    for key in ("it", "hr"):
        with work("directory/all", actor="system", at=small.at) as w:
            w.record(f"department/{key}", e.DepartmentRecorded(department=key))
    delegate(small, "boss", "sec", departments=departments)
    assert holder(small, small.order()) == found
    assert small.viewer("boss").session.query(Delegation).count() == 1
