"""An order's page and its actions, the same for every desk and for the resident's link."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any
from uuid import uuid4

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import ContactAccess, contact_access, may_see_names, may_see_notes, visible_orders
from qtxvol.directory.queries import get_menu_item, list_departments, term_names
from qtxvol.extensions import db
from qtxvol.hours.queries import confirmation_of
from qtxvol.offers.rules import get_settings
from qtxvol.offers.suggest import suggest_departments
from qtxvol.offers.waves import list_switches
from qtxvol.orders.contact import may_log_call
from qtxvol.orders.lifecycle import ENDED, OPEN, WAITS, Action, Party, Rule, Status, find_undo, get_rule
from qtxvol.orders.models import Attachment, AttachmentContent, Order
from qtxvol.orders.numbers import spoken
from qtxvol.orders.queries import OrderView, get_order_view
from qtxvol.orders.transition import Outcome
from qtxvol.privacy.reveal import Revealed, list_reveals_of_order
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.queries import team_names
from qtxvol.web.action_forms import FORMS, ActionForm, AnswerTimesForm, Context, make_form
from qtxvol.web.answers.desk import answers_on_page
from qtxvol.web.asking_words import READERS, asking_lines, find_chosen
from qtxvol.web.clock_words import clock_lines
from qtxvol.web.contact_words import call_lines
from qtxvol.web.deliveries import delivery_lines
from qtxvol.web.display import day_time, party_label, pick, say, time_span
from qtxvol.web.forms import form_data, now
from qtxvol.web.hold_words import progress_lines
from qtxvol.web.i18n import _
from qtxvol.web.reveals import RevealForm, look_lines
from qtxvol.web.why_not import Standing, why_not
from qtxvol.web.wording import (
    CONFIRMATIONS,
    PUBLIC_NOTES,
    event_title,
    next_step,
    refusal_sentence,
    step_confirmation,
    step_label,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline."""

    title: str
    when: str
    who: str
    text: str = ""
    is_late: bool = False
    is_future: bool = False
    #: The step that somebody owed until then; `is_late` says how they kept it.
    had_deadline: bool = False
    #: Times that were proposed, or that the resident chose or named instead.
    times: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """An action on the page: its form, or the sentence why it can't be done just now.

    :ivar confirm: what stands on the button that sends the form.
    :ivar is_main: it is what waits for this seat, and stands open.
    :ivar is_undo: takes one tap.
    :ivar is_stern: takes something away from somebody.
    """

    action: Action
    label: str
    form: ActionForm | None
    why_not: str = ""
    confirm: str = ""
    is_main: bool = False
    is_undo: bool = False
    is_stern: bool = False


@dataclass(frozen=True, slots=True)
class WhyNot:
    """One sentence, and the actions that it keeps from being done just now."""

    labels: str
    sentence: str


#: Who reads by when what is owed.
_STAFF = frozenset({Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM, Party.OFFICE})
#: Never what an order waits for: they stand folded.
_ASIDE = frozenset({Action.END_UNREACHABLE, Action.ASK, Action.ANSWER, Action.CANCEL, Action.GIVE_UP})
_STERN = frozenset(
    {
        Action.END_UNREACHABLE,
        Action.REJECT,
        Action.CANCEL,
        Action.GIVE_UP,
        Action.WITHDRAW,
        Action.RELEASE,
        Action.RETURN,
        Action.NO_SHOW,
        Action.LET_GO,
    }
)


def make_context(actor: Actor, number: str) -> Context:
    """Everything that the page and its forms need.

    :raise NotFound: not an order of this seat's.
    """
    view = get_order_view(actor, number, now())
    order = view.order
    item = get_menu_item(order.menu_item_id) if order.menu_item_id else None
    chooses = any(each.rule.action in (Action.DISPATCH, Action.RULE) for each in view.possible)
    suggestions = tuple(suggest_departments(order, now())) if chooses else ()
    return Context(actor, view, item, suggestions, now())


