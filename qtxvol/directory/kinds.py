"""What the office may edit: one table of kinds and fields, with the limits of each.

The office's pages draw their forms from `KINDS` and `edit.py` checks by it, so a form and its check cannot
disagree. Not here: changing facts (`edit.py`) and reading them (`queries.py`).
"""

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from qtxvol.base import Base
from qtxvol.directory.day_rules import read_period
from qtxvol.directory.loader import PARTS, REASONED, URGENCIES
from qtxvol.directory.models import (
    ALL_CATEGORIES,
    WEEKDAYS,
    Department,
    Division,
    MenuItem,
    OfficeHours,
    Programme,
    Reason,
    Route,
    ScienceDay,
    Term,
    TimeLimit,
)
from qtxvol.extensions import db
from qtxvol.orders.deadlines import Unit
from qtxvol.orders.lifecycle import STEPS, Label, get_rule
from qtxvol.progress.models import Period, School, Semester, Target
from qtxvol.progress.units import UNITS
from qtxvol.recognition.models import StarLevel
from qtxvol.refusals import NotFound, Refused

#: One row's values by column name.
Values = dict[str, Any]
#: A row's key: its parts, or the same in one word as `key_text` writes it.
Key = str | Sequence[str]


class FieldType(StrEnum):
    """How a value is written, and which control a form shows."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    #: One of `choices`, or of the rows that `refers_to` names.
    CHOICE = "choice"
    #: Any number of them.
    CHOICES = "choices"
    #: Free words, one a line.
    WORDS = "words"


_NO_SHAPE = Label("", "")


@dataclass(frozen=True, slots=True)
class Field:
    """A column that the office fills in.

    :ivar low: smallest number, or fewest choices; `high` largest number, or most characters (or choices).
    :ivar default: what a new row gets when the field is left out.
    :ivar is_fixed: given when the row is added, never changed after.
    :ivar pattern: shape of a text, with `shape` as the sentence that describes it.
    :ivar refers_to: the rows of `REFERENCES` that the value names, besides `choices`.
    """

    name: str
    label: Label
    type: FieldType = FieldType.TEXT
    low: float = 0
    high: float = 0
    is_required: bool = False
    is_fixed: bool = False
    default: Any = ""
    pattern: str = ""
    shape: Label = _NO_SHAPE
    choices: tuple[tuple[str, Label], ...] = ()
    refers_to: str = ""

    @property
    def offers_nothing(self) -> bool:
        """One of the choices is the empty one."""
        return any(not code for code, _ in self.choices)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact: its table, its key and what may be edited.

    :ivar keys: the fields that name a row, fixed once it is added; `fields` the others.
    :ivar check: looks at a whole row (:raise Refused: when two values contradict each other).
    """

    name: str
    label: Label
    model: type[Base]
    keys: tuple[Field, ...]
    fields: tuple[Field, ...]
    check: Callable[[Values], None] = field(default=lambda values: None)

    def find_field(self, name: str) -> Field | None:
        """The field of that name, key or not."""
        return next((f for f in (*self.keys, *self.fields) if f.name == name), None)


def refuse_field(name: str, zh: str, en: str) -> NoReturn:
    """Say no to one value of a form, in both languages (422)."""
    raise Refused("invalid", 422, field=name, message=zh, message_en=en)


# Checks of whole rows


def _check_menu_item(values: Values) -> None:
    if values["headcount_min"] > values["headcount_max"]:
        refuse_field("headcount_max", "人数上限不能小于人数下限。", "The most people cannot be fewer than the fewest.")
    if values["is_licence_required"] and not values["needed_skills"]:
        refuse_field("needed_skills", "需要执业资格的项目请写明所需技能。", "Name the skill that needs the licence.")
    if values["department_id"] in values["alternative_department_ids"]:
        refuse_field(
            "alternative_department_ids",
            "备选单位里不用再写承办单位。",
            "The department itself is not one of the alternatives.",
        )


def _check_target(values: Values) -> None:
    if values["starts_on"] > values["ends_on"]:
        refuse_field("ends_on", "结束日期不能早于开始日期。", "The end cannot be before the start.")
    if (values["kind"] == "qualitative") != (values["value"] is None):
        refuse_field("value", "定性指标不填目标值，其他指标必须填写。", "A value, unless the target has no number.")
    if (values["value"] is None) != (values["unit"] == ""):
        refuse_field("unit", "目标值和单位要一起填写。", "Value and unit go together.")
    if values["unit"] == "%" and values["value"] > 100:
        refuse_field("value", "百分比不能超过 100。", "A percentage is at most 100.")


