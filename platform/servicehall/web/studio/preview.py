"""Preview: the real form of a draft as a person of one's choice, with who would approve, which tasks and when.

Nothing is ordered and nothing is written. Of other people the form knows what any colleague may know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from servicehall.clock import now
from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import ERROR
from servicehall.documents.patching import Operation
from servicehall.errors import Invalid
from servicehall.models.directory import Person
from servicehall.services import catalog, directory
from servicehall.services.examples import has_people, new_case
from servicehall.services.releases import Release, may_order, viewer_context
from servicehall.services.unpublished import Known, release_of, services_through, without_private_facts
from servicehall.services.visibility import Viewer
from servicehall.texts import N_, pick
from servicehall.web.portal import people, words
from servicehall.web.portal.filling import Filling, fill, with_preview
from servicehall.web.studio.found import Fault, examine, fault_of
from servicehall.web.studio.page import Page

WIDTHS: Mapping[str, str] = {"desktop": N_("Desktop"), "phone": N_("Phone")}
LONGEST = 254


@dataclass(frozen=True)
class Asked:
    """What the page was asked to show: as whom, at which width, and through which service."""

    person: Person
    unknown: str
    width: str
    through: Authored | None
    services: Sequence[Authored]
    alone: bool

    @property
    def query(self) -> Mapping[str, str]:
        """What an address says to show the same."""
        through = self.through.reference if self.through is not None else ""
        return {"person": self.person.email, "through": through}


def values(page: Page) -> Mapping[str, Any]:
    """The tab; what was typed in the form comes along where it was posted."""
    asked = _asked(page)
    said: dict[str, Any] = {"asked": asked, "filling": None, "words": words, "why_not": (), "refusal": ""}
    said |= {"widths": WIDTHS, "choices": service_choices(asked.services), "may_keep": may_keep(page)}
    if page.row.kind != "service" and asked.through is None and not asked.alone:
        return said
    try:
        filling = filled(page, asked)
    except (Invalid, LookupError) as error:
        why = _errors(page)
        if not why and not isinstance(error, Invalid):
            raise
        return said | {"why_not": why, "refusal": error.detail if isinstance(error, Invalid) else ""}
    requester = _as(page.viewer, asked.person)
    release, manager = filling.release, asked.person.manager_id
    others = people.candidates(requester, release) if people.may_order_for_others(requester, release) else []
    return said | {
        "filling": filling,
        "card": catalog.card_of(release),
        "others": others,
        "manager": directory.find(page.viewer.session, manager) if manager else None,
        "hidden": _is_hidden(page, asked, release),
        "checked": _checked(),
    }


def filled(page: Page, asked: Asked | None = None) -> Filling:
    """The form as the chosen person would have it after what was typed. Errors: Invalid where it cannot be built."""
    asked = asked or _asked(page)
    requester, at = _as(page.viewer, asked.person), now()
    release = release_of(
        page.viewer.session, page.document, service=asked.through.name if asked.through is not None else None
    )
    posted = request.form if request.method == "POST" else None
    filling = fill(requester, release, posted=posted, at=at, show_errors=_checked(), known=_known_to(page.viewer))
    return with_preview(requester, filling, at=at)


def may_keep(page: Page) -> bool:
    """Whether what is shown may be kept as an example: of a service whose examples have no people of their own."""
    return page.row.kind == "service" and not has_people(page.document)


def example(page: Page) -> list[Operation]:
    """The change that adds what was typed, and what came of it, to the examples of the service."""
    asked = _asked(page)
    filling = filled(page, asked)
    files = {one.key for one in filling.form.fields() if one.type == "file"}
    typed = filling.form.raw()
    answers = {key: value for key, value in typed.items() if key not in files and value not in ("", [], None)}
    said = {
        "person": asked.person.email,
        "requested_for": filling.requested_for if filling.requested_for != asked.person.email else "",
        "moment": now().date().isoformat(),
        "impact": filling.impact,
        "urgency": filling.urgency,
        "answers": answers,
    }
    case = {name: value for name, value in said.items() if value}
    made = new_case(filling.release, case, page.body, page.viewer.session)
    if "examples" in page.body:
        return [{"op": "add", "path": "/examples/cases/-", "value": made}]
    return [{"op": "add", "path": "/examples", "value": {"cases": [made]}}]


def _asked(page: Page) -> Asked:
    said = {name: request.values.get(name, "").strip()[:LONGEST] for name in ("person", "through", "width")}
    found = directory.by_email(page.viewer.session, said["person"]) if said["person"] else page.viewer.person
    is_known = found is not None and found.active
    services = [] if page.row.kind == "service" else _services(page)
    alone = page.row.kind == "field_set"
    chosen = next((one for one in services if one.reference == said["through"]), None)
    if chosen is None and services and not alone:
        chosen = services[0]
    return Asked(
        person=found if found is not None and is_known else page.viewer.person,
        unknown="" if is_known else said["person"],
        width=said["width"] if said["width"] in WIDTHS else "desktop",
        through=chosen,
        services=services,
        alone=alone,
    )


def _services(page: Page) -> list[Authored]:
    """The services of one's own departments that the document may be seen through."""
    viewer = page.viewer
    return services_through(viewer.session, page.document, departments=None if viewer.is_admin else viewer.administers)


def _as(viewer: Viewer, person: Person) -> Viewer:
    """The eyes of the chosen person, for the form alone."""
    return Viewer(viewer.session, _known_to(viewer)(person))


def _known_to(viewer: Viewer) -> Known:
    return lambda person: person if person.id == viewer.id else without_private_facts(person)


def _checked() -> bool:
    return request.form.get("checked") == "yes" or request.form.get("act") == "look"


def _is_hidden(page: Page, asked: Asked, release: Release) -> bool:
    """Whether the chosen person would not find the service at all."""
    if release.service["key"] == page.row.key and page.row.kind == "field_set":
        return False
    return not may_order(release, viewer_context(_as(page.viewer, asked.person), now()))


def _errors(page: Page) -> list[Fault]:
    """What keeps the draft from being built."""
    found = examine(page.viewer.session, page.document.canonical())
    return [fault_of(page.row.kind, page.body, one) for one in found if one.severity == ERROR]


def service_choices(services: Sequence[Authored]) -> list[tuple[str, str]]:
    """The services that a document may be seen through, with their titles."""
    return [(one.reference, f"{pick(one.body.get('title')) or one.key} ({one.reference})") for one in services]
