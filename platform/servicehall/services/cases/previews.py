"""Previews as records: what an order would come to, with why in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehall.clock import as_instant
from servicehall.services.cases.names import Record, person_record, said_at
from servicehall.services.catalog import Preview, StagePreview
from servicehall.services.planning import Outlook
from servicehall.services.who import Answer
from servicehall.services.words import why_sentence
from servicehall.texts import N_, _

_LEFT_OUT: Mapping[str, str] = {
    "apart": N_("Decides in another stage that is kept apart"),
    "requester": N_("Is the requester"),
    "beneficiary": N_("Is the person it is for"),
    "inactive": N_("Is no longer active"),
    "has_voice": N_("Is asked in another voice of this stage"),
    "empty": N_("Nobody of the group may decide"),
}


def preview_record(preview: Preview) -> Record:
    """As `/check` answers."""
    checked = preview.checked
    return {
        "visible": list(checked.visible),
        "required": sorted(checked.required),
        "answers": checked.answers,
        "errors": [problem.as_dict() for problem in checked.errors],
        "price": preview.price,
        "stages": [stage_record(stage) for stage in preview.stages],
        "tasks": [
            {
                "key": task.key,
                "title": task.title,
                "department": task.department,
                "group": task.group,
                "due_at": said_at(task.due_at),
                "after": list(task.after),
                "starts_by": said_at(task.starts_by),
                "critical": task.critical,
            }
            for task in preview.tasks
        ],
        "clocks": [{"measure": measure, "due_at": as_instant(due_at)} for measure, due_at in preview.clocks],
        "plan": outlook_record(preview.outlook),
    }


def outlook_record(outlook: Outlook) -> Record:
    """Whether the date can be met that the plan counts from, and what keeps it from being met."""
    works_from = outlook.forecast.works_from
    return {
        "anchor": outlook.anchor,
        "date": outlook.date.isoformat() if outlook.date else None,
        "possible": outlook.possible,
        "works_from": works_from.isoformat() if works_from else None,
        "critical": list(outlook.forecast.critical),
        "late": [
            {
                "key": one.task,
                "title": outlook.titles[one.task],
                "due_at": as_instant(one.due_at),
                "earliest_at": as_instant(one.earliest),
                "because": list(one.because),
            }
            for one in outlook.forecast.late
        ],
    }


def stage_record(stage: StagePreview) -> Record:
    skipped = why_sentence({"code": stage.skipped}) if stage.skipped else None
    approvers = [_approver(one) for one in stage.approvers]
    return {
        "key": stage.key,
        "title": stage.title,
        "approvers": approvers,
        "skipped": skipped,
        "needed": stage.needed,
    }


def whole_stage_record(stage: StagePreview) -> Record:
    """With the rule behind each approver, and whom a rule named in vain."""
    record = stage_record(stage)
    for said, one in zip(record["approvers"], stage.approvers, strict=True):
        said["rule"] = _rule(one["why"])
    left_out = [{**_who(one), "rule": _rule(one["why"]), "why": _(_LEFT_OUT[one["code"]])} for one in stage.left_out]
    return {**record, "left_out": left_out}


def _approver(one: Mapping[str, Any]) -> Record:
    return {
        **_who(one),
        "why": why_sentence(one["why"]),
        **({"skipped": why_sentence(one["skipped"])} if "skipped" in one else {}),
        **({"deputy": person_record(one["deputy"])} if "deputy" in one else {}),
    }


def _who(one: Mapping[str, Any]) -> Record:
    return {"person": person_record(one["person"])} if "person" in one else {"group": one["group"]}


def _rule(why: Mapping[str, Any]) -> str:
    """The word of the language: `manager`, `group`, …; `fallback` where no rule gave anybody."""
    inner = (why.get("params") or {}).get("rule") if why.get("code") == "climbed" else None
    code = str((inner or why).get("code", ""))
    return "fallback" if code.startswith("fallback") else code


def answer_record(answer: Answer) -> Record:
    """Who would be asked at a moment, whole: secret answers are masked."""
    record = preview_record(answer.preview)
    return {
        "service": answer.service,
        "version": answer.version,
        "at": as_instant(answer.at),
        "person": person_record(answer.person),
        "requested_for": person_record(answer.requested_for),
        "allowed": answer.allowed,
        **record,
        "answers": answer.answers.values,
        "masked": list(answer.answers.masked),
        "stages": [whole_stage_record(stage) for stage in answer.preview.stages],
    }
