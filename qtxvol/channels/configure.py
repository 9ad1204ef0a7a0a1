"""Set up a channel, switch it on and off, try it out. The office's alone, and every change is written down."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from flask import current_app
from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.attempts import Limit, count_attempt, seconds_to_wait
from qtxvol.accounts.office import check_office
from qtxvol.base import CITY_TIME
from qtxvol.channels.addresses import read_address
from qtxvol.channels.hosts import check_target, parse_target
from qtxvol.channels.mail import is_mail_address
from qtxvol.channels.message import Fault, Message, Receipt
from qtxvol.channels.models import Channel, ChannelEvent
from qtxvol.channels.sending import note_receipt, read_settings, send
from qtxvol.channels.sms import find_unknown_gaps, is_rule, read_headers
from qtxvol.channels.specs import CHANNELS, Field, Spec, SpecType
from qtxvol.extensions import db
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: A page that sends is a page that somebody may lean on.
TRIES = Limit(10, timedelta(minutes=10))


def get_spec(code: str) -> Spec:
    """:raise NotFound: no such channel."""
    if code not in CHANNELS:
        raise NotFound(code)
    return CHANNELS[code]


def set_up_channel(actor: Actor, code: str, values: Mapping[str, str], version: int, now: datetime) -> bool:
    """Write the settings. A secret that is left empty stays as it was, unless where it goes is changed; `-` takes it
    away.

    :param version: of the settings that the actor saw; 0 where there were none.
    :return: whether anything was changed.
    :raise NotFound: no such channel.
    :raise Refused: `wrong_party` (403); `invalid` with its field (422); `settings_changed` (409).
    """
    check_office(actor)
    spec = get_spec(code)
    with transaction():
        row = _lock(code)
        if (row.version if row else 0) != version:
            raise Refused("settings_changed", 409)
        old = _stored(row)
        new = _merge(spec, values, old)
        _check(spec, new, is_on=row is not None and row.is_on)
        _check_secrets(spec, values, new, old)
        changed = [field.name for field in spec.fields if new.get(field.name, "") != old.get(field.name, "")]
        if row is not None and not changed:
            return False
        if row is None:
            db.session.add(Channel(code=code, settings=json.dumps(new, ensure_ascii=False), changed_at=now))
        else:
            row.settings, row.version, row.changed_at = json.dumps(new, ensure_ascii=False), row.version + 1, now
        note_event(actor, code, "set_up", now, changed)
    return True


def switch_channel(actor: Actor, code: str, is_on: bool, now: datetime) -> None:
    """Let it send, or not. Twice the same is a quiet success.

    :raise NotFound: no such channel.
    :raise Refused: `wrong_party` (403); `invalid` naming the first setting that is missing (422).
    """
    check_office(actor)
    spec = get_spec(code)
    with transaction():
        row = _lock(code)
        if is_on:
            _check(spec, {**spec.defaults, **_stored(row)}, is_on=True)
        if (row is not None and row.is_on) == is_on:
            return
        if row is None:
            row = Channel(code=code, settings="{}", changed_at=now)
            db.session.add(row)
        else:
            row.version += 1
        row.is_on, row.changed_at = is_on, now
        note_event(actor, code, "on" if is_on else "off", now)


def try_channel(actor: Actor, code: str, address: str, now: datetime) -> Receipt:
    """Send a message to an address of the actor's own, with the stored settings, whether the channel is on or not.
    Takes up to ten seconds.

    :raise NotFound: no such channel.
    :raise Refused: `wrong_party` (403); `invalid` (422) for the address; `wait` (429).
    """
    check_office(actor)
    get_spec(code)
    setup = read_settings(code) or {}
    return try_address(actor, code, check_address(code, address, setup), now)


def try_address(actor: Actor, code: str, address: str, now: datetime) -> Receipt:
    """The same for an address that has been checked.

    :raise Refused: `wait` (429).
    """
    key = f"channel:{actor.account_id}"
    wait = seconds_to_wait(key, TRIES, now)
    if wait:
        raise Refused("wait", 429, seconds=wait)
    count_attempt(key, TRIES, now)
    db.session.rollback()  # nothing stays open while the network is waited for
    receipt = send(code, _trial(address, now))
    with transaction():
        note_receipt(code, receipt, now)
        note_event(actor, code, "tried", now, [str(receipt.state)])
    return receipt


def check_address(code: str, text: str, setup: dict[str, str] | None = None) -> str:
    """The address in plain form.

    :raise Refused: `invalid` (422) at the field `address`.
    """
    listed = current_app.extensions["qtxvol_settings"].outgoing_hosts
    try:
        return read_address(code, text, listed, setup)
    except Fault as fault:
        zh, en = _ADDRESS_FAULTS.get(fault.receipt.detail, _BAD_ADDRESS)
        example = CHANNELS[code].example
        raise Refused(
            "invalid", 422, field="address", message=zh.format(example), message_en=en.format(example)
        ) from None


_BAD_ADDRESS = ("这个地址不对。要像这样：{}", "This address will not do. It looks like {}")
_ADDRESS_FAULTS = {
    "bad_address": _BAD_ADDRESS,
    "host_forbidden": (
        "不能发往这个主机：它不是官方地址，也不在允许的名单里。请用 https 的公网地址，或请管理员加入名单。",
        "Nothing is sent to this host: it is neither an official one nor listed. Use a public https address, or have it"
        " listed.",
    ),
}


def note_event(
    actor: Actor,
    channel: str,
    action: str,
    now: datetime,
    about: list[str] | None = None,
    of: tuple[str, str] = ("", ""),
) -> None:
    """Write down what was done. Inside the caller's `transaction()`."""
    db.session.add(
        ChannelEvent(
            channel=channel,
            action=action,
            about=about or [],
            of_party=of[0],
            of_scope=of[1],
            party=actor.party,
            actor_name=actor.name,
            account_id=actor.account_id,
            at=now,
        )
    )


