"""Views that somebody saved: one's own, few, without anybody's telephone number."""

import pytest

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.saved_views import (
    LONGEST_NAME,
    MOST_VIEWS,
    list_views,
    remove_view,
    rename_view,
    save_view,
)
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from tests.factories import COMMUNITY, NOW, City, make_actor

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

QUERY = "tab=waiting&due=today"


@pytest.fixture
def clerk(shared_city: City) -> Actor:
    """Somebody who has saved nothing yet."""
    return make_actor(Party.COMMUNITY, "东街居委会", division_code=COMMUNITY)


def save(clerk: Actor, name: str = "本周", query: str = QUERY, *, is_replacing: bool = False) -> None:
    save_view(clerk, name=name, query=query, now=NOW, is_replacing=is_replacing)


def views_of(clerk: Actor) -> list[tuple[str, str]]:
    return [(row.name, row.query) for row in list_views(clerk)]


def refusal(clerk: Actor, **values: str) -> Refused:
    with pytest.raises(Refused) as caught:
        save(clerk, **values)
    return caught.value


def test_views_stand_in_the_order_in_which_they_were_saved(clerk: Actor):
    for name in ("乙", "甲", "丙"):
        save(clerk, name)
    assert views_of(clerk) == [("乙", QUERY), ("甲", QUERY), ("丙", QUERY)]


def test_the_same_form_sent_twice_is_one_view(clerk: Actor):
    save(clerk)
    save(clerk)
    assert views_of(clerk) == [("本周", QUERY)]


def test_a_name_that_is_taken_is_only_replaced_by_somebody_who_says_so(clerk: Actor):
    save(clerk)
    refused = refusal(clerk, query="tab=all")
    assert (refused.code, refused.status, refused.about["name"]) == ("view_name_taken", 409, "本周")
    assert views_of(clerk) == [("本周", QUERY)]
    save(clerk, query="tab=all", is_replacing=True)
    assert views_of(clerk) == [("本周", "tab=all")]


def test_a_thirteenth_view_is_refused_and_replacing_still_works(clerk: Actor):
    for n in range(MOST_VIEWS):
        save(clerk, f"视图{n}")
    refused = refusal(clerk, name="再来")
    assert (refused.code, refused.about["most"]) == ("too_many_views", MOST_VIEWS)
    save(clerk, "视图3", "tab=all", is_replacing=True)
    assert len(views_of(clerk)) == MOST_VIEWS


@pytest.mark.parametrize(
    "text", ["19900001234", "1234", "199%2000001234", "１２３４", "1-2-3-4", "QTX%204821%209037", "王女士+0953+3051234"]
)
def test_words_that_look_like_a_number_of_somebody_are_not_kept(clerk: Actor, text: str):
    assert refusal(clerk, query=f"tab=all&q={text}").code == "digits_in_view"
    assert views_of(clerk) == []


@pytest.mark.parametrize("text", ["膳食", "3+楼", "60+岁", "S05", "12+月+3"])
def test_words_with_few_digits_are_kept(clerk: Actor, text: str):
    save(clerk, query=f"tab=all&q={text}")
    assert len(views_of(clerk)) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "missing"), ("  ", "missing"), ("长" * (LONGEST_NAME + 1), "view_name_too_long"),
        ("找19900001234", "digits_in_view"),
    ],
)  # fmt: skip
def test_a_name_must_be_short_and_nobodys_number(clerk: Actor, name: str, code: str):
    assert refusal(clerk, name=name).code == code


def test_a_query_too_long_for_its_column_is_refused(clerk: Actor):
    assert refusal(clerk, query="tab=all&q=" + "%E9%95%BF" * 40).code == "view_too_long"


def test_views_belong_to_one_account_at_one_desk(clerk: Actor, shared_city: City):
    save(clerk)
    (view,) = list_views(clerk)
    colleague = make_actor(Party.COMMUNITY, "东街居委会", division_code=COMMUNITY)
    other_desk = Actor(Party.OFFICE, "纲要办", account_id=clerk.account_id)
    for stranger in (colleague, other_desk):
        assert list_views(stranger) == []
        with pytest.raises(NotFound):
            rename_view(stranger, view.id, "我的")
        with pytest.raises(NotFound):
            remove_view(stranger, view.id)
    assert views_of(clerk) == [("本周", QUERY)]


def test_a_view_takes_another_name_unless_another_view_has_it(clerk: Actor):
    save(clerk, "甲")
    save(clerk, "乙", "tab=all")
    first = list_views(clerk)[0].id
    rename_view(clerk, first, "甲")
    with pytest.raises(Refused) as caught:
        rename_view(clerk, first, "乙")
    assert (caught.value.code, caught.value.status) == ("view_name_taken", 409)
    rename_view(clerk, first, "丙")
    assert views_of(clerk) == [("丙", QUERY), ("乙", "tab=all")]


def test_a_removed_view_makes_room(clerk: Actor):
    save(clerk)
    view_id = list_views(clerk)[0].id
    assert remove_view(clerk, view_id) == "本周"
    assert views_of(clerk) == []
    with pytest.raises(NotFound):
        remove_view(clerk, view_id)
