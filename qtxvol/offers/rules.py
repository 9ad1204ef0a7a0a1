"""What the office may change about matching: switches, and weights with unit, range and meaning.

A change is a new row of `MatchRule`, the newest of a name counts; nothing is ever overwritten, so it stays readable who
changed what when. What was never touched has its usual value: the one in `matching.settings`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.accounts.office import check_office
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.matching.settings import MatchSettings
from qtxvol.offers.models import MatchRule
from qtxvol.orders.lifecycle import Label
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: The settings as they are without any row. A captain gets less than a simulated peak would take: in an ordinary month
#: nobody was asked more than 47 times a week, and whoever runs a peak raises the cap knowingly.
USUAL = MatchSettings(team_asks_a_week=50)
#: The urgencies in the order of the three-part weights.
URGENCIES: Mapping[str, Label] = {
    "normal": Label("普通单", "Ordinary orders"),
    "urgent": Label("加急单", "Urgent orders"),
    "emergency": Label("应急单", "Emergencies"),
}


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that matching does unless the office says no.

    :ivar otherwise: what happens instead when it is off.
    """

    label: Label
    note: Label
    otherwise: Label


SWITCHES: Mapping[str, Switch] = {
    "is_pool_open": Switch(
        Label("牵头和责任部门的队伍一起请", "Ask teams of the lead and the responsible departments"),
        Label(
            "承办部门以外，菜单和规划写明的其他部门的队伍也在推荐里。",
            "Besides the department's own teams, those of the departments that the menu and the plan name.",
        ),
        Label("关掉后只推荐承办部门自己的队。", "When off: only the department's own teams."),
    ),
    "is_lending_open": Switch(
        Label("附近的队伍可以借人", "Teams nearby lend people"),
        Label(
            "队里人手不够时，点名请附近其他队的志愿者来帮忙；只请队长同意借人的队。",
            "When a team is short, volunteers of teams nearby are asked by name; of teams whose leader agreed.",
        ),
        Label("关掉后每支队只用自己的人。", "When off: every team gets by with its own people."),
    ),
    "is_naming_open": Switch(
        Label("队长答应后，系统逐个请人", "Ask people by name once a leader says yes"),
        Label(
            "按时间、距离和近来做得多少，点名请刚好够的人；来不了的马上换人。",
            "Just enough people by time, distance and recent work; whoever can't come is replaced at once.",
        ),
        Label("关掉后由队长自己定名单。", "When off: the leader names the crew."),
    ),
}


@dataclass(frozen=True, slots=True)
class Weight:
    """A number that the office may set.

    :ivar setting: the field of `MatchSettings`; :ivar part: which of its numbers, None where it is one number.
    :ivar low: and `high`: what is allowed, both included. :ivar group: heading under which the page shows it.
    """

    setting: str
    part: int | None
    group: str
    label: Label
    unit: Label
    note: Label
    low: float
    high: float
    is_whole: bool = False

    @property
    def is_clock(self) -> bool:
        """Minutes after midnight, which people read as 22:00."""
        return self.unit is _CLOCK

    @property
    def usual(self) -> float:
        return self.read(USUAL)

    def read(self, settings: MatchSettings) -> float:
        found = getattr(settings, self.setting)
        return float(found if self.part is None else found[self.part])

    def write(self, settings: MatchSettings, value: float) -> MatchSettings:
        number: float = int(value) if self.is_whole else value
        if self.part is None:
            return _with(settings, self.setting, number)
        parts = list(getattr(settings, self.setting))
        parts[self.part] = number
        return _with(settings, self.setting, tuple(parts))


def _with(settings: MatchSettings, name: str, value: object) -> MatchSettings:
    changed: dict[str, Any] = {name: value}
    return replace(settings, **changed)


#: Headings of the weights, in the order of the page.
GROUPS: Mapping[str, Label] = {
    "score": Label("给队伍排序", "Ranking teams"),
    "guard": Label("不打扰、留余地", "Sparing people"),
    "waves": Label("一批请几支队、等多久", "How many teams at once, and for how long"),
    "crew": Label("点名请人", "Asking people by name"),
    "departments": Label("建议派给哪个部门", "Suggesting a department"),
}

_POINTS = Label("分", "points")
_MINUTES = Label("分钟", "minutes")
_KM = Label("公里", "km")
_TEAMS = Label("支队", "teams")
_TIMES = Label("次", "times")
_CHANCE = Label("可能性（0 到 1）", "chance (0 to 1)")
_SHARE = Label("比例（0 到 1）", "share (0 to 1)")
_FACTOR = Label("倍", "times")

#: Minutes after midnight; a page shows them as a clock does.
_CLOCK = Label("时:分", "hh:mm")

