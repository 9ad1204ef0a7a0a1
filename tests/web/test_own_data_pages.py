"""One's own data: read, taken along, set right, erased; by the secret link and by account."""

import json

import pytest
from sqlalchemy import select

from qtxvol.accounts.models import Account
from qtxvol.extensions import db
from qtxvol.orders.models import Attachment, OrderNote
from tests.factories import accepted, closed, placed
from tests.web.pages import get_page, read, submit
from tests.web.pictures import jpeg_file
from tests.web.site import WHO, Site, fill_wizard, number_in

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

PHONE = "19900006789"
CONTACT = {"contact_phone": PHONE, "contact_name": "欧阳测试名"}


def test_the_link_shows_what_is_stored_and_gives_it_away_only_for_the_last_digits(site: Site) -> None:
    number = site.make(placed, **CONTACT, wish="请带控盐勺").number
    url, browser = site.link(number) + "/data", site.browser()
    page = get_page(browser, url)
    assert "*******6789" in page.text
    assert "180 天" in page.text
    assert PHONE not in page.html
    refused = submit(browser, page.form(f"{url}/download"), {"tail": "0000"})
    assert refused.status_code == 422
    assert PHONE not in refused.text
    answer = submit(browser, page.form(f"{url}/download"), {"tail": "6789"})
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    content = json.loads(answer.text)
    assert content["order"]["contact_phone"] == PHONE
    assert content["order"]["wish"] == "请带控盐勺"
    assert [step["action"] for step in content["steps"]] == ["place"]
    assert not {"link_nonce", "place_key", "contact_phone_digest"} & set(content["order"])


def test_guessing_the_last_digits_slows_down(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed, **CONTACT).number
    url, browser = site_sqlite.link(number) + "/data", site_sqlite.browser()
    form = get_page(browser, url).form(f"{url}/download")
    codes = [submit(browser, form, {"tail": f"{i:04d}"}).status_code for i in range(6)]
    assert codes == [422] * 5 + [429]


def test_a_new_number_is_the_one_that_is_called_and_tracked_by(site: Site) -> None:
    number = site.make(accepted, **CONTACT).number
    url, browser = site.link(number) + "/data", site.browser()
    changes = {"name": "李女士", "phone": "199 0000 4321", "tail": "6789"}
    assert submit(browser, get_page(browser, url).form(f"{url}/correct"), changes).status_code == 303
    order = site.order(number)
    assert (order.contact_name, order.contact_phone, order.contact_phone_tail) == ("李女士", "19900004321", "4321")
    track = get_page(browser, f"/track?number={number}").form("/track")
    assert submit(browser, track, {"tail": "6789"}).status_code == 404
    assert submit(browser, track, {"tail": "4321"}).status_code == 303
    second = {"second_phone": "199 0000 5678", "tail": "4321"}
    assert submit(browser, get_page(browser, url).form(f"{url}/correct"), second).status_code == 303
    same = submit(browser, get_page(browser, url).form(f"{url}/correct"), {"phone": "19900005678", "tail": "4321"})
    assert same.status_code == 422
    assert "已经是备用电话了" in same.text
    bad = submit(browser, get_page(browser, url).form(f"{url}/correct"), {"phone": "123", "tail": "4321"})
    assert bad.status_code == 422
    assert "电话号码不对" in bad.text


def test_erasing_takes_two_steps_and_leaves_nothing_of_the_person(site: Site) -> None:
    client = site.browser()
    form = fill_wizard(client, wish="请到王家后院").form("/order")
    more = {**WHO, **CONTACT, "contact_phone": PHONE, "photos": [jpeg_file()], "go": "send"}
    number = number_in(submit(client, form, more))
    url = site.link(number) + "/data"
    assert f"{url}/erase" not in [form.action for form in get_page(client, url).forms]  # still open
    site.act_by_link(number, "cancel", {"reason": "other", "text": "家里有事，欧阳"})
    asks = submit(client, get_page(client, url).form(f"{url}/erase"), {"tail": "6789"})
    assert "真的要删除吗" in asks.text
    assert site.order(number).contact_phone == PHONE
    done = submit(client, read(asks).form(f"{url}/erase"), {"sure": "y"})
    assert "您的资料已删除" in done.text
    order = site.order(number)
    assert (order.contact_name, order.contact_phone, order.contact_phone_tail, order.venue) == ("", "", "", "")
    assert order.contact_erased_at is not None
    assert client.get(site.link(number).rsplit("/", 1)[0] + "/" + url.split("/")[3]).status_code == 404
    with site.app.app_context():
        assert db.session.scalars(select(OrderNote.text)).all() == []
        assert db.session.scalars(select(Attachment.id)).all() == []
    assert site.findings() == []
    assert site.browser(site.city.community).get(f"/community/orders/{number}").status_code == 200


