"""A sheet of A4 as PDF: the font, measured lines and boxes, QR codes. What stands on it is each paper's own module.

Every text goes through `Sheet`, which refuses a character that the font lacks: a name with a box in it is no proof of
anything. The browser's print has the reader's own fonts and is the way out (docs/adr/0011-certificates-as-pdf.md).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Self

import segno
from flask import Response
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from qtxvol.base import CITY_TIME
from qtxvol.refusals import Refused
from qtxvol.web.access import settings
from qtxvol.web.pdf_fonts import Face, Typeface, find_typeface

MARGIN = 12.0
INK, SOFT, LINE = 0, 70, 120
#: Points to millimetres.
_MM = 25.4 / 72


class Sheet(FPDF):
    """A document of A4 pages, in millimetres from the top left; black, grey and lines, no pictures.

    Used as a context manager.
    :param is_wide: landscape.
    :param foot: what stands at the bottom of each page beside its number; None leaves both out.
    :raise Refused: `no_font` (409).
    """

    def __init__(self, title: str, made_at: datetime, *, is_wide: bool = False, foot: str | None = None) -> None:
        typeface = find_typeface(settings().pdf_font)
        if typeface is None:
            raise _no_font()
        super().__init__("landscape" if is_wide else "portrait", "mm", "A4")
        self._foot = foot
        self._faces = _add_faces(self, typeface)
        self.set_margin(MARGIN)
        self.set_auto_page_break(is_wide, margin=MARGIN + 4)
        self.set_title(title)
        self.set_lang("zh-CN")
        self.set_creator("qtxvol")
        self.set_creation_date(made_at.astimezone(CITY_TIME))
        self.set_display_mode("fullpage")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """The font files are open until then."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def footer(self) -> None:
        """Called by fpdf2 at the end of each page."""
        if self._foot is None:
            return
        self.set_y(-MARGIN)
        self.use(8, colour=SOFT)
        self.cell(0, 4, self.checked(self._foot))
        self.set_x(MARGIN)
        self.cell(0, 4, f"{self.page_no()} / {{nb}}", align="R")

    def checked(self, text: str) -> str:
        """`text`, once the face in use can draw it.

        :raise Refused: `missing_glyphs` (409), naming the characters.
        """
        lacking = self._faces[f"{self.font_family}{self.font_style.replace('U', '')}"].lacks(text)
        if lacking:
            raise _missing_glyphs(lacking)
        return text

    def use(self, size: float, *, bold: bool = False, heading: bool = False, colour: int = INK) -> None:
        """The face for what follows; `size` in points."""
        self.set_font("heading" if heading else "text", "B" if bold and not heading else "", size)
        self.set_text_color(colour)

    def put(self, x: float, y: float, text: str, *, width: float = 0, align: str = "L") -> float:
        """One line with its top at `y`; where it ends to the right. Shrinks rather than leaving `width`."""
        self.checked(text)
        size = self.font_size_pt
        if width and (wide := self.get_string_width(text)) > width:
            self.set_font_size(size * width / wide * 0.99)
        length = self.get_string_width(text)
        height = size * _MM * 1.2
        self.set_xy(x, y)
        self.cell(width or length + 0.1, height, text, align=align, new_x=XPos.RIGHT, new_y=YPos.TOP)
        self.set_font_size(size)
        return x + length

    def wrap(self, x: float, y: float, text: str, width: float, *, leading: float = 1.4, align: str = "L") -> float:
        """Text over as many lines as it needs; where it ends below. Chinese breaks anywhere, English between words."""
        self.set_xy(x, y)
        # L, not J: a justified line of four characters looks like a mistake
        self.multi_cell(
            width, self.font_size_pt * _MM * leading, self.checked(text), align=align, wrapmode=_wrapmode(text),
            new_x=XPos.LEFT, new_y=YPos.NEXT,
        )  # fmt: skip
        return float(self.get_y())

    def height_of(self, text: str, width: float, *, leading: float = 1.4) -> float:
        """How much `wrap` would need."""
        height = self.font_size_pt * _MM * leading
        lines: Any = self.multi_cell(
            width, height, self.checked(text), align="L", wrapmode=_wrapmode(text), dry_run=True, output="LINES"
        )
        return len(lines) * height

    def rule(self, x: float, y: float, width: float, *, weight: float = 0.3, colour: int = INK) -> None:
        """A horizontal line."""
        self.set_line_width(weight)
        self.set_draw_color(colour)
        self.line(x, y, x + width, y)

    def box(self, x: float, y: float, width: float, height: float, *, weight: float = 0.3, colour: int = INK) -> None:
        """A frame."""
        self.set_line_width(weight)
        self.set_draw_color(colour)
        self.rect(x, y, width, height)

    def qr(self, x: float, y: float, side: float, link: str) -> None:
        """A QR code with its quiet zone inside `side`, as lines that stay sharp at any size."""
        rows = [list(row) for row in segno.make(link, error="m", micro=False).matrix_iter(border=4)]
        step = side / len(rows)
        self.set_fill_color(0)
        for down, row in enumerate(rows):
            for start, length in _runs(row):
                # a little larger: readers draw hairlines between rectangles that only touch
                self.rect(x + start * step, y + down * step, length * step, step + 0.02, style="F")

    def stamp(self, x: float, y: float, text: str, *, size: float = 44) -> None:
        """A framed word across the page, its middle at (x, y)."""
        self.use(size, bold=True)
        width, height = self.get_string_width(self.checked(text)) + 16, size * _MM * 1.5
        with self.rotation(18, x, y):
            self.set_fill_color(255)
            self.set_draw_color(INK)
            self.set_line_width(1.5)
            self.rect(x - width / 2, y - height / 2, width, height, style="DF")
            self.set_xy(x - width / 2, y - height / 2)
            self.cell(width, height, text, align="C")

    def answer(self, filename: str) -> Response:
        """As a download."""
        return Response(
            bytes(self.output()),
            mimetype="application/pdf",
            headers={
                "Content-Disposition": f'attachment; filename="{filename}"',
                "Cache-Control": "no-store",
            },
        )


