"""The studio's pages: the list of documents, a new one, and the tabs of one."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.clock import now
from servicehall.documents.patching import pointer
from servicehall.errors import Invalid
from servicehall.services import authored, directory, drafting, reviewing
from servicehall.services.drafting import edition
from servicehall.services.listing import MAX_LIMIT
from servicehall.services.people_lists import departments
from servicehall.services.shelf import is_there, row_of
from servicehall.web.admin.common import author, sent, typed
from servicehall.web.once import once
from servicehall.web.portal import words
from servicehall.web.portal.acting import undo
from servicehall.web.portal.paging import cursor, first_href, next_href
from servicehall.web.shell import LANGUAGES
from servicehall.web.studio import kinds
from servicehall.web.studio.found import fault_of
from servicehall.web.studio.nodes import Node, locales_of
from servicehall.web.studio.page import Page, base_of
from servicehall.web.studio.starters import beginning, starting_points
from servicehall.web.studio.tabs import TABS, tabs_of

pages = Blueprint("studio", __name__)

KIND = "any({})".format(", ".join(kinds.NAMES))
ONE = f"/studio/<{KIND}:kind>/<department>/<key>"
TAB = "any({})".format(", ".join(TABS))
PAGE = 100
FILTERS = ("q", "kind", "department", "state")


@pages.get("/studio")
def listed() -> ResponseReturnValue:
    """`?q=&kind=&department=&state=draft|published|retired`."""
    viewer = author()
    said = {name: typed(name) for name in FILTERS}
    waiting = reviewing.to_review(viewer)
    state = {"with_draft": True} if said["state"] == "draft" else {"state": said["state"]}
    found = authored.documents(
        viewer, q=said["q"], kind=said["kind"], department=said["department"], **state, cursor=cursor(), limit=PAGE
    )
    return render_template(
        "studio/list.html",
        rows=found.rows,
        next_href=next_href(found.next),
        first_href=first_href(),
        to_review=waiting,
        askers=directory.people(viewer.session, [one.review_by for one in waiting]),
        kinds=kinds.choices(),
        departments=[(key, words.department(key)) for key in authored.departments(viewer)],
        department_of=words.department,
        kind_name=kinds.name_of,
        **said,
    )


@pages.get("/studio/new")
def new() -> ResponseReturnValue:
    """Asks for kind, department and title; begins with little, or with a copy."""
    return _new({name: typed(name) for name in ("kind", "department", "key", "copy")}, [])


@pages.post("/studio/new")
@once("/studio")
def make() -> ResponseReturnValue:
    """Makes the draft and opens it."""
    said = {name: sent(name) for name in ("kind", "department", "key", "copy")}
    viewer = author(said["department"] or None)
    name = (said["kind"], said["department"], said["key"] or kinds.key_of(sent("title")))
    if is_there(row_of(viewer.session, name)):
        return redirect(base_of(name), code=303)
    try:
        body = beginning(viewer, name, copy=said["copy"], title=sent("title"))
        drafting.save(name, body=body, viewer=viewer, at=now(), expected="new")
    except Invalid as error:
        undo()
        return _new({**said, "title": sent("title")}, error.problems), 422
    return redirect(base_of(name), code=303)


@pages.get(ONE)
def opened(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Where a document opens: its first tab."""
    author(department)
    return redirect(f"{base_of((kind, department, key))}/{next(iter(tabs_of(kind)))}", code=303)


@pages.get(f"{ONE}/<{TAB}:tab>")
def shown(kind: str, department: str, key: str, tab: str) -> ResponseReturnValue:
    """One tab; `?at=` is the JSON Pointer of what is selected."""
    if tab not in tabs_of(kind):
        raise NoPage
    return render(Page.of(author(department), (kind, department, key), at=request.args.get("at", "")[:500]), tab)


def render(page: Page, tab: str, **more: Any) -> str:
    """A tab's page."""
    tabs = tabs_of(page.row.kind)
    values = tabs[tab].values(page)
    return render_template(
        f"studio/{tab}.html",
        page=page,
        tab=tab,
        tabs=[(key, one.label, f"{page.base}/{key}") for key, one in tabs.items()],
        kind_title=kinds.name_of(page.row.kind),
        edition=edition(page.row),
        spot_of=partial(fault_of, page.row.kind, page.body),
        **{**values, **more},
    )


def _new(said: dict[str, str], problems: Any) -> str:
    viewer = author()
    own = departments(viewer.session) if viewer.is_admin else sorted(viewer.administers)
    rows = authored.documents(viewer, limit=MAX_LIMIT).rows
    return render_template(
        "studio/new.html",
        said=said,
        wrong={one.path: one.message for one in problems},
        kinds=kinds.choices(),
        departments=[(key, words.department(key)) for key in own],
        rows=rows,
        starters=starting_points(),
        kind_name=kinds.name_of,
    )


@pages.app_template_filter("locales")
def _locales(node: Node) -> list[tuple[str, str]]:
    return locales_of(node.value)


@pages.app_template_filter("pointer_key")
def _pointer_key(key: str) -> str:
    return pointer(key)[1:]


@pages.app_template_filter("language_name")
def _language_name(locale: str) -> str:
    return LANGUAGES.get(locale, locale)
