"""Forms with their field sets put in place and their choice lists inlined, and where each part came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from servicehall.documents.document import Place
from servicehall.documents.kinds.forms import MOST_FIELDS
from servicehall.documents.source import child

Follow = Callable[[Place, str], Place | None]
"""From the place of a reference, and the kind it must have, to the document's place; None where it is missing."""


@dataclass
class Expanded:
    """`form` is whole where nothing was `missing` and it is not `too_large`.

    `origins` leads from its paths to the places they came from.
    """

    form: dict[str, Any]
    origins: dict[str, Place] = field(default_factory=dict)
    missing: bool = False
    too_large: bool = False

    @property
    def whole(self) -> bool:
        return not (self.missing or self.too_large)

    def origin(self, path: str) -> Place:
        """Where the thing at a path of the expanded form was written."""
        prefix = path
        while prefix and prefix not in self.origins:
            prefix = prefix[: max(prefix.rfind("."), prefix.rfind("["), 0)]
        return self.origins[prefix].below(path[len(prefix) :].removeprefix("."))


def expand_form(form: Place, follow: Follow) -> Expanded:
    """The form of a service or task with all that it uses."""
    expansion = _Expansion(follow)
    expansion.result.origins[""] = form
    value = dict(form.value)
    if "pages" in value:
        value["pages"] = [expansion.page(page, f"pages[{n}]") for n, page in enumerate(form.items("pages"))]
    if "fields" in value:
        value["fields"] = expansion.fields(form, "fields")
    expansion.result.form.update(value)
    return expansion.result


class _Expansion:
    def __init__(self, follow: Follow) -> None:
        self.follow = follow
        self.result = Expanded({})
        self.count = 0

    def page(self, page: Place, path: str) -> Any:
        if not isinstance(page.value, Mapping):
            return page.value
        self.result.origins[path] = page
        return {**page.value, "fields": self.fields(page, child(path, "fields"))}

    def fields(self, holder: Place, path: str) -> list[Any]:
        found: list[Any] = []
        for entry in self._entries(holder):
            if self.count == MOST_FIELDS:
                self.result.too_large = True
                break
            self.count += 1
            here = child(path, len(found))
            self.result.origins[here] = entry
            found.append(self.definition(entry, here))
        return found

    def _entries(self, holder: Place) -> Iterator[Place]:
        for entry in holder.items("fields"):
            if isinstance(entry.value, Mapping) and "use" in entry.value and "key" not in entry.value:
                used = self.follow(entry.at("use"), "field_set")
                if used is None:
                    self.result.missing = True
                else:
                    yield from used.items("fields")
            else:
                yield entry

    def definition(self, entry: Place, path: str) -> Any:
        """One field; its choice list, and those of a table's columns, stand in it."""
        if not isinstance(entry.value, Mapping):
            return entry.value
        value = dict(entry.value)
        if "columns" in value:
            columns = enumerate(entry.items("columns"))
            value["columns"] = [self.definition(column, child(child(path, "columns"), n)) for n, column in columns]
        source = value.get("options")
        if isinstance(source, Mapping) and "use" in source:
            used = self.follow(entry.at("options", "use"), "choice_list")
            if used is None:
                self.result.missing = True
            else:
                self.result.origins[child(path, "options")] = used.at("options")
                value["options"] = used.value["options"]
        return value
