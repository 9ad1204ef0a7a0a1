"""A certificate drawn as PDF: the same sheet as `templates/papers/certificate.html`, with the font inside."""

from collections.abc import Sequence

from qtxvol.orders.lifecycle import Label
from qtxvol.recognition.certificates import CertificateView, spoken_code
from qtxvol.web import certificate_words as words
from qtxvol.web.access import settings
from qtxvol.web.certificate_words import PaperLine
from qtxvol.web.pdf import LINE, MARGIN, SOFT, Sheet

_WIDTH, _HEIGHT = 210.0, 297.0
#: The text's left edge and width, within the two frames.
_LEFT, _TEXT = 28.0, 154.0
_TERM = 40.0
#: Where the lower part begins: code to the left, signatures to the right.
_END = 219.0
#: What the statement needs above it.
_STATEMENT = 24.0


def draw_certificate(
    sheet: Sheet, view: CertificateView, lines: Sequence[PaperLine], *, link: str, verify_address: str
) -> None:
    """One page more, with this certificate on it; a revoked one bears the word across.

    :param link: where its QR code leads; `verify_address` is printed, for typing the code.
    :raise Refused: `missing_glyphs` (409).
    """
    sheet.add_page()
    sheet.box(MARGIN, MARGIN, _WIDTH - 2 * MARGIN, _HEIGHT - 2 * MARGIN, weight=1)
    sheet.box(MARGIN + 2.5, MARGIN + 2.5, _WIDTH - 2 * MARGIN - 5, _HEIGHT - 2 * MARGIN - 5)
    _draw_lines(sheet, lines, _draw_head(sheet, view) + 6)
    _draw_statement(sheet, _END - _STATEMENT)
    _draw_check(sheet, view, link, verify_address)
    _draw_signatures(sheet, view)
    if settings().is_demo:
        sheet.use(9, colour=SOFT)
        sheet.put(_LEFT, 277.5, f"{words.demo.zh} {words.demo.en}", width=_TEXT, align="C")
    if view.certificate.revoked_at is not None:
        sheet.stamp(_WIDTH / 2, 135, f"{words.void.zh} {words.void.en}")


def _draw_head(sheet: Sheet, view: CertificateView) -> float:
    sheet.use(32, heading=True)
    sheet.put(_LEFT, 24, words.title.zh, width=_TEXT, align="C")
    sheet.use(14, colour=SOFT)
    sheet.put(_LEFT, 40, words.title.en, width=_TEXT, align="C")
    number = f"{words.number.zh} {words.number.en} {view.certificate.number}"
    if view.replaces:
        number += f" · {words.replaces.zh} {words.replaces.en} {view.replaces}"
    sheet.use(11.5)
    sheet.put(_LEFT, 50, number, width=_TEXT, align="C")
    return 55


def _draw_lines(sheet: Sheet, lines: Sequence[PaperLine], top: float) -> None:
    """The table fills the room that it has: few short rows stand wide, many long ones narrow."""
    y, value = top, _TEXT - _TERM - 8
    needed = [max(11.0, _measure(sheet, line, value)) for line in lines]
    room = (_END - _STATEMENT - 5 - top - sum(needed)) / len(lines)
    sheet.rule(_LEFT, y, _TEXT, colour=LINE)
    for line, inner in zip(lines, needed, strict=True):
        height = inner + min(6.0, room)
        _pair(sheet, _LEFT + 4, y, height, line.term)
        _draw_value(sheet, line, _LEFT + _TERM + 4, y, height, value)
        y += height
        sheet.rule(_LEFT, y, _TEXT, colour=LINE)
    for x in (_LEFT, _LEFT + _TERM, _LEFT + _TEXT):
        sheet.line(x, top, x, y)


def _pair(sheet: Sheet, x: float, y: float, height: float, label: Label) -> None:
    """A term in both languages, in the middle of its row."""
    middle = y + height / 2
    sheet.use(12)
    sheet.put(x, middle - 5.4, label.zh, width=_TERM - 6)
    sheet.use(8.5, colour=SOFT)
    sheet.put(x, middle + 0.9, label.en, width=_TERM - 6)


def _face(sheet: Sheet, line: PaperLine) -> None:
    match line.kind:
        case "name":
            sheet.use(20, heading=True)
        case "hours":
            sheet.use(15, bold=True)
        case _:
            sheet.use(12)


def _measure(sheet: Sheet, line: PaperLine, width: float) -> float:
    _face(sheet, line)
    height = sheet.height_of(line.value, width, leading=1.35)
    if line.value_en:
        sheet.use(8.5)
        height += sheet.height_of(line.value_en, width)
    return height


def _draw_value(sheet: Sheet, line: PaperLine, x: float, y: float, height: float, width: float) -> None:
    y += (height - _measure(sheet, line, width)) / 2
    _face(sheet, line)
    y = sheet.wrap(x, y, line.value, width, leading=1.35)
    if line.value_en:
        sheet.use(8.5, colour=SOFT)
        sheet.wrap(x, y, line.value_en, width)


def _draw_statement(sheet: Sheet, y: float) -> None:
    sheet.use(11)
    y = sheet.wrap(_LEFT, y, words.statement.zh, _TEXT, leading=1.55)
    sheet.use(8.5, colour=SOFT)
    sheet.wrap(_LEFT, y + 0.5, words.statement.en, _TEXT)


def _draw_check(sheet: Sheet, view: CertificateView, link: str, verify_address: str) -> None:
    sheet.qr(_LEFT - 3, _END - 3, 34, link)
    y, width = _END + 32, 68.0
    sheet.use(8.5)
    y = sheet.wrap(_LEFT, y, words.check.zh, width)
    sheet.use(7.5, colour=SOFT)
    y = sheet.wrap(_LEFT, y, words.check.en, width)
    sheet.use(10, bold=True)
    sheet.put(_LEFT, y + 1, f"{words.code.zh} {words.code.en} {spoken_code(view.certificate.code)}", width=width)
    sheet.use(8, colour=SOFT)
    sheet.put(_LEFT, y + 5.5, verify_address, width=width)


def _draw_signatures(sheet: Sheet, view: CertificateView) -> None:
    left, width = _LEFT + 78, _TEXT - 78
    for y, label in ((_END, words.responsible), (_END + 11, words.handled)):
        sheet.use(11)
        end = sheet.put(left, y, label.zh)
        sheet.use(8.5, colour=SOFT)
        end = sheet.put(end + 1.5, y + 1, label.en)
        sheet.rule(end + 2, y + 5.6, left + width - end - 2)
    sheet.use(11)
    y = sheet.wrap(left, _END + 23, words.ISSUER.zh, width, align="C")
    sheet.use(7.5, colour=SOFT)
    y = sheet.wrap(left, y, words.ISSUER.en, width, align="C")
    if phone := settings().hotline:
        sheet.use(8.5)
        y = sheet.wrap(left, y, f"{words.phone.zh} {words.phone.en} {phone}", width, align="C")
    sheet.use(9, colour=SOFT)
    sheet.put(left, y + 2, f"{words.seal.zh} {words.seal.en}", width=width, align="C")
    sheet.use(13)
    sheet.put(left, y + 8, words.day(view.certificate.issued_at), width=width, align="C")