_BY_URGENCY = (
    ("worth", "score", Label("办成一张单值多少", "What an order served is worth"), _POINTS,
     Label("和距离、负担的扣分相比：值得越多，越愿意请远的、忙的队。",
           "Against the points lost for distance and load: the more, the readier to ask far and busy teams."),
     100, 100_000, False),
    ("notice", "guard", Label("最晚提前多久请", "Notice that people get"), _MINUTES,
     Label("离开始不到这么久，就不再请人。", "Nobody is asked later than that before the start."), 0, 10_080, False),
    ("wave_limit", "waves", Label("一批最多请几支队", "Teams asked at once, at most"), _TEAMS,
     Label("先少请几支，没人答应再请下一批。", "Few at first; more only when nobody says yes."), 1, 14, True),
    ("wave_wait", "waves", Label("等多久请下一批", "Wait before the next wave"), _MINUTES,
     Label("还没有队答应，过这么久再请下一批。", "Until then without a yes, more are asked."), 1, 2_880, False),
    ("crew_wait", "crew", Label("等多久换下一个人", "Wait before the next person"), _MINUTES,
     Label("请了没有回音，过这么久算来不了，请下一个。", "Who has not answered by then counts as a no."),
     1, 2_880, False),
    ("crew_target", "crew", Label("凑齐人手的把握", "How sure the crew must be"), _CHANCE,
     Label(
         "一次请几位，估着凑齐的可能到这个数就够：要 2 人可能请 5 位。人一齐，没回音的马上收到“这次不用去了”。",
         "So many are asked at once that a full crew is that likely: for 2 perhaps 5. Once it is full, the others are "
         "told that they are not needed.",
     ),
     0.3, 0.99, False),
)  # fmt: skip


def _list_weights() -> Iterator[tuple[str, Weight]]:
    """Names are at most 32 letters: the table keeps them."""
    for name, group, label, unit, note, low, high, is_whole in _SINGLE:
        yield name, Weight(name, None, group, label, unit, note, low, high, is_whole)
    for name, group, label, unit, note, low, high, is_whole in _BY_URGENCY:
        for part, (urgency, words) in enumerate(URGENCIES.items()):
            named = Label(f"{label.zh}：{words.zh}", f"{label.en}: {words.en.lower()}")
            yield f"{name}.{urgency}", Weight(name, part, group, named, unit, note, low, high, is_whole)


_SINGLE = (
    ("km_points", "score", Label("每公里扣分", "Points lost per kilometre"), _POINTS,
     Label("队伍离服务地点越远，排得越后；人多的单扣得多些。", "The farther, the lower; more for larger crews."),
     0, 100, False),
    ("load_points", "score", Label("任务排满时扣分", "Points lost at full load"), _POINTS,
     Label("近来做得多的队往后排，越接近每周上限扣得越多。", "Teams that did much lately come later."),
     0, 5_000, False),
    ("asks_points", "score", Label("近来常被请时扣分", "Points lost for being asked often"), _POINTS,
     Label("近来被请得多的队往后排。", "Teams that were asked often lately come later."), 0, 1_000, False),
    ("asks_scale", "score", Label("一周请几次不算多", "Asks a week that count as few"), _TIMES,
     Label("超过这个次数，扣分才明显。", "Beyond it the points lost begin to show."), 0.5, 50, False),
    ("other_department_points", "score",
     Label("不是承办部门的队扣分", "Points lost for another department"), _POINTS,
     Label("条件差不多时，先请承办部门自己的队。", "Between equals, the department's own teams first."),
     0, 1_000, False),
    ("expert_points", "score", Label("应急专家队加分", "Points for experts of the emergency"), _POINTS,
     Label("应急专家名单上的队排在前面。", "Teams on the list of experts come first."), 0, 10_000, False),
    ("unknown_km", "score", Label("地图上没有位置时按多远算", "Distance where the map is silent"), _KM,
     Label("队伍或地点没有坐标时，按这么远估计。", "Assumed where team or place have no coordinates."), 0, 100, False),
    ("kept_for_urgent", "guard", Label("给加急和应急单留的余地", "Kept for urgent orders"), _SHARE,
     Label("队伍每周上限里，普通单不占用的那一份。", "The share of a team's week that ordinary orders leave free."),
     0, 0.9, False),
    ("team_asks_a_week", "guard", Label("一支队一周最多请几次", "Asks of a team in a week, at most"), _TIMES,
     Label("应急单不算在内，也不受限。", "Emergencies neither count nor stop."), 0, 1_000, True),
    ("volunteer_asks_a_week", "guard", Label("一个人一周最多请几次", "Asks of a person in a week, at most"), _TIMES,
     Label("应急单不算在内，也不受限。", "Emergencies neither count nor stop."), 0, 100, True),
    ("lending_km", "crew", Label("借人最远多少公里", "How far people lend a hand"), _KM,
     Label("只请住在这么近的其他队的人。", "Only people of other teams who live that near are asked."), 0, 60, False),
    ("crew_lent", "crew", Label("请别队的人减多少", "Preference lost for other teams"), _CHANCE,
     Label("条件差不多时，先请自己队里的人。", "Between equals, the team's own people first."), 0, 1, False),
    ("crew_load", "crew", Label("近来做得多的人减多少", "Preference lost for recent services"), _CHANCE,
     Label("近来来得多的人歇一歇，让别人也有机会。", "Who came often lately may rest."), 0, 2, False),
    ("quiet_from", "guard", Label("晚上几点起不打扰", "Quiet from"), _CLOCK,
     Label("应急单除外。和早上的时间相同就是不设。", "Not for emergencies. The same time twice: no quiet hours."),
     0, 1_439, True),
    ("quiet_until", "guard", Label("早上几点止", "Quiet until"), _CLOCK,
     Label("夜里请的，早上再发。", "What comes up at night is asked in the morning."), 0, 1_439, True),
    ("department_backlog", "departments",
     Label("积压几张单，领单时间加倍", "Orders waiting that double the time to claim"),
     Label("张单", "orders"),
     Label("一个部门手上没领的单越多，估计领得越慢。", "The more a department has waiting, the slower."),
     1, 1_000, False),
    ("responsible_factor", "departments",
     Label("责任部门要快多少才优先", "How much quicker a responsible department must be"),
     _FACTOR,
     Label("1 就是谁快派给谁；大一些，就更看重牵头部门。", "1: whoever is quicker; above, the lead department first."),
     1, 10, False),
)  # fmt: skip

