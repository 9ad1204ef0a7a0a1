"""Mail, against a real SMTP server."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from qtxvol.channels import mail
from qtxvol.channels.message import Fault, Receipt, Way
from tests.channels.conftest import a_message, a_way
from tests.channels.receivers import free_port, raw_server, smtp_receiver

SETUP = {"host": "127.0.0.1", "security": "none", "sender": "keji@qtx.example", "sender_name": "青铜峡科普点单"}


def a_mail_way(port: int, seconds: float = 5, **more: str) -> Way:
    return a_way("127.0.0.1", seconds=seconds, **{**SETUP, "port": str(port), **more})


def fault_of(way: Way, address: str = "zhao@mail.example", **more: object) -> Receipt:
    with pytest.raises(Fault) as caught:
        mail.send(a_message(address, **more), way)
    return caught.value.receipt


def test_a_letter_arrives_with_chinese_names_and_calendar() -> None:
    calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    with smtp_receiver() as (mailbox, port):
        receipt = mail.send(
            a_message(
                "zhao@mail.example",
                link="https://qtx.example/t/x",
                calendar=calendar,
                unsubscribe="https://qtx.example/u",
            ),
            a_mail_way(port),
        )
    assert (receipt.state, receipt.detail) == ("sent", "SMTP 250")
    letter = mailbox.letters[0]
    assert mailbox.recipients == ["zhao@mail.example"]
    assert (letter["Subject"], letter["To"]) == ("明天有服务", "zhao@mail.example")
    assert letter["From"].addresses[0].display_name == "青铜峡科普点单"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] == "<https://qtx.example/u>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter.get_body().get_content().replace("\r\n", "\n") == "请准时到场。\nhttps://qtx.example/t/x\n"
    part = next(letter.iter_attachments())
    assert (part.get_content_type(), part.get_param("method"), part.get_filename()) == (
        "text/calendar",
        "REQUEST",
        "service.ics",
    )
    assert part.get_payload(decode=True).decode() == calendar


def test_each_try_of_a_message_has_the_same_id_and_another_message_another() -> None:
    with smtp_receiver() as (mailbox, port):
        for key in ("notice-1", "notice-1", "notice-2"):
            mail.send(a_message("zhao@mail.example", key=key), a_mail_way(port))
    first, again, other = (letter["Message-ID"] for letter in mailbox.letters)
    assert first == again != other
    assert first.endswith("@qtx.example>")


def test_a_line_that_is_a_dot_does_not_end_the_letter() -> None:
    way = a_mail_way(0)
    letter = mail.write(a_message("zhao@mail.example"), way.setup, way.at)
    letter.set_content("before\n.\n..two\nafter\n", cte="7bit")
    with smtp_receiver() as (mailbox, port), pytest.MonkeyPatch.context() as patch:
        patch.setattr(mail, "write", lambda *_: letter)
        mail.send(a_message("zhao@mail.example"), a_mail_way(port))
    assert mailbox.letters[0].get_content().replace("\r\n", "\n") == "before\n.\n..two\nafter\n"


@pytest.mark.parametrize(
    ("command", "answer", "state", "detail"),
    [
        ("RCPT", "550 no such user zhao@mail.example", "refused", "SMTP 550"),
        ("RCPT", "450 try later", "retry", "SMTP 450"),
        ("DATA", "554 looks like spam", "refused", "SMTP 554"),
        ("DATA", "451 busy", "retry", "SMTP 451"),
    ],
)
def test_what_the_servers_no_means(command: str, answer: str, state: str, detail: str) -> None:
    with smtp_receiver() as (mailbox, port):
        mailbox.refuse[command] = answer
        receipt = fault_of(a_mail_way(port))
    assert (receipt.state, receipt.detail) == (state, detail)
    assert not mailbox.letters


@pytest.mark.parametrize(
    "more",
    [
        {"subject": "明天\r\nBcc: all@mail.example"},
        {"subject": "明天\nX: y"},
        {"unsubscribe": "https://qtx.example/\r\nX: y"},
    ],
)
def test_a_line_end_in_a_header_is_refused(more: dict[str, str]) -> None:
    with smtp_receiver() as (mailbox, port):
        assert fault_of(a_mail_way(port), **more).detail == "bad_address"
    assert not mailbox.letters


@pytest.mark.parametrize(
    "address",
    ["a@b.example\r\nRCPT TO:<c@d.example>", "a b@c.example", "赵@mail.example", "a@", "<a@b.example>", "a@b,c@d"],
)
def test_an_address_that_is_more_than_one_is_refused(address: str) -> None:
    assert fault_of(a_mail_way(25), address).detail == "bad_address"


def test_nobody_listening_is_tried_again() -> None:
    receipt = fault_of(a_mail_way(free_port()))
    assert (receipt.state, receipt.detail) == ("retry", "cannot_connect")


def test_a_line_that_breaks_before_the_letter_is_tried_again_and_after_it_nobody_knows() -> None:
    def talk(connection: socket.socket, last: bytes) -> None:
        connection.sendall(b"220 hello\r\n")
        answers = {b"EHLO": b"250 hello\r\n", b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"DATA": b"354 go on\r\n"}
        file = connection.makefile("rb")
        for line in file:
            if line.startswith(last):
                break
            connection.sendall(answers.get(line[:4].upper(), b""))
        file.close()
        connection.close()

    for last, state in ((b"rcpt", "retry"), (b".\r\n", "unknown")):
        with raw_server(lambda connection, last=last: talk(connection, last)) as host:
            receipt = fault_of(a_mail_way(int(host.rpartition(":")[2])))
        assert (receipt.state, receipt.detail) == (state, "no_answer")


def test_a_server_that_only_trickles_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"2")
            connection.settimeout(0.02)
            try:
                if not connection.recv(100):
                    return
            except TimeoutError:
                continue

    with raw_server(drip) as host:
        receipt = fault_of(a_mail_way(int(host.rpartition(":")[2]), seconds=0.4))
    assert (receipt.state, receipt.detail) == ("retry", "no_answer")


def test_a_port_that_is_no_mail_servers_has_to_be_listed() -> None:
    way = a_way(**{**SETUP, "port": "6379"})
    assert fault_of(way).detail == "host_forbidden"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.qtx.example")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("mail.qtx.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, private


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it is TLS from the first byte on
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_signs_in_over_tls_and_trusts_only_the_named_servers_certificate(
    security: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, private = certificate
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(cert, private)
    signed_in: list[tuple[bytes, bytes]] = []

    def check(server, session, envelope, mechanism, data):
        signed_in.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    tls = {"ssl_context": serving} if security == "tls" else {"tls_context": serving, "require_starttls": True}
    more = {"authenticator": check, "auth_required": True, "auth_require_tls": security == "starttls"}
    monkeypatch.setattr(mail, "look_up", lambda *_: ["127.0.0.1"])
    monkeypatch.setattr(mail, "tls_context", lambda: ssl.create_default_context(cafile=cert))
    with smtp_receiver(**tls, **more) as (mailbox, port):
        listed = {"security": security, "username": "keji"}

        def way(host: str, password: str) -> Way:
            return a_way(host, **{**SETUP, **listed, "host": host, "port": str(port), "password": password})

        assert mail.send(a_message("zhao@mail.example"), way("mail.qtx.example", "right")).state == "sent"
        wrong = fault_of(way("mail.qtx.example", "wrong"))
        stranger = fault_of(way("other.qtx.example", "right"))
    assert (wrong.state, wrong.detail) == ("retry", "sign_in_failed")
    assert (stranger.state, stranger.detail) == ("retry", "cannot_connect")
    assert len(mailbox.letters) == 1
    assert set(signed_in) == {(b"keji", b"right"), (b"keji", b"wrong")}


def test_it_never_falls_back_to_an_open_line() -> None:
    with smtp_receiver() as (mailbox, port):
        receipt = fault_of(a_mail_way(port, security="starttls", username="keji", password="right"))
    assert (receipt.state, receipt.detail) == ("retry", "tls_missing")
    assert not mailbox.letters
