"""Two emergencies of the demo city that are over: a wave of flu, and a flood exercise before it. None is open, so that
no banner stands over everything that a visitor looks at first."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select

from qtxvol.base import CITY_TIME
from qtxvol.demo.parties import HOME, City, CityTeam
from qtxvol.directory.queries import MenuEntry, get_menu_item
from qtxvol.emergencies.events import Plan, close_emergency, open_emergency
from qtxvol.emergencies.experts import name_expert
from qtxvol.emergencies.facts import Statement, add_fact, correct_fact, withdraw_fact
from qtxvol.emergencies.push import Push, push_services
from qtxvol.emergencies.queries import get_emergency
from qtxvol.emergencies.review import write_lessons
from qtxvol.extensions import db
from qtxvol.orders.claim import claim_order
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.models import Order
from qtxvol.orders.place import Wish, place_order
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order
from qtxvol.orders.windows import Window
from qtxvol.storage import transaction

#: So many orders come of both.
EMERGENCY_ORDERS = 6

_WHOLE_CITY = "640381000000"
_FLU, _FLOOD = "S54", "S60"
#: Communities and villages that got a service unasked.
_FLU_PLACES = (HOME, "640381001004", "640381100200")
_FLOOD_PLACES = ("640381100200", "640381100201")
_HOUR = timedelta(hours=1)


def make_emergencies(city: City, now: datetime) -> None:
    """Both, through the real services. Services are at noon, when nobody in the demo city serves otherwise."""
    with transaction():
        _make_drill(city, _morning(now, days=46))
        _make_flu(city, _morning(now, days=24))


def _morning(now: datetime, *, days: int) -> datetime:
    day = now.astimezone(CITY_TIME).date() - timedelta(days=days)
    return datetime.combine(day, time(8, 40), CITY_TIME).astimezone(UTC)


def _make_flu(city: City, start: datetime) -> None:
    plan = Plan(
        kind="public_health",
        title="入冬流感高发应对",
        advice="发热先戴口罩，到发热门诊看病。\n不带病上学、上班，咳嗽打喷嚏捂住口鼻。\n老人和有慢性病的人，可以到社区卫生服务站打流感疫苗。",
        hotline="12320",
        areas=(_WHOLE_CITY,),
        themes=(),
        items=(_FLU,),
        starts_at=start - 12 * _HOUR,
        planned_end_at=start + timedelta(days=21),
    )
    event, _repeat = open_emergency(
        plan,
        city.office,
        is_drill=False,
        reason="市疾控周报：流感样病例连续两周上升",
        key="demo-emergency-flu-2026",
        now=start,
    )
    item = get_menu_item(_FLU)
    team = _find_team(city, item)
    name_expert(event, f"team:{team.id}", city.office, role="流感防治宣讲", now=start + _HOUR)
    _tell_facts(city, event, start)
    orders = _push(city, event, item, _FLU_PLACES, start + 3 * _HOUR)
    orders.append(_ask(city, item, start + 5 * _HOUR))
    for i, number in enumerate([*orders[:2], orders[-1]]):
        _serve(city, team, item, number, start + timedelta(days=1 + i), is_rated=i % 2 == 0)
    _cancel(city, orders[2], start + timedelta(days=6))
    _mend_facts(city, event, start)
    end = start + timedelta(days=13, hours=2)
    close_emergency(event, city.office, reason="市疾控周报：流感样病例回到常年水平", now=end)
    lessons = (
        "做得好的：当天就把宣讲送到了社区，事实有来源、有核实单位，居民转发的是公开页。\n"
        "没做好的：有一张单一直没有队伍接，社区只好撤单，队伍名单要平时就备好。\n"
        "以后：每季度更新一次专家名单，社区备好能用的场地。"
    )
    write_lessons(event, lessons, city.office, now=end + timedelta(days=2))


def _tell_facts(city: City, event: int, start: datetime) -> None:
    for hours, text in (
        (1, "全市 4 家医院的发热门诊都正常开诊。"),
        (2, "网上说的“本市学校全部停课”不是真的，学校照常上课。"),
        (2, "流感疫苗现在打也有用，两周左右起保护作用。"),
    ):
        at = start + hours * _HOUR
        said = Statement(text, "市卫生健康局通报（演示）", "市卫生健康局", at - _HOUR)
        add_fact(event, said, city.office, now=at)


def _mend_facts(city: City, event: int, start: datetime) -> None:
    facts = {fact.text[:4]: fact for fact in get_emergency(event).facts}
    later = start + timedelta(days=3)
    better = Statement("全市 5 家医院的发热门诊都正常开诊。", "市卫生健康局通报（演示）", "市卫生健康局", later)
    correct_fact(event, facts["全市 4"].id, better, city.office, now=later)
    withdraw_fact(event, facts["网上说的"].id, city.office, why="谣言已经平息", now=later + timedelta(days=4))


def _make_drill(city: City, start: datetime) -> None:
    plan = Plan(
        kind="natural_disaster",
        title="小坝镇防汛演练",
        advice="这是演练。听到锣声，按社区画的路线走到集合点。\n关好电和煤气，不回家拿东西。",
        hotline="",
        areas=("640381100000",),
        themes=("emergency",),
        items=(_FLU,),  # hygiene after a flood
        starts_at=start,
        planned_end_at=start + timedelta(days=4),
    )
    event, _repeat = open_emergency(
        plan, city.office, is_drill=True, reason="年度应急演练计划", key="demo-emergency-drill-2026", now=start
    )
    item = get_menu_item(_FLOOD)
    team = _find_team(city, item)
    name_expert(event, f"team:{team.id}", city.office, role="带队演练", now=start + _HOUR)
    said = Statement("演练用：黄河上游来水增大，水位比昨天高半米。", "演练脚本", "市应急管理局", start + _HOUR)
    add_fact(event, said, city.office, now=start + _HOUR)
    orders = _push(city, event, item, _FLOOD_PLACES, start + 2 * _HOUR)
    _serve(city, team, item, orders[0], start + timedelta(days=1), is_rated=False)
    end = start + timedelta(days=3, hours=1)
    close_emergency(event, city.office, reason="演练科目完成", now=end)
    write_lessons(event, "集合点的指示牌太小，老人看不清；广播要加方言。", city.office, now=end + _HOUR)


def _find_team(city: City, item: MenuEntry) -> CityTeam:
    """A team of the item's department that can do it."""
    return next(
        team
        for team in city.teams
        if team.department_id == item.department_id
        and item.theme in team.themes
        and len(_able(team, item)) >= item.min_volunteers
    )


