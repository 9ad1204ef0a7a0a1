"""Where a body is told besides its inbox: the robot in its group chat, its mailbox. Shared by the desks of bodies."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from qtxvol.channels.contacts import (
    add_address,
    body_of,
    list_addresses,
    list_bodies,
    list_offered,
    read_body,
    remove_address,
    try_contact,
)
from qtxvol.channels.specs import CHANNELS
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.channel_words import TONES, channel_name, receipt_words
from qtxvol.web.desk_frame import EXTRA_NAV, ID, desk_of, render_desk
from qtxvol.web.display import party_label, pick, say
from qtxvol.web.forms import BaseForm, choice, choice_field, form_data, now, text_field
from qtxvol.web.i18n import _, _l


class AddressForm(BaseForm):
    body = choice_field(_l("哪个单位"), required=_l("请选一个单位。"))
    channel = choice_field(_l("渠道"), required=_l("请选一个渠道。"))
    address = text_field(
        _l("地址"),
        longest=500,
        required=_l("请填地址。"),
        description=_l("机器人填完整的 Webhook 地址；有加签密钥的，在地址后面加 # 和密钥。保存后不再显示。"),
        render_kw={"autocomplete": "off"},
    )


def add_addresses(bp: Blueprint, party: Party) -> None:
    """Give a desk its page of addresses. Seldom needed, so it comes last; the office has it below its channels."""
    bp.add_url_rule("/addresses", "addresses", addresses)
    bp.add_url_rule("/addresses", "add_address", submit_address, methods=["POST"])
    bp.add_url_rule(f"/addresses/<{ID}:point_id>/remove", "drop_address", drop_address, methods=["POST"])
    bp.add_url_rule(f"/addresses/<{ID}:point_id>/try", "try_address", try_address, methods=["POST"])
    if party is not Party.OFFICE:
        EXTRA_NAV[party].append((f"{bp.name}.addresses", _l("接收地址")))


def addresses() -> ResponseReturnValue:
    """The list, and the form for one more."""
    form = _make_form()
    if len(form.channel.choices) == 1:
        form.channel.data = form.channel.choices[0].value
    return _show(form)


def submit_address() -> ResponseReturnValue:
    """One more."""
    actor = current_actor()
    form = _make_form(form_data())
    if not form.validate():
        return _show(form), 422
    try:
        body = read_body(form.body.data) if "body" in form else body_of(actor)
        add_address(actor, body, form.channel.data, form.address.data or "", now())
    except Refused as refused:
        form.refuse(refused, default="address")
        return _show(form), refused.status
    flash(_("已添加。请点“发测试消息”，看看收不收得到。"), "done")
    return _back()


def drop_address(point_id: int) -> ResponseReturnValue:
    """One less; a second tap finds it gone."""
    try:
        remove_address(current_actor(), point_id, now())
    except NotFound:
        flash(_("这个地址已经不在了。"), "note")
        return _back()
    flash(_("已删除，不再往那里发通知。"), "done")
    return _back()


def try_address(point_id: int) -> ResponseReturnValue:
    """A test message to an address of the list."""
    try:
        receipt = try_contact(current_actor(), point_id, now())
    except NotFound:
        flash(_("这个地址已经不在了。"), "note")
        return _back()
    flash(_("测试消息——%(answer)s", answer=receipt_words(receipt)), TONES[receipt.state])
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for(f"{desk_of(current_actor().party)}.addresses"), 303)


def _show(form: AddressForm) -> str:
    actor = current_actor()
    names = _body_names() if actor.party is Party.OFFICE else {}
    rows = [
        (row, channel_name(row.channel), names.get(f"{row.party}:{row.scope}", "")) for row in list_addresses(actor)
    ]
    return render_desk(
        "desk/addresses.html",
        nav_current="office.channels" if actor.party is Party.OFFICE else "",
        form=form,
        rows=rows,
        examples=[
            (say(CHANNELS[option.value].label), CHANNELS[option.value].example) for option in form.channel.choices
        ],
    )


def _make_form(data: Any = None) -> AddressForm:
    """With the channels that are on; only the office chooses the body."""
    actor = current_actor()
    form = AddressForm(formdata=data)
    form.channel.choices = [choice(code, channel_name(code)) for code in list_offered(actor)]
    if actor.party is Party.OFFICE:
        form.body.choices = [
            choice(key, name, group=party_label(key.partition(":")[0])) for key, name in _body_names().items()
        ]
    else:
        del form.body
    return form


def _body_names() -> dict[str, str]:
    return {key: pick(name, name_en) for key, (name, name_en) in list_bodies().items()}