def _check_semester(values: Values) -> None:
    if values["starts_on"] >= values["ends_on"]:
        refuse_field("ends_on", "结束日期要晚于开始日期。", "The end comes after the start.")


def _check_division(values: Values) -> None:
    if (values["parent_code"] is None) != (values["level"] == 1):
        refuse_field("parent_code", "请选择上级区划。", "Choose the division above.")
    if values["parent_code"] is not None:
        above = db.session.scalar(select(Division.level).where(Division.code == values["parent_code"]))
        if above != values["level"] - 1:
            refuse_field("parent_code", "上级区划必须高一级。", "The division above must be one level up.")
    if (values["lon_gcj02"] is None) != (values["lat_gcj02"] is None):
        refuse_field("lat_gcj02", "经度和纬度要一起填写。", "Longitude and latitude go together.")


#: Nobody waits longer than this; more is a slip of the finger.
_LONGEST_DAYS = 366


def _check_time_limit(values: Values) -> None:
    days = {Unit.WORKING_DAYS: 1, Unit.DAYS: 1, Unit.HOURS: 24, Unit.WORKING_HOURS: 7, Unit.WORKING_MINUTES: 7 * 60}
    if values["amount"] > _LONGEST_DAYS * days[Unit(values["unit"])]:
        refuse_field("amount", "时限最长一年，请写小一些。", "At most a year: a smaller number.")


def _check_office_hours(values: Values) -> None:
    if values["opens_at"] >= values["closes_at"]:
        refuse_field("closes_at", "下班时间要晚于上班时间。", "It has to close after it opens.")
    others = db.session.scalars(select(OfficeHours).where(OfficeHours.is_active)).all()
    others = [row for row in others if (row.weekday, row.half) != (values["weekday"], values["half"])]
    if not values["is_active"]:
        if not others:
            refuse_field("is_active", "至少要留一段办公时间。", "Some office hours have to stay.")
        return
    for row in others:
        is_same_day = row.weekday == values["weekday"]
        if is_same_day and row.opens_at < values["closes_at"] and values["opens_at"] < row.closes_at:
            refuse_field("opens_at", "上午和下午的办公时间不能重叠。", "Morning and afternoon must not overlap.")


def _check_science_day(values: Values) -> None:
    if values["nth"] == "0" and values["day"] > calendar.monthrange(2024, values["month"])[1]:
        refuse_field("day", "这个月没有这一天。", "That month has no such day.")
    spans = [read_period(text) for text in values["dates"]]
    if None in spans:
        refuse_field(
            "dates",
            "每行写一天，例如 2026-09-12，或首尾两天，例如 2026-09-12/2026-09-20。",
            "One a line: 2026-09-12, or first and last day, 2026-09-12/2026-09-20.",
        )
    if len({span.first.year for span in spans if span}) < len(spans):
        refuse_field("dates", "同一年只能写一次。", "Each year once.")


def _check_star_level(values: Values) -> None:
    """More stars take more hours, among those in use."""
    if not values["is_active"]:
        return
    others = db.session.execute(
        select(StarLevel.stars, StarLevel.hours).where(StarLevel.id != values["id"], StarLevel.is_active)
    )
    for stars, hours in others:
        if stars == values["stars"]:
            refuse_field("stars", "这个星数已经有了。", "There is a level with that many stars.")
        if (stars < values["stars"]) != (hours < values["hours"]):
            refuse_field("hours", "星级越高，所需小时要越多。", "More stars must take more hours.")


def _check_term(values: Values) -> None:
    if values["kind"] == "format" and len(values["code"]) > 16:  # as long as `menu_items.format`
        refuse_field("code", "形式的代码最多 16 个字。", "The code of a format: at most 16 characters.")


# The table


def _choices(*rows: tuple[str, str, str]) -> tuple[tuple[str, Label], ...]:
    return tuple((code, Label(zh, en)) for code, zh, en in rows)


_CODE = r"[a-z][a-z0-9_]*"
_CODE_SHAPE = Label("小写字母开头，只用小写字母、数字和下划线", "small letters, digits and _, a letter first")
_NAME = Label("名称", "Name")
_NAME_EN = Label("英文名称", "English name")
_POSITION = Field("position", Label("排序", "Position"), FieldType.INTEGER, 0, 9999, default=0)
_IS_ACTIVE = Field("is_active", Label("启用", "In use"), FieldType.BOOLEAN, default=True)