WEIGHTS: Mapping[str, Weight] = dict(_list_weights())


def get_settings() -> MatchSettings:
    """The weights of now: the usual ones, changed by the office's newest rows. One statement."""
    settings = USUAL
    for name, value in _newest().items():
        settings = _with(settings, name, bool(value)) if name in SWITCHES else WEIGHTS[name].write(settings, value)
    return settings


def list_own_values() -> dict[str, float]:
    """Switches and weights that the office has set otherwise than usual, by name; one statement."""
    return _newest()


def _newest() -> dict[str, float]:
    newest = select(func.max(MatchRule.id)).group_by(MatchRule.name)
    rows = db.session.execute(
        select(MatchRule.name, MatchRule.value).where(MatchRule.id.in_(newest), MatchRule.is_usual.is_(False))
    )
    # a name that a later version has given up says nothing any more
    return {name: value for name, value in rows if name in SWITCHES or name in WEIGHTS}


def set_switch(actor: Actor, name: str, is_on: bool, now: datetime) -> bool:
    """Turn a switch from now on; False when it stood so already.

    :raise NotFound: no such switch.
    :raise Refused: `wrong_party` (403).
    """
    if name not in SWITCHES:
        raise NotFound(name)
    return _write(actor, {name: None if is_on == getattr(USUAL, name) else float(is_on)}, now) > 0


def set_weights(actor: Actor, values: Mapping[str, float], now: datetime) -> int:
    """Set weights from now on, all or none; how many of them changed. A usual value goes back to it.

    :raise NotFound: no such weight.
    :raise Refused: `wrong_party` (403); `out_of_range` (422) with the weight as field, `low` and `high`;
        `not_whole` (422).
    """
    wanted: dict[str, float | None] = {}
    for name, value in values.items():
        if name not in WEIGHTS:
            raise NotFound(name)
        _check_value(name, value)
        wanted[name] = None if math.isclose(value, WEIGHTS[name].usual) else value
    return _write(actor, wanted, now)


def reset_weights(actor: Actor, names: Sequence[str], now: datetime) -> int:
    """Go back to the usual values; how many of them changed.

    :raise NotFound: no such weight. :raise Refused: `wrong_party` (403).
    """
    for name in names:
        if name not in WEIGHTS:
            raise NotFound(name)
    return _write(actor, dict.fromkeys(names), now)


def _check_value(name: str, value: float) -> None:
    weight = WEIGHTS[name]
    if not (math.isfinite(value) and weight.low <= value <= weight.high):
        raise Refused("out_of_range", 422, field=name, low=weight.low, high=weight.high)
    if weight.is_whole and value != int(value):
        raise Refused("not_whole", 422, field=name)


def _write(actor: Actor, wanted: Mapping[str, float | None], now: datetime) -> int:
    """One row for each that really changes; None stands for the usual value."""
    check_office(actor)
    if actor.account_id is None:
        raise Refused("wrong_party", 403)
    with transaction():
        own = _newest()
        changed = {name: value for name, value in wanted.items() if own.get(name) != value}
        for name, value in changed.items():
            usual = float(getattr(USUAL, name)) if name in SWITCHES else WEIGHTS[name].usual
            row = MatchRule(name=name, value=usual if value is None else value, is_usual=value is None)
            row.set_by_account_id, row.set_at = actor.account_id, now
            db.session.add(row)
        return len(changed)


def list_changes() -> Sequence[AnyRow]:
    """Who changed what when, newest first; 50 at most."""
    return db.session.execute(
        select(MatchRule.name, MatchRule.value, MatchRule.is_usual, MatchRule.set_at, Account.display_name.label("who"))
        .join(Account, Account.id == MatchRule.set_by_account_id)
        .order_by(MatchRule.id.desc())
        .limit(50)
    ).all()
