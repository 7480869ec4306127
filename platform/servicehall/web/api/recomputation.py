"""Recomputation of open clocks: what would move, the order that moves it, and how far that is."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields
from marshmallow.validate import Length

from servicehall.clock import now
from servicehall.errors import NotFound
from servicehall.services import cases, recomputation, recomputation_orders
from servicehall.services.recomputation import Scope
from servicehall.texts import _
from servicehall.web.api import inputs, shapes
from servicehall.web.api.calls import as_json, call, listed_parts, only_read, viewer

TAG = "Recomputation of clocks"


class Asked(inputs.PartsQuery):
    calendar = fields.String(load_default=None, metadata={"description": "`department/key`: clocks that go by it"})
    service = fields.String(load_default=None, metadata={"description": "`department/key`: clocks of its requests"})


class NewOrder(Schema):
    calendar = fields.String(load_default=None)
    service = fields.String(load_default=None)
    basis = fields.String(required=True, metadata={"description": "The `basis` of the preview that was seen"})
    comment = fields.String(load_default="", validate=Length(max=4_000))


class ForeseenMove(shapes.Shape):
    clock = fields.String()
    request = fields.String(allow_none=True, metadata={"description": "Null where the caller may not see the request"})
    service = fields.String()
    service_title = fields.String()
    measure = fields.String()
    task = fields.String(allow_none=True)
    priority = fields.String()
    because = fields.List(fields.String(), metadata={"description": "calendar, policy"})
    target = fields.String()
    new_target = fields.String(allow_none=True)
    due_at = fields.String(allow_none=True)
    new_due_at = fields.String(allow_none=True)
    ends = fields.Boolean()
    acts = fields.List(fields.String(), metadata={"description": "Moments of the steps that would act at once"})
    passes_over = fields.List(fields.String())
    breach_withdrawn = fields.Boolean()
    missed = fields.Boolean()


class Foreseen(shapes.Shape):
    basis = fields.String()
    clocks = fields.Integer()
    requests = fields.Integer()
    unchanged = fields.Integer(metadata={"description": "So many of the clocks keep their due moment"})
    items = fields.List(fields.Nested(ForeseenMove))
    next = fields.String(allow_none=True)


class RecomputationOrder(shapes.Shape):
    id = fields.String()
    requests = fields.Integer()
    done = fields.Integer()
    stuck = fields.Integer()


@call("GET", "/clocks/recomputation", summary="Which open clocks would move", tag=TAG, query=Asked, answer=Foreseen)
def preview_recomputation(query: dict[str, Any]) -> Response:
    """Nothing is changed by this."""
    found = recomputation.preview(viewer().session, _scope(query), at=now())
    records = cases.move_records(viewer().session, found.moves, viewer=viewer())
    page = listed_parts([{"id": one["clock"], **one} for one in records], query).get_json()
    items = [{name: value for name, value in one.items() if name != "id"} for one in page["items"]]
    counts = {"clocks": len(found.moves), "requests": found.requests, "unchanged": found.unchanged}
    return as_json({"basis": found.basis, **counts, "items": items, "next": page["next"]})


@call(
    "POST",
    "/clocks/recomputation",
    summary="Have the clocks moved that a preview named; 409 where they would move to something else by now",
    tag=TAG,
    body=NewOrder,
    answer=RecomputationOrder,
    status=202,
)
def order_recomputation(said: dict[str, Any]) -> Response:
    made, _found = recomputation_orders.order(
        viewer().session,
        _scope(said),
        basis=said["basis"],
        actor=viewer().id,
        at=now(),
        comment=said["comment"] or None,
    )
    only_read()
    return as_json(_order(made), 202)


@call("GET", "/clocks/recomputation/<order_id>", summary="How far an order is", tag=TAG, answer=RecomputationOrder)
def get_recomputation(order_id: str) -> Response:
    recomputation.scope_for(viewer())
    return as_json(_order(order_id))


def _scope(said: dict[str, Any]) -> Scope:
    return recomputation.scope_for(viewer(), calendar=said["calendar"], service=said["service"])


def _order(order_id: str) -> dict[str, Any]:
    standing = recomputation_orders.standing(viewer().session, order_id)
    if standing is None:
        raise NotFound(_("There is no such order, or it is long done."))
    return {"id": order_id, "requests": standing.requests, "done": standing.done, "stuck": standing.stuck}
