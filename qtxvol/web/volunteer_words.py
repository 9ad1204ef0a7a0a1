"""How volunteers' states and histories are worded on every desk."""

from typing import Any

from qtxvol.orders.lifecycle import Party
from qtxvol.volunteers.events import ACTIONS
from qtxvol.volunteers.identity import KIND_LABELS
from qtxvol.volunteers.states import STATUS_LABELS
from qtxvol.volunteers.teams import ROLE_LABELS
from qtxvol.web.display import say
from qtxvol.web.i18n import _, _l

#: Tone of a volunteer's status; the badge's shape differs too.
_TONES = {"applied": "wait", "verified": "good", "paused": "busy", "left": "ended", "refused": "bad", "merged": "ended"}

#: Who wrote a registration down.
SOURCES = {
    "self": _l("本人登记"),
    "team": _l("服务队登记"),
    "office": _l("纲要办登记"),
    "import": _l("名册导入"),
}


def status_badge(status: str) -> tuple[str, str]:
    """Label and tone."""
    return say(STATUS_LABELS[status]), _TONES[status]


#: Columns that a correction names.
_COLUMNS = {
    "name": _l("姓名"),
    "phone": _l("手机号"),
    "birth_on": _l("出生日期"),
    "division_code": _l("所在社区或村"),
    "employer": _l("工作单位"),
    "job_title": _l("职务或职称"),
    "skills": _l("会什么"),
    "sanzhang_role": _l("“三长”身份"),
    "is_technology_envoy": _l("是科技特派员"),
}


def event_title(event: Any) -> str:
    """What happened, in words."""
    words = say(ACTIONS[event.action]) if event.action in ACTIONS else event.action
    was, became = _word_of(event.was), _word_of(event.became)
    if was and became:
        return _("%(what)s：%(was)s → %(became)s", what=words, was=was, became=became)
    return _("%(what)s：%(rest)s", what=words, rest=was or became) if was or became else words


def event_actor(event: Any) -> str:
    """Who did it: the body, or the person themself."""
    return _("本人") if event.party in (Party.VOLUNTEER, Party.RESIDENT) else event.actor_name


def _word_of(code: str) -> str:
    """A code in words; what is none (a team's name, a number) stays."""
    for labels in (STATUS_LABELS, ROLE_LABELS, KIND_LABELS):
        if code in labels:
            return say(labels[code])
    if code in SOURCES:
        return str(SOURCES[code])
    columns = code.split(",")
    return _("、").join(str(_COLUMNS[each]) for each in columns) if set(columns) <= set(_COLUMNS) else code