def test_an_account_reads_takes_asks_and_goes(site: Site) -> None:
    me = site.browser(site.city.resident)
    open_number = site.make(placed, **CONTACT).number
    page = get_page(me, "/my/data")
    assert "*******6789" in page.text
    assert PHONE not in page.html
    assert json.loads(me.get("/my/data.json").text)["orders"][0]["order"]["contact_phone"] == PHONE
    assert submit(me, page.form("/my/data"), {"text": "称呼写错了"}).status_code == 303
    office = site.browser(site.city.office)
    desk = get_page(office, "/office/privacy")
    assert "称呼写错了" in desk.text
    request = next(form for form in desk.forms if "/corrections/" in form.action)
    assert submit(office, request).status_code == 303
    assert "称呼写错了" not in get_page(office, "/office/privacy").text
    form = get_page(me, "/my/data/erase").form("/my/data/erase")
    assert submit(me, form).status_code == 422  # without the tick
    refused = submit(me, form, {"sure": "y"})
    assert refused.status_code == 409
    assert "还在办理" in refused.text
    site.act(site.city.resident, open_number, "cancel", {"reason": "other", "text": "不用了"})
    gone = submit(me, get_page(me, "/my/data/erase").form("/my/data/erase"), {"sure": "y"})
    assert "您的资料已删除" in gone.text
    assert me.get("/my/data").status_code == 303
    with site.app.app_context():
        account = db.session.get_one(Account, site.city.resident.account_id)
        assert (account.username, account.is_active) == (f"erased-{account.id}", False)
    assert site.order(open_number).contact_phone == ""


def test_a_volunteer_goes_and_the_hours_stay(site: Site) -> None:
    number = site.make(accepted, **CONTACT).number
    me = site.browser(site.city.volunteer)
    form = get_page(me, "/my/data/erase").form("/my/data/erase")
    refused = submit(me, form, {"sure": "y"})
    assert refused.status_code == 409
    assert number[3:7] in refused.text
    site.act(site.city.team, number, "withdraw", {"reason": "other", "text": "人病了"})
    site.make(closed)
    before = site.rows()["hours_entries"]
    assert "您的资料已删除" in submit(me, form, {"sure": "y"}).text
    assert site.rows()["hours_entries"] == before
    office = get_page(site.browser(site.city.office), f"/office/volunteers/{site.city.crew[0]}/numbers").text
    assert "已删除" in office


def test_a_desks_account_can_not_be_erased_by_its_owner(site_sqlite: Site) -> None:
    clerk = site_sqlite.browser(site_sqlite.city.community)
    page = get_page(clerk, "/my/data")
    assert "/my/data/erase" not in page.html
    token = page.form("/my/data").get("csrf_token")
    answer = clerk.post("/my/data/erase", data={"csrf_token": token, "sure": "y"})
    assert answer.status_code == 409
    assert "纲要办" in answer.text


def test_the_office_chooses_how_long_and_sees_what_is_due(site_sqlite: Site) -> None:
    office = site_sqlite.browser(site_sqlite.city.office)
    form = get_page(office, "/office/privacy").form("/office/privacy")
    assert form.get("days") == "180"
    assert submit(office, form, {"days": "5"}).status_code == 422
    assert submit(office, form, {"days": "90"}).status_code == 303
    assert get_page(office, "/office/privacy").form("/office/privacy").get("days") == "90"


def test_the_office_erases_a_volunteer_who_asked_there(site_sqlite: Site) -> None:
    office, member = site_sqlite.browser(site_sqlite.city.office), site_sqlite.city.crew[1]
    url = f"/office/volunteers/{member}/erase"
    page = get_page(office, url)
    assert "服务证明仍能按编号验证" in page.text
    form = next(form for form in page.forms if "sure" in form.names)
    form.action = url
    assert submit(office, form).status_code == 422
    assert submit(office, form, {"sure": "y"}).status_code == 303
    assert "已经删除" in get_page(office, url).text
