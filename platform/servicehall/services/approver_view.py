"""The directory and the request as approver rules see them; the same for a request that does not exist yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from servicehall.approval_rules import Amount, Manager, Members
from servicehall.domain.conditions import Context, NoValue
from servicehall.services import directory
from servicehall.services.releases import Release


@dataclass(frozen=True)
class ApproverView:
    """Implements `approval_rules.View`; `answers` include what approvers filled in."""

    session: Session
    release: Release
    context: Context
    answers: Mapping[str, Any]

    def subject(self, of: str) -> str | None:
        given = {"requester": self.context.requester.id, "requested_for": self.context.requested_for.id}
        if of in given:
            return given[of]
        return self.person(str(self.answers.get(of) or ""))

    def line(self, person: str) -> Sequence[Manager]:
        return [
            Manager(one.id, one.active, Decimal(one.approval_limit or 0), one.currency)
            for one in directory.managers_above(self.session, person)
        ]

    def is_active(self, person: str) -> bool:
        return directory.person(self.session, person).active

    def department_head(self, person: str) -> str | None:
        found = directory.department_head(self.session, directory.person(self.session, person).department)
        return found.id if found is not None else None

    def group(self, key: str) -> Members | None:
        found = directory.group_by_key(self.session, key)
        if found is None:
            return None
        members = directory.group_members(self.session, [found.id])[found.id]
        return Members(found.id, found.key, tuple(one.id for one in members))

    def with_role(self, role: str) -> Sequence[str]:
        return [one.id for one in directory.with_role(self.session, role)]

    def person(self, email: str) -> str | None:
        found = directory.by_email(self.session, email)
        return found.id if found is not None else None

    def answer(self, field: str) -> tuple[str, Any]:
        return self.release.field_type(field), self.answers.get(field)

    def amount(self, expression: str) -> Amount | None:
        compiled = self.release.condition(expression, boolean=False)
        try:
            value = compiled.evaluate(self.release.activation(self.context, self.answers))
        except NoValue:
            return None
        return Amount(Decimal(str(value)), self.release.currency_of(compiled.fields))
