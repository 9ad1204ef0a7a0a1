"""Why somebody looks at a full number. Pure."""

from collections.abc import Mapping

from qtxvol.orders.lifecycle import Label

#: What a clerk may choose on an order's page; the first is what one tap takes.
ORDER_REASONS: Mapping[str, Label] = {
    "arrange": Label("联系安排服务", "To arrange the service"),
    "check": Label("核对点单内容", "To check what was ordered"),
    "call_back": Label("电话回访", "To call back afterwards"),
    "urgent": Label("现场有急事", "Something urgent on site"),
    "other": Label("其他", "Something else"),
}

#: What the office or a team's leader may choose about a volunteer.
VOLUNTEER_REASONS: Mapping[str, Label] = {
    "arrange": Label("联系安排服务", "To arrange the service"),
    "identify": Label("核对身份", "To check who it is"),
    "insure": Label("办理保险或证件", "For insurance or a badge"),
    "urgent": Label("现场有急事", "Something urgent on site"),
    "other": Label("其他", "Something else"),
}

#: Given by the page itself.
PAGE_REASONS: Mapping[str, Label] = {
    "day": Label("当天服务，存在本机备用", "For the day's services, kept on the phone"),
    "day_sheet": Label("印在当日服务单上", "Printed on the day's sheet"),
}

REASON_LABELS: Mapping[str, Label] = {**VOLUNTEER_REASONS, **ORDER_REASONS, **PAGE_REASONS}

#: The numbers of a volunteer.
VOLUNTEER_FIELDS = ("phone", "id_number", "guardian_phone")

FIELD_LABELS: Mapping[str, Label] = {
    "phone": Label("电话", "Telephone"),
    "second_phone": Label("备用电话", "Second telephone"),
    "id_number": Label("证件号码", "Identity number"),
    "guardian_phone": Label("监护人电话", "The guardian's telephone"),
}
