"""What is installed from a wheel is the whole service: its pages, migrations, data and static files too."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow

#: Folder of the checkout -> folder in the wheel.
FOLDERS = {
    "templates": "qtxvol/_bundled/templates",
    "migrations": "qtxvol/_bundled/migrations",
    "qtxvol": "qtxvol",
}
#: Run by the Python of the new environment, far from the checkout.
SCRIPT = """
import json, secrets, sys
from pathlib import Path

import flask_migrate
from sqlalchemy import inspect

import qtxvol
from qtxvol.base import Base
from qtxvol.extensions import db
from qtxvol.settings import Settings

here = Path.cwd()
app = qtxvol.create_app(
    Settings(
        secret_key=secrets.token_urlsafe(48),
        data=here,
        database_url=f"sqlite:///{here / 'installed.sqlite3'}",
        has_inline_worker=False,
        is_testing=True,
    )
)
with app.app_context():
    flask_migrate.upgrade()
    tables = set(inspect(db.engine).get_table_names())
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    json.dump(
        {
            "package": str(Path(qtxvol.__file__).parent),
            "missing_tables": sorted(set(Base.metadata.tables) - tables),
            "templates": sorted(app.jinja_env.list_templates()),
            "static": app.static_folder,
        },
        sys.stdout,
    )
    db.engine.dispose()
"""


def run(*command: str | Path, cwd: Path, **environ: str) -> str:
    """What it prints; when it fails, what it complains about."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_", "FLASK_"))}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=keep | environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[:4]} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def files_of_the_checkout() -> dict[str, Path]:
    """Where each file that is not rubbish has to be in the wheel."""
    return {
        (Path(target) / file.relative_to(ROOT / folder)).as_posix(): file
        for folder, target in FOLDERS.items()
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the backend that is installed here, so without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that has the wheel and, by a path file, the libraries of this one.

    A path file inside those libraries is not followed, so that the checkout stays out of sight.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    (python,) = (file for file in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if file.exists())
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (own / "libraries.pth").write_text("\n".join(sorted(libraries)), "utf-8")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", "--no-compile", wheel, cwd=folder)
    return python


def test_every_file_of_the_checkout_is_in_the_wheel(wheel: Path):
    wanted = files_of_the_checkout()
    assert "qtxvol/_bundled/migrations/env.py" in wanted
    with zipfile.ZipFile(wheel) as archive:
        missing = sorted(wanted.keys() - set(archive.namelist()))
        assert not missing, f"the wheel lacks {missing}"
        changed = [name for name, file in wanted.items() if archive.read(name) != file.read_bytes()]
    assert not changed, f"the wheel has another content in {changed}"


def test_the_wheel_carries_its_licence_and_no_tests(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"qtxvol"}


def test_the_installed_service_migrates_and_finds_its_pages(installed: Path, tmp_path: Path):
    found = json.loads(run(installed, "-W", "error", "-c", SCRIPT, cwd=tmp_path, PYTHONDONTWRITEBYTECODE="1"))
    package = Path(found["package"])
    assert package.is_relative_to(installed.parents[1]), f"{package} is not what was installed"
    assert found["missing_tables"] == []
    templates = ROOT / "templates"
    assert set(found["templates"]) >= {
        file.relative_to(templates).as_posix() for file in templates.rglob("*") if file.suffix == ".html"
    }
    assert Path(found["static"]).is_relative_to(package)
