"""Plans at the desks of departments and of the office: ask for one, watch it being solved, confirm it line by line or
whole.

Confirming asks the teams; whatever no longer holds is refused with its reason, and the other lines go through.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.actor import Actor
from qtxvol.base import AnyRow
from qtxvol.matching.score import Reason
from qtxvol.offers.models import PlanLine
from qtxvol.offers.nobody import ASKED_NOBODY, NobodyLeft
from qtxvol.offers.pace import is_quiet, next_waking
from qtxvol.offers.plan_confirming import (
    OpenLines,
    RunView,
    ask_to_confirm_all,
    count_open,
    list_open,
    stop_confirming,
    view_run,
)
from qtxvol.offers.plan_queries import (
    LINES_A_PAGE,
    SHOWN,
    PlanView,
    find_newer,
    list_lines,
    list_plans,
    name_departments,
    name_people,
    view_plan,
)
from qtxvol.offers.plan_scope import count_waiting, list_refusing, scope_of
from qtxvol.offers.plans import (
    LATER,
    MOST_LINES,
    Decided,
    ask_for_plan,
    cancel_plan,
    confirm_lines,
    get_plan,
    skip_lines,
)
from qtxvol.offers.rules import get_settings
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.numbers import spoken
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, ID, LARGEST_ID, desk_of, render_desk
from qtxvol.web.display import clock_time, day_time, pick
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.match_words import reason_in_words
from qtxvol.web.nobody_words import UNSERVED, why_in_words
from qtxvol.web.plan_words import FAULTS, LINE_STATES, RUN_ENDINGS, STATES, stale_in_words
from qtxvol.web.wording import refusal_sentence

#: A page that shows the solving looks again after so many seconds.
AGAIN_IN = 3
#: A plan that nobody has begun for so many seconds: the page says that the worker may not be running.
WAITS_LONG = 60
#: So many refused lines are named after confirming for each reason; the rest stand on their own tab.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as the page shows it.

    :ivar row: as in a list of orders, with `PlanLine`. :ivar team: the planned one, with its department where that is
        another than the order's. :ivar people: names, or empty where the reader may not see them.
    """

    row: AnyRow
    line: PlanLine
    team: str
    department: str
    people: Sequence[str]
    reasons: Sequence[str]
    why: str
    todo: str
    #: Nobody is asked about it at this hour.
    is_asleep: bool = False


def add_plans(bp: Blueprint, party: Party) -> None:
    """Give a desk its plans."""
    EXTRA_NAV[party].insert(0, (f"{desk_of(party)}.plans", _l("排班建议")))
    bp.add_url_rule("/plan", "plans", plans)
    bp.add_url_rule("/plan", "ask_plan", ask_plan, methods=["POST"])
    bp.add_url_rule(f"/plan/<{ID}:plan_id>", "plan", plan)
    bp.add_url_rule(f"/plan/<{ID}:plan_id>/cancel", "stop_plan", stop_plan, methods=["POST"])
    bp.add_url_rule(f"/plan/<{ID}:plan_id>/lines", "decide_lines", decide_lines, methods=["POST"])
    bp.add_url_rule(f"/plan/<{ID}:plan_id>/all", "plan_all", plan_all)
    bp.add_url_rule(f"/plan/<{ID}:plan_id>/all", "confirm_plan", confirm_plan, methods=["POST"])
    bp.add_url_rule(f"/plan/<{ID}:plan_id>/all/stop", "stop_plan_run", stop_plan_run, methods=["POST"])


def plans() -> ResponseReturnValue:
    """Ask for a plan; the plans so far."""
    actor = current_actor()
    waiting, others = count_waiting(scope_of(actor), now())
    return render_desk(
        "desk/plans.html",
        plans=list_plans(actor, now()),
        waiting=waiting,
        others=others,
        is_city=scope_of(actor) is None,
        states=STATES,
    )


