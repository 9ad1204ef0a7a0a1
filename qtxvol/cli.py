"""`qtxvol …`: everything that is done from a command line. Also reachable as `flask --app wsgi …`."""

import json
import logging
import os
import secrets
import sys
from pathlib import Path

import click
import flask_migrate
from flask import Flask, current_app
from flask.cli import with_appcontext

from qtxvol.base import utcnow
from qtxvol.orders.lifecycle_doc import render_lifecycle
from qtxvol.settings import BadSettings, Settings, database_url

_DEMO_PASSWORD_LENGTH = 10


@click.group(help=__doc__)
@click.version_option(package_name="qtxvol")
def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)


def _app() -> Flask:
    """The app with the settings of the environment; a bad setting is a sentence, not a traceback."""
    from qtxvol import create_app

    try:
        return create_app(Settings.from_environ(os.environ))
    except BadSettings as error:
        raise click.ClickException(str(error)) from None


def _demo_app(data: Path) -> Flask:
    """The demo's app: its secret key is made once and kept beside its data."""
    from qtxvol import create_app

    data.mkdir(parents=True, exist_ok=True)
    key_file = data / "demo-secret-key"
    if not key_file.exists():
        _write_private(key_file, secrets.token_urlsafe(48))
    default = f"sqlite:///{data / 'demo.sqlite3'}"
    url = database_url(os.environ, data) if os.environ.get("DATABASE_URL") else default
    settings = Settings(
        secret_key=key_file.read_text(encoding="utf-8").strip(),
        data=data,
        database_url=url,
        public_url=os.environ.get("QTXVOL_PUBLIC_URL", "").rstrip("/"),
        are_cookies_secure=False,  # the demo speaks plain http on this machine only
        is_demo=True,
    )
    return create_app(settings)


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


@main.command()
@click.option("--fresh", is_flag=True, help="Throw the demo's data away and start over.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--orders", default=300, show_default=True, type=click.IntRange(10, 20_000), help="How many to invent.")
@click.option("--no-serve", is_flag=True, help="Make the demo city and stop.")
def demo(fresh: bool, port: int, orders: int, no_serve: bool) -> None:
    """Make a demo city (real divisions, units and menu; invented people) and serve it on this machine."""
    from qtxvol.demo.city import make_demo_city
    from qtxvol.demo.marker import begin_demo, find_demo_state, finish_demo
    from qtxvol.demo.passwords import reset_demo_passwords

    data = Path(os.environ.get("QTXVOL_DATA") or "instance").resolve()
    app = _demo_app(data)
    note = data / "demo-sign-in.json"
    with app.app_context():
        flask_migrate.upgrade()
        state = find_demo_state()
        if state == "foreign":
            raise click.ClickException(
                "this database holds data that is not a demo's; qtxvol demo leaves it alone. "
                "Unset DATABASE_URL, or choose another folder with QTXVOL_DATA."
            )
        if state == "unfinished" or (fresh and state == "demo"):
            _empty_database()
            note.unlink(missing_ok=True)
            flask_migrate.upgrade()
            state = "empty"
        _take_up_keys()
        known = json.loads(note.read_text(encoding="utf-8"))["password"] if note.exists() else ""
        password = os.environ.get("QTXVOL_DEMO_PASSWORD") or known or secrets.token_urlsafe(_DEMO_PASSWORD_LENGTH)
        if state == "empty":
            click.echo("正在生成演示城市，约需半分钟… / Making the demo city, about half a minute …")
            begin_demo(utcnow())
            make_demo_city(utcnow(), password, orders=orders)
            finish_demo(utcnow())
        elif password != known:
            reset_demo_passwords(password)
        _write_private(note, json.dumps({"password": password}))
    _print_sign_ins(password, port)
    if not no_serve:
        _serve(app, "127.0.0.1", port)


