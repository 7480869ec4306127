"""The studio's words for the language's names: properties, values, forms that a place can take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.dates import get_day_names

from servicehall.documents.kinds.approval_chain import ApproverRule, StageLayout
from servicehall.documents.kinds.forms import FieldLayout, OptionLayout
from servicehall.documents.kinds.fulfilment_plan import TaskLayout
from servicehall.documents.kinds.kind import Header
from servicehall.documents.kinds.service import ServiceLayout
from servicehall.documents.parts import Block, Layout, ListOf, MapOf, Part, name_of
from servicehall.documents.words import Flag, OneWord
from servicehall.domain.calendar_rules import WEEKDAYS
from servicehall.domain.durations import Duration
from servicehall.errors import Invalid
from servicehall.texts import N_, _, current_locale, pick
from servicehall.web.studio import example_words

LABELS: Mapping[str, str] = {
    "key": N_("Key"),
    "type": N_("Type"),
    "title": N_("Title"),
    "label": N_("Label"),
    "summary": N_("Summary"),
    "help": N_("Help"),
    "category": N_("Category"),
    "icon": N_("Icon"),
    "image": N_("Picture"),
    "keywords": N_("Search words"),
    "audience": N_("Who may see and order it"),
    "excluded": N_("Who may not"),
    "confidential": N_("Confidential"),
    "on_behalf": N_("For whom one may order"),
    "price": N_("Price"),
    "amount": N_("Amount"),
    "currency": N_("Currency"),
    "recurring": N_("Recurring"),
    "per": N_("Per"),
    "form": N_("Form"),
    "pages": N_("Pages"),
    "fields": N_("Fields"),
    "approval": N_("Approval"),
    "sla": N_("Service levels"),
    "fulfilment": N_("Fulfilment"),
    "use": N_("Use"),
    "when": N_("Only when"),
    "visible": N_("Shown"),
    "required": N_("Required"),
    "read_only": N_("Read only"),
    "placeholder": N_("Placeholder"),
    "default": N_("Default"),
    "value": N_("Value"),
    "as": N_("Result type"),
    "min": N_("Least"),
    "max": N_("Most"),
    "min_length": N_("Shortest"),
    "max_length": N_("Longest"),
    "pattern": N_("Pattern"),
    "step": N_("Step"),
    "check": N_("Checks"),
    "rule": N_("Rule"),
    "message": N_("Message"),
    "options": N_("Options"),
    "from": N_("Depends on field"),
    "columns": N_("Columns"),
    "min_rows": N_("Fewest rows"),
    "max_rows": N_("Most rows"),
    "classification": N_("Classification"),
    "share_with": N_("Share with departments"),
    "reopens": N_("A change reopens stages"),
    "report": N_("Use in reports"),
    "calendar": N_("Calendar"),
    "self_approval": N_("Own requests"),
    "repeat_approver": N_("Approved before"),
    "stages": N_("Stages"),
    "parallel": N_("Side by side"),
    "apart": N_("Separation of duties"),
    "approvers": N_("Approvers"),
    "decide": N_("How it is decided"),
    "group_counts": N_("A group counts as"),
    "comment": N_("Comment"),
    "sign": N_("Sign with password"),
    "shows": N_("May read these answers"),
    "remind": N_("Remind"),
    "every": N_("Every"),
    "timeout": N_("If nobody answers"),
    "after": N_("After"),
    "then": N_("Then"),
    "reassign": N_("Hand over"),
    "group": N_("Group"),
    "manager": N_("Manager"),
    "manager_until": N_("Managers up to a limit"),
    "department_head": N_("Head of department"),
    "role": N_("Business role"),
    "person": N_("Person"),
    "field": N_("Person in a field"),
    "of": N_("Whose"),
    "level": N_("Level"),
    "limit": N_("Amount in field"),
    "at_least": N_("At least"),
    "percent": N_("Percent"),
    "anchor": N_("Date that dates count from"),
    "tasks": N_("Tasks"),
    "department": N_("Department"),
    "assign": N_("Assign to"),
    "due": N_("Due"),
    "skills": N_("Skills"),
    "checklist": N_("Checklist"),
    "optional": N_("Optional"),
    "request": N_("Child request"),
    "answers": N_("Its answers"),
    "automate": N_("Automation"),
    "webhook": N_("Webhook"),
    "retry": N_("Retries"),
    "undo": N_("Undo"),
    "any": N_("Any of"),
    "priority": N_("Priority"),
    "matrix": N_("Matrix"),
    "targets": N_("Targets"),
    "measure": N_("Measure"),
    "by_priority": N_("Time by priority"),
    "start": N_("Starts at"),
    "pause": N_("Pauses while"),
    "escalate": N_("Steps"),
    "at": N_("At"),
    "do": N_("Do"),
    "working_hours": N_("Only in working hours"),
    "notify": N_("Notify"),
    "raise_priority": N_("Raise priority by"),
    "time_zone": N_("Time zone"),
    "week": N_("Week"),
    "holidays": N_("Public holidays"),
    "country": N_("Country"),
    "subdivision": N_("Region"),
    "make_up_days": N_("Make-up days"),
    "closed": N_("Closed on"),
    "open": N_("Open on"),
    "date": N_("Date"),
    "name": N_("Name"),
    "hours": N_("Hours"),
    "agents": N_("Agents"),
    "categories": N_("Categories of the catalog, in their order"),
    "featured": N_("Featured services"),
    "groups": N_("What its groups are called"),
    "assignment": N_("Assignment rule"),
    "approval_fallback": N_("Decides when nobody can"),
    "review": N_("A second administrator publishes"),
    "reopen_days": N_("Days to reopen"),
    "close_days": N_("Days until closed"),
    "impact": N_("Impact"),
    "urgency": N_("Urgency"),
    "rules": N_("Rules"),
    "how": N_("How"),
    "event": N_("Event"),
    "subject": N_("Subject"),
    "body": N_("Body"),
}

RARE: Mapping[type[Layout], frozenset[str]] = {
    ServiceLayout: frozenset({"label", "help", "excluded", "price"}),
    FieldLayout: frozenset(
        {
            *("placeholder", "read_only", "currency", "min", "max", "min_length", "max_length", "pattern", "step"),
            *("check", "min_rows", "max_rows", "classification", "share_with", "reopens", "report"),
        }
    ),
    OptionLayout: frozenset({"price", "when", "options"}),
    StageLayout: frozenset({"help", "group_counts", "sign", "fields", "shows", "remind"}),
    TaskLayout: frozenset(
        ["help", "assign", "skills", "checklist", "approval", "request", "answers", "automate", "undo"]
    ),
    Header: frozenset({"label", "summary", "help"}),
}
"""What a block hardly needs: shown under “More” until it is there."""

LONG = frozenset({"help", "body"})
"""Texts of several lines."""
HINTS: Mapping[str, str] = {
    "key": N_("Stands for it in rules and reports. Never shown to people; do not change it once it is in use."),
    "due": N_("Such as 2 business days, 4 hours; with an anchor date also -3 business days."),
    "by_priority": N_("Such as 4 hours or 3 business days."),
    "at": N_("Such as 75%, 100%, 100% + 2 hours."),
    "hours": N_("Such as 09:00-12:00, one a line."),
    "pattern": N_("A regular expression (RE2) for the whole answer."),
    "keywords": N_("Separated by commas."),
    "week": N_("By day, or by several that are alike: mon, sat, mon-fri."),
    "featured": N_("They stand on the start page in this order, for whoever may order them."),
    "icon": N_("The name of a Tabler icon, such as key or device-laptop."),
}

WORDS: Mapping[str, str] = {
    "request": N_("Request"),
    "incident": N_("Incident"),
    "problem": N_("Problem"),
    "change": N_("Change"),
    "self": N_("Oneself"),
    "reports": N_("One's reports"),
    "anyone": N_("Anyone"),
    "forbid": N_("Do not ask; go up"),
    "skip": N_("Counts as approved"),
    "allow": N_("May decide"),
    "ask": N_("Ask again"),
    "all": N_("All of them"),
    "any": N_("Any one of them"),
    "one": N_("One voice"),
    "each": N_("Each member"),
    "never": N_("Never"),
    "on_reject": N_("When rejecting"),
    "always": N_("Always"),
    "escalate": N_("Ask their managers"),
    "reject": N_("Reject"),
    "approve": N_("Approve"),
    "requester": N_("Requester"),
    "requested_for": N_("Beneficiary"),
    "response": N_("Response"),
    "resolution": N_("Resolution"),
    "approval": N_("Approval"),
    "task": N_("Task"),
    "created": N_("When it is sent"),
    "approved": N_("When it is approved"),
    "assigned": N_("When somebody takes it"),
    "assignee": N_("Assignee"),
    "group_lead": N_("Lead of the group"),
    "department_head": N_("Head of department"),
    "approvers": N_("Approvers"),
    "manual": N_("By hand"),
    "round_robin": N_("In turn"),
    "least_loaded": N_("Whoever has least"),
    "skills": N_("By skill"),
    "day": N_("Day"),
    "week": N_("Week"),
    "month": N_("Month"),
    "quarter": N_("Quarter"),
    "year": N_("Year"),
}


PLACED: Mapping[str, str] = {
    "timeout.after": N_("After how long"),
    "timeout.then": N_("What happens then"),
}
"""What is called otherwise than its name is elsewhere, by the end of its place."""


def label(name: str, path: str = "") -> str:
    """A property in words, as it is called at that place; what has none shows as it is written."""
    placed = next((text for end, text in PLACED.items() if path.endswith(end)), "")
    found = placed or example_words.at(name, path) or LABELS.get(name) or example_words.LABELS.get(name)
    return _(found) if found else name


def duration(text: Any) -> str:
    """A duration in the reader's language; what is none as it is written."""
    try:
        return Duration.parse(text).in_words()
    except Invalid:
        return str(text or "?")


