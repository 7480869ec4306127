"""What a browser would send of a page's forms, without a browser."""

from __future__ import annotations

from html.parser import HTMLParser

NOT_SENT = ("submit", "button", "reset", "file", "image")


class Forms(HTMLParser):
    """Reads a page; `found` holds each form's attributes and its controls, by name, as they would be sent untouched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str], dict[str, list[str]]]] = []
        self._inside = False
        self._text: tuple[str, list[str]] | None = None
        self._select: tuple[str, bool, list[tuple[str, bool]]] | None = None
        self.feed(page)

    @classmethod
    def saving(cls, page: str) -> list[dict[str, list[str]]]:
        """The controls of each form that saves as one goes."""
        return [controls for said, controls in cls(page).found if "data-autosave" in said]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((said, {}))
            self._inside = True
        elif not self._inside or "disabled" in said:
            return
        elif tag == "input" and said.get("name") and said.get("type") not in NOT_SENT:
            if said.get("type") not in ("checkbox", "radio") or "checked" in said:
                self._send(said["name"], said.get("value", "on"))
        elif tag == "textarea" and said.get("name"):
            self._text = (said["name"], [])
        elif tag == "select" and said.get("name"):
            self._select = (said["name"], "multiple" in said, [])
        elif tag == "option" and self._select is not None:
            self._select[2].append((said.get("value", ""), "selected" in said))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea" and self._text is not None:
            name, parts = self._text
            self._send(name, "".join(parts).removeprefix("\n"))
            self._text = None
        elif tag == "select" and self._select is not None:
            name, several, options = self._select
            chosen = [value for value, selected in options if selected]
            for value in chosen if several or chosen else [value for value, _selected in options[:1]]:
                self._send(name, value)
            self._select = None

    def _send(self, name: str, value: str) -> None:
        self.found[-1][1].setdefault(name, []).append(value.replace("\n", "\r\n"))
