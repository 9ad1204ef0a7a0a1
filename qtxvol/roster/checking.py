"""Is what a line says right? From cells to a person, or to what is wrong with it, in words a clerk can act on. Pure.

Nothing is guessed: a number that a spreadsheet has damaged, a place that two places are called by, a date that can't
be are sent back. What the line means beside the others and beside who is registered is asked in `staging.py`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from unicodedata import category

from qtxvol.accounts.phones import parse_phone
from qtxvol.orders.lifecycle import Label
from qtxvol.privacy.numbers import has_own_number
from qtxvol.roster.columns import BY_KEY, Cell, plain
from qtxvol.volunteers.identity import ADULT_AGE, KIND_LABELS, Document, age_on, check_age, parse_document

#: Every kind of trouble, in a few words; the sentence for a line stands in its `Problem`.
PROBLEMS: Mapping[str, Label] = {
    "name_missing": Label("没有姓名", "Name missing"),
    "name_odd": Label("姓名不像姓名", "Not a name"),
    "phone_missing": Label("没有手机号", "Phone missing"),
    "phone_wrong": Label("手机号不对", "Not a phone number"),
    "phone_damaged": Label("手机号被表格软件改坏", "Phone damaged by the spreadsheet"),
    "id_type_unknown": Label("证件类型不认识", "Unknown type of ID"),
    "id_wrong": Label("证件号码位数或写法不对", "ID number of a wrong shape"),
    "id_digit": Label("身份证号最后一位对不上", "ID check digit wrong"),
    "id_date": Label("身份证号里的出生日期不可能", "Impossible birth date in the ID"),
    "id_damaged": Label("证件号码被表格软件改坏", "ID damaged by the spreadsheet"),
    "birth_missing": Label("缺出生日期", "Date of birth missing"),
    "birth_wrong": Label("出生日期不对", "Date of birth wrong"),
    "birth_differs": Label("出生日期和身份证不一致", "Date of birth contradicts the ID"),
    "too_young": Label("未成年", "Under age"),
    "division_unknown": Label("区划不认识", "Unknown division"),
    "division_ambiguous": Label("区划有重名", "More than one division of that name"),
    "team_unknown": Label("服务队不认识", "Unknown team"),
    "skill_unknown": Label("技能不认识", "Unknown skill"),
    "too_long": Label("文字太长", "Text too long"),
    "number_inside": Label("文字里有号码", "A number inside a text"),
    "computed": Label("单元格是公式或出错", "Formula or error in a cell"),
    "merged": Label("单元格被合并", "Merged cell"),
    "twice": Label("名单里重复", "Twice in this list"),
    "other_name": Label("证件号码已登记在别人名下", "ID registered under another name"),
    "other_id": Label("同名同手机的人登记了别的证件", "Same name and phone registered with another ID"),
}

LONGEST = {"name": 32, "employer": 64, "title": 32}
#: Skills that one person may list.
MOST_SKILLS = 20
_DAMAGED = re.compile(r"[+-]?\d+(\.\d+)?[Ee]\+?\d+|\d+\.\d*")
_HAN_GAP = re.compile(r"(?<=[㐀-鿿豈-﫿𠀀-𳎯])\s+(?=[㐀-鿿豈-﫿𠀀-𳎯])")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_PLACE_TAILS = ("居民委员会", "村民委员会", "居委会", "村委会", "社区", "村")
_BETWEEN_SKILLS = re.compile(r"[,、;/|\n]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line.

    :ivar code: a key of `PROBLEMS`.
    :ivar column: a key of `columns.BY_KEY`.
    """

    code: str
    column: str
    text: Label


@dataclass(frozen=True, slots=True)
class Person:
    """What a line without problems says.

    :ivar document: None when the document is still to be shown.
    """

    name: str
    phone: str
    document: Document | None
    birth_on: date | None
    division_code: str | None
    employer: str
    title: str
    team_id: int | None
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """What names mean in this city.

    :ivar places: codes by name; several when places share it.
    :ivar teams: ids by name, those in use.
    :ivar skills: codes by name in either language, those in use.
    :ivar outer: names of the city and what it lies in, the outermost first: an address may begin with them.
    :ivar team_id: of people whose line names no team.
    :ivar are_minors_allowed: 16 and 17 with a guardian's consent, which no list can bring.
    """

    places: Mapping[str, Sequence[str]]
    teams: Mapping[str, int]
    skills: Mapping[str, str]
    outer: tuple[str, ...] = ()
    team_id: int | None = None
    are_minors_allowed: bool = False


