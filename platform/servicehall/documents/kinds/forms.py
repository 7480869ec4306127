"""The order and layout of forms, pages, fields and options; what they mean is the form engine's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import validates_schema

from servicehall.documents.kinds.kind import condition, use_of
from servicehall.documents.kinds.prices import PriceLayout
from servicehall.documents.parts import ANYTHING, Block, Layout, ListOf, OneOf, Part, wrong
from servicehall.documents.words import Amount, DepartmentKey, Expression, FieldKey, Line, Name, Reference, Text
from servicehall.texts import _

MOST_OPTIONS = 5000
MOST_FIELDS = 500
MOST_PAGES = 100
_PRICE = Block(PriceLayout, inline=True)


def _price(value: Any) -> Part:
    return _PRICE if isinstance(value, dict) else ANYTHING


class OptionLayout(Layout):
    """One option of a choice; nested options make it a step of a cascade."""

    key = Line(required=True)
    label = Text()
    price = OneOf(_price, lambda: (Amount(), _PRICE), inline=True)
    when = condition()
    options = ListOf(Block(lambda: OptionLayout, inline=True), inline=False, least=1, most=MOST_OPTIONS)


class SourceLayout(Layout):
    """Options from elsewhere: a choice list, or those nested under the parent field's option."""

    use = Reference("choice_list")
    from_ = FieldKey(data_key="from")

    @validates_schema
    def refuse_both(self, data: Any, **kwargs: Any) -> None:
        if isinstance(data, Mapping) and {"use", "from_"} <= data.keys():
            raise wrong("exclusive", _("either “use” or “from”, not both"))


class CheckLayout(Layout):
    rule = Expression(required=True)
    message = Text()


class DefaultLayout(Layout):
    value = Expression(required=True)


def _options(value: Any) -> Part:
    return _OPTIONS if isinstance(value, list) else _SOURCE


def _default(value: Any) -> Part:
    return _DEFAULT if isinstance(value, dict) and set(value) == {"value"} else ANYTHING


_OPTIONS = ListOf(Block(OptionLayout, inline=True), inline=False, least=1, most=MOST_OPTIONS)
_SOURCE = Block(SourceLayout, inline=True)
_DEFAULT = Block(DefaultLayout, inline=True)


class FieldLayout(Layout):
    """The properties of a field in the order of the language's table; which of them a type has, its class says."""

    refuses_unknown = False

    key = FieldKey(required=True)
    type = Line(required=True)
    label = Text()
    help = Text()
    placeholder = Text()
    required = condition()
    visible = condition()
    read_only = condition()
    currency = Part()
    default = OneOf(_default, lambda: (ANYTHING, _DEFAULT), inline=True)
    value = Expression()
    as_ = Part(data_key="as")
    min = Part()
    max = Part()
    min_length = Part()
    max_length = Part()
    pattern = Part()
    step = Part()
    check = ListOf(Block(CheckLayout, inline=True), inline=False)
    options = OneOf(_options, lambda: (_OPTIONS, _SOURCE), inline=True)
    columns = ListOf(Block(lambda: FieldLayout), least=1)
    min_rows = Part()
    max_rows = Part()
    classification = Part()
    share_with = ListOf(DepartmentKey(), inline=True)
    reopens = ListOf(Line(), inline=True)
    report = Part()


_FIELD = Block(FieldLayout)
_FIELD_SET = use_of("field_set")


def _entry(value: Any) -> Part:
    return _FIELD_SET if isinstance(value, dict) and "use" in value and "key" not in value else _FIELD


def field_entries(**options: Any) -> Part:
    """A list of fields and `{use: …}` of field sets."""
    return ListOf(OneOf(_entry, lambda: (_FIELD, _FIELD_SET)), most=MOST_FIELDS, **options)


class PageLayout(Layout):
    key = Name(required=True)
    title = Text()
    visible = condition()
    fields_ = field_entries(required=True, data_key="fields")


class FormLayout(Layout):
    """A form has pages; a short one, as a task's, may have its fields at once."""

    pages = ListOf(Block(PageLayout), most=MOST_PAGES)
    fields_ = field_entries(data_key="fields")
