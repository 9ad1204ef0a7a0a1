"""Settings: read from the environment once, checked before anything starts.

`config.py` at the top of the tree (for `wsgi.py`) and the command line both build a `Settings`; nothing else
reads the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

MINIMUM_KEY_LENGTH = 32
_WEAK_KEYS = ("secret", "changeme", "change-me", "dev", "test", "password")


class BadSettings(Exception):
    """A needed setting is missing, weak or unreadable; the message says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """Everything that differs between two installations.

    :ivar data_keys: what phone and identity numbers are sealed with, the newest first; without any, keys are derived
        from `secret_key` and its fallbacks, so these may then not be thrown away.
    :ivar data: folder for the SQLite file and what belongs to it.
    :ivar idle: a session ends after so long without a request.
    :ivar trusted_proxies: how many reverse proxies stand in front and set X-Forwarded-*.
    :ivar hotline: a telephone number that every page offers to whoever would rather call; empty for none.
    :ivar pdf_font: a font file with Chinese glyphs for PDF files; None looks in the usual places.
    :ivar outgoing_hosts: `host` or `host:port` that messages may go to although it is not public, or without TLS.
    :ivar metrics_token: what a machine must show to read /metrics; empty: there is no such page.
    :ivar has_inline_worker: run the scheduled jobs inside the web process.
    """

    secret_key: str
    data: Path
    database_url: str
    secret_key_fallbacks: tuple[str, ...] = ()
    data_keys: tuple[str, ...] = ()
    public_url: str = ""
    are_cookies_secure: bool = True
    idle: timedelta = timedelta(minutes=60)
    trusted_proxies: int = 0
    hotline: str = ""
    pdf_font: Path | None = None
    outgoing_hosts: tuple[str, ...] = ()
    metrics_token: str = ""
    has_inline_worker: bool = True
    is_demo: bool = False
    is_testing: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.secret_key:
            raise BadSettings(
                "QTXVOL_SECRET_KEY is missing. Make one with: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        for name, key in (
            ("QTXVOL_SECRET_KEY", self.secret_key),
            *(("QTXVOL_SECRET_KEY_FALLBACKS", key) for key in self.secret_key_fallbacks),
            *(("QTXVOL_DATA_KEYS", key) for key in self.data_keys),
        ):
            if _is_weak(key):
                raise BadSettings(
                    f"{name} is too weak: it needs at least {MINIMUM_KEY_LENGTH} random characters. "
                    "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
                )
        if self.metrics_token and _is_weak(self.metrics_token):
            raise BadSettings(
                f"QTXVOL_METRICS_TOKEN needs at least {MINIMUM_KEY_LENGTH} random characters, like the keys."
            )
        for host in self.outgoing_hosts:
            if "/" in host or "@" in host:
                raise BadSettings(f"QTXVOL_OUTGOING_HOSTS takes host or host:port, without https://: not {host!r}.")
        if self.public_url and not self.public_url.startswith(("http://", "https://")):
            raise BadSettings("QTXVOL_PUBLIC_URL must start with https:// (or http:// inside a closed network).")
        if self.hotline and not _is_phone(self.hotline):
            raise BadSettings("QTXVOL_HOTLINE must be a telephone number: digits, spaces, hyphens. E.g. 0953-1234567.")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Settings of a production installation.

        :raise BadSettings: with a sentence for the person who starts the service.
        """
        data = Path(environ.get("QTXVOL_DATA") or "instance").resolve()
        url = database_url(environ, data)
        return cls(
            secret_key=environ.get("QTXVOL_SECRET_KEY", ""),
            secret_key_fallbacks=tuple(filter(None, environ.get("QTXVOL_SECRET_KEY_FALLBACKS", "").split())),
            data_keys=tuple(filter(None, environ.get("QTXVOL_DATA_KEYS", "").split())),
            data=data,
            database_url=url,
            public_url=environ.get("QTXVOL_PUBLIC_URL", "").rstrip("/"),
            are_cookies_secure=_flag(environ, "QTXVOL_COOKIE_SECURE", default=True),
            idle=timedelta(minutes=_number(environ, "QTXVOL_IDLE_MINUTES", 60, 5, 24 * 60)),
            trusted_proxies=_number(environ, "QTXVOL_TRUSTED_PROXIES", 0, 0, 5),
            hotline=environ.get("QTXVOL_HOTLINE", "").strip(),
            pdf_font=_file(environ, "QTXVOL_PDF_FONT"),
            outgoing_hosts=tuple(environ.get("QTXVOL_OUTGOING_HOSTS", "").replace(",", " ").lower().split()),
            metrics_token=environ.get("QTXVOL_METRICS_TOKEN", "").strip(),
            has_inline_worker=_flag(environ, "QTXVOL_INLINE_WORKER", default=url.startswith("sqlite")),
        )

    @property
    def sealing_keys(self) -> tuple[str, ...]:
        """The secrets of the vault, the newest first."""
        return self.data_keys or (self.secret_key, *self.secret_key_fallbacks)

    def flask_config(self) -> dict[str, Any]:
        """The same in the words of Flask and its extensions."""
        return {
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": list(self.secret_key_fallbacks),
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": engine_options(self.database_url),
            "SESSION_COOKIE_NAME": "qtxvol",
            "SESSION_COOKIE_SECURE": self.are_cookies_secure,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "PERMANENT_SESSION_LIFETIME": self.idle,
            "MAX_CONTENT_LENGTH": 56 * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
            "MAX_FORM_PARTS": 1000,
            "WTF_CSRF_TIME_LIMIT": None,  # the session's own end is the limit
            "WTF_CSRF_SSL_STRICT": self.are_cookies_secure,
            "BABEL_DEFAULT_LOCALE": "zh_Hans_CN",
            "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
            "TESTING": self.is_testing,
            **self.extra,
        }


def database_url(environ: Mapping[str, str], data: Path) -> str:
    """`DATABASE_URL` with an explicit driver, or the SQLite file in the data folder.

    :raise BadSettings: neither SQLite nor PostgreSQL.
    """
    url = environ.get("DATABASE_URL", "")
    if not url:
        return f"sqlite:///{data / 'qtxvol.sqlite3'}"
    for scheme in ("postgresql://", "postgres://", "postgresql+psycopg://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    if url.startswith("sqlite:///"):
        return url
    raise BadSettings("DATABASE_URL must start with postgresql:// or sqlite:///.")


def engine_options(url: str) -> dict[str, Any]:
    """Pool settings: PostgreSQL connections are checked before use, so a restart of the server is not an error page."""
    # a failed statement must not write names and phone numbers into the log
    private: dict[str, Any] = {"hide_parameters": True}
    if url.startswith("sqlite"):
        return private
    return {**private, "pool_pre_ping": True, "pool_size": 10, "max_overflow": 10, "pool_recycle": 1800}


def _is_weak(key: str) -> bool:
    plain = key.strip().lower()
    if len(key) < MINIMUM_KEY_LENGTH or len(set(plain)) < 10:
        return True
    # a random key begins with "dev" one time in thirty thousand; nobody types letters and digits so mixed
    is_mixed = len(set(key)) >= 20 and all(any(map(of, key)) for of in (str.isupper, str.islower, str.isdigit))
    return plain.startswith(_WEAK_KEYS) and not is_mixed


def _is_phone(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    return digits.isascii() and digits.isdecimal() and 3 <= len(digits) <= 15


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if text in ("", "1", "0", "true", "false", "yes", "no"):
        return default if not text else text in ("1", "true", "yes")
    raise BadSettings(f"{name} must be 1 or 0, not {text!r}.")


def _file(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not Path(text).is_file():
        raise BadSettings(f"{name} names no file: {text}")
    return Path(text)


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name, "").strip() or str(default)
    if not text.isdecimal() or not low <= int(text) <= high:
        raise BadSettings(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)
