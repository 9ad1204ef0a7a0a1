"""The words of notices: the list of all kinds, and one kind with its words side by side in both languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField

from qtxvol.notices.edit_wordings import (
    LONGEST,
    LONGEST_SUBJECT,
    ONE_SMS,
    WordingView,
    check_template,
    edit_wording,
    get_kind,
    length_beside_link,
    list_edited,
    list_history,
    list_wordings,
    preview,
    reset_wordings,
)
from qtxvol.notices.kinds import KINDS, NoticeKind
from qtxvol.notices.seeds import AUDIENCES, FAMILIES, Template, list_keys
from qtxvol.notices.variables import LOCALES, list_variables
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import BaseForm, FormData, form_data, long_text_field, now, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp, search_text

EXTRA_NAV[Party.OFFICE].append(("office.wordings", _l("通知用语")))

#: Under which heading a kind stands that tells of no step.
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "limits": (
        "due_soon",
        "overdue",
        "overdue_lead",
        "overdue_twice",
        "returned_twice",
        "needs_ruling",
        "question_waits",
        "call_missing",
        "close_missing",
        "not_rated",
    ),
    "reminders": (
        "remind_day",
        "remind_hours",
        "confirm_time",
        "took_place",
        "how_was_it",
        "time_refused",
        "offer_declined",
        "cannot_come",
        "answer_changed",
    ),
    "matching": (
        "join_ask",
        "not_needed",
        "crew_ready",
        "crew_replaced",
        "crew_short",
        "team_stopped",
        "nobody_left",
        "plan_ready",
        "other_time",
        "other_time_taken",
        "joint_ask",
        "joint_off",
        "joint_answered",
    ),
    "people": (
        "team_request",
        "team_request_decided",
        "volunteer_verified",
        "late_entry_waiting",
        "hours_decided",
        "objection",
        "absence",
        "star_awarded",
    ),
}
_GROUP_LABELS: Mapping[str, Any] = {
    "steps": _l("单子的每一步"),
    "limits": _l("时限和督办"),
    "reminders": _l("提醒和一键回复"),
    "matching": _l("找队伍、找人和并场"),
    "people": _l("志愿者和时长"),
    "others": _l("应急、节日和其他"),
}
_EMPTY = _l("这一项不能空着；要用原来的话，请点“恢复原样”。")
_LANGUAGES = {"zh": "中文", "en": "English"}


@dataclass(frozen=True, slots=True)
class Line:
    """One kind for one sort of reader, in the list."""

    kind: NoticeKind
    audience: str
    is_edited: bool


class WordingForm(BaseForm):
    """One wording: a length in a language. Its names carry a prefix, so that one page holds four."""

    version = HiddenField()
    subject = text_field(_l("标题"), longest=LONGEST_SUBJECT * 2, required=_EMPTY)
    text = long_text_field(_l("正文"), longest=max(LONGEST.values()) * 2, required=_EMPTY)

    @property
    def seen_version(self) -> int:
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0

    def fill(self, view: WordingView) -> None:
        self.version.data = str(view.version)
        self.subject.data, self.text.data = view.template.subject, view.template.text


@dataclass(frozen=True, slots=True)
class Part:
    """A wording on the page, with what it says about an invented order.

    :ivar length: characters beside the link, of a short one.
    """

    view: WordingView
    form: WordingForm
    language: str
    shown: Template | None
    length: int | None


@bp.get("/wordings")
def wordings() -> ResponseReturnValue:
    """All kinds by group; `?q=` finds in their names and words, `?edited=1` shows those in the office's own words."""
    text, is_edited_only = search_text(), request.args.get("edited") == "1"
    edited = list_edited()
    lines = [line for line in _list_lines(edited) if line.is_edited or not is_edited_only]
    found = [line for line in lines if _matches(line, text)]
    groups = [(label, [line for line in found if _group_of(line.kind) == key]) for key, label in _GROUP_LABELS.items()]
    return render_desk(
        "office/wordings.html",
        groups=[(label, lines) for label, lines in groups if lines],
        audiences=AUDIENCES,
        text=text,
        is_edited_only=is_edited_only,
        edited_count=len(edited),
        total=len(found),
    )


@bp.get("/wordings/<kind>/<audience>")
def wording(kind: str, audience: str) -> ResponseReturnValue:
    """One kind for one sort of reader: short and long, Chinese and English."""
    views = list_wordings(kind, audience)
    return _page(kind, audience, views, _make_forms(views, None))


