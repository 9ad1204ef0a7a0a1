"""What matching weighs and may do by itself: the office's switches and numbers, and what was learned from answers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.base import AnyRow
from qtxvol.jobs.ledger import list_runs
from qtxvol.offers.learn import CAPTAINS, VOLUNTEERS, Tally, read_models
from qtxvol.offers.rules import (
    GROUPS,
    SWITCHES,
    USUAL,
    WEIGHTS,
    Weight,
    list_changes,
    list_own_values,
    reset_weights,
    set_switch,
    set_weights,
)
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import form_data, now
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.match_words import percent
from qtxvol.web.office.views import bp

EXTRA_NAV[Party.OFFICE].append(("office.matching", _l("推荐和询问")))

#: With fewer answers nothing is said of what they teach: it would mostly be chance.
LEAST_ANSWERS = 30
#: From so many answers on a share is told to the next five per cent, before to the next ten.
MANY_ANSWERS = 100
#: A number is not typed longer.
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Line:
    """A weight on the page. :ivar typed: what stands in its box. :ivar fault: a sentence, when it can't be taken."""

    name: str
    weight: Weight
    typed: str
    is_own: bool
    fault: str = ""

    @property
    def id(self) -> str:
        """Of its box: a dot would be read as a class."""
        return self.name.replace(".", "-")


@bp.get("/matching")
def matching() -> ResponseReturnValue:
    """Switches, weights with unit and meaning, what was changed by whom, what was learned."""
    return _page()


@bp.post("/matching/switches")
def set_matching_switches() -> ResponseReturnValue:
    """Turn the switches from now on."""
    ticked = form_data()
    turned = [set_switch(current_actor(), name, name in ticked, now()) for name in SWITCHES]
    flash(_("已保存，马上按这样办。") if any(turned) else _("没有改动。"), "done")
    return redirect(url_for(".matching"), 303)


@bp.post("/matching/weights")
def set_matching_weights() -> ResponseReturnValue:
    """Set all weights of the form; one that can't be taken is told beside it and nothing is changed."""
    typed = {name: request.form[name].strip()[:_LONGEST] for name in WEIGHTS if name in request.form}
    values, faults = _read(typed)
    if not faults:
        try:
            changed = set_weights(current_actor(), values, now())
        except Refused as refused:
            if refused.status != 422:
                raise
            faults[str(refused.about["field"])] = _fault_of(WEIGHTS[str(refused.about["field"])])
        else:
            text = ngettext("已改 %(num)d 项，马上按这样办。", "已改 %(num)d 项，马上按这样办。", changed)
            flash(text if changed else _("没有改动。"), "done")
            return redirect(url_for(".matching"), 303)
    return _page(typed, faults), 422


@bp.post("/matching/weights/<name>/usual")
def reset_matching_weight(name: str) -> ResponseReturnValue:
    """Go back to the usual value."""
    if name not in WEIGHTS:
        raise NotFound(name)
    reset_weights(current_actor(), [name], now())
    flash(_("已改回通常的值。"), "done")
    return redirect(url_for(".matching"), 303)


def _read(typed: Mapping[str, str]) -> tuple[dict[str, float], dict[str, str]]:
    values, faults = {}, {}
    for name, text in typed.items():
        weight = WEIGHTS[name]
        value = _minutes(text) if weight.is_clock else _number(text)
        is_good = value is not None and weight.low <= value <= weight.high
        if value is None or not is_good or (weight.is_whole and value != int(value)):
            faults[name] = _fault_of(weight)
        else:
            values[name] = value
    return values, faults


def _number(text: str) -> float | None:
    """A plain number, also with full-width digits; None for anything else."""
    plain = text.translate(_FULL_WIDTH)
    return float(plain) if plain.replace(".", "", 1).isdecimal() and plain.isascii() else None


