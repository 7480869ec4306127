"""Words for keys that documents leave without a title: categories, departments, impact and urgency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g

from servicehall.domain.durations import Duration
from servicehall.domain.ledgers import Part
from servicehall.models.base import db
from servicehall.services.departments import group_name, group_titles
from servicehall.services.storefront import Storefront, storefront
from servicehall.services.words import why_sentence
from servicehall.texts import N_, _, pick

CATEGORIES: Mapping[str, str] = {
    "access": N_("Access and accounts"),
    "building": N_("Building"),
    "communication": N_("Communication"),
    "devices": N_("Devices"),
    "documents": N_("Documents and certificates"),
    "job-changes": N_("Job changes"),
    "joiners-and-leavers": N_("Joining and leaving"),
    "learning": N_("Learning"),
    "meetings": N_("Meetings and visitors"),
    "operations": N_("IT operations"),
    "other": N_("Other services"),
    "pay": N_("Pay"),
    "software": N_("Software"),
    "support": N_("Help with a problem"),
    "time-off": N_("Time off"),
    "workplace": N_("Workplace"),
}
CATEGORY_ICONS: Mapping[str, str] = {
    "access": "key",
    "building": "building",
    "communication": "messages",
    "devices": "device-laptop",
    "documents": "certificate",
    "job-changes": "arrows-transfer-up",
    "joiners-and-leavers": "user-plus",
    "learning": "school",
    "meetings": "calendar-event",
    "operations": "server",
    "pay": "wallet",
    "software": "license",
    "support": "lifebuoy",
    "time-off": "beach",
    "workplace": "armchair",
}
LEVELS: Mapping[str, str] = {
    "company": N_("The whole company"),
    "department": N_("A department"),
    "person": N_("One person"),
    "building": N_("The whole building"),
    "floor": N_("A floor"),
    "room": N_("A room"),
    "danger": N_("People or things are in danger"),
    "blocked": N_("Work has stopped"),
    "hindered": N_("Work goes on with difficulty"),
    "minor": N_("It is a nuisance"),
}
KINDS: Mapping[str, str] = {
    "request": N_("Service request"),
    "incident": N_("Incident"),
    "problem": N_("Problem"),
    "change": N_("Change"),
}
MEASURES: Mapping[str, str] = {
    "response": N_("First answer by"),
    "resolution": N_("Done by"),
    "approval": N_("Decision by"),
    "task": N_("Task done by"),
}
LEDGER_PARTS: Mapping[Part, str] = {
    Part.PASSED: N_("Until now"),
    Part.OVERDUE: N_("Past the due moment"),
    Part.AHEAD: N_("From now on"),
}
PERIODS: Mapping[str, str] = {
    "day": N_("{price} a day"),
    "week": N_("{price} a week"),
    "month": N_("{price} a month"),
    "quarter": N_("{price} a quarter"),
    "year": N_("{price} a year"),
}


def say(words: Mapping[str, str], key: str) -> str:
    """The word for a key; one that nobody translated shows as it is written, readably."""
    return _(words[key]) if key in words else key.replace("-", " ").replace("_", " ").capitalize()


def front() -> Storefront:
    """What departments say of the catalog, read once for each web request."""
    if "storefront" not in g:
        g.storefront = storefront(db.session())
    found: Storefront = g.storefront
    return found


def category(key: str) -> str:
    """As a department calls it, else by the words that are known here."""
    return pick(front().categories.get(key, {}).get("title")) or say(CATEGORIES, key)


def category_icon(key: str) -> str:
    return str(front().categories.get(key, {}).get("icon") or CATEGORY_ICONS.get(key, "folder"))


def category_order(key: str) -> tuple[int, str]:
    """The order of categories: as departments list them, the others after that by their words."""
    return front().place_of(key), category(key)


def level(key: str) -> str:
    """An impact or an urgency in the reader's words."""
    return say(LEVELS, key)


def kind(key: str) -> str:
    """What sort of request it is."""
    return say(KINDS, key)


def period(key: str) -> str:
    """`{price} a month`: the price is put in where it is shown."""
    return PERIODS.get(key, N_("{price} each time"))


def department(key: str) -> str:
    """The department's title as its document says it, else its key."""
    return pick(front().titles.get(key)) or key


def expected(duration: str | None) -> str:
    """`2 business days`, in the reader's language."""
    return Duration.parse(duration).in_words() if duration else ""


def measure(key: str) -> str:
    """What a clock promises."""
    return say(MEASURES, key)


def why(said: Mapping[str, Any] | None) -> str:
    """The one sentence that says why."""
    return why_sentence(said)


def ledger_parts() -> dict[Part, str]:
    """The parts of a ledger in the reader's words."""
    return {part: _(text) for part, text in LEDGER_PARTS.items()}


def group(key: str | None) -> str:
    """What a group is called; the titles are read once for a page."""
    titles = g.get("group_titles")
    if titles is None:
        titles = g.group_titles = group_titles(db.session())
    return group_name(key, titles)
