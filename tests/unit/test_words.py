"""Every reason and every event that the code can record has its sentence, in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import servicehall
from servicehall.domain.events import KINDS
from servicehall.domain.fulfilment import TASK_TRANSITIONS
from servicehall.domain.lifecycle import ACTS
from servicehall.services.words import event_sentence, why_sentence
from servicehall.texts import LOCALES, use_locale

PACKAGE = Path(servicehall.__file__).parent
PLACES = ("services", "domain", "approval_rules")
PARAMS = {
    "level": 2,
    "of": "requester",
    "as": "requester",
    "role": "Finance Controller",
    "group": "hr-leads",
    "field": "owner",
    "stage": "manager",
    "because": "timeout",
    "number": "REQ-000001",
    "open": 3,
    "detail": "no such service",
    "skills": ["ad"],
}
BODIES = {
    "state": "in_progress",
    "internal": True,
    "voices": [{"person": "p"}, {"group": "g"}],
    "assignee": "p",
    "person": "p",
    "priority": "p1",
    "number": "REQ-000002",
}


class Ids:
    """People and groups go by their ids."""

    def name(self, person_id: str | None) -> str:
        return str(person_id)

    def group_name(self, group_id: str | None) -> str:
        return f"group {group_id}"


IDS = Ids()


def codes() -> Iterator[str]:
    """Every literal `{"code": "…"}` of the layers that give reasons."""
    for place in PLACES:
        for path in sorted((PACKAGE / place).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Dict):
                    for key, value in zip(node.keys, node.values, strict=True):
                        named = isinstance(key, ast.Constant) and key.value == "code"
                        if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
                            yield value.value


BY_STATE = ("timeout_reject", "timeout_approve", "child_resolved", "child_rejected", "child_cancelled")


def test_there_are_reasons() -> None:
    assert {"manager", "fallback", "climbed", "skills", "closed_by_time"} <= set(codes())


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("code", sorted({*codes(), *BY_STATE}))
def test_every_reason_is_a_sentence(code: str, locale: str) -> None:
    with use_locale(locale):
        said = why_sentence({"code": code, "params": PARAMS})
    assert said and said != code.replace("_", " ")
    assert "{" not in said


def test_what_is_nested_is_told() -> None:
    assert why_sentence({"code": "manager", "skipped": {"code": "skipped_repeat", "params": {"stage": "team"}}}) == (
        "Skipped: approved the same content before, in “team”"
    )
    assert why_sentence({"code": "escalated", "instead_of": "p"}) != why_sentence({"code": "escalated", "group": "g"})
    assert why_sentence(None) == why_sentence({}) == ""
    assert why_sentence({"code": "of_tomorrow"}) == "of tomorrow"


def kinds() -> Iterator[tuple[str, dict[str, object]]]:
    """Each kind of event of a request's stream, with each act that it may carry."""
    acts = {
        "request.state_changed": [{"act": act} for act in ACTS],
        "task.state_changed": [
            {"act": act}
            for act in sorted({row.action for row in TASK_TRANSITIONS})
            if act not in ("claim", "assign", "unblock", "complete", "report_done")
        ],
        "approval.decided": [{"decision": one} for one in ("approve", "reject", "return")],
    }
    for kind in KINDS:
        if kind.split(".")[0] in ("request", "approval", "clock", "plan", "task"):
            yield from ((kind, body) for body in acts.get(kind, [{}]))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("kind", "body"), list(kinds()))
def test_every_event_is_a_sentence(kind: str, body: dict[str, object], locale: str) -> None:
    record = {"kind": kind, "actor": "p", "on_behalf_of": "p", "body": {**BODIES, **body}}
    with use_locale(locale):
        said = event_sentence(record, IDS)
        nothing = event_sentence({**record, "kind": "unknown.kind"}, IDS)
    assert said and said != nothing
    assert "{" not in said


@pytest.mark.parametrize(
    ("locale", "voices", "told"),
    [
        ("en", [{"person": "ana"}, {"group": "leads"}], "Approval asked of ana, group leads"),
        ("zh", [{"person": "ana"}, {"group": "leads"}], "已请 ana、group leads 审批"),
        ("en", [{"person": "ana", "state": "skipped"}, {"person": "bo"}], "Approval asked of bo"),
        ("en", [{"person": "ana", "state": "skipped"}], "Nobody had to be asked for approval"),
    ],
)
def test_who_is_asked_is_named_side_by_side_as_the_language_has_it(locale, voices, told) -> None:
    record = {"kind": "approval.asked_instead", "actor": None, "on_behalf_of": None, "body": {"voices": voices}}
    with use_locale(locale):
        assert event_sentence(record, IDS) == told