def name_places(rows: Iterable[tuple[str, str | None, str, str]]) -> dict[str, list[str]]:
    """`Book.places` from (code, parent's code, name, name in full) of the towns and communities in use."""
    rows = list(rows)
    shorts = {code: (short, full) for code, _parent, short, full in rows}
    found: dict[str, set[str]] = {}
    for code, parent, short, full in rows:
        names = {plain(name) for name in (short, full)}
        names |= {f"{stem}{tail}" for stem in map(_stem, set(names)) if stem for tail in _PLACE_TAILS}
        towns = [plain(name) for name in shorts.get(parent or "", ())]
        for name in (code, *names, *(f"{town}{name}" for town in towns for name in names)):
            found.setdefault(name, set()).add(code)
    return {name: sorted(codes) for name, codes in found.items()}


def _stem(name: str) -> str:
    """东街 of 东街居委会; empty for a town, which has no such tail."""
    tail = next((tail for tail in _PLACE_TAILS if name.endswith(tail) and len(name) > len(tail)), None)
    return name.removesuffix(tail) if tail else ""


def check_line(values: Mapping[str, Cell], book: Book, today: date) -> tuple[Person | None, list[Problem]]:
    """The person of a line, or everything that is wrong with it; one of the two is empty.

    :param values: the cells of the columns that are read; empty ones may be missing.
    :param today: in the city.
    """
    line = _Line(values, book, today)
    person = line.read()
    return (None, line.problems) if line.problems else (person, [])


