"""Who hears that an emergency was opened or closed: communities of its area, departments and teams of its topics, the
experts. Each once, also when the area is widened later."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select

from qtxvol.accounts.models import Account, Seat
from qtxvol.directory.models import Department, Division, MenuItem
from qtxvol.emergencies.models import Emergency
from qtxvol.emergencies.queries import covers_of, list_experts
from qtxvol.emergencies.rules import Cover
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.lifecycle import Party
from qtxvol.volunteers.models import Team


def tell_opened(emergency: Emergency, now: datetime) -> None:
    """Once to each, whatever the hour, unless it is an exercise."""
    cover = covers_of([emergency.id])[emergency.id]
    experts = list_experts(emergency.id)
    readers = [
        *(To(Party.COMMUNITY, code) for code in _communities(cover)),
        *(To(Party.DEPARTMENT, code) for code in departments_of(cover)),
        *(To(Party.TEAM, str(team)) for team in _teams(cover)),
        *(To(Party.TEAM, str(each.team_id)) for each in experts if each.volunteer_id is None and each.is_active),
        *(To(Party.VOLUNTEER, str(each.volunteer_id)) for each in experts if each.volunteer_id and each.is_active),
        To(Party.OFFICE),
    ]
    _queue("emergency_opened", emergency, readers, cover, now)


def tell_closed(emergency: Emergency, now: datetime) -> None:
    """The same people learn that it is over, also those whom a later change left out."""
    told = db.session.execute(
        select(Notice.party, Notice.scope).where(
            Notice.kind == "emergency_opened", Notice.key.like(f"emergency_opened:{emergency.id}:%")
        )
    )
    readers = [To(Party(party), scope) for party, scope in told]
    _queue("emergency_closed", emergency, readers, covers_of([emergency.id])[emergency.id], now)


def tell_expert(emergency: Emergency, volunteer_id: int | None, team_id: int | None, now: datetime) -> None:
    """Somebody who was named later hears of it then."""
    reader = To(Party.VOLUNTEER, str(volunteer_id)) if volunteer_id is not None else To(Party.TEAM, str(team_id))
    _queue("emergency_opened", emergency, [reader], covers_of([emergency.id])[emergency.id], now)


def _queue(kind: str, emergency: Emergency, readers: Iterable[To], cover: Cover, now: datetime) -> None:
    areas = db.session.scalars(
        select(Division.display_name).where(Division.code.in_(sorted(cover.areas))).order_by(Division.code)
    )
    title = f"【演练】{emergency.title}" if emergency.is_drill else emergency.title
    queue_notices(
        kind,
        readers,
        now=now,
        about={"title": title, "area": "、".join(areas), "emergency_id": emergency.id},
        key=f"{kind}:{emergency.id}",
        is_emergency=not emergency.is_drill,
    )


def departments_of(cover: Cover) -> list[str]:
    """Active departments that the menu names for the topics."""
    items = db.session.execute(
        select(MenuItem.department_id, MenuItem.alternative_department_ids).where(
            MenuItem.is_active,
            or_(MenuItem.id.in_(sorted(cover.items)), MenuItem.theme.in_(sorted(cover.themes))),
        )
    )
    named = {code for lead, others in items for code in (lead, *others)}
    return list(
        db.session.scalars(
            select(Department.id).where(Department.id.in_(sorted(named)), Department.is_active).order_by(Department.id)
        )
    )


def _communities(cover: Cover) -> list[str]:
    """Communities and towns with somebody at the desk; each desk hears once, so the divisions without are left out."""
    codes = db.session.scalars(
        select(Seat.division_code)
        .join(Account, Account.id == Seat.account_id)
        .where(Seat.party == Party.COMMUNITY, Seat.division_code.is_not(None), Account.is_active)
        .distinct()
    )
    return sorted(code for code in codes if code and cover.touches(code))


def _teams(cover: Cover) -> list[int]:
    """Active teams that serve a topic's theme and some of the area."""
    themes = set(cover.themes) | set(
        db.session.scalars(select(MenuItem.theme).where(MenuItem.id.in_(sorted(cover.items))))
    )
    teams = db.session.execute(select(Team.id, Team.themes, Team.area).where(Team.is_active).order_by(Team.id))
    return [
        team for team, serves, area in teams if themes & set(serves) and (not area or any(map(cover.touches, area)))
    ]
