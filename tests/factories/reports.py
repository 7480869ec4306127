"""A printed onboarding, whole and provable: what the report and its verification are tested with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from servicehall import content
from servicehall.clock import as_instant
from servicehall.domain.chain import GENESIS, EventRecord, Seal, event_hash, make_seal, merkle_tree
from servicehall.reports.case import (
    Answer,
    CaseReport,
    Change,
    Clock,
    Comment,
    EventLine,
    Inclusion,
    Pause,
    Person,
    Provable,
    Round,
    Stage,
    TaskLine,
    Voice,
)

START = datetime(2026, 11, 16, 1, 12, 7, 250000, tzinfo=UTC)
STREAM = "request:019a8b2c-5d10-7c3e-9f00-2b1f5f0a7d11"

LI_NA = Person(name="Li Na 李娜", email="li.na@example.com", title="Engineering Manager", department="Research")
WANG_WEI = Person(name="Wang Wei 王伟", email="wang.wei@example.com", title="Software Engineer", department="Research")


def stream(bodies: Iterable[dict[str, object]], *, name: str = STREAM, start: datetime = START) -> list[EventRecord]:
    """A whole stream, one event for each body, five minutes apart; `kind` and `actor` may stand in the body."""
    records: list[EventRecord] = []
    prev = GENESIS
    for number, body in enumerate(bodies, start=1):
        at = as_instant(start + timedelta(minutes=5 * (number - 1)))
        kind = str(body.get("kind", "request.commented"))
        own = {key: value for key, value in body.items() if key != "kind"}
        digest = event_hash(name, number, kind, 1, at, "person:li-na", None, own, prev)
        records.append(EventRecord(name, number, kind, 1, at, "person:li-na", None, own, prev, digest))
        prev = digest
    return records


def sealed(records: list[EventRecord], *, others: int = 5) -> tuple[Seal, tuple[Inclusion, ...]]:
    """A seal over these events among some others, with a proof for each."""
    strangers = [content.sha256(f"other {number}".encode()) for number in range(others)]
    leaves = [*strangers, *(record.hash for record in records)]
    tree = merkle_tree(leaves)
    seal = make_seal(leaves, period_from="2026-11-16T00:00:00Z", period_until="2026-11-23T00:00:00Z", before=None)
    proofs = tuple(
        Inclusion(event=record.hash, seal=1, index=others + place, proof=tree.proof(others + place))
        for place, record in enumerate(records)
    )
    return seal, proofs


APPROVED = content.seal("Agreed. Laptop from stock please. 同意,请用库存笔记本。", salt="01" * 16)
REMARK = content.seal("Badge photo is still missing.", salt="02" * 16)
SENT_BACK = content.seal("The start date is a public holiday.", salt="03" * 16)
ANSWERS = content.seal({"full_name": "Wang Wei", "bank_account": "CN-6222-0000"}, salt="04" * 16)


def onboarding_case(*, extra_events: int = 0) -> CaseReport:
    """Two stages, one return, two clocks with a pause, three tasks, a masked answer and a table."""
    records = stream(
        [
            {"kind": "request.created", "content": ANSWERS.sha256, "number": "HR-2026-00042"},
            {"kind": "request.submitted", "content": ANSWERS.sha256, "round": 1},
            {"kind": "approval.decided", "decision": "return", "comment": SENT_BACK.sha256, "content": ANSWERS.sha256},
            {"kind": "request.submitted", "content": ANSWERS.sha256, "round": 2},
            {"kind": "approval.decided", "decision": "approve", "comment": APPROVED.sha256, "content": ANSWERS.sha256},
            {"kind": "approval.decided", "decision": "approve", "content": ANSWERS.sha256},
            {"kind": "request.commented", "content": REMARK.sha256, "internal": False},
            *({"kind": "task.noted", "number": number} for number in range(extra_events)),
        ]
    )
    seal, inclusions = sealed(records)
    at = [START + timedelta(minutes=5 * number) for number in range(len(records))]
    return CaseReport(
        number="HR-2026-00042",
        service="Employee onboarding",
        department="Human Resources",
        type="request",
        state="in_progress",
        priority="p3",
        requester=LI_NA,
        beneficiary=WANG_WEI,
        company="Nordlicht Instruments 北光仪器",
        created_at=at[0],
        submitted_at=at[1],
        generated_at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
        generated_for="Zhou Min 周敏",
        time_zone="Asia/Shanghai",
        content_sha256=ANSWERS.sha256,
        answers=(
            Answer(label="Full name", text="Wang Wei 王伟", section="The new colleague"),
            Answer(label="Start date", text="7 Dec 2026", section="The new colleague"),
            Answer(label="Bank account", masked=True, section="The new colleague"),
            Answer(
                label="Equipment",
                section="The desk",
                columns=("Item", "Quantity", "Unit price"),
                rows=(("Laptop 14″", "1", "CNY 9,800.00"), ("Monitor 27″", "2", "CNY 1,650.00")),
            ),
            Answer(
                label="Remarks", text="Sits with the optics team.\nNeeds a badge for building 3.", section="The desk"
            ),
        ),
        stages=(
            Stage(
                title="Line manager",
                state="approved",
                rule="All of those asked",
                quorum="1 of 1",
                opened_at=at[3],
                closed_at=at[4],
                voices=(
                    Voice(
                        name="Chen Jie 陈杰",
                        why="Manager of Li Na, who asked",
                        state="approved",
                        asked_at=at[3],
                        decided_by="Sofia Krämer",
                        on_behalf_of="Chen Jie 陈杰",
                        decided_at=at[4],
                        comment=APPROVED.value,
                        comment_sha256=APPROVED.sha256,
                        content_sha256=ANSWERS.sha256,
                        signature="I approve this as manager",
                        event=records[4].hash,
                    ),
                ),
            ),
            Stage(
                title="Finance",
                state="approved",
                rule="Any one of those asked",
                quorum="1 of 2",
                opened_at=at[4],
                closed_at=at[5],
                voices=(
                    Voice(
                        name="Finance Shanghai",
                        group=True,
                        why="Group finance/shanghai, named in the approval chain",
                        state="approved",
                        asked_at=at[4],
                        decided_by="Zhao Lei 赵磊",
                        decided_at=at[5],
                        content_sha256=ANSWERS.sha256,
                        event=records[5].hash,
                    ),
                    Voice(name="Jonas Weber", why="Head of Finance", state="superseded", asked_at=at[4]),
                ),
            ),
            Stage(title="Security", state="skipped", why="Passed over: no access to the laboratory was asked for"),
        ),
        rounds=(
            Round(act="submit", at=at[1], by="Li Na 李娜", content_sha256=ANSWERS.sha256, event=records[1].hash),
            Round(
                act="return",
                at=at[2],
                by="Chen Jie 陈杰",
                comment=SENT_BACK.value,
                comment_sha256=SENT_BACK.sha256,
                event=records[2].hash,
            ),
            Round(
                act="resubmit",
                at=at[3],
                by="Li Na 李娜",
                content_sha256=ANSWERS.sha256,
                changes=(
                    Change(label="Start date", before="1 Dec 2026", after="7 Dec 2026"),
                    Change(label="Bank account", masked=True),
                ),
                event=records[3].hash,
            ),
        ),
        clocks=(
            Clock(
                measure="approval",
                target="2 business days",
                calendar="HR office hours Shanghai",
                state="met",
                started_at=at[1],
                due_at=at[1] + timedelta(days=2),
                completed_at=at[5],
                elapsed_seconds=900,
                pauses=(Pause(start=at[2], end=at[3], reason="returned to the requester"),),
            ),
            Clock(
                measure="resolution",
                target="5 business days",
                calendar="HR office hours Shanghai",
                state="running",
                started_at=at[1],
                due_at=at[1] + timedelta(days=7),
                elapsed_seconds=98_400,
            ),
        ),
        tasks=(
            TaskLine(
                key="hr-record",
                title="Create the personnel record",
                department="Human Resources",
                group="HR operations",
                state="done",
                assignee="Sun Li 孙丽",
                ready_at=at[5],
                due_at=at[5] + timedelta(days=1),
                done_at=at[5] + timedelta(hours=3),
                done_by="Sun Li 孙丽",
                answers=(Answer(label="Personnel number", text="104233"),),
            ),
            TaskLine(
                key="create-accounts",
                title="Create directory account and mailbox",
                department="IT",
                group="Identity",
                state="in_progress",
                assignee="Max Fischer",
                ready_at=at[5] + timedelta(hours=3),
                due_at=at[5] + timedelta(days=3),
            ),
            TaskLine(
                key="laptop",
                title="Laptop",
                department="IT",
                group="Service desk",
                state="blocked",
                child="IT-2026-00117",
            ),
        ),
        comments=(
            Comment(
                author="Sun Li 孙丽", at=at[6], body=REMARK.value, comment_sha256=REMARK.sha256, event=records[6].hash
            ),
        ),
        events=tuple(
            EventLine(record=record, words=f"Event of kind {record.kind}", actor="Li Na 李娜") for record in records
        ),
        contents=tuple(
            Provable(sha256=one.sha256, salt=one.salt, value=one.value)
            for one in (APPROVED, REMARK, SENT_BACK, ANSWERS)
        ),
        seals=(seal,),
        inclusions=inclusions,
    )


def edited(record: EventRecord, **values: object) -> EventRecord:
    """The record with other fields and its old hash, as a hand in the table would leave it."""
    return replace(record, **values)  # type: ignore[arg-type]
