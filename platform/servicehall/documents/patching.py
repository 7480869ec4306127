"""Small changes of a document's body: JSON Patch (RFC 6902), one operation after the other, within limits."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch
import jsonpointer

from servicehall.documents.plain import plain_problems
from servicehall.documents.source import MAX_DEPTH
from servicehall.errors import Conflict, Invalid, Problem
from servicehall.texts import _

MOST_OPERATIONS = 2_000
MOST_VALUES = 100_000
"""So many the copies of one patch may come to."""
OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")
HEADER = ("kind", "department", "key")
Operation = Mapping[str, Any]


def patched(body: Mapping[str, Any], operations: Sequence[Operation]) -> dict[str, Any]:
    """The body with all operations applied, or none: Invalid names the operation, as `[3].path`.

    Conflict where a `test` fails. What identifies a document cannot be changed.
    """
    if len(operations) > MOST_OPERATIONS:
        raise _refused("", "too_many", _("more than {limit} operations", limit=MOST_OPERATIONS))
    result: Any = copy.deepcopy(dict(body))
    copied = 0
    for index, operation in enumerate(operations):
        copied += _copies(result, operation)
        if copied > MOST_VALUES:
            raise _refused(f"[{index}]", "too_large", _("the document grows larger than it may be"))
        result = _applied(result, operation, index)
    if not isinstance(result, dict):
        raise _refused("", "type", _("a document is a mapping"))
    for name in HEADER:
        if result.get(name) != body.get(name):
            raise _refused(name, "name", _("kind, department and key cannot be changed"))
    problems = plain_problems(result)
    if problems:
        raise Invalid(_("The document cannot hold this."), problems)
    return result


def _applied(body: Any, operation: Operation, index: int) -> Any:
    place = f"[{index}]"
    if not isinstance(operation, Mapping) or operation.get("op") not in OPERATIONS:
        known = ", ".join(OPERATIONS)
        raise _refused(f"{place}.op", "invalid", _("an operation is a mapping with op, one of {known}", known=known))
    try:
        return jsonpatch.apply_patch(body, [dict(operation)], in_place=True)
    except jsonpatch.JsonPatchTestFailed as error:
        raise Conflict(_("Operation {number}: the value is another by now.", number=index + 1)) from error
    except RecursionError:
        raise _refused(f"{place}.path", "too_deep", _("nested deeper than {limit} levels", limit=MAX_DEPTH)) from None
    except (jsonpatch.JsonPatchConflict, jsonpointer.JsonPointerException) as error:
        raise _refused(f"{place}.path", "path", _("the document has no such place")) from error
    except (jsonpatch.JsonPatchException, TypeError, KeyError, ValueError) as error:
        raise _refused(f"{place}.path", "path", _("this cannot be done: {why}", why=str(error)[:200])) from error


def _copies(body: Any, operation: Operation) -> int:
    """How many values an operation copies."""
    if (
        not isinstance(operation, Mapping)
        or operation.get("op") != "copy"
        or not isinstance(operation.get("from"), str)
    ):
        return 0
    count, todo = 0, [value_at(body, operation["from"])]
    while todo and count <= MOST_VALUES:
        value = todo.pop()
        count += 1
        todo += value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return count


def _refused(path: str, code: str, message: str) -> Invalid:
    return Invalid(_("The change cannot be made."), [Problem(path, code, message)])


def pointer(*keys: str | int) -> str:
    """The JSON Pointer (RFC 6901) of a place: `pointer("form", "pages", 0)` is `/form/pages/0`."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def keys_of(path: str) -> list[str]:
    """The keys of a JSON Pointer; Invalid where it is none."""
    try:
        return list(jsonpointer.JsonPointer(path).parts)
    except jsonpointer.JsonPointerException as error:
        raise _refused(path[:200], "path", _("this is not a JSON Pointer")) from error


def value_at(body: Any, path: str) -> Any:
    """What stands at a JSON Pointer; None where nothing does."""
    for key in keys_of(path):
        if isinstance(body, Mapping) and key in body:
            body = body[key]
        elif isinstance(body, list) and key.isdecimal() and len(key) < 7 and int(key) < len(body):
            body = body[int(key)]
        else:
            return None
    return body
