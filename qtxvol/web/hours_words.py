"""How the hours room speaks: labels of sources, confirmations, reasons and states, for every desk's templates."""

from typing import Any

from flask import Flask

from qtxvol.hours.queries import HoursLine
from qtxvol.hours.rules import (
    CONFIRMATION_LABELS,
    CORRECTION_REASONS,
    LATE_REASONS,
    NO_SHOW_REASONS,
    SOURCE_LABELS,
    SPOT_CHECK_ANSWERS,
)
from qtxvol.web.display import day_time, party_label, say
from qtxvol.web.forms import choice
from qtxvol.web.i18n import _, _l

#: Tone of a confirmation's badge; the shape differs with it.
CONFIRMATION_TONES = {
    "unconfirmed": "wait",
    "resident": "good",
    "community": "good",
    "office": "good",
    "disputed": "bad",
}
NO_SHOW_STATUS: dict[str, tuple[Any, str]] = {
    "stands": (_l("计入次数"), "bad"),
    "objected": (_l("本人有异议，待裁定"), "wait"),
    "upheld": (_l("裁定维持"), "bad"),
    "lifted": (_l("已撤销"), "good"),
    "excused": (_l("有正当理由，不计次数"), "ended"),
}
REQUEST_STATUS: dict[str, tuple[Any, str]] = {
    "waiting": (_l("待第二人确认"), "wait"),
    "confirmed": (_l("已确认"), "good"),
    "refused": (_l("已退回"), "ended"),
}
OBJECTION_STATUS: dict[str, tuple[Any, str]] = {
    "open": (_l("待裁定"), "wait"),
    "upheld": (_l("异议成立"), "bad"),
    "dismissed": (_l("异议不成立"), "ended"),
}
_REASONS = {**LATE_REASONS, **CORRECTION_REASONS}


def reason_label(code: str) -> str:
    """Of a late entry or a correction."""
    return say(_REASONS[code]) if code in _REASONS else code


def state_sentence(line: HoursLine) -> str:
    """Why a line does not count (yet); empty when it does."""
    match line.state:
        case "on_notice":
            return _("公示中，%(day)s 公示期满后计入", day=line.notice_ends_on)
        case "objected":
            return _("有异议，裁定前不计入")
        case "disputed":
            return _("有争议，裁定前不计入")
        case "taken_back":
            return _("已冲销或更正为 0")
    return ""


def voucher(line: HoursLine) -> str:
    """Who vouches for a line."""
    entry = line.entry
    return f"{party_label(entry.vouched_party)} {entry.vouched_name} · {day_time(entry.created_at)}"


def reason_choices(labels: Any, without: Any = ()) -> list[Any]:
    """Choices of a select of reasons."""
    return [choice("", _("请选择")), *(choice(code, say(each)) for code, each in labels.items() if code not in without)]


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        source_label=lambda code: say(SOURCE_LABELS[code]),
        confirmation_label=lambda code: say(CONFIRMATION_LABELS[code]),
        hours_reason=reason_label,
        no_show_reason=lambda code: say(NO_SHOW_REASONS[code]) if code in NO_SHOW_REASONS else code,
        spot_check_answer=lambda code: say(SPOT_CHECK_ANSWERS[code]) if code in SPOT_CHECK_ANSWERS else _("待回访"),
        hours_state=state_sentence,
        hours_voucher=voucher,
    )
    app.jinja_env.globals.update(
        confirmation_tone=lambda code: CONFIRMATION_TONES[code],
        NO_SHOW_STATUS=NO_SHOW_STATUS,
        REQUEST_STATUS=REQUEST_STATUS,
        OBJECTION_STATUS=OBJECTION_STATUS,
    )
