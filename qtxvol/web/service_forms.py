"""Forms about a service: its time and people, what became of it, how it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from wtforms import RadioField, SelectChoice
from wtforms.validators import ValidationError

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.queries import term_names
from qtxvol.hours.attendance import ProposedStay, attendances_of, propose_stays
from qtxvol.hours.models import Attendance
from qtxvol.hours.no_shows import count_marks
from qtxvol.hours.numbers import get_number
from qtxvol.hours.rules import NO_SHOW_REASONS
from qtxvol.notices.invitations import windows_of
from qtxvol.offers.joint_time import find_joined_time
from qtxvol.orders import rate, serve
from qtxvol.orders.crew import list_replies
from qtxvol.orders.lifecycle import Action, Label, Status
from qtxvol.orders.models import Order
from qtxvol.orders.replies import Purpose
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.volunteers.queries import CrewChoice, list_crew_choices
from qtxvol.web.action_form import ActionForm, Context, ReasonForm, many_field
from qtxvol.web.display import input_time, say, time_span
from qtxvol.web.forms import (
    Required,
    choice,
    choice_field,
    local_time_field,
    long_text_field,
    number_field,
    photos_field,
)
from qtxvol.web.i18n import _, _l

#: The fields of each person in a close form, by the beginning of their names.
CREW_PARTS = ("minutes", "came", "left", "absent")

#: The choice of a time that is none of the resident's.
OTHER_TIME = "other"


@dataclass(frozen=True, slots=True)
class CrewFields:
    """What a close form asks about one person.

    :ivar stay: what their check-in says.
    :ivar came: and `left`, by the leader's word, where somebody came late or left early.
    """

    name: str
    stay: ProposedStay | None
    minutes: Any
    came: Any
    left: Any
    absent: Any


class TimeForm(ActionForm):
    """Agrees on one time: one of the resident's windows, or another that was agreed on the phone."""

    template = "orders/_time_fields.html"

    wished = RadioField(_l("服务时间"), choices=[], validate_choice=False)
    agreed_start = local_time_field(_l("开始"))
    agreed_end = local_time_field(_l("结束"))

    #: What neighbours have agreed to is the only time; there is no other to be agreed on the phone.
    joint_time: Window | None = None
    _windows: tuple[Window, ...] = ()

    def offer(self, context: Context) -> None:
        self.joint_time = self._joint_time(context)
        length = timedelta(minutes=context.item.duration_minutes if context.item else 60)
        wishes = self._wishes(context) if self.joint_time is None else [self.joint_time]
        ahead = [w for w in wishes if w.starts_at > context.now]
        self.wished.flags.required = True
        self._windows = tuple(Window(w.starts_at, min(w.ends_at, w.starts_at + length)) for w in ahead)
        self.wished.choices = [
            *(
                choice(str(i), time_span(each.starts_at, each.ends_at), self._wish_in_words(wish))
                for i, (each, wish) in enumerate(zip(self._windows, ahead, strict=True), 1)
            ),
            *self._other_time(),
        ]
        if not ahead and not self.is_submitted():
            self.wished.data = OTHER_TIME
        elif self.joint_time is not None and not self.is_submitted():
            self.wished.data = "1"

    def _other_time(self) -> list[Any]:
        if self.joint_time is not None:
            return []
        return [choice(OTHER_TIME, _("另外约定的时间"), _("先和居民电话商定，填在下面"))]

    @staticmethod
    def _joint_time(context: Context) -> Window | None:
        order = context.view.order
        is_open = context.view.joined and order.status == Status.CLAIMED
        return find_joined_time(order.id, context.now) if is_open else None

    def _wishes(self, context: Context) -> Sequence[Any]:
        """Times that suit the resident, as far as is known."""
        return context.view.windows

    def _wish_in_words(self, wish: Any) -> str:
        if self.joint_time is not None:
            return _("几家说好的时间")
        return _("居民方便：%(span)s", span=time_span(wish.starts_at, wish.ends_at))

    def validate(self, extra_validators: Any = None) -> bool:
        """The time is asked for last: it needs both ends, and nothing at all was chosen when all are empty."""
        is_good = super().validate(extra_validators)
        if self.window is None and not (self.agreed_start.errors or self.agreed_end.errors):
            field = self.agreed_start if self.wished.data == OTHER_TIME else self.wished
            field.errors = [_("请选一个居民方便的时间，或者填另外约定的开始和结束时间。")]
        return bool(is_good) and self.window is not None

    @property
    def window(self) -> Window | None:
        if self.agreed_start.moment and self.agreed_end.moment and self.wished.data in (None, "", OTHER_TIME):
            return Window(self.agreed_start.moment, self.agreed_end.moment)
        index = self.wished.data or ""
        if index.isascii() and index.isdecimal() and 1 <= int(index[:3]) <= len(self._windows):
            return self._windows[int(index[:3]) - 1]
        return None

    def agreed(self) -> Window:
        if self.window is None:
            raise AssertionError("used before it was validated")
        return self.window


