"""What the person who starts the service reads when a setting is missing, weak or wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from qtxvol.settings import BadSettings, Settings, engine_options

KEY = "nV3_qZ8wLk-Y0tRcG5hXeJ1uMbP7sDfA2oIiKyWvT9gQxE4C"


def settings_from(**environ: str) -> Settings:
    return Settings.from_environ({"QTXVOL_SECRET_KEY": KEY, **environ})


def refusal_of(**environ: str) -> str:
    with pytest.raises(BadSettings) as refused:
        settings_from(**environ)
    return str(refused.value)


def test_a_key_alone_is_enough(tmp_path: Path):
    settings = settings_from(QTXVOL_DATA=str(tmp_path))
    assert settings.database_url == f"sqlite:///{tmp_path / 'qtxvol.sqlite3'}"
    assert settings.are_cookies_secure
    assert settings.has_inline_worker
    assert not settings.is_demo
    assert not settings.is_testing


def test_without_a_key_it_says_how_to_make_one():
    message = refusal_of(QTXVOL_SECRET_KEY="")
    assert message.startswith("QTXVOL_SECRET_KEY is missing. Make one with: python3 -c")
    with pytest.raises(BadSettings, match="is missing"):
        Settings.from_environ({})


@pytest.mark.parametrize(
    "key",
    [
        "k7Jq-Zr2mB",  # short
        KEY[:31],
        "a" * 64,
        "0101010101010101010101010101010101010101",
        "changeme-before-anybody-uses-this-0123456789",
        "Secret-" + "abcdefghijklmnopqrstuvwxyz-" * 2,
        "dev-key-not-for-production-0123456789-abcdef",
        "TEST-KEY-OF-THE-TEST-SERVER-0123456789-ABCDEF",
        "  password-of-the-test-server-0123456789-abcdef",
    ],
)
def test_a_weak_key_is_refused_with_what_to_do(key: str):
    message = refusal_of(QTXVOL_SECRET_KEY=key)
    assert "too weak" in message
    assert "at least 32 random characters" in message
    assert key.strip() not in message


@pytest.mark.parametrize("url", ["mysql://h/d", "oracle:d", "postgresql", "sqlite://", "sqlite:file.db", "x"])
def test_another_database_is_refused_with_the_two_that_work(url: str):
    assert refusal_of(DATABASE_URL=url) == "DATABASE_URL must start with postgresql:// or sqlite:///."


@pytest.mark.parametrize(
    ("url", "understood"),
    [
        ("postgresql://clerk@db/qtx", "postgresql+psycopg://clerk@db/qtx"),
        ("postgres://clerk@db/qtx", "postgresql+psycopg://clerk@db/qtx"),
        ("postgresql+psycopg://clerk@db/qtx", "postgresql+psycopg://clerk@db/qtx"),
        ("sqlite:////srv/qtx.sqlite3", "sqlite:////srv/qtx.sqlite3"),
    ],
)
def test_a_database_url_names_its_driver(url: str, understood: str):
    assert settings_from(DATABASE_URL=url).database_url == understood


def test_the_scheduler_runs_inside_the_web_process_only_on_sqlite():
    assert settings_from(DATABASE_URL="sqlite:////srv/qtx.sqlite3").has_inline_worker
    assert not settings_from(DATABASE_URL="postgresql://db/qtx").has_inline_worker
    assert settings_from(DATABASE_URL="postgresql://db/qtx", QTXVOL_INLINE_WORKER="yes").has_inline_worker


@pytest.mark.parametrize(("text", "meant"), [("1", True), ("YES", True), ("true", True), ("0", False), (" no ", False)])
def test_a_flag_is_read(text: str, meant: bool):
    assert settings_from(QTXVOL_COOKIE_SECURE=text).are_cookies_secure is meant


@pytest.mark.parametrize("name", ["QTXVOL_COOKIE_SECURE", "QTXVOL_INLINE_WORKER"])
def test_a_flag_that_is_neither_is_refused(name: str):
    assert refusal_of(**{name: "maybe"}) == f"{name} must be 1 or 0, not 'maybe'."


def test_numbers_are_read():
    settings = settings_from(QTXVOL_IDLE_MINUTES="15", QTXVOL_TRUSTED_PROXIES="2")
    assert settings.idle == timedelta(minutes=15)
    assert settings.trusted_proxies == 2


@pytest.mark.parametrize("number", ["4", "1441", "-5", "ten", "5.5", "1e3", "9" * 30])
def test_a_number_out_of_range_is_refused_with_the_range(number: str):
    assert refusal_of(QTXVOL_IDLE_MINUTES=number) == (
        f"QTXVOL_IDLE_MINUTES must be a whole number from 5 to 1440, not {number!r}."
    )


def test_the_public_address_is_a_web_address():
    assert settings_from(QTXVOL_PUBLIC_URL="https://qtx.example/").public_url == "https://qtx.example"
    assert refusal_of(QTXVOL_PUBLIC_URL="qtx.example").startswith("QTXVOL_PUBLIC_URL must start with https://")


def test_old_keys_still_open_sessions_while_a_key_is_changed():
    old = ["0ld-k3y-abcdefghijklmnopqrstuvwxyz-01", "0lder-k3y-abcdefghijklmnopqrstuvwxyz-02"]
    settings = settings_from(QTXVOL_SECRET_KEY_FALLBACKS=" ".join(old))
    assert settings.flask_config()["SECRET_KEY_FALLBACKS"] == old


@pytest.mark.parametrize("start", ["dev", "Test", "secret", "changeme"])
def test_a_random_key_may_begin_like_a_word(start: str):
    """Rare, but it happens: and who did as the sentence says would be refused."""
    assert settings_from(QTXVOL_SECRET_KEY=start + KEY).secret_key == start + KEY


def test_an_old_key_that_is_weak_would_open_sessions_too():
    assert "QTXVOL_SECRET_KEY_FALLBACKS is too weak" in refusal_of(QTXVOL_SECRET_KEY_FALLBACKS="dev")


def test_sessions_are_guarded_by_default():
    config = settings_from().flask_config()
    assert config["SESSION_COOKIE_SECURE"]
    assert config["SESSION_COOKIE_HTTPONLY"]
    assert config["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert config["PERMANENT_SESSION_LIFETIME"] == timedelta(hours=1)


def test_connections_to_postgresql_are_checked_before_use():
    assert engine_options("postgresql+psycopg://db/qtx")["pool_pre_ping"]


def test_a_failed_statement_writes_no_names_into_the_log():
    for url in ("postgresql+psycopg://db/qtx", "sqlite:///x"):
        assert engine_options(url)["hide_parameters"]


@pytest.mark.parametrize("number", ["12345", "0953-3051234", "199 0000 1234"])
def test_a_hotline_is_a_telephone_number(number: str) -> None:
    assert settings_from(QTXVOL_HOTLINE=f" {number} ").hotline == number


@pytest.mark.parametrize("number", ["call us", "12", "１２３４５", "1" * 16, "javascript:1", '"><b>'])
def test_a_hotline_that_nobody_can_dial_is_refused(number: str) -> None:
    assert refusal_of(QTXVOL_HOTLINE=number).startswith("QTXVOL_HOTLINE must be a telephone number")
