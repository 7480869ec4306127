"""Rebuilding records from the log beside the live tables, and comparing the two."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.orm import Session

from servicehall.domain.events import read_event
from servicehall.models.appliers import Applied, Writer, apply
from servicehall.models.approvals import Approval, ApprovalMember, Stage
from servicehall.models.base import Base
from servicehall.models.clocks import Clock
from servicehall.models.definitions import Document, DocumentVersion, DraftStep
from servicehall.models.directory import Delegation, Department, Group, GuardRails, Membership, Person
from servicehall.models.fulfilment import GuestLink, Task
from servicehall.models.log import EventRow
from servicehall.models.requests import Attachment, Comment, Participant, Request
from servicehall.services.audit import named_hashes
from servicehall.services.scratch import scratch
from servicehall.services.work import read_contents

RECORDS: dict[str, tuple[tuple[type[Base], str], ...]] = {
    "request": (
        (Request, "id"),
        (Participant, "request_id"),
        (Comment, "request_id"),
        (Attachment, "request_id"),
        (Stage, "request_id"),
        (Approval, "request_id"),
        (ApprovalMember, "request_id"),
        (Clock, "request_id"),
        (Task, "request_id"),
        (GuestLink, "request_id"),
    ),
    "person": ((Person, "id"), (Delegation, "person_id")),
    "department": ((Department, "key"), (GuardRails, "department")),
    "group": ((Group, "id"), (Membership, "group_id")),
    "document": ((Document, "id"), (DocumentVersion, "document_id"), (DraftStep, "document_id")),
}
BATCH = 200


def compare(session: Session, streams: Iterable[str]) -> list[str]:
    """Replays these streams into an empty database and says every difference: `tasks 018f….state: live …`."""
    differences: list[str] = []
    wanted = sorted(set(streams))
    for start in range(0, len(wanted), BATCH):
        differences += _compare_batch(session, wanted[start : start + BATCH])
    return differences


def all_streams(session: Session) -> Iterator[str]:
    """Every stream of the log, in the order of their names."""
    yield from session.scalars(select(EventRow.stream).where(EventRow.sequence == 1).order_by(EventRow.stream))


def replay(live: Session, wanted: ColumnElement[bool], beside: Session) -> None:
    """Applies these events, stream by stream and in order, to the tables of another database."""
    writer = Writer(beside)
    rows = live.scalars(
        select(EventRow).where(wanted).order_by(EventRow.stream, EventRow.sequence).execution_options(yield_per=BATCH)
    )
    for batch in rows.partitions():
        content = _reader(live, batch)
        for row in batch:
            event = read_event(row.kind, row.schema, row.body)
            apply(writer, Applied(event, row.stream, row.sequence, row.at, row.actor, row.on_behalf_of, content))
    writer.flush()


def _reader(live: Session, rows: Iterable[EventRow]) -> Callable[[str | None], Any]:
    """What these events name by hash, read at once."""
    contents = read_contents(live, {digest for row in rows for digest in named_hashes(row.body)})
    return lambda sha256: None if sha256 is None else contents.get(sha256)


def _compare_batch(session: Session, streams: list[str]) -> list[str]:
    with scratch([model for models in RECORDS.values() for model, _ in models]) as beside:
        replay(session, EventRow.stream.in_(streams), beside)
        return [
            line for model, owner, ids in _owned(streams) for line in _differences(session, beside, model, owner, ids)
        ]


def _owned(streams: list[str]) -> Iterator[tuple[type[Base], str, list[str]]]:
    for kind, models in RECORDS.items():
        ids = [stream.split("/", 1)[1] for stream in streams if stream.startswith(f"{kind}/")]
        if ids:
            for model, owner in models:
                yield model, owner, ids


def _differences(live: Session, beside: Session, model: type[Base], owner: str, ids: list[str]) -> Iterator[str]:
    table: Table = model.__table__
    now = _rows(live, table, owner, ids)
    then = _rows(beside, table, owner, ids)
    for key in sorted(now.keys() | then.keys(), key=str):
        name = f"{table.name} {' '.join(map(str, key))}"
        if key not in then:
            yield f"{name}: stands in the table, but not in the log"
        elif key not in now:
            yield f"{name}: stands in the log, but not in the table"
        else:
            for column, value in now[key].items():
                if value != then[key][column]:
                    yield f"{name}.{column}: live {value!r}, replayed {then[key][column]!r}"


def _rows(session: Session, table: Table, owner: str, ids: list[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = session.connection().execute(select(table).where(table.c[owner].in_(ids))).mappings()
    keys = [column.name for column in table.primary_key]
    return {tuple(row[key] for key in keys): {name: _plain(value) for name, value in row.items()} for row in found}


def _plain(value: Any) -> Any:
    """JSON columns compare by value, whatever order their keys were stored in."""
    return json.loads(json.dumps(value, sort_keys=True)) if isinstance(value, (dict, list)) else value
