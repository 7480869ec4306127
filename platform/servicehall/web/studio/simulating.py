"""A draft tried on past requests before it is published: for which period, how far it is, and what would differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.clock import now, parse_instant
from servicehall.models.definitions import Document
from servicehall.services import definitions, drafting, simulation, simulation_sight
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer
from servicehall.texts import N_, _, listed, pick
from servicehall.web.admin.common import author, sent
from servicehall.web.formats import absolute
from servicehall.web.once import once
from servicehall.web.portal import words
from servicehall.web.studio import kinds
from servicehall.web.studio.page import base_of
from servicehall.web.studio.pages import ONE

pages = Blueprint("studio_simulating", __name__)

PERIODS: Mapping[int, str] = {7: N_("A week"), 30: N_("A month"), 90: N_("Three months"), 365: N_("A year")}
USUAL = 90
MOST = 5_000
ASPECTS: Mapping[str, str] = {
    "refused": N_("Whether it could be sent"),
    "approvers": N_("Who approves"),
    "tasks": N_("Tasks"),
    "dates": N_("Due dates"),
}
NOTHING = "–"


@dataclass(frozen=True)
class Differing:
    """One aspect of a request that would have gone another way: what is only there now, and only with the draft."""

    aspect: str
    was: Sequence[str]
    now: Sequence[str]


@pages.get(f"{ONE}/simulation")
def page(kind: str, department: str, key: str) -> ResponseReturnValue:
    """The period to choose, how far the last one asked for is, or what it found."""
    viewer = author(department)
    row = _row(viewer, (kind, department, key))
    job = simulation.asked(viewer, row)
    found = simulation_sight.seen(viewer, job.result) if job is not None and job.result is not None else None
    return render_template(
        "studio/simulation.html",
        row=row,
        title=kinds.title_of(row),
        base=base_of((kind, department, key)),
        job=job,
        found=found,
        is_old=found is not None and found.get("edition") not in (None, drafting.edition(row)),
        counts=_counts(job.result) if job is not None and job.result is not None else (),
        periods=[(str(days), _(text)) for days, text in PERIODS.items()],
        days=str(job.payload["days"] if job is not None else USUAL),
        differing=partial(differing, titles=_titles(row.body, row.draft_body)),
    )


@pages.post(f"{ONE}/simulate")
@once("/studio/{kind}/{department}/{key}/simulation")
def start(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Asks for it; one that is still at work is given up."""
    viewer = author(department)
    days = int(sent("days")) if sent("days") in map(str, PERIODS) else USUAL
    row = _row(viewer, (kind, department, key))
    simulation.ask(viewer, row, days=days, most=MOST, at=now())
    return redirect(f"{base_of((kind, department, key))}/simulation", code=303)


def _counts(result: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
    """How many requests differ in each aspect, also among those that only count."""
    found = Counter(name for one in result.get("differences", ()) for name in one["aspects"])
    return [(_(text), found[name]) for name, text in ASPECTS.items() if found[name]]


def _titles(*bodies: Mapping[str, Any] | None) -> Mapping[str, str]:
    """What the stages and tasks of these documents are called, and the measures of service levels, by their keys."""
    found = {name: _(text) for name, text in words.MEASURES.items()}
    for body in filter(None, bodies):
        parts = (body, body.get("approval"), body.get("fulfilment"))
        held = [part.get(name) for part in parts if isinstance(part, Mapping) for name in ("stages", "tasks")]
        for entry in (one for several in held if isinstance(several, list) for one in several):
            if isinstance(entry, Mapping) and isinstance(entry.get("key"), str):
                found[entry["key"]] = pick(entry.get("title")) or entry["key"]
    return found


def differing(aspects: Mapping[str, Mapping[str, Any]], *, titles: Mapping[str, str]) -> Iterator[Differing]:
    """Aspect by aspect in words: what is said on one side only."""
    for name, sides in aspects.items():
        was, will = (list(_LINES[name](sides[side] or (), titles)) for side in ("was", "now"))
        only_was, only_now = [one for one in was if one not in will], [one for one in will if one not in was]
        yield Differing(_(ASPECTS[name]), only_was or [NOTHING], only_now or [NOTHING])


def _approvers(stages: Sequence[Sequence[Any]], titles: Mapping[str, str]) -> Iterator[str]:
    for key, voices, skipped in stages:
        who = _("passed over") if skipped else listed(map(words.group, voices)) or NOTHING
        yield _("{about}: {text}", about=titles.get(key, key), text=who)


def _tasks(tasks: Sequence[Sequence[str]], titles: Mapping[str, str]) -> Iterator[str]:
    for key, department, group in tasks:
        where = " · ".join(filter(None, (words.department(department), group and words.group(group))))
        yield _("{about}: {text}", about=titles.get(key, key), text=where)


def _dates(dates: Mapping[str, str], titles: Mapping[str, str]) -> Iterator[str]:
    for name, at in dict(dates).items():
        _what, _space, key = name.partition(" ")
        yield _("{about}: {text}", about=titles.get(key, key), text=absolute(parse_instant(at)))


_LINES: Mapping[str, Any] = {
    "refused": lambda codes, titles: list(codes) or [_("accepted")],
    "approvers": _approvers,
    "tasks": _tasks,
    "dates": _dates,
}


def _row(viewer: Viewer, name: Name) -> Document:
    """A document that can be tried; for others there is nothing to simulate."""
    if not simulation.is_tried(name[0]):
        raise NoPage
    return definitions.get(viewer.session, name)


pages.app_template_test("tried")(simulation.is_tried)
