"""Sign-in: Flask-AppBuilder's security manager with our people behind it, the sign-in page, and the API's tokens.

An account is who signs in; a person is who acts. Rights are the person's, read again with every request.
"""

from __future__ import annotations

import logging
from typing import Any

from flask import current_app, flash, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget
from flask_appbuilder.security.api import SecurityApi
from flask_appbuilder.security.forms import ResetPasswordForm
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import User
from flask_appbuilder.security.views import AuthDBView
from flask_appbuilder.security.views import ResetMyPasswordView as OwnPasswordView
from flask_appbuilder.security.views import UserDBModelView as AccountView
from flask_appbuilder.utils.limit import Limit
from flask_appbuilder.views import BaseView, expose
from flask_jwt_extended import create_access_token, create_refresh_token
from flask_limiter.util import get_remote_address
from flask_login import current_user, login_user, logout_user
from marshmallow import Schema, fields
from marshmallow.validate import Equal, Length
from sqlalchemy import select, update
from werkzeug.security import check_password_hash
from wtforms import PasswordField
from wtforms.validators import DataRequired, ValidationError

from servicehall.clock import now
from servicehall.errors import Unauthenticated
from servicehall.models.base import begin_writing, reading
from servicehall.models.directory import Person
from servicehall.texts import N_, _
from servicehall.web import accounts
from servicehall.web.api.reading import Nothing, read_body, read_query
from servicehall.web.demo_accounts import demo_accounts
from servicehall.web.identity import bearer, by_jwt
from servicehall.web.shell import local_path
from servicehall.web.signing import prove

log = logging.getLogger("servicehall.security")

GUESSES = "10 per 20 second"
GUESSES_PER_ADDRESS = "100 per 5 minute"
ROLES = {
    "Employee": [
        ["OpenApi", "can_get"],
        ["SwaggerView", "can_show"],
        ["ResetMyPasswordView", "can_this_form_(get|post)"],
    ],
}
ADMIN = "Admin"


class UserDBModelView(AccountView):
    """Accounts as Flask-AppBuilder edits them; it knows rights by this name. Whole names stand in the first one."""

    list_columns = ("first_name", "username", "active", "roles", "groups")


class OwnPasswordForm(ResetPasswordForm):
    """Another password for oneself, by whoever knows the present one: a browser left open is not enough to sign."""

    present = PasswordField(N_("Your present password"), [DataRequired()], widget=BS3PasswordFieldWidget())

    def validate_present(self, field: PasswordField) -> None:
        wrong = prove(current_user, field.data).wrong
        if wrong is not None:
            raise ValidationError(wrong.message)


class ResetMyPasswordView(OwnPasswordView):
    """Flask-AppBuilder's page; it knows rights by this name."""

    form = OwnPasswordForm


class Accounts(SecurityManager):
    """Flask-AppBuilder's accounts, checked without holding a transaction while the password is hashed."""

    def __init__(self, appbuilder: Any) -> None:
        self.authdbview = SignIn
        self.userdbmodelview = UserDBModelView
        self.resetmypasswordview = ResetMyPasswordView
        self.security_api = TokenApi
        self.userstatschartview = None
        super().__init__(appbuilder)

    def auth_user_db(self, username: str, password: str) -> User | None:
        """The account of an active person, or None; takes the same time whether or not there is one."""
        account = self._account(username)
        session_ = self.session
        session_.expunge_all()
        session_.rollback()
        known = account.password if account is not None and account.password else None
        right = check_password_hash(known or current_app.config["AUTH_DB_FAKE_PASSWORD_HASH_CHECK"], password)
        if account is None or known is None or not right:
            log.info("sign-in refused for %s", username)
            return None
        begin_writing(session_())
        signed_in = {"last_login": now().replace(tzinfo=None), "login_count": (account.login_count or 0) + 1}
        session_.execute(update(User).where(User.id == account.id).values(signed_in))
        session_.commit()
        return account

    def _account(self, email: str) -> User | None:
        with reading():
            return self.session.scalar(
                select(User)
                .join(Person, Person.email == User.email)
                .where(User.email == email.strip().lower(), User.active, Person.active)
            )

    def reset_password(self, userid: Any, password: str) -> None:
        """Another password for an account: all its sessions end but the one that asks for it."""
        hashed = accounts.hash_password(password)
        self.session.execute(update(User).where(User.id == int(userid)).values(password=hashed))
        self.session.commit()
        if session.get("_user_id") == str(userid):
            session["stamp"] = accounts.stamp(self.get_user_by_id(userid))

    def load_user(self, pk: Any) -> User | None:
        """Flask-Login asks only where `identify` was not there first, and then nobody is signed in."""
        return None

    def get_user_roles(self, user: Any) -> list[Any]:
        """What the person is decides: an administrator is Admin here too, and everyone signed in is Employee."""
        if not user.is_authenticated:
            return [self.get_public_role()]
        derived = {"Employee"} | ({ADMIN} if "admin" in (g.get("duties") or ()) else set())
        return [*user.roles, *(role for role in self.get_all_roles() if role.name in derived)]