def hint(name: str) -> str:
    """What helps to fill a property in; mostly nothing."""
    found = HINTS.get(name) or example_words.HINTS.get(name)
    return _(found) if found else ""


def rare(layout: type[Layout]) -> frozenset[str]:
    """The properties of a block that are hardly needed."""
    return next(
        (names for known, names in {**RARE, **example_words.RARE}.items() if issubclass(layout, known)), frozenset()
    )


def map_key(name: str) -> str:
    """The key of an entry in a mapping: a property, a weekday, or several days of the week as `mon-fri`."""
    if name in LABELS or not all(day in WEEKDAYS for day in name.split("-")):
        return label(name)
    days = get_day_names("wide", locale=current_locale())
    return " – ".join(days[WEEKDAYS.index(day)] for day in name.split("-"))


def word(name: str) -> str:
    """A fixed value in words."""
    return _(WORDS[name]) if name in WORDS else name.replace("_", " ")


def entry(value: Any, index: int) -> str:
    """What an entry of a list is called: by its title, label or key, else by its number."""
    if isinstance(value, Mapping):
        for name in ("title", "label"):
            if pick(value.get(name)):
                return pick(value[name])
        for name in ("key", "use", "date", "measure", "at", "group", "email"):
            if value.get(name) and isinstance(value[name], str):
                return word(value[name])
        if len(value) == 1:
            return label(str(next(iter(value))))
    return value if isinstance(value, str) and value else _("Entry {number}", number=index + 1)


def shape(part: Part) -> str:
    """One of the forms that a place can take."""
    if isinstance(part, Block):
        names = [name_of(inner) for inner in part.layout.fields.values()]
        return label(names[0]) if len(names) == 1 or names[0] == "use" else _("Written here")
    if isinstance(part, Flag):
        return _("Yes or no")
    if isinstance(part, OneWord):
        return _("One of the usual")
    if isinstance(part, (ListOf, MapOf)):
        return _("Several")
    return _("Rule") if isinstance(part, ApproverRule) else _("A value")
