"""The page of what did not arrive, and the lines on an order's page."""

from tests.conftest import csrf_of
from tests.factories import NOW, placed
from tests.notices.outside import REFUSED, UNKNOWN, FakeOutside, forget_notices, resident, run, states, tell
from tests.web.pages import get_page, post_form
from tests.web.site import Site


def lose(site: Site, answer=REFUSED) -> str:
    """An order whose resident's message was answered so; its number."""
    with site.app.app_context():
        order = placed(site.city)
        forget_notices(NOW)
        tell([resident(order.order_id)], NOW)
        run(FakeOutside(answer=answer), NOW)
        return order.number


def test_the_community_reads_whom_to_phone_and_ticks_it_off(site_sqlite: Site) -> None:
    number = lose(site_sqlite)
    clerk = site_sqlite.browser(site_sqlite.city.community)
    page = get_page(clerk, "/community/undelivered").text
    assert "对方拒收" in page
    assert "*******1234" in page
    assert "19900001234" not in page
    assert "短信未送达，请电话联系" in get_page(clerk, f"/community/orders/{number}").text
    answer = post_form(clerk, "/community/undelivered", "/community/undelivered/1/told")
    assert answer.status_code == 303
    assert "通知都送到了" in get_page(clerk, "/community/undelivered").text
    assert "请电话联系" not in get_page(clerk, f"/community/orders/{number}").text


def test_the_resident_reads_how_their_own_messages_went_and_is_not_asked_to_phone(site_sqlite: Site) -> None:
    number = lose(site_sqlite)
    page = get_page(site_sqlite.browser(), site_sqlite.link(number)).text
    assert "短信未送达" in page
    assert "请电话联系" not in page


def test_perhaps_arrived_is_said_so(site_sqlite: Site) -> None:
    number = lose(site_sqlite, UNKNOWN)
    office = site_sqlite.browser(site_sqlite.city.office)
    assert "短信可能已送达" in get_page(office, f"/office/orders/{number}").text
    assert "通知都送到了" in get_page(office, "/office/undelivered").text
    assert "发出去了，对方没有回音" in get_page(office, "/office/undelivered?which=unknown").text


def test_the_office_sends_one_or_all_again(site_sqlite: Site) -> None:
    for _ in range(3):
        lose(site_sqlite)
    office, url = site_sqlite.browser(site_sqlite.city.office), "/office/undelivered"
    assert "把这 3 条都再发一次" in get_page(office, url).text
    assert post_form(office, url, f"{url}/1/again").status_code == 303
    with site_sqlite.app.app_context():
        assert sorted(state for _who, _channel, state in states()) == ["dead", "dead", "waiting"]
    assert post_form(office, url, url).status_code == 303
    with site_sqlite.app.app_context():
        assert {state for _who, _channel, state in states()} == {"waiting"}
    for strange in ("?which=x&channel=pigeon&why=x&age=x&page=zz", "?which=handled&page=99"):
        assert office.get(url + strange).status_code == 200
    assert "没有这样的通知" in get_page(office, f"{url}?channel=mail").text


def test_another_communitys_letter_is_not_found(site_sqlite: Site) -> None:
    lose(site_sqlite)
    clerk = site_sqlite.browser(site_sqlite.city.other_community)
    token = csrf_of(clerk, "/community/")
    for what in ("told", "again"):
        answer = clerk.post(f"/community/undelivered/1/{what}", data={"csrf_token": token})
        assert answer.status_code == 404
