"""The kinds of notices, as one table. Pure.

A step of an order is a kind of its own, named like its action. What a kind says stands in the wordings; who is told
is decided where it is queued.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from qtxvol.orders.lifecycle import RULES, Action, Label, Party


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """One kind.

    :ivar about: names of `Notice.about` that its wording may use, besides those that every kind has.
    :ivar readers: the parties that it can be queued for; there are words for each of them.
    :ivar has_order: it is about an order, so that its wording may use what the order says.
    :ivar is_optional: the reader may unsubscribe from it.
    :ivar answers: what its reader may answer with one tap.
    """

    code: str
    label: Label
    about: tuple[str, ...] = ()
    readers: tuple[Party, ...] = ()
    has_order: bool = True
    is_optional: bool = False
    answers: tuple[str, ...] = ()

    def asks(self, party: Party) -> str:
        """What a reader of this party is asked with one tap; empty when nothing."""
        if self.is_step and party is Party.TEAM and self.code != Action.OFFER:
            return ""  # these go to teams that have nothing to do with the service any more
        return next((each for each in reversed(self.answers) if party in _ANSWERERS[each]), "")

    @property
    def is_step(self) -> bool:
        """It tells of a step of an order."""
        return self.code in set(Action)


#: Who may be asked what (`orders/replies.py`).
_ANSWERERS: Mapping[str, tuple[Party, ...]] = {
    "come": (Party.VOLUNTEER, Party.TEAM),
    "offer": (Party.TEAM,),
    "confirm_time": (Party.RESIDENT,),
    "took_place": (Party.RESIDENT,),
    "rate": (Party.RESIDENT,),
    "join": (Party.VOLUNTEER,),
    "other_time": (Party.RESIDENT,),
    "joint": (Party.RESIDENT,),
}


def _kind(code: str, zh: str, en: str, **more: object) -> NoticeKind:
    return NoticeKind(code, Label(zh, en), **more)  # type: ignore[arg-type]


_R, _C, _D, _T, _V, _O = (
    Party.RESIDENT, Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM, Party.VOLUNTEER, Party.OFFICE,
)  # fmt: skip
_ALL = (_R, _C, _D, _T, _V, _O)

_OTHERS = (
    # clocks and the ladder (orders/ladder.py)
    _kind("due_soon", "快到时限", "Due soon", about=("step", "due"), readers=(_R, _C, _D, _T)),
    _kind("overdue", "已超时", "Overdue", about=("step", "due"), readers=(_R, _C, _D, _T, _O)),
    _kind("overdue_lead", "下级超时", "Overdue below you", about=("step", "due", "owner"), readers=(_C, _D, _O)),
    _kind("overdue_twice", "超时一倍", "Twice overdue", about=("step", "due", "owner"), readers=(_O,)),
    _kind("returned_twice", "两次退单", "Returned twice", readers=(_O,)),
    _kind("question_waits", "问题等居民答复", "A question waits for an answer", readers=(_C, _O)),
    _kind(
        "needs_ruling",
        "没有部门可再转派",
        "No department is left",
        about=("step", "due", "owner"),
        readers=(_O,),
    ),
    _kind("call_missing", "还没打首次电话", "No first call yet", about=("due",), readers=(_T,)),
    _kind("close_missing", "服务时间已过，还没登记", "Not written up yet", about=("due",), readers=(_T, _O)),
    _kind("not_rated", "未评价", "Not rated", readers=(_R, _C, _T)),
    # reminders and one-tap answers (notices/reminders.py)
    _kind(
        "remind_day",
        "明天有服务",
        "Service tomorrow",
        about=("start", "end"),
        is_optional=True,
        answers=("come",),
        readers=(_R, _T, _V),
    ),
    _kind(
        "remind_hours",
        "两小时后有服务",
        "Service in two hours",
        about=("start", "end"),
        answers=("come",),
        readers=(_R, _T, _V),
    ),
    _kind(
        "confirm_time",
        "请确认时间",
        "Please confirm the time",
        about=("start", "end"),
        answers=("confirm_time",),
        readers=(_R,),
    ),
    _kind(
        "how_was_it", "请说说办得怎么样", "How was it?", is_optional=True, answers=("took_place", "rate"), readers=(_R,)
    ),
    _kind(
        "took_place",
        "请确认服务来过",
        "Did they come?",
        about=("start", "end"),
        is_optional=True,
        answers=("took_place",),
        readers=(_R,),
    ),
    _kind("time_refused", "居民说时间不合适", "The time does not suit", about=("start", "end"), readers=(_D, _T)),
    _kind("offer_declined", "服务队接不了", "A team declined", about=("name", "reason"), readers=(_D,)),
    _kind("cannot_come", "有人来不了", "Somebody cannot come", about=("name", "reason"), readers=(_T, _D)),
    _kind("answer_changed", "回复有变化", "An answer changed", about=("name",), readers=(_C, _D, _T)),
    # who is asked to serve (offers/)
    _kind(
        "join_ask",
        "请您去服务",
        "Can you serve?",
        about=("start", "end"),
        is_optional=True,
        answers=("join",),
        readers=(_V,),
    ),
    _kind("not_needed", "这次不用去了", "Not needed this time", about=("start", "end"), readers=(_V,)),
    _kind("crew_ready", "人手齐了", "The crew is complete", about=("start", "end"), readers=(_T,)),
    _kind("crew_replaced", "补上人了", "Somebody stands in", about=("name", "start", "end"), readers=(_T,)),
    _kind("crew_short", "人手没凑齐", "The crew stays short", about=("start", "end"), readers=(_D, _T)),
    _kind("team_stopped", "答应的队已停用", "A team was stopped", about=("start", "end"), readers=(_D, _T)),
    _kind("nobody_left", "没有队伍可再问", "No team is left to ask", about=("reason",), readers=(_D,)),
    _kind(
        "plan_ready",
        "排班建议已算好",
        "The plan is ready",
        is_optional=True,
        readers=(_D, _O),
        has_order=False,
    ),
    # other times and joint sessions (offers/)
    _kind("other_time", "换个时间行不行", "Another time?", answers=("other_time",), readers=(_R,)),
    _kind("other_time_taken", "居民同意了新时间", "A new time suits", about=("start", "end"), readers=(_C, _D, _T)),
    _kind("other_time_over", "换时间没有等到答复", "No answer about other times", readers=(_C, _D, _T)),
    _kind(
        "joint_ask",
        "邻近的单一起办",
        "Together with neighbours?",
        about=("start", "end"),
        answers=("joint",),
        readers=(_R,),
    ),
    _kind("joint_off", "并场没有成", "No joint session", about=("start", "end"), readers=(_R,)),
    _kind("joint_answered", "并场有答复", "An answer about the joint session", about=("result",), readers=(_C, _D)),
    # contact and call-backs (orders/contact.py)
    _kind("call_back", "有回访任务", "A call to make", about=("cause",), readers=(_C, _O)),
    # emergencies (emergencies/)
    _kind(
        "emergency_opened",
        "应急响应已启动",
        "Emergency opened",
        about=("title", "area"),
        readers=(_C, _D, _T, _V, _O),
        has_order=False,
    ),
    _kind(
        "emergency_closed",
        "应急响应已结束",
        "Emergency closed",
        about=("title",),
        readers=(_C, _D, _T, _V, _O),
        has_order=False,
    ),
    # science days (directory)
    _kind(
        "science_day",
        "科普节日将近",
        "A science day is near",
        about=("day", "starts", "days"),
        is_optional=True,
        readers=(_C, _D),
        has_order=False,
    ),
    # volunteers, hours, recognition
    _kind("team_request", "有人申请入队", "Somebody asks to join", about=("name",), readers=(_T,), has_order=False),
    _kind(
        "team_request_decided",
        "入队申请有结果",
        "Your request was decided",
        about=("team", "result"),
        readers=(_V,),
        has_order=False,
    ),
    _kind("volunteer_verified", "志愿者已核验", "You are verified", about=("number",), readers=(_V,), has_order=False),
    _kind("late_entry_waiting", "有时长待确认", "Hours to confirm", about=("name", "minutes"), readers=(_O,)),
    _kind(
        "hours_decided",
        "时长申请有结果",
        "Your hours were decided",
        about=("name", "minutes", "result"),
        readers=(_T, _V, _O),
    ),
    _kind("objection", "有人提出异议", "An objection", about=("name",), readers=(_O,)),
    _kind("absence", "登记了一次未到场", "An absence was recorded", about=("until",), readers=(_V,)),
    _kind(
        "star_awarded",
        "星级晋升",
        "A star was awarded",
        about=("stars",),
        is_optional=True,
        readers=(_V,),
        has_order=False,
    ),
    # the outbox itself
    _kind("undelivered", "通知没送达", "A notice was not delivered", about=("channel", "reader"), readers=(_C, _O)),
)

#: Steps that ask their reader something: the team whether it takes the order, a named volunteer whether they come,
#: the resident how it was.
_STEP_ANSWERS: Mapping[Action, tuple[str, ...]] = {
    Action.OFFER: ("offer",),
    Action.ACCEPT: ("come",),
    Action.RESCHEDULE: ("come",),
    Action.CREW: ("come",),
    Action.REINSTATE: ("come",),
    Action.CLOSE: ("rate",),
}

#: Every kind, by code.
KINDS: Mapping[str, NoticeKind] = {
    kind.code: kind
    for kind in (
        *(
            NoticeKind(
                str(rule.action),
                rule.label,
                readers=tuple(party for party in _ALL if party in rule.tells),
                answers=_STEP_ANSWERS.get(rule.action, ()),
            )
            for rule in RULES
        ),
        *_OTHERS,
    )
}
