"""One document as the studio's pages show it: its draft, what is wrong with it, and what its parts may name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from servicehall.clock import now
from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import NOTE, PlacedProblem, in_order
from servicehall.documents.patching import value_at
from servicehall.documents.source import child
from servicehall.models.definitions import Document
from servicehall.services import checking, deciders, definitions, drafting
from servicehall.services.drafting import Draft
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer
from servicehall.texts import pick
from servicehall.web.studio.nodes import Node, Nodes
from servicehall.web.studio.reading import part_at
from servicehall.web.studio.ruling import Rules
from servicehall.web.studio.surroundings import Surroundings


@dataclass
class Page:
    """What every tab begins with; what costs something is read when a tab asks for it."""

    viewer: Viewer
    row: Document
    draft: Draft
    at: str = ""

    @classmethod
    def of(cls, viewer: Viewer, name: Name, *, at: str = "") -> Page:
        """The page of a document that is there; NotFound else."""
        return cls(viewer, definitions.get(viewer.session, name), drafting.current(viewer.session, name), at)

    @property
    def name(self) -> Name:
        return self.row.kind, self.row.department, self.row.key

    @property
    def base(self) -> str:
        """The address of the document's pages, to which a tab's key is added."""
        return base_of(self.name)

    @property
    def document(self) -> Authored:
        return self.draft.document

    @property
    def body(self) -> Mapping[str, Any]:
        return self.draft.document.body

    @property
    def title(self) -> str:
        return pick(self.body.get("title")) or self.row.key

    @cached_property
    def around(self) -> Surroundings:
        return Surroundings(self.viewer.session, self.document)

    @cached_property
    def rules(self) -> Rules:
        return Rules(self.around)

    @cached_property
    def problems(self) -> list[PlacedProblem]:
        """Everything that publishing would find, errors first, notes last."""
        session = self.viewer.session
        found = [
            *checking.check_draft(session, self.document),
            *deciders.cycles_beside(session, self.document, now()),
        ]
        return sorted(found, key=in_order)

    @cached_property
    def by_place(self) -> Mapping[str, Sequence[str]]:
        """What is wrong in this very document, by place."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for one in self.problems:
            if not one.file and one.severity != NOTE:
                found[one.path].append(one.said)
        return found

    def node(self, at: str = "", *, only: Sequence[str] | None = None, without: Sequence[str] = ()) -> Node:
        """The controls of a part of the document, by its JSON Pointer."""
        part, value = part_at(self.row.kind, self.body, at), value_at(self.body, at)
        nodes = Nodes(self.around, self.by_place, opened=self.at)
        return nodes.of(part, value, at, path_of(self.body, at), only=only, without=without)


def base_of(name: Name) -> str:
    """The address of a document's pages in the studio."""
    return "/studio/" + "/".join(name)


def path_of(body: Mapping[str, Any], at: str) -> str:
    """A JSON Pointer as the checks name the place: `/form/pages/0` is `form.pages[0]`."""
    path, value = "", cast("Any", body)
    for key in at.split("/")[1:]:
        plain = key.replace("~1", "/").replace("~0", "~")
        is_index = isinstance(value, list) and plain.isdecimal()
        path = child(path, int(plain) if is_index else plain)
        value = value_at(value, "/" + key) if isinstance(value, (Mapping, list)) else {}
    return path
