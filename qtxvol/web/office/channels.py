"""The ways out of the house: set up, on or off, tried out; and who changed what."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field as FormField
from wtforms import HiddenField

from qtxvol.channels.configure import get_spec, set_up_channel, switch_channel, try_channel
from qtxvol.channels.message import Receipt
from qtxvol.channels.queries import get_channel, list_channels, list_events, read_shown
from qtxvol.channels.specs import Field, Spec, SpecType
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.body_addresses import add_addresses
from qtxvol.web.channel_words import TONES, event_words, fault_words, receipt_words
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import (
    BaseForm,
    choice,
    choice_field,
    form_data,
    long_text_field,
    now,
    number_field,
    text_field,
)
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp

EXTRA_NAV[Party.OFFICE].append(("office.channels", _l("通知渠道")))
add_addresses(bp, Party.OFFICE)


@bp.get("/channels")
def channels() -> ResponseReturnValue:
    """All channels, and how each is doing."""
    return render_desk("office/channels.html", channels=list_channels(), fault_words=fault_words)


@bp.get("/channels/<code>")
def channel(code: str) -> ResponseReturnValue:
    """One channel, ready to be set up and tried."""
    return _show(code, _form(code))


@bp.post("/channels/<code>")
def set_up(code: str) -> ResponseReturnValue:
    """Write the settings."""
    spec = get_spec(code)
    form = _form_class(spec, read_shown(code)[1])(formdata=form_data())
    if not form.validate():
        return _show(code, form), 422
    try:
        values = {field.name: str(form[field.name].data or "") for field in spec.fields}
        is_changed = set_up_channel(current_actor(), code, values, form.seen_version, now())
    except Refused as refused:
        form.refuse(refused)
        if refused.code == "settings_changed":  # told once; whoever saves again means it
            form.version.data = str(get_channel(code).version)
        return _show(code, form), refused.status
    flash(
        _("已保存。请发一条测试消息，看看能不能用。") if is_changed else _("没有改动。"),
        "done" if is_changed else "note",
    )
    return redirect(url_for(".channel", code=code), 303)


@bp.post("/channels/<code>/switch")
def switch(code: str) -> ResponseReturnValue:
    """On or off."""
    is_on = request.form.get("on") == "1"
    form = _form(code)
    try:
        switch_channel(current_actor(), code, is_on, now())
    except Refused as refused:
        form.refuse(refused)
        return _show(code, form), refused.status
    flash(_("已启用，等着的通知会从这里发出。") if is_on else _("已停用，不再从这里发出通知。"), "done")
    return redirect(url_for(".channel", code=code), 303)


@bp.post("/channels/<code>/try")
def try_out(code: str) -> ResponseReturnValue:
    """A test message, and the real answer to it. Shown at once: what was typed stays in its field."""
    trial = _trial_class(get_spec(code))(formdata=form_data())
    if not trial.validate():
        return _show(code, _form(code), trial), 422
    try:
        receipt = try_channel(current_actor(), code, trial.address.data or "", now())
    except Refused as refused:
        trial.refuse(refused, default="address")
        return _show(code, _form(code), trial), refused.status
    return _show(code, _form(code), trial, receipt)


def _show(code: str, form: BaseForm, trial: BaseForm | None = None, receipt: Receipt | None = None) -> str:
    standing = get_channel(code)
    trial = trial or _trial_class(standing.spec)(formdata=None)
    return render_desk(
        "office/channel.html",
        nav_current="office.channels",
        standing=standing,
        form=form,
        trial=trial,
        failed=trial if trial.errors or trial.form_errors else form,
        answer=receipt_words(receipt) if receipt else "",
        answer_tone=TONES[receipt.state] if receipt else "",
        failure=fault_words(standing.failure),
        events=[(row, event_words(code, row.action, row.about)) for (row,) in list_events(code)],
    )


# Forms, drawn from the table of `specs.py`


class _ChannelForm(BaseForm):
    version = HiddenField()

    @property
    def seen_version(self) -> int:
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


def _form(code: str) -> BaseForm:
    """The form with what is stored; secrets stay where they are."""
    shown, secrets = read_shown(code)
    data: dict[str, Any] = {**shown, "version": str(get_channel(code).version)}
    if "port" in data:
        data["port"] = int(data["port"]) if data["port"].isdecimal() else None
    return _form_class(get_spec(code), secrets)(formdata=None, data=data)


def _form_class(spec: Spec, secrets: frozenset[str]) -> type[_ChannelForm]:
    fields = {field.name: _make_field(field, field.name in secrets) for field in spec.fields}
    return type("ChannelForm", (_ChannelForm,), fields)


def _make_field(field: Field, is_kept: bool) -> FormField:
    label, hint = say(field.label), say(field.hint)
    required = _("请填写%(name)s。", name=label) if field.is_required else None
    match field.type:
        case SpecType.NUMBER:
            return number_field(label, low=1, high=field.high, required=required, description=hint)
        case SpecType.LINES:
            return long_text_field(label, longest=field.high, description=hint)
        case SpecType.CHOICE:
            options = [choice(code, say(name)) for code, name in field.choices]
            return choice_field(label, required=_("请选择%(name)s。", name=label), choices=options)
        case SpecType.SECRET:
            kept = _("已保存，不显示。留空不变；要换就填新的；填一个减号 - 就清除。") if is_kept else ""
            # what is kept never comes back; what was just typed stays when another field is wrong
            kw = {"type": "password", "autocomplete": "new-password"}
            return text_field(label, longest=field.high, description=kept or hint, render_kw=kw)
    return text_field(label, longest=field.high, required=required, description=hint)


def _trial_class(spec: Spec) -> type[BaseForm]:
    return type(
        "TrialForm",
        (BaseForm,),
        {
            "address": text_field(
                say(spec.address),
                longest=500,
                required=_("请填要收测试消息的地址。"),
                description=_("例如 %(example)s", example=spec.example),
                render_kw={"autocomplete": "off"},
            )
        },
    )
