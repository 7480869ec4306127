"""Options: a list with prices and conditions, nested for cascading choices of any depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from servicehall.domain.conditions import Activation, Environment
from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Field, Offer, Validator
from servicehall.forms.lookup import Lookup
from servicehall.forms.numbers import read_decimal
from servicehall.forms.reading import Reading, Refused, State
from servicehall.forms.rules import Rule, decide, rule_fields, rule_text
from servicehall.texts import _, pick

MAX_OPTIONS = 5000
MAX_KEY = 100


@dataclass(frozen=True, eq=False)
class Option:
    """One option; `options` are those that it opens in the field that cascades from this one."""

    key: str
    label: Any
    price: Any = None
    when: Rule = True
    options: tuple[Option, ...] = ()

    def walk(self) -> Iterator[Option]:
        yield self
        for option in self.options:
            yield from option.walk()

    @property
    def costs(self) -> Mapping[str, Any] | None:
        """Its price as `{amount?, currency?, recurring?}`, or None."""
        return self.price if isinstance(self.price, Mapping) or self.price is None else {"amount": self.price}

    def as_json(self, locale: str) -> dict[str, Any]:
        found = {"key": self.key, "label": pick(self.label, locale) or self.key, "price": self.price}
        if self.when is not True:
            found["when"] = rule_text(self.when)
        return {name: value for name, value in found.items() if value is not None}


class Choosing(Field):
    """Shared by the types that choose among options of their own, or of their parent's chosen option."""

    group = "choice"
    family = "choice"
    begins: ClassVar[Mapping[str, Any]] = {
        "options": [{"key": "option_1", "label": {"en": "Option 1", "zh": "选项 1"}}]
    }
    control = "select"
    many: ClassVar[bool] = False
    own: ClassVar[Mapping[str, Validator]] = {"options": rules.anything}

    def shape(self, draft: Draft) -> None:
        self.parent_key: str | None = None
        self.parent: Choosing | None = None
        self.options: tuple[Option, ...] = ()
        given, place = self.definition.get("options"), draft.at("options")
        if isinstance(given, Mapping) and "from" in given:
            place.only_known(given, ("from",))
            if place.at("from").expect(given["from"], rules.string):
                self.parent_key = given["from"]
        elif isinstance(given, Mapping) and "use" in given:
            place.fail("unresolved", _("The choice list {name} is not there.", name=str(given["use"])[:80]))
        elif not isinstance(given, list | tuple) or not given:
            place.fail("type", _("This must be a list of options, {use: …} or {from: …}."))

    def siblings(self, fields: Mapping[str, Field], draft: Draft) -> None:
        if self.parent_key is None:
            return
        place, parent = draft.at("options").at("from"), fields.get(self.parent_key)
        if parent is None:
            place.fail("unknown_name", _("There is no field {key}.", key=self.parent_key))
        elif not isinstance(parent, Choosing) or parent.many:
            place.fail("type", _("{key} is not a field of type choice.", key=self.parent_key))
        elif self in parent.lineage():
            place.fail("cycle", _("A choice cannot cascade from itself."))
        else:
            self.parent = parent

    @property
    def nested(self) -> bool:
        """Whether another field may cascade from this one."""
        return any(option.options for option in self.options)

    def lineage(self) -> Iterator[Choosing]:
        """The fields that this one cascades from, itself first."""
        yield self
        if self.parent is not None:
            yield from self.parent.lineage()

    def compile(self, environment: Environment, above: frozenset[str], draft: Draft) -> None:
        given = self.definition.get("options")
        if isinstance(given, list | tuple):
            self.options = tuple(read_options(given, environment, draft.at("options")))
        super().compile(environment, above, draft)

    def literal(self, given: Any) -> Any:
        value = self.canonical(given)
        known = {option.key for option in self.level()}
        for key in value if isinstance(value, list) else [value]:
            if key not in known:
                raise self.refused(key)
        return value

    def refused(self, key: str) -> Refused:
        return Refused("choice", _("{key} is not one of the options.", key=key[:MAX_KEY]))

    def dependencies(self) -> frozenset[str]:
        whens = rule_fields(*(option.when for option in self.level()))
        return super().dependencies() | whens | ({self.parent.key} if self.parent else set())

    def level(self) -> tuple[Option, ...]:
        """All options that this field may ever offer."""
        if self.parent is None:
            return self.options
        return tuple(inner for option in self.parent.level() for inner in option.options)

    def offered(self, answers: Mapping[str, Any], activation: Activation) -> tuple[Option, ...]:
        """The options that stand open, given the parent's answer and each option's condition."""
        return tuple(option for option in self._branch(answers) if decide(option.when, activation))

    def _branch(self, answers: Mapping[str, Any]) -> tuple[Option, ...]:
        if self.parent is None:
            return self.options
        chosen = answers.get(self.parent.key)
        siblings = self.parent._branch(answers)
        return next((option.options for option in siblings if option.key == chosen), ())

    def state(self, reading: Reading, *, read_only: bool) -> State:
        return State(visible=True, read_only=read_only, options=self.offered(reading.answers, reading.activation))

    def chosen(self, value: Any, answers: Mapping[str, Any]) -> tuple[Option, ...]:
        """The options behind an answer, for their labels and prices."""
        keys = value if isinstance(value, list) else [value]
        branch = {option.key: option for option in self._branch(answers) or self.level()}
        every = {option.key: option for option in self.level()}
        return tuple(found for key in keys if (found := branch.get(key) or every.get(key)))

    def words(self, value: Any, locale: str) -> list[str]:
        """The labels of an answer; a key that is not known any more stands for itself."""
        labels = {option.key: pick(option.label, locale) or option.key for option in self.level()}
        return [labels.get(key, str(key)) for key in (value if isinstance(value, list) else [value])]

    def offer(self, state: State, lookup: Lookup, value: Any, locale: str) -> Offer:
        return Offer(self.control, self.labelled(state, locale))

    def labelled(self, state: State, locale: str) -> list[tuple[str, str]]:
        """The options that stand open, as keys and labels."""
        return [(option.key, pick(option.label, locale) or option.key) for option in state.options]

    def option_schema(self) -> dict[str, Any]:
        """What JSON Schema says about one key."""
        return {"type": "string", "enum": sorted({option.key for option in self.level()})}

    def json_schema(self, locale: str) -> dict[str, Any]:
        schema = super().json_schema(locale)
        schema["x-options"] = [option.as_json(locale) for option in self.level()]
        whens = {option.key: rule_text(option.when) for option in self.level() if option.when is not True}
        if whens:
            schema["x-options-when"] = whens
        if self.parent is not None:
            schema["x-options-from"] = self.parent.key
        return schema


