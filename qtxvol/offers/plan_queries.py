"""Reads of plans, for the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import Department
from qtxvol.extensions import db
from qtxvol.offers.models import MatchPlan, PlanLine
from qtxvol.offers.plan_scope import is_in_scope, scope_of
from qtxvol.orders.models import Order
from qtxvol.orders.queries import select_rows
from qtxvol.paging import Page, select_page
from qtxvol.volunteers.models import Team, Volunteer

#: What a plan's page shows apart, the first first.
SHOWN = ("proposed", "unserved", "confirmed", "refused", "skipped")
#: Lines on one page: as many as somebody can look at before confirming them.
LINES_A_PAGE = 50
#: Plans that the list remembers.
MOST_PLANS = 20


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan with who asked for it and how many lines stand where.

    :ivar days_old: before how many days it was asked for. :ivar counts: by state of the line.
    """

    plan: MatchPlan
    asked_by: str
    counts: Mapping[str, int]
    days_old: int

    @property
    def is_old(self) -> bool:
        return self.days_old > 0

    def count(self, status: str) -> int:
        return self.counts.get(status, 0)

    @property
    def percent(self) -> int:
        """How far the solving is."""
        return 100 * self.plan.done // self.plan.orders if self.plan.orders else 0

    @property
    def is_running(self) -> bool:
        return self.plan.status in ("waiting", "solving")


def list_plans(actor: Actor, now: datetime) -> list[PlanView]:
    """The latest plans of the actor's department, or of the whole city; two statements.

    :raise Refused: `wrong_party` (403).
    """
    rows = db.session.execute(
        select(MatchPlan, Account.display_name)
        .join(Account, Account.id == MatchPlan.asked_by_account_id)
        .where(is_in_scope(scope_of(actor)))
        .order_by(MatchPlan.id.desc())
        .limit(MOST_PLANS)
    ).all()
    counts = _count_lines([plan.id for plan, _name in rows])
    return [_view(plan, name, counts.get(plan.id, {}), now) for plan, name in rows]


def view_plan(plan: MatchPlan, now: datetime) -> PlanView:
    """One plan, which the actor may see (`plans.get_plan`); two statements."""
    name = db.session.scalar(select(Account.display_name).where(Account.id == plan.asked_by_account_id)) or ""
    return _view(plan, name, _count_lines([plan.id]).get(plan.id, {}), now)


def find_newer(plan: MatchPlan) -> MatchPlan | None:
    """The latest plan of the same orders that is ready, if it was asked for later; one statement."""
    newer = select(MatchPlan).where(
        is_in_scope(plan.department_id), MatchPlan.id > plan.id, MatchPlan.status == "ready", MatchPlan.orders > 0
    )
    return db.session.scalars(newer.order_by(MatchPlan.id.desc()).limit(1)).first()


def list_lines(plan_id: int, status: str, page: int) -> Page[AnyRow]:
    """Lines in one state, as rows of a list of orders with `PlanLine` and the planned team; two statements."""
    planned = aliased(Team)
    statement = (
        select_rows()
        .add_columns(
            PlanLine,
            planned.name.label("planned_name"),
            planned.name_en.label("planned_name_en"),
            planned.department_id.label("planned_department_id"),
        )
        .join(PlanLine, PlanLine.order_id == Order.id)
        .outerjoin(planned, planned.id == PlanLine.team_id)
        .where(PlanLine.plan_id == plan_id, PlanLine.status == status)
        .order_by(PlanLine.starts_at, PlanLine.team_id, Order.placed_at, PlanLine.id)
    )
    return select_page(statement, page, size=LINES_A_PAGE)


def name_people(ids: Sequence[int]) -> dict[int, tuple[str, int | None]]:
    """Names and teams of volunteers by id, for readers that may see them (`permissions.may_see_names`)."""
    found = select(Volunteer.id, Volunteer.name, Volunteer.team_id).where(Volunteer.id.in_(set(ids)))
    return {row.id: (row.name, row.team_id) for row in db.session.execute(found)}


def name_departments() -> dict[str, tuple[str, str]]:
    """Chinese and English names by id."""
    return {
        row.id: (row.name, row.name_en)
        for row in db.session.execute(select(Department.id, Department.name, Department.name_en))
    }


def _count_lines(plan_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    counts: dict[int, dict[str, int]] = {}
    grouped = select(PlanLine.plan_id, PlanLine.status, func.count()).where(PlanLine.plan_id.in_(plan_ids))
    for plan_id, status, count in db.session.execute(grouped.group_by(PlanLine.plan_id, PlanLine.status)):
        counts.setdefault(plan_id, {})[status] = count
    return counts


def _view(plan: MatchPlan, name: str, counts: Mapping[str, int], now: datetime) -> PlanView:
    age = now.astimezone(CITY_TIME).date() - plan.asked_at.astimezone(CITY_TIME).date()
    return PlanView(plan, name, counts, max(0, age.days))
