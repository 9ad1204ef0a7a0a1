"""What stands on a certificate, in both languages at once: it is read by people who know only one of them.

The fields are those that the ministry asks for (民发〔2015〕149号, 民政部令第67号): who (name, document, volunteer
number), when and how long (hours, without the way there), what and where, who wrote it down and who certifies it (with
head, clerk, seal and telephone), number and date. The document stands there only where the person wants it, masked.

The page and the PDF read the same lines, so they can't say different things.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from qtxvol.base import CITY_TIME
from qtxvol.orders.lifecycle import Label
from qtxvol.privacy.numbers import mask_tail
from qtxvol.recognition.certificates import CertificateView
from qtxvol.volunteers.identity import KIND_LABELS
from qtxvol.web.display import hours as in_hours

#: Who stands behind the paper.
ISSUER = Label(
    "青铜峡市科协（纲要实施工作办公室）", "Qingtongxia Science and Technology Association (programme office)"
)

title = Label("志愿服务记录证明", "Certificate of Volunteer Service")
number = Label("证明编号", "No.")
name = Label("姓名", "Name")
person_number = Label("志愿者编号", "Volunteer number")
period = Label("服务时间段", "Period of service")
served = Label("服务时长", "Service recorded")
hours = Label("小时", "hours")
times = Label("次服务", "services")
content = Label("服务内容", "Fields of service")
identity = Label("证件", "Document")
places = Label("服务地点", "Places of service")
team = Label("记录单位", "Recorded by")
statement = Label(
    "以上时长由现场签到或服务队在每次服务后登记，不含往返路途；本证明依据登记记录出具，不收取任何费用。",
    "The hours above were recorded on site or by the team after each service, without the way there and back. This "
    "certificate is issued from that record, free of charge.",
)
check = Label(
    "扫码或在下面的网址输入验证码，可核对真伪和最新记录。",
    "Scan, or enter the code at the address below, to check this paper against the record.",
)
code = Label("验证码", "Code")
responsible = Label("负责人", "Head")
handled = Label("经办人", "Clerk")
phone = Label("联系电话", "Telephone")
seal = Label("（盖章）", "(seal)")
void = Label("已撤销", "REVOKED")
replaces = Label("替代证明", "Replaces")
demo = Label("演示数据，非真实人员", "Demonstration data, not a real person")
comma, pause = "，", "、"


def day(moment: datetime | date) -> str:
    """`2026年11月24日`, on the city's calendar."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(CITY_TIME).date()
    return f"{moment.year}年{moment.month}月{moment.day}日"


def from_to(first: date, last: date) -> str:
    """Both days included."""
    return day(first) if first == last else f"{day(first)}至{day(last)}"


#: So many themes and towns are named; the others are "and so on".
_MOST_THEMES, _MOST_TOWNS = 7, 5


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A row of the paper: what it is, and its value in both languages (the second may be empty).

    :ivar kind: "name" and "hours" are printed larger.
    """

    term: Label
    value: str
    value_en: str = ""
    kind: str = ""


def lines_of(view: CertificateView, themes: Mapping[str, Label]) -> list[PaperLine]:
    """The rows of a certificate.

    :param themes: names of the theme codes.
    """
    paper = view.certificate
    content_names = [themes[code] for code in view.themes if code in themes]
    long = in_hours(paper.minutes)
    lines = [
        PaperLine(name, view.volunteer_name, kind="name"),
        PaperLine(person_number, view.volunteer_number),
        PaperLine(period, from_to(paper.from_on, paper.until_on), f"{paper.from_on} – {paper.until_on}"),
        PaperLine(
            served,
            f"{long} {hours.zh}{comma}{paper.services} {times.zh}",
            f"{long} {hours.en}, {paper.services} {times.en}",
            "hours",
        ),
        PaperLine(content, *_joined(content_names, _MOST_THEMES)),
        PaperLine(places, *_joined(view.towns, _MOST_TOWNS)),
        PaperLine(team, view.team_name, view.team_name_en),
    ]
    if " " in paper.identity:  # an erased one is a word
        lines.insert(1, PaperLine(identity, *_document(paper.identity)))
    return [line for line in lines if line.value]


def _joined(labels: Sequence[Label], most: int) -> tuple[str, str]:
    is_cut, labels = len(labels) > most, labels[:most]
    return (
        pause.join(label.zh for label in labels) + ("等" if is_cut else ""),
        ", ".join(label.en for label in labels) + (", and others" if is_cut else ""),
    )


def _document(stored: str) -> tuple[str, str]:
    """`居民身份证 *******123X`."""
    kind, tail = stored.split(" ", 1)
    label = KIND_LABELS.get(kind, Label("", ""))
    return f"{label.zh} {mask_tail(tail)}".strip(), label.en
