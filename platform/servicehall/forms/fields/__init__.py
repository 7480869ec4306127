"""The field types: one file and one line here for each."""

from servicehall.forms.fields.asset import AssetField
from servicehall.forms.fields.boolean import BooleanField
from servicehall.forms.fields.choice import ChoiceField
from servicehall.forms.fields.choices import ChoicesField
from servicehall.forms.fields.computed import ComputedField
from servicehall.forms.fields.date import DateField
from servicehall.forms.fields.datetime import DateTimeField
from servicehall.forms.fields.decimal import DecimalField
from servicehall.forms.fields.department import DepartmentField
from servicehall.forms.fields.duration import DurationField
from servicehall.forms.fields.email import EmailField
from servicehall.forms.fields.file import FileField
from servicehall.forms.fields.group import GroupField
from servicehall.forms.fields.integer import IntegerField
from servicehall.forms.fields.location import LocationField
from servicehall.forms.fields.long_text import LongTextField
from servicehall.forms.fields.money import MoneyField
from servicehall.forms.fields.note import NoteField
from servicehall.forms.fields.person import PersonField
from servicehall.forms.fields.phone import PhoneField
from servicehall.forms.fields.rating import RatingField
from servicehall.forms.fields.registry import FIELD_TYPES
from servicehall.forms.fields.section import SectionField
from servicehall.forms.fields.table import TableField
from servicehall.forms.fields.text import TextField
from servicehall.forms.fields.time import TimeField
from servicehall.forms.fields.url import UrlField

FIELD_TYPES.register("text", TextField)
FIELD_TYPES.register("long_text", LongTextField)
FIELD_TYPES.register("integer", IntegerField)
FIELD_TYPES.register("decimal", DecimalField)
FIELD_TYPES.register("money", MoneyField)
FIELD_TYPES.register("boolean", BooleanField)
FIELD_TYPES.register("choice", ChoiceField)
FIELD_TYPES.register("choices", ChoicesField)
FIELD_TYPES.register("date", DateField)
FIELD_TYPES.register("datetime", DateTimeField)
FIELD_TYPES.register("time", TimeField)
FIELD_TYPES.register("duration", DurationField)
FIELD_TYPES.register("email", EmailField)
FIELD_TYPES.register("phone", PhoneField)
FIELD_TYPES.register("url", UrlField)
FIELD_TYPES.register("person", PersonField)
FIELD_TYPES.register("group", GroupField)
FIELD_TYPES.register("department", DepartmentField)
FIELD_TYPES.register("location", LocationField)
FIELD_TYPES.register("asset", AssetField)
FIELD_TYPES.register("file", FileField)
FIELD_TYPES.register("table", TableField)
FIELD_TYPES.register("computed", ComputedField)
FIELD_TYPES.register("rating", RatingField)
FIELD_TYPES.register("section", SectionField)
FIELD_TYPES.register("note", NoteField)

__all__ = ["FIELD_TYPES"]
