"""Model cases: which closed orders could be told about, writing one, taking one back. The office's work.

A case rests on evidence that anybody may check: it took place, people came, hours stand in the ledger, and the one who
asked said that it was good. If any of that falls away later, the case is kept and no longer printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.directory.models import Department, Division, MenuItem
from qtxvol.extensions import db
from qtxvol.hours.queries import counted_hours
from qtxvol.orders.lifecycle import Action, Label, Status
from qtxvol.orders.models import Crew, Order, OrderEvent, OrderNote, Rating
from qtxvol.orders.numbers import spoken
from qtxvol.paging import Page, select_page
from qtxvol.progress.city_day import city_day
from qtxvol.refusals import NotFound, Refused
from qtxvol.reports.measures import Scope, moments_in
from qtxvol.reports.models import ModelCase
from qtxvol.reports.plain_words import find_personal_data
from qtxvol.reports.sheets import Paper, Story
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer

#: Ratings from here on are good.
GOOD = 4
LONGEST_TITLE = 60
LONGEST_STORY = 1200


@dataclass(frozen=True, slots=True)
class CaseView:
    """An order with its evidence, and the case that was written about it, if any.

    :ivar report: what the team wrote at closing: raw material that may name people; never printed.
    """

    row: Any
    report: str
    case: ModelCase | None


def _evidence(*extra: Any) -> Select[*tuple[Any, ...]]:
    """Closed orders with what speaks for them; `is_good` says whether all of it does: a disputed service has no hours
    that count, and is none."""
    counted = counted_hours().subquery("counted")
    served = (
        select(counted.c.order_id, func.sum(counted.c.minutes).label("minutes"))
        .group_by(counted.c.order_id)
        .subquery("served")
    )
    minutes = func.coalesce(served.c.minutes, 0)
    own = and_(Rating.asker_order_id == Order.id, Rating.closure == Order.closures_count)
    took_place = and_(Order.counts(), Order.status == Status.CLOSED, Rating.did_take_place)
    is_good = and_(took_place, Rating.stars >= GOOD, Order.attendance > 0)
    return (
        select(
            Order.id.label("order_id"),
            Order.number,
            Order.attendance,
            city_day(Order.closed_at).label("closed_on"),
            MenuItem.name.label("item"),
            MenuItem.name_en.label("item_en"),
            Division.display_name.label("place"),
            Division.name_en.label("place_en"),
            Department.name.label("unit"),
            Department.name_en.label("unit_en"),
            Team.name.label("team"),
            Team.name_en.label("team_en"),
            Rating.stars,
            Rating.is_call_back,
            minutes.label("minutes"),
            and_(is_good, minutes > 0).label("is_good"),
            *extra,
        )
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .outerjoin(Division, Division.code == Order.division_code)
        .outerjoin(Department, Department.id == Order.department_id)
        .outerjoin(Team, Team.id == Order.team_id)
        .outerjoin(Rating, own)
        .outerjoin(served, served.c.order_id == Order.id)
    )


def _is_good(evidence: Select[*tuple[Any, ...]]) -> Any:
    return evidence.selected_columns.is_good


def list_candidates(year: int, page: int) -> Page[Any]:
    """Orders closed in the year that could be told about and have not been, the best first."""
    told = select(ModelCase.order_id).where(ModelCase.withdrawn_at.is_(None))
    evidence = _evidence()
    return select_page(
        evidence.where(
            _is_good(evidence), Order.id.not_in(told), *moments_in(Order.closed_at, Scope.of_year(year))
        ).order_by(Rating.stars.desc(), Order.attendance.desc(), Order.id.desc()),
        page,
    )


def list_cases(year: int) -> list[tuple[ModelCase, Any]]:
    """Cases of orders that were closed in the year, with their evidence as it is now; those taken back are left out."""
    days = moments_in(Order.closed_at, Scope.of_year(year))
    # an order that was opened again has no closing day: it stays with its case so that somebody sees it
    rows = db.session.execute(
        _evidence(ModelCase)
        .join(ModelCase, ModelCase.order_id == Order.id)
        .where(ModelCase.withdrawn_at.is_(None), or_(and_(*days), Order.closed_at.is_(None)))
        .order_by(Order.closed_at, ModelCase.id)
    ).all()
    return [(row.ModelCase, row) for row in rows]


def get_case(actor: Actor, order_id: int) -> CaseView:
    """An order with its evidence, the team's report and the case. :raise NotFound: no such order. Office only."""
    check_office(actor)
    row = db.session.execute(_evidence().where(Order.id == order_id)).one_or_none()
    if row is None:
        raise NotFound(str(order_id))
    case = db.session.scalar(select(ModelCase).where(ModelCase.order_id == order_id))
    return CaseView(row, _report(order_id), case if case and case.withdrawn_at is None else None)


