"""A plan as the Fulfilment tab shows it: each task with what it waits for, its dates, and what is wrong with it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from graphlib import CycleError
from typing import Any

from servicehall.documents.examination import NOTE
from servicehall.documents.plan_graph import after_of, key_of, kind_of, name_of, tasks_of
from servicehall.domain.durations import Duration
from servicehall.domain.plan_dates import Dates, plan_dates, without_date
from servicehall.domain.plan_forecast import Forecast, forecast
from servicehall.domain.plans import After, Plan, Task
from servicehall.errors import Invalid
from servicehall.services import calendars
from servicehall.services.departments import department_titles
from servicehall.texts import N_, _
from servicehall.web.formats import day
from servicehall.web.plan_words import reason
from servicehall.web.portal import words
from servicehall.web.studio.page import Page

MARKS: Sequence[tuple[str, str, str]] = (
    ("when", "git-branch", N_("Only under a condition")),
    ("optional", "circle-dashed", N_("Optional")),
    ("request", "subtask", N_("A request to another service")),
    ("approval", "gavel", N_("An approval")),
    ("automate", "robot", N_("Done by a system")),
    ("form", "forms", N_("With a form")),
    ("checklist", "checklist", N_("With a checklist")),
    ("undo", "arrow-back-up", N_("Undone when the request is cancelled")),
)
"""Property, icon and words of what sets a task apart."""


@dataclass(frozen=True)
class Row:
    """A task: `waits` and `choices` are the indices of the tasks that it waits for, all of them or one of each."""

    index: int
    pointer: str
    key: str
    title: str
    lane: str
    who: str
    marks: Sequence[tuple[str, str]]
    waits: Sequence[int]
    choices: Sequence[Sequence[int]]
    due: str
    dates: Dates | None
    latest: datetime | None
    critical: bool
    late: str
    problems: Sequence[str]

    @property
    def before(self) -> Sequence[int]:
        """All that it waits for, each once."""
        return list(dict.fromkeys([*self.waits, *(one for choice in self.choices for one in choice)]))


def rows(page: Page, plan: Any, *, at: str, department: str, anchor: date | None, started_at: datetime) -> list[Row]:
    """The tasks in the order written, with their dates counted from an anchor's date."""
    tasks = tasks_of(plan)
    titles = department_titles(page.viewer.session)
    places = {key_of(one): index for index, one in reversed(list(enumerate(tasks))) if key_of(one)}
    dates, ahead = dates_of(page, plan, department=department, anchor=anchor, started_at=started_at)
    late = {late.task: late for late in ahead.late}
    names = {key_of(one): name_of(one) for one in tasks}
    wrong = _problems(page, at)
    found = []
    for index, one in enumerate(tasks):
        key, after = key_of(one), after_of(one)
        known = dates.get(key)
        owner = str(one.get("department") or department)
        found.append(
            Row(
                index=index,
                pointer=f"{at}/tasks/{index}",
                key=key,
                title=name_of(one) or _("Task {number}", number=index + 1),
                lane=titles.get(owner, owner),
                who=_who(one),
                marks=[(icon, _(words)) for name, icon, words in MARKS if one.get(name)],
                waits=[places[name] for name in after.all if name in places],
                choices=[[places[name] for name in choice if name in places] for choice in after.any],
                due=due_in_words(one.get("due")),
                dates=known,
                latest=ahead.latest.get(key),
                critical=key in ahead.critical and len(tasks) > 1,
                late=reason(late[key], names) if key in late else "",
                problems=wrong.get(index, ()),
            )
        )
    return found


def dates_of(
    page: Page, plan: Any, *, department: str, anchor: date | None, started_at: datetime
) -> tuple[Mapping[str, Dates], Forecast]:
    """Ready and due by key, and the forecast; nothing for a plan whose tasks wait for each other."""
    read = readable(plan)
    if read is None:
        return {}, Forecast({})
    calendar = plan.get("calendar")
    named = calendars.named(page.viewer.session, calendar if isinstance(calendar, str) else None, department=department)
    reckoning = calendars.reckoning_of(named.calendar, page.viewer.person)
    undated = without_date(read) if anchor is None else frozenset()
    found = plan_dates(read, started_at=started_at, anchor=anchor, reckoning=reckoning)
    ahead = forecast(read, at=started_at, anchor=anchor, reckoning=reckoning)
    return {key: one for key, one in found.items() if key not in undated}, ahead


def readable(plan: Any) -> Plan | None:
    """The keys, dates and order of a draft, as far as they can be read; None where there is no order."""
    tasks = [one for one in tasks_of(plan) if key_of(one)]
    known = {key_of(one) for one in tasks}
    if len(known) < len(tasks):
        return None
    anchor = plan.get("anchor") if isinstance(plan, Mapping) else None
    read = Plan(
        tuple(_task(one, known, anchored=bool(anchor)) for one in tasks), anchor=str(anchor) if anchor else None
    )
    try:
        return read if read.ordered or not tasks else None
    except CycleError:
        return None


def _task(task: Mapping[str, Any], known: set[str], *, anchored: bool) -> Task:
    after = after_of(task)
    choices = (tuple(key for key in choice if key in known) for choice in after.any)
    after = After(tuple(key for key in after.all if key in known), tuple(choice for choice in choices if choice))
    due = duration_of(task.get("due"))
    said = str(due) if due is not None and (due.amount > 0 or anchored) else None
    return Task(key=key_of(task), after=after, due=said, optional=task.get("optional") is True)


def duration_of(said: Any) -> Duration | None:
    """A duration as it is written; None where it is none."""
    try:
        return Duration.parse(said)
    except Invalid:
        return None


def due_in_words(said: Any) -> str:
    """`5 business days before`, `4 hours`; what cannot be read as it is written."""
    found = duration_of(said)
    if found is None:
        return said if isinstance(said, str) else ""
    if found.amount < 0:
        return _("{duration} before the date", duration=Duration(-found.amount, found.unit).in_words())
    return found.in_words()


def graph(found: Sequence[Row], selected: int | None, *, href: str) -> Mapping[str, Any]:
    """What the picture is drawn from: lanes by name, cards by index, and lines from and to a card."""
    return {
        "lanes": list(dict.fromkeys(one.lane for one in found)),
        "nodes": [
            {
                "id": one.index,
                "label": one.title,
                "who": one.who,
                "due": day(one.dates.due_at) if one.dates is not None and one.dates.due_at else one.due,
                "lane": one.lane,
                "marks": [{"icon": icon, "text": text} for icon, text in one.marks],
                "tone": "danger" if one.problems else "warning" if one.late else "neutral",
                "said": " ".join([*one.problems, one.late]).strip(),
                "selected": one.index == selected,
                "critical": one.critical,
                "href": href + one.pointer,
            }
            for one in found
        ],
        "edges": [
            *({"from": key, "to": one.index} for one in found for key in one.waits),
            *({"from": key, "to": one.index, "any": True} for one in found for choice in one.choices for key in choice),
        ],
    }


def _who(task: Mapping[str, Any]) -> str:
    if kind_of(task) == "request":
        return str(task["request"])
    return words.group(str(task["group"])) if task.get("group") else ""


def _problems(page: Page, at: str) -> Mapping[int, Sequence[str]]:
    """What is wrong with each task of this document, by its index."""
    place = re.compile(re.escape(at.strip("/") + "." if at else "") + r"tasks\[(\d+)\]")
    found: defaultdict[int, list[str]] = defaultdict(list)
    for one in page.problems:
        match = place.match(one.path) if not one.file and one.severity != NOTE else None
        if match:
            found[int(match[1])].append(one.said)
    return found
