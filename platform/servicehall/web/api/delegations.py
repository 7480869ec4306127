"""Delegations: one's own deputies."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicehall.clock import now
from servicehall.models.directory import Delegation
from servicehall.services import cases, delegations
from servicehall.web.api import inputs, shapes
from servicehall.web.api.calls import as_json, call, listed_parts, no_content, only_read, viewer

TAG = "Delegations"


@call(
    "GET",
    "/delegations",
    summary="One's own deputies, the newest first",
    tag=TAG,
    query=inputs.PartsQuery,
    answer=shapes.page_of(shapes.Delegation),
)
def list_delegations(query: dict[str, Any]) -> Response:
    return listed_parts(_records(delegations.mine(viewer())), query)


@call(
    "POST",
    "/delegations",
    summary="Name a deputy for some days, both inclusive",
    tag=TAG,
    body=inputs.NewDelegation,
    answer=shapes.Delegation,
    status=201,
)
def delegate(said: dict[str, Any]) -> Response:
    made = delegations.delegate(**said, viewer=viewer(), at=now())
    only_read()
    return as_json(_records([viewer().session.get_one(Delegation, made)])[0], 201)


@call("DELETE", "/delegations/<delegation_id>", summary="Take a delegation back", tag=TAG, status=204)
def end_delegation(delegation_id: str) -> Response:
    delegations.end(delegation_id, viewer=viewer(), at=now())
    return no_content()


def _records(rows: list[Delegation]) -> list[dict[str, Any]]:
    names = cases.gather(viewer().session, [who for row in rows for who in (row.person_id, row.deputy_id)])
    return [
        {
            "id": row.id,
            "person": names.person(row.person_id),
            "deputy": names.person(row.deputy_id),
            "from": row.since.isoformat(),
            "until": row.until.isoformat(),
            "departments": row.departments,
        }
        for row in rows
    ]
