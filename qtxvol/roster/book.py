"""What the names in a list mean in this city: places, teams and skills in use."""

from sqlalchemy import select

from qtxvol.directory.models import Division, Term
from qtxvol.extensions import db
from qtxvol.roster.checking import Book, name_places
from qtxvol.roster.columns import plain
from qtxvol.volunteers.models import Team
from qtxvol.volunteers.rules import get_rule_value

_COUNTY = 3


def load_book(team_id: int | None = None) -> Book:
    """The book of today; four statements.

    :param team_id: the team of people whose line names none.
    """
    divisions = db.session.execute(
        select(
            Division.code,
            Division.parent_code,
            Division.level,
            Division.name,
            Division.display_name,
            Division.is_active,
        ).order_by(Division.level, Division.code)
    ).all()
    skills = db.session.execute(
        select(Term.code, Term.name, Term.name_en).where(Term.kind == "skill", Term.is_active)
    ).all()
    teams = db.session.execute(select(Team.id, Team.name).where(Team.is_active)).all()
    outer = (name for row in divisions if row.level <= _COUNTY for name in (row.name, row.display_name))
    return Book(
        places=name_places(
            (row.code, row.parent_code, row.display_name, row.name)
            for row in divisions
            if row.level >= _COUNTY and row.is_active
        ),
        teams={plain(name): found_id for found_id, name in teams},
        skills={plain(name).lower(): row.code for row in skills for name in (row.name, row.name_en, row.code) if name},
        outer=tuple(dict.fromkeys(map(plain, outer))),
        team_id=team_id,
        are_minors_allowed=bool(get_rule_value("minors_allowed")),
    )
