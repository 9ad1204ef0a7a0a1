"""The fairness of a period in words and tables: each figure with what it means and how it is counted; as a paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from qtxvol.base import CITY_TIME
from qtxvol.offers.caps import PASSED
from qtxvol.offers.fairness import LEAST_ORDERS, Answers, Fairness, Fate, OrderLine, measure
from qtxvol.offers.shares import carried_by, percentile
from qtxvol.offers.suggest import OVERRIDE_WHY
from qtxvol.orders.lifecycle import Label
from qtxvol.refusals import NotFound
from qtxvol.reports.queries import last_day
from qtxvol.reports.sheets import Cell, Column, Kind, Paper, Row, Sheet

#: Part of the volunteers whose share of the work is told: the busiest tenth.
BUSIEST = 0.1
#: Longer times are told in hours.
MOST_MINUTES = 120


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `value` is None where there is nothing to say; shares are in per cent.

    :ivar of: what it rests on, e.g. how many of how many; empty without.
    :ivar means: one plain sentence; `how` it is counted.
    :ivar rows: a key of `ROWS` where the orders that it counts can be listed; empty without.
    :ivar whole: of a share, the key of the orders that it is a share of; empty without.
    """

    key: str
    label: Label
    value: float | int | None
    unit: Label
    of: Label
    means: Label
    how: Label
    rows: str = ""
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that belong together."""

    name: Label
    figures: Sequence[Figure]


#: The lists of orders behind the figures, by the keys of `COUNTED`, which says what belongs there.
ROWS: Mapping[str, Label] = {
    "all": Label("全部点单", "All orders"),
    "judged": Label("有结果的单", "Orders with a verdict"),
    "filled": Label("有队伍服务的单", "Orders served"),
    "missed": Label("没有队伍服务的单", "Orders not served"),
    "waiting": Label("还在等的单", "Orders still waiting"),
    "aside": Label("不计入的单", "Orders left aside"),
    "valid": Label("计入的单", "Orders not left aside"),
    "late": Label("有一步超时的单", "Orders with a late step"),
    "urgent": Label("有结果的加急单", "Urgent orders with a verdict"),
    "urgent_filled": Label("有队伍服务的加急单", "Urgent orders served"),
    "emergency": Label("有结果的应急单", "Emergency orders with a verdict"),
    "emergency_filled": Label("有队伍服务的应急单", "Emergency orders served"),
    "taken": Label("有队伍接过的单", "Orders that a team accepted"),
    "searched": Label("领单后有队伍接过的单", "Orders accepted after a claim"),
    "emergency_taken": Label("有队伍接过的应急单", "Emergency orders that a team accepted"),
    "asked": Label("点名问过的单", "Orders asked about"),
    "in_waves": Label("点名问过服务队的单", "Orders about which teams were asked"),
}
#: Those that every list leads to; the others are reached from their figures.
MAIN_ROWS = ("all", "judged", "filled", "missed", "waiting", "aside", "late", "urgent", "emergency", "asked")

FATES: dict[Fate, Label] = {
    Fate.SERVED: Label("已服务", "Served"),
    Fate.AGREED: Label("已约定", "Agreed"),
    Fate.WAITING: Label("还在等", "Waiting"),
    Fate.MISSED: Label("没有服务", "Not served"),
    Fate.ASIDE: Label("不计入", "Left aside"),
}

#: What the page and its papers are called.
TITLE = Label("匹配与公平", "Matching and fairness")
_ORDERS = Label("单", "orders")
_PERCENT, _HOURS, _MINUTES = Label("%", "%"), Label("小时", "hours"), Label("分钟", "minutes")
_TIMES, _PEOPLE, _TEAMS = Label("次", "times"), Label("人", "people"), Label("支队", "teams")
_NONE = Label("", "")

NOTES = (
    Label(
        "演练不计入任何一项。单按点单的日子归期，服务按服务的日子归期，询问按发出的日子归期；分母为零的写作“—”。",
        "Exercises count nowhere. Orders belong to the day on which they were placed, services to the day of the "
        "service, asks to the day on which they were sent; a share of nothing is written as a dash.",
    ),
    Label(
        "中位数和九成位用最近秩法：把数从小到大排，第一个不少于五成（九成）的数就是。",
        "Median and 90 per cent are nearest ranks: in rising order, the first value that at least half (nine tenths) "
        "of them do not exceed.",
    ),
    Label(
        f"不到 {LEAST_ORDERS} 单有结果的镇街照样列出，但不参加“最差镇街”的比较：一单之差就会改变名次。",
        f"Towns with fewer than {LEAST_ORDERS} judged orders are listed and never called the worst: one order more or "
        "less would decide it.",
    ),
    Label(
        "性别、民族、年龄等个人特征不参与匹配，这里也不统计。",
        "Sex, origin, age and the like play no part in matching, and are not counted here.",
    ),
)


def list_figures(found: Fairness) -> list[Group]:
    """All figures of a period."""
    return [
        Group(Label("办成了多少", "What gets served"), _served(found)),
        Group(Label("等了多久", "How long it takes"), _waits(found)),
        Group(Label("活儿分得匀不匀", "How evenly the work is spread"), _spread(found)),
        Group(Label("问了多少人", "How often people are asked"), _asks(found)),
        Group(Label("人改了系统的建议", "Where people decided otherwise"), _overrides(found)),
    ]


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)


def _of(part: int, whole: int, zh: str, en: str) -> Label:
    return Label(f"{whole:,} {zh}中的 {part:,} {zh}", f"{part:,} of {whole:,} {en}")


def _served(found: Fairness) -> list[Figure]:
    judged, filled, waiting, aside = (_number(found, key) for key in ("judged", "filled", "waiting", "aside"))
    how = Label(
        "已办结或已约定服务的单，除以有结果的单。没有结果的不算：还有期望时间没到的（在等），撤单、联系不上、不予受理和"
        "并单的（不计入）。未能满足的，和期望时间全过了还没人接的，算没有服务。",
        "Orders closed or agreed by orders with a verdict. No verdict have those with a wished time still ahead "
        "(waiting), and those withdrawn, unreachable, refused or merged (left aside). Orders ended as unmet, and those "
        "whose wished times have all passed without a team, count as not served.",
    )
    by_urgency = [
        (
            "urgent", Label("加急单的服务率", "Urgent orders served"),
            Label("加急的单里有多少有队伍服务。", "How many of the urgent orders are served."),
        ),
        (
            "emergency", Label("应急单的服务率", "Emergency orders served"),
            Label("应急的单里有多少有队伍服务。", "How many of the emergency orders are served."),
        ),
    ]  # fmt: skip
    figures = [
        Figure(
            "filled", Label("服务率", "Orders served"), _percent(found.share_of()), _PERCENT,
            Label(f"有结果的 {judged:,} 单中的 {filled:,} 单", f"{filled:,} of {judged:,} orders with a verdict"),
            Label("群众点的单里已经有结果的，有多少真有队伍去服务。",
                  "How many of the orders with a verdict really get a team."), how, "filled", "judged",
        )
    ]  # fmt: skip
    for urgency, label, means in by_urgency:
        part, whole = f"{urgency}_filled", urgency
        same = Label("同上，只看这一类单。", "As above, of these orders only.")
        share, of = _percent(found.share_of(urgency)), _part_of(found, part, whole)
        figures.append(Figure(urgency, label, share, _PERCENT, of, means, same, part, whole))
    compared = len(found.compared_towns)
    worst = found.worst_town if compared > 1 else None  # one alone is no worst
    figures += [
        Figure(
            "worst_town", Label("最差镇街的服务率", "Worst town"), _percent(worst.share) if worst else None, _PERCENT,
            worst.name if worst else _too_few_towns(compared),
            Label("服务最跟不上的镇街做到了多少；住得远不该更难等到人。",
                  "How far the least served town gets; living far out should not mean waiting in vain."),
            Label(f"各镇街服务率里最低的；只比有结果的单不少于 {LEAST_ORDERS} 单的镇街。",
                  f"The lowest of the towns' shares, among towns with at least {LEAST_ORDERS} judged orders."),
        ),
        Figure(
            "late", Label("有步骤超时的单", "Orders with a late step"), _percent(found.late_share), _PERCENT,
            _part_of(found, "late", "valid"),
            Label("派单、领单、接单里有一步过了时限。", "Dispatch, claim or acceptance came after its limit."),
            Label("只要有一步超过时限就算，后来补办的也算；不计入的单不算。",
                  "One late step is enough, even if it was done later; orders left aside don't count."),
            "late",
            "valid",
        ),
        Figure(
            "waiting", Label("还在等的单", "Orders still waiting"), waiting, Label("单", "orders"), _NONE,
            Label("还没有队伍，但期望时间还没过完。", "No team yet, and a wished time is still ahead."),
            Label("现在的状态。", "As they stand now."), "waiting",
        ),
        Figure(
            "aside", Label("不计入的单", "Orders left aside"), aside, Label("单", "orders"), _NONE,
            Label("撤单、联系不上、不予受理或并到别的单里。", "Withdrawn, unreachable, refused or merged."),
            Label("不说明服务得好不好，所以不进服务率。", "They say nothing about serving, so no share counts them."),
            "aside",
        ),
    ]  # fmt: skip
    return figures


def _too_few_towns(compared: int) -> Label:
    if compared:
        return Label(f"只有一个镇街够 {LEAST_ORDERS} 单，没法比", f"only one town has {LEAST_ORDERS} judged orders")
    return Label(f"没有镇街够 {LEAST_ORDERS} 单，没法比", f"no town has {LEAST_ORDERS} judged orders")


def _minutes(minutes: float | None) -> tuple[float | None, Label]:
    """Minutes, or hours where there would be more than two of them, with their unit."""
    if minutes is not None and minutes > MOST_MINUTES:
        return _rounded(minutes / 60), _HOURS
    return _rounded(minutes), _MINUTES


def _waits(found: Fairness) -> list[Figure]:
    first = Label(
        "从点单到第一次接单的钟点，夜里和节假日也算；后来退出再接的，仍看第一次。",
        "Hours from placing to the first acceptance, nights and holidays included; if a team withdrew later, the first "
        "still counts.",
    )
    claim = Label("从接单前最后一次领单到第一次接单。", "From the last claim before it to the first acceptance.")
    half = Label("一半的单在这个时间内有队伍接。", "Half of the orders have a team within this time.")
    most = Label("九成的单在这个时间内有队伍接。", "Nine in ten have a team within this time.")
    search = [
        ("search_median", Label("领单到接单，中位数", "Claim to acceptance, median"), 0.5, half),
        ("search_p90", Label("领单到接单，九成位", "Claim to acceptance, 90 %"), 0.9, most),
    ]
    return [
        Figure("wait_median", Label("点单到接单，中位数", "Placing to acceptance, median"), _rounded(found.hours(0.5)),
               _HOURS, _count(found, "taken"), half, first, "taken"),
        Figure("wait_p90", Label("点单到接单，九成位", "Placing to acceptance, 90 %"), _rounded(found.hours(0.9)),
               _HOURS, _count(found, "taken"), most, first, "taken"),
        *(Figure(key, label, _rounded(found.hours(share, lambda line: line.search)), _HOURS,
                 _count(found, "searched"), means, claim, "searched") for key, label, share, means in search),
        Figure("emergency_median", Label("应急单到接单，中位数", "Emergencies to acceptance, median"),
               *_minutes(found.emergency_minutes(0.5)), _count(found, "emergency_taken"),
               Label("一半的应急单在这个时间内有队伍接。", "Half of the emergencies have a team within this time."),
               first, "emergency_taken"),
        Figure("emergency_p90", Label("应急单到接单，九成位", "Emergencies to acceptance, 90 %"),
               *_minutes(found.emergency_minutes(0.9)), _count(found, "emergency_taken"),
               Label("九成的应急单在这个时间内有队伍接。", "Nine in ten have a team within this time."),
               first, "emergency_taken"),
    ]  # fmt: skip


def _number(found: Fairness, rows: str) -> int:
    return len(found.counted(rows))


def _count(found: Fairness, rows: str) -> Label:
    orders = _number(found, rows)
    return Label(f"{orders:,} 单", f"{orders:,} orders")


def _part_of(found: Fairness, part: str, whole: str) -> Label:
    return _of(_number(found, part), _number(found, whole), "单", "orders")


def _spread(found: Fairness) -> list[Figure]:
    people = found.volunteers
    active = people.people - people.idle
    share = _percent(active / people.people) if people.people else None
    return [
        Figure("active", Label("服务过的志愿者", "Volunteers who served"), share, _PERCENT,
               Label(f"{people.people:,} 人中的 {active:,} 人", f"{active:,} of {people.people:,} people"),
               Label("这段时间的活儿由这些人干了。", "All services of these days were given by these people."),
               Label("已核验的志愿者里，时长台账里有算数的服务的。",
                     "Of all verified volunteers, those with services that count in the hours ledger.")),
        Figure("gini_volunteers", Label("志愿者服务次数的基尼系数", "Gini of volunteers' services"),
               _rounded(people.gini, 3), _NONE, Label(f"{people.people:,} 人", f"{people.people:,} people"),
               _gini_means(active, people.people),
               Label("所有已核验的志愿者，一次没去的按 0 计入；次数取自时长台账里算数的服务。",
                     "All verified volunteers, those who never went as 0; services that count in the hours ledger.")),
        Figure("busiest", Label("最忙的一成志愿者承担的", "Carried by the busiest tenth"),
               _percent(carried_by(people, BUSIEST)), _PERCENT,
               Label(f"{people.total:,} 人次", f"{people.total:,} person-times"),
               Label("服务次数最多的一成人承担了全部人次的多少。",
                     "How much of all services the busiest tenth of the people gave."),
               Label("同一批人，按次数排队取前一成。", "The same people, the top tenth by services.")),
        Figure("idle", Label("一次没去的志愿者", "Volunteers who never went"), people.idle, _PEOPLE,
               Label(f"{people.people:,} 人中", f"of {people.people:,}"),
               Label("已核验、这段时间没有服务过的人。", "Verified people without a service in these days."),
               Label("已核验人数减去有服务的人数。", "Verified people less those who served.")),
        Figure("gini_teams", Label("服务队负荷的基尼系数", "Gini of teams' load"), _rounded(found.gini_teams, 3), _NONE,
               Label(f"{len(found.teams):,} 支队", f"{len(found.teams):,} teams"),
               Label("0 是各队按自己说的能力同样忙。", "0: all teams are equally busy for what they said they can."),
               Label("在用的服务队，没有服务的按 0 计入；负荷是办结的服务除以每周能力乘以周数。",
                     "Teams in use, those without a service as 0; load is closed services by weekly capacity and "
                     "weeks.")),
    ]  # fmt: skip


def _gini_means(active: int, people: int) -> Label:
    zh, en = "0 是人人一样多，越近 1 越是少数人在干", "0: all do the same; near 1: few do everything"
    if not active:
        return Label(f"{zh}。", f"{en}.")
    share = 100 * active / people
    told = f"{share:.0f}" if share >= 1 else "不到 1"
    told_en = f"{share:.0f}" if share >= 1 else "less than 1"
    return Label(f"{zh}；这段时间的活儿由 {told}% 的人干了。", f"{en}; in these days {told_en} % did everything.")


def _asks(found: Fairness) -> list[Figure]:
    weeks = found.volunteer_asks.weeks
    values = [amount for amount, n in weeks.counts for _ in range(n)]
    how_week = Label(
        "每人每周（周一起）被点名问到的次数，只算问到过的那些周；应急的不算。",
        "Asks by name for each person and week (from Monday), of weeks with any; emergencies left out.",
    )
    rates = [
        ("captains", Label("队长答应的比例", "Captains' yes"), found.captains),
        ("members", Label("志愿者答应的比例", "Volunteers' yes"), found.members),
        ("lent", Label("其中借用别队的人", "Of these, from other teams"), found.lent),
    ]
    return [
        Figure("messages", Label("每办成一单的询问", "Asks per order served"), _rounded(found.messages_per_filled),
               _TIMES, _messages(found),
               Label("为了办成一单，打扰了多少次队长和志愿者。", "How often captains and volunteers are disturbed for "
                     "one order served."),
               Label("点名推给服务队的次数，加上点名问志愿者的次数（替补被叫到才算），白问的也算；除以有队伍服务的单。"
                     "办理进度的通知和给群众的消息不算。",
                     "Offers to teams and asks of named people (stand-bys once they are called), those in vain "
                     "included, by orders served. News of steps and messages to residents don't count."),
               "asked", "filled"),
        Figure("waves", Label("每单问了几轮", "Waves per order"), _rounded(found.waves), _TIMES,
               _count(found, "in_waves"),
               Label("一轮问一批队，没人答应再问下一批。", "A wave asks some teams; the next follows if none agrees."),
               Label("点名问过服务队的单的平均轮数。", "Mean over orders for which teams were asked by name."),
               "in_waves"),
        *(Figure(key, label, _percent(said.rate), _PERCENT, _said(said),
                 Label("问到的人里有多少说“可以”。", "How many of those asked say yes."),
                 Label("答应的，除以答应、谢绝和到时没答的；单被别人接走、还没来得及答的不算。",
                       "Yes by yes, no and silence; who could no longer answer because the order went elsewhere is "
                       "left out.")) for key, label, said in rates),
        Figure("week_median", Label("每人每周被问，中位数", "Asks a week, median"), percentile(values, 0.5), _TIMES,
               Label(f"{weeks.people:,} 人周", f"{weeks.people:,} person-weeks"),
               Label("问到过的人，一般一周被问几次。", "How often one is asked, in a week with any asks."), how_week),
        Figure("week_p90", Label("每人每周被问，九成位", "Asks a week, 90 %"), percentile(values, 0.9), _TIMES,
               Label(f"最多 {max(values, default=0)} 次", f"at most {max(values, default=0)}"),
               Label("九成的人周不超过这么多次。", "Nine in ten person-weeks have no more."), how_week),
        Figure("capped", Label("问到上限的志愿者", "Volunteers at the cap"), found.volunteer_asks.capped, _PEOPLE,
               Label(f"上限：7 天 {found.volunteer_asks.cap} 次", f"cap: {found.volunteer_asks.cap} in 7 days"),
               Label("7 天里问得太多，系统不再问的人。", "Asked so often in 7 days that nothing more is sent."),
               Label("任一连续 7 天里的次数到了上限的人数。", "People with as many asks in any 7 days running.")),
        Figure("unsubscribed", Label("不想再被问的志愿者", "Volunteers who want no asks"), found.unsubscribed, _PEOPLE,
               Label("现在", "now"), Label("关掉了“请您去服务”的人。", "Who muted being asked by name."),
               Label("已核验志愿者现在的通知设置。", "The notice settings of verified volunteers now.")),
        Figure("paused", Label("暂停接受询问的服务队", "Teams that paused asks"), found.paused, _TEAMS,
               Label("现在", "now"), Label("队长请系统先别问的队。", "Whose leader wants no ordinary offers for now."),
               Label("在用服务队现在的设置。", "The settings of teams in use now.")),
    ]  # fmt: skip


def _messages(found: Fairness) -> Label:
    asked, asks, filled = _number(found, "asked"), found.messages, _number(found, "filled")
    return Label(
        f"{asked:,} 单共问 {asks:,} 次，{filled:,} 单有队伍", f"{asks:,} asks about {asked:,} orders; {filled:,} served"
    )


def _said(said: Answers) -> Label:
    return Label(
        f"答应 {said.yes:,}，谢绝 {said.no:,}，没答 {said.silent:,}", f"yes {said.yes:,}, no {said.no:,}, silent "
        f"{said.silent:,}"
    )  # fmt: skip


def _overrides(found: Fairness) -> list[Figure]:
    pairs = [
        ("department", Label("派单没按建议", "Dispatch against the suggestion"), found.dispatched_by_suggestion,
         Label("社区选了别的部门。", "The community chose another department."),
         Label("有建议时派出的单里，选的不是第一建议的；每次都留下理由。",
               "Of orders dispatched with a suggestion at hand, those where another was chosen; each with its why.")),
        ("team", Label("推单没按建议", "Offers against the suggestion"), found.asked_by_hand,
         Label("部门先问了排名靠后的队。", "The department asked another team than the first."),
         Label("部门亲手推的单里，越过第一建议并写了理由的。",
               "Of orders offered by a person, those that passed over the first suggestion, with the why.")),
    ]  # fmt: skip
    figures = []
    for kind, label, whole, means, how in pairs:
        part = found.overridden(kind)
        share = _percent(part / whole) if whole else None
        figures.append(Figure(f"over_{kind}", label, share, _PERCENT, _of(part, whole, "单", "orders"), means, how))
    return figures


# As a paper


def fairness_paper(first: date, last: date, now: datetime) -> Paper:
    """The fairness of a period as tables."""
    return paper_of(measure(first, last, now), now)


def fairness_year_paper(year: int, now: datetime) -> Paper:
    """Of a year, so far as it has gone. :raise NotFound: it has not begun."""
    if not 2000 <= year <= now.astimezone(CITY_TIME).year:
        raise NotFound(str(year))
    found = measure(date(year, 1, 1), last_day(year, now), now)
    title = Label(f"{year} 年匹配与公平", f"Matching and fairness, {year}")
    return paper_of(found, now, code=f"fairness-{year}", title=title)


def paper_of(found: Fairness, now: datetime, *, code: str = "", title: Label = TITLE) -> Paper:
    """All figures, towns, months, teams and overrides of what was measured."""
    span = Label(f"{found.first} 至 {found.last}", f"{found.first} to {found.last}")
    sheets = [_figure_sheet(found), town_sheet(found), _month_sheet(found), team_sheet(found), _override_sheet(found)]
    return Paper(code or f"fairness-{found.first}-{found.last}", title, span, now, sheets, notes=NOTES)


def _figure_sheet(found: Fairness) -> Sheet:
    columns = [
        Column(Label("指标", "Figure")), Column(Label("数值", "Value"), Kind.DECIMAL, is_sum=False),
        Column(Label("单位", "Unit")), Column(Label("依据", "Rests on")), Column(Label("是什么意思", "What it means")),
        Column(Label("怎么算的", "How it is counted")),
    ]  # fmt: skip
    rows = [
        Row([each.label, Cell(each.value), each.unit, each.of, each.means, each.how])
        for group in list_figures(found)
        for each in group.figures
    ]
    return Sheet(Label("指标", "Figures"), columns, rows)


def _whole(label: Label, unit: Label = _ORDERS) -> Column:
    return Column(label, Kind.NUMBER, unit)


def _decimal(label: Label, unit: Label = _NONE) -> Column:
    return Column(label, Kind.DECIMAL, unit, is_sum=False)


def town_sheet(found: Fairness) -> Sheet:
    """Towns, the worst first, those with few orders last."""
    columns = [
        Column(Label("镇街", "Town")), _whole(Label("点单", "Placed")), _whole(Label("有队伍", "Served")),
        _whole(Label("没有服务", "Not served")), _whole(Label("还在等", "Waiting")),
        _decimal(Label("服务率", "Share served"), _PERCENT), _decimal(Label("接单中位数", "Median wait"), _HOURS),
        _whole(Label("有步骤超时", "Late")), Column(Label("说明", "Note")),
    ]  # fmt: skip
    few = Label("单数太少，不参加比较", "too few orders to compare")
    rows = [
        Row([town.name, Cell(town.orders), Cell(town.filled), Cell(town.missed), Cell(town.waiting),
             Cell(_percent(town.share)), Cell(_rounded(town.median_hours)), Cell(town.late),
             few if town.is_small else _NONE])
        for town in found.towns
    ]  # fmt: skip
    return Sheet(Label("各镇街", "Towns"), columns, rows)


def _month_sheet(found: Fairness) -> Sheet:
    columns = [
        Column(Label("月份", "Month")), _whole(Label("点单", "Placed")),
        _decimal(Label("服务率", "Share served"), _PERCENT),
        _decimal(Label("接单中位数", "Median wait"), _HOURS), _decimal(Label("每单询问", "Asks per order"), _TIMES),
        _decimal(Label("志愿者基尼系数", "Gini, volunteers")), _decimal(Label("服务队基尼系数", "Gini, teams")),
    ]  # fmt: skip
    rows = [
        Row([Label(f"{month.first:%Y-%m}", f"{month.first:%Y-%m}"), Cell(month.orders), Cell(_percent(month.share)),
             Cell(_rounded(month.median_hours)), Cell(_rounded(month.messages)),
             Cell(_rounded(month.gini_volunteers, 3)), Cell(_rounded(month.gini_teams, 3))])
        for month in found.months
    ]  # fmt: skip
    return Sheet(Label("按月", "By month"), columns, rows)


def team_sheet(found: Fairness) -> Sheet:
    """Teams, the busiest first."""
    columns = [
        Column(Label("服务队", "Team")), _whole(Label("服务", "Services"), _TIMES),
        _decimal(Label("负荷", "Load"), _PERCENT), _whole(Label("被问", "Asked"), _TIMES),
        _decimal(Label("答应", "Yes"), _PERCENT),
    ]  # fmt: skip
    rows = [
        Row(
            [
                team.name,
                Cell(team.services),
                Cell(_percent(team.load)),
                Cell(team.asks),
                Cell(_percent(team.answers.rate)),
            ]
        )
        for team in found.teams
    ]
    return Sheet(Label("服务队", "Teams"), columns, rows)


def _override_sheet(found: Fairness) -> Sheet:
    kinds = {"department": Label("派单", "Dispatch"), "team": Label("推单", "Offer")}
    columns = [
        Column(Label("日期", "Day"), Kind.DAY), Column(Label("单号", "Order")), Column(Label("哪一步", "Step")),
        Column(Label("选了", "Chosen")), Column(Label("理由", "Why")), Column(Label("谁", "Who")),
    ]  # fmt: skip
    rows = [
        Row([Cell(each.at.astimezone(CITY_TIME).date()), Cell(each.number), kinds[each.kind], each.chosen,
             {**OVERRIDE_WHY, **PASSED}.get(each.why, Cell(each.why)), Cell(each.who)])
        for each in found.overrides
    ]  # fmt: skip
    return Sheet(Label("人改了系统的建议", "Where people decided otherwise"), columns, rows)


def order_sheet(found: Fairness, which: str) -> Sheet:
    """The orders behind a figure, the newest first, with the times that it is made of: a key of `ROWS`."""
    towns = {town.key: town.name for town in found.towns}
    columns = [
        Column(Label("点单日期", "Placed on"), Kind.DAY), Column(Label("单号", "Order")), Column(Label("镇街", "Town")),
        Column(Label("结果", "What became of it")), _time_column(which),
        _whole(Label("轮数", "Waves"), _TIMES), _whole(Label("问队伍", "Teams asked"), _TIMES),
        _whole(Label("问个人", "People asked"), _TIMES), Column(Label("超时", "Late")),
    ]  # fmt: skip
    late = Label("是", "yes")
    rows = [
        Row([Cell(line.day), Cell(line.number), towns.get(line.town, Label(line.town, line.town)), FATES[line.fate],
             Cell(_time_of(line, which)), Cell(line.waves), Cell(line.offers), Cell(line.asks),
             late if line.is_late else _NONE])
        for line in reversed(found.counted(which))
    ]  # fmt: skip
    return Sheet(ROWS[which], columns, rows)


def _time_column(which: str) -> Column:
    if which == "searched":
        return _decimal(Label("领单到接单", "Claim to acceptance"), _HOURS)
    return _decimal(Label("到接单", "To acceptance"), _MINUTES if which == "emergency_taken" else _HOURS)


def _time_of(line: OrderLine, which: str) -> float | None:
    span = line.search if which == "searched" else line.wait
    unit = timedelta(minutes=1) if which == "emergency_taken" else timedelta(hours=1)
    return None if span is None else _rounded(span / unit)


def order_paper(found: Fairness, which: str, now: datetime) -> Paper:
    """The orders behind a figure as a file."""
    span = Label(f"{found.first} 至 {found.last}", f"{found.first} to {found.last}")
    sheet = order_sheet(found, which)
    return Paper(f"fairness-rows-{which}", sheet.name, span, now, [sheet], notes=NOTES)