def _able(team: CityTeam, item: MenuEntry) -> list[int]:
    return [member.id for member in team.members if member.skills.intersection(item.needed_skills)]


def _push(city: City, event: int, item: MenuEntry, places: Sequence[str], at: datetime) -> list[str]:
    push = Push(
        menu_item_id=item.id,
        audience=item.audiences[0],
        places=places,
        headcount=40,
        windows=(_noon(at + timedelta(days=1)), _noon(at + timedelta(days=5))),
        venue="由社区安排",
        contact_name="值班联系人",
        contact_phone="19900008888",
        consent_version="demo",
    )
    liaison = city.liaisons[item.department_id]
    return [each.number for each in push_services(event, push, liaison, key=f"demo-push-{event:06d}-{item.id}", now=at)]


def _ask(city: City, item: MenuEntry, at: datetime) -> str:
    """A resident orders by phone; dispatched and claimed within the hour."""
    clerk = city.clerk_of(HOME)
    wish = Wish(
        audience=item.audiences[0],
        headcount=25,
        division_code=HOME,
        venue="社区活动室",
        windows=(_noon(at + timedelta(days=4)), _noon(at + timedelta(days=6))),
        contact_name="演示联系人",
        contact_phone="19900009998",
        consent_version="demo",
        menu_item_id=item.id,
    )
    number = place_order(wish, clerk, key=f"demo-flu-{at:%Y%m%d%H}", now=at).number
    dispatch_order(number, clerk, department_id=item.department_id, now=at + timedelta(minutes=18))
    claim_order(number, city.liaisons[item.department_id], now=at + timedelta(minutes=41))
    return number


def _serve(city: City, team: CityTeam, item: MenuEntry, number: str, day: datetime, *, is_rated: bool) -> None:
    """Accepted in the evening before, held at noon, written up an hour later."""
    crew = _able(team, item)[: max(item.min_volunteers, 2)]
    agreed = _noon(day)
    accept_order(number, team.actor, agreed=agreed, volunteer_ids=crew, now=agreed.starts_at - 16 * _HOUR)
    done = agreed.ends_at + _HOUR
    close_order(
        number,
        team.actor,
        actual=agreed,
        attendance=36,
        report="讲了要点，发了明白纸，答了居民的问题。",
        minutes=dict.fromkeys(crew, 50),
        now=done,
    )
    if is_rated:
        place = db.session.scalars(select(Order.division_code).where(Order.number == number)).one()
        clerk = city.clerk_of(place)
        verdict = Verdict(stars=5, did_take_place=True, would_order_again=True)
        rate_order(number, clerk, verdict=verdict, now=done + 4 * _HOUR)


def _cancel(city: City, number: str, at: datetime) -> None:
    """Its community takes back what no team came for."""
    place = db.session.scalars(select(Order.division_code).where(Order.number == number)).one()
    text = "一直没有队伍能来，村里自己发了明白纸。"
    cancel_order(number, city.clerk_of(place), reason="solved_otherwise", text=text, now=at)


def _noon(day: datetime) -> Window:
    at = datetime.combine(day.astimezone(CITY_TIME).date(), time(12, 20), CITY_TIME).astimezone(UTC)
    return Window(at, at + timedelta(minutes=50))
