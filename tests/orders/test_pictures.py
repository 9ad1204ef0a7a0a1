"""What becomes of a photo: small, upright, without place and time, and never an error page."""

import io
import random
import struct
import zlib
from contextlib import suppress

import pytest
from PIL import Image
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.orders.models import Attachment, AttachmentContent
from qtxvol.orders.pictures import LARGEST_BYTES, LONGEST_SIDE, reencode
from qtxvol.orders.place import place_order
from qtxvol.orders.serve import close_order
from qtxvol.refusals import Refused
from tests.factories import NOW, City, accepted, make_wish, window
from tests.orders.answers import nothing_written

RED, WHITE, BLUE = (255, 0, 0), (255, 255, 255), (0, 0, 255)
SECRET = b"38.0213 N 106.0788 E"


def saved(image: Image.Image, form: str = "JPEG", **how: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, form, **how)
    stream.seek(0)
    return stream


def two_halves(size: tuple[int, int] = (200, 100), mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new(mode, size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return image


def is_near(pixel: tuple[int, ...], colour: tuple[int, ...]) -> bool:
    return all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True))


def refusal_of(stream: io.BytesIO) -> str:
    with pytest.raises(Refused) as caught:
        reencode(stream)
    assert (caught.value.status, caught.value.about["field"]) == (422, "photos")
    return caught.value.code


def test_a_photo_forgets_where_and_when_it_was_taken():
    exif = Image.Exif()
    exif[0x0132] = "2026:11:24 10:00:00"
    exif[0x010F] = "Invented Phone"
    exif[0x8825] = {1: "N", 2: (38.0, 1.0, 16.0), 3: "E", 4: (106.0, 4.0, 43.0)}
    source = saved(two_halves(), exif=exif, comment=SECRET, xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")
    assert Image.open(source).getexif().get_ifd(0x8825)
    source.seek(0)
    picture = reencode(source)
    result = opened(picture.jpeg)
    assert not result.getexif()
    assert set(result.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for trace in (b"Exif", SECRET, b"xmpmeta", b"Invented", b"2026:11:24"):
        assert trace not in picture.jpeg


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_other_formats_forget_as_well(form: str):
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    picture = reencode(saved(two_halves(), form, exif=exif))
    assert SECRET not in picture.jpeg
    assert not opened(picture.jpeg).getexif()


def test_a_photo_taken_sideways_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: right must become down
    picture = reencode(saved(two_halves(), exif=exif))
    result = opened(picture.jpeg)
    assert result.size == (picture.width, picture.height) == (100, 200)
    assert is_near(result.getpixel((50, 20)), RED)
    assert is_near(result.getpixel((50, 180)), BLUE)


def test_what_shines_through_becomes_white():
    image = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 20, 20))
    result = opened(reencode(saved(image, "PNG")).jpeg)
    assert is_near(result.getpixel((5, 10)), RED)
    assert is_near(result.getpixel((35, 10)), WHITE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_read(mode: str):
    image = Image.new(mode, (30, 20)) if mode == "I;16" else two_halves((30, 20)).convert(mode)
    picture = reencode(saved(image, "PNG"))
    assert (picture.width, picture.height, opened(picture.jpeg).mode) == (30, 20, "RGB")


@pytest.mark.parametrize(("form", "mode"), [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGBA")])
def test_photos_of_phones_and_scanners_are_read(form: str, mode: str):
    assert opened(reencode(saved(two_halves().convert(mode), form)).jpeg).mode == "RGB"


def test_a_palette_with_a_transparent_colour_becomes_white():
    image = Image.new("P", (20, 20), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    result = opened(reencode(saved(image, "PNG", transparency=0)).jpeg)
    assert is_near(result.getpixel((10, 10)), WHITE)


@pytest.mark.parametrize(
    ("size", "result"), [((4000, 3000), (1600, 1200)), ((300, 3200), (150, 1600)), ((1600, 9), (1600, 9))]
)
def test_a_large_photo_is_made_small_and_a_small_one_left(size: tuple[int, int], result: tuple[int, int]):
    picture = reencode(saved(Image.new("RGB", size, RED)))
    assert (picture.width, picture.height) == result
    assert max(result) <= LONGEST_SIDE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Dear clerk, this is a letter and not a photo.",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7",
        b"MZ\x90\x00",
        b"<!doctype html><html></html>",
        b"\x00" * 100,
    ],
    ids=["empty", "text", "svg", "pdf", "program", "page", "zeros"],
)
def test_a_file_that_lies_about_its_type_is_refused(content: bytes):
    assert refusal_of(io.BytesIO(content)) == "not_a_picture"


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "ICO"])
def test_other_picture_formats_are_refused(form: str):
    assert refusal_of(saved(two_halves((32, 32)), form)) == "not_a_picture"


