"""What stands on a certificate, in both languages at once: it is read by people who know only one of them.

The fields are those that the ministry asks for (民发〔2015〕149号, 民政部令第67号): who, when, how long, what, by whom
it was written down and certified, number and date. An identity number is not among them: this service keeps none.
"""

from datetime import date, datetime

from qtxvol.base import CITY_TIME
from qtxvol.orders.lifecycle import Label

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
team = Label("所在服务队", "Volunteer team")
statement = Label(
    "以上时长由服务队在每次服务后逐次登记，居民可以评价；本证明依据登记记录出具，不收取任何费用。",
    "The hours above were recorded by the team after each service. This certificate is issued from that record, "
    "free of charge.",
)
check = Label(
    "扫码或在下面的网址输入验证码，可核对真伪和最新记录。",
    "Scan, or enter the code at the address below, to check this paper against the record.",
)
code = Label("验证码", "Code")
responsible = Label("负责人", "Head")
handled = Label("经办人", "Clerk")
seal = Label("（盖章）", "(seal)")
void = Label("已撤销", "REVOKED")
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
