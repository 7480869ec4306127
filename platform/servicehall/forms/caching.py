"""Compiled forms, kept for the life of the process under the hash of the release that they come from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from servicehall.forms.compiled import CompiledForm
from servicehall.forms.compiler import compile_form

KEPT = 500
_forms: OrderedDict[str, CompiledForm] = OrderedDict()
_lock = threading.Lock()


def compile_form_cached(key: str, form: Mapping[str, Any] | None, **given: Any) -> CompiledForm:
    """The form compiled once for this key, which must name form and arguments entirely (`sha256`, `sha256/task`)."""
    with _lock:
        if key in _forms:
            _forms.move_to_end(key)
            return _forms[key]
    compiled = compile_form(form, **given)
    with _lock:
        _forms[key] = compiled
        while len(_forms) > KEPT:
            _forms.popitem(last=False)
    return compiled
