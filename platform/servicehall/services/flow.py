"""The life of a request on one page: from each event to the verbs that follow from it.

Verbs get the work and the event, read what is so now, and record what follows; that is answered here in turn.
Keys are those of `Event.flow_key`.
"""

from __future__ import annotations

from collections.abc import Sequence

from servicehall.domain.events import Event
from servicehall.services import (
    approval_links,
    approvals,
    fulfilment,
    notifications,
    replanning,
    scheduling,
    search,
    sla,
)
from servicehall.services.work import Reaction, set_reactions

FLOW: dict[str, tuple[Reaction, ...]] = {
    # the request
    "request.created": (search.keep,),
    "request.answers_changed": (search.keep,),
    "request.submitted": (search.keep, sla.submitted, approvals.begin),
    "request.submit": (sla.state_changed, approvals.advance, fulfilment.begin),
    "request.approve": (sla.state_changed, fulfilment.begin),
    "request.return": (approvals.withdraw, sla.state_changed),
    "request.recall": (approvals.withdraw, sla.state_changed),
    "request.reject": (approvals.withdraw, sla.state_changed, fulfilment.child_ended),
    "request.hold": (sla.state_changed,),
    "request.release": (sla.state_changed, fulfilment.advance),
    "request.resolve": (sla.state_changed, fulfilment.child_ended, fulfilment.close_later),
    "request.reopen": (sla.state_changed, fulfilment.keep_open),
    "request.close": (sla.state_changed, fulfilment.cancel_optional),
    "request.cancel": (approvals.withdraw, fulfilment.cancel_open, sla.state_changed, fulfilment.child_ended),
    "request.priority_changed": (sla.priority_changed,),
    "request.commented": (search.keep_if_public, sla.commented),
    "request.erased": (search.keep,),
    # its approvals
    "approval.stage_opened": (sla.stage_opened, approvals.count),
    "approval.decided": (approval_links.use, search.keep_if_answered, approvals.count),
    "approval.handed_over": (approval_links.end_of_approval,),
    "approval.asked_instead": (approvals.count,),
    "approval.stage_closed": (replanning.anchor_filled, approvals.stage_closed),
    # its tasks
    "plan.started": (fulfilment.advance,),
    "plan.anchor_moved": (replanning.replan,),
    "task.ready": (sla.task_ready, fulfilment.hand_out),
    "task.assigned": (sla.task_taken,),
    "task.start": (sla.task_taken,),
    "task.hold": (sla.task_paused,),
    "task.release": (sla.task_paused,),
    "task.completed": (sla.task_ended, fulfilment.advance),
    "task.skip": (approvals.withdraw_gate, sla.task_ended, fulfilment.advance),
    "task.cancel": (approvals.withdraw_gate, sla.task_ended),
    "task.retry": (fulfilment.hand_out,),
    "task.fall_back": (fulfilment.hand_out,),
    # documents
    "document.drafted": (scheduling.disarm,),
    "document.draft_stepped": (scheduling.disarm,),
    "document.draft_discarded": (scheduling.disarm,),
    "document.sent_back": (scheduling.disarm,),
    "document.publication_cancelled": (scheduling.disarm,),
    "document.published": (scheduling.disarm,),
}


def reactions(event: Event) -> Sequence[Reaction]:
    """What follows from an event; people are told last, when everything else is known."""
    return (*FLOW.get(event.flow_key, ()), notifications.tell)


def wire() -> None:
    """Called once at start."""
    set_reactions(reactions)
