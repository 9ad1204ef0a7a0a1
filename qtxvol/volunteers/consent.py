"""What somebody agrees to when they register. A changed wording is a new version; old ones stay readable."""

from collections.abc import Mapping

from qtxvol.orders.lifecycle import Label

#: The version that a registration agrees to now.
CONSENT_VERSION = "2026-11"

#: Every wording that was ever agreed to, in paragraphs.
CONSENTS: Mapping[str, tuple[Label, ...]] = {
    "2026-11": (
        Label(
            "为组织科普志愿服务，纲要办（市科协）收集您在这一页填写的内容：姓名、证件类型和号码、出生日期、手机号、所在社区或村、"
            "单位和职务、技能、可服务的时间。",
            "To organise science volunteering, the programme office (the city's science association) collects what you "
            "write on this page: name, kind and number of your document, birth date, mobile number, community or "
            "village, employer and title, skills, and when you can serve.",
        ),
        Label(
            "证件号码只用于确认您是谁、每个人只登记一次；证件号码和手机号加密保存，页面上只显示一部分。"
            "手机号只给您的服务队和纲要办用来联系您。",
            "Your document's number only serves to know who you are and to register everybody once. It and your mobile "
            "number are kept encrypted, and pages show only a part. Your number is for your team and the office, to "
            "reach you.",
        ),
        Label(
            "我们不收集民族、宗教信仰、健康状况和行踪。您随时可以查看、更正、导出自己的资料，也可以退出并要求删除；"
            "删除后，服务时长以不记名方式保留在台账里。",
            "We collect nothing about ethnicity, religion, health or where you have been. You can look at, correct and "
            "export your data at any time, and leave and have it erased; hours served then stay in the ledger without "
            "your name.",
        ),
    )
}


def consent_text(version: str = CONSENT_VERSION) -> tuple[Label, ...]:
    """The paragraphs of a version; empty for one that never was."""
    return CONSENTS.get(version, ())