def ask_plan() -> ResponseReturnValue:
    """Ask; while one is being solved, that one."""
    actor = current_actor()
    try:
        plan_id = ask_for_plan(actor, now())
    except Refused as refused:
        if refused.status == 403:
            raise
        flash(refusal_sentence(refused), "warn")
        return redirect(url_for(".plans"), 303)
    return redirect(url_for(".plan", plan_id=plan_id), 303)


def plan(plan_id: int) -> ResponseReturnValue:
    """How far it is, why it failed, or its lines."""
    actor = current_actor()
    view = view_plan(get_plan(plan_id, actor), now())
    shown, lines, page = _shown(view.counts), list[LineView](), None
    is_night = is_quiet(now(), get_settings())
    run = view_run(plan_id) if view.plan.status == "ready" else None
    if view.plan.status == "ready":
        page = list_lines(plan_id, shown, _number(request.args.get("page", "")) or 1)
        lines = _views(actor, page.rows, view.plan.ended_at or now(), is_night=is_night)
    newer = find_newer(view.plan) if view.plan.status == "ready" else None
    return render_desk(
        "desk/plan.html",
        nav_current=f"{desk_of(actor.party)}.plans",
        view=view,
        plan=view.plan,
        state=STATES[view.plan.status],
        fault=FAULTS.get(view.plan.fault, FAULTS["broken"]),
        is_city=view.plan.department_id is None,
        age=_age(view, has_newer=newer is not None),
        newer=newer,
        wakes=_wakes(lines, now()) if is_night else "",
        seconds=AGAIN_IN,
        is_forgotten=_is_forgotten(view, run, now()),
        part=shown,
        tabs=[
            (url_for(".plan", plan_id=plan_id, show=code), LINE_STATES[code], view.count(code), code == shown)
            for code in SHOWN
            if view.count(code) or code in SHOWN[:2]
        ],
        lines=lines,
        page=page,
        run=run,
        run_told=_tell_run(run, view.count("proposed")),
        open_lines=count_open(plan_id, now()) if shown == "proposed" and page and page.pages > 1 else None,
        url_for_page=lambda number: url_for(".plan", plan_id=plan_id, show=shown, page=number),
    )


def stop_plan(plan_id: int) -> ResponseReturnValue:
    """Not wanted any more."""
    if cancel_plan(plan_id, current_actor(), now()):
        flash(_("已取消。正在算的，一两秒内停下来。"), "done")
    else:
        flash(_("这次排班已经算完了，不用取消。"), "note")
    return redirect(url_for(".plan", plan_id=plan_id), 303)


def decide_lines(plan_id: int) -> ResponseReturnValue:
    """Confirm what is ticked, or one line, or set one aside; then the plan again, with what was done and what not."""
    actor = current_actor()
    ids = [found for text in request.form.getlist("line") if (found := _number(text))]
    one = _number(request.form.get("one", ""))
    skipped = _number(request.form.get("skip", ""))
    if skipped:
        if skip_lines(plan_id, [skipped], actor, now()):
            flash(_("已放到“先不办”，要办时还能确认。"), "done")
        return _back(plan_id)
    ids = [one] if one else ids
    if not ids:
        flash(_("没有选中任何一行，什么也没有办。"), "warn")
        return _back(plan_id)
    try:
        decided = confirm_lines(
            plan_id, ids[: MOST_LINES + 1], actor, now(), is_handed=bool(request.form.get("handed"))
        )
    except Refused as refused:
        if refused.status == 403:
            raise
        flash(refusal_sentence(refused), "warn")
    else:
        _tell(decided)
    return _back(plan_id)


def plan_all(plan_id: int) -> ResponseReturnValue:
    """What confirming all open lines means, before it happens."""
    actor = current_actor()
    view = view_plan(get_plan(plan_id, actor), now())
    found = count_open(plan_id, now())
    run = view_run(plan_id)
    if view.plan.status != "ready" or (run is not None and run.is_running):
        return redirect(url_for(".plan", plan_id=plan_id), 303)
    return render_desk(
        "desk/plan_all.html",
        nav_current=f"{desk_of(actor.party)}.plans",
        plan=view.plan,
        found=found,
        skipped=view.count("skipped"),
        is_long=found.lines > LINES_A_PAGE,
        wakes=clock_time(next_waking(now(), get_settings())) if found.asleep else "",
        age=_age(view, has_newer=find_newer(view.plan) is not None),
    )


