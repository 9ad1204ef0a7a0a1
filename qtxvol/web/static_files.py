"""Style sheets, scripts and pictures: small on the wire, and kept by the browser until their content changes.

Every address that a page names carries a hash of the file, so whoever has a file never asks for it again and a new
version is never missed. Files are read and compressed once per process; all of them together are small. Pages are not
compressed here: they hold tokens beside words that somebody may have chosen, and the length of such an answer tells
about both.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Flask, Response, current_app, request
from flask.sessions import SessionMixin
from werkzeug.security import safe_join

from qtxvol.refusals import NotFound
from qtxvol.web.sessions import PersonalSessions

_YEAR = 365 * 24 * 3600
#: For an address without the hash, or with that of an older file.
_SHORT = 300
#: Pictures, fonts and archives are compressed already.
_WORDY = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it was read. `packed` is its gzip form, None when that would not be smaller."""

    stamp: tuple[int, int]
    content_hash: str
    mimetype: str
    content: bytes
    packed: bytes | None


class Shelf:
    """What has been read of a folder; a file that has changed is read again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, StaticFile] = {}
        self._lock = Lock()

    def find(self, filename: str) -> StaticFile | None:
        """The file below the folder; None when there is none."""
        path = safe_join(str(self.folder), filename)  # one path, however many ways (`x/../`) lead to it
        if path is None:
            return None
        try:
            status = Path(path).stat()
            stamp = status.st_mtime_ns, status.st_size
            known = self._files.get(path)
            if known is not None and known.stamp == stamp:
                return known
            read = _read(Path(path), stamp)
        except (OSError, ValueError):  # not there, a folder, a name that no file system takes
            return None
        with self._lock:
            self._files[path] = read
        return read


def _read(path: Path, stamp: tuple[int, int]) -> StaticFile:
    content = path.read_bytes()
    mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(content, 9, mtime=0) if mimetype.startswith(_WORDY) else content
    content_hash = hashlib.sha256(content).hexdigest()[:12]
    return StaticFile(stamp, content_hash, mimetype, content, packed if len(packed) < len(content) else None)


class _NoSessionOnFiles(PersonalSessions):
    """A file is the same for everybody and may be kept by a cache in between: no session cookie travels with it."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint != "static":
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    app.session_interface = _NoSessionOnFiles()
    mimetypes.add_type("application/manifest+json", ".webmanifest")
    app.extensions["qtxvol_static"] = Shelf(Path(app.static_folder or ""))
    app.view_functions["static"] = send_static
    app.url_defaults(_add_hash)


def _shelf() -> Shelf:
    shelf: Shelf = current_app.extensions["qtxvol_static"]
    return shelf


def _add_hash(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "v" not in values and (file := _shelf().find(str(values.get("filename", "")))):
        values["v"] = file.content_hash


def send_static(filename: str) -> Response:
    """A file, compressed for whoever takes it so.

    :raise NotFound: no such file.
    """
    file = _shelf().find(filename)
    if file is None:
        raise NotFound(filename)
    is_packed = file.packed is not None and request.accept_encodings["gzip"] > 0
    response = Response(file.packed if is_packed else file.content, mimetype=file.mimetype)
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    if file.packed is not None:
        response.vary.add("Accept-Encoding")
    response.set_etag(file.content_hash + ("-gz" if is_packed else ""))  # two forms of a file are two to a cache
    response.make_conditional(request)
    response.headers["Cache-Control"] = (
        f"public, max-age={_YEAR}, immutable"
        if request.args.get("v") == file.content_hash
        else f"public, max-age={_SHORT}"
    )
    return response
