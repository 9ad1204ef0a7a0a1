"""One password for everybody in the demo."""

from sqlalchemy import update

from qtxvol.accounts.models import Account
from qtxvol.accounts.passwords import hash_password
from qtxvol.extensions import db
from qtxvol.storage import transaction


def reset_demo_passwords(password: str) -> None:
    """Give every account `password`; sessions end. Only ever called by `qtxvol demo`."""
    password_hash = hash_password(password)
    with transaction():
        db.session.execute(update(Account).values(password_hash=password_hash, session_epoch=Account.session_epoch + 1))
