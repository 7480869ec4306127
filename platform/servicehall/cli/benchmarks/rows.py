"""What was done, the rows of the printed table, and the goals that ratios are held against."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


class Unmeasured(Exception):
    """What cannot be built or does not answer, and why."""


@dataclass(frozen=True, slots=True)
class Did:
    """How much was done in how many seconds; `result` must be the same on both sides, `note` says what differs."""

    done: int
    seconds: float
    result: str = ""
    note: str = ""

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    def __add__(self, other: Did) -> Did:
        notes = dict.fromkeys(note for note in (self.note, other.note) if note)
        return Did(self.done + other.done, self.seconds + other.seconds, other.result, "; ".join(notes))


@dataclass(frozen=True, slots=True)
class Goal:
    """What a ratio should be: so much or more, or so much or less."""

    bound: float
    more: bool

    @classmethod
    def parse(cls, said: str) -> Goal:
        """Reads `1.3 or more` and `0.5 or less`."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?) or (more|less)", said)
        if found is None:
            raise ValueError(f"{said!r} is no goal: write a number and `or more` or `or less`")
        return cls(float(found[1]), found[2] == "more")

    def __str__(self) -> str:
        return f"{self.bound:g} or {'more' if self.more else 'less'}"

    def is_met(self, ratio: float) -> bool:
        return ratio >= self.bound if self.more else ratio <= self.bound


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was measured, the number, and the ratio that counts."""

    measure: str
    value: str
    note: str = ""
    ratio: float | None = None
    goal: Goal | None = None

    @property
    def missed(self) -> bool:
        return self.ratio is not None and self.goal is not None and not self.goal.is_met(self.ratio)

    def __str__(self) -> str:
        said = [] if self.ratio is None else [f"{self.ratio:,.2f} x" if self.ratio >= 0.1 else f"{self.ratio:.2g} x"]
        if self.goal is not None:
            said.append(f"(goal: {self.goal}{', missed' if self.missed else ''})")
        return f"{self.measure:<58} {self.value:>20}  {' '.join([*said, self.note])}".rstrip()

    def as_json(self) -> dict[str, Any]:
        goal = None if self.goal is None else str(self.goal)
        return {
            "measure": self.measure,
            "value": self.value,
            "note": self.note,
            "ratio": self.ratio,
            "goal": goal,
            "met": None if self.ratio is None or self.goal is None else not self.missed,
        }
