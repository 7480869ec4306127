"""How departments present the catalog: their titles, their categories in order, and what they feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.models.definitions import Document


@dataclass(frozen=True)
class Storefront:
    """`titles` by department; `categories` by key, in their order: the first department that names one counts;
    `featured` are services (`department/key`) in the order of departments, each department's own before."""

    titles: Mapping[str, Any]
    categories: Mapping[str, Mapping[str, Any]]
    featured: Sequence[str]

    def place_of(self, category: str) -> int:
        """Where a category stands; those that no department names come last."""
        return list(self.categories).index(category) if category in self.categories else len(self.categories)


def storefront(session: Session) -> Storefront:
    """What the published documents of all departments say."""
    asked = select(Document.department, Document.body).where(
        Document.kind == "department", Document.state == "published"
    )
    rows = [(key, body or {}) for key, body in session.execute(asked.order_by(Document.department))]
    categories: dict[str, Mapping[str, Any]] = {}
    for _key, body in rows:
        for one in body.get("categories", ()):
            categories.setdefault(one["key"], one)
    return Storefront(
        titles={key: body.get("title") for key, body in rows},
        categories=categories,
        featured=[f"{key}/{one}" for key, body in rows for one in body.get("featured", ())],
    )
