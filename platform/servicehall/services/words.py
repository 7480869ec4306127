"""Why something is as it is, and what happened, each in one sentence of the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from servicehall.domain.lifecycle import state_name
from servicehall.texts import N_, _, listed

Said = Mapping[str, Any]


def why_sentence(why: Said | None) -> str:
    """The sentence for a `why`, `{code, params?, …}`; nothing for nothing, the code itself for one nobody knows."""
    if not why:
        return ""
    said = {**why, **(why.get("params") or {})}
    skipped = why.get("skipped")
    if isinstance(skipped, Mapping):
        return why_sentence(skipped)
    code = str(why.get("code", ""))
    special = _SPECIAL.get(code)
    if special is not None:
        text = special(said)
    else:
        text = _(_SENTENCES[code], **said) if code in _SENTENCES else code.replace("_", " ")
    return _("{why}; not overdue any more", why=text) if said.get("withdrawn") else text


_SENTENCES: Mapping[str, str] = {
    # whom an approver rule names
    "person": N_("Named in the approval chain"),
    "role": N_("Has the role {role}"),
    "group": N_("This group decides, as the approval chain says"),
    "field": N_("Named in the form, in “{field}”"),
    # who is asked instead, or not at all
    "reassigned": N_("Given to another group, because the time to decide was over"),
    "skipped_repeat": N_("Skipped: approved the same content before, in “{stage}”"),
    "condition": N_("Not needed here"),
    "nobody_left": N_("Nobody who was asked may decide any more"),
    "timeout": N_("The time to decide was over"),
    "inactive": N_("Somebody who was asked is no longer active"),
    "timeout_reject": N_("Rejected by itself: the time to decide was over"),
    "timeout_approve": N_("Approved by itself: the time to decide was over"),
    # who gets a task
    "group_of_task": N_("The plan gives it to this group"),
    "assignment_rule": N_("The department's rule gives it to this group"),
    "first_agents": N_("The department's first group has it"),
    "round_robin": N_("It was this person's turn"),
    "least_loaded": N_("Has the fewest open tasks ({open})"),
    "skills": N_("Has the skills it needs, and the fewest open tasks ({open})"),
    "claimed": N_("Taken"),
    "assigned": N_("Given by a colleague"),
    "released": N_("Given back to the queue"),
    "assignee_inactive": N_("Back in its queue: whoever had it is no longer active"),
    # what became of a task
    "not_needed": N_("Not needed here"),
    "done_by_hand": N_("Done by hand"),
    "done_by_system": N_("Done by the system"),
    "done_by_guest": N_("Done by somebody outside, with a link"),
    "link_replaced": N_("Another link was given"),
    "link_taken_back": N_("It was taken back"),
    "fell_back": N_("The system did not answer, so people do it"),
    "gate_passed": N_("Approved"),
    "gate_rejected": N_("Rejected by the approvers"),
    "child_resolved": N_("Done with {number}"),
    "child_rejected": N_("{number} was rejected"),
    "child_cancelled": N_("{number} was cancelled"),
    "child_refused": N_("The request behind it could not be made"),
    "undo": N_("Takes back what was done before"),
    "added_by_hand": N_("The plan did not foresee it"),
    "anchor_moved": N_("The date that the plan counts from was moved"),
    "anchor_filled": N_("An approver filled it in"),
    "parent_cancelled": N_("The request it belongs to was cancelled"),
    # the request
    "request_closed": N_("The request was closed"),
    "closed_by_time": N_("Closed by itself, some days after it was resolved"),
    "all_tasks_done": N_("All required tasks are done"),
    # its clocks
    "policy": N_("As the policy says that counts here"),
    "priority_changed": N_("The priority changed"),
    "reopened": N_("Opened again"),
    "paused": N_("Stands still meanwhile"),
    "resumed": N_("Runs again"),
}

_OF = {
    "requester": N_("the requester"),
    "requested_for": N_("the person it is for"),
}
_AS = {
    "requester": N_("the requester"),
    "beneficiary": N_("the person it is for"),
}
_BECAUSE = {
    "uncovered": N_("nobody in the line may approve this amount alone"),
    "nobody_left": N_("nobody else may decide"),
    "quorum": N_("there were not enough people to ask"),
    "timeout": N_("the time to decide was over"),
    "nobody_above": N_("there is nobody further up the line"),
    "reassign_empty": N_("the group that should take over has nobody who may decide"),
}


def _of(said: Said) -> str:
    """Whose manager or department: the requester's, the beneficiary's, or that of a person named in the form."""
    return _(_OF.get(str(said.get("of", "requester")), N_("the person named in the form")))


def _manager(said: Said) -> str:
    level = said.get("level", 1)
    if level == 1:
        return _("Manager of {of}", of=_of(said))
    return _("Manager of {of}, {level} levels up", of=_of(said), level=level)


def _manager_until(said: Said) -> str:
    return _("In the line of {of}, up to whoever may approve this amount", of=_of(said))


def _department_head(said: Said) -> str:
    return _("Head of the department of {of}", of=_of(said))


def _skipped_self(said: Said) -> str:
    return _("Skipped: would approve as {role}", role=_(_AS.get(str(said.get("as")), N_("the requester"))))


def _climbed(said: Said) -> str:
    return _("Next one up, because {role} does not decide about this", role=_(_AS.get(str(said.get("as")), "")))


def _fallback(said: Said) -> str:
    return _("The department's fallback decides: {because}", because=_because(said))


def _administrators(said: Said) -> str:
    return _("The administrators decide: {because}", because=_because(said))


def _because(said: Said) -> str:
    return _(_BECAUSE.get(str(said.get("because")), N_("nobody else may decide")))


def _escalated(said: Said) -> str:
    """A manager asked in place of somebody, a task given to another queue, or a priority raised by a clock."""
    if said.get("because") == "inactive":
        return _("Asked in the place of somebody who is no longer active")
    if "instead_of" in said:
        return _("Asked in the place of somebody who let the time pass")
    if "group" in said:
        return _("Given to this group, because time was running out")
    return _("Raised, because time was running out")


def _recomputed(said: Said) -> str:
    """A clock that was moved to the calendar or the policy of that day."""
    because = said.get("because", ())
    if len(because) > 1:
        return _("Computed anew: the calendar and the policy changed")
    return _("Computed anew: the policy changed") if "policy" in because else _("Computed anew: the calendar changed")


_SPECIAL: Mapping[str, Callable[[Said], str]] = {
    "manager": _manager,
    "manager_until": _manager_until,
    "department_head": _department_head,
    "skipped_self": _skipped_self,
    "climbed": _climbed,
    "fallback": _fallback,
    "fallback_administrators": _administrators,
    "escalated": _escalated,
    "recomputed": _recomputed,
}


class Called(Protocol):
    """How people and groups are called, by their ids."""

    def name(self, person_id: str | None) -> str: ...

    def group_name(self, group_id: str | None) -> str: ...


def event_sentence(record: Said, names: Called) -> str:
    """What an event record tells, as one sentence; `names` says how people and groups are called.

    `Ana Weber approved it, for Bo Li` or `Servicehall: All required tasks are done`.
    """
    body = record["body"]
    who = names.name(record["actor"])
    make = _EVENTS.get(_event_key(record["kind"], body), _plain)
    text = make(who, body, names)
    if record.get("on_behalf_of"):
        text = _("{text}, for {name}", text=text, name=names.name(record["on_behalf_of"]))
    why = why_sentence(body.get("why"))
    return _("{text} ({why})", text=text, why=why) if why else text


def _event_key(kind: str, body: Said) -> str:
    """The kind; of acts and decisions with the act, so that each has a sentence of its own."""
    act = body.get("act") or body.get("decision")
    return f"{kind}:{act}" if act else kind


_Telling = Callable[[str, Said, Called], str]


def _says(text: str) -> _Telling:
    """A sentence that needs nothing but who did it."""
    return lambda who, body, names: _(text, who=who)


def _about(text: str) -> _Telling:
    """A sentence that names a person of the event's body."""
    return lambda who, body, names: _(
        text, who=who, name=names.name(body.get("person") or body.get("assignee") or body.get("holder"))
    )


