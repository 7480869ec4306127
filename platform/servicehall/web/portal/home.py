"""The start page, and the one search over services and my requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.services import catalog
from servicehall.services.catalog import Card
from servicehall.web.inbox.waiting import waiting_count, waiting_rows
from servicehall.web.portal import words
from servicehall.web.portal.acting import viewer
from servicehall.web.portal.mine import mine_rows

pages = Blueprint("home", __name__)

MOST_OPEN = 6
MOST_FEATURED = 6
MOST_WAITING = 4
MOST_FOUND = 12
LONGEST_SEARCH = 200


@pages.get("/")
def home() -> ResponseReturnValue:
    """Find a service, and see what is open and what waits."""
    cards = catalog.services_for(viewer(), at=now())
    categories = Counter(card.category for card in cards)
    return render_template(
        "portal/home.html",
        categories=sorted(categories.items(), key=lambda pair: words.category_order(pair[0])),
        featured=featured_of(cards),
        mine=mine_rows(viewer(), "open", limit=MOST_OPEN),
        waiting=waiting_rows(viewer(), MOST_WAITING),
        waiting_count=waiting_count(viewer()),
        words=words,
    )


def featured_of(cards: Sequence[Card]) -> list[Card]:
    """Of these services those that departments feature, in their order."""
    known = {card.reference: card for card in cards}
    return [known[one] for one in words.front().featured if one in known][:MOST_FEATURED]


@pages.get("/search")
def search() -> ResponseReturnValue:
    """`?q=` over services and my requests."""
    q = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    cards = catalog.services_for(viewer(), at=now(), q=q)[:MOST_FOUND] if q else []
    found = mine_rows(viewer(), "all", q=q, limit=MOST_FOUND) if q else []
    return render_template("portal/search.html", q=q, cards=cards, found=found, words=words)
