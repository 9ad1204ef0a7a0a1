"""`qtxvol …`: everything that is done from a command line. Also reachable as `flask --app wsgi …`."""

import json
import logging
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import TextIOWrapper
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


@contextmanager
def _opened(is_demo: bool) -> Iterator[Flask]:
    """The context of the service or of the demo; its connections are closed at the end."""
    from qtxvol.extensions import db

    app = _demo_app(Path(os.environ.get("QTXVOL_DATA") or "instance").resolve()) if is_demo else _app()
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


@main.command()
@click.option("--fresh", is_flag=True, help="Throw the demo's data away and start over.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--orders", default=300, show_default=True, type=click.IntRange(60, 20_000), help="How many to invent.")
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
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before any thread begins: a job at work is let finish
    scheduler = start_worker(app)
    received = signal.sigwait(stops)
    scheduler.shutdown(wait=True)
    click.echo(f"stopped by {signal.Signals(received).name}")


@main.command()
@click.option("--once", "is_once", is_flag=True, help="Send what is due, say how much, and end: for a timer.")
@click.option("--demo", "is_demo", is_flag=True, help="Look at the demo's database.")
def deliver(is_once: bool, is_demo: bool) -> None:
    """Ask teams and people whose turn has come, solve plans, and send notices that are due. The worker does so by
    itself; several may run at the same time."""
    import signal
    import threading

    from qtxvol.channels import sending
    from qtxvol.jobs.asker import take_turn
    from qtxvol.jobs.ledger import worker_name
    from qtxvol.jobs.worker import LOOK_EVERY
    from qtxvol.notices.deliver import Crew, deliver_due
    from qtxvol.notices.plan import plan_due
    from qtxvol.offers.plan_confirming import confirm_next
    from qtxvol.offers.plan_solving import solve_next

    stopping = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):  # the message that is being sent comes to its end
        signal.signal(each, lambda *_about: stopping.set())
    crew = Crew(sending, worker_name(), is_stopping=stopping.is_set)
    with _opened(is_demo):
        _take_up_keys()
        while not stopping.is_set():
            asked, held = take_turn(utcnow(), stopping.is_set)
            for work in (solve_next, confirm_next):
                while not stopping.is_set() and work(utcnow(), worker_name(), is_stopping=stopping.is_set):
                    click.echo("1 plan dealt with")
            planned = plan_due(utcnow(), sending.list_ready())
            done = deliver_due(utcnow(), crew)
            if asked or held:
                click.echo(f"{asked} teams asked, {held} crews moved on")
            if planned or done or is_once:
                click.echo(f"{planned} notices planned, {done} messages dealt with")
            if is_once:
                return
            stopping.wait(LOOK_EVERY)


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
    """Verify the record: hash chains, replay of every order, orphans, invariants, and every snapshot of a target
    against a recount. Exits 1 when something is off."""
    from qtxvol.orders.check import Finding, check_orders
    from qtxvol.privacy.keys import check_sealed
    from qtxvol.progress.count import find_drift

    found = [Finding("", fault) for fault in (*check_sealed(), *find_drift())]
    found += check_orders()
    for finding in found:
        click.echo(f"{finding.number or '-'}: {finding.fault}")
    click.echo("everything holds together" if not found else f"{len(found)} things are off")
    sys.exit(1 if found else 0)


@main.command("check")
@click.option("--demo", "is_demo", is_flag=True, help="Check the demo's database.")
def check_command(is_demo: bool) -> None:
    """Verify the record: hash chains, replay of every order, orphans, invariants, and every snapshot of a target
    against a recount. Exits 1 when something is off."""
    with _opened(is_demo):
        check.callback()  # type: ignore[misc]