def noise(size: int = 400) -> Image.Image:
    return Image.frombytes("RGB", (size, size), random.Random(7).randbytes(size * size * 3))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_was_cut_off_is_refused(form: str):
    whole = saved(noise(), form).getvalue()
    assert refusal_of(io.BytesIO(whole[: len(whole) // 2])) in ("picture_broken", "not_a_picture")


def test_half_a_jpeg_is_called_broken():
    whole = saved(noise()).getvalue()
    assert refusal_of(io.BytesIO(whole[: len(whole) // 2])) == "picture_broken"


def png_header(width: int, height: int) -> io.BytesIO:
    """A few bytes that claim to be a picture of this size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(7072, 7072), (10_000, 10_000), (20_000, 20_000), (65_000, 65_000)])
def test_a_decompression_bomb_is_too_big_before_it_goes_off(size: tuple[int, int]):
    assert refusal_of(png_header(*size)) == "picture_too_big"


def test_more_than_eight_megabytes_are_too_big():
    photo = saved(two_halves()).getvalue()
    assert reencode(io.BytesIO(photo + b"\x00" * (LARGEST_BYTES - len(photo)))).width == 200
    assert refusal_of(io.BytesIO(photo + b"\x00" * (LARGEST_BYTES - len(photo) + 1))) == "picture_too_big"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_damaged_photo_is_a_photo_or_a_refusal_and_never_an_error(form: str):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (38.0, 1.0, 16.0)}
    whole = saved(two_halves((24, 16)), form, exif=exif).getvalue()
    chance = random.Random(form)
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with suppress(Refused):
            reencode(io.BytesIO(bytes(damaged)))


@pytest.mark.parametrize(("place", "value"), [(55, 1), (41, 20), (43, 8), (41, 30)])
@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_nonsense_about_where_a_photo_was_taken_is_a_refusal(form: str, place: int, value: int):
    """Each of these made Pillow raise a TypeError or a struct.error while it turned the photo upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (38.0, 1.0, 16.0)}
    whole = bytearray(saved(two_halves((24, 16)), form, exif=exif).getvalue())
    whole[whole.index(b"MM\x00*") + place] = value
    with suppress(Refused):
        assert reencode(io.BytesIO(bytes(whole))).width == 16


def test_pictures_stay_with_their_order_and_step(city: City):
    photos = [reencode(saved(two_halves())), reencode(saved(two_halves((50, 50))))]
    placed = place_order(make_wish(), city.resident, key="with-photos", now=NOW, pictures=photos[:1])
    assert kept(placed.order_id) == [("place", 200, 100, photos[0].jpeg)]
    with nothing_written():
        place_order(make_wish(), city.resident, key="with-photos", now=NOW, pictures=photos[:1])
    order = accepted(city)
    close_order(
        order.number,
        city.team,
        actual=window(3),
        attendance=20,
        report="讲完了。",
        minutes={city.crew[0]: 90},
        now=window(4).starts_at,
        pictures=photos,
    )
    assert kept(order.order_id) == [("close", 200, 100, photos[0].jpeg), ("close", 50, 50, photos[1].jpeg)]


def kept(order_id: int) -> list[tuple[str, int, int, bytes]]:
    db.session.rollback()
    rows = db.session.execute(
        select(Attachment.action, Attachment.width, Attachment.height, AttachmentContent.jpeg)
        .join(AttachmentContent, AttachmentContent.attachment_id == Attachment.id)
        .where(Attachment.order_id == order_id)
        .order_by(Attachment.id)
    )
    return [tuple(row) for row in rows]
