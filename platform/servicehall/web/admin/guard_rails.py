"""The pages about guard rails: what the documents of each department may use."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.clock import now
from servicehall.documents.guard_rails import FLAGS, GuardRails
from servicehall.forms.fields import FIELD_TYPES
from servicehall.services import directory, guard_rails
from servicehall.services.people_lists import departments
from servicehall.texts import N_, _
from servicehall.web.admin.common import administrator
from servicehall.web.once import once
from servicehall.web.portal import words
from servicehall.web.studio.words import label

pages = Blueprint("admin_guard_rails", __name__)

LISTS = {
    "field_types": N_("Field types"),
    "classifications": N_("Classifications"),
    "approver_rules": N_("Approver rules"),
}
CLASSES = {"internal": N_("Internal"), "personal": N_("Personal"), "secret": N_("Secret")}
SWITCHES = {
    "confidential": N_("Confidential services"),
    "audience": N_("Services for some people only (audience, excluded)"),
    "webhooks": N_("Calls to other systems (webhooks)"),
}


@pages.get("/admin/guard-rails")
def listed() -> ResponseReturnValue:
    """Every department, with what it may not use."""
    session = administrator().session
    found = guard_rails.all_set(session)
    rows = []
    for key in departments(session):
        row = found.get(key)
        rows.append((key, _in_words(GuardRails.of(row.forbidden)) if row is not None else [], row))
    people = directory.people(session, [row.set_by for row in found.values()])
    return render_template("admin/guard_rails.html", rows=rows, people=people, words=words)


@pages.get("/admin/guard-rails/<department>")
def form(department: str) -> ResponseReturnValue:
    """Everything that can be forbidden; what is ticked is allowed."""
    session = administrator().session
    if department not in departments(session):
        raise NoPage
    return render_template("admin/guard_rail.html", department=department, words=words, **_choices(session, department))


@pages.post("/admin/guard-rails/<department>")
@once("/admin/guard-rails")
def save(department: str) -> ResponseReturnValue:
    """Forbids what is not ticked."""
    viewer = administrator()
    ticked = {name: set(request.form.getlist(name)) for name in (*guard_rails.WORDS, "switches")}
    forbidden: dict[str, Any] = {name: set(known) - ticked[name] for name, known in guard_rails.WORDS.items()}
    rails = GuardRails.of(forbidden | {name: name not in ticked["switches"] for name in FLAGS})
    guard_rails.set_guard_rails(department, rails, viewer=viewer, at=now())
    flash(_("The guard rails are set. They hold for what is published from now on."), "success")
    return redirect("/admin/guard-rails", code=303)


def _choices(session: Any, department: str) -> dict[str, Any]:
    rails = guard_rails.allowed(session, department)
    lists = [
        (name, _(LISTS[name]), [(word, _title(name, word), rails.allows(name, word)) for word in known])
        for name, known in guard_rails.WORDS.items()
    ]
    return {"lists": lists, "switches": [(name, _(SWITCHES[name]), not getattr(rails, name)) for name in FLAGS]}


def _in_words(rails: GuardRails) -> list[str]:
    named = [_title(name, word) for name in guard_rails.WORDS for word in sorted(getattr(rails, name))]
    return [*named, *(_(SWITCHES[name]) for name in FLAGS if getattr(rails, name))]


def _title(name: str, word: str) -> str:
    if name == "field_types" and word in FIELD_TYPES:
        return _(FIELD_TYPES[word].title)
    return _(CLASSES[word]) if word in CLASSES else label(word)