_PART_LABELS = {
    "lead": Label("牵头单位", "Lead"),
    "responsible": Label("责任单位", "Responsible"),
    "cooperating": Label("配合单位", "Cooperating"),
}
_STEP_LABELS = {
    "dispatch": Label("派单", "Dispatch"),
    "claim": Label("领单", "Claim"),
    "accept": Label("接单", "Accept"),
    "first_call": Label("首次电话", "First call"),
    "serve": Label("上门服务", "Service"),
    "close": Label("办结登记", "Write-up"),
    "rate": Label("评价", "Rating"),
}
_UNIT_LABELS = {
    Unit.WORKING_MINUTES: Label("工作分钟（只算办公时间）", "Working minutes (office hours only)"),
    Unit.WORKING_HOURS: Label("工作小时（只算办公时间）", "Working hours (office hours only)"),
    Unit.WORKING_DAYS: Label("工作日", "Working days"),
    Unit.HOURS: Label("小时（昼夜连续计算）", "Hours (round the clock)"),
    Unit.DAYS: Label("天（昼夜连续计算）", "Days (round the clock)"),
}
_WEEKDAY_LABELS = {
    "mon": Label("周一", "Monday"),
    "tue": Label("周二", "Tuesday"),
    "wed": Label("周三", "Wednesday"),
    "thu": Label("周四", "Thursday"),
    "fri": Label("周五", "Friday"),
    "sat": Label("周六", "Saturday"),
    "sun": Label("周日", "Sunday"),
}
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d|24:00"
_CLOCK_SHAPE = Label("写成 08:30 这样的时间", "a time like 08:30")
_URGENCY_LABELS = {
    "normal": Label("普通", "Normal"),
    "urgent": Label("紧急", "Urgent"),
    "emergency": Label("应急", "Emergency"),
}

