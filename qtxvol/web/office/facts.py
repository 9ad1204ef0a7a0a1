"""The city's facts: the menu, departments, divisions, who leads what, reasons, time limits, words, targets.

Every page is drawn from the table in `directory/kinds.py`; nothing here knows a single column but `_SHOWN`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field as FormField
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.directory.edit import add_fact, deactivate_fact, edit_fact
from qtxvol.directory.kinds import KINDS, Field, FieldType, Kind, Values, get_kind, key_text
from qtxvol.directory.queries import choice_names, count_facts, get_fact, list_choices, list_facts
from qtxvol.orders.lifecycle import Label
from qtxvol.paging import page_of
from qtxvol.refusals import Refused
from qtxvol.web.action_forms import ManyField
from qtxvol.web.desk import render_desk
from qtxvol.web.display import pick, say
from qtxvol.web.forms import (
    BaseForm,
    Required,
    choice,
    choice_field,
    form_data,
    long_text_field,
    now,
    number_field,
    text_field,
    tick_field,
)
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp, empty_text, page_number, search_text, url_for_page

#: What a tile says about its kind.
_ABOUT: dict[str, Any] = {
    "menu_item": _l("群众能点的服务项目，由哪个部门承办"),
    "department": _l("能派单的部门和单位"),
    "division": _l("街道、镇、农林场和社区、村"),
    "route": _l("每项行动和工程由谁牵头、谁配合"),
    "reason": _l("退单、撤单等要选的原因，和群众看到的提示"),
    "time_limit": _l("派单、领单、接单、首次电话、办结各在多久以内；改了以后，正在计时的单不变"),
    "office_hours": _l("周一到周五几点上班、几点下班，时限按这个算"),
    "star_level": _l("几颗星各要多少小时；改了门槛，已经授予的星不变"),
    "term": _l("人群、主题、技能和形式的叫法"),
    "target": _l("方案里的指标和目标值"),
    "science_day": _l("科普日、科技活动周等在哪天，适合哪些项目，提前几天提醒部门"),
    "semester": _l("每学期从哪天到哪天，按学期统计时用"),
    "school": _l("全市的学校，没点过单的也算在内；名称写法不同的并成一所"),
}

#: The columns of each list, beside the name.
_SHOWN: dict[str, tuple[str, ...]] = {
    "menu_item": ("theme", "department_id"),
    "department": ("kind",),
    "division": ("kind", "parent_code"),
    "route": ("part",),
    "reason": ("action", "hint"),
    "time_limit": ("amount", "unit"),
    "office_hours": ("opens_at", "closes_at"),
    "star_level": ("stars", "hours"),
    "term": ("kind",),
    "target": ("period_id", "value", "unit"),
    "science_day": ("month", "nudge_days"),
    "semester": ("starts_on", "ends_on"),
    "school": ("division_code",),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a list; `cells` are what `_SHOWN` asks for, in words."""

    key: str
    title: str
    cells: tuple[str, ...]
    is_active: bool
    edited_at: datetime | None
    words: str


@bp.get("/facts")
def facts() -> ResponseReturnValue:
    """The kinds of facts."""
    counts = count_facts()
    tiles = [
        (url_for(".fact_list", kind=name), say(kind.label), _ABOUT[name], counts[name]) for name, kind in KINDS.items()
    ]
    return render_desk("office/facts.html", tiles=tiles)


@bp.get("/facts/<kind>")
def fact_list(kind: str) -> ResponseReturnValue:
    """All facts of a kind: in use, or out of use."""
    what, text = get_kind(kind), search_text()
    is_active = request.args.get("show") != "inactive"
    lines = _lines(what)
    shown = [line for line in lines if line.is_active == is_active and text.casefold() in line.words]
    active = sum(line.is_active for line in lines)
    return render_desk(
        "office/fact_list.html",
        nav_current="office.facts",
        kind=what,
        title=say(what.label),
        columns=[say(spec.label) for name in _SHOWN[kind] if (spec := what.find_field(name))],
        page=page_of(shown, page_number()),
        text=text,
        is_active=is_active,
        totals=(active, len(lines) - active),
        url_for_page=url_for_page,
        empty_text=empty_text(bool(text)),
    )


