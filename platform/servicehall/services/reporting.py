"""The approval-chain report as a stored file: asked for, made by a job, and served again while nothing has changed.

A print is the same for everybody who may see the whole request. Its fingerprint is over what it says: the end of the
request's stream, how far it is sealed, what was erased, and the people it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from servicehall import clock, config
from servicehall.content import canonical, sha256
from servicehall.errors import NotFound, TooLarge
from servicehall.models.base import begin_writing, db
from servicehall.models.directory import Person
from servicehall.models.files import StoredReport, Upload
from servicehall.models.log import ContentRow, EventRow, SealLeaf
from servicehall.models.operations import CANCELLED, DONE, OPEN, PARKED, Outbox, upsert
from servicehall.models.requests import Request
from servicehall.reports.evidence import texts_in
from servicehall.reports.stamp import SigningKey
from servicehall.services import audit, files, printing, work
from servicehall.services.submission import stream_of
from servicehall.texts import _, known_locale

KIND = "approval_chain"
CHANNEL = "report"
MOST_ENTRIES = 5_000
LAYOUT = 1
"""Raised when the same record would be printed differently: what is stored is then made anew."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of asking for a report: `pdf` where it is in the store, else `failed` where no job can make it."""

    pdf: bytes | None = None
    failed: bool = False


def fingerprint(session: Session, row: Request, locale: str) -> str:
    """The same while a print would say the same; one read of the stream, no print."""
    stream = stream_of(row.id)
    events = session.execute(
        select(EventRow.hash, EventRow.actor, EventRow.body)
        .where(EventRow.stream == stream)
        .order_by(EventRow.sequence)
    ).all()
    bodies = [one.body for one in events]
    people = {text for text in texts_in(bodies) if len(text) == 36} | {one.actor for one in events}
    erased = select(func.count()).where(
        ContentRow.sha256.in_({one for body in bodies for one in audit.named_hashes(body)}),
        ContentRow.erased_at.is_not(None),
    )
    said = {
        "layout": LAYOUT,
        "head": [len(events), events[-1].hash if events else ""],
        "sealed": session.scalar(select(func.max(SealLeaf.sequence)).where(SealLeaf.stream == stream)) or 0,
        "erased": session.scalar(erased) or 0,
        "people": sorted(session.scalars(select(Person.content).where(Person.id.in_(people)))),
        "company": config.current().company,
        "locale": known_locale(locale),
        "key": audit.public_key(),
    }
    return sha256(canonical(said))


def ask_for_report(row: Request, locale: str, *, at: datetime) -> Asked:
    """The stored report, or an outbox row for a job to make it, once for each state of the request.

    Errors: TooLarge where the record has more entries than one document may hold.
    """
    session: Session = db.session()
    _refuse_endless(session, row)
    language = known_locale(locale)
    printed = fingerprint(session, row, language)
    found = _stored(session, row, language, printed)
    if found is not None:
        return Asked(pdf=found)
    key = f"report:{row.id}:{language}:{printed[:32]}"
    state = session.scalar(select(Outbox.state).where(Outbox.dedupe_key == key))
    if state == PARKED:
        return Asked(failed=True)
    if state != OPEN:
        _put(session, row.id, language, key, state, at)
        work.wake()
    return Asked()


def _refuse_endless(session: Session, row: Request) -> None:
    entries = session.scalar(select(func.max(EventRow.sequence)).where(EventRow.stream == stream_of(row.id))) or 0
    if entries > MOST_ENTRIES:
        raise TooLarge(
            _(
                "This record has {n} entries; a print holds at most {most}. Read it under Audit.",
                n=entries,
                most=MOST_ENTRIES,
            )
        )


def make_report_now(payload: Mapping[str, Any], settle: Callable[[Session], None]) -> None:
    """The job: reads, draws with no transaction open, keeps the bytes, and settles together with the row for them."""
    locale, at = payload["locale"], clock.now()
    with audit.snapshot() as still:
        row = still.get_one(Request, payload["request"])
        printed = fingerprint(still, row, locale)
        case = printing.case_report(still, row, locale=locale, at=at)
    pdf = _draw(case, locale)
    kept = files.keep_bytes(pdf)
    session: Session = db.session()
    begin_writing(session)
    settle(session)
    before = session.get(StoredReport, (KIND, payload["request"], locale), populate_existing=True)
    replaced = before.sha256 if before is not None else None
    values = {"kind": KIND, "subject": payload["request"], "locale": locale, "fingerprint": printed}
    upsert(session, StoredReport, {**values, "sha256": kept, "size": len(pdf), "made_at": at})
    session.commit()
    if replaced is not None:
        _forget_bytes(session, replaced)


def drop_reports(request_ids: Iterable[str]) -> None:
    """Forgets the prints of these requests, bytes too: after an erasure nothing old may be left. Not inside a work."""
    session: Session = db.session()
    begin_writing(session)
    theirs = StoredReport.subject.in_(list(request_ids))
    hashes = session.scalars(select(StoredReport.sha256).where(theirs)).all()
    session.execute(delete(StoredReport).where(theirs), execution_options={"synchronize_session": False})
    session.commit()
    for digest in hashes:
        _forget_bytes(session, digest)


def _forget_bytes(session: Session, digest: str) -> None:
    """Unless somebody uploaded the very same file."""
    uses = (select(StoredReport.sha256), StoredReport.sha256), (select(Upload.sha256), Upload.sha256)
    if not any(session.scalar(statement.where(column == digest).limit(1)) for statement, column in uses):
        files.forget_bytes(digest)
    session.rollback()


def filename(row: Request, locale: str) -> str:
    return f"{row.number}-{known_locale(locale)}.pdf"


def _stored(session: Session, row: Request, locale: str, printed: str) -> bytes | None:
    """The PDF as it was made, where nothing has changed since; None where it must be made (again)."""
    found = session.get(StoredReport, (KIND, row.id, locale), populate_existing=True)
    if found is None or found.fingerprint != printed:
        return None
    try:
        with files.open_file(found.sha256) as file:
            data = file.read()
    except NotFound:
        return None
    return data if sha256(data) == found.sha256 else None


def _put(session: Session, request_id: str, locale: str, key: str, state: str | None, at: datetime) -> None:
    """A row of the outbox; one that was done, and whose file is gone since, is opened again."""
    begin_writing(session)
    if state in (DONE, CANCELLED):
        again = update(Outbox).where(Outbox.dedupe_key == key, Outbox.state == state)
        session.execute(
            again.values(state=OPEN, attempts=0, owner=None, next_at=at),
            execution_options={"synchronize_session": False},
        )
    else:
        payload = {"request": request_id, "locale": locale}
        Outbox.add(session, channel=CHANNEL, dedupe_key=key, payload=payload, at=at, request_id=request_id)
    session.commit()


def _draw(case: Any, locale: str) -> bytes:
    from servicehall.reports import reports  # the drawing loads slowly, and only the job draws

    return reports[KIND](case, locale=locale, key=SigningKey.from_secret(config.current().secret_key))