@dataclass
class _Line:
    values: Mapping[str, Cell]
    book: Book
    today: date
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> Person:
        self._check_kinds()
        document = self._document()
        return Person(
            name=self._name(),
            phone=self._phone(),
            document=document,
            birth_on=self._birth_on(document),
            division_code=self._division(),
            employer=self._text("employer"),
            title=self._text("title"),
            team_id=self._team(),
            skills=self._skills(),
        )

    def _add(self, code: str, column: str, zh: str, en: str) -> None:
        label = BY_KEY[column].label
        self.problems.append(Problem(code, column, Label(f"{label.zh}：{zh}", f"{label.en}: {en}")))

    def _get(self, column: str) -> Cell:
        """The cell; one that is not to be trusted was named already and counts as empty."""
        cell = self.values.get(column, Cell(""))
        return Cell("") if self._is_spoilt(cell) else cell

    @staticmethod
    def _is_spoilt(cell: Cell) -> bool:
        return cell.kind in ("f", "e", "m")

    def _check_kinds(self) -> None:
        for column, cell in self.values.items():
            if cell.kind in ("f", "e"):
                self._add(
                    "computed",
                    column,
                    "这一格是公式或错误值。请复制后“选择性粘贴”为数值，再核对。",
                    "this cell is a formula or an error. Paste it as a value and check it.",
                )
            elif cell.kind == "m":
                self._add(
                    "merged",
                    column,
                    "这一格和别的格合并了，分不清是谁的。请取消合并，每人一格。",
                    "this cell is merged with others. Unmerge it: one cell for each person.",
                )

    # The columns

    def _name(self) -> str:
        cell = self._get("name")
        name = _HAN_GAP.sub("", cell.text).replace("・", "·").replace("•", "·")
        if not name:
            if not self._is_spoilt(self.values.get("name", cell)):
                self._add("name_missing", "name", "没有填。请补上。", "missing. Fill it in.")
        elif len(name) > LONGEST["name"]:
            self._too_long("name")
        elif cell.kind or len(name) < 2 or not _is_name(name):
            self._add(
                "name_odd",
                "name",
                f"“{name}”不像姓名（不能有数字和标点，至少两个字）。请照身份证填写。",
                f"“{name}” is no name (no digits or punctuation, two characters or more). Write it as on the ID.",
            )
        return name

    def _phone(self) -> str:
        cell = self._get("phone")
        if not cell.text:
            if not self._is_spoilt(self.values.get("phone", cell)):
                self._add(
                    "phone_missing",
                    "phone",
                    "没有填。请补上本人的手机号。",
                    "missing. Fill in the person's own number.",
                )
            return ""
        digits = parse_phone(cell.text)
        # a whole number of eleven digits is exact in a number cell; anything else there has lost something
        if digits is None and (cell.kind or _DAMAGED.fullmatch(cell.text)):
            self._add(
                "phone_damaged",
                "phone",
                f"“{mask_text(cell.text)}”被表格软件当成了数字，原来的号码已看不出来。请把这一列设成文本格式，重新填写。",
                f"“{mask_text(cell.text)}” was turned into a number and has lost digits. "
                "Format the column as text and type it anew.",
            )
        elif digits is None:
            self._add(
                "phone_wrong",
                "phone",
                f"“{mask_text(cell.text)}”不是电话号码。请填一个 11 位手机号，或带区号的座机号。",
                f"“{mask_text(cell.text)}” is no phone number. One mobile of 11 digits, or a landline with area code.",
            )
        return digits or ""

    def _document(self) -> Document | None:
        kind, cell = self._id_kind(), self._get("id_number")
        if not cell.text or kind is None:
            return None
        if cell.kind or _DAMAGED.fullmatch(cell.text) or _is_rounded(cell.text):
            self._add(
                "id_damaged",
                "id_number",
                f"“{mask_text(cell.text)}”被表格软件当成了数字，后几位已丢失。请把这一列设成文本格式，照证件重新填写；"
                "证件上若真是这个号码，请单独登记这个人。",
                f"“{mask_text(cell.text)}” was turned into a number and has lost digits. "
                "Format the column as text, type it anew; if the document says just this, register the person singly.",
            )
            return None
        found = parse_document(kind, cell.text, self.today)
        if isinstance(found, Document):
            return found
        self._refuse_document(found.code, kind, cell.text)
        return None

    def _refuse_document(self, fault: str, kind: str, text: str) -> None:
        label, masked = KIND_LABELS[kind], mask_text(text)
        if fault == "digit":
            self._add(
                "id_digit",
                "id_number",
                f"“{masked}”的最后一位对不上，有数字填错了。请照证件核对。",
                f"the check digit of “{masked}” does not fit: a digit is wrong. Compare it with the document.",
            )
        elif fault == "date":
            self._add(
                "id_date",
                "id_number",
                f"“{masked}”里的出生日期不存在，或在今天之后。请照证件核对。",
                f"“{masked}” holds an impossible date of birth. Compare it with the document.",
            )
        else:
            shape = "（18 位）" if kind == "resident_id" else ""
            self._add(
                "id_wrong",
                "id_number",
                f"“{masked}”不是{label.zh}的号码{shape}。请照证件核对；是别的证件，请填“证件类型”。",
                f"“{masked}” is no number of a {label.en.lower()}. Compare it, or name the type of ID.",
            )

    def _id_kind(self) -> str | None:
        text = self._get("id_type").text
        if not text:
            return "resident_id"
        kind = ID_KINDS.get(text.lower())
        if kind is None:
            names = "、".join(label.zh for label in KIND_LABELS.values())
            self._add(
                "id_type_unknown",
                "id_type",
                f"不认识“{_short(text)}”。可以填：{names}。",
                f"“{_short(text)}” is unknown. One of: {names}.",
            )
        return kind

    def _birth_on(self, document: Document | None) -> date | None:
        cell = self._get("born_on")
        typed = _parse_day(cell.text) if cell.text else None
        said = document.birth_on if document else None
        if cell.text and (typed is None or check_age(typed, self.today, **self._age_rules()) == "birth_date"):
            self._add(
                "birth_wrong",
                "born_on",
                f"“{_short(cell.text)}”不是可能的出生日期。请写成 1985-03-12 这样。",
                f"“{_short(cell.text)}” is no possible date of birth. Write it like 1985-03-12.",
            )
        elif typed and said and typed != said:
            self._add(
                "birth_differs",
                "born_on",
                "和身份证号里的出生日期不一致。请核对这两格。",
                "differs from the date in the identity number. Check the two cells.",
            )
        elif document and not said and not typed and not self._is_spoilt(self.values.get("born_on", cell)):
            self._add(
                "birth_missing",
                "born_on",
                "这种证件看不出年龄，请填出生日期，例如 1985-03-12。",
                "this document does not tell the age: fill it in, such as 1985-03-12.",
            )
        elif (birth_on := said or typed) and check_age(birth_on, self.today, **self._age_rules()):
            column = "id_number" if said else "born_on"
            self._add(
                "too_young",
                column,
                f"本人 {age_on(birth_on, self.today)} 岁，不满 {ADULT_AGE} 岁的人不能用名单登记。",
                f"aged {age_on(birth_on, self.today)}: nobody under {ADULT_AGE} is registered from a list.",
            )
        return said or typed

    def _age_rules(self) -> dict[str, bool]:
        return {"are_minors_allowed": self.book.are_minors_allowed, "has_guardian": False}

    def _division(self) -> str | None:
        text = self._get("division").text.replace(" ", "")
        for outer in self.book.outer:
            text = text.removeprefix(outer) or text
        if not text:
            return None
        codes = self.book.places.get(text, ())
        if len(codes) == 1:
            return codes[0]
        if codes:
            self._add(
                "division_ambiguous",
                "division",
                f"叫“{_short(text)}”的不止一处。请在前面写上街道或镇的名称。",
                f"there is more than one “{_short(text)}”. Write the town before it.",
            )
        else:
            self._add(
                "division_unknown",
                "division",
                f"不认识“{_short(text)}”。请填本市街道、镇、社区或村的全名，或留空。",
                f"“{_short(text)}” is unknown. Write the full name of a town, community or village, or leave it empty.",
            )
        return None

    def _team(self) -> int | None:
        text = self._get("team").text
        if not text:
            return self.book.team_id
        team_id = self.book.teams.get(text)
        if team_id is None:
            self._add(
                "team_unknown",
                "team",
                f"没有叫“{_short(text)}”的在用服务队。请照系统里的名称填写，或先添加这支队。",
                f"no team in use is called “{_short(text)}”. Write its name as it stands here, or add the team first.",
            )
        return team_id

    def _skills(self) -> tuple[str, ...]:
        text = self._get("skills").text
        whole = self.book.skills.get(text.lower())
        if not text or whole:
            return (whole,) if whole else ()
        names = [part for part in (part.strip() for part in _BETWEEN_SKILLS.split(text)) if part]
        if not all(name.lower() in self.book.skills for name in names):
            by_space = text.replace("、", " ").split()
            names = by_space if all(name.lower() in self.book.skills for name in by_space) else names
        unknown = [name for name in names if name.lower() not in self.book.skills]
        if unknown:
            listed = "、".join(map(_short, unknown[:5]))
            self._add(
                "skill_unknown",
                "skills",
                f"不认识“{listed}”。请照“基础资料”里的技能名称填写，多个用顿号隔开。",
                f"“{listed}” is unknown. Use the names of the skills under facts, separated by commas.",
            )
        if len(names) > MOST_SKILLS:
            self._add("too_long", "skills", f"最多 {MOST_SKILLS} 项。", f"{MOST_SKILLS} at most.")
        return tuple(
            dict.fromkeys(self.book.skills[name.lower()] for name in names if name.lower() in self.book.skills)
        )

    def _text(self, column: str) -> str:
        text = self._get(column).text
        if len(text) > LONGEST[column]:
            self._too_long(column)
        if has_own_number(text):  # a column that has slipped: here it would stand readable for good
            self._add(
                "number_inside",
                column,
                "这里有电话或证件号码，请移到它自己的列。",
                "A telephone or identity number stands here. Move it to its own column.",
            )
        return text

    def _too_long(self, column: str) -> None:
        most = LONGEST[column]
        self._add(
            "too_long", column, f"最多 {most} 个字，请写短一点。", f"{most} characters at most. Write it shorter."
        )


