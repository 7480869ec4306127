"""Addresses of the files under static/: vendored ones by package, our own with their hash, so caches never lie."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import g, url_for

STATIC = Path(__file__).parent / "static"
MODULES = {"sortablejs": "Sortable.min.js", "tom-select": "tom-select.min.js", "@dagrejs/dagre": "dagre.esm.js"}


@cache
def manifest() -> dict[str, Any]:
    """static/vendor/manifest.json: package → version, licence, files with their SHA-256."""
    packages: dict[str, Any] = json.loads((STATIC / "vendor" / "manifest.json").read_text("utf-8"))["packages"]
    return packages


def vendor(package: str, name: str) -> str:
    """The address of a vendored file: its version in the path, and a piece of its hash; a page asks for each icon."""
    known: dict[tuple[str, str], str] = g.setdefault("vendored", {})
    if (package, name) not in known:
        about = manifest()[package]
        filename = f"vendor/{package}@{about['version']}/{name}"
        known[package, name] = url_for("static", filename=filename, v=about["files"][name][:10])
    return known[package, name]


def asset(path: str) -> str:
    """The address of one of our own files, with a piece of its hash."""
    return url_for("static", filename=path, v=_digest(path, (STATIC / path).stat().st_mtime_ns))


def import_map() -> dict[str, dict[str, str]]:
    """What `import` means in the browser: vendored modules by package, our own as `hall/<name>`."""
    own = {f"hall/{file.stem}": asset(f"js/{file.name}") for file in sorted((STATIC / "js").glob("*.js"))}
    return {"imports": own | {package: vendor(package, name) for package, name in MODULES.items()}}


@cache
def _digest(path: str, changed: int) -> str:
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]
