"""Approvals: the caller's inbox, one with the content to decide on, and decisions, one or many."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicehall.clock import now
from servicehall.errors import ServicehallError
from servicehall.models.approvals import Approval
from servicehall.models.requests import Request
from servicehall.services import cases, decisions, inbox
from servicehall.services.access import note_reading
from servicehall.services.decisions import Proof
from servicehall.services.visibility import approval_for
from servicehall.web.api import inputs, shapes
from servicehall.web.api.calls import as_json, call, etag_of, listed, only_read, viewer
from servicehall.web.api.problems import document
from servicehall.web.api.reading import load
from servicehall.web.api.versions import expect_version
from servicehall.web.signing import signed_by_call

TAG = "Approvals"


@call(
    "GET",
    "/approvals",
    summary="The caller's inbox, deputised ones included, the longest waiting first",
    tag=TAG,
    query=inputs.ApprovalsQuery,
    answer=shapes.page_of(shapes.ApprovalRow),
)
def list_approvals(query: dict[str, Any]) -> Response:
    page = inbox.inbox(viewer(), **query)
    return listed(cases.approval_rows(viewer(), page.rows), page.next)


@call("GET", "/approvals/<approval_id>", summary="One approval", tag=TAG, answer=shapes.Approval)
def get_approval(approval_id: str) -> Response:
    approval = approval_for(viewer(), approval_id)
    note_reading(_request_of(approval), viewer=viewer(), at=now(), kind="approval")
    return _shown(approval)


@call(
    "POST",
    "/approvals/<approval_id>/decision",
    summary="Approve, reject or return; 409 where the content is no longer the one that was shown",
    tag=TAG,
    body=inputs.Decision,
    answer=shapes.Approval,
    versioned=True,
)
def decide(approval_id: str, said: dict[str, Any]) -> Response:
    proof = signed_by_call(said["password"])
    approval = approval_for(viewer(), approval_id)
    expect_version(_request_of(approval))
    _decide(approval, said, proof)
    return _shown(approval)


@call(
    "POST",
    "/approvals/decisions",
    summary="Many decisions, one after another, each answered for itself",
    tag=TAG,
    body=inputs.Decisions,
    answer=shapes.DecidedMany,
)
def decide_many(said: dict[str, Any]) -> Response:
    return as_json({"items": [_one_of_many(item) for item in said["items"]]})


def _one_of_many(item: Any) -> dict[str, Any]:
    """What this decision alone would have been answered with."""
    named = item.get("id") if isinstance(item, dict) else None
    answered = {"id": named if isinstance(named, str) else None}
    try:
        one = load(inputs.OneOfMany(), item)
        proof = signed_by_call(one["password"])
        _decide(approval_for(viewer(), one["id"]), one, proof)
    except ServicehallError as error:
        viewer().session.rollback()
        return {**answered, "status": error.status, "error": document(error)}
    return {**answered, "status": 200}


def _decide(approval: Approval, said: dict[str, Any], proof: Proof | None) -> None:
    decisions.decide(
        approval,
        decision=said["decision"],
        content=said["content_sha256"],
        comment=said["comment"],
        answers=said["answers"],
        proof=proof,
        viewer=viewer(),
        at=now(),
    )


def _request_of(approval: Approval) -> Request:
    return viewer().session.get_one(Request, approval.request_id)


def _shown(approval: Approval) -> Response:
    only_read()
    return as_json(cases.approval_record(viewer(), approval), ETag=etag_of(_request_of(approval)))