def _print_sign_ins(password: str, port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    desks = {
        "resident": ("群众", "/resident/"),
        "community": ("社区", "/community/"),
        "department": ("部门", "/department/"),
        "team": ("服务队", "/team/"),
        "volunteer": ("志愿者", "/volunteer/"),
        "office": ("纲要办", "/office/"),
    }
    click.echo("")
    click.echo(f"  打开 / open       {address}/")
    click.echo(f"  登录 / sign in    {address}/login")
    click.echo(f"  密码 / password   {password}   （以下账号通用 / for every account below）")
    for username, (title, path) in desks.items():
        click.echo(f"    {username:<12} {title}  {address}{path}")
    click.echo("")


def _empty_database() -> None:
    """Take every table away, append-only ones included: only after `find_demo_state` has said that it is a demo."""
    from sqlalchemy import text

    from qtxvol.extensions import db

    url = db.engine.url
    db.session.remove()
    if url.get_backend_name() == "sqlite":
        db.engine.dispose()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{url.database}{suffix}").unlink(missing_ok=True)
        return
    with db.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def serve(host: str, port: int) -> None:
    """Serve the pages (waitress); with SQLite the scheduled jobs run in the same process."""
    _serve(_app(), host, port)


def _serve(app: Flask, host: str, port: int) -> None:
    import waitress

    from qtxvol.jobs.health import find_troubles
    from qtxvol.jobs.worker import start_worker

    settings: Settings = app.extensions["qtxvol_settings"]
    with app.app_context():
        if troubles := [each for each in find_troubles(utcnow()) if each.startswith("the database")]:
            raise click.ClickException(troubles[0])
        _take_up_keys()
    scheduler = start_worker(app) if settings.has_inline_worker else None
    # limits of the demo server itself: slow phones may be slow, but nobody fills the disk
    try:
        waitress.serve(
            app,
            host=host,
            port=port,
            threads=8,
            connection_limit=1000,
            max_request_body_size=64 * 1024 * 1024,
            ident=None,
            clear_untrusted_proxy_headers=not settings.trusted_proxies,
        )
    finally:
        if scheduler is not None:
            scheduler.shutdown(wait=False)


def _take_up_keys() -> None:
    """Say now when a data key is missing, not on a page that fails later; then seal with the newest."""
    from qtxvol.privacy.keys import find_lost_keys, register_key

    if lost := find_lost_keys():
        raise click.ClickException(lost[0])
    register_key(utcnow())


@main.command()
def worker() -> None:
    """Run the scheduled jobs; as many workers as you like, each slot runs once."""
    import signal

    from qtxvol.jobs.worker import start_worker

    app = _app()
    with app.app_context():
        _take_up_keys()
    scheduler = start_worker(app)
    received = signal.sigwait({signal.SIGINT, signal.SIGTERM})
    scheduler.shutdown(wait=True)
    click.echo(f"stopped by {signal.Signals(received).name}")


@main.command()
@click.option("--office", "username", help="Also make a first office account with this user name.")
def init(username: str | None) -> None:
    """Bring the database up to date and load the facts. Safe to run again; edited facts stay."""
    with _app().app_context():
        Path(current_app.extensions["qtxvol_settings"].data).mkdir(parents=True, exist_ok=True)
        flask_migrate.upgrade()
        _take_up_keys()
        _load_facts()
        if username:
            _first_office(username)


def _load_facts() -> None:
    from qtxvol.directory.loader import load_facts

    report = load_facts(utcnow())
    click.echo(
        f"facts: {sum(report.inserted.values())} new, {sum(report.updated.values())} refreshed, "
        f"{sum(report.kept.values())} kept as the office edited them"
    )


def _first_office(username: str) -> None:
    from qtxvol.accounts.actor import system_actor
    from qtxvol.accounts.manage import create_account
    from qtxvol.orders.lifecycle import Party
    from qtxvol.refusals import Refused

    try:
        _id, password = create_account(
            system_actor("init"), username=username, display_name="纲要办", party=Party.OFFICE, now=utcnow()
        )
    except Refused as refused:
        raise click.ClickException(str(refused.about.get("message", refused.code))) from None
    click.echo(f"office account {username}, first password {password} (to be changed at the first sign-in)")


@click.command()
@with_appcontext
def check() -> None:
    """Verify the record: hash chains, replay of every order, orphans, invariants. Exits 1 when something is off."""
    from qtxvol.orders.check import Finding, check_orders
    from qtxvol.privacy.keys import check_sealed

    found = [Finding("", fault) for fault in check_sealed()]
    found += check_orders()
    for finding in found:
        click.echo(f"{finding.number or '-'}: {finding.fault}")
    click.echo("everything holds together" if not found else f"{len(found)} things are off")
    sys.exit(1 if found else 0)


@main.command("check")
@click.option("--demo", "is_demo", is_flag=True, help="Check the demo's database.")
def check_command(is_demo: bool) -> None:
    """Verify the record: hash chains, replay of every order, orphans, invariants. Exits 1 when something is off."""
    app = _demo_app(Path(os.environ.get("QTXVOL_DATA") or "instance").resolve()) if is_demo else _app()
    with app.app_context():
        check.callback()  # type: ignore[misc]


@main.command("rotate-keys")
@click.option("--demo", "is_demo", is_flag=True, help="Rotate the demo's keys.")
def rotate_keys_command(is_demo: bool) -> None:
    """Seal everything anew with the first of QTXVOL_DATA_KEYS, while the service runs. Safe to stop and repeat.

    Exits 1 while values are left that no key at hand can open.
    """
    from qtxvol.privacy.keys import forget_former_keys, register_key
    from qtxvol.privacy.rotate import Rotated, rotate_keys
    from qtxvol.storage import transaction

    def tell(done: Rotated) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done.table}: {done.rows} rows", nl=False, err=True)

    app = _demo_app(Path(os.environ.get("QTXVOL_DATA") or "instance").resolve()) if is_demo else _app()
    with app.app_context():
        register_key(utcnow())
        results = rotate_keys(tell=tell)
        for each in results:
            click.echo(
                f"{each.table}: {each.rows} rows, {each.sealed_anew} values sealed anew, "
                f"{each.digests_anew} digests made anew, {each.lost} can't be opened"
            )
        if lost := sum(each.lost for each in results):
            raise click.ClickException(
                f"{lost} values are sealed with a key that is not in QTXVOL_DATA_KEYS: add it after the newest, "
                "run this again, and keep the former keys until it says 0"
            )
        with transaction():
            forget_former_keys()
    click.echo("everything is under the newest key: take the former ones out of QTXVOL_DATA_KEYS and restart")


