"""Copies the pinned browser parts into the tree, with a manifest of their hashes and licences.

`python scripts/vendor.py` installs package-lock.json with npm in a folder that is thrown away, copies the files named
below to static/vendor/<package>@<version>/, cuts the style sheet and the icons down to what is used, and writes
manifest.json. Running the program never needs Node. `--from DIR` takes an existing node_modules instead of installing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from css_cut import cut_css

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "platform" / "servicehall" / "web" / "static"
VENDOR = STATIC / "vendor"
ICON_NAMES = STATIC / "icons.txt"
AXE = ROOT / "tests" / "browser" / "axe.min.js"
SOURCE_MAP = re.compile(r"\n?(?://|/\*)# sourceMappingURL=\S+?(?: ?\*/)?\s*$")


@dataclass(frozen=True, slots=True)
class Part:
    """One package: the files to copy (source path → our name); `cut` are the style sheets to cut down.

    `licence_from` names the package of the same authors whose licence text stands for one that comes without.
    """

    package: str
    files: dict[str, str]
    cut: tuple[str, ...] = ()
    licence_from: str = ""


PARTS = (
    Part("@tabler/core", {"dist/css/tabler.min.css": "tabler.css"}, cut=("tabler.css",), licence_from="@tabler/icons"),
    Part("htmx.org", {"dist/htmx.min.js": "htmx.min.js"}),
    Part("sortablejs", {"Sortable.min.js": "Sortable.min.js"}),
    Part(
        "tom-select",
        {
            "dist/js/tom-select.popular.min.js": "tom-select.min.js",
            "dist/css/tom-select.bootstrap5.min.css": "tom-select.css",
        },
    ),
    Part("@dagrejs/dagre", {"dist/dagre.esm.js": "dagre.esm.js", "dist/dagre.esm.js.LEGAL.txt": "LEGAL.txt"}),
)


def install(into: Path) -> Path:
    """The locked packages, installed without running any of their scripts; answers the node_modules folder."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, into)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=into, check=True)
    return into / "node_modules"


def copy_part(part: Part, *, modules: Path) -> dict[str, Any]:
    """Copies one package's files and answers its entry in the manifest."""
    source = modules / part.package
    about = json.loads((source / "package.json").read_text("utf-8"))
    target = VENDOR / f"{part.package}@{about['version']}"
    target.mkdir(parents=True)
    for original, name in part.files.items():
        text = SOURCE_MAP.sub("\n", (source / original).read_text("utf-8"))
        (target / name).write_text(cut_css(text) if name in part.cut else text, "utf-8")
    shutil.copyfile(modules / (part.licence_from or part.package) / "LICENSE", target / "LICENSE")
    return {
        "version": about["version"],
        "licence": about["license"],
        "files": {name: sha256(target / name) for name in sorted([*part.files.values(), "LICENSE"])},
    }


def build_sprite(modules: Path) -> dict[str, Any]:
    """One SVG of symbols, one for each name in icons.txt; an unknown name is an error."""
    outline = modules / "@tabler" / "icons" / "icons" / "outline"
    names = sorted(set(ICON_NAMES.read_text("utf-8").split()))
    missing = [name for name in names if not (outline / f"{name}.svg").exists()]
    if missing:
        raise SystemExit(f"no such icons: {', '.join(missing)}")
    body = "\n".join(symbol(name, (outline / f"{name}.svg").read_text("utf-8")) for name in names)
    entry = copy_part(Part("@tabler/icons", {}), modules=modules)
    target = VENDOR / f"@tabler/icons@{entry['version']}" / "icons.svg"
    target.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n', "utf-8")
    return entry | {"files": entry["files"] | {"icons.svg": sha256(target)}}


def symbol(name: str, svg: str) -> str:
    """The shapes of one icon file as a `<symbol>`; colour and stroke come from where it is used."""
    shapes = re.findall(r"<(?:path|circle|rect|line|polyline|ellipse)\b[^>]*/>", svg)
    drawn = re.sub(r"\s+", " ", "".join(shapes))
    return f'<symbol id="{name}" viewBox="0 0 24 24">{drawn}</symbol>'


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def vendor(modules: Path) -> None:
    """Rebuilds static/vendor, the sprite, the manifest, and the checker that the browser tests load."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    manifest = {part.package: copy_part(part, modules=modules) for part in PARTS}
    manifest["@tabler/icons"] = build_sprite(modules)
    AXE.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(modules / "axe-core" / "axe.min.js", AXE)
    text = json.dumps({"packages": manifest}, indent=2, sort_keys=True)
    (VENDOR / "manifest.json").write_text(text + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Copy the pinned browser parts into the tree.")
    parser.add_argument("--from", dest="modules", type=Path, help="an existing node_modules folder")
    chosen = parser.parse_args().modules
    if chosen:
        vendor(chosen)
        return
    with tempfile.TemporaryDirectory() as folder:
        vendor(install(Path(folder)))


if __name__ == "__main__":
    main()
