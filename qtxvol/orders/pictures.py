"""Photos that come with an order: recognised by content, made small, stripped of where and when they were taken."""

import hashlib
import io
import struct
import threading
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from qtxvol.extensions import db
from qtxvol.orders.models import Attachment, AttachmentContent
from qtxvol.refusals import Refused

MOST_PICTURES = 6
LARGEST_BYTES = 8 * 1024 * 1024
#: A larger picture is a decompression bomb or a billboard.
LARGEST_PIXELS = 50_000_000
#: Longest side after re-encoding: enough to read a banner in the hall.
LONGEST_SIDE = 1600
#: Other formats can't be read at a smaller scale: so many pixels take 64 MB of memory, whatever the file's size.
LARGEST_PIXELS_UNSCALED = 16_000_000
#: Pictures that are decoded at the same time, so that many uploads at once can't take all memory.
_FEW_AT_ONCE = threading.BoundedSemaphore(2)
FORMATS = ("JPEG", "PNG", "WEBP")
#: What Pillow lets out when a file is damaged; broken EXIF alone may come as any of the last five.
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError, struct.error)


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded JPEG without metadata."""

    jpeg: bytes
    width: int
    height: int


def reencode(stream: IO[bytes]) -> Picture:
    """The picture in `stream`, whatever its name claims, as a JPEG of at most 1600 pixels a side, turned upright.

    :raise Refused: `picture_too_big`, `not_a_picture`, `picture_broken` (422, field `photos`).
    """
    raw = stream.read(LARGEST_BYTES + 1)
    if len(raw) > LARGEST_BYTES:
        raise Refused("picture_too_big", 422, field="photos")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of broken EXIF, which is thrown away anyway
            with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
                most = LARGEST_PIXELS if image.format == "JPEG" else LARGEST_PIXELS_UNSCALED
                if image.width * image.height > most:
                    raise Refused("picture_too_big", 422, field="photos")
                with _FEW_AT_ONCE:
                    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))  # first: all that follows is on a small picture
                    flat = _on_white(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise Refused("not_a_picture", 422, field="photos") from None
    except Image.DecompressionBombError:  # Pillow's own, far larger limit, met while opening
        raise Refused("picture_too_big", 422, field="photos") from None
    except _BROKEN:
        raise Refused("picture_broken", 422, field="photos") from None
    flat.info.clear()  # Pillow would write a comment on, and a comment may say where the picture was taken
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=82, optimize=True)
    return Picture(out.getvalue(), flat.width, flat.height)


def _on_white(image: Image.Image) -> Image.Image:
    """JPEG has no transparency: what shines through becomes white, not black."""
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    ground = Image.new("RGB", layered.size, "white")
    ground.paste(layered, mask=layered.getchannel("A"))
    return ground


def attach(order_id: int, action: str, pictures: Iterable[Picture], now: datetime) -> None:
    """Keep pictures with an order. Inside the caller's `transaction()`."""
    for picture in pictures:
        row = Attachment(
            order_id=order_id,
            action=action,
            sha256=hashlib.sha256(picture.jpeg).hexdigest(),
            width=picture.width,
            height=picture.height,
            size_bytes=len(picture.jpeg),
            added_at=now,
        )
        db.session.add(row)
        db.session.flush()
        db.session.add(AttachmentContent(attachment_id=row.id, jpeg=picture.jpeg))