@main.command()
@click.option("--teams", default=40, show_default=True, type=click.IntRange(1, 2000))
@click.option("--volunteers", default=600, show_default=True, type=click.IntRange(1, 50_000))
@click.option("--orders", default=120, show_default=True, type=click.IntRange(1, 50_000))
@click.option("--days", default=28, show_default=True, type=click.IntRange(1, 300), help="In which they are placed.")
@click.option("--seed", default=1, show_default=True, type=int)
@click.option("--peak", "is_peak", is_flag=True, help="Half of the orders come in one week.")
@click.option("--baseline", type=click.Choice(["nearest"]), help="Departments ask the nearest team, and the next.")
def simulate(
    teams: int, volunteers: int, orders: int, days: int, seed: int, is_peak: bool, baseline: str | None
) -> None:
    """Play an invented month through the service's own verbs and print its fairness figures.

    In a database of its own that is thrown away; in that of DATABASE_URL only if it is empty. Exits 1 when the record
    doesn't hold together or the service met a fault.
    """
    from qtxvol.simulate.database import stage
    from qtxvol.simulate.report import write_lines
    from qtxvol.simulate.run import NotEmpty, Size
    from qtxvol.simulate.run import simulate as play

    logging.getLogger().setLevel(logging.ERROR)
    size = Size(teams, volunteers, orders, days, seed, is_peak, is_nearest=baseline == "nearest")
    try:
        with stage(os.environ.get("DATABASE_URL", "")):
            result = play(size)
    except NotEmpty as error:
        raise click.ClickException(
            f"the database of DATABASE_URL is not empty ({error}); a simulation plays in nobody's city. "
            "Unset DATABASE_URL, or name an empty database."
        ) from None
    for line in write_lines(result):
        click.echo(line)
    sys.exit(1 if result.findings or result.record.faults else 0)


@main.command("rotate-keys")
@click.option("--demo", "is_demo", is_flag=True, help="Rotate the demo's keys.")
def rotate_keys_command(is_demo: bool) -> None:
    """Seal everything anew with the first of QTXVOL_DATA_KEYS, while the service runs. Safe to stop and repeat.

    Exits 1 while values are left that no key at hand can open.
    """
    from qtxvol.privacy.keys import forget_former_keys, register_key
    from qtxvol.privacy.rotate import Rotated, rotate_keys
    from qtxvol.recognition.certificates import refresh_name_digests
    from qtxvol.storage import transaction

    def tell(done: Rotated) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done.table}: {done.rows} rows", nl=False, err=True)

    with _opened(is_demo):
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
            click.echo(f"certificates: {refresh_name_digests()} names digested anew")
            forget_former_keys()
    click.echo("everything is under the newest key: take the former ones out of QTXVOL_DATA_KEYS and restart")


@main.command()
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@click.option("--demo", "is_demo", is_flag=True, help="Look at the demo's database.")
def retain(dry_run: bool, is_demo: bool) -> None:
    """Erase contact data of orders that ended long enough ago; the worker does so every night."""
    from qtxvol.privacy.retain import count_due, erase_due

    with _opened(is_demo):
        due = count_due(utcnow())
        for status, count in sorted(due.by_status.items()):
            click.echo(f"{status}: {count}")
        click.echo(f"{due.total} orders ended more than {due.days} days ago and still have contact data")
        if not dry_run:
            click.echo(f"{erase_due(utcnow())} erased")


@main.command("import-workdays")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@click.option("--demo", "is_demo", is_flag=True, help="Use the demo's database.")
def import_workdays_command(file: Path, dry_run: bool, is_demo: bool) -> None:
    """Take in days off and make-up workdays from a CSV: date,is_work,name.

    Exits 1 when a line is wrong; then nothing was written.
    """
    from qtxvol.accounts.actor import system_actor
    from qtxvol.directory.workday_file import LARGEST_BYTES, import_workdays, read_workdays
    from qtxvol.refusals import Refused

    app = _demo_app(Path(os.environ.get("QTXVOL_DATA") or "instance").resolve()) if is_demo else _app()
    with app.app_context(), file.open("rb") as opened:
        data = opened.read(LARGEST_BYTES + 1)
        try:
            reading = read_workdays(data)
            for fault in reading.faults:
                click.echo(f"line {fault.line}: {fault.reason.en} ({fault.text})", err=True)
            if not dry_run:
                import_workdays(data, system_actor("import"), utcnow())
        except Refused as refused:
            raise click.ClickException(str(refused.about.get("message_en") or refused.code)) from None
    for change in reading.changes:
        click.echo(f"{change.day} {'workday' if change.is_work else 'day off'} {change.name}".rstrip())
    click.echo(f"{len(reading.changes)} days {'would change' if dry_run else 'changed'}, {reading.same} as they were")
    sys.exit(1 if reading.faults else 0)


