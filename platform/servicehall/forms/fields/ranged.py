"""What the types with a smallest and a largest value share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Field, Validator
from servicehall.forms.lookup import NoLookup
from servicehall.forms.reading import Refused
from servicehall.texts import _, current_locale


class Ranged(Field):
    """Values have an order; `min` and `max` are themselves values of the type and belong to the range."""

    own: ClassVar[Mapping[str, Validator]] = {"min": rules.anything, "max": rules.anything}

    def shape(self, draft: Draft) -> None:
        self.min: Any = None
        self.max: Any = None
        low, high = self.limit(draft, "min"), self.limit(draft, "max")
        self.min, self.max = low, high
        if low is not None and high is not None and self.order(low) > self.order(high):
            draft.at("min").fail("range", _("The smallest is above the largest."))

    def order(self, value: Any) -> Any:
        """A canonical answer as something that can be compared."""
        return value

    def in_range(self, value: Any) -> Any:
        """The canonical value itself; Refused where it is outside."""
        if self.min is not None and self.order(value) < self.order(self.min):
            raise Refused("min", _("This must be at least {min}.", min=self._shown(self.min)))
        if self.max is not None and self.order(value) > self.order(self.max):
            raise Refused("max", _("This must be at most {max}.", max=self._shown(self.max)))
        return value

    def _shown(self, value: Any) -> str:
        return self.display(value, current_locale(), NoLookup())

    def attributes(self) -> dict[str, Any]:
        found = {"min": self.min, "max": self.max}
        return {name: value for name, value in found.items() if value is not None}
