"""Long work that the caller asked for: how far it is, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from servicehall.clock import as_instant
from servicehall.errors import NotFound
from servicehall.services import background, checking, simulation, simulation_sight
from servicehall.services.background import Job
from servicehall.services.visibility import Viewer
from servicehall.texts import _
from servicehall.web.api import definition_shapes as shapes
from servicehall.web.api.calls import as_json, call, viewer

AGAIN_AFTER = "2"
SEEN: Mapping[str, Callable[[Viewer, Mapping[str, Any]], Mapping[str, Any]]] = {
    checking.KIND: lambda viewer, result: result,
    simulation.KIND: simulation_sight.seen,
}
"""Kind → what of its result a viewer may see now."""


@call(
    "GET",
    "/jobs/<job_id>",
    summary="Long work that the caller asked for",
    tag="Definitions",
    answer=shapes.Job,
    later=shapes.Job,
)
def get_job(job_id: str) -> Response:
    """For whoever asked, while they author the document that it is about."""
    job = background.job_of(viewer(), job_id)
    if not viewer().may_author(job.payload["name"][1]):
        raise NotFound(_("There is no such job."))
    return job_answer(job)


def job_answer(job: Job) -> Response:
    """200 with what came of it, else 202, and when to ask again."""
    result = SEEN[job.kind](viewer(), job.result) if job.result is not None else None
    said = {"id": job.id, "kind": job.kind, "state": job.state, "done": job.done, "total": job.total}
    answer = {**said, "asked_at": as_instant(job.asked_at), "result": result}
    if not job.is_open:
        return as_json(answer)
    return as_json(answer, 202, Location=f"/api/v1/jobs/{job.id}", Retry_After=AGAIN_AFTER)
