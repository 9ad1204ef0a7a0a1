"""Files to upload."""

import io

from PIL import Image
from werkzeug.datastructures import FileStorage


def jpeg_bytes(size: tuple[int, int] = (64, 48)) -> bytes:
    """A photo whose EXIF says where it was taken."""
    image = Image.new("RGB", size, "teal")
    exif = Image.Exif()
    exif[0x010E] = "GPS-SECRET"  # ImageDescription
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    assert b"GPS-SECRET" in out.getvalue()
    return out.getvalue()


def upload(content: bytes, name: str) -> FileStorage:
    """A file chosen in a form."""
    return FileStorage(io.BytesIO(content), name)


def jpeg_file(name: str = "photo.jpg") -> FileStorage:
    return upload(jpeg_bytes(), name)
