"""Finding and previewing services: what somebody may order, and what an order would bring about."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.domain.conditions import Activation, Context
from servicehall.domain.plan_dates import Known, plan_dates, without_date
from servicehall.domain.voices import ADMINISTRATORS
from servicehall.forms import Checked
from servicehall.models.definitions import Document
from servicehall.models.directory import Group, Person
from servicehall.models.requests import Request
from servicehall.services import (
    assignment,
    calendars,
    clockwork,
    contexts,
    directory,
    fulfilment,
    planning,
    releases,
    requests,
)
from servicehall.services.foreseeing import Foreseen, foresee
from servicehall.services.planning import Outlook
from servicehall.services.pricing import price_of, stated_price
from servicehall.services.releases import Release, may_order, viewer_context
from servicehall.services.remembering import standing_still
from servicehall.services.submission import settled
from servicehall.services.visibility import Viewer, as_viewer
from servicehall.texts import pick

MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Card:
    """A service as it stands in the catalog, in the reader's language; `expected` is the promised time, if any."""

    department: str
    key: str
    type: str
    title: str
    summary: str
    help: str
    category: str
    icon: str
    image: str
    price: dict[str, Any] | None
    expected: str | None
    release: Release

    @property
    def reference(self) -> str:
        return f"{self.department}/{self.key}"


