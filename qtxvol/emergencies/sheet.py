"""The review sheet as a paper: tables of the figures that were kept, the facts that were told, the lessons."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from qtxvol.base import CITY_TIME
from qtxvol.emergencies.models import EmergencyReview
from qtxvol.emergencies.queries import EmergencyView
from qtxvol.emergencies.rules import DEEDS
from qtxvol.orders.lifecycle import STATUS_LABELS, Label, Status
from qtxvol.refusals import NotFound
from qtxvol.reports.sheets import Cell, Column, Kind, Paper, Row, Sheet, Story

_ITEM = Column(Label("项目", "Item"))
_COUNT = Column(Label("数", "Number"), Kind.NUMBER)
_UNIT = Column(Label("单位", "Unit"), is_short=True)

_ORDERS, _PEOPLE = Label("单", "orders"), Label("人", "people")
_TIMES, _MINUTES = Label("人次", "person-times"), Label("分钟", "minutes")
_PIECES = Label("条", "messages")

_ORIGINS: Mapping[str, Label] = {
    "resident": Label("居民自己点的", "Ordered by residents"),
    "on_behalf": Label("工作人员代点的", "Ordered on behalf"),
    "push": Label("部门送的", "Pushed by departments"),
    "raised": Label("启动前已有、提级的", "From before, raised"),
}
_STEPS: Mapping[str, Label] = {
    "dispatch": Label("等社区派单", "Waiting for dispatch"),
    "claim": Label("等部门领单", "Waiting for a claim"),
    "accept": Label("等服务队接单", "Waiting for acceptance"),
    "close": Label("接单到办结", "From acceptance to the end"),
    "to_accept": Label("点单到接单，全程", "From order to acceptance"),
    "to_close": Label("点单到办结，全程", "From order to the end"),
}


def make_sheet(view: EmergencyView) -> Paper:
    """The paper of a closed emergency.

    :raise NotFound: it is open, and has no sheet.
    """
    review = view.review
    if review is None:
        raise NotFound(view.emergency.id)
    figures = review.figures
    drill = Label("【演练】", "[Drill] ") if view.emergency.is_drill else Label("", "")
    title = view.emergency.title
    return Paper(
        code=f"emergency-{view.emergency.id}",
        title=Label("应急复盘表", "Emergency review"),
        subject=Label(f"{drill.zh}{title}", f"{drill.en}{title}"),
        made_at=review.made_at,
        sheets=(
            _event_sheet(view),
            _sums_sheet(figures),
            _steps_sheet(figures),
            _status_sheet(figures),
            _timeline_sheet(figures),
            _facts_sheet(view),
        ),
        stories=_lessons(review),
        notes=_notes(view, review),
    )


def _event_sheet(view: EmergencyView) -> Sheet:
    emergency = view.emergency
    pairs = (
        (Label("类型", "Kind"), view.kind),
        (Label("范围", "Area"), _join(view.areas)),
        (Label("主题和项目", "Topics"), _join(view.topics)),
        (Label("开始", "Began"), _moment(emergency.starts_at)),
        (Label("启动", "Opened"), _by(emergency.opened_at, view.opened_by)),
        (Label("计划结束", "Planned end"), _moment(emergency.planned_end_at)),
        (Label("结束", "Closed"), _by(emergency.closed_at, view.closed_by)),
    )
    columns = (_ITEM, Column(Label("内容", "Content")))
    return Sheet(Label("基本情况", "The event"), columns, [Row(pair) for pair in pairs])


def _sums_sheet(figures: Mapping[str, Any]) -> Sheet:
    messages, overdue = figures["messages"], figures["overdue"]
    lines: list[tuple[Label, int, Label]] = [
        (Label("应急期间的单", "Orders"), figures["orders"], _ORDERS),
        *((label, figures["origins"].get(name, 0), _ORDERS) for name, label in _ORIGINS.items()),
        (Label("办结的服务", "Services"), figures["services"], Label("场", "services")),
        (Label("到场群众", "Residents reached"), figures["attendance"], _TIMES),
        (Label("服务到的社区和村", "Communities served"), figures["communities"], Label("个", "communities")),
        (Label("到场服务的志愿者", "Volunteers who served"), figures["volunteers"], _PEOPLE),
        (Label("出动的服务队", "Teams"), figures["teams"], Label("支", "teams")),
        (Label("超时以后办成的步骤", "Steps done late"), overdue["done_late"], Label("次", "times")),
        (Label("结束时还超时没办的步骤", "Steps overdue at the end"), overdue["owed"], Label("次", "times")),
        (Label("未能满足", "Not met"), figures["unmet"], _ORDERS),
        (Label("结束时还在办的", "Still open at the end"), figures["open"], _ORDERS),
        (Label("站内通知", "Notices"), messages["notices"], _PIECES),
        (Label("站外消息，已送达通道", "Messages sent"), messages["sent"], _PIECES),
        (Label("站外消息，还在发", "Messages on their way"), messages["waiting"], _PIECES),
        (Label("站外消息，不知是否送达", "Messages with unknown fate"), messages["unknown"], _PIECES),
        (Label("站外消息，没有送达", "Messages that failed"), messages["dead"], _PIECES),
    ]
    rows = [Row((label, Cell(count), unit)) for label, count, unit in lines]
    return Sheet(Label("总数", "Sums"), (_ITEM, _COUNT, _UNIT), rows)


def _steps_sheet(figures: Mapping[str, Any]) -> Sheet:
    columns = (
        Column(Label("步骤", "Step")),
        Column(Label("走完的", "Taken"), Kind.NUMBER, Label("次", "times")),
        Column(Label("中位数", "Median"), Kind.NUMBER, _MINUTES),
        Column(Label("九成不超过", "Nine of ten within"), Kind.NUMBER, _MINUTES),
        Column(Label("最长", "Longest"), Kind.NUMBER, _MINUTES),
    )
    rows = [
        Row((_STEPS[step["step"]], *(Cell(step[name]) for name in ("count", "median", "p90", "max"))))
        for step in figures["steps"]
    ]
    note = Label(
        "启动前已有的单从提级的时候算起；没走完的步骤不算在内。",
        "Orders from before count from when they were raised; steps that were not taken are left out.",
    )
    return Sheet(Label("每一步用了多久", "How long each step took"), columns, rows, notes=(note,))


def _status_sheet(figures: Mapping[str, Any]) -> Sheet:
    rows = [Row((STATUS_LABELS[Status(status)], Cell(count), _ORDERS)) for status, count in figures["statuses"].items()]
    return Sheet(Label("结束时单的状态", "Where the orders stood at the end"), (_ITEM, _COUNT, _UNIT), rows)


def _timeline_sheet(figures: Mapping[str, Any]) -> Sheet:
    columns = (
        Column(Label("时间", "When"), is_short=True),
        Column(Label("事项", "What"), is_short=True),
        Column(Label("经办", "Who")),
        Column(Label("内容", "Content")),
    )
    rows = [
        Row(
            (
                _moment(datetime.fromisoformat(line["at"])),
                DEEDS[line["deed"]],
                Label(line["by"], line["by"]),
                Label(line["text"], line["text"]),
            )
        )
        for line in figures["timeline"]
    ]
    return Sheet(Label("经过", "What was done"), columns, rows)


def _facts_sheet(view: EmergencyView) -> Sheet:
    columns = (
        Column(Label("发布的事实", "Fact")),
        Column(Label("来源", "Source")),
        Column(Label("谁、何时核实", "Checked by, when")),
        Column(Label("后来", "Later")),
    )
    rows = []
    for fact in (*view.facts, *view.withdrawn):
        gone = Label(f"撤下：{fact.withdrawn_why}", f"Withdrawn: {fact.withdrawn_why}") if fact.withdrawn_at else None
        later = Label("", "") if fact in view.facts else gone or Label("已更正", "Corrected")
        checked = _by(fact.checked_at, fact.checked_by)
        rows.append(Row((Label(fact.text, fact.text), Label(fact.source, fact.source), checked, later)))
    return Sheet(Label("发布过的事实", "Facts that were told"), columns, rows)


def _lessons(review: EmergencyReview) -> Sequence[Story]:
    if not review.lessons:
        return ()
    return (Story(Label("经验教训", "Lessons"), (), review.lessons),)


def _notes(view: EmergencyView, review: EmergencyReview) -> Sequence[Label]:
    notes = [
        Label(
            "数字在结束时生成，以后不再变；经验教训可以补写。",
            "The figures were made when it was closed and change no more; the lessons may be added to.",
        ),
        Label(f"校验和 {review.checksum}", f"Checksum {review.checksum}"),
    ]
    if view.emergency.is_drill:
        notes.insert(
            0,
            Label(
                "这是演练，不计入任何统计，不登记志愿服务时长。",
                "An exercise: it counts in no statistics and gives no hours.",
            ),
        )
    return notes


def _join(labels: Sequence[Label]) -> Label:
    return Label("、".join(each.zh for each in labels), ", ".join(each.en for each in labels))


def _moment(moment: datetime | None) -> Label:
    text = moment.astimezone(CITY_TIME).strftime("%Y-%m-%d %H:%M") if moment else ""
    return Label(text, text)


def _by(moment: datetime | None, who: str) -> Label:
    text = f"{_moment(moment).zh} {who}".strip()
    return Label(text, text)
