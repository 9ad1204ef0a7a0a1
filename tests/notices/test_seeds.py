"""Every kind of notice has words of its own for everybody who can get it, in both languages."""

import pytest

from qtxvol.notices.kinds import KINDS
from qtxvol.notices.seeds import FAMILIES, Template, WordingKey, _load, audience_of, get_seed, list_keys
from qtxvol.notices.variables import LOCALES, examples, fill, find_fault, list_variables
from qtxvol.orders.lifecycle import RULES
from qtxvol.privacy.numbers import has_own_number

KEYS = list(list_keys())
ONE_SMS = 70


def said(key: WordingKey, *, is_bare: bool = False) -> Template:
    """The seed about an invented order; bare: without its link."""
    kind = KINDS[key.kind]
    template = get_seed(key)
    values = examples(key.locale, {each.name for each in list_variables(kind, is_mail=key.family == "long")})
    text = template.text.replace("{link}", "").replace("{answer_link}", "") if is_bare else template.text
    return Template(fill(template.subject, values, key.locale), fill(text, values, key.locale))


def test_every_kind_says_who_may_get_it() -> None:
    assert [kind.code for kind in KINDS.values() if not kind.readers] == []
    for rule in RULES:
        assert set(KINDS[rule.action].readers) == set(rule.tells)


def test_every_kind_has_words_of_its_own_for_each_of_its_readers() -> None:
    words = _load()
    wanted = {(kind.code, audience_of(party)) for kind in KINDS.values() for party in kind.readers}
    own = {(kind, audience) for kind, audiences in words.items() for audience in audiences}
    assert wanted - own == set()
    assert own - wanted == {("any", "any"), ("any_plain", "any")}
    assert {(key.kind, key.audience) for key in KEYS} == wanted


@pytest.mark.parametrize("key", KEYS, ids=lambda key: "-".join((key.kind, key.audience, key.family, key.locale)))
def test_the_words_hold_what_a_wording_must(key: WordingKey) -> None:
    kind, template = KINDS[key.kind], get_seed(key)
    assert find_fault(template.subject, kind, is_mail=False) is None
    assert find_fault(template.text, kind, is_mail=key.family == "long") is None
    filled = said(key)
    for text in (filled.subject, filled.text):
        assert text
        assert "{" not in text
        assert not has_own_number(text)
    assert len(filled.subject) <= 80
    if key.locale == "en":
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in template.subject + template.text)
    elif key.family == "short":
        assert len(said(key, is_bare=True).text) <= ONE_SMS


def test_a_resident_reads_other_words_than_a_clerk() -> None:
    for locale in LOCALES:
        for family in FAMILIES:
            resident = get_seed(WordingKey("accept", "resident", family, locale))
            assert resident != get_seed(WordingKey("accept", "staff", family, locale))


def test_a_kind_from_a_later_release_has_general_words() -> None:
    template = get_seed(WordingKey("from_the_future", "staff", "short", "zh"))
    assert "{number}" in template.text


def test_whoever_is_asked_something_gets_the_link_that_answers() -> None:
    for kind, audience in (
        ("offer", "team"),
        ("remind_day", "volunteer"),
        ("remind_day", "team"),
        ("confirm_time", "resident"),
        ("accept", "volunteer"),
        ("close", "resident"),
    ):
        assert "{answer_link}" in get_seed(WordingKey(kind, audience, "short", "zh")).text, kind
    for kind, audience in (("accept", "team"), ("remind_day", "resident"), ("close", "staff"), ("claim", "resident")):
        assert "{answer_link}" not in get_seed(WordingKey(kind, audience, "short", "zh")).text, kind