def _lock(code: str) -> Channel | None:
    return db.session.scalar(select(Channel).where(Channel.code == code).with_for_update())


def _stored(row: Channel | None) -> dict[str, str]:
    found: dict[str, str] = json.loads(row.settings or "{}") if row else {}
    return found


def _merge(spec: Spec, values: Mapping[str, str], old: Mapping[str, str]) -> dict[str, str]:
    """What was sent over what was there; a secret that was left empty is not forgotten."""
    new = {}
    for field in spec.fields:
        value = (values.get(field.name) or "").strip()
        if field.type is SpecType.SECRET:
            value = "" if value == "-" else value or old.get(field.name, "")
        new[field.name] = value
    return new


# Checks: each says which field, and what to do


def _check(spec: Spec, values: Mapping[str, str], *, is_on: bool) -> None:
    """:raise Refused: `invalid` (422). What is missing may stay missing until the channel is switched on."""
    for field in spec.fields:
        _check_field(field, values.get(field.name, ""))
    missing = spec.missing(values)
    if is_on and missing:
        _refuse(
            missing.name, f"启用前请先填写“{missing.label.zh}”。", f"Fill in {missing.label.en} before switching on."
        )
    match spec.code:
        case "mail":
            _check_mail(values)
        case "sms":
            _check_sms(values)


def _check_secrets(spec: Spec, values: Mapping[str, str], new: Mapping[str, str], old: Mapping[str, str]) -> None:
    """A secret can be written and not read: nor by having it sent somewhere else."""
    lead = next((each for each in spec.fields if each.leads_secrets and new[each.name] != old.get(each.name, "")), None)
    if lead is None:
        return
    for field in spec.fields:
        is_kept = not (values.get(field.name) or "").strip() and bool(old.get(field.name))
        if field.type is SpecType.SECRET and is_kept:
            _refuse(
                field.name,
                f"改了“{lead.label.zh}”，请把“{field.label.zh}”重新填一遍；不用了就填一个减号 -。",
                f"{lead.label.en} has changed: type {field.label.en} again, or - if it is not needed any more.",
            )


