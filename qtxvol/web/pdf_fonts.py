"""Finding a font with Chinese glyphs on this machine: no font is shipped with the service, they are large and each
system has one (docs/adr/0011-certificates-as-pdf.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from fontTools.ttLib import TTCollection, TTFont  # type: ignore[import-untyped]

_NOTO: tuple[str, ...] = (
    "/usr/share/fonts/opentype/noto",
    "/usr/share/fonts/noto-cjk",
    "/usr/share/fonts/google-noto-cjk",
)
_NOTO += ("/usr/share/fonts/google-noto-sans-cjk-fonts", "/usr/local/share/fonts/noto", "/usr/share/fonts/noto")
_WINDOWS = "C:/Windows/Fonts"

#: Where systems keep one: (text, bold, headings), the first that is there. Bold and headings may be missing.
PLACES: Sequence[tuple[str, str, str]] = (
    *(
        (f"{place}/NotoSansCJK-Regular.ttc", f"{place}/NotoSansCJK-Bold.ttc", f"{place}/NotoSerifCJK-Bold.ttc")
        for place in _NOTO
    ),
    ("/usr/share/fonts/adobe-source-han-sans/SourceHanSansCN-Regular.otf", "", ""),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", "", ""),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", "", ""),
    ("/System/Library/Fonts/PingFang.ttc", "", "/System/Library/Fonts/Supplemental/Songti.ttc"),
    ("/System/Library/Fonts/STHeiti Light.ttc", "/System/Library/Fonts/STHeiti Medium.ttc", ""),
    ("/System/Library/Fonts/Hiragino Sans GB.ttc", "", ""),
    ("/Library/Fonts/Arial Unicode.ttf", "", ""),
    (f"{_WINDOWS}/msyh.ttc", f"{_WINDOWS}/msyhbd.ttc", f"{_WINDOWS}/simsun.ttc"),
    (f"{_WINDOWS}/Deng.ttf", f"{_WINDOWS}/Dengb.ttf", ""),
    (f"{_WINDOWS}/simhei.ttf", "", ""),
    ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", "", ""),
)


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a font file; `number` counts within a collection, where the wrong one has Japanese shapes."""

    path: Path
    number: int
    glyphs: frozenset[int]

    def lacks(self, text: str) -> list[str]:
        """Characters of `text` that it can't draw, each once."""
        return [char for char in dict.fromkeys(text) if ord(char) not in self.glyphs and not char.isspace()]


@dataclass(frozen=True, slots=True)
class Typeface:
    """The faces of a paper. Bold and headings are the plain one where there is no other."""

    plain: Face
    bold: Face
    heading: Face


def find_typeface(chosen: Path | None) -> Typeface | None:
    """The font that was set (`QTXVOL_PDF_FONT`), else the first of the usual places; None where there is none.

    A file that can't be read as a font, or has no Chinese glyphs, counts as none.
    """
    if chosen is not None:
        face = _read_face(chosen)
        return Typeface(face, face, face) if face else None
    for plain, bold, heading in PLACES:
        if face := _read_face(Path(plain)):
            return Typeface(face, (_read_face(Path(bold)) if bold else None) or face, _heading(heading, bold) or face)
    return None


def _heading(heading: str, bold: str) -> Face | None:
    return (_read_face(Path(heading)) if heading else None) or (_read_face(Path(bold)) if bold else None)


@lru_cache(maxsize=8)
def _read_face(path: Path) -> Face | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            number = _find_simplified(file) if path.suffix.lower() in (".ttc", ".otc") else 0
            with TTFont(file, fontNumber=number, lazy=True) as font:
                glyphs = frozenset(font.getBestCmap() or ())
    except Exception:  # whatever is broken in a font file: it is no use, and the next place may have a good one
        return None
    return Face(path, number, glyphs) if ord("志") in glyphs and ord("愿") in glyphs else None


def _find_simplified(file: BinaryIO) -> int:
    """The face of a collection whose family's name says SC, as Noto, PingFang and Songti do; else the first."""
    for number, font in enumerate(TTCollection(file, lazy=True).fonts):
        name = str(font["name"].getDebugName(16) or font["name"].getDebugName(1) or "")
        if name.endswith(" SC"):
            return number
    return 0
