"""Which amounts can come before a stage: the solver says it of a service's form, and of when the stage is asked.

Who decides by `manager_until` changes only where an amount passes somebody's limit, so that one amount of each span
between two limits stands for all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from servicehall.documents.checks.thinking import Outcome, Thinking
from servicehall.documents.examination import Examination, Library
from servicehall.documents.reasoning.solver import is_installed
from servicehall.documents.reasoning.terms import both, negation
from servicehall.documents.reasoning.witnesses import Witness
from servicehall.documents.reasoning.world import Case, World
from servicehall.domain.approval_chains import Stage
from servicehall.domain.conditions import Environment
from servicehall.forms import CompiledForm
from servicehall.forms.formats import show_money
from servicehall.forms.numbers import plain
from servicehall.texts import _, current_locale


@dataclass(frozen=True, slots=True)
class Span:
    """The amounts of a field above one limit (None: from the least on) and up to another (None: all)."""

    field: str
    currency: str
    above: Decimal | None = None
    up_to: Decimal | None = None

    @property
    def is_part(self) -> bool:
        """Whether there are other amounts."""
        return (self.above, self.up_to) != (None, None)

    @property
    def condition(self) -> str:
        bounds = ((">", self.above), ("<=", self.up_to))
        said = [f"{self.field} {sign} {plain(bound)}" for sign, bound in bounds if bound is not None]
        return " && ".join(said) or "true"

    def as_dict(self) -> dict[str, str]:
        bounds = {"above": self.above, "up_to": self.up_to}
        return {name: f"{plain(bound)} {self.currency}" for name, bound in bounds.items() if bound is not None}

    def said(self, what: str) -> str:
        """A sentence that holds for these amounts."""
        above, up_to = (
            show_money(bound, self.currency, current_locale()) if bound is not None else None
            for bound in (self.above, self.up_to)
        )
        if above is None:
            return _("for amounts up to {up_to}: {what}", up_to=up_to, what=what)
        if up_to is None:
            return _("for amounts of more than {above}: {what}", above=above, what=what)
        return _("for amounts of more than {above}, up to {up_to}: {what}", above=above, up_to=up_to, what=what)


@dataclass(frozen=True)
class Possible:
    """Asks once of each stage and span whether an order can come to it; `when` is that of the task whose gate it is."""

    form: CompiledForm
    environment: Environment
    left_open: frozenset[str]
    when: str | None = None
    _asked: dict[tuple[str, Span], Outcome] = field(default_factory=dict)

    def __call__(self, stage: Stage, span: Span) -> Outcome:
        """Neither yes nor no where nobody can tell, or where there is no solver."""
        key = (stage.key, span)
        if key not in self._asked:
            whens = [one for one in (stage.when, self.when) if one is not None]
            self._asked[key] = self._ask(span, whens) if is_installed() else Outcome(None)
        return self._asked[key]

    def _ask(self, span: Span, whens: Sequence[str]) -> Outcome:
        """Doubt asks for approval: whatever keeps a stage away has to be sure."""
        world = World(self.form, self.environment, self.left_open)
        thinking = Thinking(Examination(Library((), lambda *name: None)), world)
        case = Case(world)
        goal = both(case.truth(span.condition).yes, *(negation(case.truth(one).no) for one in whens))

        def tried(witness: Witness) -> bool:
            kept = all(thinking.holds(one, witness) is not False for one in whens)
            return kept and thinking.holds(span.condition, witness) is True

        return thinking.answer(case, goal, tried)
