"""Joining a team, leaving it, changing to another: who asks, who decides, and what a team writes about its people.

Joining is a wish that the receiving team's leader or the office answers. Leaving needs nobody's leave: a person who
is named for a coming service is asked to have themself replaced first, that is all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.lifecycle import Label, Party, Status
from qtxvol.orders.models import Crew, Order
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.availability import sort_slots
from qtxvol.volunteers.events import tell
from qtxvol.volunteers.models import Team, TeamRequest, Volunteer
from qtxvol.volunteers.refuse import check_reason, check_terms, clean, clean_reason, lock_volunteer, refuse

REQUEST_LABELS = {
    "open": Label("待答复", "Waiting"),
    "accepted": Label("已同意", "Accepted"),
    "declined": Label("未同意", "Declined"),
    "withdrawn": Label("已撤回", "Withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """When and for whom a volunteer likes to serve; empty means: any, or not said."""

    availability: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    max_distance_km: int | None = None
    weekly_load: int | None = None


# What volunteers do themselves


def edit_preferences(actor: Actor, wanted: Preferences) -> None:
    """Write one's own preferences.

    :raise Refused: `wrong_party` (403); `invalid` (422) with `field`.
    """
    with transaction():
        person = _own_row(actor)
        check_terms("theme", "topics", wanted.topics, person.topics)
        check_terms("audience", "audiences", wanted.audiences, person.audiences)
        for field, most in (("max_distance_km", 200), ("weekly_load", 21)):
            value = getattr(wanted, field)
            if value is not None and not 1 <= value <= most:
                refuse(field, f"请填 1 到 {most}。", f"From 1 to {most}.")
        person.availability = sort_slots(wanted.availability)
        person.topics, person.audiences = list(wanted.topics), list(wanted.audiences)
        person.max_distance_km, person.weekly_load = wanted.max_distance_km, wanted.weekly_load


def ask_to_join(actor: Actor, team_id: int, now: datetime, text: str = "") -> int:
    """Ask a team to be taken in, from another team or from none. One open wish at a time: a new one replaces it.

    :return: the request's id.
    :raise Refused: `wrong_party` (403); `invalid` (422) at `team_id`; `invalid` (409) for somebody who has left.
    """
    text = clean("text", text, 200)
    with transaction():
        person = _own_row(actor)
        if person.status in ("left", "refused"):
            refuse("", "您现在不在册，请先重新登记。", "You are not on the list now: register again first.", 409)
        if person.team_id == team_id:
            refuse("team_id", "您已经在这支队里。", "You are in this team already.")
        if not db.session.scalar(select(exists().where(Team.id == team_id, Team.is_active))):
            refuse("team_id", "请从列表里选一支在用的服务队。", "Choose a team in use from the list.")
        _withdraw_open(person.id, now)
        request = TeamRequest(volunteer_id=person.id, team_id=team_id, text=text, asked_at=now)
        db.session.add(request)
        db.session.flush()
        queue_notices("team_request", [To(Party.TEAM, str(team_id))], now=now, about={"volunteer_id": person.id})
        return request.id


def withdraw_request(actor: Actor, now: datetime) -> bool:
    """Take the open wish back; False when there was none."""
    with transaction():
        return _withdraw_open(_own_row(actor).id, now)


def leave_team(actor: Actor, now: datetime, reason: str = "") -> bool:
    """Go out of one's team; one stays a volunteer.

    :return: False for somebody without a team.
    :raise Refused: `wrong_party` (403); `invalid` (409) while one is named for a coming service.
    """
    reason = clean_reason(reason)
    with transaction():
        person = _own_row(actor)
        if person.team_id is None:
            return False
        _check_not_named(person, now)
        _change_team(person, None, actor, now, reason)
        return True


def _own_row(actor: Actor) -> Volunteer:
    if actor.party is not Party.VOLUNTEER or actor.volunteer_id is None:
        raise Refused("wrong_party", 403)
    return lock_volunteer(actor.volunteer_id)


def _withdraw_open(volunteer_id: int, now: datetime) -> bool:
    gone = db.session.connection().execute(
        update(TeamRequest)
        .where(TeamRequest.volunteer_id == volunteer_id, TeamRequest.status == "open")
        .values(status="withdrawn", decided_at=now)
    )
    return gone.rowcount > 0


# What the receiving team's leader, or the office, does


def decide_request(actor: Actor, request_id: int, is_accepted: bool, now: datetime, answer: str = "") -> bool:
    """Take somebody in, or say why not.

    :return: False when it was decided so already.
    :raise NotFound: no such request, or one to another team.
    :raise Refused: `wrong_party` (403); `invalid` (422) a refusal without its reason; `invalid` (409) when it was
        answered otherwise, or the person is named for a coming service of the team that they leave.
    """
    if actor.party not in (Party.TEAM, Party.OFFICE):
        raise Refused("wrong_party", 403)
    answer = clean("answer", answer, 200) if is_accepted else check_reason(answer, "answer")
    with transaction():
        # the person's row first, as whoever asks does: two who wait for each other would be an error on PostgreSQL
        volunteer_id = db.session.scalar(select(TeamRequest.volunteer_id).where(TeamRequest.id == request_id))
        if volunteer_id is not None:
            lock_volunteer(volunteer_id)
        request = db.session.get(TeamRequest, request_id, with_for_update=True)
        if request is None or (actor.party is Party.TEAM and request.team_id != actor.team_id):
            raise NotFound(request_id)
        wanted = "accepted" if is_accepted else "declined"
        if request.status == wanted:
            return False
        if request.status != "open":
            refuse("", "这份申请已经有结果了。", "This request has been answered.", 409)
        if is_accepted:
            _take_in(request, actor, now)
        request.status, request.decided_at = wanted, now
        request.decided_by, request.answer = actor.name[:64], answer
        asker = To(Party.VOLUNTEER, str(request.volunteer_id))
        queue_notices("team_request_decided", [asker], now=now, about={"team_id": request.team_id, "result": wanted})
        return True


def _take_in(request: TeamRequest, actor: Actor, now: datetime) -> None:
    person = lock_volunteer(request.volunteer_id)
    if person.merged_into_id is not None:
        person = lock_volunteer(person.merged_into_id)
    if person.status in ("left", "refused"):
        refuse("", "本人已不在册，不能入队。", "The person is not on the list any more.", 409)
    if person.team_id is not None:
        _check_not_named(person, now)
    _change_team(person, request.team_id, actor, now, "")


def remove_member(actor: Actor, volunteer_id: int, now: datetime, reason: str) -> bool:
    """A leader takes somebody out of the team; the person stays a volunteer.

    :return: False when they are in no team.
    :raise NotFound: no such person in the team.
    :raise Refused: `wrong_party` (403); `invalid` (422) without a reason; `invalid` (409) while the person is named.
    """
    if actor.party not in (Party.TEAM, Party.OFFICE):
        raise Refused("wrong_party", 403)
    reason = check_reason(reason)
    with transaction():
        person = lock_volunteer(volunteer_id)
        if actor.party is Party.TEAM and person.team_id != actor.team_id:
            raise NotFound(volunteer_id)
        if person.team_id is None:
            return False
        _check_not_named(person, now)
        _change_team(person, None, actor, now, reason)
        return True


def _check_not_named(person: Volunteer, now: datetime) -> None:
    """Nobody drops out of a service that somebody counts on."""
    number = db.session.scalar(
        select(Order.number)
        .join(Crew, Crew.order_id == Order.id)
        .where(
            Crew.volunteer_id.in_(Volunteer.rows_of(person.id)),
            Order.status == Status.ACCEPTED,
            Order.team_id == person.team_id,
        )
        .limit(1)
    )
    if number:
        refuse(
            "",
            f"还被安排在 {number} 这一单里，请先办结，或请队长换人后再办。",
            f"Still named for {number}: close it, or have the leader name somebody else first.",
            409,
        )


def _change_team(person: Volunteer, team_id: int | None, actor: Actor, now: datetime, reason: str) -> None:
    ids = [each for each in (person.team_id, team_id) if each is not None]
    names = {row.id: row.name for row in db.session.execute(select(Team.id, Team.name).where(Team.id.in_(ids)))}
    was, became = names.get(person.team_id or 0, ""), names.get(team_id or 0, "")
    tell(person.id, "team", actor, now, was=was, became=became, reason=reason)
    person.team_role = None
    person.team_id = team_id


# The reads


def list_requests(team_id: int | None = None) -> Sequence[Any]:
    """Rows of (TeamRequest, Volunteer, the team's name, the name of the team that is left), oldest first: open ones to
    one team, or to all."""
    here, there = aliased(Team), aliased(Team)
    statement = (
        select(TeamRequest, Volunteer, here.name.label("team"), there.name.label("from_team"))
        .join(Volunteer, Volunteer.id == TeamRequest.volunteer_id)
        .join(here, here.id == TeamRequest.team_id)
        .outerjoin(there, there.id == Volunteer.team_id)
        .where(TeamRequest.status == "open", Volunteer.status.not_in(("left", "refused", "merged")))
        .order_by(TeamRequest.id)
        .limit(200)
    )
    if team_id is not None:
        statement = statement.where(TeamRequest.team_id == team_id)
    return db.session.execute(statement).all()


def count_requests(team_id: int) -> int:
    """Open wishes to join the team."""
    return (
        db.session.scalar(select(func.count()).where(TeamRequest.team_id == team_id, TeamRequest.status == "open")) or 0
    )


def list_own_requests(volunteer_id: int) -> Sequence[Any]:
    """Rows of (TeamRequest, the team's name) of one person, newest first."""
    return db.session.execute(
        select(TeamRequest, Team.name.label("team"))
        .join(Team, Team.id == TeamRequest.team_id)
        .where(TeamRequest.volunteer_id == volunteer_id)
        .order_by(TeamRequest.id.desc())
        .limit(10)
    ).all()
