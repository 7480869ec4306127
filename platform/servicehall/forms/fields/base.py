"""What every field type is: one class that holds its control, its API field, its JSON Schema and its words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Any, ClassVar

import marshmallow

from servicehall.domain.conditions import Activation, Condition, Environment, NoValue
from servicehall.domain.expression_types import STRING, Type
from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Reading, Refused, State
from servicehall.forms.rules import BEFORE_ANSWERS, Check, Rule, decide, rule_fields, rule_text
from servicehall.texts import N_, _, pick

LIMITS = frozenset({"min", "max", "min_length", "max_length", "pattern", "step"})
"""The properties that bound an answer, and the codes of the refusals for their sake."""
CLASSIFICATIONS = ("public", "internal", "personal", "secret")
GROUPS = {
    "text": N_("Text"),
    "number": N_("Numbers"),
    "choice": N_("Choices"),
    "time": N_("Dates and times"),
    "directory": N_("People and things"),
    "layout": N_("Layout"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A control with its options, as pairs of key and label."""

    control: str
    options: Sequence[tuple[str, str]] = ()


Validator = Callable[[Any], str | None]


class Answer(marshmallow.fields.Field[Any]):
    """The API field of any type: reads JSON into the canonical answer, or refuses it."""

    def __init__(self, answer: Field) -> None:
        super().__init__(allow_none=True, metadata={"type": answer.type})
        self.answer = answer

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return None if self.answer.blank(value) else self.answer.canonical(value)