def show_order(
    context: Context,
    template: str,
    render: Callable[..., str],
    *,
    failed: ActionForm | None = None,
    message: str = "",
    revealed: Revealed | None = None,
    reveal_form: RevealForm | None = None,
    **more: Any,
) -> str:
    """The page. `failed` is a form that came back with errors; it stands open with what was typed.

    :param revealed: the resident's number, on the one page that answers the button.
    """
    view = context.view
    buttons = _make_buttons(context, failed)
    kept_text = ""
    if failed is not None and not any(button.form is failed for button in buttons):
        kept_text = _typed_text(failed)  # the action is gone: what was typed stands beside the message
        failed = None
    audiences = term_names("audience")
    return render(
        template,
        view=view,
        order=view.order,
        row=view.row,
        item=context.item,
        audience=say(audiences[view.order.audience]) if view.order.audience in audiences else view.order.audience,
        buttons=buttons,
        reasons=list_reasons_why_not(view),
        failed=failed,
        message=message,
        kept_text=kept_text,
        ending=view.ending,
        next_text=next_step_of(view),
        timeline=make_timeline(context),
        clocks=clock_lines(view.clocks, now()) if context.actor.party in _STAFF else (),
        contact=contact_access(context.actor, view.order),
        revealed=revealed,
        reveal_form=reveal_form or RevealForm.of_order(),
        looks=_looks(context),
        deliveries=delivery_lines(context.actor, view.order, now()),
        calls=call_lines(view.calls, shows_words=may_see_notes(context.actor, view.order)),
        tries=view.tries,
        may_log=may_log_call(context.actor, view.order),
        shows_names=may_see_names(context.actor, view.order),
        ContactAccess=ContactAccess,
        confirmation=confirmation_of(view.order) if view.order.status == Status.CLOSED else "",
        progress=progress_lines(context.actor, view.order),
        asking=asking_lines(context),
        **{**answers_on_page(context.actor, view), **more},
        question_failed="question_form" in more,
    )


def _looks(context: Context) -> list[tuple[str, str, str]] | None:
    """Who looked at the number: for the resident and for the office; None for the others."""
    if context.actor.party not in (Party.RESIDENT, Party.OFFICE):
        return None
    return look_lines(list_reveals_of_order(context.view.order.id))


def _make_buttons(context: Context, failed: ActionForm | None) -> list[Button]:
    """What fits where the order is, in the order of the table. What it waits for comes first there and stands open;
    so does a form that came back."""
    view = context.view
    shown = [each for each in view.possible if each.obstacle != "no_question" and each.rule.action in FORMS]
    if any(each.rule.action is Action.HOLD for each in shown) and not get_settings().is_naming_open:
        shown = [each for each in shown if each.rule.action is not Action.HOLD]  # then leaders name people by hand
    able = [each.rule for each in shown if each.obstacle is None]
    main = _find_main(able, view)
    standing = standing_of(view)
    party, may_hold = context.actor.party, any(each.rule.action is Action.HOLD for each in shown)
    buttons = []
    for each in shown:
        action, form = each.rule.action, None
        if each.obstacle is None:
            form = _form_for(action, context, failed)
        is_told_times = party is Party.COMMUNITY and isinstance(form, AnswerTimesForm)
        label = step_label(each.rule, party, is_choice=may_hold)
        if is_told_times:
            label = _("居民说哪个时间行（电话里问到的）")
        buttons.append(
            Button(
                action,
                label,
                form,
                why_not(each.obstacle, action, standing) if each.obstacle else "",
                confirm=_("就定这个时间") if is_told_times else step_confirmation(action, party),
                is_main=action is main or is_told_times or (form is not None and form is failed),
                is_undo=each.rule.undoes is not None,
                is_stern=action in _STERN,
            )
        )
    return buttons


def _find_main(able: Sequence[Rule], view: OrderView) -> Action | None:
    """What the order waits for at this desk. A team says yes, and its people are asked; while they are, it waits."""
    if view.order.held_team_id is not None and view.order.status == Status.CLAIMED:
        return None
    if any(rule.action is Action.HOLD for rule in able):
        return Action.HOLD
    if able and able[0].action is Action.OFFER and (view.order.is_auto_asked or find_chosen(view) is not None):
        return None  # the service asks, or one team was chosen and is to answer; a person may
    return able[0].action if able and able[0].action not in _ASIDE and able[0].undoes is None else None


