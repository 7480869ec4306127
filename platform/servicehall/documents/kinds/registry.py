"""The kinds of documents, one file each; a new kind is its file and its line here."""

from __future__ import annotations

from servicehall.documents.kinds import (
    approval_chain,
    assignment_rule,
    calendar,
    choice_list,
    department,
    field_set,
    fulfilment_plan,
    notification,
    priority_matrix,
    service,
    sla_policy,
)
from servicehall.documents.kinds.kind import Kind
from servicehall.registry import Registry

KINDS: Registry[Kind] = Registry("kind of document")
KINDS.register("service", service.KIND)
KINDS.register("field_set", field_set.KIND)
KINDS.register("choice_list", choice_list.KIND)
KINDS.register("approval_chain", approval_chain.KIND)
KINDS.register("sla_policy", sla_policy.KIND)
KINDS.register("priority_matrix", priority_matrix.KIND)
KINDS.register("calendar", calendar.KIND)
KINDS.register("fulfilment_plan", fulfilment_plan.KIND)
KINDS.register("assignment_rule", assignment_rule.KIND)
KINDS.register("notification", notification.KIND)
KINDS.register("department", department.KIND)