class Field(ABC):
    """One field of a form. The class is the type, with its palette entry; the instance is the field, compiled.

    `label`, `help` and `placeholder` are texts by locale; `canonical` answers are JSON values as they are stored.
    A field may become one of another type of its `family`; `begins` is what a new one has beside key, type and label.
    """

    type: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]
    group: ClassVar[str]
    control: ClassVar[str] = "input"
    input_type: ClassVar[str] = "text"
    answered: ClassVar[bool] = True
    derived: ClassVar[bool] = False
    takes_default: ClassVar[bool] = True
    most_rows: int = 0
    in_rows: ClassVar[bool] = True
    family: ClassVar[str] = ""
    begins: ClassVar[Mapping[str, Any]] = {}
    own: ClassVar[Mapping[str, Validator]] = {}
    common: ClassVar[Mapping[str, Validator]] = {
        "key": rules.string,
        "type": rules.string,
        "label": rules.text,
        "help": rules.text,
        "visible": rules.rule_or_flag,
    }
    asked: ClassVar[Mapping[str, Validator]] = {
        "placeholder": rules.text,
        "required": rules.rule_or_flag,
        "read_only": rules.rule_or_flag,
        "default": rules.anything,
        "check": rules.sequence,
    }
    recorded: ClassVar[Mapping[str, Validator]] = {
        "classification": rules.one_of(*CLASSIFICATIONS),
        "share_with": rules.strings,
        "reopens": rules.strings,
        "report": rules.flag,
    }

    def __init__(self, definition: Mapping[str, Any], draft: Draft) -> None:
        known = self.properties()
        draft.only_known(definition, known)
        good = {
            name: definition[name]
            for name, rule in known.items()
            if name in definition and draft.at(name).expect(definition[name], rule)
        }
        self.definition = good
        self.key: str = good.get("key", "")
        self.label = good.get("label") or self.key.replace("_", " ").capitalize()
        self.help = good.get("help", "")
        self.placeholder = good.get("placeholder", "")
        self.classification: str = good.get("classification", "public")
        self.share_with: tuple[str, ...] = tuple(good.get("share_with", ()))
        self.reopens: tuple[str, ...] | None = tuple(good["reopens"]) if "reopens" in good else None
        self.report: bool = good.get("report", False)
        self.currency: str | None = None
        self.page: str = ""
        self.page_visible: Rule = True
        self.visible: Rule = True
        self.required: Rule = False
        self.read_only: Rule = False
        self.default: Any = None
        self.checks: tuple[Check, ...] = ()
        self.shape(draft)

    # --- the author's side ---

    @classmethod
    def properties(cls) -> dict[str, Validator]:
        """Every property that a field of this type may have, with the rule for its shape."""
        asked = cls.asked if cls.answered else {}
        recorded = cls.recorded if cls.answered else {}
        return {**cls.common, **asked, **recorded, **cls.own}

    def shape(self, draft: Draft) -> None:  # noqa: B027 - most types need nothing here
        """What else must be right in the definition, before any condition is compiled."""

    def limit(self, draft: Draft, name: str) -> Any:
        """A limit (`min`, `max`) in canonical form, or None; a wrong one is a problem."""
        if name not in self.definition:
            return None
        try:
            return self.canonical(self.definition[name])
        except Refused as error:
            draft.at(name).fail("type", error.message)
            return None

    @property
    def cel(self) -> Type:
        """The type of this field in conditions."""
        return STRING

    def siblings(self, fields: Mapping[str, Field], draft: Draft) -> None:  # noqa: B027 - only cascades look around
        """What must be right together with the other fields (a cascade's parent)."""

    def compile(self, environment: Environment, above: frozenset[str], draft: Draft) -> None:
        """Compiles every condition; `above` are the fields that a default may use."""
        found = self.definition
        self.visible = draft.at("visible").rule(found.get("visible", True), environment)
        self.required = draft.at("required").rule(found.get("required", False), environment)
        self.read_only = draft.at("read_only").rule(found.get("read_only", False), environment)
        self.checks = tuple(self._checks(environment.with_value(self.cel), draft.at("check")))
        if found.get("default") is not None:
            self.default = self._default(found["default"], environment, above, draft.at("default"))

    def _checks(self, environment: Environment, draft: Draft) -> Iterator[Check]:
        for index, entry in enumerate(self.definition.get("check", ())):
            place = draft.at(index)
            if not place.expect(entry, rules.mapping):
                continue
            place.only_known(entry, ("rule", "message"))
            told = "message" not in entry or place.at("message").expect(entry["message"], rules.text)
            rule = place.at("rule").condition(entry.get("rule"), environment)
            if rule is not None and told:
                yield Check(rule, entry.get("message"))

    def _default(self, given: Any, environment: Environment, above: frozenset[str], draft: Draft) -> Any:
        if not self.takes_default:
            return draft.fail("type", _("A field of type {type} has no default.", type=self.type))
        if isinstance(given, Mapping):
            return self._expression(given, environment, above, draft)
        try:
            return self.literal(given)
        except Refused as error:
            return draft.fail("type", error.message)

    def _expression(
        self, given: Mapping[str, Any], environment: Environment, above: frozenset[str], draft: Draft
    ) -> Condition | None:
        draft.only_known(given, ("value",))
        condition = draft.at("value").condition(given.get("value"), environment, self.cel)
        if condition is None:
            return None
        strange = sorted({name.split(".")[0] for name in condition.names} - {*BEFORE_ANSWERS, *above})
        if strange:
            message = _(
                "A default may use only fields above it and {names}, not {key}.",
                names=", ".join(BEFORE_ANSWERS),
                key=strange[0],
            )
            draft.at("value").fail("order", message)
        return condition

    def literal(self, given: Any) -> Any:
        """A default written in the document, in canonical form."""
        return self.canonical(given)

    def dependencies(self) -> frozenset[str]:
        """The fields that must be settled before this one."""
        default = self.default if isinstance(self.default, Condition) else None
        return rule_fields(self.page_visible, self.visible, self.read_only, default)

    # --- the answer ---

    def blank(self, raw: Any) -> bool:
        """Whether this is no answer at all."""
        return raw is None or (isinstance(raw, str) and not raw.strip())

    @abstractmethod
    def canonical(self, raw: Any) -> Any:
        """A JSON value as it is stored; Refused where type or limits are wrong. Never blank."""

    def known(self, value: Any, reading: Reading) -> Any:
        """The canonical answer as the world around knows it; Refused where it does not."""
        return value

    def beyond_limits(self, raw: Any, refused: Refused) -> Any:
        """The canonical value of an answer that was refused for nothing but a limit; None for any other."""
        try:
            return self._unlimited.canonical(raw) if refused.code in LIMITS else None
        except Refused:
            return None

    @cached_property
    def _unlimited(self) -> Field:
        """The same field without its limits."""
        free = {name: value for name, value in self.definition.items() if name not in LIMITS}
        return type(self)(free, Draft("", self.currency or ""))

    def read(self, raw: Any, reading: Reading) -> Any:
        """The answer that was given, or None."""
        value = self.api_field().deserialize(raw)
        return None if value is None else self.known(value, reading)

    def settle(self, raw: Mapping[str, Any], reading: Reading, *, read_only: bool) -> Any:
        """The field's answer: what was posted, where it may be; else what was there, or the default."""
        if read_only and reading.before(self.key) is not None:
            return reading.before(self.key)
        if not read_only and self.key in raw:
            return self.read(raw[self.key], reading)
        return None if self.key in reading.seen else self.suggested(reading)

    def suggested(self, reading: Reading) -> Any:
        """The default; one that is not valid here is none."""
        try:
            value = self.default
            if isinstance(value, Condition):
                value = self.from_cel(value.evaluate(reading.activation))
            return None if self.blank(value) else self.known(self.canonical(value), reading)
        except (NoValue, Refused):
            return None

    def from_cel(self, value: Any) -> Any:
        """The result of an expression as JSON that `canonical` reads."""
        return value

    def state(self, reading: Reading, *, read_only: bool) -> State:
        """What a visible field is now; `required` is decided when all answers are known."""
        return State(visible=True, read_only=read_only)

    def is_required(self, activation: Activation) -> bool:
        return decide(self.required, activation)

    # --- the faces ---

    def api_field(self) -> Answer:
        return Answer(self)

    @abstractmethod
    def schema_fragment(self) -> dict[str, Any]:
        """What JSON Schema says about the value."""

    def json_schema(self, locale: str) -> dict[str, Any]:
        """The property of this field in the form's JSON Schema, with its conditions as text."""
        schema = {"title": pick(self.label, locale), "x-type": self.type, **self.schema_fragment()}
        found = {
            "description": pick(self.help, locale),
            "x-placeholder": pick(self.placeholder, locale),
            "x-check": [{"rule": c.rule.text, "message": pick(c.message, locale)} for c in self.checks],
            "x-classification": self.classification if self.classification != "public" else None,
        }
        schema.update({name: value for name, value in found.items() if value})
        if self.visible is not True:
            schema["x-visible"] = rule_text(self.visible)
        if self.required is not False:
            schema["x-required"] = rule_text(self.required)
        if self.read_only is not False:
            schema["x-read-only"] = rule_text(self.read_only)
            schema["readOnly"] = self.read_only is True
        if self.default is not None:
            written = isinstance(self.default, Condition)
            schema["x-default" if written else "default"] = self.default.text if written else self.default
        return schema

    def inner_fields(self) -> Sequence[Field]:
        """The columns of a table; nothing else has fields inside."""
        return ()

    def padded(self, raw: Any) -> Any:
        """What was posted, with the empty rows that a page shows to be filled in."""
        return raw

    def web_control(self) -> Any:
        """The unbound WTForms field."""
        from servicehall.forms.controls import Control

        return Control(answer=self)

    def parse(self, values: Sequence[Any], zone: tzinfo) -> Any:
        """What a browser posted for this field, as the JSON that an API client would send; None for nothing."""
        texts = [value for value in values if isinstance(value, str)]
        return texts[-1] if texts and texts[-1].strip() else None

    def form_value(self, value: Any, zone: tzinfo) -> Any:
        """A canonical answer as its control holds it."""
        return "" if value is None else str(value)

    def attributes(self) -> dict[str, Any]:
        """HTML attributes of the control."""
        return {}

    def offer(self, state: State, lookup: Lookup, value: Any, locale: str) -> Offer:
        """Which control shows it, and what it offers to choose from."""
        return Offer(self.control)

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        """A canonical answer for a person to read; empty for none."""
        return "" if value is None else str(value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}>"
