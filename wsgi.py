"""For WSGI servers and `flask --app wsgi`: the app with the settings of the environment."""

from config import settings
from qtxvol import create_app

app = create_app(settings)