def _minutes(text: str) -> float | None:
    """22:00 as minutes after midnight; None for anything else."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.translate(_FULL_WIDTH), re.ASCII)
    return 60.0 * int(found[1]) + int(found[2]) if found and int(found[2]) < 60 else None


_FULL_WIDTH = str.maketrans("０１２３４５６７８９．。：", "0123456789..:")


def _fault_of(weight: Weight) -> str:
    low, high = _shown(weight, weight.low), _shown(weight, weight.high)
    if weight.is_clock:
        return _("请填 %(low)s 到 %(high)s 之间的时间，例如 22:00。", low=low, high=high)
    if weight.is_whole:
        return _("请填 %(low)s 到 %(high)s 之间的整数。", low=low, high=high)
    return _("请填 %(low)s 到 %(high)s 之间的数。", low=low, high=high)


def _shown(weight: Weight, value: float) -> str:
    return f"{int(value) // 60:02}:{int(value) % 60:02}" if weight.is_clock else f"{value:g}"


def _page(typed: Mapping[str, str] | None = None, faults: Mapping[str, str] | None = None) -> str:
    own, (models, tallies) = list_own_values(), read_models()
    given, wrong = typed or {}, faults or {}
    lines = {
        name: Line(
            name,
            weight,
            given.get(name, _shown(weight, own.get(name, weight.usual))),
            name in own,
            wrong.get(name, ""),
        )
        for name, weight in WEIGHTS.items()
    }
    runs = list_runs("learn_from_answers", 1)
    return render_desk(
        "office/matching.html",
        switches=[(name, switch, bool(own.get(name, getattr(USUAL, name)))) for name, switch in SWITCHES.items()],
        groups=[
            (code, say(label), [line for line in lines.values() if line.weight.group == code])
            for code, label in GROUPS.items()
        ],
        faults=[(lines[name], sentence) for name, sentence in wrong.items()],
        plain=_shown,
        changes=[_told(row) for row in list_changes() if row.name in SWITCHES or row.name in WEIGHTS],
        learned=_learned(tallies),
        effects=_effects([belief.value for belief in models[CAPTAINS].shared]),
        has_learned=tallies[CAPTAINS].answers >= LEAST_ANSWERS,
        ran_at=runs[0].done_at if runs else None,
    )


def _told(row: AnyRow) -> tuple[str, str, str, AnyRow]:
    """Name, new value, a remark, and the row."""
    if row.name in SWITCHES:
        return say(SWITCHES[row.name].label), _("打开") if row.value else _("关掉"), "", row
    weight = WEIGHTS[row.name]
    value = _("%(value)s %(unit)s", value=_shown(weight, row.value), unit=say(weight.unit))
    return say(weight.label), value, _("通常的值") if row.is_usual else "", row


def _learned(tallies: Mapping[str, Tally]) -> list[str]:
    """How often leaders and people say yes, in sentences."""
    said = {
        CAPTAINS: (_l("队长"), _l("还没有队长的答复可学。")),
        VOLUNTEERS: (_l("志愿者"), _l("还没有志愿者的答复可学。")),
    }
    return [_learned_of(tallies[name], str(who), str(nothing)) for name, (who, nothing) in said.items()]


def _learned_of(tally: Tally, who: str, nothing: str) -> str:
    if not tally.answers:
        return nothing
    if tally.answers < LEAST_ANSWERS:
        return ngettext(
            "%(who)s的答复还太少（%(num)d 次），先按通常的估计。",
            "%(who)s的答复还太少（%(num)d 次），先按通常的估计。",
            tally.answers,
            who=who,
        )
    share = tally.share or 0.0
    return ngettext(
        "学过 %(num)d 次%(who)s的答复，其中答应的约 %(percent)s。",
        "学过 %(num)d 次%(who)s的答复，其中答应的约 %(percent)s。",
        tally.answers,
        who=who,
        percent=percent(share) if tally.answers >= MANY_ANSWERS else f"{10 * round(10 * share)}%",
    )


def _effects(weights: Sequence[float]) -> list[str]:
    """What makes a leader's yes likelier or less likely, beside who it is; in the words of the page."""
    words = (
        (1, _l("主题是队伍登记过擅长的")),
        (2, _l("每远 10 公里")),
        (3, _l("任务排满一周")),
        (4, _l("近来被请得多")),
        (5, _l("单子加急")),
    )
    return [
        _("%(what)s：%(effect)s", what=str(what), effect=_effect(weights[place]))
        for place, what in words
        if place < len(weights)
    ]


def _effect(weight: float) -> str:
    if abs(weight) < 0.1:
        return _("差别不大")
    if weight > 0:
        return _("更容易答应") if weight < 0.8 else _("容易答应得多")
    return _("不太容易答应") if weight > -0.8 else _("难答应得多")