@bp.post("/wordings/<kind>/<audience>")
def save_wording(kind: str, audience: str) -> ResponseReturnValue:
    """Look at it first ("preview"), or keep it. Of four wordings each is checked; nothing typed is lost."""
    views = list_wordings(kind, audience)
    data = form_data()
    forms = _make_forms(views, data)
    if not _check(views, forms):
        return _page(kind, audience, views, forms), 422
    if data.get("go") == "preview":
        return _page(kind, audience, views, forms, is_preview=True)
    changed = 0
    for at, form in forms.items():
        try:
            changed += edit_wording(
                current_actor(),
                views[at].key,
                subject=form.subject.data or "",
                text=form.text.data or "",
                seen_version=form.seen_version,
                now=now(),
            )
        except Refused as refused:
            if refused.status == 403:
                raise
            form.refuse(refused, default="text")
            return _page(kind, audience, list_wordings(kind, audience), forms), refused.status
    flash(_("已保存，以后的通知就这样写。") if changed else _("没有改动。"), "done")
    return redirect(url_for(".wording", kind=kind, audience=audience), 303)


@bp.post("/wordings/<kind>/<audience>/reset")
def reset_wording(kind: str, audience: str) -> ResponseReturnValue:
    """Back to the words that came with the service."""
    is_changed = reset_wordings(current_actor(), kind, audience, now())
    flash(_("已恢复原样。") if is_changed else _("本来就是原样。"), "done")
    return redirect(url_for(".wording", kind=kind, audience=audience), 303)


def _list_lines(edited: set[tuple[str, str]]) -> Sequence[Line]:
    pairs = dict.fromkeys((key.kind, key.audience) for key in list_keys())
    return [Line(KINDS[kind], audience, (kind, audience) in edited) for kind, audience in pairs]


def _matches(line: Line, text: str) -> bool:
    words = (line.kind.label.zh, line.kind.label.en, AUDIENCES[line.audience].zh, AUDIENCES[line.audience].en)
    return not text or any(text.casefold() in word.casefold() for word in words)


def _group_of(kind: NoticeKind) -> str:
    if kind.is_step:
        return "steps"
    return next((key for key, codes in _GROUPS.items() if kind.code in codes), "others")


def _make_forms(
    views: Mapping[tuple[str, str], WordingView], data: FormData | None
) -> dict[tuple[str, str], WordingForm]:
    forms = {}
    for (family, locale), view in views.items():
        form = WordingForm(formdata=data, prefix=f"{family}-{locale}-")
        form.text.render_kw = {"rows": 3 if family == "short" else 11}
        if data is None or form.version.name not in data:
            form.fill(view)
        forms[family, locale] = form
    return forms


def _check(views: Mapping[tuple[str, str], WordingView], forms: Mapping[tuple[str, str], WordingForm]) -> bool:
    """Every one is looked at, so that all that is wrong is said at once."""
    good = True
    for at, form in forms.items():
        if not form.validate():
            good = False
            continue
        try:
            check_template(views[at].key, form.subject.data or "", form.text.data or "")
        except Refused as refused:
            good = False
            form.refuse(refused, default="text")
    return good


def _page(
    kind: str,
    audience: str,
    views: Mapping[tuple[str, str], WordingView],
    forms: Mapping[tuple[str, str], WordingForm],
    *,
    is_preview: bool = False,
) -> str:
    what = get_kind(kind, audience)
    parts = {at: _make_part(views[at], form) for at, form in forms.items()}
    return render_desk(
        "office/wording.html",
        nav_current="office.wordings",
        kind=what,
        audience=audience,
        audience_label=say(AUDIENCES[audience]),
        families=[(label, [parts[family, locale] for locale in LOCALES]) for family, label in FAMILIES.items()],
        failed=next((form for form in forms.values() if form.errors), None),
        is_edited=any(view.is_edited for view in views.values()),
        is_preview=is_preview,
        variables=list_variables(what, is_mail=True),
        history=list_history(kind, audience),
        family_labels=FAMILIES,
        languages=_LANGUAGES,
        one_sms=ONE_SMS,
    )


def _make_part(view: WordingView, form: WordingForm) -> Part:
    shown, length = None, None
    if not form.errors:
        template = Template(form.subject.data or "", form.text.data or "")
        shown = preview(view.key, template)
        length = length_beside_link(view.key, template) if view.key.family == "short" else None
    return Part(view, form, _LANGUAGES[view.key.locale], shown, length)
