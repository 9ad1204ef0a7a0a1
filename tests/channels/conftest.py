from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from qtxvol.channels.message import Message, Way
from tests.channels.receivers import Receiver, http_receiver

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as found:
        yield found


def a_message(address: str, **more: object) -> Message:
    return Message(
        **{"key": "notice-12-mail", "address": address, "subject": "明天有服务", "text": "请准时到场。", **more}
    )


def a_way(*listed: str, seconds: float = 5, **setup: str) -> Way:
    return Way(setup, AT, frozenset(listed), seconds)
