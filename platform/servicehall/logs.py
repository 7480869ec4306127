"""Logging to standard error: one line for each record, control characters escaped, as text or JSON.

The lines of an exception are indented, so that none of them can pass for a record.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}
_ESCAPES |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


def escape(text: str) -> str:
    """Nothing that a person typed can begin a new line or move the cursor of whoever reads the log."""
    return text.translate(_ESCAPES)


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{_instant(record)} {record.levelname} {record.name}: {escape(record.getMessage())}"
        if not record.exc_info:
            return line
        return "\n".join([line, *(f"  {escape(one)}" for one in self.formatException(record.exc_info).split("\n"))])


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": _instant(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def configure(form: str, level: str) -> None:
    """Send everything from `level` up to standard error; libraries' chatter only from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in ("flask_appbuilder", "huey", "weasyprint", "fontTools", "alembic", "werkzeug"):
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))
    for adviser in ("flask_appbuilder.security.manager", "flask_appbuilder.security.sqla.manager"):
        logging.getLogger(adviser).setLevel(logging.ERROR)  # they advise their own commands


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
