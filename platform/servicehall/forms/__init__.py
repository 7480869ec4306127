"""The form engine: from a form document to pages, JSON Schema and checked answers, by one definition."""

from servicehall.forms.caching import compile_form_cached
from servicehall.forms.checked import Checked
from servicehall.forms.compiled import CompiledForm, Page, merge
from servicehall.forms.compiler import check_form, compile_form, examine_form
from servicehall.forms.fields import FIELD_TYPES
from servicehall.forms.fields.base import LIMITS, Field
from servicehall.forms.lookup import FileFacts, Lookup, NoLookup
from servicehall.forms.reading import State
from servicehall.forms.web_form import WebField, WebForm, WebOption, WebPage, WebRow

__all__ = [
    "FIELD_TYPES",
    "LIMITS",
    "Checked",
    "CompiledForm",
    "Field",
    "FileFacts",
    "Lookup",
    "NoLookup",
    "Page",
    "State",
    "WebField",
    "WebForm",
    "WebOption",
    "WebPage",
    "WebRow",
    "check_form",
    "compile_form",
    "compile_form_cached",
    "examine_form",
    "merge",
]
