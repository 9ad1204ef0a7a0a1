"""The record of one person's service (志愿服务记录): every line of the ledger, with who vouches for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.base import AnyRow
from qtxvol.directory.models import Division, MenuItem
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.hours.queries import Served, of_person
from qtxvol.orders.models import Order
from qtxvol.recognition.certificates import get_reachable_volunteer
from qtxvol.recognition.ledger import get_served
from qtxvol.volunteers.models import Team, Volunteer


@dataclass(frozen=True, slots=True)
class Record:
    """A person with every line about them, the oldest first.

    :ivar lines: rows of (id, served_on, minutes, source, corrects_id, number, wish, item_name, item_name_en, town,
        town_en, vouched_name, confirmed_by).
    """

    person: Volunteer
    team_name: str
    lines: Sequence[AnyRow]
    served: Served

    @property
    def days(self) -> tuple[date, date] | None:
        """The first and the last day."""
        return (self.lines[0].served_on, self.lines[-1].served_on) if self.lines else None


def get_record(actor: Actor, volunteer_id: int) -> Record:
    """The record of somebody within the actor's reach, merged rows included; four statements.

    :raise NotFound: nobody, or not the actor's.
    :raise Refused: `wrong_party` (403).
    """
    person = get_reachable_volunteer(actor, volunteer_id)
    person_id = person.merged_into_id or person.id
    second = aliased(Account)
    lines = db.session.execute(
        select(
            HoursEntry.id,
            HoursEntry.served_on,
            HoursEntry.minutes,
            HoursEntry.source,
            HoursEntry.corrects_id,
            Order.number,
            Order.wish,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            Division.display_name.label("town"),
            Division.name_en.label("town_en"),
            HoursEntry.vouched_name,
            second.display_name.label("confirmed_by"),
        )
        .join(Order, Order.id == HoursEntry.order_id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .outerjoin(Division, Division.code == func.substr(Order.division_code, 1, 9).concat("000"))
        .outerjoin(second, second.id == HoursEntry.confirmed_by_account_id)
        .where(of_person(person_id))
        .order_by(HoursEntry.served_on, HoursEntry.id)
    ).all()
    team = db.session.scalar(select(Team.name).where(Team.id == person.team_id)) or ""
    return Record(person, team, lines, get_served(person_id))