def _add_faces(sheet: FPDF, typeface: Typeface) -> dict[str, Face]:
    faces = {"text": typeface.plain, "textB": typeface.bold, "heading": typeface.heading}
    for key, face in faces.items():
        style = "B" if key.endswith("B") else ""
        sheet.add_font(key.removesuffix("B"), style, face.path, collection_font_number=face.number)
    return faces


def _wrapmode(text: str) -> Any:
    """CHAR where there are Chinese characters: they have no spaces to break at."""
    return "CHAR" if any(ord(char) > 0x2E7F for char in text) else "WORD"


def _runs(row: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(start, length) of the dark stretches."""
    start = None
    for i, module in enumerate([*row, 0]):
        if module and start is None:
            start = i
        elif not module and start is not None:
            yield start, i - start
            start = None


def _no_font() -> Refused:
    return Refused(
        "no_font",
        409,
        message="这台服务器没有中文字体，做不了 PDF。请打开证明页直接打印，在打印窗口里也能另存为 PDF；"
        "或请管理员安装字体（apt install fonts-noto-cjk，或设置 QTXVOL_PDF_FONT）。",
        message_en="This server has no Chinese font and can't make a PDF. Print the page instead (the print window "
        "saves PDF too), or ask the administrator for a font (apt install fonts-noto-cjk, or QTXVOL_PDF_FONT).",
    )


def _missing_glyphs(lacking: Sequence[str]) -> Refused:
    chars = "".join(lacking[:10])
    return Refused(
        "missing_glyphs",
        409,
        chars=chars,
        message=f"服务器的字体里没有“{chars}”，做成 PDF 会缺字。"
        "请打开页面直接打印，或请管理员用 QTXVOL_PDF_FONT 换一个字库更全的字体。",
        message_en=f"The server's font lacks “{chars}”, so a PDF would have holes. Print the page instead, or ask the "
        "administrator for a font that has more characters (QTXVOL_PDF_FONT).",
    )