@main.command("import-roster")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Read the list and say what is wrong; register nobody.")
@click.option("--valid-only", is_flag=True, help="Register those without problems; else everybody or nobody.")
@click.option("--team", default="", help="Name of the team of people whose line names none.")
@click.option("--answer", type=click.Path(dir_okay=False, path_type=Path), help="Write the sheet with what was wrong.")
@click.option("--demo", "is_demo", is_flag=True, help="Use the demo's database.")
def import_roster(file: Path, dry_run: bool, valid_only: bool, team: str, answer: Path | None, is_demo: bool) -> None:
    """Register the people of a list (xlsx, xls, csv) as applied; they count once they are verified.

    Exits 0 when the whole list could be taken in, 3 when lines were refused, 1 when the file can't be read.
    """
    from qtxvol.refusals import Refused

    with _opened(is_demo):
        try:
            is_whole = _import_roster(file, dry_run, "valid" if valid_only else "all", team, answer)
        except Refused as refused:
            raise click.ClickException(str(refused.about.get("message_en") or refused.code)) from None
    sys.exit(0 if is_whole else 3)


def _import_roster(file: Path, dry_run: bool, mode: str, team: str, answer: Path | None) -> bool:
    from qtxvol.accounts.actor import system_actor
    from qtxvol.roster.answer import write_answer
    from qtxvol.roster.queries import get_roster
    from qtxvol.roster.reading import count_lines
    from qtxvol.roster.staging import open_staging
    from qtxvol.roster.take import cancel_roster, clear_roster, find_team_id, read_roster, take_roster

    actor, now = system_actor("import-roster"), utcnow()
    team_id = find_team_id(team) if team else None
    with click.progressbar(length=count_lines(file), label="reading", file=sys.stderr) as bar:
        run_id = read_roster(actor, file, file.name, now, team_id=team_id, progress=bar.update)
    run = get_roster(run_id)
    is_whole = not run.refused and not run.differing
    click.echo(
        f"{run.rows} lines: {run.fresh} new, {run.unchanged} registered already, "
        f"{run.differing} registered otherwise, {run.refused} refused"
    )
    for code, count in sorted(run.problems.items()):
        click.echo(f"  {code}: {count}")
    try:
        if dry_run:
            click.echo("dry run: nobody was registered")
        elif mode == "all" and not is_whole:
            click.echo("nobody was registered: correct the list, or use --valid-only")
        else:
            with click.progressbar(length=run.rows, label="taking in", file=sys.stderr) as bar:
                count = take_roster(actor, run_id, mode, now, progress=bar.update)
            click.echo(f"{count} registered")
        if answer:
            with open_staging(run.key) as staging:
                write_answer(staging, get_roster(run_id), answer, is_english=False)
            click.echo(f"answer: {answer}")
    finally:
        # what was read is not kept: the answer has it all
        clear = clear_roster if get_roster(run_id).state == "taken" else cancel_roster
        clear(actor, run_id, now)
    return is_whole


@main.command("count")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="A day that is over; yesterday when left out.")
@click.option("--demo", "is_demo", is_flag=True, help="Count in the demo's database.")
def count_command(day: datetime | None, is_demo: bool) -> None:
    """Count the targets at the end of a day, as the nightly job does; a day that is counted already stays."""
    from qtxvol.base import CITY_TIME
    from qtxvol.progress.count import count_targets

    wanted = day.date() if day else utcnow().astimezone(CITY_TIME).date() - timedelta(days=1)
    with _opened(is_demo):
        try:
            report = count_targets(wanted, utcnow())
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    click.echo(report)
    click.echo(f"read {json.dumps(report.inputs)}")
    click.echo(f"checksum {report.checksum}")


