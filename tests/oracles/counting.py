"""How a stage's votes are counted, as a person would count them when all are in."""

from __future__ import annotations

from hypothesis import strategies as st

from servicehall.domain.approval_chains import Decide

DECIDES = st.one_of(
    st.just(Decide("all")),
    st.just(Decide("any")),
    st.builds(Decide, st.just("at_least"), st.integers(1, 5)),
    st.builds(Decide, st.just("percent"), st.integers(1, 100)),
)


def wins(decide: Decide, final: tuple[str, ...]) -> bool:
    """Whether votes that are all in pass."""
    yes, asked = sum(state in ("approved", "skipped") for state in final), len(final)
    return {
        "all": yes == asked,
        "any": yes > 0,
        "at_least": yes >= decide.number,
        "percent": yes * 100 >= decide.number * asked,
    }[decide.kind]