@bp.get("/facts/<kind>/add")
def fact_form(kind: str) -> ResponseReturnValue:
    """The form for a new fact."""
    what = get_kind(kind)
    return _show(what, None, _make_form(what, None)(formdata=None, data=_shown_values(what, _defaults(what))))


@bp.post("/facts/<kind>/add")
def submit_fact(kind: str) -> ResponseReturnValue:
    """Add a fact."""
    what = get_kind(kind)
    form = _make_form(what, None)(formdata=form_data())
    if not form.validate():
        return _show(what, None, form), 422
    try:
        key = add_fact(kind, _values(what, form), now())
    except Refused as refused:
        form.refuse(refused)
        return _show(what, None, form), refused.status
    flash(_("已添加。"), "done")
    return redirect(url_for(".fact", kind=kind, key=key), 303)


@bp.get("/facts/<kind>/<key>")
def fact(kind: str, key: str) -> ResponseReturnValue:
    """One fact, ready to be changed."""
    what, old = get_kind(kind), get_fact(kind, key)
    return _show(what, old, _make_form(what, old)(formdata=None, data=_shown_values(what, old)))


@bp.post("/facts/<kind>/<key>")
def change_fact(kind: str, key: str) -> ResponseReturnValue:
    """Write what was changed; reloads of the package's data leave the fact alone from now on."""
    what, old = get_kind(kind), get_fact(kind, key)
    form = _make_form(what, old)(formdata=form_data())
    if not form.validate():
        return _show(what, old, form), 422
    try:
        is_changed = edit_fact(kind, key, _values(what, form), now())
    except Refused as refused:
        form.refuse(refused)
        return _show(what, old, form), refused.status
    flash(_("已保存。") if is_changed else _("没有改动。"), "done" if is_changed else "note")
    return redirect(url_for(".fact", kind=kind, key=key), 303)


@bp.post("/facts/<kind>/<key>/deactivate")
def stop_fact(kind: str, key: str) -> ResponseReturnValue:
    """Take a fact out of use."""
    deactivate_fact(kind, key, now())
    flash(_("已停用：以后的单不再能选它，已有的单照常显示。"), "done")
    return redirect(url_for(".fact", kind=kind, key=key), 303)


@bp.post("/facts/<kind>/<key>/reactivate")
def start_fact(kind: str, key: str) -> ResponseReturnValue:
    """Bring a fact back into use."""
    edit_fact(kind, key, {"is_active": True}, now())
    flash(_("已重新启用。"), "done")
    return redirect(url_for(".fact", kind=kind, key=key), 303)


# The list


def _lines(what: Kind) -> list[Line]:
    """A statement for the rows, one for each kind of thing that they name."""
    shown = [spec for name in _SHOWN[what.name] if (spec := what.find_field(name))]
    keys = [] if what.find_field("name") else list(what.keys)
    names = {spec.name: choice_names(spec) for spec in (*shown, *keys) if spec.type is FieldType.CHOICE}
    return [_line(what, fact, shown, names) for fact in list_facts(what.name)]


def _line(what: Kind, fact: Values, shown: list[Field], names: Mapping[str, Mapping[str, Label]]) -> Line:
    key = key_text(what.name, fact)
    title = _title(what, fact, names)
    cells = tuple(_cell(spec, fact[spec.name], names) for spec in shown)
    words = " ".join((key, title, *cells, str(fact.get("name", "")), str(fact.get("name_en", "")))).casefold()
    return Line(key, title, cells, fact["is_active"], fact["edited_at"], words)


def _title(what: Kind, fact: Values, names: Mapping[str, Mapping[str, Label]]) -> str:
    """What people call the fact: its name, or those of its key's parts."""
    if "name" in fact:
        return pick(fact.get("display_name") or fact["name"], fact["name_en"])
    return " · ".join(_cell(spec, fact[spec.name], names) for spec in what.keys)


def _cell(spec: Field, value: Any, names: Mapping[str, Mapping[str, Label]]) -> str:
    if value is None:
        return ""
    if spec.name in names:
        label = names[spec.name].get(value)
        return say(label) if label else str(value)
    return _plain(value)


