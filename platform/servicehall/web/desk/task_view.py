"""One task as its page reads it, each part when the template asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select

from servicehall.clock import now
from servicehall.domain.durations import Duration
from servicehall.domain.plan_checks import is_offset
from servicehall.domain.plans import Task as Planned
from servicehall.forms import CompiledForm, WebForm
from servicehall.models.clocks import Clock
from servicehall.models.directory import Person
from servicehall.models.fulfilment import GuestLink, Task
from servicehall.models.requests import Request
from servicehall.services import calendars, cases, contexts, directory, guests, releases, tasks
from servicehall.services.cases import Ledger
from servicehall.services.cases.names import Record
from servicehall.services.lookups import Directory
from servicehall.services.releases import Release
from servicehall.services.task_texts import titles_of
from servicehall.services.visibility import Viewer, visible_requests
from servicehall.services.work import read_content
from servicehall.texts import _, pick
from servicehall.web.desk.acts import acts_for
from servicehall.web.desk.rows import chip, clocks_of, promised
from servicehall.web.formats import day
from servicehall.web.portal.acts import Act
from servicehall.web.portal.filling import Posted
from servicehall.web.portal.sheet import Section, Sheet
from servicehall.web.portal.uploads import keep


@dataclass(frozen=True)
class TaskView:
    """A task that the viewer may see; of its request no more than the viewer may."""

    viewer: Viewer
    task: Task

    @cached_property
    def row(self) -> Request:
        return self.viewer.session.get_one(Request, self.task.request_id)

    @cached_property
    def record(self) -> Record:
        return cases.task_record(self.viewer, self.task)

    @cached_property
    def release(self) -> Release:
        return releases.load(self.viewer.session, self.row.release)

    @cached_property
    def planned(self) -> Planned | None:
        return self.release.plan_task(self.task.key) if self.task.undoes is None else None

    @cached_property
    def sees_request(self) -> bool:
        """Whether the viewer may open the whole request."""
        whole = select(Request.id).where(Request.id == self.row.id, visible_requests(self.viewer))
        return self.viewer.session.scalar(whole) is not None

    @property
    def people(self) -> tuple[Person | None, Person | None]:
        """Who asked and for whom; of a confidential request only for those who see it whole."""
        if self.row.confidential and not self.sees_request:
            return None, None
        found = directory.people(self.viewer.session, [self.row.requester_id, self.row.beneficiary_id])
        asked, gets = found.get(self.row.requester_id), found.get(self.row.beneficiary_id)
        return asked, gets if self.row.beneficiary_id != self.row.requester_id else None

    @cached_property
    def sections(self) -> list[Section]:
        """The answers of the request that this task shows."""
        return self._sheet(self.release.form, self.record["request_answers"], self.record["masked"])

    @cached_property
    def filled(self) -> list[Section]:
        """What was filled in when the task was done."""
        form, given = self.form, self.record["answers"]
        return self._sheet(form, given, ()) if form is not None and given else []

    @cached_property
    def form(self) -> CompiledForm | None:
        return self.release.task_form(self.task.key) if self.task.undoes is None else None

    @property
    def ticked(self) -> int:
        """How many items of the checklist are done."""
        return sum(one["done"] for one in self.record["checklist"])

    @property
    def may_tick(self) -> bool:
        return tasks.may_tick(self.task, self.row, self.viewer)

    @property
    def acts(self) -> list[Act]:
        return acts_for(self.task.state, self.record["actions"])

    @cached_property
    def members(self) -> list[Person]:
        """To whom the task may be given."""
        if self.task.group_id is None or "assign" not in self.record["actions"]:
            return []
        group = self.task.group_id
        return [
            one
            for one in directory.group_members(self.viewer.session, [group])[group]
            if one.id != self.task.assignee_id
        ]

    @cached_property
    def clock(self) -> Clock | None:
        """The task's own clock, else that of the whole request."""
        found = clocks_of(self.viewer, [self.task])
        return found.get(self.task.id) or found.get(self.row.id)

    @property
    def chip(self) -> Record:
        return chip(self.task, self.row, now())

    @property
    def sla(self) -> Record | None:
        return promised(self.task, self.clock, now())

    @property
    def due_because(self) -> str:
        """Why it is due when it is: the plan's words, counted from its day or from when the task became ready."""
        due = self.planned.due if self.planned is not None else None
        if due is None or self.task.due_at is None:
            return ""
        anchor = releases.planned_from(self.row)
        if self.release.plan is not None and self.release.plan.anchor and is_offset(due):
            return _offset(due, day(anchor) if anchor else _("the start of the plan"))
        return _("{time} after the task became ready", time=Duration.parse(due).in_words())

    @cached_property
    def link(self) -> GuestLink | None:
        """The link by which somebody outside may do the task now, for those who may work on it."""
        return (
            guests.live_link(self.viewer.session, self.task, now()) if tasks.may_work(self.task, self.viewer) else None
        )

    @property
    def link_url(self) -> str | None:
        return guests.url_of(self.link) if self.link is not None else None

    @property
    def link_address(self) -> str:
        return guests.address_of(self.viewer.session, self.link) if self.link is not None else ""

    @property
    def may_give_link(self) -> bool:
        return guests.may_give(self.task, self.row, self.viewer)

    @property
    def promise(self) -> str:
        """What the service level promises for this task."""
        if self.clock is None:
            return ""
        said = {"time": Duration.parse(self.clock.target).in_words(), "calendar": self._calendar}
        if self.clock.task_id is None:
            return _("The service level allows {time} for the whole request, by {calendar}", **said)
        return _("The service level allows {time} for this task, by {calendar}", **said)

    @cached_property
    def ledgers(self) -> list[Ledger]:
        """Why the clock is due when it is; that of the whole request only for those who see it."""
        if self.clock is None or (self.clock.task_id is None and not self.sees_request):
            return []
        title = {self.task.id: pick(self.release.task_title(self.task.key))}
        return cases.ledgers(self.viewer.session, self.row, [self.clock], at=now(), tasks=title)

    @property
    def note(self) -> str | None:
        said: str | None = self.record["comment"]
        return said

    @cached_property
    def neighbours(self) -> tuple[list[Record], list[Record]]:
        """The tasks before and after this one: titles and states alone."""
        rows = self.viewer.session.scalars(
            select(Task).where(Task.request_id == self.row.id).order_by(Task.position, Task.id)
        ).all()
        before = [one for one in rows if one.key in self.task.after]
        return self._light(before), self._light([one for one in rows if self.task.key in one.after])

    @cached_property
    def waits(self) -> str:
        """What a blocked task waits for, or that it will not be needed."""
        if self.task.state == "blocked" and self.task.id in cases.moot_tasks(self.viewer, self.row, at=now()):
            return _("Will be skipped when its turn comes: it is not needed for this request.")
        return cases.waits_for(self.viewer, [self.task], {self.row.id: self.row}).get(self.task.id, "")

    @cached_property
    def comments(self) -> list[Record]:
        return cases.comment_records(self.viewer, self.row) if self.sees_request else []

    @cached_property
    def child(self) -> Request | None:
        """The request that does this task, where the viewer may open it."""
        if self.task.child_id is None:
            return None
        own = select(Request).where(Request.id == self.task.child_id, visible_requests(self.viewer))
        return self.viewer.session.scalars(own).first()

    def web(self, posted: Posted | None, *, show_errors: bool | None = None, store: bool = False) -> WebForm | None:
        """The task's form with what was typed; None where it has none or the task is not to be done now."""
        if self.form is None or "complete" not in self.record["actions"]:
            return None
        return self.form.web(
            posted,
            contexts.for_request(self.viewer.session, self.row, at=now()),
            lookup=Directory(self.viewer.session, author=self.viewer.id, known=self._answers),
            around=self._answers,
            zone=directory.zone_of(self.viewer.person),
            store=keep if store else None,
            show_errors=show_errors,
        )

    @cached_property
    def _answers(self) -> Record:
        return read_content(self.viewer.session, self.row.content) or {}

    @property
    def _calendar(self) -> str:
        reference = str(self.clock.calendar["reference"]) if self.clock is not None else calendars.ALWAYS
        if reference == calendars.ALWAYS:
            return _("the clock round")
        return pick((calendars.find_calendar(self.viewer.session, reference) or {}).get("title")) or reference

    def _sheet(self, form: CompiledForm, values: Record, masked: Sequence[str]) -> list[Section]:
        lookup = Directory(self.viewer.session, author=self.viewer.id, known=values)
        return Sheet(form, values, masked, lookup, directory.zone_of(self.viewer.person), {}).sections()

    def _light(self, rows: Sequence[Task]) -> list[Record]:
        titles = titles_of(self.viewer.session, self.release, rows)
        return [{"title": titles[one.id], "state": one.state} for one in rows]


def _offset(due: str, anchor: str) -> str:
    """`3 business days before 4 May 2026`."""
    sign, length = ("-", due[1:]) if due.startswith("-") else ("+", due.removeprefix("+"))
    time = Duration.parse(length).in_words()
    text = _("{time} before {day}") if sign == "-" else _("{time} after {day}")
    return text.replace("{time}", time).replace("{day}", anchor)
