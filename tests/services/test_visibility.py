"""Who reads which answer, and who finds the request at all."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from tests.factories.small import Small, refusal

from servicehall.models.access import AccessLog
from servicehall.models.base import db
from servicehall.services import access, answers, cases, visibility
from servicehall.services.catalog import services_for
from servicehall.services.people import record_person

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
KINDS = ("public", "internal", "personal", "secret", "shown")
FIELDS = "[{}, {{key: shown, type: text, label: S, classification: secret, share_with: [it]}}]".format(
    ", ".join(f"{{key: {kind}, type: text, label: L, classification: {kind}}}" for kind in KINDS[:4])
)
PARTS = """approval: {stages: [{key: one, approvers: [manager: {}], shows: [shown]}]}
fulfilment: {tasks: [{key: a, title: A, group: outside, shows: [personal]}, {key: b, title: B, group: desk}]}
"""
READS: dict[str, set[str] | None] = {
    "asks": set(KINDS),
    "chief": None,
    "boss": {"public", "internal", "personal", "shown"},
    "dan": {"public", "internal", "personal"},
    "aud": {"public", "internal", "personal"},
    "sec": None,
}


@pytest.mark.parametrize("confidential", [False, True])
def test_the_table_of_classifications(small: Small, confidential: bool) -> None:
    small.group("outside", "sec")
    small.publish(PARTS, fields=FIELDS, confidential=confidential)
    made = small.order(**dict.fromkeys(KINDS, "x"))
    assert refusal(visibility.request_for, small.viewer("chief"), small.request(made).number) == 404
    small.decide("boss", "approve", made)
    number = small.request(made).number
    for name, readable in READS.items():
        viewer = small.viewer(name)
        if readable is None:
            assert refusal(visibility.request_for, viewer, number) == 404, name
            continue
        shown = answers.for_viewer(viewer, visibility.request_for(viewer, number))
        assert {key for key, value in shown.values.items() if value is not None} == readable, name
        assert set(shown.masked) == set(KINDS) - readable
    viewer = small.viewer("sec")
    task = visibility.task_for(viewer, small.task(made, "a").id)
    open_too = set() if confidential else {"public", "internal"}
    assert set(cases.task_record(viewer, task)["request_answers"]) == {"personal"} | open_too
    assert refusal(visibility.task_for, viewer, small.task(made, "b").id) == 404
    assert refusal(visibility.approval_for, viewer, small.approvals(made)[0].id) == 404


def test_a_voice_that_was_passed_over_reads_nothing_by_the_stage(small: Small) -> None:
    two = "{key: two, shows: [shown], approvers: [person: sec@example.com, person: lena@example.com]}"
    one = "{key: one, approvers: [person: sec@example.com]}"
    small.publish(f"approval: {{stages: [{one}, {two}]}}", fields=FIELDS)
    made = small.order(shown="x")
    small.decide("sec", "approve", made)
    assert small.voices(made, stage="two") == [("sec", "skipped"), ("lena", "pending")]
    masked = {name: answers.for_viewer(small.viewer(name), small.request(made)).masked for name in ("sec", "lena")}
    assert masked == {"sec": ("shown",), "lena": ()}


def test_whom_it_is_for_reads_all_and_is_not_noted_but_for_what_leaves_the_house(small: Small) -> None:
    small.publish(fields=FIELDS, confidential=True)
    row = small.request(small.order("boss", requested_for="asks@example.com", **dict.fromkeys(KINDS, "x")))
    assert answers.for_viewer(small.viewer("asks"), row).masked == ()
    readings = [("asks", "request"), ("boss", "request"), ("dan", "request"), ("asks", "report"), ("boss", "export")]
    viewers = {name: small.viewer(name) for name in ("asks", "boss", "dan")}
    assert [one.person.email for one in viewers.values()]
    row = small.request(row.id)
    db.session.expunge_all()
    db.session.rollback()
    for name, kind in readings:
        access.note_reading(row, viewer=viewers[name], at=small.at, kind=kind)
    noted = db.session.execute(select(AccessLog.person_id, AccessLog.kind).order_by(AccessLog.id)).all()
    assert [tuple(one) for one in noted] == [(small.ids[name], kind) for name, kind in readings[2:]]


def test_what_has_changed_is_masked_as_it_was_and_as_it_is(small: Small) -> None:
    small.publish(PARTS.replace("group: outside", "group: desk"), fields=FIELDS)
    made = small.order(secret="old", shown="old")
    small.decide("boss", "return", made)
    small.amend(made, secret="new", shown="new")
    small.submit(made)
    record = cases.approval_record(small.viewer("boss"), small.approvals(made, state="pending")[0])
    changed = {one["key"]: (one["before"], one["after"], one["masked"]) for one in record["changed"]}
    assert changed == {"secret": (None, None, True), "shown": ("old", "new", False)}


def test_whoever_has_left_has_no_roles_and_no_groups(small: Small) -> None:
    for name in ("aud", "dan"):
        record_person({"email": f"{name}@example.com", "active": "no"}, actor="system:tests", at=small.at)
    assert not small.viewer("aud").is_auditor
    assert small.viewer("dan").group_ids == small.viewer("dan").group_keys == frozenset()


def test_a_draft_is_its_requesters_alone(small: Small) -> None:
    small.publish()
    number = small.request(small.order(draft=True)).number
    for name, status in {"asks": 200, "dan": 404, "aud": 404, "boss": 404}.items():
        assert refusal(visibility.request_for, small.viewer(name), number) == status


def test_who_may_order_where_a_condition_has_no_value(small: Small) -> None:
    """Nobody here has a grade: doubt lets nobody in, and keeps nobody in who may be excluded."""
    unknown, known = 'requester.grade == "g1"', 'requester.email == "asks@example.com"'
    small.publish(f"audience: {unknown}", key="for-a-grade")
    small.publish(f"excluded: {unknown}", key="but-a-grade")
    small.publish(f"audience: {known}", key="for-asks")
    small.publish(f"excluded: {known}", key="but-asks")
    small.publish(f"audience: {known}\nexcluded: {known}", key="both")
    offered = {name: [card.key for card in services_for(small.viewer(name), at=small.at)] for name in ("asks", "dan")}
    assert offered == {"asks": ["for-asks"], "dan": ["but-asks"]}
    for key in ("for-a-grade", "but-a-grade", "both"):
        assert refusal(small.order, "asks", service=f"it/{key}", what="x") == 404
