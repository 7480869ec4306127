"""What an event brought, as a person reads it: words that were said, answers before and after, what was filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.clock import parse_instant
from servicehall.domain.chain import EventRecord
from servicehall.forms import CompiledForm
from servicehall.reports.case import Answer, Change
from servicehall.services.printing.answers import changes, form_answers
from servicehall.services.printing.approvals import signature_in_words
from servicehall.services.printing.history import sentence
from servicehall.services.printing.paper import Paper
from servicehall.texts import _, pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """`said` is a comment or a signature, `answers` were given, `changes` replaced others; secrets are masked."""

    said: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the history: the event, its sentence, who did it and on whose behalf, and what it brought."""

    record: EventRecord
    text: str
    actor: str
    on_behalf_of: str
    details: Details


def history(paper: Paper) -> Iterator[Entry]:
    """The whole stream, oldest first, internal comments included: for auditors."""
    before: str | None = None
    for record in paper.records:
        details = _DETAILS.get(record.kind, _nothing)(paper, record, before)
        yield Entry(record, sentence(paper, record), paper.name(record.actor), paper.name(record.on_behalf_of), details)
        if record.kind in _ANSWERED:
            before = str(record.body["content"])


_ANSWERED = ("request.created", "request.answers_changed", "request.submitted")


def _nothing(paper: Paper, record: EventRecord, before: str | None) -> Details:
    """An event may still say why, in a comment."""
    return Details(said=_comment(paper, record))


def _comment(paper: Paper, record: EventRecord) -> tuple[str, ...]:
    sha256 = record.body.get("comment")
    return (paper.words_of(str(sha256)),) if sha256 is not None else ()


def _given(paper: Paper, form: CompiledForm | None, sha256: str | None) -> tuple[Answer, ...]:
    values = paper.content(sha256)
    if sha256 is not None and values is None:
        return (Answer(label=_("Answers"), text=_("(erased)")),)
    return tuple(form_answers(paper, form, values)) if form is not None and values else ()


def _created(paper: Paper, record: EventRecord, before: str | None) -> Details:
    return Details(answers=_given(paper, paper.release.form, record.body["content"]))


def _changed(paper: Paper, record: EventRecord, before: str | None) -> Details:
    body = record.body
    then, now = paper.content(before), paper.content(body["content"])
    return Details(changes=tuple(changes(paper, then, now, body["changed"])))


def _submitted(paper: Paper, record: EventRecord, before: str | None) -> Details:
    body = record.body
    then, now = paper.content(body.get("previous")), paper.content(body["content"])
    return Details(changes=tuple(changes(paper, then, now, body.get("changed") or ())))


def _commented(paper: Paper, record: EventRecord, before: str | None) -> Details:
    return Details(said=(paper.words_of(record.body["content"]),))


def _decided(paper: Paper, record: EventRecord, before: str | None) -> Details:
    signature = signature_in_words(paper, record.body.get("signature"), record.on_behalf_of)
    told = [_("Signed: {meaning}", meaning=signature)] if signature else []
    if record.body.get("link"):
        told.append(_("Decided by the link of a mail, without signing in"))
    return Details(
        said=(*_comment(paper, record), *told),
        answers=_given(paper, paper.release.form, record.body.get("answers")),
    )


def _completed(paper: Paper, record: EventRecord, before: str | None) -> Details:
    task = next((one for one in paper.tasks if one.id == record.body["task"]), None)
    form = paper.release.task_form(task.key) if task is not None and task.undoes is None else None
    why = record.body.get("why") or {}
    guest = [_by_link(paper, why)] if "link" in why else []
    return Details(said=(*_comment(paper, record), *guest), answers=_given(paper, form, record.body.get("answers")))


def _by_link(paper: Paper, why: Mapping[str, Any]) -> str:
    giver, address = paper.name(why["given_by"]), _address(paper, why)
    return _("By the link that {giver} gave to {address}", giver=giver, address=address)


def _address(paper: Paper, said: Mapping[str, Any]) -> str:
    kept = paper.content(said["address"])
    return str(kept["email"]) if kept else _("(erased)")


def _link_given(paper: Paper, record: EventRecord, before: str | None) -> Details:
    until = parse_instant(record.body["expires_at"]).astimezone(paper.zone)
    return Details(
        said=(_("To {address}, until {day}", address=_address(paper, record.body), day=f"{until:%Y-%m-%d}"),)
    )


def _anchor_moved(paper: Paper, record: EventRecord, before: str | None) -> Details:
    moved = _("From {before} to {after}", before=record.body.get("previous") or "—", after=record.body["anchor"])
    return Details(said=(moved, *_comment(paper, record)))


def _added(paper: Paper, record: EventRecord, before: str | None) -> Details:
    """What was written for tasks that were added by hand, and what they show."""
    labels = {field.key: pick(field.label) for field in paper.release.form.fields}
    said: list[str] = []
    for task in record.body["tasks"]:
        if task.get("said"):
            words = paper.content(task["said"]) or {"title": _("(erased)")}
            said += [text for text in (words["title"], words.get("note")) if text]
        if task.get("shows"):
            said.append(_("Shows {fields}", fields=_(", ").join(labels.get(key, key) for key in task["shows"])))
    return Details(said=tuple(said))


_DETAILS: Mapping[str, Callable[[Paper, EventRecord, str | None], Details]] = {
    "request.created": _created,
    "request.answers_changed": _changed,
    "request.submitted": _submitted,
    "request.commented": _commented,
    "approval.decided": _decided,
    "task.completed": _completed,
    "task.added": _added,
    "task.link_given": _link_given,
    "plan.anchor_moved": _anchor_moved,
}
