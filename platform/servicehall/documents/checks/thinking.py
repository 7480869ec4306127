"""Questions to the solver about one service, and what is said of the answers: with a case that shows it, tried by the
engine itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.reasoning.terms import TRUE, Truth, both, negation
from servicehall.documents.reasoning.witnesses import Anything, Reader, Witness, guesses
from servicehall.documents.reasoning.world import Case, World
from servicehall.domain.conditions import Activation, Condition, NoValue, compile
from servicehall.errors import Invalid
from servicehall.forms import Checked
from servicehall.forms.rules import Rule
from servicehall.texts import N_, _, listed

Given = Callable[[Case], str]
_WANTED: Mapping[str, tuple[Callable[[Truth], str], tuple[bool | None, ...]]] = {
    "yes": (lambda said: said.yes, (True,)),
    "no": (lambda said: said.no, (False,)),
    "not yes": (lambda said: negation(said.yes), (False, None)),
    "not no": (lambda said: negation(said.no), (True, None)),
}
_LABEL = re.compile(r"@(.+)#\d+\Z")


@dataclass(frozen=True)
class Outcome:
    """Whether something can be: None where nobody can tell. `because` names what excludes it, `about` its own."""

    possible: bool | None
    because: Sequence[str] = ()
    witness: Witness | None = None
    itself: bool = True

    def shown(self) -> dict[str, Any]:
        """What shows it, for a program."""
        found = self.witness.as_dict() if self.witness is not None else {}
        return {**found, "because": list(self.because)} if self.because else found


@dataclass
class Patience:
    """So many questions may stay undecided; then nothing more is asked, and what is left is not decided either."""

    left: int = 12


@dataclass(frozen=True)
class Thinking:
    """Asks about one world, and reports to one examination."""

    examination: Examination
    world: World
    patience: Patience = field(default_factory=Patience)

    def ask(
        self, rule: Rule | str, want: str, *, given: Given | None = None, own: str | None = None, without: str = ""
    ) -> Outcome:
        """Whether a condition can be `yes` or `no`, or anything but one of them, in a request that the form accepts."""
        case = Case(self.world, without=frozenset({without}))
        said = case.truth(rule, own=own)
        wanted, outcomes = _WANTED[want]
        goal = both(wanted(said), given(case) if given is not None else TRUE)
        return self.answer(case, goal, lambda witness: self.holds(rule, witness, own=own) in outcomes, own=own)

    def answer(self, case: Case, goal: str, tried: Callable[[Witness], bool], *, own: str | None = None) -> Outcome:
        """What the solver says of a goal; a case that it finds counts once it has been tried."""
        if self.patience.left == 0:
            return Outcome(None)
        case.settle()
        verdict = case.inquiry.ask(goal=goal)
        if verdict.possible is False:
            names = [match[1] for name in verdict.because if (match := _LABEL.match(name))]
            return Outcome(False, list(dict.fromkeys(names)), itself="goal" in verdict.because)
        found = [Reader(case, verdict).witness()] if verdict.possible else []
        if found and case.inquiry.hopes:
            better = case.inquiry.ask(goal=goal, **case.inquiry.hopes)
            found = [Reader(case, better).witness(), *found] if better.possible else found
        if found and case.inquiry.exact:
            return Outcome(True, witness=found[0])
        for witness in chain(found, guesses(case, verdict)):
            if self.accepts(witness, own=own) and tried(witness):
                return Outcome(True, witness=witness)
        self.patience.left -= 1
        return Outcome(None)

    def checked(self, witness: Witness) -> Checked:
        """What the form engine makes of the answers; those of a form around it stand as they are."""
        own = {key: value for key, value in witness.answers.items() if key in self.world.form.by_key}
        around = {key: value for key, value in witness.answers.items() if key not in own}
        return self.world.form.check(own, witness.context, lookup=Anything(), around=around)

    def accepts(self, witness: Witness, *, own: str | None = None) -> bool:
        """Whether the form keeps the answers as they are, and has nothing against them; `own` may break its rule."""
        checked = self.checked(witness)
        wrong = {problem.path.split("[")[0].split(".")[0] for problem in checked.errors}
        wrong.discard(own or "")
        kept, form = checked.answers, self.world.form
        said = {key: value for key, value in witness.answers.items() if key in form.by_key}
        return all(kept.get(key) == value and key not in wrong for key, value in said.items())

    def holds(self, rule: Rule | str, witness: Witness, *, own: str | None = None) -> bool | None:
        """What the engine makes of a condition with these answers; None where it has no value."""
        if isinstance(rule, bool):
            return rule
        environment = self.world.environment
        kept = self.checked(witness).answers
        activation = Activation(environment, witness.context, {**witness.answers, **kept})
        if own is not None:
            environment = environment.with_value(self.world.form.by_key[own].cel)
        condition = rule if isinstance(rule, Condition) else compile(rule, environment)
        try:
            value = condition.evaluate(activation.with_value(own) if own is not None else activation)
        except NoValue:
            return None
        return value if isinstance(value, bool) else None

    def judge(
        self,
        place: Place,
        rule: Rule | str,
        *,
        never: str,
        given: Given | None = None,
        own: str | None = None,
        without: str = "",
        doubtful: bool = False,
    ) -> None:
        """A condition that never holds, or always: `never` says what then never happens.

        With `doubtful`, no value is as good as yes: then only what is always false never holds.
        """
        if isinstance(rule, bool) or _constant(rule):
            return
        try:
            yes = self.ask(rule, "not no" if doubtful else "yes", given=given, own=own, without=without)
            always = self._always(rule, given if own is not None else None, own, without, doubtful=doubtful)
        except Invalid:
            return
        self.never(place, never, yes, otherwise=always)
        is_always = yes.possible is not False and always.possible is False
        said = said_because(_("this condition is always true"), always) if is_always else None
        self.examination.weigh(place, "always", said, {**yes.shown(), **always.shown()})
        if yes.possible is None or (yes.possible and always.possible is None):
            self.undecided(place)

    def never(self, place: Place, said: str, outcome: Outcome, *, otherwise: Outcome) -> None:
        """Says of something impossible what excludes it; `otherwise` is how it was found instead."""
        tried = otherwise.witness.as_dict() if otherwise.witness is not None else {}
        message = said_because(said, outcome) if outcome.possible is False else None
        self.examination.weigh(place, "never", message, {"because": list(outcome.because), "tried": tried})

    def _always(
        self, rule: Rule | str, given: Given | None, own: str | None, without: str, *, doubtful: bool
    ) -> Outcome:
        """Whether it can be otherwise; a condition that is true whenever it has a value, by logic alone, cannot."""
        no = self.ask(rule, "no", given=given, own=own, without=without)
        if doubtful or (no.possible is False and not no.because):
            return no
        return self.ask(rule, "not yes", given=given, own=own, without=without)

    def undecided(self, place: Place) -> None:
        message = _("it could not be decided whether this condition always holds, or never")
        self.examination.remark(place, "undecided", message)


def said_because(said: str, outcome: Outcome) -> str:
    """A sentence with what excludes the opposite, in words."""
    because = [words for name in outcome.because if (words := reason(name))]
    return _("{what}, because of {because}", what=said, because=listed(because)) if because else said


def reason(name: str) -> str:
    """`amount.limits` in words; empty for what needs no saying."""
    holder, _dot, part = name.rpartition(".")
    said = _REASONS.get(part.split("[")[0])
    return _(said, name=holder.removeprefix("page ").removeprefix("tasks.")) if said else ""


_REASONS: Mapping[str, str] = {
    "limits": N_("what “{name}” accepts"),
    "visible": N_("when “{name}” is shown"),
    "required": N_("when “{name}” is required"),
    "check": N_("the rules of “{name}”"),
    "read_only": N_("“{name}” being read only"),
    "value": N_("how “{name}” is computed"),
    "when": N_("when “{name}” is done"),
}


def _constant(rule: Rule | str) -> bool:
    """What is written out as always true was meant so."""
    text = rule.text if isinstance(rule, Condition) else str(rule)
    return text.strip() == "true"
