"""The pages about people: the list, one person, and changing what is recorded of them."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Invalid
from servicehall.models.directory import Person, is_erased
from servicehall.services import directory, handovers
from servicehall.services.departments import department_titles
from servicehall.services.directory_import import open_hands
from servicehall.services.people import record_person
from servicehall.services.people_lists import delegations_of, departments, people_page
from servicehall.texts import N_, _
from servicehall.web import accounts
from servicehall.web.accounts import account_of
from servicehall.web.admin.common import administrator, by_field, typed
from servicehall.web.admin.person_form import LABELS, cells_of, changed_cells, in_words, role_names, typed_cells
from servicehall.web.once import once
from servicehall.web.portal.acting import undo
from servicehall.web.portal.paging import cursor, first_href, next_href
from servicehall.web.tokens import tokens_of

pages = Blueprint("admin_people", __name__)


@pages.get("/admin/people")
def listed() -> ResponseReturnValue:
    """`?q=&department=&active=yes|no|all`, by name."""
    session = administrator().session
    said = {"q": typed("q"), "department": typed("department"), "active": typed("active") or "yes"}
    found = people_page(session, cursor=cursor(), **said)
    titles = department_titles(session)
    return render_template(
        "admin/people.html",
        rows=found.rows,
        departments=[(key, titles.get(key, key)) for key in departments(session)],
        titles=titles,
        role_names=role_names,
        next_href=next_href(found.next),
        first_href=first_href(),
        **said,
    )


@pages.get("/admin/people/<person_id>")
def shown(person_id: str) -> ResponseReturnValue:
    """One person: attributes, roles, groups, line, deputies, account."""
    session = administrator().session
    row = directory.person(session, person_id)
    delegations = delegations_of(session, row.id)
    titles = department_titles(session)
    return render_template(
        "admin/person.html",
        row=row,
        cells=in_words(cells_of(session, row), titles),
        titles=titles,
        labels=LABELS,
        groups=directory.groups_of(session, row.id),
        managers=directory.managers_above(session, row.id),
        delegations=delegations,
        names=directory.people(session, {one for each in delegations for one in (each.person_id, each.deputy_id)}),
        account=account_of(session, row.email),
        tokens=tokens_of(session, row.id),
        erased=is_erased(row),
        handover=None if row.active else handovers.standing(session, row.id),
        at=now(),
        least=accounts.SHORTEST_PASSWORD,
    )


@pages.get("/admin/people/new")
def new() -> ResponseReturnValue:
    """An empty form for somebody who is not recorded yet."""
    administrator()
    return _form(None, {}, {})


@pages.post("/admin/people/new")
@once("/admin/people")
def create() -> ResponseReturnValue:
    """Records somebody; the address must be a new one."""
    session = administrator().session
    cells = typed_cells()
    if directory.by_email(session, cells["email"]) is not None:
        return _form(None, cells, {"email": _("Somebody has this mail address already.")}), 422
    refused = _record({column: cell for column, cell in cells.items() if cell or column in ("email", "name")})
    if refused is not None:
        return _form(None, cells, by_field(refused.problems)), 422
    accounts.ensure_accounts(session, [cells["email"].strip().lower()])
    made = accounts.person_of(session, cells["email"])
    flash(_("{name} is recorded. Set a password, so that they can sign in.", name=made.name), "success")
    return redirect(f"/admin/people/{made.id}", code=303)


@pages.get("/admin/people/<person_id>/edit")
def edit(person_id: str) -> ResponseReturnValue:
    """The form with what is recorded."""
    session = administrator().session
    row = directory.person(session, person_id)
    return _form(row, cells_of(session, row), {})


@pages.post("/admin/people/<person_id>/edit")
@once("/admin/people/{person_id}")
def change(person_id: str) -> ResponseReturnValue:
    """Records what was changed in the form, and nothing else: two who edit at once do not undo each other."""
    row = directory.person(administrator().session, person_id)
    refused = _record({"email": row.email, **changed_cells()})
    if refused is not None:
        return _form(row, typed_cells(), by_field(refused.problems)), 422
    flash(_("The changes are recorded."), "success")
    return redirect(f"/admin/people/{person_id}", code=303)


@pages.get("/admin/people/<person_id>/deactivate")
def ask_deactivate(person_id: str) -> ResponseReturnValue:
    """Asks first, and names what is open in their hands."""
    session = administrator().session
    row = directory.person(session, person_id)
    hands = next(open_hands(session, {row.id: row.email}), None)
    return render_template(
        "admin/deactivate.html",
        title=_("Deactivate {name}?", name=directory.name_of(row)),
        text=_(
            "They cannot sign in any more and are asked for nothing. Open approvals go to a deputy, else to the"
            " manager; tasks go back to their group's queue. What is recorded stays."
        ),
        action=f"/admin/people/{row.id}/deactivate",
        back=f"/admin/people/{row.id}",
        confirm=_("Deactivate"),
        danger=True,
        hands=hands,
    )


@pages.post("/admin/people/<person_id>/<any(deactivate, activate):act>")
@once("/admin/people/{person_id}")
def set_active(person_id: str, act: str) -> ResponseReturnValue:
    """Takes somebody out, or back in; nobody takes out themselves."""
    viewer = administrator()
    row = directory.person(viewer.session, person_id)
    if row.id == viewer.id:
        flash(_("You cannot deactivate yourself. Ask another administrator."), "warning")
        return redirect(f"/admin/people/{person_id}", code=303)
    refused = _record({"email": row.email, "active": "yes" if act == "activate" else "no"})
    done = N_("{name} may sign in again.") if act == "activate" else N_("{name} is deactivated.")
    flash(refused.detail if refused else _(done, name=directory.name_of(row)), "warning" if refused else "success")
    return redirect(f"/admin/people/{person_id}", code=303)


def _record(cells: Mapping[str, str]) -> Invalid | None:
    try:
        record_person(cells, actor=administrator().id, at=now())
    except Invalid as refused:
        undo()
        return refused
    return None


def _form(row: Person | None, cells: Mapping[str, str], errors: Mapping[str, str]) -> str:
    action = f"/admin/people/{row.id}/edit" if row is not None else "/admin/people/new"
    before = {name: request.form.get(f"was-{name}", cells.get(name, "")) for name in LABELS}
    return render_template(
        "admin/person_form.html", row=row, cells=cells, before=before, errors=errors, labels=LABELS, action=action
    )
