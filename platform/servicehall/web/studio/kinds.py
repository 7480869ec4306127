"""The kinds of documents in words, and what a new one of each begins with."""

from __future__ import annotations

import re
from collections.abc import Mapping

from servicehall.models.definitions import Document
from servicehall.texts import N_, _, pick

NAMES: Mapping[str, str] = {
    "service": N_("Service"),
    "field_set": N_("Field set"),
    "choice_list": N_("Choice list"),
    "approval_chain": N_("Approval chain"),
    "sla_policy": N_("SLA policy"),
    "priority_matrix": N_("Priority matrix"),
    "calendar": N_("Calendar"),
    "fulfilment_plan": N_("Fulfilment plan"),
    "assignment_rule": N_("Assignment rule"),
    "notification": N_("Notification text"),
    "department": N_("Department"),
}

_BODIES: Mapping[str, str] = {
    "service": (
        "type: request\nform:\n  pages:\n    - key: main\n      title: {en: What you need, zh: 您的需求}\n"
        "      fields:\n        - {key: reason, type: text, label: {en: Reason, zh: 理由}, required: true}\n"
    ),
    "field_set": "fields:\n  - {key: note, type: text, label: {en: Note, zh: 备注}}\n",
    "choice_list": "options:\n  - {key: first, label: {en: First, zh: 第一项}}\n",
    "approval_chain": (
        "stages:\n  - key: manager\n    title: {en: Line manager, zh: 直属经理}\n"
        "    approvers:\n      - manager: {of: requested_for, level: 1}\n    decide: all\n"
    ),
    "sla_policy": "priority: p3\ntargets:\n  - measure: resolution\n    by_priority: {p3: 3 business days}\n",
    "priority_matrix": ("impact: [department, person]\nurgency: [blocked, hindered]\npriority: [[p1, p2], [p3, p4]]\n"),
    "calendar": 'time_zone: Asia/Shanghai\nweek: {mon-fri: ["09:00-18:00"]}\n',
    "fulfilment_plan": "tasks:\n  - key: do\n    title: {en: Do it, zh: 办理}\n    due: 2 business days\n",
    "assignment_rule": 'rules:\n  - {when: "true", group: GROUP, how: least_loaded}\n',
    "notification": (
        'event: request_submitted\nsubject: {en: "{number}: {title}", zh: "{number}：{title}"}\n'
        'body:\n  en: "{url}"\n  zh: "{url}"\n'
    ),
    "department": "agents: []\n",
}


def name_of(kind: str) -> str:
    """A kind in the reader's language."""
    return _(NAMES[kind])


def title_of(row: Document) -> str:
    """A document's title, as its draft says it, in the reader's language; else its key."""
    return pick((row.draft_body or row.body or {}).get("title")) or row.key


def choices() -> list[tuple[str, str]]:
    """Every kind with its name, for a filter."""
    return [(kind, name_of(kind)) for kind in NAMES]


def skeleton(kind: str, department: str, key: str) -> str:
    """The YAML that a new document of a kind begins with, in all languages."""
    return f"kind: {kind}\ndepartment: {department}\nkey: {key}\ntitle: {{en: Title, zh: 标题}}\n{_BODIES[kind]}"


def key_of(title: str) -> str:
    """The key that a title suggests; empty where it has no Latin letter."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")