class AcceptForm(TimeForm):
    action = Action.ACCEPT
    counted = "volunteer_ids"
    #: Heading of those who would do and have the time.
    ready_group = ""
    volunteer_ids = many_field(_l("谁去服务"), _l("请至少选一名志愿者。"))
    text = long_text_field(_l("备注"))

    def offer(self, context: Context) -> None:
        """Who would do and has the time first; the others, each with what speaks against them, below."""
        super().offer(context)
        skills, needed = term_names("skill"), set(context.item.needed_skills) if context.item else set()
        self.ready_group = _("合适的人")
        ready, others = [], []
        people = list_crew_choices(context.actor.team_id or 0, context.item, context.now)
        marked = self._list_marked(context, [person.volunteer_id for person in people])
        for person in sorted(people, key=lambda each: each.volunteer_id in marked):
            if person.is_qualified and person.is_free(self._windows):
                doubts = [_("有未到场记录，急单不优先")] if person.volunteer_id in marked else []
                note = _("；").join([*crew_note(person, skills, needed), *doubts])
                ready.append(choice(person.volunteer_id, person.name, note, group=self.ready_group))
            else:
                why = _("；").join(crew_doubts(person, needed))
                others.append(choice(person.volunteer_id, person.name, why, group=_("其他队员")))
        self.volunteer_ids.choices = [*ready, *others]

    @staticmethod
    def _list_marked(context: Context, people: list[int]) -> set[int]:
        """Who is not proposed first, because of no-shows: for urgent orders only (docs/adr/0010-hours.md)."""
        if context.view.order.urgency == "normal":
            return set()
        marks = count_marks(people, context.now.astimezone(CITY_TIME).date())
        most = get_number("no_show_marks")
        return {person for person, count in marks.items() if count >= most}

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.accept_order(
            number,
            actor,
            agreed=self.agreed(),
            volunteer_ids=self.volunteer_ids.data,
            text=self.text.data or "",
            now=now,
            **self.step(),
        )


def crew_note(person: CrewChoice, skills: dict[str, Label], needed: set[str]) -> list[str]:
    """What a leader wants to know before naming somebody."""
    shown = [skill for skill in person.skills if skill in skills and (skill in needed or not needed)]
    return [
        *(say(skills[skill]) for skill in shown),
        *([_("持证")] if person.is_licensed else []),
        *(_("已有 %(when)s", when=time_span(each.starts_at, each.ends_at)) for each in person.busy),
    ]


def crew_doubts(person: CrewChoice, needed: set[str]) -> list[str]:
    """What speaks against naming somebody; beside a qualified person they may still help."""
    lacks = _("没有有效的执业证") if needed & set(person.skills) else _("没有所需技能")
    return [
        *([] if person.is_qualified else [lacks]),
        *(_("%(when)s 已有服务", when=time_span(each.starts_at, each.ends_at)) for each in person.busy),
    ]


