"""What tests fill in."""

from datetime import datetime, timedelta
from typing import Any

from qtxvol.accounts.actor import Actor
from qtxvol.emergencies.events import Plan, open_emergency
from qtxvol.emergencies.facts import Statement
from qtxvol.emergencies.push import Push
from tests.factories import COMMUNITY, ITEM, NOW, OTHER_COMMUNITY, City, new_key, window

WHOLE_CITY = "640381000000"


def plan_of(now: datetime = NOW, **values: Any) -> Plan:
    """A complete plan: an outbreak in the whole city; `values` replace single fields."""
    given: dict[str, Any] = {
        "kind": "public_health",
        "title": "流感高发应对",
        "advice": "发热先戴口罩，到发热门诊看病，不要带病上学上班。",
        "hotline": "12320",
        "areas": (WHOLE_CITY,),
        "themes": ("health",),
        "items": (),
        "starts_at": now - timedelta(hours=3),
        "planned_end_at": now + timedelta(days=14),
        **values,
    }
    return Plan(**given)


def opened(
    city: City, now: datetime = NOW, *, is_drill: bool = False, actor: Actor | None = None, **values: Any
) -> int:
    """An open emergency; its id."""
    found, _repeat = open_emergency(
        plan_of(now, **values),
        actor or city.office,
        is_drill=is_drill,
        reason="市应急指挥部决定启动",
        key=new_key(),
        now=now,
    )
    return found


def statement_of(now: datetime = NOW, **values: Any) -> Statement:
    given: dict[str, Any] = {
        "text": "全市发热门诊都正常开诊，不用去外地看病。",
        "source": "市卫生健康局通报",
        "checked_by": "市卫生健康局",
        "checked_at": now - timedelta(minutes=20),
        **values,
    }
    return Statement(**given)


def push_of(now: datetime = NOW, **values: Any) -> Push:
    given: dict[str, Any] = {
        "menu_item_id": ITEM,
        "audience": "residents",
        "places": (COMMUNITY, OTHER_COMMUNITY),
        "headcount": 40,
        "windows": (window(1, now=now),),
        "venue": "由社区安排",
        "contact_name": "卫健局值班",
        "contact_phone": "19900007777",
        "consent_version": "2026-11",
        **values,
    }
    return Push(**given)
