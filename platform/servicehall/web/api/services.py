"""Services: what may be ordered, how its form looks, and what an order would bring about."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicehall.clock import now
from servicehall.services import cases, catalog, releases
from servicehall.services.beneficiaries import beneficiary_of
from servicehall.services.catalog import Card
from servicehall.services.releases import Release
from servicehall.services.submission import new_facts
from servicehall.texts import current_locale
from servicehall.web.api import inputs, preview_shapes, shapes
from servicehall.web.api.calls import as_json, call, listed_parts, only_read, viewer
from servicehall.web.plan_words import warnings

TAG = "Services"


@call(
    "GET",
    "/services",
    summary="What the caller may order, best matches first",
    tag=TAG,
    query=inputs.ServicesQuery,
    answer=shapes.page_of(shapes.Service),
)
def list_services(query: dict[str, Any]) -> Response:
    wanted = {name: query[name] for name in ("q", "department", "category")}
    return listed_parts([_card(card) for card in catalog.services_for(viewer(), at=now(), **wanted)], query)


@call("GET", "/services/<department>/<key>", summary="One service", tag=TAG, answer=shapes.Service)
def get_service(department: str, key: str) -> Response:
    return as_json(_card(catalog.card_of(_orderable(department, key))))


@call(
    "GET",
    "/services/<department>/<key>/form",
    summary="The form as JSON Schema 2020-12, with conditions under x-visible, x-required, …",
    tag=TAG,
    answer="application/schema+json",
)
def get_form(department: str, key: str) -> Response:
    response = as_json(_asked_form(_orderable(department, key)))
    response.content_type = "application/schema+json"
    return response


@call(
    "POST",
    "/services/<department>/<key>/check",
    summary="What an order would come to: errors, approvers, tasks, due dates; nothing is submitted",
    tag=TAG,
    body=inputs.Check,
    answer=preview_shapes.Preview,
)
def check(department: str, key: str, said: dict[str, Any]) -> Response:
    only_read()
    at, release = now(), _orderable(department, key)
    person = beneficiary_of(viewer(), release, said["requested_for"])
    facts = new_facts(release, at=at, **{name: said[name] for name in ("priority", "impact", "urgency")})
    preview = catalog.preview(
        viewer(), release, said["answers"], beneficiary=person, at=at, facts=facts, said=said["priority"]
    )
    record = cases.preview_record(preview)
    record["plan"]["warnings"] = list(warnings(preview.outlook))
    return as_json(record)


def _orderable(department: str, key: str) -> Release:
    return releases.orderable(viewer(), f"{department}/{key}", at=now())


def _card(card: Card) -> dict[str, Any]:
    named = ("department", "key", "type", "title", "summary", "help", "category", "icon", "price", "expected")
    picture = {"image": f"/pictures/{card.image}"} if card.image else {}
    return {**{name: getattr(card, name) for name in named}, **picture, "version": card.release.version}


def _asked_form(release: Release) -> dict[str, Any]:
    """The schema without the fields that approvers fill in."""
    schema = release.form.json_schema(current_locale())
    foreign = release.approver_fields
    schema["properties"] = {key: one for key, one in schema["properties"].items() if key not in foreign}
    schema["required"] = [key for key in schema["required"] if key not in foreign]
    for page in schema["x-pages"]:
        page["fields"] = [one for one in page["fields"] if not isinstance(one, str) or one not in foreign]
    return schema