def _plain(value: Any) -> str:
    """A number without an empty fraction, a date as a form wants it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


# The form


def _show(what: Kind, old: Values | None, form: BaseForm) -> str:
    fixed = [spec for spec in (*what.keys, *what.fields) if spec in what.keys or spec.is_fixed] if old else []
    names = {spec.name: choice_names(spec) for spec in fixed if spec.type is FieldType.CHOICE}
    title = _title(what, old, names) if old else _("添加：%(kind)s", kind=say(what.label))
    return render_desk(
        "office/fact.html",
        nav_current="office.facts",
        kind=what,
        kind_label=say(what.label),
        key=key_text(what.name, old) if old else "",
        fact=old,
        title=title,
        fixed=[(say(spec.label), _cell(spec, old[spec.name], names)) for spec in fixed] if old else [],
        form=form,
    )


def _on_form(what: Kind, is_new: bool) -> list[Field]:
    """The fields to fill in: keys only while a fact is new. Using or not is a button of its own."""
    rest = [spec for spec in what.fields if spec.name != "is_active" and (is_new or not spec.is_fixed)]
    return [*what.keys, *rest] if is_new else rest


def _make_form(what: Kind, old: Values | None) -> type[BaseForm]:
    """The form for a fact of this kind, with what the fact names already among the choices."""
    specs = _on_form(what, old is None)
    return type("FactForm", (BaseForm,), {spec.name: _make_field(spec, (old or {}).get(spec.name)) for spec in specs})


def _make_field(spec: Field, value: Any) -> FormField:
    label = say(spec.label)
    is_needed = spec.is_required or (spec.default is not None and spec.type in _NEVER_EMPTY and not spec.offers_nothing)
    required = _("请填写%(name)s。", name=label) if is_needed else None
    hint = _hint(spec)
    match spec.type:
        case FieldType.INTEGER:
            return number_field(label, low=int(spec.low), high=int(spec.high), required=required, description=hint)
        case FieldType.BOOLEAN:
            return tick_field(label)
        case FieldType.CHOICE:
            offered = list_choices(spec, [value] if value else ())
            options = [choice(code, say(name)) for code, name in offered if code]
            first = [] if is_needed and value else [choice("", _("请选择") if is_needed else _("无"))]
            required = _("请选择%(name)s。", name=label) if is_needed else None
            return choice_field(label, required=required, choices=[*first, *options])
        case FieldType.CHOICES:
            return ManyField(
                label,
                choices=[choice(code, say(name)) for code, name in list_choices(spec, value or ())],
                validators=[Required(_("请选择%(name)s。", name=label))] if is_needed else [],
                widget=ListWidget(prefix_label=False),
                option_widget=CheckboxInput(),
            )
        case FieldType.WORDS:
            return long_text_field(label, longest=1500, description=_("每行写一个。"))
        case FieldType.DATE:
            return text_field(label, longest=10, required=required, render_kw={"type": "date"})
        case FieldType.NUMBER:
            return text_field(label, longest=24, required=required, render_kw={"inputmode": "decimal"})
    return text_field(label, longest=int(spec.high), required=required, description=hint)


#: A form always sends these, so leaving one empty means something only where nothing is allowed.
_NEVER_EMPTY = (FieldType.INTEGER, FieldType.NUMBER, FieldType.DATE, FieldType.CHOICE)


def _hint(spec: Field) -> str:
    if spec.name == "position":
        return _("数字小的排在前面。")
    return say(spec.shape) if spec.pattern else ""


def _defaults(what: Kind) -> Values:
    return {spec.name: spec.default for spec in _on_form(what, True)}


def _shown_values(what: Kind, fact: Values) -> Values:
    """Values as the fields show them."""
    shown: Values = {}
    for spec in (*what.keys, *what.fields):
        value = fact.get(spec.name)
        match spec.type:
            case FieldType.WORDS:
                shown[spec.name] = "\n".join(value or ())
            case FieldType.NUMBER | FieldType.DATE:
                shown[spec.name] = "" if value in (None, "") else _plain(value)
            case FieldType.INTEGER:
                shown[spec.name] = None if value == "" else value
            case _:
                shown[spec.name] = value
    return shown


def _values(what: Kind, form: BaseForm) -> Values:
    """What was sent, by field name."""
    return {spec.name: form[spec.name].data for spec in (*what.keys, *what.fields) if spec.name in form}