_ALL_KINDS = (
    Kind(
        "menu_item",
        Label("服务菜单", "Menu item"),
        MenuItem,
        keys=(
            Field(
                "id", Label("编号", "Number"), high=8, is_required=True, pattern=r"[A-Za-z0-9]+",
                shape=Label("只用字母和数字", "letters and digits only"),
            ),
        ),
        fields=(
            Field("name", _NAME, high=64, is_required=True),
            Field("name_en", _NAME_EN, high=120),
            Field(
                "audiences", Label("适合人群", "Audiences"), FieldType.CHOICES, 1, 20,
                is_required=True, default=(), refers_to="audience",
            ),
            Field("theme", Label("主题", "Theme"), FieldType.CHOICE, is_required=True, refers_to="theme"),
            Field(
                "format", Label("形式", "Format"), FieldType.CHOICE, default="lecture", refers_to="format",
            ),
            Field(
                "needed_skills", Label("所需技能", "Skills needed"), FieldType.CHOICES, 0, 20,
                default=(), refers_to="skill",
            ),
            Field(
                "duration_minutes", Label("时长（分钟）", "Minutes"), FieldType.INTEGER, 10, 1440, default=60,
            ),
            Field("headcount_min", Label("人数下限", "Fewest people"), FieldType.INTEGER, 1, 5000, default=1),
            Field("headcount_max", Label("人数上限", "Most people"), FieldType.INTEGER, 1, 5000, default=200),
            Field(
                "min_volunteers", Label("至少几名志愿者", "Fewest volunteers"), FieldType.INTEGER, 1, 100,
                default=1,
            ),
            Field(
                "is_licence_required", Label("需要执业资格", "Licence required"), FieldType.BOOLEAN,
                default=False,
            ),
            Field(
                "has_minors_present", Label("有未成年人在场", "Minors present"), FieldType.BOOLEAN,
                default=False,
            ),
            Field(
                "needs_outside_expert", Label("需外请专家", "Outside expert needed"), FieldType.BOOLEAN,
                default=False,
            ),
            Field(
                "is_emergency_topic", Label("应急主题", "Emergency topic"), FieldType.BOOLEAN, default=False,
            ),
            Field(
                "programme_id", Label("所属行动或工程", "Programme"), FieldType.CHOICE, default=None,
                refers_to="programme",
            ),
            Field(
                "department_id", Label("承办单位", "Department"), FieldType.CHOICE, is_required=True,
                refers_to="department",
            ),
            Field(
                "alternative_department_ids", Label("备选单位", "Alternative departments"),
                FieldType.CHOICES, 0, 20, default=(), refers_to="department",
            ),
            Field("quote", Label("方案依据", "Words of the plan"), high=200),
            _POSITION,
            _IS_ACTIVE,
        ),
        check=_check_menu_item,
    ),
    Kind(
        "department",
        Label("部门", "Department"),
        Department,
        keys=(
            Field(
                "id", Label("代码", "Code"), high=32, is_required=True, pattern=_CODE, shape=_CODE_SHAPE,
            ),
        ),
        fields=(
            Field("name", _NAME, high=64, is_required=True),
            Field("name_en", _NAME_EN, high=120),
            Field(
                "kind", Label("类别", "Kind"), FieldType.CHOICE, default="government",
                choices=_choices(
                    ("party", "党委部门", "Party"),
                    ("government", "政府部门", "Government"),
                    ("mass_organisation", "群团组织", "Mass organisation"),
                    ("other", "其他单位", "Other"),
                ),
            ),
            Field("aliases", Label("别名", "Other names"), FieldType.WORDS, 0, 64, default=()),
            _POSITION,
            _IS_ACTIVE,
        ),
    ),
    Kind(
        "division",
        Label("区划", "Division"),
        Division,
        keys=(
            Field(
                "code", Label("区划代码", "Code"), high=12, is_required=True, pattern=r"[0-9]{12}",
                shape=Label("12 位数字", "twelve digits"),
            ),
        ),
        fields=(
            Field(
                "parent_code", Label("上级区划", "Division above"), FieldType.CHOICE, default=None,
                refers_to="division",
            ),
            Field(
                "level", Label("级别", "Level"), FieldType.INTEGER, 1, 5, is_required=True, is_fixed=True,
            ),
            Field(
                "kind", Label("类别", "Kind"), FieldType.CHOICE, is_required=True,
                choices=_choices(
                    ("province", "省、自治区", "Province"),
                    ("prefecture", "地级市", "Prefecture"),
                    ("county", "县、市、区", "County"),
                    ("subdistrict", "街道", "Subdistrict"),
                    ("town", "镇", "Town"),
                    ("farm_or_forest_farm", "农场、林场", "Farm or forest farm"),
                    ("community", "社区", "Community"),
                    ("village", "村", "Village"),
                    ("farm_unit", "农场单位", "Farm unit"),
                ),
            ),
            Field("name", Label("全称", "Official name"), high=64, is_required=True),
            Field("display_name", Label("显示名称", "Everyday name"), high=64, is_required=True),
            Field("name_en", _NAME_EN, high=96),
            Field(
                "lon_gcj02", Label("经度（GCJ-02）", "Longitude (GCJ-02)"), FieldType.NUMBER, -180, 180,
                default=None,
            ),
            Field(
                "lat_gcj02", Label("纬度（GCJ-02）", "Latitude (GCJ-02)"), FieldType.NUMBER, -90, 90,
                default=None,
            ),
            _IS_ACTIVE,
        ),
        check=_check_division,
    ),
    Kind(
        "route",
        Label("分工", "Who leads what"),
        Route,
        keys=(
            Field(
                "programme_id", Label("行动或工程", "Programme"), FieldType.CHOICE, is_required=True,
                refers_to="programme",
            ),
            Field(
                "department_id", Label("部门", "Department"), FieldType.CHOICE, is_required=True,
                refers_to="department",
            ),
        ),
        fields=(
            Field(
                "part", Label("分工", "Part"), FieldType.CHOICE, is_required=True,
                choices=tuple((part, _PART_LABELS[part]) for part in PARTS),
            ),
            _POSITION,
            _IS_ACTIVE,
        ),
    ),
    Kind(
        "reason",
        Label("原因", "Reason"),
        Reason,
        keys=(
            Field(
                "action", Label("用于", "Action"), FieldType.CHOICE, is_required=True,
                choices=tuple((str(action), get_rule(action).label) for action in REASONED),
            ),
            Field(
                "code", Label("代码", "Code"), high=32, is_required=True, pattern=_CODE, shape=_CODE_SHAPE,
            ),
        ),
        fields=(
            Field("name", _NAME, high=64, is_required=True),
            Field("name_en", _NAME_EN, high=120),
            Field("hint", Label("给群众的提示", "What the resident reads"), high=200),
            Field("hint_en", Label("英文提示", "The same in English"), high=200),
            _POSITION,
            _IS_ACTIVE,
        ),
    ),
    Kind(
        "time_limit",
        Label("时限", "Time limit"),
        TimeLimit,
        keys=(
            Field(
                "step", Label("环节", "Step"), FieldType.CHOICE, is_required=True,
                choices=tuple((step, _STEP_LABELS[step]) for step in STEPS),
            ),
            Field(
                "urgency", Label("缓急", "Urgency"), FieldType.CHOICE, is_required=True,
                choices=tuple((urgency, _URGENCY_LABELS[urgency]) for urgency in URGENCIES),
            ),
            Field(
                "category", Label("主题", "Theme"), FieldType.CHOICE, is_required=True, default=ALL_CATEGORIES,
                choices=((ALL_CATEGORIES, Label("所有主题", "Every theme")),), refers_to="theme",
            ),
        ),
        fields=(
            Field("amount", Label("时限", "Limit"), FieldType.INTEGER, 1, 10000, is_required=True),
            Field(
                "unit", Label("单位", "Unit"), FieldType.CHOICE, is_required=True,
                choices=tuple((str(unit), label) for unit, label in _UNIT_LABELS.items()),
            ),
            _IS_ACTIVE,
        ),
        check=_check_time_limit,
    ),
    Kind(
        "office_hours",
        Label("办公时间", "Office hours"),
        OfficeHours,
        keys=(
            Field(
                "weekday", Label("星期", "Weekday"), FieldType.CHOICE, is_required=True,
                choices=tuple((day, _WEEKDAY_LABELS[day]) for day in WEEKDAYS),
            ),
            Field(
                "half", Label("上午或下午", "Morning or afternoon"), FieldType.CHOICE, is_required=True,
                choices=_choices(("am", "上午", "Morning"), ("pm", "下午", "Afternoon")),
            ),
        ),
        fields=(
            Field(
                "opens_at", Label("从几点", "From"), high=5, is_required=True, pattern=_CLOCK, shape=_CLOCK_SHAPE,
            ),
            Field(
                "closes_at", Label("到几点", "Until"), high=5, is_required=True, pattern=_CLOCK, shape=_CLOCK_SHAPE,
            ),
            _IS_ACTIVE,
        ),
        check=_check_office_hours,
    ),
    Kind(
        "star_level",
        Label("星级", "Star level"),
        StarLevel,
        keys=(
            Field(
                "id", Label("代码", "Code"), high=16, is_required=True, pattern=_CODE, shape=_CODE_SHAPE,
            ),
        ),
        fields=(
            Field("name", _NAME, high=32, is_required=True),
            Field("name_en", _NAME_EN, high=64),
            Field("stars", Label("几颗星", "Stars"), FieldType.INTEGER, 1, 10, is_required=True),
            Field(
                "hours", Label("所需小时（累计）", "Hours that it takes"), FieldType.INTEGER, 1, 100000,
                is_required=True,
            ),
            _IS_ACTIVE,
        ),
        check=_check_star_level,
    ),
    Kind(
        "term",
        Label("菜单用语", "Word of the menu"),
        Term,
        check=_check_term,
        keys=(
            Field(
                "kind", Label("类别", "Kind"), FieldType.CHOICE, is_required=True,
                choices=_choices(
                    ("audience", "人群", "Audience"),
                    ("theme", "主题", "Theme"),
                    ("skill", "技能", "Skill"),
                    ("format", "形式", "Format"),
                    ("emergency", "应急类型", "Kind of emergency"),
                ),
            ),
            Field(
                "code", Label("代码", "Code"), high=32, is_required=True, pattern=_CODE, shape=_CODE_SHAPE,
            ),
        ),
        fields=(
            Field("name", _NAME, high=64, is_required=True),
            Field("name_en", _NAME_EN, high=96),
            _POSITION,
            _IS_ACTIVE,
        ),
    ),
    Kind(
        "target",
        Label("指标", "Target"),
        Target,
        keys=(
            Field(
                "id", Label("编号", "Number"), high=16, is_required=True, pattern=r"[A-Za-z0-9-]+",
                shape=Label("只用字母、数字和连字符", "letters, digits and - only"),
            ),
        ),
        fields=(
            Field("name", _NAME, high=120, is_required=True),
            Field("name_en", _NAME_EN, high=160),
            Field("code", Label("代号", "Code"), high=16, is_required=True, is_fixed=True),
            Field(
                "period_id", Label("规划期", "Period"), FieldType.CHOICE, is_required=True, is_fixed=True,
                refers_to="period",
            ),
            Field(
                "kind", Label("类型", "Kind"), FieldType.CHOICE, default="cumulative",
                choices=_choices(
                    ("cumulative", "累计", "Adds up"),
                    ("ratio", "比例", "Share"),
                    ("recurring", "每学期或每校", "Again and again"),
                    ("build", "建设", "To be built"),
                    ("qualitative", "定性", "Without a number"),
                ),
            ),
            Field("value", Label("目标值", "Value"), FieldType.NUMBER, 0, 1e9, default=None),
            Field(
                "comparator", Label("怎样算达到", "Reached when"), FieldType.CHOICE, default="gte",
                choices=_choices(
                    ("gte", "不少于", "At least"),
                    ("reach", "达到", "Reaches"),
                    ("lte", "不多于", "At most"),
                ),
            ),
            Field(
                "unit", Label("单位", "Unit"), FieldType.CHOICE,
                choices=_choices(("", "无", "None"), *((unit, unit, name) for unit, name in UNITS.items())),
            ),
            Field("unit_en", Label("英文单位", "Unit in English"), high=32),
            Field("starts_on", Label("开始日期", "First day"), FieldType.DATE, is_required=True),
            Field("ends_on", Label("结束日期", "Last day"), FieldType.DATE, is_required=True),
            Field(
                "measured_by", Label("数据来源", "Measured by"), FieldType.CHOICE, default="external",
                choices=_choices(
                    ("direct", "本系统直接统计", "This service holds the data"),
                    ("order_records", "由办结订单统计", "Counted from closed orders"),
                    ("partial", "订单提供部分依据", "Orders give part of the evidence"),
                    ("external", "牵头单位报送", "Reported by the lead unit"),
                ),
            ),
            Field(
                "report_months", Label("至少几个月报一次", "Reported at least every … months"), FieldType.INTEGER,
                1, 60, default=12,
            ),
            Field(
                "programme_id", Label("所属行动或工程", "Programme"), FieldType.CHOICE, default=None,
                refers_to="programme",
            ),
            Field("section", Label("方案章节", "Section of the plan"), high=16),
            Field("quote", Label("方案依据", "Words of the plan"), high=200),
            Field("note", Label("说明", "Note"), high=200),
            _POSITION,
            _IS_ACTIVE,
        ),
        check=_check_target,
    ),
    Kind(
        "science_day",
        Label("科普节日", "Science day"),
        ScienceDay,
        keys=(
            Field("id", Label("代码", "Code"), high=32, is_required=True, pattern=_CODE, shape=_CODE_SHAPE),
        ),
        fields=(
            Field("name", _NAME, high=64, is_required=True),
            Field("name_en", _NAME_EN, high=120),
            Field("note", Label("给群众的一句话", "A sentence for residents"), high=120),
            Field("note_en", Label("英文的一句话", "The same in English"), high=160),
            Field("month", Label("几月", "Month"), FieldType.INTEGER, 1, 12, is_required=True),
            Field(
                "nth", Label("怎么定日子", "How its date is set"), FieldType.CHOICE, is_required=True, default="0",
                choices=_choices(
                    ("0", "固定日期", "Always the same date"),
                    ("1", "当月第一个星期几", "The first weekday of the month"),
                    ("2", "当月第二个星期几", "The second"),
                    ("3", "当月第三个星期几", "The third"),
                    ("4", "当月第四个星期几", "The fourth"),
                    ("5", "当月最后一个星期几", "The last"),
                ),
            ),
            Field("day", Label("几日（固定日期）", "Day (for a date)"), FieldType.INTEGER, 1, 31, default=1),
            Field(
                "weekday", Label("星期几（按星期定的）", "Weekday (otherwise)"), FieldType.CHOICE, default="6",
                choices=_choices(
                    ("1", "星期一", "Monday"), ("2", "星期二", "Tuesday"), ("3", "星期三", "Wednesday"),
                    ("4", "星期四", "Thursday"), ("5", "星期五", "Friday"), ("6", "星期六", "Saturday"),
                    ("7", "星期日", "Sunday"),
                ),
            ),
            Field("length_days", Label("一共几天", "How many days"), FieldType.INTEGER, 1, 62, default=1),
            Field(
                "dates", Label("个别年份的日期（2026-09-12/2026-09-20）", "Years announced otherwise"),
                FieldType.WORDS, 0, 30, default=(),
            ),
            Field(
                "themes", Label("适合的主题（不选就是全部）", "Themes that fit (none: all)"), FieldType.CHOICES, 0, 20,
                default=(), refers_to="theme",
            ),
            Field(
                "menu_item_ids", Label("只限这些项目（不选就按主题）", "Only these items (none: by theme)"),
                FieldType.CHOICES, 0, 60, default=(), refers_to="menu_item",
            ),
            Field(
                "nudge_days", Label("提前几天提醒部门（0 不提醒）", "Tell departments so many days before (0: never)"),
                FieldType.INTEGER, 0, 120, default=21,
            ),
            _IS_ACTIVE,
        ),
        check=_check_science_day,
    ),
    Kind(
        "semester",
        Label("学期", "School term"),
        Semester,
        keys=(
            Field(
                "id", Label("编号", "Number"), high=16, is_required=True, pattern=r"20\d\d-(spring|autumn)",
                shape=Label("例如 2026-autumn 或 2027-spring", "2026-autumn or 2027-spring, for example"),
            ),
        ),
        fields=(
            Field("name", _NAME, high=32, is_required=True),
            Field("name_en", _NAME_EN, high=64),
            Field("starts_on", Label("开始日期", "First day"), FieldType.DATE, is_required=True),
            Field("ends_on", Label("结束日期", "Last day"), FieldType.DATE, is_required=True),
            _IS_ACTIVE,
        ),
        check=_check_semester,
    ),
    Kind(
        "school",
        Label("学校", "School"),
        School,
        keys=(
            Field("id", Label("代码", "Code"), high=32, is_required=True, pattern=_CODE, shape=_CODE_SHAPE),
        ),
        fields=(
            Field("name", _NAME, high=64, is_required=True),
            Field("name_en", _NAME_EN, high=120),
            Field("aliases", Label("点单时的其他写法", "Other ways to write it"), FieldType.WORDS, 0, 20, default=()),
            Field(
                "division_code", Label("所在街道、镇", "Where"), FieldType.CHOICE, default=None, refers_to="division",
            ),
            _IS_ACTIVE,
        ),
    ),
)  # fmt: skip

