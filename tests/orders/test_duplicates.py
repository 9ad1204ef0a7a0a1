"""The same wish placed twice, on both databases: at entry, at the desk, merged with everybody informed."""

from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.decline import cancel_order, merge_order
from qtxvol.orders.duplicates import (
    count_neighbours,
    keep_apart,
    list_desk_doubles,
    list_doubles,
    list_doubles_of,
    list_own_doubles,
)
from qtxvol.orders.models import DistinctOrders, Order
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import close_order
from qtxvol.orders.transition import Outcome
from qtxvol.refusals import Refused
from tests.factories import (
    COMMUNITY,
    NOW,
    OTHER_COMMUNITY,
    City,
    accepted,
    claimed,
    dispatched,
    link_of,
    make_city,
    make_wish,
    placed,
    window,
)
from tests.orders.answers import not_found, order_of, refused

OTHER_PHONE = "19900009999"
IN_TOWN = "640381001004"


def pairs_of(city: City) -> set[tuple[str, str]]:
    return {(pair.stays.number, pair.goes.number) for pair in list_doubles(city.town).rows}


# At entry


def test_whoever_orders_again_is_told_of_their_own_open_order(own_city: City):
    city = own_city
    mine = placed(city, browser_mark="a" * 24)
    wish, account = make_wish(), city.resident.account_id
    assert [row.number for row in list_own_doubles(wish, account)] == [mine.number]
    here, elsewhere = make_wish(browser_mark="a" * 24), make_wish(browser_mark="b" * 24)
    assert [row.number for row in list_own_doubles(here, None)] == [mine.number]
    assert not list_own_doubles(elsewhere, None)
    # another item, another telephone, over already
    assert not list_own_doubles(make_wish(menu_item_id="S06"), account)
    assert not list_own_doubles(make_wish(contact_phone=OTHER_PHONE), account)
    cancel_order(mine.number, city.resident, reason="no_longer_needed", now=NOW)
    assert not list_own_doubles(here, account)


def test_nobody_learns_of_an_order_by_typing_somebodys_telephone(own_city: City):
    city = own_city
    placed(city)  # by an account, with the telephone that is typed now
    placed(city, actor=city.community)
    wish = make_wish()
    assert not list_own_doubles(wish, None)
    assert not list_own_doubles(wish, city.volunteer.account_id)
    # a clerk who orders for others is not their resident
    assert not list_own_doubles(wish, city.community.account_id)


def test_neighbours_are_counted_and_never_named(own_city: City):
    city = own_city
    days = {w.starts_at.date() for w in make_wish().windows}
    assert count_neighbours("S05", COMMUNITY, days) == 0
    placed(city)
    placed(city, contact_phone=OTHER_PHONE)
    placed(city, menu_item_id="S06")
    placed(city, division_code=IN_TOWN)
    placed(city, windows=(window(20),))
    assert count_neighbours("S05", COMMUNITY, days) == 2
    assert count_neighbours("S05", OTHER_COMMUNITY, days) == 0
    assert count_neighbours(None, COMMUNITY, days) == 0
    assert count_neighbours("S05", COMMUNITY, ()) == 0


def test_a_clerk_is_told_of_what_the_desk_has(own_city: City):
    city = own_city
    first = placed(city)
    (double,) = list_desk_doubles(make_wish(), city.community)
    assert (double.row.number, double.likeness.reasons) == (first.number, ("item", "community", "dates", "phone"))
    assert not list_desk_doubles(make_wish(), city.other_community)
    assert not list_desk_doubles(make_wish(), city.department)  # it has nothing to do with that order


def test_a_department_learns_of_no_telephone(own_city: City):
    city = own_city
    dispatched(city)
    for phone in ("19900001234", OTHER_PHONE):
        (double,) = list_desk_doubles(make_wish(contact_phone=phone), city.department)
        assert double.likeness.reasons == ("item", "community", "dates")


# At the desk


def test_pairs_say_why_and_which_one_stays(own_city: City):
    city = own_city
    older, newer = placed(city), placed(city)
    assert pairs_of(city) == {(older.number, newer.number)}
    (pair,) = list_doubles(city.community).rows
    assert pair.likeness.reasons == ("item", "community", "dates", "phone")
    assert pair.can_swap
    further = dispatched(city)
    assert pairs_of(city) == {
        (older.number, newer.number),
        (further.number, older.number),
        (further.number, newer.number),
    }
    assert not list_doubles(city.other_community).rows
    assert not list_doubles(city.department).rows


