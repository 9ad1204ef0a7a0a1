"""Why nobody can be asked, as a notice tells it."""

import pytest

from qtxvol.matching.words import UNSERVED
from qtxvol.offers.nobody import ASKED_NOBODY, NobodyLeft
from qtxvol.web.nobody_words import UNSERVED as ON_PAGES

ANSWERS = {"declined": 12, "asked": 6, "asked_silent": 6, "had_it": 12}
MANY = [answer for answer, count in ANSWERS.items() for _ in range(count)]


@pytest.mark.parametrize("why", sorted(ASKED_NOBODY))
@pytest.mark.parametrize("answers", [(), MANY], ids=["nobody was asked", "many were"])
def test_every_reason_is_said_as_on_the_pages_and_fits_the_notice(why: str, answers: list[str]) -> None:
    about = NobodyLeft.of(why, answers).as_about()
    assert why in UNSERVED
    assert str(ON_PAGES[why][0]) in about["reason"]
    assert all(0 < len(text) <= 60 for text in about.values()), about


def test_answers_are_counted_by_what_was_said() -> None:
    left = NobodyLeft.of("all_declined", ["declined", "asked", "asked_silent", "declined", "had_it"])
    assert (left.said_no, left.unanswered, left.had_it, left.asked) == (2, 2, 1, 5)
    assert left.as_about()["reason"] == "能问的队都问过了，2 支接不了，2 支还没有答复，1 支接过又退出"
    assert NobodyLeft.of("no_time", ["declined"]).as_about()["reason"] == "所选的时间都过了，或者来不及准备"