@main.command()
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@click.option("--demo", "is_demo", is_flag=True, help="Look at the demo's database.")
def retain(dry_run: bool, is_demo: bool) -> None:
    """Erase contact data of orders that ended long enough ago; the worker does so every night."""
    from qtxvol.privacy.retain import count_due, erase_due

    app = _demo_app(Path(os.environ.get("QTXVOL_DATA") or "instance").resolve()) if is_demo else _app()
    with app.app_context():
        due = count_due(utcnow())
        for status, count in sorted(due.by_status.items()):
            click.echo(f"{status}: {count}")
        click.echo(f"{due.total} orders ended more than {due.days} days ago and still have contact data")
        if not dry_run:
            click.echo(f"{erase_due(utcnow())} erased")


@main.command()
def diagram() -> None:
    """Print docs/lifecycle.md from the table of rules."""
    click.echo(render_lifecycle(), nl=False)


@main.command("match-server")
def match_server() -> None:
    """Answer who should serve an order, in JSON lines on standard input and output; needs no database."""
    from qtxvol.matching.server import serve

    serve(sys.stdin, sys.stdout)


@main.command()
@click.argument("kind", type=click.Choice(["open-data"]))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--demo", "is_demo", is_flag=True, help="Export the demo's database.")
def export(kind: str, file: Path, is_demo: bool) -> None:
    """Write an anonymised SQLite file for publication: facts, orders without people, daily counts."""
    from qtxvol.progress.open_data import write_open_data

    app = _demo_app(Path(os.environ.get("QTXVOL_DATA") or "instance").resolve()) if is_demo else _app()
    with app.app_context():
        for table, rows in write_open_data(file, utcnow()).items():
            click.echo(f"{table}: {rows}")


def init_app(app: Flask) -> None:
    """`flask --app wsgi check`, and `flask --app wsgi db …` through Flask-Migrate."""
    app.cli.add_command(check)
