"""What people read and press when the system has acted by itself, and the office's page about it."""

from datetime import timedelta

import pytest

from qtxvol.orders.automatic import lapse_order, reroute_order
from qtxvol.orders.ladder import climb
from qtxvol.orders.ladder_rules import get_switches
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.transition import Outcome
from tests.factories import NOW, accepted, dispatched, make_actor, window
from tests.web.pages import get_page, submit
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def rerouted(site: Site) -> str:
    order = site.make(dispatched)
    with site.app.app_context():
        reroute_order(order.number, department_id="education", now=NOW)
    return order.number


def lapsed(site: Site, reason: str = "no_call") -> str:
    order = site.make(accepted, agreed=window(6))
    with site.app.app_context():
        lapse_order(order.number, reason=reason, now=NOW)
    return order.number


def test_the_resident_reads_plainly_that_the_order_was_moved_on(site: Site):
    text = get_page(site.browser(), site.link(rerouted(site))).text
    assert "原来的部门没有按时领单，系统转给市教育局" in text
    assert "系统" in text


def test_the_resident_reads_plainly_why_another_team_is_looked_for(site: Site):
    text = get_page(site.browser(), site.link(lapsed(site))).text
    assert "服务队没有按时打电话联系，系统收回，另找服务队" in text
    text = get_page(site.browser(), site.link(lapsed(site, "no_show"))).text
    assert "约定时间已过，服务队没有到场或办结的登记，系统收回，另找服务队" in text


def test_a_clerk_takes_a_rerouting_back_with_one_tap(site: Site):
    number, clerk = rerouted(site), site.city.community
    form = site.page(clerk, number).form(f"/community/orders/{number}/turn_back")
    answer = submit(site.browser(clerk), form, {"text": "卫健局说明天就领。"})
    again = submit(site.browser(clerk), form, {"text": "卫健局说明天就领。"})
    assert (answer.status_code, again.status_code) == (303, 303)
    assert site.order(number).department_id == "health"
    assert site.steps(number)[-2:] == ["reroute", "turn_back"]
    page = site.page(site.city.department, number)
    assert "撤销转派，回到原来的部门" in page.text
    assert "卫健局说明天就领。" in page.text
    assert page.form(f"/department/orders/{number}/claim")


def test_the_department_gives_the_order_back_to_its_team(site: Site):
    number, department = lapsed(site), site.city.department
    page = site.page(department, number)
    assert "服务队没有按时打电话联系" in page.text
    form = page.form(f"/department/orders/{number}/reinstate")
    assert submit(site.browser(department), form, {}).status_code == 303
    assert (site.status(number), site.order(number).team_id) == ("accepted", site.city.team.team_id)


def test_who_is_late_with_it_reads_what_to_do_instead(site: Site):
    number, department = lapsed(site), site.city.department
    site.move_to(window(6).starts_at)
    form = site.page(department, number).form(f"/department/orders/{number}/reinstate")
    answer = submit(site.browser(department), form, {"text": "再给一次。"})
    assert answer.status_code == 409
    text = answer.get_data(as_text=True)
    assert "约定的时间已经过了，不能恢复；请服务队重新接单，另约时间。" in text
    assert "再给一次。" in text
    assert site.status(number) == "claimed"


def test_a_team_cannot_give_itself_the_order_back(site: Site):
    number = lapsed(site)
    page = site.page(site.city.team, number)
    assert all(form.action != f"/team/orders/{number}/reinstate" for form in page.forms)


def _moved(site: Site) -> Outcome:
    with site.app.app_context():
        make_actor(Party.DEPARTMENT, "市教育局", department_id="education")
    return site.make(dispatched, now=NOW - 9 * DAY)


def test_the_office_reads_what_was_done_and_turns_the_switches(site: Site):
    office = site.city.office
    page = get_page(site.browser(office), "/office/ladder")
    assert "还没有检查过" in page.text
    assert "还没有" in page.text
    form = page.form("/office/ladder")
    answer = submit(site.browser(office), form, {"reroute": None, "lapse": "1"})
    assert answer.status_code == 303
    with site.app.app_context():
        assert get_switches() == {"reroute": False, "lapse": True}
    page = get_page(site.browser(office), "/office/ladder")
    assert "关掉" in page.text
    submit(site.browser(office), page.form("/office/ladder"), {"reroute": "1", "lapse": "1"})
    order = _moved(site)
    with site.app.app_context():
        done = climb(NOW)
    page = get_page(site.browser(office), "/office/ladder")
    assert done.rerouted + done.stuck == 1
    assert f"/office/orders/{order.number}" in page.html
    assert "打开" in page.text


def test_other_desks_have_no_such_page(site: Site):
    for actor in (site.city.department, site.city.community):
        assert site.browser(actor).get("/office/ladder").status_code == 403