def _assigned(who: str, body: Said, names: Called) -> str:
    if body.get("assignee") is None:
        return _("The task lies in its queue")
    return _("The task lies with {name}", name=names.name(body["assignee"]))


def _handed_over(who: str, body: Said, names: Called) -> str:
    if body.get("holder") is None:
        return _("The approval came back to {name}", name=names.name(body["person"]))
    return _("{name} stands in for {person}", name=names.name(body["holder"]), person=names.name(body["person"]))


def _stage_opened(who: str, body: Said, names: Called) -> str:
    asked = [
        names.name(one["person"]) if one.get("person") else names.group_name(one.get("group"))
        for one in body["voices"]
        if one.get("state") != "skipped"
    ]
    return _("Approval asked of {names}", names=listed(asked)) if asked else _("Nobody had to be asked for approval")


def _priority(who: str, body: Said, names: Called) -> str:
    return _("{who} set the priority to {priority}", who=who, priority=str(body.get("priority") or "—").upper())


def _state(who: str, body: Said, names: Called) -> str:
    return _("{who}: {state}", who=who, state=state_name(body["state"]))


def _comment(who: str, body: Said, names: Called) -> str:
    return _("{who} wrote an internal comment", who=who) if body["internal"] else _("{who} wrote a comment", who=who)