def find_twin(person: Person, row: int, seen: dict[tuple[str, str], int]) -> Problem | None:
    """Does an earlier line of the list have the same document, or the same name and telephone?

    :param seen: rows by what was in them; this one is added.
    """
    keys = [("id_number", person.document.number)] if person.document else []
    keys.append(("phone", f"{person.name} {person.phone}"))
    for column, text in keys:
        first = seen.setdefault((column, text), row)
        if first != row:
            what, what_en = ("证件号码", "ID number") if column == "id_number" else ("姓名和手机", "name and phone")
            return Problem(
                "twice",
                column,
                Label(
                    f"{BY_KEY[column].label.zh}：和第 {first} 行的{what}一样。一个人只能有一行，请删掉或改正。",
                    f"{BY_KEY[column].label.en}: same {what_en} as line {first}. One line for each person.",
                ),
            )
    return None


def _is_name(name: str) -> bool:
    return all(category(char)[0] in "LM" or char in "·' -." for char in name) and any(
        category(char)[0] == "L" for char in name
    )


def _is_rounded(text: str) -> bool:
    """Eighteen digits of which a spreadsheet has kept fifteen."""
    digits = text.replace(" ", "")
    return len(digits) == 18 and digits.isascii() and digits.isdecimal() and digits.endswith("000")


def _parse_day(text: str) -> date | None:
    found = _DATE.fullmatch(text.replace(" ", ""))
    if found is None:
        return None
    try:
        year, month, day = (int(part) for part in found.groups() if part)
        return date(year, month, day)
    except ValueError:
        return None


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"


def mask_text(text: str) -> str:
    """Enough of a number to find the line, not enough to use."""
    start, mark, power = text.upper().partition("E+")
    if mark and power.isdecimal():
        return f"{start[:4]}…E+{power}" if len(start) > 4 else text
    if not text:
        return ""
    return f"{text[:3]}…{text[-2:]}" if len(text) > 8 else f"{text[:1]}…"


def _kinds() -> dict[str, str]:
    names = {plain(label.zh).lower(): kind for kind, label in KIND_LABELS.items()}
    names |= {label.en.lower(): kind for kind, label in KIND_LABELS.items()}
    return names | {
        "身份证": "resident_id",
        "二代身份证": "resident_id",
        "公民身份证": "resident_id",
        "id card": "resident_id",
        "港澳通行证": "hk_macau_permit",
        "港澳居民通行证": "hk_macau_permit",
        "回乡证": "hk_macau_permit",
        "台湾通行证": "taiwan_permit",
        "台胞证": "taiwan_permit",
        "外国人永久居留证": "foreign_permanent_resident",
    }


#: Kinds of documents by the names that people give them.
ID_KINDS: Mapping[str, str] = _kinds()
