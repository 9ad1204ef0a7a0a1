"""What may be muted, by whom, and that a link does it without signing in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.notices.kinds import KINDS
from qtxvol.notices.links import Unsubscribing, read_unsubscribe_token, unsubscribe_token
from qtxvol.notices.models import NoticeWish
from qtxvol.notices.wishes import (
    Wisher,
    get_wish,
    has_reminders,
    list_needed,
    list_optional,
    save_wish,
    set_muted,
    set_reminders,
    unsubscribe,
    wisher_of,
)
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from tests.factories import NOW, City, link_of, make_city, placed

KEY = "k" * 40


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


def save(actor: Actor, wanted: tuple[str, ...] = (), **more: object) -> None:
    given: dict[str, object] = {"is_digest": False, "locale": "zh", "quiet_from": 1320, "quiet_until": 450, **more}
    save_wish(actor, wanted=wanted, now=NOW, **given)  # type: ignore[arg-type]


def test_wishes_are_kept(city: City) -> None:
    save(city.department, (), is_digest=True, locale="en", quiet_from=0, quiet_until=0)
    wish = get_wish(wisher_of(city.department))
    assert wish.muted == {kind.code for kind in list_optional(Party.DEPARTMENT)}
    assert (wish.is_digest, wish.locale, wish.quiet_from, wish.quiet_until) == (True, "en", 0, 0)
    save(city.department, tuple(wish.muted))
    assert get_wish(wisher_of(city.department)).muted == frozenset()


def test_a_desk_leaves_what_another_desk_of_the_account_muted(city: City) -> None:
    set_muted(wisher_of(city.department), ["star_awarded"], True, NOW)
    save(city.department, ("science_day", "plan_ready"))
    assert get_wish(wisher_of(city.department)).muted == {"star_awarded"}


@pytest.mark.parametrize(
    ("field", "value"), [("locale", "fr"), ("quiet_from", -1), ("quiet_from", 1440), ("quiet_until", 5000)]
)
def test_a_bad_wish_is_refused_with_its_field(city: City, field: str, value: object) -> None:
    with pytest.raises(Refused) as caught:
        save(city.team, **{field: value})
    assert caught.value.about["field"] == field
    assert db.session.scalar(select(func.count()).select_from(NoticeWish)) == 0


def test_what_must_be_known_cannot_be_muted(city: City) -> None:
    for kind in KINDS.values():
        if not kind.is_optional:
            with pytest.raises(Refused, match="must_know"):
                set_muted(wisher_of(city.volunteer), [kind.code], True, NOW)
    assert "emergency_opened" in {kind.code for kind in list_needed(Party.DEPARTMENT)}
    assert not set(list_needed(Party.DEPARTMENT)) & set(list_optional(Party.DEPARTMENT))


def test_a_volunteer_wishes_for_themself_and_a_resident_for_one_order(city: City) -> None:
    assert wisher_of(city.volunteer) == Wisher("volunteer", city.crew[0])
    order = placed(city)
    me = link_of(order)
    assert has_reminders(order.order_id)
    set_reminders(me, False, NOW)
    set_reminders(me, False, NOW)
    assert not has_reminders(order.order_id)
    assert has_reminders(placed(city).order_id)
    set_reminders(me, True, NOW)
    assert get_wish(wisher_of(me)).muted == frozenset()


def test_a_wish_for_one_order_leaves_what_the_account_wishes(city: City) -> None:
    set_muted(wisher_of(city.resident), ["how_was_it"], True, NOW)
    save(city.resident, ("remind_day", "took_place"), locale="en", quiet_from=1200)
    order = placed(city, actor=city.resident)
    assert get_wish(Wisher("order", order.order_id)).muted == {"how_was_it"}
    unsubscribe(Unsubscribing("order", order.order_id, "remind_day"), True, NOW)
    wish = get_wish(Wisher("order", order.order_id))
    assert (wish.muted, wish.locale, wish.quiet_from) == ({"how_was_it", "remind_day"}, "en", 1200)
    theirs = placed(city, actor=city.community)  # ordered for somebody else
    assert get_wish(Wisher("order", theirs.order_id)).locale == "zh"


def test_a_genuine_link_unsubscribes_and_takes_it_back(city: City) -> None:
    asked = read_unsubscribe_token(unsubscribe_token(f"volunteer:{city.crew[1]}", "remind_day", KEY), [KEY])
    assert asked == Unsubscribing("volunteer", city.crew[1], "remind_day")
    unsubscribe(asked, True, NOW)
    unsubscribe(asked, True, NOW)
    assert get_wish(Wisher("volunteer", city.crew[1])).muted == {"remind_day"}
    unsubscribe(asked, False, NOW)
    assert get_wish(Wisher("volunteer", city.crew[1])).muted == frozenset()


def test_a_link_of_somebody_who_is_no_more_is_not_found(city: City) -> None:
    for owner in ("account", "volunteer", "order"):
        with pytest.raises(NotFound):
            unsubscribe(Unsubscribing(owner, 999999, "remind_day"), True, NOW)


def _forged() -> list[str]:
    good = unsubscribe_token("account:3", "science_day", KEY)
    return [
        "",
        "x" * 22,
        good[:-1],
        good + "A",
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good.replace("a3.", "a4."),
        good.replace("a3.", "v3."),
        good.replace("science_day", "remind_day"),
        good.replace("a3.", "a03."),
        good.replace("a3.", f"a{10**10}."),
        unsubscribe_token("account:3", "science_day", "another" * 6),
    ]


@pytest.mark.parametrize("token", _forged())
def test_a_forged_link_says_nothing(token: str) -> None:
    assert read_unsubscribe_token(token, [KEY]) is None


def test_a_link_under_an_older_key_still_works() -> None:
    token = unsubscribe_token("order:7", "remind_day", "older" * 8)
    assert read_unsubscribe_token(token, [KEY, "older" * 8]) == Unsubscribing("order", 7, "remind_day")


@pytest.mark.parametrize("recipient", ["point:3", "", "account:0", "account:x", "account:3 ", "resident"])
def test_a_robot_has_no_link(recipient: str) -> None:
    assert unsubscribe_token(recipient, "science_day", KEY) == ""


def test_two_taps_at_once_are_one_wish(app: Flask) -> None:
    with app.app_context():
        city = make_city()
        account = city.department.account_id or 0

    def tap(kind: str) -> Callable[[], None]:
        def run() -> None:
            with app.app_context():
                set_muted(Wisher("account", account), [kind], True, NOW)

        return run

    kinds = [kind.code for kind in KINDS.values() if kind.is_optional]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(tap(kind)) for kind in kinds]:
            done.result()
    with app.app_context():
        assert get_wish(Wisher("account", account)).muted == set(kinds)
