"""Setting a request's priority by hand; `submission` says which one it has when it is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from servicehall.domain import events as e
from servicehall.domain.lifecycle import ENDED
from servicehall.errors import Conflict, Forbidden, Invalid, Problem
from servicehall.models.requests import Request
from servicehall.services import contexts, releases
from servicehall.services.requests import family_of
from servicehall.services.submission import choose_priority, settled, stream_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import work
from servicehall.texts import _


def set_priority(
    request: Request,
    *,
    viewer: Viewer,
    at: datetime,
    priority: str | None = None,
    impact: str | None = None,
    urgency: str | None = None,
) -> None:
    """Agents set a priority, or impact and urgency that the policy in force turns into one; what is not named stays."""
    if not viewer.is_agent_of(request):
        raise Forbidden(_("Only agents of the department set the priority."))
    if not (priority or impact or urgency):
        text = _("Name a priority, or impact and urgency.")
        raise Invalid(text, [Problem("priority", "required", text)])
    with work(family_of(request), actor=viewer.id, at=at) as w:
        row = w.get(Request, request.id)
        if row.state in ENDED:
            raise Conflict(_("This request has ended."))
        release = releases.load(w.session, row.release)
        impact, urgency = impact or row.impact, urgency or row.urgency
        chosen = choose_priority(release, priority, impact, urgency)
        context = contexts.for_request(w.session, row, at=at)
        facts = replace(context.request, priority=chosen, impact=impact, urgency=urgency)
        facts = settled(release, facts, replace(context, request=facts), w.content(row.content) or {}, said=priority)
        w.record(stream_of(row.id), e.PriorityChanged(priority=facts.priority, impact=impact, urgency=urgency))