def _clock(text: str) -> _Telling:
    return lambda who, body, names: _(text)


def _plain(who: str, body: Said, names: Called) -> str:
    return _("{who} changed something", who=who)


_EVENTS: Mapping[str, _Telling] = {
    "request.created": _says(N_("{who} began the request")),
    "request.answers_changed": _says(N_("{who} changed answers")),
    "request.submitted": _says(N_("{who} sent the request")),
    "request.state_changed:submit": _state,
    "request.state_changed:recall": _says(N_("{who} took the request back")),
    "request.state_changed:approve": _clock(N_("The request is approved")),
    "request.state_changed:reject": _clock(N_("The request is rejected")),
    "request.state_changed:return": _clock(N_("The request goes back for changes")),
    "request.state_changed:hold": _says(N_("{who} put the request on hold")),
    "request.state_changed:release": _says(N_("{who} let the request go on")),
    "request.state_changed:resolve": _says(N_("{who} resolved the request")),
    "request.state_changed:reopen": _says(N_("{who} opened the request again")),
    "request.state_changed:close": _says(N_("{who} closed the request")),
    "request.state_changed:cancel": _says(N_("{who} cancelled the request")),
    "request.priority_changed": _priority,
    "request.watcher_added": _about(N_("{who} added {name} as a watcher")),
    "request.watcher_removed": _about(N_("{who} removed {name} as a watcher")),
    "request.commented": _comment,
    "request.erased": _clock(N_("Personal data was erased by law")),
    "request.attached": _says(N_("{who} attached a file")),
    "approval.chain_started": _clock(N_("The approval chain began")),
    "approval.stage_opened": _stage_opened,
    "approval.stage_closed": _clock(N_("An approval stage was closed")),
    "approval.decided:approve": _says(N_("{who} approved")),
    "approval.decided:reject": _says(N_("{who} rejected")),
    "approval.decided:return": _says(N_("{who} sent it back for changes")),
    "approval.ended": _clock(N_("Open approvals ended")),
    "approval.asked_instead": _stage_opened,
    "approval.handed_over": _handed_over,
    "approval.reminded": _clock(N_("The approvers were reminded")),
    "clock.started": _clock(N_("A clock started")),
    "clock.changed": _clock(N_("A clock was set anew")),
    "clock.stopped": _clock(N_("A clock stopped")),
    "clock.breached": _clock(N_("A target was missed")),
    "clock.recomputation_ordered": _says(N_("{who} ordered clocks to be computed anew")),
    "clock.escalated": _clock(N_("Time is running out: the next step was taken")),
    "plan.started": _clock(N_("The work began")),
    "plan.anchor_moved": _says(N_("{who} moved the date that the plan counts from")),
    "task.added": _clock(N_("More tasks were added")),
    "task.ready": _clock(N_("A task can be worked on")),
    "task.due_changed": _clock(N_("A task is due at another time")),
    "task.assigned": _assigned,
    "task.state_changed:start": _says(N_("{who} began a task")),
    "task.state_changed:begin": _clock(N_("A task began by itself")),
    "task.state_changed:hold": _says(N_("{who} put a task on hold")),
    "task.state_changed:release": _says(N_("{who} went on with a task")),
    "task.state_changed:skip": _says(N_("{who} skipped a task")),
    "task.state_changed:pass_over": _clock(N_("A task is not needed")),
    "task.state_changed:fail": _says(N_("{who} could not do a task")),
    "task.state_changed:report_failed": _clock(N_("A task failed")),
    "task.state_changed:fall_back": _clock(N_("A task is done by people now")),
    "task.state_changed:retry": _says(N_("{who} tries a task again")),
    "task.state_changed:cancel": _clock(N_("A task was cancelled")),
    "task.completed": _says(N_("{who} finished a task")),
    "task.link_given": _says(N_("{who} gave somebody outside a link to a task")),
    "task.link_ended": _clock(N_("A link to a task ended")),
    "task.checklist_ticked": _says(N_("{who} ticked something on a checklist")),
    "task.child_requested": lambda who, body, names: _("{number} was ordered for a task", number=body["number"]),
}
