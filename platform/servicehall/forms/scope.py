"""A scope is a list of fields that are answered together: a form, or the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from servicehall.domain.conditions import Activation, Environment
from servicehall.errors import Problem
from servicehall.forms.fields.base import Field
from servicehall.forms.reading import HIDDEN, Reading, Refused
from servicehall.forms.rules import decide
from servicehall.texts import _, pick

MAX_KEYS_TOLD = 20


@dataclass(frozen=True)
class Scope:
    """Fields in the order of the document, the same in the order of evaluation, and the names for conditions."""

    fields: tuple[Field, ...]
    order: tuple[Field, ...]
    environment: Environment

    def evaluate(self, raw: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
        """The canonical answers of what is visible, in the order of the document.

        Every problem, and what each field is now, is left in the reading.
        """
        self._refuse_unknown(raw, reading)
        refused = {field.key for field in self.order if not self._settle(field, raw, reading)}
        for field in self.fields:
            self._conclude(field, reading, refused=field.key in refused)
        return {
            field.key: reading.answers[field.key]
            for field in self.fields
            if field.answered and field.key in reading.answers
        }

    def visible_with(self, activation: Activation) -> frozenset[str]:
        """The keys of the fields that are visible with answers that are all known."""
        return frozenset(field.key for field in self.fields if _visible(field, activation))

    def _refuse_unknown(self, raw: Mapping[str, Any], reading: Reading) -> None:
        known = {field.key for field in self.fields if field.answered}
        unknown = [str(key) for key in raw if key not in known]
        for key in unknown[:MAX_KEYS_TOLD]:
            shown = key[:80].encode("utf-8", "replace").decode()
            reading.problems.append(
                Problem(reading.prefix + shown, "unknown", _("There is no field {key}.", key=shown))
            )

    def _settle(self, field: Field, raw: Mapping[str, Any], reading: Reading) -> bool:
        """Decides what the field is and what its answer is; False where the answer is refused."""
        path = reading.prefix + field.key
        reading.states[path] = HIDDEN
        if reading.holds_still(field.key) and not field.derived:
            self._hold_still(field, reading)
            return True
        if not _visible(field, reading.activation):
            reading.settle(field.key, None)
            return reading.untold.isdisjoint(field.dependencies()) or self._judge(field, raw, reading)
        read_only = decide(field.read_only, reading.activation)
        reading.states[path] = field.state(reading, read_only=read_only)
        if not field.answered:
            return True
        try:
            value = field.settle(raw, reading, read_only=read_only)
        except Refused as error:
            reading.doubt(field.key, field.beyond_limits(raw.get(field.key), error))
            reading.problems.append(error.problem(path))
            return False
        if field.derived and not reading.doubted.isdisjoint(field.dependencies()):
            reading.doubt(field.key, value)
        else:
            reading.settle(field.key, value)
        return True

    def _judge(self, field: Field, raw: Mapping[str, Any], reading: Reading) -> bool:
        """A field that may be hidden only because another answer was refused: what was given for it is judged too."""
        reading.untold.add(field.key)
        if field.answered and not field.derived and field.key in raw:
            try:
                field.read(raw[field.key], reading)
            except Refused as error:
                reading.problems.append(error.problem(reading.prefix + field.key))
                return False
        return True

    def _hold_still(self, field: Field, reading: Reading) -> None:
        """A field that this reading may not change keeps the answer it has."""
        reading.settle(field.key, reading.before(field.key))
        if field.key not in reading.skip and _visible(field, reading.activation):
            state = field.state(reading, read_only=True)
            reading.states[reading.prefix + field.key] = state

    def _conclude(self, field: Field, reading: Reading, *, refused: bool) -> None:
        """With all answers known: is the field required, and do its own rules hold?"""
        path = reading.prefix + field.key
        state = reading.states[path]
        if not state.visible or not field.answered or reading.holds_still(field.key):
            return
        required = field.is_required(reading.activation)
        reading.states[path] = replace(state, required=required)
        if field.key not in reading.answers:
            if required and not refused:
                reading.problems.append(Problem(path, "required", _("This needs an answer.")))
            return
        for check in field.checks:
            if check.fails(reading.activation, field.key):
                message = pick(check.message) or _("This does not follow the form's rule.")
                reading.problems.append(Problem(path, "check", message))


def _visible(field: Field, activation: Activation) -> bool:
    return decide(field.page_visible, activation) and decide(field.visible, activation)
