"""Reading what a program sent: JSON bodies, query strings and files, checked whole, every mistake at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask import g, request
from marshmallow import Schema, ValidationError, fields

from servicehall.clock import now
from servicehall.errors import BadRequest, Invalid, Problem, UnsupportedMedia
from servicehall.forms import FileFacts
from servicehall.services import files
from servicehall.texts import N_, _

LARGEST_BODY = 2 * 1024 * 1024
DEEPEST = 64


class Nothing(Schema):
    """Takes no key at all."""


class Words(fields.Field[list[str]]):
    """Several words in a query: `state=ready,in_progress`, or the key given more than once."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[str]:
        return [word.strip() for word in str(value).split(",") if word.strip()]


def read_query(schema: type[Schema]) -> dict[str, Any]:
    """The query string; Invalid for a key that is not known, or one given twice that means one thing."""
    made = schema()
    given: dict[str, str] = {}
    problems = []
    for key, values in request.args.lists():
        if len(values) > 1 and not isinstance(made.fields.get(key), Words):
            problems.append(Problem(key, "repeated", _("Give this once.")))
        given[key] = ",".join(values)
    return _loaded(made, given, problems)


def read_body(schema: type[Schema]) -> dict[str, Any]:
    """The JSON body; no body at all is an empty one.

    Errors: UnsupportedMedia where it says to be something else, BadRequest for what is not JSON, TooLarge, and
    Invalid for anything in it that is wrong.
    """
    request.max_content_length = LARGEST_BODY
    data = request.get_data(cache=True)
    if not data and not request.content_length:
        return _loaded(schema(), {}, [])
    if not request.is_json:  # of a form nothing is left here where somebody has looked for a field in it
        raise UnsupportedMedia(_("Send JSON."))
    value = parse_json(data)
    if not isinstance(value, dict):
        text = _("Send a JSON object.")
        raise Invalid(text, [Problem("", "type", text)])
    return load(schema(), value)


def read_raw(*media_types: str) -> bytes:
    """A body that is not an object of a schema; UnsupportedMedia unless it is one of these media types."""
    request.max_content_length = LARGEST_BODY
    data = request.get_data(cache=True)
    if request.mimetype not in media_types:
        raise UnsupportedMedia(_("Send {kinds}.", kinds=" / ".join(media_types)))
    return data


def read_upload() -> FileFacts:
    """The file of the multipart field `file`, kept under the caller's name; nothing else may be sent with it.

    It is read and kept before the verb begins: however slowly it comes in, nobody waits for it.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMedia(_("Send the file as multipart/form-data, in the field “file”."))
    extra = [key for key in (*request.form, *request.files) if key != "file"]
    problems = [Problem(key, "unknown", _("Unknown field.")) for key in extra]
    sent = request.files.getlist("file")
    if len(sent) != 1 or not sent[0].filename:
        problems.append(Problem("file", "required", _("Send one file in the field “file”.")))
    if problems:
        raise Invalid(problems=problems)
    one = sent[0]
    return files.store(one.stream, name=one.filename or "", media_type=one.mimetype or "", person=g.person.id, at=now())


def load(schema: Schema, value: Any) -> dict[str, Any]:
    """A JSON object through a schema; Invalid with every mistake in it."""
    if not isinstance(value, dict):
        text = _("Send a JSON object.")
        raise Invalid(text, [Problem("", "type", text)])
    return _loaded(schema, value, list(_unspeakable(value, "")))


def parse_json(data: bytes) -> Any:
    """Strict JSON: no NaN, no endless nesting."""
    try:
        return json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(_("This is not JSON.")) from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _unspeakable(value: Any, path: str, depth: int = 0) -> Iterator[Problem]:
    """Text that no database keeps (NUL, half a character), and nesting beyond all reason; an answer goes by its key."""
    if depth > DEEPEST:
        yield Problem(path, "depth", _("This is nested too deeply."))
    elif isinstance(value, str):
        if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
            yield Problem(path, "text", _("This text has characters that cannot be kept."))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _unspeakable(key, path, depth + 1)
            yield from _unspeakable(inner, f"{path}.{key}" if path not in ("", "answers") else key, depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unspeakable(inner, f"{path}[{index}]", depth + 1)


def _loaded(schema: Schema, value: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    problems = problems or list(_unspeakable(value, ""))
    if not problems:
        try:
            found = dict(schema.load(value))
        except ValidationError as error:
            problems = list(_problems(dict(error.messages_dict), ""))
    if problems:
        raise Invalid(problems=problems)
    return found


def _problems(messages: Any, path: str) -> Iterator[Problem]:
    """Marshmallow's nested messages as flat ones, each with its path: `items[0].id`."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if key == "_schema":
                yield from _problems(inner, path)
            elif isinstance(key, int):
                yield from _problems(inner, f"{path}[{key}]")
            else:
                yield from _problems(inner, f"{path}.{key}" if path else str(key))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        yield Problem(path, _CODES.get(message, "invalid"), _(str(message)))


_CODES = {
    N_("Missing data for required field."): "required",
    N_("Unknown field."): "unknown",
    N_("Field may not be null."): "required",
    N_("Not a valid string."): "type",
    N_("Not a valid integer."): "type",
    N_("Not a valid boolean."): "type",
    N_("Not a valid mapping type."): "type",
    N_("Not a valid list."): "type",
    N_("Not a valid date."): "type",
    N_("Not a valid email address."): "type",
}
