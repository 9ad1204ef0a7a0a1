"""Emergencies in the browser: opening, facts, the banner, pushing, marking, closing; and what is typed wrongly."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from qtxvol.emergencies.events import close_emergency
from qtxvol.emergencies.experts import name_expert
from qtxvol.emergencies.facts import add_fact
from qtxvol.emergencies.models import Emergency
from qtxvol.emergencies.queries import get_emergency
from qtxvol.extensions import db
from tests.conftest import csrf_of
from tests.emergencies.plans import WHOLE_CITY, opened, statement_of
from tests.factories import COMMUNITY, ITEM, NOW, OTHER_COMMUNITY, TOWN, placed
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

FORM: dict[str, Any] = {
    "is_drill": "no",
    "kind": "public_health",
    "title": "流感高发应对",
    "areas": [TOWN],
    "themes": ["health"],
    "advice": "发热先戴口罩。\n不带病上学。",
    "hotline": "12320",
    "starts_at": "2026-11-24T08:00",
    "planned_end_at": "2026-12-08T18:00",
    "reason": "市应急指挥部第 3 号通知",
    "key": "open-the-emergency-1",
}


def send(site: Site, actor: Any, url: str, page: str, **fields: Any):
    """A POST with the token of `page`."""
    browser = site.browser(actor)
    return browser.post(url, data={"csrf_token": csrf_of(browser, page), **fields})


def only_id(site: Site) -> int:
    with site.app.app_context():
        return db.session.scalars(select(Emergency.id)).one()


def text_of(site: Site, url: str, actor: Any = None) -> str:
    return site.browser(actor).get(url).get_data(as_text=True)


def test_the_office_opens_tells_and_closes(site: Site) -> None:
    new = "/office/emergencies/new"
    answer = send(site, site.city.office, new, new, **FORM)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    again = send(site, site.city.office, new, new, **FORM)
    assert again.headers["Location"] == answer.headers["Location"], "the same form is one emergency"
    found = only_id(site)
    page = f"/office/emergencies/{found}"
    fact = {"text": "发热门诊都开着。", "source": "通报", "checked_by": "卫健局", "checked_at": "2026-11-24T09:00"}
    assert send(site, site.city.office, f"{page}/facts", page, **fact).status_code == 303
    for url in ("/", "/order", "/track", "/menu"):
        text = text_of(site, url)
        assert "发热门诊都开着。" in text, url
        assert "流感高发应对" in text, url
    assert "流感高发应对" in text_of(site, "/community/", site.city.community)
    public = text_of(site, f"/emergencies/{found}")
    for words in ("发热先戴口罩。", "12320", "通报", "卫健局", "裕民街道"):
        assert words in public
    assert "演练" not in public
    close = f"{page}/close"
    assert send(site, site.city.office, close, close, reason="").status_code == 422
    done = send(site, site.city.office, close, close, reason="病例回落")
    assert done.headers["Location"].endswith(f"{page}/review")
    assert "流感高发应对" not in text_of(site, "/")
    assert "已结束" in text_of(site, f"/emergencies/{found}")
    assert site.findings() == []


def test_an_emergency_without_area_is_refused_and_nothing_typed_is_lost(site_sqlite: Site) -> None:
    site, new = site_sqlite, "/office/emergencies/new"
    fields = {name: value for name, value in FORM.items() if name != "areas"}
    answer = send(site, site.city.office, new, new, **fields)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "请选范围：全市都算的选“全市”，否则选镇、社区或村。" in text
    assert "市应急指挥部第 3 号通知" in text
    assert 'value="open-the-emergency-1"' in text
    assert site.rows()["emergencies"] == 0


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("is_drill", "", "请选真实事件还是演练"),
        ("is_drill", "maybe", "请选真实事件还是演练"),
        ("kind", "war", "请从列表里选一项。"),
        ("areas", ["12"], "请从列表里选。"),
        ("themes", [], "请至少选一个相关主题"),
        ("title", "", "请写一个标题"),
        ("title", "长" * 61, "最多 60 个字"),
        ("starts_at", "tomorrow", "请填日期和时间"),
        ("starts_at", "2026-11-25T08:00", "开始时间不能晚于现在"),
        ("planned_end_at", "2026-11-24T07:00", "计划结束时间要晚于开始时间"),
        ("reason", "电话 13912345678 通知", "这里不要写电话和证件号码"),
        ("reason", "", "请写明依据"),
    ],
)
def test_each_bad_field_gets_its_sentence(site_sqlite: Site, field: str, value: Any, sentence: str) -> None:
    new = "/office/emergencies/new"
    answer = send(site_sqlite, site_sqlite.city.office, new, new, **{**FORM, field: value})
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)
    assert site_sqlite.rows()["emergencies"] == 0


def test_a_drill_says_so_everywhere(site_sqlite: Site) -> None:
    site = site_sqlite
    with site.app.app_context():
        drill = opened(site.city, is_drill=True, title="防汛")
    assert "这是演练，不是真的。" in text_of(site, "/")
    assert "这是应急演练，不是真的。" in text_of(site, f"/emergencies/{drill}")
    with site.app.app_context():
        order = placed(site.city, actor=site.city.community, emergency_id=drill)
    for actor, url in ((site.city.community, f"/community/orders/{order.number}"), (None, site.link(order.number))):
        assert "演练单" in text_of(site, url, actor)
    assert ">演练<" in text_of(site, "/community/", site.city.community)


def test_pages_that_a_phone_keeps_have_no_banner(site_sqlite: Site) -> None:
    site = site_sqlite
    with site.app.app_context():
        opened(site.city)
    assert "alarm__head" in text_of(site, "/team/", site.city.team)
    for url, actor in (("/offline", None), ("/offline/order", None), ("/team/day", site.city.team)):
        assert "alarm__head" not in text_of(site, url, actor), url


def test_the_banner_costs_one_statement_while_nothing_is_open(site_sqlite: Site) -> None:
    from tests.web.test_statements import counted

    site = site_sqlite
    browser = site.browser()
    browser.get("/about")
    with counted(site.app) as quiet:
        browser.get("/about")
    assert sum("emergencies" in statement for statement in quiet) == 1
    with site.app.app_context():
        for title in ("一", "二", "三"):
            opened(site.city, title=title)
    with counted(site.app) as busy:
        browser.get("/about")
    assert len(busy) == len(quiet) + 1


def push_fields(**values: Any) -> dict[str, Any]:
    return {
        "audience": "residents",
        "places": [COMMUNITY, OTHER_COMMUNITY],
        "headcount": "40",
        "windows": ["2026-11-26:morning"],
        "venue": "由社区安排",
        "contact_name": "卫健局值班",
        "contact_phone": "199 0000 7777",
        "consent": "y",
        "key": "push-from-the-page-1",
        **values,
    }


def test_a_department_pushes_once_however_often_it_taps(site: Site) -> None:
    with site.app.app_context():
        event = opened(site.city)
    url = "/department/push"
    fields = push_fields(item=f"{event}:{ITEM}")
    assert send(site, site.city.department, url, url, **fields).status_code == 303
    assert send(site, site.city.department, url, url, **fields).status_code == 303
    assert site.rows()["orders"] == 2
    text = text_of(site, "/department/?tab=claimed", site.city.department)
    assert text.count('title="部门送单"') == 2
    assert 'title="部门送单"' in text_of(site, "/community/?tab=moving", site.city.community)
    assert site.findings() == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"item": ""}, "请选送什么服务。"),
        ({"item": "999:S05"}, "请选"),
        ({"places": []}, "请至少选一个社区或村。"),
        ({"places": ["640381999999"]}, "请从列表里选。"),
        ({"windows": []}, "请至少选一个方便的时间。"),
        ({"headcount": "0"}, "请填 1 到 5000 之间的整数。"),
        ({"contact_phone": "12"}, "电话号码不对。"),
        ({"consent": ""}, "请确认填的是本单位的联系人"),
    ],
)
def test_a_bad_push_says_what_to_do_and_sends_nothing(site_sqlite: Site, values: dict, sentence: str) -> None:
    site, url = site_sqlite, "/department/push"
    with site.app.app_context():
        event = opened(site.city)
    fields = {**push_fields(item=f"{event}:{ITEM}"), **values}
    answer = send(site, site.city.department, url, url, **{k: v for k, v in fields.items() if v != ""})
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert sentence in text
    assert "卫健局值班" in text
    assert site.rows()["orders"] == 0


def test_a_department_without_a_part_in_it_reads_that(site_sqlite: Site) -> None:
    site = site_sqlite
    assert "现在没有和本部门有关的应急。" in text_of(site, "/department/push", site.city.department)


def test_a_clerk_marks_an_order_from_its_page(site_sqlite: Site) -> None:
    site = site_sqlite
    with site.app.app_context():
        event = opened(site.city)
        number = placed(site.city, menu_item_id=None, wish="感冒怎么防").number
    page = f"/community/orders/{number}"
    assert "归入本次应急" in text_of(site, page, site.city.community)
    assert send(site, site.city.community, f"{page}/emergency", page, emergency_id=event).status_code == 303
    assert site.order(number).emergency_id == event
    assert "已归入本次应急" in text_of(site, page, site.city.community)
    assert "归入本次应急" not in text_of(site, page, site.city.community)
    assert send(site, site.city.community, f"{page}/emergency", page, emergency_id="x").status_code == 303


def test_the_on_behalf_form_takes_a_drill(site_sqlite: Site) -> None:
    site, url = site_sqlite, "/community/order"
    with site.app.app_context():
        drill = opened(site.city, is_drill=True, title="防汛")
    assert "【演练】防汛" in text_of(site, url, site.city.community)
    fields = {
        **push_fields(key="behalf-of-somebody-1"),
        "item": ITEM,
        "audience": "elderly",
        "division_code": COMMUNITY,
        "requester_kind": "resident",
        "urgency": "normal",
        "emergency_id": str(drill),
        "go": "send",
    }
    fields.pop("places")
    answer = send(site, site.city.community, url, url, **fields)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    with site.app.app_context():
        close_emergency(drill, site.city.office, reason="完成", now=NOW + timedelta(minutes=1))
    late = send(
        site,
        site.city.community,
        url,
        url,
        **{**fields, "key": "behalf-of-somebody-2", "windows": ["2026-11-27:morning"]},
    )
    assert late.status_code in (409, 422)


def test_facts_are_corrected_and_withdrawn_on_their_page(site_sqlite: Site) -> None:
    site = site_sqlite
    with site.app.app_context():
        event = opened(site.city)
        add_fact(event, statement_of(), site.city.office, now=NOW)
        fact = get_emergency(event).facts[0].id
    page = f"/office/emergencies/{event}/facts/{fact}"
    assert statement_of().text in text_of(site, page, site.city.office)
    bad = send(site, site.city.office, page, page, text="", source="x", checked_by="y", checked_at="2026-11-24T09:00")
    assert bad.status_code == 422
    late = send(
        site, site.city.office, page, page, text="新", source="x", checked_by="y", checked_at="2026-11-25T09:00"
    )
    assert "核实的时间不能晚于现在。" in late.get_data(as_text=True)
    assert send(site, site.city.office, f"{page}/withdraw", page, why="").status_code == 422
    assert send(site, site.city.office, f"{page}/withdraw", page, why="改了时间").status_code == 303
    assert "改了时间" in text_of(site, f"/emergencies/{event}")
    assert site.browser(site.city.office).get(f"/office/emergencies/{event}/facts/999").status_code == 404


def test_experts_are_named_and_removed(site_sqlite: Site) -> None:
    site = site_sqlite
    with site.app.app_context():
        event = opened(site.city)
    page = f"/office/emergencies/{event}"
    team = site.city.team.team_id
    assert send(site, site.city.office, f"{page}/experts", page, role="顾问").status_code == 422
    unknown = send(site, site.city.office, f"{page}/experts", page, number="V9999999", role="顾问")
    assert "没有找到这位已核验的志愿者" in unknown.get_data(as_text=True)
    assert send(site, site.city.office, f"{page}/experts", page, who=f"team:{team}", role="顾问").status_code == 303
    with site.app.app_context():
        expert = get_emergency(event).experts[0].id
    assert "市医院测试队" in text_of(site, page, site.city.office)
    assert "市医院测试队" not in text_of(site, f"/emergencies/{event}"), "names are for the desks"
    assert send(site, site.city.office, f"{page}/experts/{expert}/drop", page).status_code == 303


def test_the_sheet_is_a_page_and_a_file_with_the_lessons(site_sqlite: Site) -> None:
    site = site_sqlite
    with site.app.app_context():
        event = opened(site.city)
        name_expert(event, f"team:{site.city.team.team_id}", site.city.office, role="顾问", now=NOW)
        placed(site.city)
    page = f"/office/emergencies/{event}"
    assert site.browser(site.city.office).get(f"{page}/review").status_code == 404, "not before it is closed"
    with site.app.app_context():
        close_emergency(event, site.city.office, reason="回落", now=NOW + timedelta(hours=5))
    site.move_to(NOW + timedelta(hours=6))
    assert send(site, site.city.office, f"{page}/lessons", page, lessons="").status_code == 422
    assert send(site, site.city.office, f"{page}/lessons", page, lessons="名单要平时备好。").status_code == 303
    sheet = text_of(site, f"{page}/review", site.city.office)
    for words in ("名单要平时备好。", "每一步用了多久", "到场群众", "人次", "校验和"):
        assert words in sheet
    file = site.browser(site.city.office).get(f"{page}/review.xlsx")
    rows = CalamineWorkbook.from_filelike(BytesIO(file.data)).get_sheet_by_name("总数").to_python()
    sums = {row[0]: row[1] for row in rows if len(row) > 1}
    assert sums["应急期间的单"] == 1
    assert sums["结束时还在办的"] == 1
    assert sums["结束时还超时没办的步骤"] == 1, "two hours round the clock went by"


def test_a_closed_one_cannot_be_changed_but_taken_up_again(site_sqlite: Site) -> None:
    site = site_sqlite
    with site.app.app_context():
        event = opened(site.city)
        close_emergency(event, site.city.office, reason="回落", now=NOW)
    office = site.browser(site.city.office)
    for more in ("/change", "/close"):
        assert office.get(f"/office/emergencies/{event}{more}").status_code == 409
    new = f"/office/emergencies/new?follows={event}"
    answer = send(
        site,
        site.city.office,
        "/office/emergencies/new",
        new,
        **{**FORM, "areas": [WHOLE_CITY], "follows_id": str(event)},
    )
    assert answer.status_code == 303
    assert "流感高发应对" in text_of(site, f"/emergencies/{event}")
    assert office.get("/office/emergencies/999").status_code == 404
    assert office.get("/emergencies/999").status_code == 404


def test_a_change_with_an_old_page_is_told_so(site_sqlite: Site) -> None:
    site = site_sqlite
    with site.app.app_context():
        event = opened(site.city)
    url = f"/office/emergencies/{event}/change"
    fields = {**FORM, "areas": [WHOLE_CITY], "version": "1", "starts_at": "2026-11-24T07:00"}
    assert send(site, site.city.office, url, url, **{**fields, "title": "甲"}).status_code == 303
    stale = send(site, site.city.office, url, url, **{**fields, "title": "乙"})
    assert stale.status_code == 409
    assert "有同事改过这次应急" in stale.get_data(as_text=True)