def standing_of(view: OrderView) -> Standing:
    """The order as the sentences on what can't be done need it."""
    row = view.row
    return Standing(
        view.facts,
        pick(row.department_name, row.department_name_en),
        pick(row.team_name, row.team_name_en),
        spoken(view.merged_into.number) if view.merged_into else "",
    )


def list_reasons_why_not(view: OrderView) -> list[WhyNot]:
    """Everything that this seat might look for and doesn't find, each sentence once."""
    standing = standing_of(view)
    labels: dict[str, list[str]] = {}
    for each in view.refused:
        # nobody wonders why there is nothing to answer, nor why the system's own steps can't be taken back
        if each.obstacle and each.rule.action is not Action.ANSWER and each.rule.action in FORMS:
            sentence = why_not(each.obstacle, each.rule.action, standing)
            labels.setdefault(sentence, []).append(say(each.rule.label))
    return [WhyNot(_("、").join(names), sentence) for sentence, names in labels.items()]


def _typed_text(form: ActionForm) -> str:
    """The words in a form whose action can't be done any more, to be copied elsewhere."""
    return "\n".join(str(form[name].data) for name in ("text", "report") if name in form and form[name].data)


def _form_for(action: Action, context: Context, failed: ActionForm | None) -> ActionForm:
    return failed if failed is not None and failed.action is action else make_form(action, context, None)


def act_on_order(
    actor: Actor,
    number: str,
    action_name: str,
    *,
    page: Callable[[Context, ActionForm | None, str], str],
    after: Callable[[], str],
) -> ResponseReturnValue:
    """Take one step: 303 to `after()` when it is done, else the page with what was typed and a sentence.

    :raise NotFound: no such action or order.
    """
    try:
        action = Action(action_name)
        FORMS[action]
    except (ValueError, KeyError):
        raise NotFound(action_name) from None
    context = make_context(actor, number)
    form = make_form(action, context, form_data())
    try:
        if not form.validate():
            _refuse_early(context, action)
            return page(context, form, ""), 422
        outcome = form.run(number, actor, now())
    except Refused as refused:
        return _show_refusal(actor, number, form, refused, page)
    _flash_done(form, outcome)
    return redirect(after(), 303)


def _flash_done(form: ActionForm, outcome: Outcome) -> None:
    """Say what was done. What can be taken back is offered for that right there, for one page."""
    rule = find_undo(form.action)
    if rule is None:
        flash(done_sentence(form), "done")
        return
    offer = {
        "text": done_sentence(form),
        "url": url_for(request.endpoint or "", **{**(request.view_args or {}), "action": rule.action}),
        "label": str(CONFIRMATIONS[rule.action]),
        "number": spoken(outcome.number),
        "version": outcome.version,
        "key": uuid4().hex,
        "back": "list" if wants_list() else "",
    }
    flash(offer, "undo")  # type: ignore[arg-type]  # kept as JSON, drawn by orders/_undo_flash.html


def _refuse_early(context: Context, action: Action) -> None:
    """A badly filled form for something that can't be done anyway: say that it can't."""
    view, rule = context.view, get_rule(action)
    if context.actor.party not in rule.by:
        raise Refused("wrong_party", 403)
    found = next((each for each in (*view.possible, *view.refused) if each.rule is rule), None)
    code = found.obstacle if found else "wrong_status"  # nothing there to undo
    if code is not None:
        served = view.merged_into if action is Action.RATE and view.merged_into else view.order
        raise Refused(code, 409, winner=view.events[-1].OrderEvent.actor_name, stands_at=served.status)