@dataclass(frozen=True, slots=True)
class StagePreview:
    """`approvers`: `{person | group, why, skipped?, deputy?}` with a Person or a group's key, as `left_out` has whom
    a rule named in vain; `skipped` says why nobody is asked, `needed` how many approvals it takes."""

    key: str
    title: str
    approvers: list[dict[str, Any]]
    skipped: str | None = None
    needed: int = 0
    left_out: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TaskPreview:
    key: str
    title: str
    department: str
    group: str | None
    due_at: datetime | None
    after: tuple[str, ...] = ()
    starts_by: datetime | None = None
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What a submission now would come to."""

    checked: Checked
    price: dict[str, Any] | None
    stages: list[StagePreview]
    tasks: list[TaskPreview]
    clocks: list[tuple[str, datetime]]
    outlook: Outlook
    priority: str | None = None


def services_for(
    viewer: Viewer, *, at: datetime, q: str = "", department: str | None = None, category: str | None = None
) -> list[Card]:
    """What the viewer may order, best matches first, otherwise by title; words match in either language."""
    statement = select(Document.release).where(
        Document.kind == "service", Document.state == "published", Document.release.is_not(None)
    )
    if department:
        statement = statement.where(Document.department == department)
    context = viewer_context(viewer, at)
    found = [releases.load(viewer.session, str(digest)) for digest in viewer.session.scalars(statement)]
    mine = [one for one in found if may_order(one, context)]
    if category:
        mine = [one for one in mine if one.service.get("category") == category]
    words = [_folded(word) for word in q.split()]
    ranked = [(score, one) for one in mine if (score := _score(one, words)) is not None]
    cards = [(score, card_of(one)) for score, one in ranked]
    cards.sort(key=lambda pair: (-pair[0], pair[1].title))
    return [card for _score_, card in cards[:MAX_SHOWN]]


def card_of(release: Release) -> Card:
    service = release.service
    return Card(
        department=release.department,
        key=str(service["key"]),
        type=release.type,
        title=pick(service.get("title")),
        summary=pick(service.get("summary")),
        help=pick(service.get("help")),
        category=str(service.get("category") or "other"),
        icon=str(service.get("icon") or "file"),
        image=str(service.get("image") or ""),
        price=stated_price(release),
        expected=_expected(release),
        release=release,
    )


def preview(
    viewer: Viewer,
    release: Release,
    answers: Mapping[str, Any],
    *,
    beneficiary: Person,
    at: datetime,
    facts: Any,
    known: Mapping[str, Any] | None = None,
    said: str | None = None,
) -> Preview:
    """Who would approve, which tasks there would be and when all is due, without submitting anything; the files of
    `known` answers are taken for there. `said` is the priority that somebody chose."""
    session = viewer.session
    context = contexts.for_people(session, viewer.person, beneficiary, facts, at=at)
    checked = requests.check_answers(session, release, answers, context, author=viewer.id, known=known)
    facts = settled(release, facts, context, checked.answers, said=said)
    if facts != context.request:
        context = replace(context, request=facts)
        checked = requests.check_answers(session, release, answers, context, author=viewer.id, known=known)
    activation = release.activation(context, checked.answers)

    def holds(text: str) -> bool:
        return release.condition(text).holds(activation, otherwise=False)

    tasks, outlook = _tasks(viewer, release, checked.answers, activation, context)
    return Preview(
        checked=checked,
        price=price_of(release, checked.answers),
        stages=[_stage(viewer, release, one) for one in foresee(session, release, context, checked.answers)],
        tasks=tasks,
        clocks=clockwork.expected(session, release, facts.priority, holds, at),
        priority=facts.priority,
        outlook=outlook,
    )


def work_ahead(session: Session, row: Request, *, at: datetime) -> Sequence[TaskPreview]:
    """The tasks that follow once all have approved, with the dates that would hold then; nothing else is foreseen."""
    release = releases.load(session, row.release)
    with standing_still():
        answers, context = contexts.answers_of(session, row), contexts.for_request(session, row, at=at)
        viewer = as_viewer(session, row.requester_id)
        return _tasks(viewer, release, answers, release.activation(context, answers), context)[0]


def _stage(viewer: Viewer, release: Release, stage: Foreseen) -> StagePreview:
    title, asked = pick(release.stage_title(stage.key)), stage.asked
    if asked is None:
        return StagePreview(stage.key, title, [], "condition")
    voices = [(voice.person, voice.group) for voice in asked.voices]
    named = [who for pair in voices for who in pair] + [one.who for one in asked.left_out]
    people = directory.people(viewer.session, [*named, *stage.deputies.values()])
    groups = _group_keys(viewer, [who for who in named if who and who != ADMINISTRATORS and who not in people])

    def who_is(found: str | None) -> dict[str, Any]:
        return {"person": people[found]} if found in people else {"group": groups.get(str(found), found)}

    approvers = [
        {
            **who_is(voice.person or voice.group),
            "why": dict(voice.why),
            **({"skipped": dict(voice.skip_reason)} if voice.skip_reason else {}),
            **({"deputy": people[deputy]} if (deputy := stage.deputies.get(voice.person or "")) else {}),
        }
        for voice in asked.voices
    ]
    left_out = [{**who_is(one.who), "why": dict(one.why), "code": one.code} for one in asked.left_out]
    all_skipped = all(voice.state == "skipped" for voice in asked.voices)
    return StagePreview(stage.key, title, approvers, "skipped" if all_skipped else None, stage.needed, left_out)


def _group_keys(viewer: Viewer, ids: Collection[str]) -> dict[str, str]:
    if not ids:
        return {}
    return {row.id: row.key for row in viewer.session.scalars(select(Group).where(Group.id.in_(ids)))}


def _tasks(
    viewer: Viewer, release: Release, answers: Mapping[str, Any], activation: Activation, context: Context
) -> tuple[list[TaskPreview], Outlook]:
    """The tasks that would follow, without those whose condition is false already, and how their dates stand."""
    plan, at = fulfilment.plan_of(release), context.now
    anchor = releases.anchor_of(release, answers)
    named = calendars.named(viewer.session, plan.calendar, department=release.department)
    reckoning = calendars.reckoning_of(named.calendar, viewer.person)
    known = Known(skipped=planning.left_out(release, plan, activation))
    dates = plan_dates(plan, started_at=at, anchor=anchor, reckoning=reckoning, known=known)
    undated = without_date(plan) if anchor is None else frozenset()
    titles = {one.key: pick(one.title) or one.key for one in plan.tasks}
    outlook = planning.outlook(plan, titles, at=at, anchor=anchor, reckoning=reckoning, known=known)
    found = [
        TaskPreview(
            key=one.key,
            title=titles[one.key],
            department=one.department or release.department,
            group=_queue(viewer.session, context, one.department or release.department, one.group),
            due_at=None if one.key in undated else dates[one.key].due_at,
            after=tuple(key for key in one.after.keys if key not in known.skipped),
            starts_by=outlook.forecast.latest.get(one.key),
            critical=one.key in outlook.forecast.critical,
        )
        for one in plan.tasks
        if one.key not in known.skipped
    ]
    return found, outlook


def _queue(session: Session, context: Context, department: str, group: str | None) -> str | None:
    key, _why = assignment.queue_named(session, context, department, group)
    return key.rsplit("/", 1)[-1] if key else None


def _expected(release: Release) -> str | None:
    """The resolution target of the first policy, for the priority that a plain order gets."""
    for policy in release.policies[:1]:
        priority = release.priority_for(None, None) or policy.priority
        for target in policy.targets_of("resolution"):
            duration = target.duration(priority or "")
            return str(duration) if duration is not None else None
    return None


def _score(release: Release, words: list[str]) -> int | None:
    """How well a service answers a search: every word must stand somewhere; titles count most."""
    if not words:
        return 0
    service = release.service
    fields = (
        (8, [service.get("title")]),
        (4, list(service.get("keywords") or ())),
        (2, [service.get("summary")]),
        (1, [service.get("help"), str(service["key"]), release.department, service.get("category")]),
    )
    texts = [(weight, _folded(" ".join(_all_texts(values)))) for weight, values in fields]
    scores = [max((weight for weight, text in texts if word in text), default=0) for word in words]
    return sum(scores) if all(scores) else None


def _all_texts(values: list[Any]) -> list[str]:
    return [
        text for value in values if value for text in (value.values() if isinstance(value, Mapping) else [str(value)])
    ]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
