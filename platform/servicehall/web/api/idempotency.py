"""`Idempotency-Key` on any POST: the same key and body from the same person has its effect once, and one answer.

The key's row is written in the transaction of the verb itself, so that key and effect are kept or lost together.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable

from flask import Response, g, request
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from servicehall import config
from servicehall.clock import now
from servicehall.errors import BadRequest, Conflict, Invalid, Problem
from servicehall.models.base import begin_writing, db, reading, set_reading
from servicehall.models.operations import IdempotencyKey, insert_once
from servicehall.texts import _
from servicehall.web.api.reading import parse_json

LONGEST = 200
PATIENCE = 10.0
STEP = 0.05
KEPT_HEADERS = ("ETag", "Location", "Content-Type")


def once(run: Callable[[], Response]) -> Response:
    """Runs a view, or gives the answer that it gave before under the same key.

    Errors: Invalid where the key came with something else before; Conflict where the first is not through yet.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return run()
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        text = _("A key has 1 to {n} characters.", n=LONGEST)
        raise Invalid(text, [Problem("Idempotency-Key", "length", text)])
    digest = fingerprint()
    session: Session = db.session()
    begin_writing(session)
    row = {"person_id": g.person.id, "key": key, "fingerprint": digest, "created_at": now()}
    if not session.connection().execute(insert_once(session, IdempotencyKey, row)).rowcount:
        session.rollback()
        return _again(session, key, digest)
    try:
        response = run()
    except BaseException:
        session.rollback()
        raise
    _keep(session, key, response)
    return response


def fingerprint() -> str:
    """What was asked: the same JSON in another spelling is the same, and so is the same file in another envelope.

    It is keyed, since a body may hold the password of a signature, which nobody is to guess from what is stored.
    """
    digest = hmac.new(config.current().secret_key.encode(), digestmod="sha256")
    digest.update(f"{request.method} {request.full_path}\n".encode())
    if request.mimetype == "multipart/form-data":
        for name, text in sorted(request.form.items(multi=True)):
            digest.update(f"{name}={text}\n".encode())
        for name, file in sorted(request.files.items(multi=True), key=lambda one: (one[0], one[1].filename or "")):
            digest.update(f"{name}:{file.filename}:{file.mimetype}\n".encode())
            file.stream.seek(0)
            while chunk := file.stream.read(256 * 1024):
                digest.update(chunk)
    else:
        digest.update(_spelled(request.get_data(cache=True)))
    return digest.hexdigest()


def _spelled(data: bytes) -> bytes:
    try:
        return json.dumps(parse_json(data), sort_keys=True, separators=(",", ":")).encode()
    except BadRequest:
        return data


def _keep(session: Session, key: str, response: Response) -> None:
    """Beside the key, once the effect is there, the answer that it had."""
    set_reading(False)
    begin_writing(session)
    mine = (IdempotencyKey.person_id == g.person.id, IdempotencyKey.key == key)
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    values = {"status": response.status_code, "headers": headers, "body": response.get_data(as_text=True)}
    session.connection().execute(update(IdempotencyKey).where(*mine).values(values))
    session.commit()


def _again(session: Session, key: str, digest: str) -> Response:
    """The first answer; where its effect is there and it is still being written, a moment's wait."""
    until = time.monotonic() + PATIENCE
    mine = select(IdempotencyKey).where(IdempotencyKey.person_id == g.person.id, IdempotencyKey.key == key)
    while True:
        with reading():
            found = session.scalars(mine.execution_options(populate_existing=True)).first()
            session.rollback()
        if found is None:
            raise Conflict(_("The first request with this key did not succeed. Send it again."))
        if found.fingerprint != digest:
            text = _("This key was used for something else.")
            raise Invalid(text, [Problem("Idempotency-Key", "reused", text)])
        if found.status is not None:
            return Response(found.body, status=found.status, headers=found.headers)
        if time.monotonic() > until:
            raise Conflict(_("This was done already, or is being done; its answer is not known."))
        time.sleep(STEP)
