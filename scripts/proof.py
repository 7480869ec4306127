"""The long proofs: every test that shows a row; keeps what came out in docs/proof.md.

    scripts/proof.py            every row
    scripts/proof.py T1 R13     these rows; the others stay in the page as they are

PROOF_SEED chooses another seed. Exit code 1 where a test failed, was skipped, or a row has no test. A new row is one
line of ROWS, and `@pytest.mark.proves("T1")` at its tests; what they `record_property` stands beside their result.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
ROWS = {
    "R1": "SIGKILL the worker between claim and done: everything done, effects once",
    "R2": "SIGKILL the web worker between commit and wake: the sweeper does it",
    "R3": "two approvers at a barrier, any and all: exactly one advance, never stuck",
    "R4": "approve against reject: one of them counts",
    "R5": "the same POST in parallel: one request",
    "R6": "three consumers at once: one reminder",
    "R7": "the clock an hour forward and back, both daylight changes, 29 February",
    "R8": "a write lock held for long: a wait or 503, no lost write, no 500",
    "R9": "Redis stopped: submitting works, and the work drains when it is back",
    "R10": "disk full, read-only database: a clear error, the chain still verifies",
    "R11": "kill -9 of PostgreSQL under load: what was acknowledged is there",
    "R12": "the lease runs out while the slow worker still works: it is fenced off",
    "R13": "an event row edited, deleted, moved, the tail cut: verification names the row",
    "R14": "an escalation meets a request closed a moment ago: it has no effect",
    "A1": "random chains in random companies: the program and an oracle of votes agree after every act",
    "C1": "what the solver says of a condition, against every answer that a small form accepts: never wrong",
    "C2": "for whom nobody decides, told of everybody at once: as the chain says of each person alone",
    "F1": "dates of a plan against a scheduler that tries every schedule: what begins when, whether a date can be met",
    "F2": "every case can end: from each state of small plans, after each prefix of shipped ones",
    "F3": "undo after each prefix of shipped and random plans: all that was done, nothing else, in the reversed order",
    "E1": "mutants of every shipped service: a slip of the pen turns one of its examples red",
    "S1": "everything shipped, in every tab of the studio: it opens, untouched it stays, one word is one line",
    "T1": "working time against an oracle that steps minute by minute, over every IANA zone: no difference",
}
PAGE = ROOT / "docs/proof.md"


class Results:
    """Collects, for each row, its tests with their outcome (and what they recorded) and duration in seconds."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
        self.wanted: frozenset[str] = frozenset(ROWS)
        self.began, self.commit = datetime.now(UTC), _output("git", "rev-parse", "--short", "HEAD")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self.wanted & {mark.args[0] for mark in item.iter_markers("proves")}]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Any:
        report = (yield).get_result()
        if report.when == "call" or report.outcome != "passed":
            recorded = [f"{name} {value}" for name, value in report.user_properties]
            for mark in item.iter_markers("proves"):
                said = ", ".join((report.outcome, *recorded))
                self.rows[mark.args[0]].append((_said(item.name), said, report.duration))


def _said(name: str) -> str:
    """A test's name as a sentence: `test_two_at_once[sqlite]` is “two at once (sqlite)”."""
    words, _, database = name.removeprefix("test_").rstrip("]").partition("[")
    return words.replace("_", " ") + (f" ({database.replace('-', ', ')})" if database else "")


def page(results: Results, before: str) -> str:
    """What docs/proof.md says; of rows that were not run it says what it said before."""
    from tests import proofs

    ran = f"{results.began:%Y-%m-%d %H:%M} UTC, {results.commit}, seed {proofs.SEED}"
    lines = [
        "# The long proofs",
        "",
        "What `make proof` printed last. The normal run of the tests does the same with fewer rounds and cases; it",
        "prints the seed of its random samples. Each row says when it was run, on which commit, with which seed.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in _circumstances(proofs)),
        "",
        "| row | test | result | seconds |",
        "|---|---|---|---|",
    ]
    for row, claim in ROWS.items():
        tests = results.rows[row]
        if row in results.wanted:
            lines.append(f"| **{row}** | **{claim}** | {ran if tests else 'no test'} | |")
            lines += [f"| | {name} | {outcome} | {seconds:.1f} |" for name, outcome, seconds in tests]
        else:
            lines += _kept(before, row) or [f"| **{row}** | **{claim}** | not run yet | |"]
    return "\n".join(lines) + "\n"


def _kept(before: str, row: str) -> list[str]:
    """The lines of a row in the page as it is."""
    lines = before.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(f"| **{row}** |")]
    if not starts:
        return []
    rest = takewhile(lambda line: line.startswith("| | "), lines[starts[0] + 1 :])
    return [lines[starts[0]], *rest]


def _circumstances(proofs: Any) -> list[tuple[str, str]]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        ("rounds of a race, on each database", f"{proofs.ROUNDS} (whole requests: {proofs.ROUNDS // 4})"),
        ("workers killed, on each database", str(proofs.KILLS)),
        ("machine", f"{os.cpu_count()} processors, {memory:.0f} GB, {platform.system()} {platform.machine()}"),
        ("Python, SQLite", f"{platform.python_version()}, {sqlite3.sqlite_version}"),
        ("PostgreSQL", _postgres_version()),
    ]


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _postgres_version() -> str:
    import psycopg
    from tests.databases import POSTGRES, postgres_answers

    if not postgres_answers():
        return "not there"
    with psycopg.connect(POSTGRES + "postgres") as connection:
        found = connection.execute("SHOW server_version").fetchone()
    return str(found[0]) if found else "?"


def main() -> int:
    os.chdir(ROOT)
    os.environ["PROOF_LONG"] = "yes"
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    results = Results()
    results.wanted = frozenset(sys.argv[1:]) or results.wanted
    if unknown := results.wanted - ROWS.keys():
        print(f"there is no row {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    pytest.main(["-q", "-m", "proves", "tests/api", "tests/content", "tests/services", "tests/unit"], plugins=[results])
    said = page(results, PAGE.read_text(encoding="utf-8") if PAGE.exists() else "")
    PAGE.write_text(said, encoding="utf-8")
    print(said)
    outcomes = {outcome.split(",")[0] for tests in results.rows.values() for _, outcome, _ in tests}
    return 0 if outcomes == {"passed"} and all(results.rows[row] for row in results.wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