def write_case(actor: Actor, order_id: int, *, title: str, story: str, version: int | None, now: datetime) -> None:
    """Write the case of an order, or change its words.

    :param version: of the case that the writer saw; None when there was none.
    :raise NotFound: no such order.
    :raise Refused: `wrong_party` (403); `missing`, `too_long`, `personal_data` with `field` (422); `no_evidence`,
        `changed_meanwhile` (409).
    """
    check_office(actor)
    with transaction():
        order = db.session.scalar(select(Order).where(Order.id == order_id).with_for_update())
        if order is None:
            raise NotFound(str(order_id))
        evidence = db.session.execute(_evidence().where(Order.id == order_id)).one()
        if not evidence.is_good:
            raise Refused(
                "no_evidence",
                409,
                message="这张单现在没有足够的依据：要已办结、有人到场、台账有时长，点单人评了四星以上。",
                message_en="This order lacks evidence now: closed, attended, hours in the ledger, four stars or more.",
            )
        _check_words(order, title, story)
        case = db.session.scalar(select(ModelCase).where(ModelCase.order_id == order_id))
        if (case.version if case and case.withdrawn_at is None else None) != version:
            raise Refused(
                "changed_meanwhile",
                409,
                message="这个案例刚被别人改过。请看过现在的内容再改。",
                message_en="Somebody has changed this case meanwhile. Look at it again before you change it.",
            )
        if case is None:
            case = ModelCase(order_id=order_id, version=0)
            db.session.add(case)
        case.title, case.story, case.version = title.strip(), story.strip(), case.version + 1
        case.written_at, case.written_by_account_id, case.withdrawn_at = now, actor.account_id or 0, None


def withdraw_case(actor: Actor, order_id: int, now: datetime) -> bool:
    """Take a case back; False when there was none. :raise Refused: `wrong_party` (403)."""
    check_office(actor)
    with transaction():
        case = db.session.scalar(select(ModelCase).where(ModelCase.order_id == order_id).with_for_update())
        if case is None or case.withdrawn_at is not None:
            return False
        case.withdrawn_at = now
        return True


def cases_paper(year: int, now: datetime) -> Paper:
    """The model cases of a year whose evidence still stands: one statement."""
    stories = [
        Story(Label(case.title, case.title), facts_of(row), case.story) for case, row in list_cases(year) if row.is_good
    ]
    return Paper(
        f"cases-{year}",
        Label(f"{year} 年典型案例", f"Model cases of {year}"),
        Label(f"共 {len(stories)} 个", f"{len(stories)} in all"),
        now,
        stories=stories,
        notes=(
            Label(
                "每个案例都来自一张已办结的单：有人到场，时长台账有记录，点单人评了四星以上。依据变了的案例不再列出。",
                "Each case is a closed order: people came, hours stand in the ledger, its asker gave four stars or "
                "more. Cases whose evidence has changed are left out.",
            ),
        ),
    )


def facts_of(row: Any, *, with_number: bool = True) -> list[Label]:
    """The evidence in words. Pages for anybody leave the order's number out."""
    number = (f"，单号 {spoken(row.number)}", f", order {spoken(row.number)}") if with_number else ("", "")
    item = Label(row.item, row.item_en or row.item) if row.item else Label("自由填写的需求", "A wish in free text")
    day: date | None = row.closed_on
    hours = f"{row.minutes / 60:.1f}"
    place_en, unit_en, team_en = (
        getattr(row, f"{name}_en") or getattr(row, name) or "" for name in ("place", "unit", "team")
    )
    said = Label("电话回访", "on the phone") if row.is_call_back else Label("本人评价", "in person")
    return [
        Label(f"{item.zh}，{row.place or ''}，{day} 办结", f"{item.en}, {place_en}, closed {day}"),
        Label(f"{row.unit or ''}，{row.team or ''}", f"{unit_en}, {team_en}"),
        Label(
            f"到场 {row.attendance} 人次，志愿服务 {hours} 小时，{row.stars} 星（{said.zh}）{number[0]}",
            f"{row.attendance} person-times reached, {hours} hours of service, {row.stars} stars ({said.en})"
            f"{number[1]}",
        ),
    ]


def _report(order_id: int) -> str:
    return (
        db.session.scalar(
            select(OrderNote.text)
            .join(OrderEvent, OrderEvent.id == OrderNote.event_id)
            .where(OrderEvent.order_id == order_id, OrderEvent.action == Action.CLOSE)
            .order_by(OrderEvent.sequence.desc())
            .limit(1)
        )
        or ""
    )


def _check_words(order: Order, title: str, story: str) -> None:
    """Both are there, not too long, and name neither the one who asked nor the volunteers."""
    for field, text, longest in (("title", title, LONGEST_TITLE), ("story", story, LONGEST_STORY)):
        if not text.strip():
            raise Refused("missing", 422, field=field)
        if len(text.strip()) > longest:
            raise Refused("too_long", 422, field=field, most=longest)
    names = _names_in(order)
    for field, text in (("title", title), ("story", story)):
        if found := find_personal_data(text, names):
            what = {"number": ("一串号码", "a number"), "address": ("邮箱地址", "an e-mail address")}.get(
                found, (f"“{found}”这个名字", f'the name "{found}"')
            )
            raise Refused(
                "personal_data",
                422,
                field=field,
                message=f"案例要公开，请不要写个人信息：这里有{what[0]}。",
                message_en=f"Cases are public, please leave personal data out: there is {what[1]} in it.",
            )


def _names_in(order: Order) -> Sequence[str]:
    crew = db.session.scalars(
        select(Volunteer.name).join(Crew, Crew.volunteer_id == Volunteer.id).where(Crew.order_id == order.id)
    ).all()
    asker = db.session.scalar(select(Order.contact_name).where(Order.id == order.id))
    return [*([asker] if asker else []), *crew]
