"""What people read and choose where something is suggested: the community, the department, the office."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from qtxvol.extensions import db
from qtxvol.matching.words import OBSTACLES as CORE_OBSTACLES
from qtxvol.matching.words import REASONS as CORE_REASONS
from qtxvol.offers.learn import CAPTAINS, Tally, read_models
from qtxvol.offers.rules import get_settings, list_changes
from qtxvol.offers.suggest import OVERRIDE_WHY
from qtxvol.orders.claim import offer_order, return_order
from qtxvol.orders.models import Offer, OrderEvent, WishedTime
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from qtxvol.web.match_words import OBSTACLES, REASONS, SHORT, chance_in_words
from tests.conftest import csrf_of
from tests.factories import DEPARTMENT, NOW, claimed, dispatched, make_team, placed
from tests.web.pages import FROM_HERE, get_page, post_form
from tests.web.site import Site

HERE = "/office/matching"

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms


def payload_of(site: Site, number: str, action: str) -> dict[str, object]:
    with site.app.app_context():
        event = db.session.scalars(
            select(OrderEvent)
            .where(OrderEvent.order_id == site.order(number).id, OrderEvent.action == action)
            .order_by(OrderEvent.sequence.desc())
        ).first()
        assert event is not None
        return dict(event.payload)


def offers_of(site: Site, number: str) -> list[Offer]:
    with site.app.app_context():
        rows = db.session.scalars(select(Offer).where(Offer.order_id == site.order(number).id).order_by(Offer.id)).all()
        db.session.expunge_all()
        return list(rows)


def test_every_reason_and_obstacle_has_words():
    assert REASONS.keys() == CORE_REASONS.keys()
    assert SHORT.keys() == CORE_REASONS.keys() - {"captain", "lead_department"}, "what is ordinary is left out"
    assert OBSTACLES.keys() >= CORE_OBSTACLES.keys()


# the community


def test_the_community_sees_which_department_and_why(site: Site):
    site.make(dispatched, headcount=61)
    number = site.make(placed).number
    page = site.page(site.city.community, number)
    form = page.form(f"/community/orders/{number}/dispatch")
    assert form.get("department_id") == DEPARTMENT, "one tap follows the suggestion"
    assert "菜单指定的承办单位" in page.text
    assert "手上待领 1 张" in page.text
    assert "近 90 天没有领过单，还不知道多快" in page.text


def test_following_the_suggestion_is_recorded_as_such(site: Site):
    number = site.make(placed).number
    site.act(site.city.community, number, "dispatch", {"department_id": DEPARTMENT, "override_why": "knows"})
    payload = payload_of(site, number, "dispatch")
    assert (payload["suggested_department_id"], payload["is_override"]) == (DEPARTMENT, False)
    assert "override_why" not in payload


def test_choosing_another_is_an_override_and_why_need_not_be_said(site: Site):
    for why in ("", "knows"):
        number = site.make(placed).number
        data = {"department_id": DEPARTMENT, "other_department_id": "education", "override_why": why}
        assert site.act(site.city.community, number, "dispatch", data).status_code == 303
        payload = payload_of(site, number, "dispatch")
        assert site.order(number).department_id == "education"
        assert (payload["suggested_department_id"], payload["is_override"]) == (DEPARTMENT, True)
        assert payload.get("override_why", "") == why


def test_what_is_not_on_the_lists_is_refused_and_what_was_typed_stays(site: Site):
    number = site.make(placed).number
    for data in ({"department_id": ""}, {"department_id": "nowhere"}, {"other_department_id": "nowhere"}):
        answer = site.act(site.city.community, number, "dispatch", {**data, "text": "请尽快安排"})
        assert answer.status_code == 422
        assert "请从列表里选一" in answer.get_data(as_text=True)
        assert "请尽快安排" in answer.get_data(as_text=True)
    answer = site.act(site.city.community, number, "dispatch", {"department_id": DEPARTMENT, "suggested": "nonsense"})
    assert answer.status_code == 303
    assert payload_of(site, number, "dispatch")["suggested_department_id"] == DEPARTMENT


def test_a_department_that_gave_the_order_back_comes_last_and_says_so(site: Site):
    order = site.make(dispatched)
    with site.app.app_context():
        return_order(order.number, site.city.department, reason="not_our_field", text="", now=NOW)
    page = site.page(site.city.community, order.number)
    assert "退回过这张单" in page.text
    assert page.form(f"/community/orders/{order.number}/dispatch").get("department_id") != DEPARTMENT


def test_a_ruling_records_the_suggestion_too(site: Site):
    order = site.make(dispatched)
    with site.app.app_context():
        return_order(order.number, site.city.department, reason="not_our_field", text="", now=NOW)
    number = site.make(dispatched, now=NOW - timedelta(days=30)).number
    data = {
        "department_id": DEPARTMENT,
        "other_department_id": "education",
        "text": "请教育局承办",
        "override_why": "busy",
    }
    answer = site.act(site.city.office, number, "rule", data)
    assert answer.status_code == 303
    payload = payload_of(site, number, "rule")
    assert (payload["suggested_department_id"], payload["is_override"], payload["override_why"]) == (
        DEPARTMENT,
        True,
        "busy",
    )


# the department


def test_the_department_sees_a_short_list_with_reasons_and_a_time(site: Site):
    page = site.page(site.city.department, site.make(claimed).number)
    assert "市医院测试队" in page.text
    first = page.text.split("市医院测试队", 1)[1][:80]
    assert re.search(r"第 1 推荐\s*11月27日（周五）10:00–11:00 · (多半能成|有一半把握|不一定能成|希望不大)", first)
    assert re.search(r"\d+ 人有空，要 \d+ 人；就在本镇（街道）；近来不忙", first)
    for words in ("承办部门的队", "队长答应的可能约", "近来没有请过它"):
        assert words not in page.text


def test_a_chance_is_told_in_four_steps():
    told = [chance_in_words(chance) for chance in (0.0, 0.19, 0.2, 0.4, 0.6, 1.0)]
    assert told == ["希望不大", "希望不大", "不一定能成", "有一半把握", "多半能成", "多半能成"]


def test_who_is_asked_from_the_list_is_asked_with_place_chance_time_and_clue(site: Site):
    number, city = site.make(claimed).number, site.city
    site.act(city.department, number, "offer", {"team_ids": [str(city.team.team_id)], "override_why": "不算数"})
    (offer,) = offers_of(site, number)
    assert offer.suggested_place == 1
    assert 0 < (offer.chance or 0) < 1
    assert offer.clue
    assert offer.proposed_start is not None
    assert offer.override_why == "", "the first was chosen"


def test_another_team_can_be_asked_by_its_name_and_why_is_kept(site: Site):
    number, city = site.make(claimed).number, site.city
    with site.app.app_context():
        outsider, _people = make_team("agriculture", themes=())
    data = {"other_team_id": str(outsider.team_id), "override_why": "他们上次讲得好"}
    assert site.act(city.department, number, "offer", data).status_code == 303
    (offer,) = offers_of(site, number)
    assert (offer.team_id, offer.suggested_place, offer.override_why) == (outsider.team_id, None, "他们上次讲得好")


def test_asking_nobody_is_refused_with_a_sentence_and_the_words_stay(site: Site):
    number, city = site.make(claimed).number, site.city
    answer = site.act(city.department, number, "offer", {"text": "请帮忙"})
    assert answer.status_code == 422
    assert "请至少选一支服务队。" in answer.get_data(as_text=True)
    assert "请帮忙" in answer.get_data(as_text=True)
    for data in ({"team_ids": ["999999"]}, {"other_team_id": "999999"}, {"other_team_id": "x"}):
        assert site.act(city.department, number, "offer", data).status_code == 422


def test_nobody_to_suggest_is_said_and_any_team_can_still_be_asked(site: Site):
    number, city = site.make(claimed).number, site.city
    with site.app.app_context(), transaction():
        db.session.execute(update(Team).values(asks_paused_until=NOW + timedelta(days=1)))
    page = site.page(city.department, number)
    assert "现在没有能推荐的队。" in page.text
    assert site.act(city.department, number, "offer", {"other_team_id": str(city.team.team_id)}).status_code == 303


@pytest.mark.parametrize(
    ("change", "sentence"),
    [("muted", "队长暂停接普通的请求，到"), ("asked", "已经请过这支队，还在等它答复。"), ("none", "在推荐里，排第"),
     ("no_times", "这张单没有写希望的时间。")],
)  # fmt: skip
def test_the_department_reads_why_a_team_is_not_there(site: Site, change: str, sentence: str):
    number, city = site.make(claimed).number, site.city
    team = city.team.team_id or 0
    with site.app.app_context():
        if change == "asked":
            offer_order(number, city.department, team_ids=[team], now=NOW)
        with transaction():
            if change == "muted":
                db.session.execute(update(Team).values(asks_paused_until=NOW + timedelta(days=1)))
            if change == "no_times":
                db.session.query(WishedTime).delete()
    page = get_page(site.browser(city.department), f"/department/orders/{number}/teams?team={team}")
    assert sentence in page.text


def test_the_page_of_reasons_says_beside_the_rank_that_another_team_has_the_order(site: Site):
    number, city = site.make(claimed).number, site.city
    with site.app.app_context():
        offer_order(number, city.department, team_ids=[city.team.team_id or 0], is_handed=True, now=NOW)
    url, handed = f"/department/orders/{number}/teams?team=", "这张单已指定别的队承接。"
    other = get_page(site.browser(city.department), f"{url}{city.other_team.team_id}").text
    assert "在推荐里，排第 1。" in other
    assert other.count(handed) == 1
    chosen = get_page(site.browser(city.department), f"{url}{city.team.team_id}").text
    assert "已经请过这支队，还在等它答复。" in chosen
    assert handed not in chosen


def test_the_page_of_reasons_shows_every_term_and_their_sum(site: Site):
    page = get_page(site.browser(site.city.department), f"/department/orders/{site.make(claimed).number}/teams")
    first = page.text.split("市医院测试队", 1)[1].split("卫校测试队")[0]
    points = [int(each) for each in re.findall(r"[+-]\d+", first)]
    total = re.search(r"(\d+) 分", first)
    assert total is not None
    assert abs(sum(points) - int(total[1])) <= len(points), "rounded term by term"
    assert 0 not in points
    assert "一定能办成是 1000 分" in page.text
    assert re.search(r"凑不齐人手的风险约 \d+%：\d+ 人有空，要 \d+ 人，其中能主讲的 \d+ 人", first)
    assert page.text.index("推荐的队") < page.text.index("没看到想找的队？")


def test_only_the_department_that_looks_for_a_team_gets_reasons(site: Site):
    number, city = site.make(claimed).number, site.city
    assert site.browser(city.other_department).get(f"/department/orders/{number}/teams").status_code == 404
    department = site.browser(city.department)
    assert department.get(f"/department/orders/{number}/teams?team=999999").status_code == 404
    assert department.get(f"/department/orders/{number}/teams?team=abc").status_code == 404
    waiting = site.make(dispatched, headcount=66).number
    assert "现在不在您这里找队" in get_page(department, f"/department/orders/{waiting}/teams").text


# the office


def test_the_office_turns_switches_and_sets_weights_and_reads_who_did_when(site: Site):
    office = site.browser(site.city.office)
    page = get_page(office, "/office/matching")
    assert "还没有队长的答复可学。" in page.text
    page.form("/office/matching/switches")
    answer = post_form(office, HERE, f"{HERE}/switches", {"is_lending_open": None, "is_naming_open": None})
    assert answer.status_code == 303
    with site.app.app_context():
        settings = get_settings()
        assert (settings.is_pool_open, settings.is_lending_open, settings.is_naming_open) == (True, False, False)
    answer = post_form(
        office, HERE, f"{HERE}/weights", {"km_points": "0", "wave_limit.urgent": "５", "quiet_from": "21：30"}
    )
    assert answer.status_code == 303
    with site.app.app_context():
        assert get_settings().km_points == 0
        assert get_settings().quiet_from == 21 * 60 + 30
        assert get_settings().wave_limit == (4, 5, 14)
    page = get_page(office, "/office/matching")
    assert "纲要办" in page.text
    assert "附近的队伍可以借人" in page.text
    token = {"csrf_token": csrf_of(office, HERE)}
    assert office.post(f"{HERE}/weights/km_points/usual", data=token, headers=FROM_HERE).status_code == 303
    with site.app.app_context():
        assert get_settings().km_points == 3.0


@pytest.mark.parametrize(
    ("answers", "sentence", "has_effects"),
    [
        (7, "队长的答复还太少（7 次），先按通常的估计。", False),
        (40, "学过 40 次队长的答复，其中答应的约 60%。", True),
        (200, "学过 200 次队长的答复，其中答应的约 55%。", True),
    ],
)
def test_what_few_answers_teach_is_not_told_as_if_it_were_known(
    site: Site, monkeypatch: pytest.MonkeyPatch, answers: int, sentence: str, has_effects: bool
):
    with site.app.app_context():
        models, tallies = read_models()
    learned = {**tallies, CAPTAINS: Tally(answers, round(0.56 * answers))}
    monkeypatch.setattr("qtxvol.web.office.matching.read_models", lambda: (models, learned))
    text = get_page(site.browser(site.city.office), HERE).text
    assert sentence in text
    assert ("除了每支队自己的习惯" in text) is has_effects


def test_a_value_that_can_not_be_is_told_and_nothing_is_lost(site: Site):
    office = site.browser(site.city.office)
    typed = {"km_points": "很多", "load_points": "700", "wave_limit.normal": "2.5", "quiet_from": "25:00"}
    answer = post_form(office, HERE, f"{HERE}/weights", typed)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "请填 0 到 100 之间的数。" in text
    assert "请填 1 到 14 之间的整数。" in text
    assert "请填 00:00 到 23:59 之间的时间" in text
    assert 'value="很多"' in text
    assert 'value="700"' in text
    with site.app.app_context():
        assert list_changes() == []
    token = {"csrf_token": csrf_of(office, HERE)}
    assert office.post(f"{HERE}/weights/age/usual", data=token, headers=FROM_HERE).status_code == 404


def test_why_codes_fit_the_record():
    assert all(re.fullmatch(r"[a-z_]{1,16}", code) for code in OVERRIDE_WHY)
