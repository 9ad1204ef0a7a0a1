"""qtxvol: residents place, communities dispatch, departments claim, volunteer teams accept and close."""

from flask import Flask

from qtxvol.bundled import bundled_folder
from qtxvol.settings import Settings

__version__ = "0.1.0"


def create_app(settings: Settings) -> Flask:
    """The application: read this top to bottom as a table of contents.

    :param settings: checked on construction, so whoever holds one may start.
    """
    from qtxvol import cli, extensions, jobs, storage, tables, web  # here: they import this package
    from qtxvol.privacy.vault import Vault

    app = Flask(__name__, template_folder=str(bundled_folder("templates")))
    app.config.from_mapping(settings.flask_config())
    app.extensions["qtxvol_settings"] = settings
    app.extensions["qtxvol_vault"] = Vault(settings.sealing_keys)

    extensions.db.init_app(app)
    extensions.migrate.init_app(app, extensions.db, directory=str(bundled_folder("migrations")))
    storage.init_storage(app)
    app.extensions["qtxvol_tables"] = tables  # imported so that the metadata is complete

    web.init_app(app)
    jobs.init_app(app)
    cli.init_app(app)
    return app