def read_options(given: Iterable[Any], environment: Environment, draft: Draft, depth: int = 0) -> Iterator[Option]:
    """The options of a list, each mistake noted at its place."""
    seen: set[str] = set()
    for index, entry in enumerate(given):
        place = draft.at(index)
        if index >= MAX_OPTIONS or depth > 10:
            place.fail("range", _("There are too many options."))
            return
        if not place.expect(entry, rules.mapping):
            continue
        place.only_known(entry, ("key", "label", "price", "when", "options"))
        if not place.at("key").expect(entry.get("key"), option_key):
            continue
        key = entry["key"]
        if key in seen:
            place.at("key").fail("duplicate", _("The option {key} is there twice.", key=key))
            continue
        seen.add(key)
        yield _read_option(key, entry, environment, place, depth)


def _read_option(key: str, entry: Mapping[str, Any], environment: Environment, draft: Draft, depth: int) -> Option:
    if "label" in entry:
        draft.at("label").expect(entry["label"], rules.text)
    if "price" in entry:
        draft.at("price").expect(entry["price"], price)
    nested = entry.get("options", ())
    inner = nested if draft.at("options").expect(nested, rules.sequence) else ()
    return Option(
        key=key,
        label=entry.get("label") or key,
        price=entry.get("price"),
        when=draft.at("when").rule(entry.get("when", True), environment),
        options=tuple(read_options(inner, environment, draft.at("options"), depth + 1)),
    )


def option_key(value: Any) -> str | None:
    good = isinstance(value, str) and 0 < len(value) <= MAX_KEY and value == value.strip() and value.isprintable()
    return None if good else _("The key of an option is a text, without spaces around it.")


def price(value: Any) -> str | None:
    """A decimal, or `{amount, currency?, recurring?: {amount, per}}`."""
    amounts = [value.get("amount", "0"), value.get("recurring", {})] if isinstance(value, Mapping) else [value]
    try:
        for amount in amounts:
            read_decimal(amount.get("amount", "0") if isinstance(amount, Mapping) else amount)
    except ValueError:
        return _("A price is a decimal, or a mapping with an amount.")
    return None
