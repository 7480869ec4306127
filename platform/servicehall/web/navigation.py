"""What stands in the rail for whom: an entry shows when its page exists and the person holds its duty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app, g, request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from servicehall.registry import Registry
from servicehall.texts import N_, _

BADGES: Registry[Callable[[], int]] = Registry("navigation badge")
WANTED: Registry[Callable[[], bool]] = Registry("navigation condition")
"""By the key of an entry: whether it is of use to the signed-in person, where their duty alone does not say."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One link: `duties` are those of which one is needed (none: everyone), `badge` names a counter in BADGES."""

    key: str
    text: str
    icon: str
    path: str
    duties: frozenset[str] = frozenset()
    badge: str = ""
    keys: str = ""

    @property
    def label(self) -> str:
        return _(self.text)

    @property
    def count(self) -> int:
        return BADGES[self.badge]() if self.badge in BADGES else 0


@dataclass(frozen=True, slots=True)
class Section:
    """A group of entries under one heading."""

    key: str
    text: str
    entries: tuple[Entry, ...]

    @property
    def label(self) -> str:
        return _(self.text)


_AGENT = frozenset({"agent"})
_AUDITOR = frozenset({"auditor"})
_ADMIN = frozenset({"admin"})
_AUTHOR = frozenset({"admin", "catalog_admin"})

SECTIONS = (
    Section(
        "portal",
        N_("For you"),
        (
            Entry("services", N_("Services"), "layout-grid", "/", keys="g s"),
            Entry("requests", N_("My requests"), "list-details", "/requests", keys="g r"),
            Entry("inbox", N_("Approvals"), "inbox", "/approvals", badge="approvals", keys="g i"),
            Entry("deputies", N_("Deputies"), "user-share", "/deputies"),
        ),
    ),
    Section(
        "desk",
        N_("Desk"),
        (
            Entry("work", N_("My work"), "checklist", "/desk", _AGENT, badge="tasks", keys="g w"),
            Entry("queues", N_("Queues"), "list-check", "/desk/queue", _AGENT, keys="g q"),
            Entry("board", N_("Board"), "layout-kanban", "/desk/board", _AGENT, keys="g b"),
            Entry("agent-requests", N_("Department requests"), "folders", "/desk/requests", _AGENT),
        ),
    ),
    Section("audit", N_("Audit"), (Entry("audit", N_("Audit"), "shield-check", "/audit", _AUDITOR, keys="g a"),)),
    Section(
        "admin",
        N_("Administration"),
        (
            Entry("people", N_("People"), "users", "/admin/people", _ADMIN),
            Entry("departments", N_("Departments"), "building", "/admin/departments", _ADMIN),
            Entry("groups", N_("Groups"), "users-group", "/admin/groups", _ADMIN),
            Entry("studio", N_("Studio"), "books", "/studio", _AUTHOR, keys="g d"),
            Entry("calendars", N_("Calendars"), "calendar-time", "/admin/calendars", _AUTHOR),
            Entry("clocks", N_("Running clocks"), "clock-play", "/admin/clocks", _AUTHOR),
            Entry("guard-rails", N_("Guard rails"), "adjustments", "/admin/guard-rails", _ADMIN),
            Entry("deliveries", N_("Deliveries"), "send", "/admin/deliveries", _ADMIN),
            Entry("accounts", N_("Accounts"), "user-cog", "/users/list/", _ADMIN),
            Entry("roles", N_("Roles"), "lock-access", "/roles/list/", _ADMIN),
        ),
    ),
)


def sections() -> tuple[Section, ...]:
    """The sections with the entries that the signed-in person may open; empty sections are left out."""
    held = duties()
    found = (
        Section(section.key, section.text, tuple(entry for entry in section.entries if _shown(entry, held)))
        for section in SECTIONS
    )
    return tuple(section for section in found if section.entries)


def duties() -> frozenset[str]:
    """What the signed-in person is besides an employee: `agent`, `auditor`, `admin`, `catalog_admin`."""
    return frozenset(g.get("duties") or ())


def current_entry() -> str:
    """The key of the entry whose path is the longest beginning of this page's path."""
    here = request.path
    fits = [
        entry
        for section in SECTIONS
        for entry in section.entries
        if here == entry.path or (entry.path != "/" and here.startswith(entry.path.rstrip("/") + "/"))
    ]
    if fits:
        return max(fits, key=lambda entry: len(entry.path)).key
    return "services" if here.startswith("/services") else ""


def exists(path: str) -> bool:
    """Whether this application answers GET at the path; asked once for each path."""
    known: dict[str, bool] = current_app.extensions.setdefault("servicehall.paths", {})
    if path not in known:
        known[path] = _answers(path)
    return known[path]


def _answers(path: str) -> bool:
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except RequestRedirect:
        return True
    except (NotFound, MethodNotAllowed):
        return False
    return True


def _shown(entry: Entry, held: frozenset[str]) -> bool:
    holds = not entry.duties or bool(entry.duties & held)
    return holds and exists(entry.path) and (entry.key not in WANTED or WANTED[entry.key]())
