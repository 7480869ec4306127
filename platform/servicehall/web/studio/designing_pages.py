"""What the designer needs beside the edits of its document: copied fields as JSON, and a field set made of fields."""

from __future__ import annotations

import re

from flask import Blueprint, flash, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.documents.form_edits import values_of
from servicehall.errors import Conflict, Invalid
from servicehall.services import drafting, field_sets
from servicehall.texts import _, current_locale
from servicehall.web.admin.common import author, sent
from servicehall.web.once import once
from servicehall.web.portal.acting import undo
from servicehall.web.studio.page import Page, base_of
from servicehall.web.studio.pages import ONE, render

pages = Blueprint("studio_designing", __name__)
MOST_COPIED = 500


@pages.get(f"{ONE}/copied")
def copied(kind: str, department: str, key: str) -> ResponseReturnValue:
    """`?form=&pick=…`: the fields at these pointers, to be pasted elsewhere."""
    viewer = author(department)
    body = drafting.current(viewer.session, (kind, department, key)).document.body
    picked = request.args.getlist("pick")[:MOST_COPIED]
    return jsonify(fields=values_of(body, request.args.get("form", ""), picked) if picked else [])


@pages.post(f"{ONE}/field-set")
@once("/studio/{kind}/{department}/{key}/design")
def make_set(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Makes a set of the fields that are ticked, or of the selected one."""
    viewer, name = author(department), (kind, department, key)
    title = sent("set-title")
    wish = re.sub(r"[^a-z0-9]+", "-", (sent("set-key") or title).lower()).strip("-")[: drafting.LONGEST_KEY].strip("-")
    picked = request.form.getlist("pick") or [sent("at")]
    try:
        field_sets.make_set(
            name,
            picked,
            form=sent("form"),
            key=wish,
            title={current_locale(): title or wish},
            viewer=viewer,
            at=now(),
            expected=sent("edition"),
        )
    except (Conflict, Invalid) as error:
        undo()
        return render(Page.of(viewer, name, at=sent("at")), "design", refused=error), error.status
    flash(_("The field set {key} is a draft of its own; publish it before this document.", key=wish), "success")
    if request.headers.get("X-Requested-With") == "fetch":
        return render(Page.of(viewer, name, at=sent("at")), "design")
    return redirect(f"{base_of(name)}/design?at={sent('at')}", code=303)