def confirm_plan(plan_id: int) -> ResponseReturnValue:
    """Confirm all open lines: as many as a page shows at once, more of them in the worker."""
    actor, is_handed = current_actor(), bool(request.form.get("handed"))
    get_plan(plan_id, actor)
    try:
        found: OpenLines = count_open(plan_id, now())
        if 0 < found.lines <= LINES_A_PAGE:
            ids = list_open(plan_id, now(), LINES_A_PAGE)
            _tell(confirm_lines(plan_id, ids, actor, now(), is_handed=is_handed))
        else:
            ask_to_confirm_all(plan_id, actor, now(), is_handed=is_handed)
    except Refused as refused:
        if refused.status == 403:
            raise
        flash(refusal_sentence(refused), "warn")
    return redirect(url_for(".plan", plan_id=plan_id), 303)


def stop_plan_run(plan_id: int) -> ResponseReturnValue:
    """Confirm no more of them."""
    if stop_confirming(plan_id, current_actor(), now()):
        flash(_("马上停下来。已经问了的队照样会答复，其余的留在“待您确认”。"), "done")
    return redirect(url_for(".plan", plan_id=plan_id), 303)


def _is_forgotten(view: PlanView, run: RunView | None, moment: datetime) -> bool:
    """Nobody has begun to solve the plan, or to confirm all of it, for a while."""
    since = view.plan.asked_at if view.plan.status == "waiting" else None
    if run is not None and run.is_running and run.run.beat_at is None:
        since = run.run.asked_at
    return since is not None and (moment - since).total_seconds() > WAITS_LONG


def _tell_run(run: RunView | None, left: int) -> Sequence[str]:
    """What became of the last time that all was confirmed, when it has ended: each a sentence."""
    if run is None or run.run.ended_at is None:
        return ()
    when = day_time(run.run.ended_at)
    told = [str(RUN_ENDINGS[run.run.ending]) % {"when": when, "who": run.asked_by}]
    if run.confirmed:
        told.append(
            ngettext("已确认 %(num)d 张，队长已收到询问。", "已确认 %(num)d 张，队长已收到询问。", run.confirmed)
        )
    if run.refused:
        told.append(
            ngettext(
                "%(num)d 行没有办成，原因写在“已失效”里。", "%(num)d 行没有办成，原因写在“已失效”里。", run.refused
            )
        )
    if left:
        told.append(ngettext("%(num)d 行还在“待您确认”。", "%(num)d 行还在“待您确认”。", left))
    return told


def _tell(decided: Sequence[Decided]) -> None:
    done = sum(not each.why for each in decided)
    if done:
        text = ngettext(
            "已确认 %(num)d 张，队长会收到询问和建议的时间。", "已确认 %(num)d 张，队长会收到询问和建议的时间。", done
        )
        flash(text, "done")
    refused: dict[str, list[str]] = defaultdict(list)
    for each in decided:
        if each.why:
            refused[each.why].append(spoken(each.number))
    for why, numbers in refused.items():
        flash(_refused(stale_in_words(why), numbers), "warn")
    if refused.keys() & LATER:
        flash(_("还能确认的留在原处。"), "note")


def _refused(why: str, numbers: Sequence[str]) -> str:
    """One sentence for all lines that were refused for the same reason."""
    if len(numbers) == 1:
        return _("%(number)s 没有办成：%(why)s。", number=numbers[0], why=why)
    if len(numbers) > MOST_NAMED:
        return ngettext("%(num)d 行没有办成：%(why)s。", "%(num)d 行没有办成：%(why)s。", len(numbers), why=why)
    return ngettext(
        "%(num)d 行没有办成：%(why)s（%(numbers)s）。",
        "%(num)d 行没有办成：%(why)s（%(numbers)s）。",
        len(numbers),
        why=why,
        numbers=_("、").join(numbers),
    )