def _show_refusal(
    actor: Actor,
    number: str,
    form: ActionForm,
    refused: Refused,
    page: Callable[[Context, ActionForm | None, str], str],
) -> ResponseReturnValue:
    if refused.status == 403:
        raise refused
    context = make_context(actor, number)  # what has happened meanwhile
    if refused.code == "key_reused":  # back, edited, sent again
        refused = Refused("repeat_differs", 409)
    if refused.code in ("repeat_differs", "undone_since"):  # the next try is a new one
        form.key.data = uuid4().hex
    if refused.status == 422 or "field" in refused.about:
        form.refuse(refused, default=form.refusal_field)
        return page(context, form, ""), refused.status
    form.version.data = str(context.view.order.version)
    return page(context, form, refusal_sentence(refused)), refused.status


def done_sentence(form: ActionForm) -> str:
    """What the flash says after a step."""
    match form.action:
        case Action.DISPATCH:
            names = {each.id: pick(each.name, each.name_en) for each in list_departments()}
            return _("已派给%(department)s，部门会收到提醒。", department=names.get(form["department_id"].data, ""))
        case Action.RULE:
            return _("已派单，部门会收到提醒。")
        case Action.CLAIM:
            if form["is_auto_asked"].data:
                return _("已领单，系统开始逐批询问服务队；答复在“询问进展”里。")
            return _("已领单。请推给合适的服务队，或等本部门的队来接。")
        case Action.ACCEPT:
            return _("已接单，请按时到场。居民电话见下方。")
        case Action.CLOSE:
            return _("已办结，时长已登记，等居民评价。")
        case Action.RATE:
            return _("评价已收到，谢谢。")
        case Action.ASK:
            return _("问题已发给居民，等答复期间暂停计时。")
        case Action.ANSWER:
            return _("答复已收到，继续办理。")
        case Action.RECALL:
            return _("已收回，可以重新派单。")
        case Action.UNCLAIM:
            return _("已撤销领单，单回到待领单。")
        case Action.RESTORE:
            return _("已恢复受理，请安排承办部门。")
        case Action.END_UNREACHABLE:
            return _("已因联系不上结束，部门、服务队和志愿者会收到通知。居民回电后可以重新受理。")
        case Action.RESUME:
            return _("已重新受理，请重新安排承办部门。")
        case Action.SPLIT:
            return _("已撤销并单，这张单单独办理。")
        case Action.TURN_BACK:
            return _("已撤销转派，回到原来的部门。")
        case Action.REINSTATE:
            return _("已恢复接单，仍由原来的服务队服务。")
        case Action.HOLD:
            return _("已答应，正在请人；人齐了自动接单。")
        case Action.LET_GO:
            return _("已让给别的队，请过的人会收到“这次不用去了”。")
        case Action.CREW:
            return _("已换人，来的人和不用来的人都会收到通知。")
    return _("已办理：%(action)s。", action=say(get_rule(form.action).label))


def make_timeline(context: Context) -> list[Entry]:
    """What has happened, in the order in which it did, and what comes next.

    Residents and volunteers read names of bodies and the notes meant for them; offices read all notes.
    """
    view, actor = context.view, context.actor
    departments = {each.id: pick(each.name, each.name_en) for each in list_departments(active_only=False)}
    asked = {team for event, _text in view.events for team in payload_teams(event.payload)}
    teams = team_names(asked) if asked else {}
    sees_all = may_see_notes(actor, view.order)
    steps = [
        (
            event.happened_at,
            Entry(
                title=event_title(event, departments, teams, actor.party),
                when=day_time(event.happened_at),
                who=doer(event),
                text=(text or "") if sees_all or event.action in PUBLIC_NOTES else "",
                is_late=event.was_overdue,
                had_deadline=_had_deadline(event),
                times=_times_in_words(event),
            ),
        )
        for event, text in view.events
        if sees_all or event.action != Action.OFFER
    ]
    told = merge(steps, switch_entries(actor, view.order), key=lambda each: each[0])
    entries = [entry for _at, entry in told]
    served = view.merged_into or view.order
    if served.status in OPEN or (served.status == Status.CLOSED and not is_rated(view)):
        entries.append(Entry(title=next_step_of(view), when="", who="", is_future=True))
    return entries