#: What the office may edit, by name.
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL_KINDS}


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows that a field may name: their code, what to show, and in which order."""

    code: InstrumentedAttribute[str]
    name: InstrumentedAttribute[str]
    name_en: InstrumentedAttribute[str]
    is_active: InstrumentedAttribute[bool]
    order: InstrumentedAttribute[Any]
    where: tuple[ColumnElement[bool], ...] = ()


def _term_reference(kind: str) -> Reference:
    return Reference(Term.code, Term.name, Term.name_en, Term.is_active, Term.position, (Term.kind == kind,))


#: The values of `Field.refers_to`.
REFERENCES: Mapping[str, Reference] = {
    "menu_item": Reference(MenuItem.id, MenuItem.name, MenuItem.name_en, MenuItem.is_active, MenuItem.position),
    "department": Reference(
        Department.id, Department.name, Department.name_en, Department.is_active, Department.position
    ),
    "period": Reference(Period.id, Period.name, Period.name_en, Period.is_active, Period.starts_on),
    "programme": Reference(Programme.id, Programme.name, Programme.name_en, Programme.is_active, Programme.id),
    "division": Reference(Division.code, Division.display_name, Division.name_en, Division.is_active, Division.code),
    **{kind: _term_reference(kind) for kind in ("audience", "theme", "skill", "format")},
}


def get_kind(name: str) -> Kind:
    """The row of `KINDS`.

    :raise NotFound: no such kind.
    """
    if name not in KINDS:
        raise NotFound(name)
    return KINDS[name]


def key_text(kind: str, values: Mapping[str, Any]) -> str:
    """A fact's key in one word, fit for an address: "S01", "A1.education". No part has a dot."""
    return ".".join(str(values[spec.name]) for spec in get_kind(kind).keys)


def split_key(kind: Kind, key: Key) -> tuple[str, ...]:
    """The parts of a key.

    :raise NotFound: the number of parts is wrong, so there can be no such fact.
    """
    parts = tuple(key.split(".")) if isinstance(key, str) else tuple(key)
    if len(parts) != len(kind.keys):
        raise NotFound(f"{kind.name} {key}")
    return parts
