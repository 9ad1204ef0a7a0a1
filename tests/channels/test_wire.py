"""Outgoing HTTP: how far it goes, how long it waits, and where it never goes."""

import socket
import time
from collections.abc import Callable

import pytest

from qtxvol.channels import hosts, webhook
from qtxvol.channels.hosts import check_target, find_addresses, is_public, parse_target
from qtxvol.channels.message import Fault, Receipt
from qtxvol.channels.wire import LARGEST_ANSWER, post
from tests.channels.conftest import a_message, a_way
from tests.channels.receivers import Receiver, free_port, raw_server


def fault_of(step: Callable[[], object]) -> Receipt:
    with pytest.raises(Fault) as caught:
        step()
    return caught.value.receipt


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.says("", 302, Location=f"{receiver.url}/elsewhere")
    receipt = fault_of(lambda: webhook.send(a_message(receiver.url), a_way(receiver.host)))
    assert (receipt.state, receipt.detail) == ("refused", "redirect")
    assert [seen.path for seen in receiver.seen] == ["/"]


def test_a_huge_answer_is_cut(receiver: Receiver) -> None:
    receiver.says("x" * (LARGEST_ANSWER * 20))
    answer = post(receiver.url, b"{}", {}, a_way(receiver.host))
    assert len(answer.body) == LARGEST_ANSWER


def test_an_answer_that_trickles_in_is_given_up_and_unknown() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 4000:
            connection.send(bytes([byte]))
            time.sleep(0.02)

    with raw_server(drip) as host:
        began = time.monotonic()
        receipt = fault_of(lambda: post(f"http://{host}/", b"{}", {}, a_way(host, seconds=0.4)))
        assert (receipt.state, receipt.detail) == ("unknown", "no_answer")
        assert time.monotonic() - began < 20  # it would be eighty seconds; not a measurement, only "not for ever"


def test_a_server_that_hangs_up_after_the_request_leaves_it_unknown() -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.close()

    with raw_server(hang_up) as host:
        assert fault_of(lambda: post(f"http://{host}/", b"{}", {}, a_way(host))).state == "unknown"


def test_nobody_listening_is_tried_again() -> None:
    host = f"127.0.0.1:{free_port()}"
    receipt = fault_of(lambda: post(f"http://{host}/", b"{}", {}, a_way(host)))
    assert (receipt.state, receipt.detail) == ("retry", "cannot_connect")


def test_a_server_without_tls_behind_https_is_tried_again(receiver: Receiver) -> None:
    url = receiver.url.replace("http:", "https:")
    assert fault_of(lambda: post(url, b"{}", {}, a_way(receiver.host, seconds=1))).detail == "cannot_connect"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (400, "refused"),
        (404, "refused"),
        (410, "refused"),
        (408, "retry"),
        (429, "retry"),
        (500, "retry"),
        (503, "retry"),
    ],
)
def test_what_a_status_means(receiver: Receiver, status: int, state: str) -> None:
    receiver.says("no", status)
    assert fault_of(lambda: webhook.send(a_message(receiver.url), a_way(receiver.host))).state == state


@pytest.mark.parametrize(
    ("header", "wait"),
    [("30", 30), ("99999999", 86400), ("soon", None), ("-5", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("", None)],
)
def test_retry_after_is_seconds_or_a_moment(receiver: Receiver, header: str, wait: int | None) -> None:
    receiver.says("slow down", 429, Retry_After=header)
    assert fault_of(lambda: webhook.send(a_message(receiver.url), a_way(receiver.host))).retry_after == wait


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.net/",
        "file:///etc/passwd",
        "https://user:pass@example.net/",
        "https:///nowhere",
        "https://example.net:99999/",
        "https://example.net/ x",
        "https://example.net/\r\nX-Injected: 1",
        "https://例子.测试/",
        "",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    assert fault_of(lambda: parse_target(url)).detail == "bad_address"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.net/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://0.0.0.0/",
        "https://[fd00::1]/",
    ],
)
def test_no_private_address_and_nothing_without_tls(url: str) -> None:
    assert fault_of(lambda: check_target(parse_target(url), ())).detail == "host_forbidden"


def test_a_name_that_leads_into_the_house_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "look_up", lambda *_: ["93.184.216.34", "192.168.0.7"])
    target = parse_target("https://rebound.example.net/")
    assert fault_of(lambda: find_addresses(target, (), 1)).detail == "host_forbidden"
    assert find_addresses(target, {"rebound.example.net"}, 1) == ["93.184.216.34", "192.168.0.7"]


def test_the_connection_goes_to_the_address_that_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look-up could answer something else."""
    asked: list[str] = []
    monkeypatch.setattr(hosts, "look_up", lambda host, *_: asked.append(host) or ["127.0.0.1"])
    url = f"http://hooks.example.net:{receiver.port}/x"
    assert post(url, b"{}", {}, a_way("hooks.example.net")).status == 200
    assert asked == ["hooks.example.net"]
    assert receiver.seen[0].headers["Host"] == f"hooks.example.net:{receiver.port}"


@pytest.mark.parametrize("address", ["8.8.8.8", "2400:3200::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_a_listed_port_does_not_list_the_other_ports_of_a_host() -> None:
    assert (
        fault_of(lambda: check_target(parse_target("http://10.0.0.5:81/"), {"10.0.0.5:80"})).detail == "host_forbidden"
    )
    check_target(parse_target("http://10.0.0.5/"), {"10.0.0.5:80"})


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert post(receiver.url, b"{}", {}, a_way(receiver.host)).status == 200