@main.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", default=0, type=click.IntRange(0, 10_000), help="Keep so many of the newest there; 0: all.")
@click.option("--made-elsewhere", is_flag=True, help="Only note that a backup was made by other means just now.")
@click.option("--demo", "is_demo", is_flag=True, help="Back up the demo's database.")
def backup(folder: Path | None, keep: int, made_elsewhere: bool, is_demo: bool) -> None:
    """Write a backup of the database into FOLDER while the service runs, and verify it.

    The keys are not in it: keep QTXVOL_SECRET_KEY and QTXVOL_DATA_KEYS elsewhere.
    """
    from qtxvol.watch.backup import BackupError, make_backup, note_backup

    if (folder is None) != made_elsewhere:
        raise click.UsageError("name the folder that the backup goes to, or --made-elsewhere")
    with _opened(is_demo):
        try:
            if folder is None:
                note_backup(utcnow())
            else:
                click.echo(make_backup(folder, utcnow(), keep=keep))
        except BackupError as error:
            raise click.ClickException(str(error)) from None


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", "replaces", is_flag=True, help="There is a database already: put it aside.")
@click.option("--demo", "is_demo", is_flag=True, help="Restore the demo's database.")
def restore(file: Path, replaces: bool, is_demo: bool) -> None:
    """Put a backup in the place of the database. Stop the service first; then run `qtxvol init` and `qtxvol check`."""
    from qtxvol.extensions import db
    from qtxvol.watch.backup import BackupError, restore_backup

    with _opened(is_demo):
        url = db.engine.url
    try:
        kept = restore_backup(file, url, replaces=replaces)
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    if kept:
        click.echo(f"the former database is now {kept}")
    click.echo("restored: now run qtxvol init, then qtxvol check")


@main.command()
def diagram() -> None:
    """Print docs/lifecycle.md from the table of rules."""
    click.echo(render_lifecycle(), nl=False)


@main.command("match-server")
def match_server() -> None:
    """Answer who should serve an order, in JSON lines on standard input and output; needs no database."""
    from qtxvol.matching.server import serve

    # JSON is UTF-8 wherever it runs, and a broken byte spoils its line, not the service
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    serve(sys.stdin, sys.stdout)


@main.group()
def export() -> None:
    """Write files: `open-data` for publication, `papers` for the yearly evaluation."""


_OF_DEMO = click.option("--demo", "is_demo", is_flag=True, help="Export the demo's database.")


@export.command("open-data")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_OF_DEMO
def export_open_data(file: Path, is_demo: bool) -> None:
    """Write an anonymised SQLite file for publication: facts, orders without people, daily counts."""
    from qtxvol.progress.open_data import write_open_data

    with _opened(is_demo):
        for table, rows in write_open_data(file, utcnow()).items():
            click.echo(f"{table}: {rows}")


@export.command("papers")
@click.option("--year", required=True, type=click.IntRange(2000, 2100), help="The year that the papers are about.")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--english", is_flag=True, help="In English; else in Chinese.")
@_OF_DEMO
def export_papers(year: int, folder: Path, english: bool, is_demo: bool) -> None:
    """Write every evaluation paper of a year as an Excel file: towns, units, duties, summaries, model cases."""
    from qtxvol.refusals import NotFound
    from qtxvol.reports.export import write_papers

    with _opened(is_demo):
        try:
            for name in write_papers(year, folder, utcnow(), language="en" if english else "zh"):
                click.echo(name)
        except NotFound:
            raise click.ClickException(f"{year} has not begun") from None


def init_app(app: Flask) -> None:
    """`flask --app wsgi check`, and `flask --app wsgi db …` through Flask-Migrate."""
    app.cli.add_command(check)
