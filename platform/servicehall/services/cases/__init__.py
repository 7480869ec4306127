"""The read model: what API and pages show of a case, as plain records (`api.md`, “Shapes”), in the reader's language.

Every function batches what it reads: no query for each row.
"""

from servicehall.services.cases.approvals import approval_record, approval_records, approval_rows
from servicehall.services.cases.clocks import clock_records
from servicehall.services.cases.history import attachment_records, comment_records, event_records
from servicehall.services.cases.ledgers import Ledger, ledger_record, ledgers
from servicehall.services.cases.moves import move_records
from servicehall.services.cases.names import Names, gather, person_record
from servicehall.services.cases.previews import answer_record, preview_record
from servicehall.services.cases.progress import progress
from servicehall.services.cases.requests import head, request_record, request_rows, watcher_records
from servicehall.services.cases.tasks import task_record, task_records, task_rows
from servicehall.services.cases.waiting import moot_tasks, waits_for

__all__ = [
    "Ledger",
    "Names",
    "answer_record",
    "approval_record",
    "approval_records",
    "approval_rows",
    "attachment_records",
    "clock_records",
    "comment_records",
    "event_records",
    "gather",
    "head",
    "ledger_record",
    "ledgers",
    "moot_tasks",
    "move_records",
    "person_record",
    "preview_record",
    "progress",
    "request_record",
    "request_rows",
    "task_record",
    "task_records",
    "task_rows",
    "waits_for",
    "watcher_records",
]
