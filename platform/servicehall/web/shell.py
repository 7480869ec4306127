"""What every page shares: language, theme, security headers, navigation, formats, and the page of an error."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from servicehall import texts
from servicehall.clock import now
from servicehall.errors import ServicehallError
from servicehall.services import people
from servicehall.web import assets, formats, navigation, states
from servicehall.web.portal import words

THEMES = ("auto", "light", "dark")
DENSITIES = ("auto", "roomy", "compact")
HTML_LANG = {"en": "en", "zh": "zh-Hans"}
LANGUAGES = {"en": "English", "zh": "中文"}
_PREFERENCES = {"locale": texts.LOCALES, "theme": THEMES, "density": DENSITIES, "shortcuts": ("on", "off")}
_YEAR = 365 * 24 * 3600
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'self'; "
    "frame-ancestors {ancestors}; manifest-src 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

preferences = Blueprint("preferences", __name__)


def init_shell(app: Flask) -> None:
    """Gives the app its face; called after Flask-AppBuilder and after the handler that sets `g.person`."""
    app.jinja_env.globals.update(
        _=translate,
        asset=assets.asset,
        vendor=assets.vendor,
        import_map=assets.import_map,
        csp_nonce=csp_nonce,
        form_nonce=form_nonce,
        look=states.look,
        current_locale=texts.current_locale,
        HTML_LANG=HTML_LANG,
        LANGUAGES=LANGUAGES,
    )
    app.jinja_env.filters.update(formats.FILTERS | {"pick": texts.pick, "group_name": words.group})
    app.register_blueprint(preferences)
    app.before_request(choose_locale)
    app.after_request(protect)
    app.context_processor(shell_context)
    if "babel" in app.extensions:
        app.extensions["babel"].locale_selector = texts.current_locale


def translate(message: str, **values: Any) -> str:
    """Our translation of a message, else Flask-AppBuilder's, else the message itself."""
    locale = texts.current_locale()
    if locale == "en" or message in texts.messages(locale) or "babel" not in current_app.extensions:
        return texts._(message, **values)
    from flask_babel import gettext

    return texts.fill(str(gettext(message)), values)


def choose_locale() -> None:
    """The language of this page: the person's, else this browser's choice, else Accept-Language, else the default."""
    wanted = (
        getattr(g.get("person"), "locale", None)
        or _chosen("locale")
        or request.accept_languages.best_match(("zh-Hans", "zh", "en"))
        or current_app.config.get("DEFAULT_LOCALE")
    )
    texts.set_locale(texts.known_locale(wanted))


def csp_nonce() -> str:
    """The nonce of this answer's policy, the same for every script of the page."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def form_nonce() -> str:
    """What a form carries so that it counts once (`once.py`)."""
    return secrets.token_urlsafe(16)


def protect(response: Response) -> Response:
    """The security headers of every answer; nothing but static files may be kept in a cache."""
    response.headers.setdefault("Content-Security-Policy", _POLICY.format(nonce=csp_nonce(), ancestors="'none'"))
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint not in ("static", "appbuilder.static"):
        response.headers.setdefault("Cache-Control", "no-store")
    elif "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def within_own_pages(response: Response) -> Response:
    """Lets our own pages, and nobody else's, show this answer in a frame."""
    policy = _POLICY.format(nonce=csp_nonce(), ancestors="'self'")
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def shell_context() -> dict[str, Any]:
    """What base.html reads beside the view's own values; `shell` is computed only where a page asks."""
    return {"shell": Shell()}


