"""What may stand in braces in a wording, how it is filled in, and how moments are written out. Pure.

A wording never holds a telephone or identity number: neither typed into it nor through a value.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from qtxvol.notices.kinds import NoticeKind
from qtxvol.orders.lifecycle import Action, Label
from qtxvol.privacy.numbers import drop_numbers, has_number

LOCALES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Variable:
    """One word in braces.

    :ivar of: `all` every kind has it; `order` kinds about an order; `step` steps of an order; `answer` kinds that
        are answered with one tap; `about` kinds that bring it (`NoticeKind.about`); `mail` a mail alone.
    :ivar missing: what stands there when there is no value.
    :ivar is_own_line: a line of a mail whose only news it would be is left out when there is no value.
    :ivar example: for the preview.
    """

    name: str
    label: Label
    of: str
    missing: Label
    example: Label
    is_own_line: bool = False


def _variable(
    name: str, of: str, label: tuple[str, str], missing: tuple[str, str], example: tuple[str, str], **more: bool
) -> Variable:
    return Variable(name, Label(*label), of, Label(*missing), Label(*example), **more)


_LIST = (
    _variable("kind", "all", ("事由", "What it is about"), ("新消息", "news"), ("新消息", "news")),
    _variable(
        "link", "all", ("查看链接", "Link to look"),
        ("登录后查看", "sign in to look"), ("https://qtx.example/…", "https://qtx.example/…"),
    ),
    _variable(
        "hotline", "all", ("咨询电话（来自设置）", "Hotline (from the settings)"),
        ("", ""), ("（设置里的咨询电话）", "(the hotline of the settings)"), is_own_line=True,
    ),
    _variable("number", "order", ("单号", "Order number"), ("单号见网页", "see its page"), ("QTX 4821 9037",) * 2),
    _variable(
        "item", "order", ("服务项目", "Menu item"),
        ("科普服务", "science service"), ("合理膳食讲座", "A lecture on a balanced diet"),
    ),
    _variable(
        "place", "order", ("社区或村", "Community or village"),
        ("所在社区", "the community"), ("东街居委会", "Dongjie Community"),
    ),
    _variable("headcount", "order", ("人数", "Headcount"), ("若干", "some"), ("30", "30")),
    _variable(
        "agreed", "order", ("约定的时间", "Agreed time"),
        ("约定的时间", "the agreed time"), ("12月1日（周二）09:00–10:30", "Tue 1 Dec, 09:00–10:30"),
    ),
    _variable(
        "when", "order", ("提醒的服务时间", "The time that a reminder is of"),
        ("约定的时间", "the agreed time"), ("12月1日（周二）09:00–10:30", "Tue 1 Dec, 09:00–10:30"),
    ),
    _variable(
        "due", "order", ("时限", "Limit"),
        ("规定时间", "the time that was set"), ("11月27日（周五）18:00", "Fri 27 Nov, 18:00"),
    ),
    _variable(
        "department", "order", ("承办部门", "Department"),
        ("承办部门", "the department"), ("市卫生健康局", "Municipal Health Bureau"),
    ),
    _variable(
        "team", "order", ("服务队", "Team"), ("志愿服务队", "the volunteer team"), ("市医院服务队", "Hospital team"),
    ),
    _variable(
        "facts", "mail", ("单号、项目、地点、时间几行", "Lines with number, item, place and time"),
        ("", ""),
        ("单号：QTX 4821 9037\n项目：合理膳食讲座\n地点：东街居委会\n时间：12月1日（周二）09:00–10:30",
         "Number: QTX 4821 9037\nItem: A lecture on a balanced diet\nPlace: Dongjie Community\n"
         "Time: Tue 1 Dec, 09:00–10:30"),
        is_own_line=True,
    ),
    _variable(
        "reason", "step", ("原因", "Reason"),
        ("原因见网页", "see its page"), ("近期没有力量承办", "no capacity at present"),
    ),
    _variable(
        "hint", "step", ("原因后面的提示", "The hint beside the reason"), ("", ""),
        ("社区会另派其他部门。", "The community will dispatch it to another."),
    ),
    _variable("attendance", "step", ("到场人次", "People who came"), ("若干", "some"), ("28", "28")),
    _variable(
        "answer_link", "answer", ("一键答复链接", "Link for a one-tap answer"),
        ("登录后答复", "sign in to answer"), ("https://qtx.example/a/…", "https://qtx.example/a/…"),
    ),
    _variable("step", "about", ("哪一步", "Which step"), ("办理", "the next step"), ("派单", "dispatching")),
    _variable(
        "owner", "about", ("谁该办", "Who owes it"),
        ("责任单位", "whoever owes it"), ("东街居委会", "Dongjie Community"),
    ),
    _variable("name", "about", ("志愿者姓名", "A volunteer's name"), ("有人", "somebody"), ("赵测试", "Zhao Ceshi")),
    _variable(
        "cause", "about", ("为什么", "Why"), ("请问明情况", "please ask how it was"), ("评价较低", "a low rating"),
    ),
    _variable(
        "title", "about", ("应急事件", "The emergency"), ("应急事件", "an emergency"), ("暴雪应急", "Heavy snow"),
    ),
    _variable("area", "about", ("范围", "Area"), ("见网页", "see the page"), ("全市", "the whole city")),
    _variable("day", "about", ("科普节日", "The science day"), ("科普节日", "a science day"), ("全国科普日",) * 2),
    _variable("starts", "about", ("哪天开始", "First day"), ("近期", "soon"), ("9月19日", "19 Sep")),
    _variable("days", "about", ("几天", "How many days"), ("几", "some"), ("21", "21")),
    _variable("minutes", "about", ("分钟数", "Minutes"), ("若干", "some"), ("90", "90")),
    _variable("result", "about", ("结果", "The result"), ("请看网页", "see the page"), ("已同意", "accepted")),
    _variable(
        "until", "about", ("有效到", "Valid until"),
        ("网页所写的日期", "the day on its page"), ("2027年5月24日", "24 May 2027"),
    ),
    _variable("stars", "about", ("几星", "Stars"), ("新的一", "more"), ("3", "3")),
    _variable(
        "volunteer_number", "about", ("志愿者编号", "Volunteer number"),
        ("见网页", "see its page"), ("V0000123", "V0000123"),
    ),
    _variable("channel", "about", ("渠道", "Channel"), ("外部渠道", "the channel"), ("短信", "SMS")),
    _variable("reader", "about", ("收件人", "Reader"), ("收件人", "the reader"), ("居民", "the resident")),
)  # fmt: skip

#: Every variable, by name.
VARIABLES: Mapping[str, Variable] = {each.name: each for each in _LIST}

#: `Notice.about` calls some things by other names than a wording does.
ABOUT_NAMES: Mapping[str, tuple[str, ...]] = {"number": ("volunteer_number",), "start": ("when",), "end": ()}

_CITY_TIME = ZoneInfo("Asia/Shanghai")
_WORD = re.compile(r"\{([^{}]*)\}")
_FULL_WIDTH = str.maketrans("｛｝", "{}")


def list_variables(kind: NoticeKind, *, is_mail: bool) -> list[Variable]:
    """What a wording of this kind may use, in the order of the table."""
    brought = {name for each in kind.about for name in ABOUT_NAMES.get(each, (each,))}
    if kind.code == Action.RATE:
        brought.add("stars")
    parts = {"all"}
    parts |= {"order"} if kind.has_order else set()
    parts |= {"step"} if kind.is_step else set()
    parts |= {"answer"} if kind.answers else set()
    parts |= {"mail"} if is_mail and kind.has_order else set()
    return [each for each in _LIST if each.of in parts or each.name in brought]


def plain_braces(text: str) -> str:
    """Full-width braces are braces too: that is how a Chinese keyboard writes them."""
    return text.translate(_FULL_WIDTH)


def find_fault(text: str, kind: NoticeKind, *, is_mail: bool) -> Label | None:
    """Why a wording can't be used, in both languages: an unknown variable (the nearest one is named), a brace without
    its partner, or a number of a person. None when nothing is wrong.
    """
    known = {each.name: each for each in list_variables(kind, is_mail=is_mail)}
    unknown = next((word for word in _WORD.findall(text) if word not in known), None)
    if unknown is not None:
        return _unknown(unknown, known)
    rest = _WORD.sub("", text)
    if "{" in rest or "}" in rest:
        return Label(
            "大括号没有成对，变量要写成 {number} 这样。", "A brace has no partner: a variable is written like {number}."
        )
    if has_number(rest) or has_number(text):
        return Label(
            "模板里不要写电话和证件号码；咨询电话请用 {hotline}，由设置里填入。",
            "No telephone or identity numbers in a wording; use {hotline}, which the settings fill in.",
        )
    return None


def _unknown(word: str, known: Mapping[str, Variable]) -> Label:
    zh, en = f"没有 {{{word}}} 这个变量", f"There is no variable {{{word}}}"
    if near := _nearest(word.strip(), known):
        return Label(f"{zh}，您要写的是不是 {{{near}}}？", f"{en}. Did you mean {{{near}}}?")
    names = [f"{{{name}}}" for name in known]
    return Label(f"{zh}，这里能用的有：{'、'.join(names)}。", f"{en}. Here you can use: {', '.join(names)}.")


def _nearest(word: str, known: Mapping[str, Variable]) -> str | None:
    for name, each in known.items():
        if word and (word == each.label.zh or word.lower() == each.label.en.lower()):
            return name
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    if found:
        return found[0]
    by_label = {each.label.zh: name for name, each in known.items()}
    found = get_close_matches(word, by_label, n=1, cutoff=0.5)
    return by_label[found[0]] if found else None


def fill(text: str, values: Mapping[str, str], locale: str) -> str:
    """The wording with its values. A missing one says something sensible instead, or takes its line along; a word in
    braces that nobody knows is left out: an old wording must not stop a notice.
    """
    lines = []
    for line in text.split("\n"):
        names = _WORD.findall(line)
        gone = [name for name in names if not values.get(name)]
        if names and len(gone) == len(names) and all(_has_own_line(name) for name in gone):
            continue
        lines.append(_WORD.sub(lambda match: _value(match[1], values, locale), line).rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _has_own_line(name: str) -> bool:
    return name in VARIABLES and VARIABLES[name].is_own_line


def _value(name: str, values: Mapping[str, str], locale: str) -> str:
    if values.get(name):
        return values[name]
    return pick(VARIABLES[name].missing, locale) if name in VARIABLES else ""


def pick(label: Label, locale: str) -> str:
    """The label in the reader's language."""
    return label.en if locale == "en" else label.zh