def switch_entries(actor: Actor, order: Order) -> list[tuple[datetime, Entry]]:
    """Who let the service ask the teams, or took the choice over, for those who read who was asked. Which person it
    was is for their own department and the office."""
    if actor.party not in READERS:
        return []
    sees_person = actor.party is Party.OFFICE or (
        actor.department_id is not None and actor.department_id == order.department_id
    )
    return [
        (
            row.switched_at,
            Entry(
                title=_("改为让系统逐批询问") if row.is_on else _("改为部门自己挑队"),
                when=day_time(row.switched_at),
                who=f"{party_label(Party.DEPARTMENT)} {row.actor_name}",
                text=_("由%(name)s操作", name=row.person) if sees_person and row.person else "",
            ),
        )
        for row in reversed(list_switches(order.id))
    ]


def _times_in_words(event: Any) -> str:
    """Of a question about other times, and of its answer."""
    if event.action not in (Action.ASK, Action.ANSWER):
        return ""
    windows = [event.payload["chosen"]] if event.payload.get("chosen") else event.payload.get("windows") or []
    times = _("；").join(time_span(*map(datetime.fromisoformat, window)) for window in windows)
    if not times:
        return ""
    if event.action == Action.ASK:
        return _("问的时间：%(times)s", times=times)
    if event.payload.get("chosen"):
        return _("选定的时间：%(times)s", times=times)
    return _("另外方便的时间：%(times)s", times=times)


def _had_deadline(event: Any) -> bool:
    """Whoever owed the order's next step took it, in time or not."""
    wait = WAITS.get(Status(event.from_status)) if event.from_status else None
    return wait is not None and event.party == wait.owner and event.to_status != event.from_status


def is_rated(view: OrderView) -> bool:
    """Has this asker rated the latest closing?"""
    served = view.merged_into or view.order
    return any(r.asker_order_id == view.order.id and r.closure == served.closures_count for r in view.ratings)


def payload_teams(payload: Mapping[str, Any]) -> list[int]:
    """Ids of the teams that an offer names."""
    return list(payload.get("team_ids", []))


def doer(event: Any) -> str:
    """Who did it: the party, and which of its bodies where there are several."""
    if event.party in (Party.RESIDENT, Party.SYSTEM, Party.OFFICE):
        return party_label(event.party)
    return f"{party_label(event.party)} {event.actor_name}"


def next_step_of(view: OrderView) -> str:
    """What happens next and by when, for whoever waits."""
    order = view.merged_into or view.order
    if view.merged_into is not None and order.status in ENDED:
        return ""  # the page says how it ended
    if view.order.is_push and order.status == Status.CLOSED and not is_rated(view):
        return _("服务已完成，由社区回访。")
    return next_step(
        order.status,
        due=day_time(order.due_at),
        is_late=order.due_at is not None and order.due_at < now(),
        agreed=time_span(order.agreed_start, order.agreed_end),
        # a question to the one whose order it became is not this asker's to answer
        is_paused=order.clock_stopped_at is not None and view.merged_into is None,
        is_rated=is_rated(view),
        is_held=order.held_team_id is not None,
    )


def send_picture(actor: Actor, number: str, picture_id: int) -> Response:
    """A photo, to whoever may see its order.

    :raise NotFound: no such photo in an order of this seat's.
    """
    jpeg = db.session.scalar(
        select(AttachmentContent.jpeg)
        .join(Attachment, Attachment.id == AttachmentContent.attachment_id)
        .join(Order, Order.id == Attachment.order_id)
        .where(Attachment.id == picture_id, Order.number == number, visible_orders(actor))
    )
    if jpeg is None:
        raise NotFound(picture_id)
    response = Response(jpeg, mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Content-Disposition"] = f"inline; filename={number}-{picture_id}.jpg"
    return response


def render_plain(template: str, **more: Any) -> str:
    return render_template(template, **more)


def wants_list() -> bool:
    """The button was pressed in a list, where its reader wants to stay."""
    return request.form.get("back") == "list"