def _age(view: PlanView, *, has_newer: bool) -> str:
    """When it was made, for one that is no more of today or not the latest; empty else."""
    if not view.is_old and not has_newer:
        return ""
    at = view.plan.asked_at
    if view.days_old == 0:
        return _("这是今天 %(time)s 排的。", time=clock_time(at))
    if view.days_old == 1:
        return _("这是昨天 %(time)s 排的。", time=clock_time(at))
    return _("这是 %(when)s 排的。", when=day_time(at))


def _wakes(lines: Sequence[LineView], moment: datetime) -> str:
    """When leaders may be asked again about the lines on the page that nobody is asked about now; empty without."""
    if not any(each.is_asleep for each in lines):
        return ""
    return clock_time(next_waking(moment, get_settings()))


def _back(plan_id: int) -> ResponseReturnValue:
    shown = request.form.get("show", "")
    return redirect(url_for(".plan", plan_id=plan_id, show=shown if shown in SHOWN else None), 303)


def _shown(counts: Any) -> str:
    """What the reader asked for; else the first part that has lines."""
    wanted = request.args.get("show", "")
    if wanted in SHOWN:
        return wanted
    return next((code for code in SHOWN if counts.get(code)), SHOWN[0])


def _number(text: str) -> int:
    """An id or page that was sent, 0 when it is none."""
    return int(text) if text.isascii() and text.isdecimal() and int(text[:11]) <= LARGEST_ID and len(text) < 11 else 0


def _views(actor: Actor, rows: Sequence[AnyRow], solved_at: datetime, *, is_night: bool) -> list[LineView]:
    """Lines with names, and what the teams have said where nobody was found; six statements at most, however many
    lines."""
    if not rows:
        return []
    people = name_people([person for row in rows for person in _planned(row.PlanLine)])
    departments = name_departments()
    unserved = {row.PlanLine.order_id for row in rows if row.PlanLine.why in ASKED_NOBODY}
    said = list_refusing(unserved, solved_at) if unserved else {}
    return [
        _view(actor, row, people, departments, tuple(said.get(row.PlanLine.order_id, {}).values()), is_night=is_night)
        for row in rows
    ]


def _view(
    actor: Actor,
    row: AnyRow,
    people: dict[int, tuple[str, int | None]],
    departments: dict[str, tuple[str, str]],
    said: Sequence[str],
    *,
    is_night: bool,
) -> LineView:
    line: PlanLine = row.PlanLine
    other = row.planned_department_id if row.planned_department_id != row.department_id else None
    why, todo = UNSERVED.get(line.why, ("", "")) if line.status == "unserved" else ("", "")
    if line.status == "unserved" and line.why in ASKED_NOBODY:
        why = why_in_words(NobodyLeft.of(line.why, said))
    if line.status == "refused":
        why = stale_in_words(line.why)
    return LineView(
        row,
        line,
        pick(row.planned_name, row.planned_name_en),
        pick(*departments[other]) if other else "",
        [_person(people[each], line) for each in _planned(line) if each in people] if _sees_names(actor, row) else (),
        [_reason(each) for each in line.reasons],
        str(why),
        str(todo),
        is_asleep=is_night and line.status in ("proposed", "skipped") and row.urgency != "emergency",
    )


def _planned(line: PlanLine) -> list[int]:
    """Those that the plan counts on; a few more may be asked, since not everybody will say yes."""
    return line.people[: line.crew_size]


def _reason(kept: Sequence[Any]) -> str:
    code, points, facts = kept
    return reason_in_words(Reason(code, points, facts))


def _person(known: tuple[str, int | None], line: PlanLine) -> str:
    name, team = known
    return name if team == line.team_id else _("%(name)s（别队）", name=name)


def _sees_names(actor: Actor, row: AnyRow) -> bool:
    """As `permissions.may_see_names`: the department that holds the order, and the office."""
    return actor.party is Party.OFFICE or row.department_id == actor.department_id
