"""Where administration begins, and the way to Flask-AppBuilder's pages about accounts and roles."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from servicehall.texts import _
from servicehall.web import navigation
from servicehall.web.admin.common import administrator, author

pages = Blueprint("admin_start", __name__)


@pages.get("/admin")
def start() -> ResponseReturnValue:
    """People for administrators of the platform, documents for those of a catalog."""
    return redirect("/admin/people" if author().is_admin else "/studio")


@pages.get("/admin/accounts")
def accounts() -> ResponseReturnValue:
    """Where accounts and roles are looked after."""
    administrator()
    known = (
        (_("People"), "/admin/people", _("Passwords and API tokens are set on each person's page.")),
        (_("Accounts"), "/users/list/", _("The sign-in accounts as Flask-AppBuilder keeps them.")),
        (_("Roles"), "/roles/list/", _("Which pages and API calls an account may open.")),
    )
    return render_template("admin/accounts.html", links=[one for one in known if navigation.exists(one[1])])
