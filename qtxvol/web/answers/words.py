"""What the pages of one-tap answers say, by what is asked."""

from dataclasses import dataclass
from typing import Any

from qtxvol.notices.invitations import Invitation
from qtxvol.orders.models import Reply
from qtxvol.orders.replies import COME_REASONS, DECLINE_REASONS, Purpose
from qtxvol.web.display import say
from qtxvol.web.i18n import _, _l
from qtxvol.web.joint_words import joint_said


@dataclass(frozen=True, slots=True)
class Words:
    """:ivar yes: on the button; `no` on the fold, `send_no` on the button within.
    :ivar until: how long the answer may be given.
    """

    title: Any
    yes: Any
    no: Any
    send_no: Any
    until: Any


WORDS: dict[Purpose, Words] = {
    Purpose.COME: Words(
        _l("这次服务，您能来吗？"), _l("能来"), _l("来不了"), _l("告诉队长来不了"), _l("服务开始前都可以改。")
    ),
    Purpose.OFFER: Words(
        _l("这张单，您的队能接吗？"),
        _l("收回，还可以接"),
        _l("接不了"),
        _l("告诉部门接不了"),
        _l("有队接单以前都可以改。"),
    ),
    Purpose.JOIN: Words(
        _l("想请您去服务，能去吗？"), _l("能去"), _l("去不了"), _l("告诉队长去不了"), _l("人凑齐以前都可以改。")
    ),
    Purpose.CONFIRM_TIME: Words(
        _l("这个时间，您方便吗？"),
        _l("这个时间可以"),
        _l("这个时间不行"),
        _l("告诉服务队"),
        _l("服务开始前都可以改。服务队看到后会和您商量，不会自己改时间。"),
    ),
    Purpose.TOOK_PLACE: Words(
        _l("志愿者来了吗？"), _l("来了"), _l("没有来"), _l("确认没有来"), _l("服务后 15 天以内可以回答。")
    ),
    Purpose.OTHER_TIME: Words(
        _l("换个时间，哪个行？"),
        _l("这个时间可以"),
        _l("这些时间都不行"),
        _l("告诉他们都不行"),
        _l("选好以后就按这个时间找服务队。"),
    ),
    Purpose.JOINT: Words(
        _l("和邻居一起办，行吗？"), _l("愿意一起办"), _l("单独办"), _l("单独办"), _l("并到一起以前都可以改。")
    ),
    Purpose.RATE: Words(_l("这次服务怎么样？"), "", "", "", _l("办结后 15 天以内可以评价。")),
}

#: For the leader, who speaks for the team.
TEAM_WORDS = Words(
    _l("这次服务，您的队能按时来吗？"), _l("能来"), _l("来不了"), _l("告诉部门来不了"), _l("服务开始前都可以改。")
)


def words_of(invitation: Invitation) -> Words:
    """The words for the one who is asked."""
    asked = invitation.asked
    return TEAM_WORDS if asked.purpose is Purpose.COME and asked.party == "team" else WORDS[asked.purpose]


def said_sentence(invitation: Invitation) -> str:
    """What the reader has said so far; empty when nothing."""
    if not invitation.said:
        return ""
    if invitation.seat is not None:
        return joint_said(invitation.seat)
    if invitation.rating is not None:
        return _("您已评价：%(stars)s 星。谢谢！", stars=invitation.rating.stars)
    words = words_of(invitation)
    if invitation.said == "held":
        return _("您已应单，正在请人；人齐了自动接单，并告诉您。")
    if invitation.said == "standby":
        return _("您的队愿意候补。前面的队没成，先问您的队。")
    if invitation.said == "yes" and invitation.ask is not None:
        return _("您已回复：能去。人齐了马上告诉您，谢谢！")
    if invitation.said == "yes":
        return _("您已回复：%(answer)s。谢谢！", answer=words.yes)
    reason = reason_in_words(invitation.reason)
    if reason:
        return _("您已回复：%(answer)s（%(reason)s）。", answer=words.no, reason=reason)
    return _("您已回复：%(answer)s。", answer=words.no)


def reason_in_words(code: str) -> str:
    """Of a volunteer or a team."""
    label = COME_REASONS.get(code) or DECLINE_REASONS.get(code)
    return say(label) if label else ""


def reply_badge(reply: Reply | None) -> tuple[str, str]:
    """What a leader reads beside a name, and its tone."""
    if reply is None or reply.answer is None:
        return _("未回复"), "wait"
    if reply.answer == "yes":
        return _("能来"), "good"
    return _("来不了"), "bad"


def reply_note(reply: Any, no: str = "no") -> str:
    """Why somebody can't come, in a few words.

    :param reply: a `Reply`, or an offer whose answer `no` is called `declined`; None says nothing.
    """
    if reply is None or reply.answer != no:
        return ""
    return _("，").join(part for part in (reason_in_words(reply.reason), reply.text) if part)
