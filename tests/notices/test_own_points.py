"""One's own addresses: nothing but the code goes there before the code came back."""

import re
from datetime import timedelta

import pytest

from qtxvol.channels.message import Message, Receipt, State
from qtxvol.channels.models import Channel
from qtxvol.extensions import db
from qtxvol.notices import own_points
from qtxvol.notices.own_points import add_own, confirm_own, drop_own, list_own, move_own, send_code
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from tests.factories import NOW, City, link_of, make_city, placed


class Post:
    """What would have been sent."""

    def __init__(self, state: State = State.SENT) -> None:
        self.state, self.sent = state, list[tuple[str, Message]]()

    def __call__(self, channel: str, message: Message, **_more: object) -> Receipt:
        assert not db.session.info.get("qtxvol_writing")
        self.sent.append((channel, message))
        return Receipt(self.state)

    @property
    def code(self) -> str:
        found = re.search(r"\b\d{6}\b", self.sent[-1][1].text)
        assert found is not None
        return found[0]


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(own_points, "send", post)
    return post


@pytest.fixture
def city(ctx: None) -> City:
    city = make_city()
    with transaction():
        for code in ("mail", "sms"):
            db.session.add(Channel(code=code, is_on=True, settings="{}", changed_at=NOW))
    return city


def test_an_address_counts_once_its_code_came_back(city: City, post: Post) -> None:
    point = add_own(city.volunteer, "mail", "zhao@example.org", NOW)
    assert send_code(city.volunteer, point, NOW)
    assert [channel for channel, _message in post.sent] == ["mail"]
    (row,) = list_own(city.volunteer)
    assert (row.is_active, row.verified_at, row.masked) == (False, None, "z***@example.org")
    confirm_own(city.volunteer, point, f" {post.code} ", NOW + timedelta(minutes=14))
    (row,) = list_own(city.volunteer)
    assert row.is_active
    assert row.verified_at == NOW + timedelta(minutes=14)
    confirm_own(city.volunteer, point, "whatever", NOW)  # done already
    with pytest.raises(Refused, match="is_confirmed"):
        send_code(city.volunteer, point, NOW)


def test_a_wrong_or_old_code_is_refused_and_guessing_slows_down(city: City, post: Post) -> None:
    point = add_own(city.team, "mail", "dui@example.org", NOW)
    send_code(city.team, point, NOW)
    with pytest.raises(Refused) as caught:
        confirm_own(city.team, point, post.code, NOW + timedelta(minutes=31))
    assert (caught.value.status, caught.value.about["field"]) == (422, "code")
    wrong = f"{(int(post.code) + 1) % 10**6:06d}"
    for _ in range(5):
        with pytest.raises(Refused, match="invalid"):
            confirm_own(city.team, point, wrong, NOW)
    with pytest.raises(Refused, match="wait"):
        confirm_own(city.team, point, post.code, NOW)


def test_an_address_that_is_added_again_gets_no_fresh_guesses(city: City, post: Post) -> None:
    for _ in range(3):
        point = add_own(city.team, "sms", "19900001234", NOW)
        for _ in range(5):
            with pytest.raises(Refused, match="invalid"):
                confirm_own(city.team, point, "no code", NOW)
        drop_own(city.team, point)
        add_own(city.office, "mail", f"{point}@example.org", NOW)  # SQLite would give the same number again
    point = add_own(city.team, "sms", "19900001234", NOW)
    with pytest.raises(Refused, match="wait"):
        confirm_own(city.team, point, "no code", NOW)


def test_codes_are_not_sent_without_end(city: City, post: Post) -> None:
    point = add_own(city.department, "sms", "19900001234", NOW)
    for _ in range(3):
        send_code(city.department, point, NOW)
    with pytest.raises(Refused, match="wait"):
        send_code(city.department, point, NOW)
    again = add_own(city.community, "sms", "199 0000 1234", NOW)
    with pytest.raises(Refused, match="wait"):  # the same stranger, asked for by another account
        send_code(city.community, again, NOW)
    assert len(post.sent) == 3


def test_a_channel_that_refuses_says_so(city: City, post: Post) -> None:
    post.state = State.RETRY
    point = add_own(city.office, "mail", "gangyao@example.org", NOW)
    assert not send_code(city.office, point, NOW)


@pytest.mark.parametrize(
    ("channel", "address", "field"),
    [
        ("mail", "not an address", "address"),
        ("mail", "a@b", "address"),
        ("mail", "a@example.org\r\nBcc: x@example.org", "address"),
        ("sms", "0953-3051234", "address"),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", "channel"),  # not switched on
        ("pigeon", "x", "channel"),
    ],
)
def test_a_bad_address_is_refused_with_its_field(city: City, channel: str, address: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        add_own(city.team, channel, address, NOW)
    assert caught.value.about["field"] == field
    assert list_own(city.team) == []


def test_the_chain_is_put_in_order_and_shortened(city: City) -> None:
    points = [add_own(city.team, "mail", f"a{i}@example.org", NOW) for i in range(3)]
    assert add_own(city.team, "mail", "a1@example.org", NOW) == points[1]
    move_own(city.team, points[2], -1)
    move_own(city.team, points[0], -1)  # at its end already
    assert [point.id for point in list_own(city.team)] == [points[0], points[2], points[1]]
    move_own(city.team, points[0], 1)
    assert [point.id for point in list_own(city.team)] == [points[2], points[0], points[1]]
    drop_own(city.team, points[0])
    assert [(point.id, point.rank) for point in list_own(city.team)] == [(points[2], 1), (points[1], 2)]


def test_nobody_touches_the_addresses_of_another(city: City, post: Post) -> None:
    point = add_own(city.team, "mail", "dui@example.org", NOW)
    for act in (
        lambda: send_code(city.department, point, NOW),
        lambda: confirm_own(city.department, point, "1", NOW),
        lambda: move_own(city.department, point, 1),
        lambda: drop_own(city.department, point),
    ):
        with pytest.raises(NotFound):
            act()
    assert post.sent == []
    with pytest.raises(Refused, match="wrong_party"):
        list_own(link_of(placed(city)))
