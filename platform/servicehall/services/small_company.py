"""A company in memory for the examples of one service: its people as they are listed, and whatever else is named.

Departments, groups and people that the service, its surroundings or an answer name are simply there; a group that
nobody is listed in has one member whom nothing else is known of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from servicehall.content import seal
from servicehall.documents.document import Document as Authored
from servicehall.documents.document import Finder
from servicehall.documents.kinds.kind import Kind
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import walk
from servicehall.documents.releases import references_of
from servicehall.documents.words import DepartmentKey, GroupKey, PersonEmail
from servicehall.forms import Field
from servicehall.models.base import Base
from servicehall.models.definitions import Document
from servicehall.models.directory import Delegation, Department, Group, Membership, Person
from servicehall.models.log import ContentRow
from servicehall.services.past import MODELS
from servicehall.services.releases import Release
from servicehall.services.scratch import scratch

LIVE = ("department", "calendar")
ALWAYS = (date(1970, 1, 1), date(9999, 1, 1))
_COPIED = ("title", "location", "grade", "type", "approval_limit", "currency", "time_zone", "department")


@contextmanager
def small_company(examples: Mapping[str, Any], release: Release, find: Finder) -> Iterator[Session]:
    """A session over the company of these examples, with the documents that stay live around the release."""
    documents = _around(release, find)
    named = _Named(release, documents, examples)
    with scratch(MODELS) as session:
        for model, rows in (*_directory(examples.get("people") or (), named), *_documents(documents)):
            if rows:
                session.execute(insert(model), rows)
        yield session


class _Named:
    """Everybody and everything that documents and examples name, by key."""

    def __init__(self, release: Release, documents: Iterable[Authored], examples: Mapping[str, Any]) -> None:
        self.people: set[str] = set()
        self.groups: set[str] = set()
        self.departments: set[str] = {release.department}
        self.locations: set[str] = set()
        for document in documents:
            self._of(KINDS[document.kind], document.body)
        body = {key: release.data[key] for key in ("approval", "fulfilment") if release.data[key]}
        self._of(KINDS["service"], {**release.service, **body})
        for case in examples["cases"]:
            self.people |= {case["person"], case.get("requested_for") or case["person"]}
            self._answered(release.form.fields, case.get("answers") or {})

    def _of(self, kind: Kind, body: Mapping[str, Any]) -> None:
        for _path, part, value in walk(kind.part, body):
            if isinstance(value, str):
                self._is(type(part), value)

    def _is(self, part: type, value: str) -> None:
        if part is PersonEmail:
            self.people.add(value)
        elif part is GroupKey:
            self.groups.add(value.rpartition("/")[2])
        elif part is DepartmentKey:
            self.departments.add(value)

    def _answered(self, fields: Iterable[Field], answers: Mapping[str, Any]) -> None:
        kept = {"person": self.people, "group": self.groups, "department": self.departments, "location": self.locations}
        for field in fields:
            value = answers.get(field.key)
            if field.type in kept and isinstance(value, str):
                kept[field.type].add(value)
            for row in value if field.type == "table" and isinstance(value, list) else ():
                self._answered(getattr(field, "columns", ()), row if isinstance(row, Mapping) else {})


Rows = list[dict[str, Any]]


def _directory(people: Sequence[Mapping[str, Any]], named: _Named) -> Iterator[tuple[type[Base], Rows]]:
    listed = {str(one["email"]): one for one in people}
    others = {one[key] for one in people for key in ("manager", "deputy") if key in one} | named.people
    listed |= {email: {"email": email} for email in sorted(others - listed.keys())}
    members = {(key.rpartition("/")[2], email) for email, one in listed.items() for key in one.get("groups", ())}
    groups = named.groups | {group for group, _email in members}
    alone = {group: f"{group}@somebody.example" for group in groups - {group for group, _email in members}}
    listed |= {email: {"email": email} for email in alone.values()}
    listed |= {
        f"{index}@places.example": {"email": f"{index}@places.example", "location": place}
        for index, place in enumerate(sorted(named.locations))
    }
    members |= set(alone.items())
    heads = {
        one["department"]: email for email, one in listed.items() if one.get("department_head") and "department" in one
    }
    departments = named.departments | {one["department"] for one in listed.values() if "department" in one}
    yield Person, [_person(email, one) for email, one in sorted(listed.items())]
    yield Department, [{"key": key, "head_id": heads.get(key)} for key in sorted(departments)]
    yield Group, [{"id": key, "key": key} for key in sorted(groups)]
    yield Membership, [{"group_id": group, "person_id": email} for group, email in sorted(members)]
    away = [(email, one["deputy"]) for email, one in listed.items() if "deputy" in one]
    yield (
        Delegation,
        [
            {"id": one, "person_id": one, "deputy_id": deputy, "since": ALWAYS[0], "until": ALWAYS[1]}
            for one, deputy in away
        ],
    )


def _person(email: str, said: Mapping[str, Any]) -> dict[str, Any]:
    start = said.get("start_date")
    return {
        "id": email,
        "email": email,
        "name": said.get("name") or email.partition("@")[0],
        "manager_id": said.get("manager"),
        "skills": [],
        "roles": list(said.get("roles", ())),
        "active": said.get("active", True),
        "start_date": date.fromisoformat(start) if start else None,
        "preferences": {},
        "content": "",
        **{key: said.get(key) for key in _COPIED},
    }


def _around(release: Release, find: Finder) -> list[Authored]:
    """The departments and calendars that the release leans on."""
    found: dict[tuple[str, str, str], Authored] = {}
    departments = {release.department, *(task.department for task in (release.plan.tasks if release.plan else ()))}
    wanted = {("department", one, one) for one in departments if one}
    for source in release.data["sources"]:
        document = find(source["kind"], source["department"], source["key"])
        wanted |= references_of(document) if document is not None else set()
    while wanted:
        name = wanted.pop()
        document = find(*name) if name[0] in LIVE and name not in found else None
        if document is not None:
            found[name] = document
            wanted |= references_of(document)
    return list(found.values())


def _documents(documents: Collection[Authored]) -> Iterator[tuple[type[Base], Rows]]:
    contents = {one.name: seal(dict(one.body), salt="") for one in documents}
    yield (
        Document,
        [
            {
                "id": "/".join(one.name),
                "kind": one.kind,
                "department": one.department,
                "key": one.key,
                "state": "published",
                "version": one.version or 1,
                "content": contents[one.name].sha256,
                "body": dict(one.body),
            }
            for one in documents
        ],
    )
    calendars = {contents[one.name].sha256: contents[one.name] for one in documents if one.kind == "calendar"}
    yield ContentRow, [{"sha256": one.sha256, "salt": one.salt, "data": one.data} for one in calendars.values()]
