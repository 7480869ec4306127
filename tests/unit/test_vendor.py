"""The browser's parts are exactly the ones we pinned, ask nobody else, stay inside the budget, and can be read."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "platform" / "servicehall" / "web"
STATIC = WEB / "static"
VENDOR = STATIC / "vendor"
PACKAGES = json.loads((VENDOR / "manifest.json").read_text("utf-8"))["packages"]
FREE_LICENCES = {"MIT", "Apache-2.0", "0BSD", "BSD-0-Clause", "ISC", "BSD-3-Clause"}
MENTIONED = {"www.w3.org", "github.com", "tabler.io"}  # namespaces, and addresses in licence comments
PORTAL_SCRIPTS = ["htmx.org", "tom-select"]
OWN_SCRIPTS = sorted((STATIC / "js").glob("*.js"))


def folder(package):
    return VENDOR / f"{package}@{PACKAGES[package]['version']}"


def files(package):
    return {folder(package) / name: digest for name, digest in PACKAGES[package]["files"].items()}


def zipped(*paths):
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_is_the_one_that_was_copied(package):
    for path, digest in files(package).items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, path


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_free_to_ship(package):
    assert PACKAGES[package]["licence"] in FREE_LICENCES


def test_nothing_lies_beside_the_manifest():
    known = {path.resolve() for package in PACKAGES for path in files(package)}
    found = {path.resolve() for path in VENDOR.rglob("*") if path.is_file() and path.name != "manifest.json"}
    assert found <= known


def test_versions_are_the_pinned_ones():
    pinned = json.loads((ROOT / "package.json").read_text("utf-8"))["devDependencies"]
    assert {package: about["version"] for package, about in PACKAGES.items()}.items() <= pinned.items()


@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in (STATIC, WEB / "templates")
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".css", ".js", ".html", ".svg")
    ],
    ids=lambda path: str(path.relative_to(WEB)),
)
def test_no_file_asks_another_host(path):
    text = path.read_text("utf-8")
    assert set(re.findall(r"https?://([\w.-]+)", text)) <= MENTIONED
    assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//|(?:src|href)=['\"](?:https?:)?//", text)


@pytest.mark.parametrize("path", sorted((WEB / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates_hold_no_inline_style_or_handler(path):
    text = path.read_text("utf-8")
    assert not re.search(r"""\sstyle=["']|\son\w+=["']|hx-on|javascript:|<style""", text)


def test_every_script_and_import_map_of_a_template_carries_the_nonce():
    for path in (WEB / "templates").rglob("*.html"):
        for tag in re.findall(r"<script[^>]*>", path.read_text("utf-8")):
            assert 'nonce="{{ csp_nonce() }}"' in tag, f"{path}: {tag}"


def test_own_scripts_import_only_what_the_import_map_knows():
    known = {f"hall/{path.stem}" for path in OWN_SCRIPTS} | {"sortablejs", "tom-select", "@dagrejs/dagre"}
    for path in OWN_SCRIPTS:
        text = path.read_text("utf-8")
        wanted = set(re.findall(r"""^import (?:.+ from )?"([^"]+)";""", text, re.M))
        wanted |= set(re.findall(r"""import\("([^"]+)"\)""", text))
        assert wanted <= known, path
        assert not re.search(r"\beval\(|new Function|innerHTML|document\.write", text), path


def test_every_icon_that_is_named_is_in_the_sprite():
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (folder("@tabler/icons") / "icons.svg").read_text("utf-8")))
    named = set()
    for path in (WEB / "templates").rglob("*.html"):
        named |= set(re.findall(r"""\bicon\(["']([a-z0-9-]+)["']""", path.read_text("utf-8")))
    for path in [*(ROOT / "catalogs").rglob("*.yaml"), *(ROOT / "forms").rglob("*.yaml")]:
        named |= set(re.findall(r"^icon: ([a-z0-9-]+)$", path.read_text("utf-8"), re.M))
    assert named <= drawn


def test_the_portal_stays_inside_its_budget():
    own = [path for path in OWN_SCRIPTS if path.stem not in ("board", "graph", "api-description")]
    scripts = [path for package in PORTAL_SCRIPTS for path in files(package) if path.suffix == ".js"]
    sheets = [path for package in PACKAGES for path in files(package) if path.suffix == ".css"]
    assert zipped(*own, *scripts) <= 70_000
    assert zipped(STATIC / "css" / "servicehall.css", *sheets) <= 85_000


SHEET = (STATIC / "css" / "servicehall.css").read_text("utf-8")
SOFT = [(tone, f"{tone}-soft") for tone in ("success", "warning", "danger", "info", "neutral")]
TEXT_ON = [
    *[(text, ground) for text in ("text", "muted", "primary") for ground in ("page", "surface", "raised", "hover")],
    ("on-primary", "primary"),
    ("on-primary", "primary-strong"),
    ("primary", "info-soft"),
    *SOFT,
    ("surface", "danger"),
    ("surface", "text"),
    ("surface", "success"),
    ("danger", "surface"),
]


def colours(theme):
    blocks = re.findall(r"(?::root|\[data-bs-theme=\"dark\"\]) \{([^}]*)\}", SHEET)
    light, dark = (dict(re.findall(r"--hall-([\w-]+): (#[0-9a-f]{3,6});", block)) for block in blocks[:2])
    return light if theme == "light" else light | dark


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_can_be_read_on_its_ground(theme, text, ground):
    found = colours(theme)
    assert contrast(found[text], found[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("edge", ["control", "focus"])
@pytest.mark.parametrize("ground", ["page", "surface", "raised"])
def test_edges_of_controls_and_the_focus_ring_can_be_seen(theme, edge, ground):
    found = colours(theme)
    assert contrast(found[edge], found[ground]) >= 3
