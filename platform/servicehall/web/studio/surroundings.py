"""What a document's parts may name: the directory's departments and groups, other documents, its own fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import split_reference
from servicehall.documents.guard_rails import GuardRails
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.releases import users_of
from servicehall.documents.words import ROUND_THE_CLOCK
from servicehall.services import guard_rails, people_lists
from servicehall.services.shelf import Shelf
from servicehall.services.storefront import storefront
from servicehall.texts import _, pick
from servicehall.web.portal import words

Choices = Sequence[tuple[str, str]]


@dataclass
class Surroundings:
    """The choices for one document in the studio, read when they are asked for, once."""

    session: Session
    document: Authored

    @cached_property
    def shelf(self) -> Shelf:
        return Shelf(self.session)

    @cached_property
    def departments(self) -> Choices:
        """By title, with the key that the document writes."""
        return [(key, _called(key, words.department(key))) for key in people_lists.departments(self.session)]

    @cached_property
    def rails(self) -> GuardRails:
        """What the documents of its department may not use."""
        return guard_rails.allowed(self.session, self.document.department)

    @cached_property
    def groups(self) -> Choices:
        """Those of the document's own department first."""
        inorder = sorted(people_lists.groups(self.session), key=lambda one: one.department != self.document.department)
        return [(one.key, _called(one.key, words.group(one.key))) for one in inorder]

    @cached_property
    def _documents(self) -> Mapping[str, Choices]:
        found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        found["calendar"].append((ROUND_THE_CLOCK, _("Around the clock")))
        own = self.document.department
        for one in sorted(self.shelf.published.values(), key=lambda one: (one.department != own, one.name)):
            name = one.key if one.department == own else one.reference
            found[one.kind].append((name, f"{pick(one.body.get('title')) or one.key} ({name})"))
        return found

    @cached_property
    def own_services(self) -> Choices:
        """The published services of the document's department, by title."""
        department = self.document.department
        own = [one for name, one in self.shelf.published.items() if name[:2] == ("service", department)]
        return sorted(((one.key, pick(one.body.get("title")) or one.key) for one in own), key=lambda one: one[1])

    @cached_property
    def categories(self) -> Choices:
        """The categories that departments have named, in their order."""
        return [(key, pick(one.get("title")) or key) for key, one in storefront(self.session).categories.items()]

    def documents(self, kind: str) -> Choices:
        """The published documents of a kind, as this document names them; `24x7` is a calendar too."""
        return self._documents.get(kind, ())

    def of_reference(self, kind: str, reference: str) -> Authored | None:
        """The document that a reference of this document names."""
        if reference == ROUND_THE_CLOCK:
            return None
        return self.shelf.find(kind, *split_reference(reference, self.document.department))

    def chain(self, reference: str) -> Mapping[str, Any] | None:
        """What a shared approval chain says."""
        found = self.of_reference("approval_chain", reference)
        return found.body if found is not None else None

    def reopening(self, stage: str) -> list[str]:
        """The published services that use this very chain and have a field whose change reopens a stage of it."""
        if self.document.kind != "approval_chain":
            return []
        using = users_of(self.document, self.shelf.published.values())
        return [
            pick(one.body.get("title")) or one.reference
            for one in using
            if any(stage in field.get("reopens", ()) for field in self.of_form(one))
        ]

    @cached_property
    def fields(self) -> Choices:
        """The fields of the document's form with those of its field sets, by key."""
        return [(key, f"{pick(one.get('label')) or key} ({key})") for key, one in self.definitions.items()]

    @cached_property
    def definitions(self) -> Mapping[str, Mapping[str, Any]]:
        """The fields as they are written, by key; of what services share, those of the services that use it."""
        shared = self.document.kind != "service" and KINDS[self.document.kind].pinned
        using = users_of(self.document, self.shelf.published.values()) if shared else []
        return {str(one["key"]): one for document in (self.document, *using) for one in self.of_form(document)}

    def of_form(self, document: Authored) -> Iterator[Mapping[str, Any]]:
        """The fields of a service's form, or of a field set, as they are written."""
        body, form = document.body, document.body.get("form")
        pages = form.get("pages") if isinstance(form, Mapping) else None
        holders: list[Any] = [body, form, *(pages if isinstance(pages, list) else [])]
        for holder in holders:
            entries = holder.get("fields") if isinstance(holder, Mapping) else None
            for entry in entries if isinstance(entries, list) else []:
                yield from self._entry(entry, document.department)

    def _entry(self, entry: Any, department: str) -> Iterator[Mapping[str, Any]]:
        if not isinstance(entry, Mapping):
            return
        if "use" in entry and "key" not in entry:
            found = self.shelf.find("field_set", *split_reference(str(entry["use"]), department))
            for inner in found.body.get("fields", ()) if found is not None else ():
                if isinstance(inner, Mapping) and inner.get("key"):
                    yield inner
        elif entry.get("key"):
            yield entry


def _called(key: str, title: str) -> str:
    return f"{title} ({key})" if title != key else key
