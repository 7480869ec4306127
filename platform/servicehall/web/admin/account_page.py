"""The account with which somebody signs in: its password and its API tokens."""

from __future__ import annotations

import logging

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Invalid, NotFound
from servicehall.services import directory
from servicehall.texts import _
from servicehall.web import accounts, tokens
from servicehall.web.admin.common import administrator
from servicehall.web.once import once

pages = Blueprint("admin_accounts", __name__)
log = logging.getLogger("servicehall.security")


@pages.post("/admin/people/<person_id>/password")
@once("/admin/people/{person_id}")
def set_password(person_id: str) -> ResponseReturnValue:
    """Gives an account a password; sessions of the old one end."""
    viewer = administrator()
    row = directory.person(viewer.session, person_id)
    password = request.form.get("password", "")
    back = f"/admin/people/{person_id}#account"
    if password != request.form.get("again", ""):
        flash(_("The two passwords are not the same. Nothing was changed."), "warning")
        return redirect(back, code=303)
    try:
        viewer.session.rollback()
        accounts.set_password(viewer.session, row.email, accounts.hash_password(password))
    except Invalid as error:
        flash(error.detail, "warning")
        return redirect(back, code=303)
    log.info("password set for %s by %s", person_id, viewer.id)
    flash(_("The password is set. Sessions with the old one have ended."), "success")
    return redirect(back, code=303)


@pages.post("/admin/people/<person_id>/tokens/<token_id>/revoke")
@once("/admin/people/{person_id}")
def revoke(person_id: str, token_id: str) -> ResponseReturnValue:
    """Ends one token of this person."""
    session = administrator().session
    if token_id not in {one.id for one in tokens.tokens_of(session, person_id)}:
        raise NotFound
    tokens.revoke_token(session, token_id, at=now())
    flash(_("The token is revoked."), "success")
    return redirect(f"/admin/people/{person_id}#tokens", code=303)
