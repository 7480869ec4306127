"""The pages that find a service: the list of what one may order, by department, category and words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.services import catalog
from servicehall.services.catalog import Card
from servicehall.web.portal import words
from servicehall.web.portal.acting import viewer

pages = Blueprint("catalog", __name__)

LONGEST_SEARCH = 200


@pages.get("/services")
def services() -> ResponseReturnValue:
    """What the person may order, narrowed by the address: `?q=&department=&category=`."""
    q = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    department = request.args.get("department") or None
    category = request.args.get("category") or None
    everything = catalog.services_for(viewer(), at=now())
    found, categories = everything, {card.category for card in everything}
    if q or department or category:
        found = catalog.services_for(viewer(), at=now(), q=q, department=department, category=category)
    return render_template(
        "portal/services.html",
        found=found,
        groups=[] if q or department or category else grouped(found),
        q=q,
        department=department,
        category=category,
        departments=_named({card.department for card in everything}, words.department),
        categories=[(key, words.category(key)) for key in sorted(categories, key=words.category_order)],
        anything=bool(everything),
        words=words,
    )


def grouped(cards: Sequence[Card]) -> list[tuple[str, list[Card]]]:
    """The cards under their departments, in the order of the departments' titles, then of their categories."""
    by_department: dict[str, list[Card]] = {}
    for card in sorted(cards, key=lambda card: (words.category_order(card.category), card.title)):
        by_department.setdefault(card.department, []).append(card)
    return sorted(by_department.items(), key=lambda pair: words.department(pair[0]))


def _named(keys: Iterable[str], name: Callable[[str], str]) -> list[tuple[str, str]]:
    """Pairs of key and word, in the order of the words."""
    return sorted(((key, name(key)) for key in keys), key=lambda pair: pair[1])
