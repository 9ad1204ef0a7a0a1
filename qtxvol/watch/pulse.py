"""Everything that the page for people and the answers for machines say, read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qtxvol.jobs.health import JobState, list_job_states
from qtxvol.progress.standing import Standing, get_standing
from qtxvol.watch.asking import Asking, read_asking
from qtxvol.watch.backlog import Backlog, read_backlog
from qtxvol.watch.machine import BackupState, Disk, read_backup_state, read_disk
from qtxvol.watch.stuck import Owner, get_unit_standing, list_ownerless, list_owners


@dataclass(frozen=True, slots=True)
class Pulse:
    """The state of the service at the moment `at`. `towns` and `units` are open orders by where and by whom."""

    at: datetime
    owners: Sequence[Owner]
    ownerless: Sequence[str]
    towns: Standing
    units: Standing
    backlog: Backlog
    jobs: Sequence[JobState]
    disk: Disk | None
    backup: BackupState
    asking: Asking

    @property
    def warnings(self) -> list[str]:
        """Codes of what somebody should look at now; empty when nothing."""
        found = {
            "outbox": self.backlog.is_stuck(self.at),
            "jobs": any(job.is_late or job.failed_at for job in self.jobs),
            "ownerless": bool(self.ownerless),
            "asking": self.asking.late > 0,
            "dead": self.backlog.dead > 0,
            "disk": self.disk is None or self.disk.is_low,
            "backup": self.backup.is_stale,
        }
        return [code for code, is_so in found.items() if is_so]


def read_pulse(now: datetime) -> Pulse:
    """Some seventeen statements, whatever the number of orders."""
    return Pulse(
        at=now,
        owners=list_owners(now),
        ownerless=list_ownerless(),
        towns=get_standing(now),
        units=get_unit_standing(now),
        backlog=read_backlog(now),
        jobs=list_job_states(now),
        disk=read_disk(),
        backup=read_backup_state(now),
        asking=read_asking(now),
    )
