"""What a new document begins with: one that is shipped for it, a copy of another, or the least that its kind has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from servicehall.documents.pack import as_document
from servicehall.documents.source import read_yaml
from servicehall.documents.starters import begin_with, starters
from servicehall.errors import Invalid, Problem
from servicehall.services import authored, definitions
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer
from servicehall.texts import LOCALES, _, current_locale, pick
from servicehall.web.studio import kinds

STARTER = "starter:"
PREFERRED = "it"


def starting_points() -> list[tuple[str, str, str]]:
    """(what the form sends, title, summary) of each."""
    return [(STARTER + key, pick(body["title"]), pick(body["summary"])) for key, body in starters().items()]


def beginning(viewer: Viewer, name: Name, *, copy: str, title: str) -> dict[str, Any]:
    """What a new document begins with: a shipped one, a copy of another of its kind, or the least that one has."""
    kind, department, key = name
    header = {"kind": kind, "department": department, "key": key}
    other_department, _slash, other_key = copy.partition("/")
    if copy.startswith(STARTER):
        body = _begun(viewer.session, copy.removeprefix(STARTER), kind=kind, department=department)
    elif other_key and viewer.may_author(other_department):
        other = definitions.get(viewer.session, (kind, other_department, other_key))
        body = dict(other.draft_body or other.body or {})
    elif kind not in kinds.NAMES:
        body = {}  # keeping it says what is wrong
    else:
        found, _problems = as_document(read_yaml(kinds.skeleton(kind, department, key)))
        body = _in_one_language(found.body, current_locale()) if found is not None else {}
    return body | header | ({"title": {current_locale(): title}} if title else {})


def _in_one_language(value: Any, locale: str) -> Any:
    """What is authored, with each of its texts in this language alone: whoever writes in one is asked for no other."""
    if isinstance(value, Mapping):
        said = {locale: value[locale]} if value and set(value) <= set(LOCALES) else value
        return {key: _in_one_language(inner, locale) for key, inner in said.items()}
    return [_in_one_language(one, locale) for one in value] if isinstance(value, list) else value


def _begun(session: Session, key: str, *, kind: str, department: str) -> dict[str, Any]:
    """The body of a starter for a department; Invalid where it is of another kind, or there is none."""
    found = begin_with(key, department=department, other=_other(session, department))
    if found is None or found["kind"] != kind:
        text = _("This template is of another kind.")
        raise Invalid(text, [Problem("copy", "invalid", text)])
    return found


def _other(session: Session, own: str) -> str:
    """A department beside one's own that has agents: IT, else the first; one's own where there is no other."""
    others = [one for one in authored.departments_in_use(session) if one != own]
    return PREFERRED if PREFERRED in others else (others or [own])[0]
