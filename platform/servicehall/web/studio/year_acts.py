"""What the buttons and rows of a calendar's year do, as JSON Patch: hours of weekdays, holidays, single days."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from servicehall.documents.patching import Operation, pointer, value_at
from servicehall.domain.calendar_rules import WEEKDAYS, read_date
from servicehall.errors import Invalid, Problem
from servicehall.texts import _
from servicehall.web.studio.reading import Acts, Controls, Sent

Body = Mapping[str, Any]
USUAL = ["09:00-17:00"]
EXCEPTIONS = ("closed", "open")


def days_of(key: str) -> tuple[str, ...]:
    """The weekdays of `mon` or `mon-fri`; nothing for a word that is none."""
    first, _dash, last = key.partition("-")
    last = last or first
    if first not in WEEKDAYS or last not in WEEKDAYS:
        return ()
    start, count = WEEKDAYS.index(first), (WEEKDAYS.index(last) - WEEKDAYS.index(first)) % 7 + 1
    return tuple(WEEKDAYS[(start + step) % 7] for step in range(count))


def _week_add(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """Hours for the first weekday that has none."""
    week = body.get("week")
    held = week if isinstance(week, Mapping) else {}
    taken = {day for key in held for day in days_of(key)}
    free = next((day for day in WEEKDAYS if day not in taken), None)
    if free is None:
        raise Invalid(_("Every weekday has its row."))
    hours = next((list(one) for one in held.values() if isinstance(one, list) and one), USUAL)
    if not isinstance(week, Mapping):
        return [{"op": "add", "path": "/week", "value": {free: hours}}]
    return [{"op": "add", "path": pointer("week", free), "value": hours}]


def _week_days(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """From which weekday to which a row of hours holds: [first, last]."""
    key, held = at.removeprefix("/week/"), value_at(body, at)
    first, last = (*values, values[-1])[:2]
    wish = first if first == last else f"{first}-{last}"
    if held is None or wish == key or not days_of(wish):
        return []
    if value_at(body, pointer("week", wish)) is not None:
        message = _("There is a row for these days already.")
        raise Invalid(message, [Problem(at, "duplicate", message)])
    return [{"op": "remove", "path": at}, {"op": "add", "path": pointer("week", wish), "value": held}]


def _hours(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """Ranges of hours as they were typed, between commas or on lines, with any dash; an empty row stays as free."""
    was = value_at(body, at)
    said = [re.sub(r"\s*[-–—~～]\s*", "-", one.strip()) for one in re.split(r"[\n,;，；、]", values[-1]) if one.strip()]
    if was == said:
        return []
    return [{"op": "add" if was is None else "replace", "path": at, "value": said}]


def _country(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """The country whose holidays are free; its region goes with another country, all of it without one."""
    held, country = body.get("holidays"), values[-1].strip()
    now = held.get("country") if isinstance(held, Mapping) else None
    if country == (now or ""):
        return []
    if not country:
        return [{"op": "remove", "path": "/holidays"}]
    if not isinstance(held, Mapping):
        return [{"op": "add", "path": "/holidays", "value": {"country": country}}]
    kept = {name: value for name, value in held.items() if name != "subdivision"}
    return [{"op": "replace", "path": "/holidays", "value": {**kept, "country": country}}]


def _close(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """Closes a day by exception."""
    return [*_plain(kind, body, at, more, sent), _exception(_without(body, at), "closed", {"date": _day(at)})]


def _open(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """Gives a day hours of its own: those of the week's first working day to begin with."""
    week = body.get("week")
    rows = week.values() if isinstance(week, Mapping) else ()
    hours = next((list(one) for one in rows if isinstance(one, list) and one), USUAL)
    entry = {"date": _day(at), "hours": hours}
    return [*_plain(kind, body, at, more, sent), _exception(_without(body, at), "open", entry)]


def _plain(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """Back to what the rules say of a day."""
    day = _day(at)
    found: list[Operation] = []
    for name in EXCEPTIONS:
        held = body.get(name)
        entries = held if isinstance(held, list) else []
        kept = [one for one in entries if not _is(one, day)]
        places = [index for index, one in enumerate(entries) if _is(one, day)]
        if places and not kept:
            found.append({"op": "remove", "path": f"/{name}"})
        else:
            found += [{"op": "remove", "path": f"/{name}/{index}"} for index in reversed(places)]
    return found


def _exception(body: Body, name: str, entry: dict[str, Any]) -> Operation:
    """An entry where its date belongs."""
    held = body.get(name)
    if not isinstance(held, list):
        return {"op": "add", "path": f"/{name}", "value": [entry]}
    place = sum(str(one.get("date")) < entry["date"] for one in held if isinstance(one, Mapping))
    return {"op": "add", "path": f"/{name}/{place}", "value": entry}


def _without(body: Body, day: str) -> Body:
    """The body as it is once the day's exceptions are gone."""
    kept = {name: [one for one in body.get(name) or () if not _is(one, day)] for name in EXCEPTIONS}
    return {name: held for name, held in kept.items() if held}


def _is(entry: Any, day: str) -> bool:
    return isinstance(entry, Mapping) and str(entry.get("date")) == day


def _day(said: str) -> str:
    if read_date(said) is None:
        raise Invalid(_("“{value}” is no date.", value=said[:20]))
    return said


ACTS: Acts = {"week-add": _week_add, "day-close": _close, "day-open": _open, "day-plain": _plain}
CONTROLS: Controls = {"week-days": _week_days, "hours": _hours, "country": _country}
