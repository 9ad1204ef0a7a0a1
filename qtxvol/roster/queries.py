"""Lists that were read in: looking them up."""

from typing import Any

from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.paging import Page, select_page
from qtxvol.refusals import NotFound
from qtxvol.roster.models import RosterRun
from qtxvol.volunteers.models import Team


def list_rosters(page: int = 1) -> Page[Any]:
    """Rows of (RosterRun,), the newest first: two statements."""
    return select_page(select(RosterRun).order_by(RosterRun.id.desc()), page)


def get_roster(run_id: int) -> RosterRun:
    """:raise NotFound: no such list."""
    run = db.session.get(RosterRun, run_id)
    if run is None:
        raise NotFound(run_id)
    return run


def find_team_name(run: RosterRun) -> str:
    """The team of people whose line names none; empty without one."""
    return db.session.scalar(select(Team.name).where(Team.id == run.team_id)) or "" if run.team_id else ""


def find_same_file(run: RosterRun) -> RosterRun | None:
    """An earlier list that was taken in from the very same file."""
    return db.session.scalars(
        select(RosterRun)
        .where(RosterRun.file_digest == run.file_digest, RosterRun.id < run.id, RosterRun.state == "taken")
        .order_by(RosterRun.id.desc())
        .limit(1)
    ).first()
