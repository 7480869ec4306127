"""What the checks find, where it is."""

from __future__ import annotations

from servicehall.web.studio.page import Page


def below(page: Page, place: str) -> list[str]:
    """What is wrong at a place and everywhere within it; places as the checks name them."""
    inner = (place + ".", place + "[")
    return [one for path, said in page.by_place.items() if path == place or path.startswith(inner) for one in said]