def sign_in(account: User) -> None:
    """A new browser session for this account: nothing of the one before lives on."""
    session.clear()
    login_user(account)
    session.permanent = True
    session["stamp"] = accounts.stamp(account)


def failed(response: Any) -> bool:
    """Only refused sign-ins count against the limits."""
    return bool(response.status_code == 401)


def guessed_account() -> str:
    """Guesses are counted for each address and name: nobody locks another out from elsewhere."""
    said: Any = request.get_json(silent=True) if request.is_json else request.form
    name = said.get("username") if hasattr(said, "get") else ""
    return f"{get_remote_address()} {str(name).strip().lower()[:320]}"


LIMITS = [
    Limit(GUESSES, guessed_account, methods=("POST",), deduct_when=failed),
    Limit(GUESSES_PER_ADDRESS, get_remote_address, methods=("POST",), deduct_when=failed),
]


class SignIn(AuthDBView):
    """The sign-in page. Signing out is a POST: nothing changes by GET."""

    limits = LIMITS

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> ResponseReturnValue:
        from flask_appbuilder.security.forms import LoginForm_db

        target = local_path(request.args.get("next"))
        if g.person is not None and request.method == "GET":
            return redirect(target)
        form = LoginForm_db()
        status = 200
        if form.validate_on_submit():
            account = self.appbuilder.sm.auth_user_db(form.username.data, form.password.data)
            if account is not None:
                sign_in(account)
                return redirect(target, code=303)
            flash(_("The email or the password is wrong."), "warning")
            status = 401
        page = self.render_template(
            self.login_template,
            title=_("Sign in"),
            form=form,
            appbuilder=self.appbuilder,
            demo_accounts=demo_accounts() if current_app.config["DEMO"] else (),
        )
        return page, status

    @expose("/logout/", methods=["POST"])
    def logout(self) -> ResponseReturnValue:
        logout_user()
        session.clear()
        return redirect("/login/", code=303)


class Start(BaseView):
    """Flask-AppBuilder's idea of a start page leads to ours."""

    route_base = ""
    default_view = "start"

    @expose("/start")
    def start(self) -> ResponseReturnValue:
        return redirect("/")


class Credentials(Schema):
    """What the API's sign-in takes."""

    username = fields.String(required=True, validate=Length(min=1, max=320))
    password = fields.String(required=True, validate=Length(min=1, max=accounts.LONGEST_PASSWORD))
    provider = fields.String(load_default="db", validate=Equal("db"))
    refresh = fields.Boolean(load_default=False)


class TokenApi(SecurityApi):
    """`POST /api/v1/security/login` and `…/refresh`, answering as the rest of the API does."""

    limits = LIMITS

    @expose("/login", methods=["POST"])
    def login(self) -> ResponseReturnValue:
        """An access token for an email and a password, and a refresh token where one is asked for
        ---
        post:
          description: Sign in
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [username, password]
                  properties:
                    username: {type: string}
                    password: {type: string}
                    provider: {type: string, enum: [db]}
                    refresh: {type: boolean}
          responses:
            200:
              description: Signed in
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
                      refresh_token: {type: string}
            401:
              $ref: '#/components/responses/401'
        """
        read_query(Nothing)
        said = read_body(Credentials)
        account = self.appbuilder.sm.auth_user_db(said["username"], said["password"])
        if account is None:
            raise Unauthenticated(_("The email or the password is wrong."))
        claims = {"stamp": accounts.stamp(account)}
        answer = {"access_token": create_access_token(str(account.id), fresh=True, additional_claims=claims)}
        if said["refresh"]:
            answer["refresh_token"] = create_refresh_token(str(account.id), additional_claims=claims)
        return answer

    @expose("/refresh", methods=["POST"])
    def refresh(self) -> ResponseReturnValue:
        """A new access token for a refresh token
        ---
        post:
          description: Refresh an access token
          responses:
            200:
              description: A new access token
            401:
              $ref: '#/components/responses/401'
        """
        account = by_jwt(bearer() or "", kind="refresh").account
        claims = {"stamp": accounts.stamp(account)}
        return {"access_token": create_access_token(str(account.id), fresh=False, additional_claims=claims)}
