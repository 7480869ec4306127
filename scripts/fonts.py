"""Make the fonts that reports embed: cut each to the characters below and give it a family name of our own.

Needs npm (to fetch the pinned packages) and fonttools. Run it after changing a table below: `python scripts/fonts.py`.
All sources are under the SIL Open Font License 1.1; the licence of each is written next to the fonts.
"""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET = Path(__file__).parents[1] / "platform" / "servicehall" / "reports" / "fonts"


def _han(codec: str) -> set[int]:
    """Every character of a two-byte Chinese character set."""
    pairs = (bytes((high, low)) for high in range(0x81, 0xFF) for low in range(0x40, 0xFF))
    decoded = (pair.decode(codec, "ignore") for pair in pairs)
    return {ord(text) for text in decoded if len(text) == 1}


def _ranges(*ranges: tuple[int, int]) -> set[int]:
    return {point for first, last in ranges for point in range(first, last + 1)}


LATIN = _ranges((0x20, 0x7E), (0xA0, 0x17F), (0x18F, 0x192), (0x1CD, 0x1DC), (0x218, 0x21B), (0x2C6, 0x2DD))
EUROPE = LATIN | _ranges((0x300, 0x331), (0x370, 0x3FF), (0x400, 0x4FF), (0x1E00, 0x1EFF), (0x2010, 0x2044))
EUROPE |= _ranges((0x20A0, 0x20BF), (0x2070, 0x209C), (0x2113, 0x2122), (0x2190, 0x2199), (0x2200, 0x2265))
SYMBOLS = _ranges((0x2010, 0x2044), (0x2190, 0x2199), (0x2460, 0x24FF), (0x25A0, 0x25FF), (0x2700, 0x27BF))
KANA_AND_FORMS = _ranges((0x3000, 0x30FF), (0xFF00, 0xFFEF))


@dataclass(frozen=True)
class Face:
    """One file to make: from which package and file, holding which characters, under which name."""

    package: str
    source: str
    sha256: str
    family: str
    weight: str
    characters: Iterable[int]
    features: tuple[str, ...]


FACES = (
    Face(
        "@expo-google-fonts/noto-sans-sc@0.4.3",
        "400Regular/NotoSansSC_400Regular.ttf",
        "d45f67f0a7c0ca3f256950777ce6a61cc7ce5f9696d02900cbbaac25f8aa7d16",
        "Servicehall Han",
        "Regular",
        LATIN | SYMBOLS | KANA_AND_FORMS | _han("gbk"),
        ("kern", "locl", "ccmp"),
    ),
    Face(
        "@expo-google-fonts/noto-sans-sc@0.4.3",
        "700Bold/NotoSansSC_700Bold.ttf",
        "9a38ae0ab28cd5a256f9ea8e00dedc688aac17f7915fcb000572990afa956b96",
        "Servicehall Han",
        "Bold",
        LATIN | SYMBOLS | KANA_AND_FORMS | _han("gb2312"),
        ("kern", "locl", "ccmp"),
    ),
    Face(
        "@expo-google-fonts/noto-sans@0.4.2",
        "400Regular/NotoSans_400Regular.ttf",
        "fe8c022f48d8dd29f17b744d16f9346f4357e16f7d4f7be58b000ae7c291b614",
        "Servicehall Sans",
        "Regular",
        EUROPE,
        ("kern", "mark", "mkmk", "ccmp", "locl", "liga", "tnum"),
    ),
    Face(
        "@expo-google-fonts/noto-sans@0.4.2",
        "700Bold/NotoSans_700Bold.ttf",
        "13a813c49624ae3ba3c5c6e72c5ebffc4b9e1e6ea32f421c04069b037c6ad431",
        "Servicehall Sans",
        "Bold",
        EUROPE,
        ("kern", "mark", "mkmk", "ccmp", "locl", "liga", "tnum"),
    ),
    Face(
        "@expo-google-fonts/jetbrains-mono@0.4.1",
        "400Regular/JetBrainsMono_400Regular.ttf",
        "b6b1ff4ddefe36d7f2a6174e1d001cab374e594519ee9049af028d577b64c5f5",
        "Servicehall Mono",
        "Regular",
        _ranges((0x20, 0x7E), (0xA0, 0xFF), (0x2010, 0x2026)),
        (),
    ),
    Face(
        "@expo-google-fonts/noto-emoji@0.4.7",
        "400Regular/NotoEmoji_400Regular.ttf",
        "24aaa2a20c9c06ffe9bf04284bfd1f14376a329d10122f902abe2770817eb504",
        "Servicehall Emoji",
        "Regular",
        _ranges((0x200D, 0x200D), (0x2300, 0x27BF), (0x2B00, 0x2BFF), (0xFE0F, 0xFE0F), (0x1F000, 0x1FAFF)),
        ("ccmp",),
    ),
)


def fetch(package: str, into: Path) -> Path:
    """The unpacked folder of a pinned npm package."""
    folder = into / hashlib.sha256(package.encode()).hexdigest()[:12]
    if not folder.exists():
        folder.mkdir()
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True)
        with tarfile.open(next(folder.glob("*.tgz"))) as archive:
            archive.extractall(folder, filter="data")
    return folder / "package"


def cut(face: Face, source: Path, target: Path) -> None:
    """The face with only its characters, the layout features that print needs, and our family name."""
    if hashlib.sha256(source.read_bytes()).hexdigest() != face.sha256:
        raise SystemExit(f"{source.name} is not the file that is pinned here")
    options = subset.Options(
        layout_features=list(face.features), hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True
    )
    font = TTFont(source, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=face.characters)
    cutter.subset(font)
    for table in ("vhea", "vmtx", "VORG", "STAT"):
        if table in font:
            del font[table]
    plain = face.family.replace(" ", "")
    names = {1: face.family, 2: face.weight, 3: f"{plain}-{face.weight}", 4: f"{face.family} {face.weight}"}
    for name_id, text in {**names, 6: f"{plain}-{face.weight}"}.items():
        font["name"].setName(text, name_id, 3, 1, 0x409)
    font.save(target)
    print(f"{target.name}: {len(font.getBestCmap())} characters, {target.stat().st_size:,} bytes")


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for face in FACES:
            package = fetch(face.package, Path(scratch))
            name = face.family.replace(" ", "")
            cut(face, package / face.source, TARGET / f"{name}-{face.weight}.ttf")
            (TARGET / f"{name}-OFL.txt").write_text((package / "LICENSE_FONT").read_text(encoding="utf-8"), "utf-8")


if __name__ == "__main__":
    main()