class Shell:
    """The signed-in person's surroundings, read by the layout."""

    @property
    def name(self) -> str:
        return texts._("Servicehall")

    @property
    def person(self) -> Any:
        return g.get("person")

    @property
    def person_name(self) -> str:
        zh = getattr(self.person, "name_zh", None) if texts.current_locale() == "zh" else None
        return str(zh or self.person.name or self.person.email)

    @property
    def demo(self) -> bool:
        return bool(current_app.config.get("DEMO"))

    @property
    def theme(self) -> str:
        return _chosen("theme") or self._kept("theme") or "auto"

    @property
    def density(self) -> str:
        return _chosen("density") or self._kept("density") or "auto"

    @property
    def shortcuts(self) -> bool:
        return (_chosen("shortcuts") or ("off" if self._kept("shortcuts") is False else "on")) != "off"

    def _kept(self, name: str) -> Any:
        """What the profile says, where this browser has chosen nothing."""
        return (getattr(self.person, "preferences", None) or {}).get(name)

    @property
    def sections(self) -> tuple[navigation.Section, ...]:
        return navigation.sections() if self.person else ()

    @property
    def bottom(self) -> tuple[navigation.Entry, ...]:
        """The three entries that stand before "More" on a phone: an agent's work comes before services."""
        entries = {entry.key: entry for section in self.sections for entry in section.entries}
        order = ("work", "inbox", "requests", "services") if "work" in entries else ("services", "requests", "inbox")
        return tuple(entries[key] for key in order if key in entries)[:3]

    @property
    def here(self) -> str:
        return navigation.current_entry()

    @property
    def unread(self) -> int:
        return navigation.BADGES["notifications"]() if "notifications" in navigation.BADGES else 0

    def exists(self, path: str) -> bool:
        return navigation.exists(path)


@preferences.post("/preferences")
def set_preferences() -> ResponseReturnValue:
    """Keeps theme, density or shortcuts in a cookie, and the language with whoever is signed in; goes back to where
    the person was."""
    answer = redirect(local_path(request.form.get("next")), code=303)
    for name, allowed in _PREFERENCES.items():
        value = request.form.get(name)
        if value not in allowed:
            continue
        if name == "locale" and g.get("person") is not None:
            people.record_person({"email": g.person.email, "locale": value}, actor=g.person.id, at=now())
            answer.delete_cookie(name)
        else:
            answer.set_cookie(name, value, max_age=_YEAR, samesite="Lax", secure=request.is_secure, httponly=True)
    return answer


def local_path(target: str | None) -> str:
    """The target if it is a path of this site, else the start page: never another host."""
    try:
        parts = urlsplit((target or "").replace("\\", "/"))
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")


def render_error(error: Exception) -> tuple[str, int]:
    """The page and status of an error; 5xx pages use no database, so that they show when it is gone."""
    choose_locale()
    status, title, detail = _told(error)
    problems = getattr(error, "problems", ())
    page = "errors/bare.html" if status >= 500 else "errors/error.html"
    return render_template(page, status=status, title=title, detail=detail, problems=problems), status


_TITLES = {
    400: texts.N_("The request cannot be read"),
    401: texts.N_("Please sign in"),
    403: texts.N_("You may not do this"),
    404: texts.N_("There is nothing here"),
    405: texts.N_("This cannot be done here"),
    409: texts.N_("Somebody was faster"),
    413: texts.N_("This is too large"),
    415: texts.N_("This kind of file is not accepted"),
    422: texts.N_("Some of this is not valid"),
    429: texts.N_("Too many tries"),
    500: texts.N_("Something went wrong"),
    503: texts.N_("Not available just now"),
}
_DETAILS = {
    400: texts.N_("Go back, load the page again, and try once more."),
    403: texts.N_("Your account has no right to this. If you need it, ask the administrators."),
    404: texts.N_("The page does not exist, or you may not see it."),
    405: texts.N_("Go back and use the buttons of the page."),
    413: texts.N_("Send a smaller file, or fewer at once."),
    429: texts.N_("Wait a minute, then try again."),
    500: texts.N_("The error was recorded. Nothing was half done; you can go back and try again."),
    503: texts.N_("A part that is needed cannot be reached. Nothing was changed; try again in a minute."),
}


def _told(error: Exception) -> tuple[int, str, str]:
    status = _status(error)
    title = texts._(_TITLES.get(status, _TITLES[500]))
    own = isinstance(error, ServicehallError) and status < 500 and error.detail not in (error.title, "")
    return status, title, str(getattr(error, "detail", "")) if own else texts._(_DETAILS.get(status, ""))


def _status(error: Exception) -> int:
    if isinstance(error, ServicehallError):
        return error.status
    return (error.code or 500) if isinstance(error, HTTPException) else 500


def _chosen(name: str) -> str | None:
    value = request.cookies.get(name)
    return value if value in _PREFERENCES[name] else None
