"""The paper behind a reported figure: recognised by content, small, without macros, and safe to hand out again."""

import hashlib
import io
import unicodedata
import zipfile
from dataclasses import dataclass
from typing import NoReturn

from qtxvol.orders.pictures import reencode
from qtxvol.refusals import Refused

LARGEST_BYTES = 5 * 1024 * 1024
_LONGEST_NAME = 100
_PDF, _JPEG = "application/pdf", "image/jpeg"
#: The part of an Office file that tells its kind.
_OFFICE = {
    "xl/workbook.xml": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "word/document.xml": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A file that may be kept. `media_type` is what was found in it, whatever its name said."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def read_paper(name: str, content: bytes) -> Paper:
    """A PDF, a photo (JPEG, PNG, WebP) or a sheet or text of Office (xlsx, docx), at most 5 MB.

    Photos are made small and lose where and when they were taken.
    :raise Refused: `invalid` (422), field `file`.
    """
    if len(content) > LARGEST_BYTES:
        _refuse("文件不能超过 5 MB。", "A file of at most 5 MB.")
    if content.startswith(b"%PDF-"):
        return Paper(_named(name, "pdf"), _PDF, content)
    if content.startswith(b"PK\x03\x04"):
        ending, media_type = _office_kind(content)
        return Paper(_named(name, ending), media_type, content)
    try:
        return Paper(_named(name, "jpg"), _JPEG, reencode(io.BytesIO(content)).jpeg)
    except Refused:
        _refuse("只收 PDF、照片、xlsx 和 docx 文件。", "PDF, photos, xlsx and docx only.")


def _office_kind(content: bytes) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        _refuse("这个文件打不开，可能损坏了。", "The file can't be read; it may be damaged.")
    if any(part.endswith("vbaProject.bin") for part in parts):
        _refuse("文件里有宏，请另存为不带宏的 xlsx 或 docx。", "The file holds macros: save it without them.")
    for part, kind in _OFFICE.items():
        if part in parts:
            return kind
    _refuse("只收 PDF、照片、xlsx 和 docx 文件。", "PDF, photos, xlsx and docx only.")


def _named(name: str, ending: str) -> str:
    """The last part of what the browser called it, without control characters, ending as its content does."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip(" .")
    stem = clean.rpartition(".")[0] or clean or "file"
    return f"{stem[:_LONGEST_NAME]}.{ending}"


def _refuse(zh: str, en: str) -> NoReturn:
    raise Refused("invalid", 422, field="file", message=zh, message_en=en)