def test_free_wishes_in_the_same_words_are_a_pair(own_city: City):
    city = own_city
    one = placed(city, menu_item_id=None, wish="想请人讲讲怎么防电信诈骗", contact_phone=OTHER_PHONE)
    two = placed(city, menu_item_id=None, wish="想请人来讲怎么防电信诈骗！")
    placed(city, menu_item_id=None, wish="想学用手机挂号")
    assert pairs_of(city) == {(one.number, two.number)}


def test_two_that_cannot_be_merged_any_more_are_no_task(own_city: City):
    dispatched(own_city)
    claimed(own_city)
    assert not list_doubles(own_city.community).rows


def test_what_was_called_two_is_not_asked_again(own_city: City):
    city = own_city
    one, two = placed(city), placed(city)
    with not_found():
        keep_apart(one.number, two.number, city.other_community, NOW)
    with not_found():
        keep_apart(one.number, one.number, city.community, NOW)
    with refused("wrong_party", 403):
        keep_apart(one.number, two.number, city.office, NOW)
    for _ in range(2):
        keep_apart(two.number, one.number, city.community, NOW)
    assert db.session.scalar(select(func.count()).select_from(DistinctOrders)) == 1
    assert not list_doubles(city.community).rows
    assert not list_doubles_of(order_of(one.number), city.community)


def test_an_order_shows_its_doubles(own_city: City):
    city = own_city
    one, two = placed(city), accepted(city)
    assert [each.row.number for each in list_doubles_of(order_of(one.number), city.community)] == [two.number]
    assert not list_doubles_of(order_of(one.number), city.department)


def test_the_list_costs_the_same_however_long_it_is(own_city: City):
    city = own_city

    def statements() -> int:
        db.session.rollback()
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listener)
        list_doubles(city.community)
        event.remove(db.engine, "before_cursor_execute", listener)
        return len(seen)

    for _ in range(2):
        placed(city)
    few = statements()
    for _ in range(6):
        placed(city)
    assert statements() == few
    assert list_doubles(city.community).total == 8 * 7 // 2


def test_both_askers_stay_informed_and_both_can_rate(own_city: City):
    city = own_city
    first, again = placed(city), placed(city, contact_phone=OTHER_PHONE)
    merge_order(again.number, city.community, into_number=first.number, now=NOW)
    served = serve(city, first)
    told = select(Notice.kind).where(Notice.order_id == again.order_id, Notice.party == "resident")
    assert {"merge", "dispatch", "claim", "accept", "close"} <= set(db.session.scalars(told))
    for order in (first, again):
        rate_order(order.number, link_of(order), verdict=Verdict(5, True), now=served)
    with refused("is_rated", 409):
        rate_order(again.number, link_of(again), verdict=Verdict(1, True), now=served)


def serve(city: City, order: Outcome):
    """Dispatch, claim, accept and close an order that was placed."""
    from qtxvol.orders.claim import claim_order
    from qtxvol.orders.dispatch import dispatch_order
    from qtxvol.orders.serve import accept_order

    dispatch_order(order.number, city.community, department_id="health", now=NOW)
    claim_order(order.number, city.department, now=NOW)
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)
    ends = window(3).ends_at
    close_order(
        order.number, city.team, actual=window(3), attendance=9, report="讲完了。", minutes={city.crew[0]: 60}, now=ends
    )
    return ends


@pytest.mark.usefixtures("ctx")
@pytest.mark.usefixtures("ctx")
def test_two_clerks_who_merge_two_doubles_into_each_other_leave_one_open(app: Flask):
    city = make_city()
    one, two = placed(city), placed(city)
    start, results = Barrier(2), []
    db.session.rollback()

    def merge(gone: str, into: str) -> None:
        with app.app_context():
            start.wait()
            try:
                results.append(merge_order(gone, city.community, into_number=into, now=NOW).status)
            except Refused as refusal:
                results.append(refusal.code)

    threads = [
        Thread(target=merge, args=(one.number, two.number)),
        Thread(target=merge, args=(two.number, one.number)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == ["merge_target", "merged"]
    assert sorted(db.session.scalars(select(Order.status))) == ["merged", "placed"]