class RescheduleForm(TimeForm):
    action = Action.RESCHEDULE
    template = "orders/_reschedule_fields.html"
    text = long_text_field(_l("给居民的话"))

    #: People of other teams who come along: they have agreed to the old time alone.
    lent: Sequence[str] = ()

    def offer(self, context: Context) -> None:
        super().offer(context)
        self.lent = sorted(each.name for each in context.view.crew if each.team_id != context.view.order.team_id)

    def _wishes(self, context: Context) -> Sequence[Any]:
        """What the resident named instead, when the agreed time did not suit, comes first."""
        named = [
            window
            for reply in list_replies(context.view.order)
            if reply.purpose == Purpose.CONFIRM_TIME and reply.answer == "no"
            for window in windows_of(reply)
        ]
        return [*named, *(each for each in context.view.windows if Window(each.starts_at, each.ends_at) not in named)]

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.reschedule_order(
            number, actor, agreed=self.agreed(), text=self.text.data or "", now=now, **self.step()
        )


class WithdrawForm(ReasonForm):
    action = Action.WITHDRAW
    text = long_text_field(_l("补充说明"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.withdraw_order(
            number, actor, reason=self.reason.data, text=self.text.data or "", now=now, **self.step()
        )


class NoShowForm(ActionForm):
    action = Action.NO_SHOW
    text = long_text_field(_l("说说情况"), required=_l("请写明情况，例如等了多久、有没有人联系。"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.report_no_show(number, actor, text=self.text.data, now=now, **self.step())


class CloseForm(ActionForm):
    """Times, minutes and reasons per person are added by `close_form_for`, a few fields for each of the crew."""

    action = Action.CLOSE
    template = "orders/_close_fields.html"
    has_files = True
    actual_start = local_time_field(_l("实际开始"), required=_l("请填实际开始时间。"))
    actual_end = local_time_field(_l("实际结束"), required=_l("请填实际结束时间。"))
    attendance = number_field(_l("到场人次"), low=0, high=5000, required=_l("请填到场人数，没有人来就填 0。"))
    report = long_text_field(_l("服务情况"), longest=1000, required=_l("请简单写几句：讲了什么、反响怎样。"))
    photos = photos_field(_l("现场照片"))

    crew_names: ClassVar[dict[int, str]] = {}
    #: What their check-in says, by person.
    stays: dict[int, ProposedStay] = {}

    @property
    def people(self) -> list[CrewFields]:
        """The fields of each person, for the template."""
        return [
            CrewFields(name, self.stays.get(person), *(self._fields[f"{part}_{person}"] for part in CREW_PARTS))
            for person, name in self.crew_names.items()
        ]

    def offer(self, context: Context) -> None:
        self.plan(context.view.order, attendances_of(context.view.order))

    def plan(self, order: Order, present: Mapping[int, Attendance]) -> None:
        """As agreed: the times, and for everybody the whole of it, or as long as their check-in says."""
        for person in self.crew_names:
            self._fields[f"absent_{person}"].choices = [
                choice("", _("没来的，请选原因")),
                *(choice(code, say(label)) for code, label in NO_SHOW_REASONS.items()),
            ]
        if not order.agreed_start or not order.agreed_end:
            return
        self.stays = propose_stays(order, dict.fromkeys(self.crew_names, 0), None, {}, present)
        if self.is_submitted():
            return
        self.actual_start.data, self.actual_end.data = input_time(order.agreed_start), input_time(order.agreed_end)
        for person, stay in self.stays.items():
            self._fields[f"minutes_{person}"].data = stay.most

    def validate(self, extra_validators: Any = None) -> bool:
        is_good = super().validate(extra_validators)
        for each in self.people:
            times = each.came.moment, each.left.moment
            if each.came.errors or each.left.errors or not any(times):
                continue
            if None in times or times[0] >= times[1]:
                each.left.errors = [_("到场和离开时间要一起填，离开要晚于到场。")]
                is_good = False
        return bool(is_good)

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        if self.actual_start.moment is None or self.actual_end.moment is None:
            raise AssertionError("used before it was validated")
        named = zip(self.crew_names, self.people, strict=True)
        people = dict(named)
        return serve.close_order(
            number,
            actor,
            actual=Window(self.actual_start.moment, self.actual_end.moment),
            attendance=self.attendance.data or 0,
            report=self.report.data,
            minutes={person: each.minutes.data for person, each in people.items()},
            signed={
                person: Window(each.came.moment, each.left.moment)
                for person, each in people.items()
                if each.came.moment and each.left.moment
            },
            absent={
                person: each.absent.data
                for person, each in people.items()
                if each.absent.data and not each.minutes.data
            },
            pictures=self.photos.pictures,
            now=now,
            **self.step(),
        )


def close_form_for(crew: Sequence[AnyRow]) -> type[CloseForm]:
    """A close form with a few fields for everybody who was named.

    :param crew: rows with `id` and `name` of a volunteer.
    """
    fields: dict[str, Any] = {}
    for person in crew:
        fields[f"minutes_{person.id}"] = number_field(
            _l("%(name)s 服务了多少分钟", name=person.name),
            low=0,
            high=720,
            required=_l("请填分钟数，没来就填 0。"),
        )
        fields[f"came_{person.id}"] = local_time_field(_l("到场时间"))
        fields[f"left_{person.id}"] = local_time_field(_l("离开时间"))
        fields[f"absent_{person.id}"] = choice_field(_l("没来的原因"))
    names = {person.id: person.name for person in crew}
    return type("CloseFormForCrew", (CloseForm,), {**fields, "crew_names": names})


class ReopenForm(ActionForm):
    action = Action.REOPEN
    text = long_text_field(
        _l("为什么重办"),
        required=_l("请写明居民反映的情况。"),
        description=_l("重办后，这次服务登记的时长会冲销，等重新服务后再登记。"),
    )

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.reopen_order(number, actor, text=self.text.data, now=now, **self.step())


class RateForm(ActionForm):
    action = Action.RATE
    took_place = RadioField(
        _l("服务来了吗"),
        choices=[SelectChoice("yes", _l("来了")), SelectChoice("no", _l("没有来"))],
        validate_choice=False,
    )
    stars = RadioField(
        _l("做得怎么样"),
        choices=[
            SelectChoice("5", _l("5 星 很满意")),
            SelectChoice("4", _l("4 星 满意")),
            SelectChoice("3", _l("3 星 一般")),
            SelectChoice("2", _l("2 星 不太满意")),
            SelectChoice("1", _l("1 星 不满意")),
        ],
        validators=[Required(_l("请选几颗星。"))],
        validate_choice=False,
    )
    came_count = number_field(_l("大约来了多少人听"), low=0, high=5000)
    again = RadioField(
        _l("还愿意再点吗"),
        choices=[SelectChoice("yes", _l("愿意")), SelectChoice("no", _l("不愿意"))],
        validate_choice=False,
    )
    text = long_text_field(_l("想说的话"))

    def validate_took_place(self, field: Any) -> None:
        if field.data not in ("yes", "no"):
            raise ValidationError(_("请选“来了”或“没有来”。"))

    def validate_stars(self, field: Any) -> None:
        if field.data not in ("1", "2", "3", "4", "5"):
            raise ValidationError(_("请选几颗星。"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        verdict = rate.Verdict(
            stars=int(self.stars.data),
            did_take_place=self.took_place.data == "yes",
            came_count=self.came_count.data,
            would_order_again={"yes": True, "no": False}.get(self.again.data or ""),
            text=self.text.data or "",
        )
        return rate.rate_order(number, actor, verdict=verdict, now=now, **self.step())