def mask(text: object, *, longest: int = 60) -> str:
    """Words that a person typed, as a value: one line, no telephone or identity number, no braces, not too long."""
    plain = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char
        for char in str(text or "").translate(_FULL_WIDTH)
        if char not in "{}"
    )
    plain = " ".join(plain.split())
    while has_number(plain):  # what stood between two of them may have joined others
        plain = " ".join(drop_numbers(plain).split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


_DAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_of(day: date, locale: str, *, year: int | None = None) -> str:
    """`11月27日`, `27 Nov`; with its year when that is not `year`."""
    if locale == "en":
        text = f"{day.day} {_MONTHS[day.month - 1]}"
        return text if day.year == year else f"{text} {day.year}"
    text = f"{day.month}月{day.day}日"
    return text if day.year == year else f"{day.year}年{text}"


def moment_of(moment: datetime, locale: str, *, year: int | None = None) -> str:
    """`11月27日（周五）09:00` on the city's clock."""
    local = moment.astimezone(_CITY_TIME)
    day, clock = day_of(local.date(), locale, year=year), f"{local:%H:%M}"
    week = _DAYS["en" if locale == "en" else "zh"][local.weekday()]
    return f"{week} {day}, {clock}" if locale == "en" else f"{day}（周{week}）{clock}"


def span_of(start: datetime, end: datetime | None, locale: str, *, year: int | None = None) -> str:
    """`11月27日（周五）09:00–10:30`."""
    begin = moment_of(start, locale, year=year)
    if end is None:
        return begin
    local = end.astimezone(_CITY_TIME)
    is_same_day = local.date() == start.astimezone(_CITY_TIME).date()
    return f"{begin}–{local:%H:%M}" if is_same_day else f"{begin}–{moment_of(end, locale, year=year)}"


def examples(locale: str, only: Collection[str]) -> dict[str, str]:
    """Values of an invented order."""
    return {name: pick(each.example, locale) for name, each in VARIABLES.items() if name in only}