def _check_field(field: Field, value: str) -> None:
    zh, en = field.label.zh, field.label.en
    lines = value.splitlines() if field.type is SpecType.LINES else [value]
    if not all(line.isprintable() for line in lines):
        _refuse(field.name, f"{zh}里有无法显示的字符，请删掉。", f"{en}: delete the characters that can't be shown.")
    if field.type is SpecType.NUMBER:
        if value and not (value.isascii() and value.isdecimal() and 1 <= int(value[:9]) <= field.high):
            _refuse(field.name, f"{zh}请填 1 到 {field.high} 的整数。", f"{en}: a whole number from 1 to {field.high}.")
    elif len(value) > field.high:
        _refuse(field.name, f"{zh}最多 {field.high} 个字。", f"{en}: at most {field.high} characters.")
    if field.choices and value and value not in dict(field.choices):
        _refuse(field.name, f"{zh}请从列表里选。", f"{en}: choose from the list.")


def _check_mail(values: Mapping[str, str]) -> None:
    if values.get("sender") and not is_mail_address(values["sender"]):
        _refuse("sender", "发件地址要像 name@example.cn 这样。", "The sender's address looks like name@example.cn.")
    if values.get("password") and values.get("security") == "none":
        _refuse(
            "security",
            "有密码时不能不加密，否则密码会在网上明文传送。",
            "Not without encryption where there is a password: it would travel in the clear.",
        )


def _check_sms(values: Mapping[str, str]) -> None:
    for name in ("url", "headers", "body"):
        unknown = find_unknown_gaps(values.get(name, ""))
        if unknown:
            _refuse(
                name,
                f"不认识 {{{unknown[0]}}}。只能用 {{phone}}、{{text}}、{{key}}、{{account}}、{{secret}}。",
                f"{{{unknown[0]}}} is unknown. Only {{phone}}, {{text}}, {{key}}, {{account}}, {{secret}}.",
            )
    if values.get("url"):
        _check_sms_request(values)
    rules = [
        ("success", values.get("success", "")),
        *(("again", line) for line in values.get("again", "").splitlines()),
    ]
    for name, rule in rules:
        if rule.strip() and not is_rule(rule.strip()):
            _refuse(
                name,
                "请写成 json:Code=OK、status:200 或 contains:success 这样。",
                "Write json:Code=OK, status:200 or contains:success.",
            )


def _check_sms_request(values: Mapping[str, str]) -> None:
    try:
        target = parse_target(values["url"].replace("{", "%7B").replace("}", "%7D"))
        check_target(target, current_app.extensions["qtxvol_settings"].outgoing_hosts)
    except Fault as fault:
        zh, en = _ADDRESS_FAULTS.get(fault.receipt.detail, _BAD_ADDRESS)
        example = "https://sms.example.cn/send"
        _refuse("url", zh.format(example), en.format(example))
    if "{" in values["url"].partition("?")[0]:
        _refuse("url", "花括号只能写在 ? 后面。", "Braces only behind the question mark.")
    try:
        read_headers(values.get("headers", ""), {})
    except Fault:
        _refuse("headers", "请求头每行写“名称: 值”。", "One “Name: value” a line.")
    if not any("{phone}" in values.get(name, "") for name in ("url", "body", "headers")):
        _refuse("body", "接口地址或请求内容里要有 {phone}。", "{phone} must stand in the address or the body.")


def _refuse(field: str, zh: str, en: str) -> None:
    raise Refused("invalid", 422, field=field, message=zh, message_en=en)


def _trial(address: str, now: datetime) -> Message:
    text = f"这是一条测试消息，{now.astimezone(CITY_TIME):%Y-%m-%d %H:%M} 发出。收到它，说明这个渠道能用。"
    return Message(f"trial-{uuid4().hex}", address, "青铜峡科普点单：测试消息", text)
