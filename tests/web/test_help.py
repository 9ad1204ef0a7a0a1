"""Help in place: the guide of a desk, the pages of help, and words that explain themselves."""

import re

import pytest

from qtxvol.orders.lifecycle import RULES, Action, Party, Status
from qtxvol.web.glossary import STATUS_TERMS, TAB_TERMS, TERMS
from qtxvol.web.guides import GUIDES
from tests.factories import placed
from tests.web.pages import get_page, submit
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

DESKS = ("resident", "community", "department", "team", "volunteer", "office")


@pytest.mark.parametrize("desk", DESKS)
def test_a_desk_opens_with_its_guide_until_it_is_put_away(site: Site, desk: str):
    browser = site.browser(getattr(site.city, desk))
    page = get_page(browser, f"/{desk}/")
    assert "第一次来？" in page.text
    answer = submit(browser, page.form(f"/help/{desk}/seen"))
    assert (answer.status_code, answer.location) == (303, f"/{desk}/")
    assert "第一次来？" not in get_page(browser, f"/{desk}/").text
    assert "最先要做的几步" in get_page(browser, f"/help/{desk}").text


def test_a_guide_is_put_away_for_one_seat_only(site: Site):
    browser = site.browser(site.city.community)
    submit(browser, get_page(browser, "/community/").form("/help/community/seen"))
    assert "第一次来？" in get_page(site.browser(site.city.other_community), "/community/").text


def test_nobody_puts_away_the_guide_of_a_desk_that_is_not_theirs(site: Site):
    browser = site.browser(site.city.team)
    form = get_page(browser, "/team/").form("/help/team/seen")
    form.action = "/help/office/seen"
    assert submit(browser, form).status_code == 403
    assert "第一次来？" in get_page(site.browser(site.city.office), "/office/").text


def test_putting_away_a_guide_asks_strangers_to_sign_in(site: Site):
    browser = site.browser()
    form = get_page(browser, "/help").form("/view")
    form.action = "/help/team/seen"
    assert submit(browser, form).status_code == 401


@pytest.mark.parametrize("party", [*DESKS, "words"])
def test_help_is_open_to_all(site: Site, party: str):
    browser = site.browser()
    assert f'href="/help/{party}"' in browser.get("/help").text
    get_page(browser, f"/help/{party}")


@pytest.mark.parametrize("party", ["system", "mayor"])
def test_no_help_for_parties_without_a_desk(site: Site, party: str):
    assert site.browser().get(f"/help/{party}").status_code == 404
    assert site.browser(site.city.office).post(f"/help/{party}/seen").status_code in (400, 404)


@pytest.mark.parametrize("desk", DESKS)
def test_every_step_of_a_guide_leads_to_a_page_of_that_party(site: Site, desk: str):
    browser = site.browser(getattr(site.city, desk))
    guide = re.search(r'<ol class="guide__steps">.*?</ol>', browser.get(f"/help/{desk}").text, re.S)
    assert guide
    links = re.findall(r'<a class="guide__link" href="([^"]+)"', guide[0])
    assert 3 <= len(links) <= 5
    for link in links:
        get_page(browser, link.replace("&amp;", "&"))


def test_every_party_with_a_desk_has_a_guide():
    assert set(GUIDES) == set(Party) - {Party.SYSTEM}


def test_every_status_and_every_action_is_explained():
    undone = {rule.action for rule in RULES if rule.undoes is not None}  # one word explains them all
    assert {str(action) for action in set(Action) - undone} | {"undo"} <= set(TERMS)
    assert set(STATUS_TERMS) == set(Status)
    assert {*STATUS_TERMS.values(), *TAB_TERMS.values()} <= set(TERMS)


def test_the_page_of_words_has_every_word_at_its_anchor(site: Site):
    page = get_page(site.browser(), "/help/words")
    ids = {attributes.get("id") for _, attributes in page.tags}
    assert set(TERMS) <= ids


def test_a_status_explains_itself_without_script(site: Site):
    number = site.make(placed).number
    page = site.page(site.city.community, number)
    links = [attributes.get("href") for tag, attributes in page.tags if tag == "a"]
    assert "/help/words#placed" in links
