"""The machine that this process runs on, and the backups."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app

from qtxvol.settings import Settings
from qtxvol.watch.backup import find_last_backup

#: Less than this, absolutely or as a share, and the page says so.
LOW_BYTES = 1 << 30
LOW_SHARE = 0.05
#: A backup that is older than this is no longer "last night's".
STALE_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes on the disk that holds the data folder (and the SQLite file)."""

    free: int
    total: int

    @property
    def is_low(self) -> bool:
        return self.free < LOW_BYTES or self.free < self.total * LOW_SHARE


@dataclass(frozen=True, slots=True)
class BackupState:
    """When the last backup was made; None: never."""

    made_at: datetime | None
    size_bytes: int
    is_stale: bool


def read_disk() -> Disk | None:
    """None where the data folder is gone."""
    settings: Settings = current_app.extensions["qtxvol_settings"]
    try:
        usage = shutil.disk_usage(_existing(settings.data))
    except OSError:
        return None
    return Disk(usage.free, usage.total)


def read_backup_state(now: datetime) -> BackupState:
    last = find_last_backup()
    if last is None:
        return BackupState(None, 0, True)
    return BackupState(last.made_at, last.size_bytes, now - last.made_at > STALE_AFTER)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that is there: a service on PostgreSQL may have none of its own."""
    return folder if folder.exists() or folder == folder.parent else _existing(folder.parent)
