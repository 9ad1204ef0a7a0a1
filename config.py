"""The settings of this installation, from the environment. Only `wsgi.py` and tests import this."""

import os

from qtxvol.settings import Settings

settings = Settings.from_environ(os.environ)
