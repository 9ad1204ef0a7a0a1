"""The columns that a list of people may have, under all the names that offices give them. Pure."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qtxvol.orders.lifecycle import Label

#: In the template's example row; a row with this name is nobody.
EXAMPLE_NAME = "（示例，导入时跳过）"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a column that is read.

    :ivar text: plain, see below.
    :ivar kind: empty for text; n number, d date, b yes or no, f computed by a formula, e error value, m merged.
    """

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is read.

    :ivar key: what the program calls it.
    :ivar also: further headings that mean the same; the label and its English stand for themselves.
    :ivar example: what the template shows.
    :ivar about: what belongs in it.
    """

    key: str
    label: Label
    also: tuple[str, ...]
    example: str
    about: Label
    is_required: bool = False


COLUMNS = (
    Column(
        "name",
        Label("姓名", "Name"),
        ("名字", "志愿者姓名", "志愿者", "队员姓名", "人员姓名", "full name"),
        EXAMPLE_NAME,
        Label("身份证上的姓名。", "As on the identity card."),
        is_required=True,
    ),
    Column(
        "phone",
        Label("手机", "Mobile phone"),
        (
            "手机号",
            "手机号码",
            "联系电话",
            "电话",
            "电话号码",
            "联系方式",
            "移动电话",
            "联系手机",
            "phone",
            "mobile",
            "telephone",
            "tel",
        ),
        "199 0000 0000",
        Label(
            "11 位手机号，或带区号的座机号。整列请设成文本格式。",
            "Eleven digits of a mobile, or a landline with its area code. Format the column as text.",
        ),
        is_required=True,
    ),
    Column(
        "id_type",
        Label("证件类型", "ID type"),
        ("证件种类", "证件名称", "身份证件类型", "type of id"),
        "居民身份证",
        Label("不填就是居民身份证。", "Resident identity card when empty."),
    ),
    Column(
        "id_number",
        Label("证件号码", "ID number"),
        (
            "身份证",
            "身份证号",
            "身份证号码",
            "公民身份号码",
            "证件号",
            "身份证件号码",
            "居民身份证号码",
            "id",
            "id no",
            "id card",
        ),
        "（18 位，文本格式）",
        Label(
            "整列必须是文本格式，否则表格软件会把后几位变成 0。",
            "The column must be text, or the spreadsheet turns the last digits into zeros.",
        ),
    ),
    Column(
        "born_on",
        Label("出生日期", "Date of birth"),
        ("出生年月日", "生日", "date of birth", "birth date", "birthday"),
        "1985-03-12",
        Label(
            "有身份证号的不用填；护照等证件请填，例如 1985-03-12。",
            "Not needed with an identity card; with a passport and others, such as 1985-03-12.",
        ),
    ),
    Column(
        "division",
        Label("区划", "Division"),
        (
            "乡镇",
            "街道",
            "镇",
            "社区",
            "村",
            "村社区",
            "社区村",
            "乡镇街道",
            "街道乡镇",
            "所在乡镇",
            "所在社区",
            "所属社区",
            "所在区划",
            "所属区划",
            "居住社区",
            "town",
            "community",
        ),
        "小坝镇",
        Label("街道、镇、社区或村的名称或 12 位代码。", "Name or twelve-digit code of a town, community or village."),
    ),
    Column(
        "employer",
        Label("单位", "Employer"),
        ("工作单位", "所在单位", "单位名称", "学校", "employer", "organisation", "organization"),
        "市第三小学",
        Label("工作单位。", "Where the person works."),
    ),
    Column(
        "title",
        Label("职务职称", "Title"),
        ("职务", "职称", "岗位", "职务或职称", "专业技术职称", "title", "position", "job title"),
        "高级教师",
        Label("职务或职称。", "Position or professional title."),
    ),
    Column(
        "team",
        Label("所属服务队", "Team"),
        ("服务队", "队伍", "志愿服务队", "科技志愿服务队", "所在服务队", "所属队伍", "队伍名称", "服务队名称", "team"),
        "",
        Label("系统里已有的服务队的名称，一字不差。", "Name of a team that exists here, exactly."),
    ),
    Column(
        "skills",
        Label("技能", "Skills"),
        ("特长", "专长", "技能特长", "技能专长", "服务特长", "擅长", "专业特长", "skill", "skills"),
        "营养、急救培训",
        Label(
            "“基础资料”里的技能名称，多个用顿号隔开。", "Names of skills as listed under facts, several with commas."
        ),
    ),
)

BY_KEY: Mapping[str, Column] = {column.key: column for column in COLUMNS}


def plain(text: str) -> str:
    """Text as it was meant: full-width letters and digits made plain, odd spaces and invisible marks gone."""
    if unicodedata.is_normalized("NFKC", text) and text.isprintable():  # nearly every cell
        return " ".join(text.split())
    kept = (" " if char.isspace() else char for char in unicodedata.normalize("NFKC", text))
    # private-use characters stay: a rare name may have one, and is better looked at than shortened
    return " ".join("".join(char for char in kept if unicodedata.category(char) not in ("Cc", "Cf")).split())


def heading(text: str) -> str:
    """A heading without what doesn't matter: spaces, marks, letter case, a remark in brackets at its end."""
    text = plain(text).lower().replace("*", "").strip()
    if text.endswith(")") and "(" in text:
        text = text[: text.index("(")]
    return "".join(char for char in text if char.isalnum())


def _names() -> dict[str, str]:
    return {
        heading(name): column.key
        for column in COLUMNS
        for name in (column.label.zh, column.label.en, column.key, *column.also)
    }


_BY_NAME = _names()


def find_columns(cells: Sequence[str]) -> list[str | None]:
    """For each heading the key of the column it means, or None."""
    return [_BY_NAME.get(heading(cell)) if cell else None for cell in cells]
