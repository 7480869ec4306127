"""Errors as answers: RFC 9457 `application/problem+json` for programs, a page for people, from one place."""

from __future__ import annotations

import json
import logging
from typing import Any

from flask import Flask, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError

from servicehall import errors
from servicehall.models.base import db
from servicehall.texts import _
from servicehall.web.guesses import wait
from servicehall.web.shell import render_error

log = logging.getLogger("servicehall.web")

MEDIA_TYPE = "application/problem+json"
MOST_UNHEARD = 128 * 1024 * 1024

BY_STATUS: dict[int, type[errors.ServicehallError]] = {
    kind.status: kind for kind in errors.ServicehallError.__subclasses__()
}


def init_problems(app: Flask) -> None:
    """Every error of this application becomes a problem document or a page."""
    app.register_error_handler(errors.ServicehallError, answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)
    app.after_request(_say_when)


def answer(error: errors.ServicehallError) -> ResponseReturnValue:
    """Problem+json where a program asks; the sign-in page where a person must sign in first; else a page."""
    if wants_problem():
        return problem(error)
    if isinstance(error, errors.Unauthenticated):
        return redirect(url_for("SignIn.login", next=_came_for()), code=303)
    return _page(error)


def document(error: errors.ServicehallError) -> dict[str, Any]:
    """`{type, title, status, detail, errors: [{path, code, message}]}`."""
    return {
        "type": f"urn:servicehall:problem:{error.code}",
        "title": _(error.title),
        "status": error.status,
        "detail": _(error.detail),
        "errors": [one.as_dict() for one in error.problems],
    }


def problem(error: errors.ServicehallError) -> Response:
    """The document as an answer."""
    said = document(error)
    response = Response(json.dumps(said, ensure_ascii=False), status=error.status, content_type=MEDIA_TYPE)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.status == 503:
        response.headers["Retry-After"] = "5"
    return response


def wants_problem() -> bool:
    """Whether a program asks: by the API's path, or by preferring JSON to HTML."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", MEDIA_TYPE])
    return best != "text/html" and bool(request.accept_mimetypes)


def _say_when(response: Response) -> Response:
    """Whoever tried too often, on a page or by a program, is told after how many seconds to try again."""
    if response.status_code == 429:
        response.headers["Retry-After"] = str(wait())
    return response


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, SecurityError):
        return Response("This host name is not served here.\n", status=400, content_type="text/plain; charset=utf-8")
    if isinstance(error, RequestEntityTooLarge):
        _hear_out()
    if error.response is not None or (error.code or 500) < 400:
        return error
    if not wants_problem():
        return _page(error)
    kind = BY_STATUS.get(error.code or 500)
    made = kind() if kind is not None else _other(error)
    response = problem(made)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _hear_out() -> None:
    """Passes over the rest of a body that was too large: whoever still sends would not read why it was refused."""
    left = request.content_length or 0
    stream = request.environ["wsgi.input"]
    while 0 < left <= MOST_UNHEARD and (passed := len(stream.read(min(left, 65_536)))):
        left -= passed


def _other(error: HTTPException) -> errors.ServicehallError:
    made = errors.ServicehallError(str(error.description or ""))
    made.status = error.code or 500
    made.title = error.name
    made.code = error.name.lower().replace(" ", "_")
    return made


def _answer_unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected error at %s %s", request.method, request.path)
    db.session.rollback()
    hidden = errors.ServicehallError()
    return problem(hidden) if wants_problem() else _page(hidden)


def _page(error: Exception) -> ResponseReturnValue:
    """The page of an error; where even that cannot be made, plain words."""
    db.session.rollback()
    try:
        return render_error(error)
    except Exception:
        log.exception("the page of an error could not be made")
        status = error.status if isinstance(error, errors.ServicehallError) else getattr(error, "code", None) or 500
        return Response(f"{_('Something went wrong')} ({status})\n", status=status, content_type="text/plain")


def _came_for() -> str | None:
    """Where to go after signing in: only pages that are asked for by GET."""
    if request.method != "GET" or request.path == "/":
        return None
    return request.full_path.rstrip("?")
