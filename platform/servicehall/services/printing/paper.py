"""What every part of a print needs, read once: events, contents, names, and the rows of the request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall import config
from servicehall.domain.chain import EventRecord
from servicehall.forms.lookup import Lookup
from servicehall.models.approvals import Approval, Stage
from servicehall.models.clocks import Clock
from servicehall.models.fulfilment import Task
from servicehall.models.log import ContentRow
from servicehall.models.requests import Request
from servicehall.reports.evidence import texts_in
from servicehall.services import audit, directory, releases
from servicehall.services.cases.names import Names, gather
from servicehall.services.departments import department_titles
from servicehall.services.lookups import Directory
from servicehall.services.releases import Release
from servicehall.services.submission import stream_of
from servicehall.services.task_texts import title_of
from servicehall.services.words import why_sentence
from servicehall.texts import _, current_locale, pick


@dataclass(frozen=True)
class Paper:
    """One request laid out: `contents` are what its events name (None where erased), `salts` theirs."""

    session: Session
    row: Request
    at: datetime
    release: Release
    records: tuple[EventRecord, ...]
    contents: Mapping[str, Any]
    salts: Mapping[str, str]
    names: Names
    stages: tuple[Stage, ...]
    approvals: tuple[Approval, ...]
    tasks: tuple[Task, ...]
    clocks: tuple[Clock, ...]
    departments: Mapping[str, str]
    zone: ZoneInfo
    locale: str = field(default_factory=current_locale)

    @property
    def stream(self) -> str:
        return stream_of(self.row.id)

    def content(self, sha256: str | None) -> Any:
        return self.contents.get(sha256 or "")

    def words_of(self, sha256: str | None) -> str:
        """The text of a comment; what was erased says so."""
        if sha256 is None:
            return ""
        value = self.content(sha256)
        return _("(erased)") if value is None else str(value.get("body", ""))

    def name(self, person_id: str | None) -> str:
        return self.names.name(person_id) if person_id else ""

    def department(self, key: str | None) -> str:
        return self.departments.get(key, key) if key else ""

    def why(self, why: Mapping[str, Any] | None) -> str:
        """The sentence of a reason, with a field's label in place of its key."""
        return why_sentence(self.labelled(why)) if why else ""

    def labelled(self, why: Mapping[str, Any]) -> Mapping[str, Any]:
        """The reason with that label."""
        params = why.get("params") or {}
        named = self.release.form.by_key.get(str(params.get("field", "")))
        return why if named is None else {**why, "params": {**params, "field": pick(named.label)}}

    @cached_property
    def task_titles(self) -> Mapping[str, str]:
        return {task.id: title_of(self.release, task, self.content(task.said)) for task in self.tasks}

    @cached_property
    def stage_titles(self) -> Mapping[str, str]:
        """A gate's stage goes by its task as well; where a stage decided more than once, by its round."""
        rounds = max((stage.round for stage in self.stages), default=1)
        return {stage.id: self._stage_title(stage, rounds) for stage in self.stages}

    def _stage_title(self, stage: Stage, rounds: int) -> str:
        title = pick(self.release.stage_title(stage.key))
        if stage.task_id is not None:
            return f"{self.task_titles.get(stage.task_id, '')}: {title}"
        return _("{title} (round {number})", title=title, number=stage.round) if rounds > 1 else title

    @cached_property
    def lookup(self) -> Lookup:
        return Directory(self.session, author=self.row.requester_id)

    def events_of(self, kind: str) -> list[EventRecord]:
        return [record for record in self.records if record.kind == kind]


def lay_out(session: Session, row: Request, *, at: datetime) -> Paper:
    """Reads a request for print, in the current language: a fixed number of queries, whatever its length."""
    records = tuple(audit.read_stream(session, stream_of(row.id)))
    bodies = [record.body for record in records]
    contents, salts = _contents(session, {one for body in bodies for one in audit.named_hashes(body)})
    known = {text for text in texts_in(bodies) if len(text) == 36}
    names = gather(session, [*known, *(record.actor for record in records)], known)
    requester = names.people.get(row.requester_id)
    default = config.current().default_time_zone
    return Paper(
        session=session,
        row=row,
        at=at,
        release=releases.load(session, row.release),
        records=records,
        contents=contents,
        salts=salts,
        names=names,
        stages=_rows(session, Stage, row, Stage.task_id.is_not(None), Stage.round, Stage.position, Stage.id),
        approvals=_rows(session, Approval, row, Approval.stage_id, Approval.position, Approval.asked_at, Approval.id),
        tasks=_rows(session, Task, row, Task.position, Task.id),
        clocks=_rows(session, Clock, row, Clock.started_at, Clock.measure, Clock.id),
        departments=department_titles(session),
        zone=directory.zone_of(requester, default) if requester is not None else ZoneInfo(default),
    )


def _contents(session: Session, hashes: set[str]) -> tuple[dict[str, Any], dict[str, str]]:
    columns = (ContentRow.sha256, ContentRow.salt, ContentRow.data)
    contents, salts = {}, {}
    for sha256, salt, data in session.execute(select(*columns).where(ContentRow.sha256.in_(hashes))):
        contents[sha256] = None if data is None else json.loads(data)
        salts[sha256] = salt or ""
    return contents, salts


def _rows(session: Session, model: Any, row: Request, *order: Any) -> tuple[Any, ...]:
    return tuple(session.scalars(select(model).where(model.request_id == row.id).order_by(*order)))
