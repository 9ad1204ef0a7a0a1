"""What the pages of one-tap answers say, by what is asked."""

from dataclasses import dataclass, replace
from typing import Any

from qtxvol.notices.invitations import Invitation
from qtxvol.offers.other_times import USUAL_QUESTION
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import Reply
from qtxvol.orders.queries import OrderView
from qtxvol.orders.replies import COME_REASONS, DECLINE_REASONS, Purpose
from qtxvol.web.display import party_label, say, time_span
from qtxvol.web.i18n import _, _l
from qtxvol.web.joint_words import joint_said

#: So many of the resident's own times are named again.
MOST_TOLD = 3


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
        _l("选好以后就按这个时间找服务队；有队答应以前都可以改。"),
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
    if asked.purpose is Purpose.OFFER:
        return _offer_words(invitation)
    return TEAM_WORDS if asked.purpose is Purpose.COME and asked.party == "team" else WORDS[asked.purpose]


def _offer_words(invitation: Invitation) -> Words:
    """By where the order stands: free, taken by the reader's team, or by another."""
    words = WORDS[Purpose.OFFER]
    if invitation.said == "held":
        return replace(
            words,
            title=_l("您的队答应了，正在请人"),
            no=_l("去不成了，让给别的队"),
            send_no=_l("确认让给别的队"),
            until=_l("人凑齐以前都可以让给别的队。"),
        )
    if not invitation.is_held:
        return words
    is_taken = invitation.order.status == Status.ACCEPTED
    return replace(
        words,
        title=_l("您的队在候补") if invitation.said == "standby" else _l("您的队愿意候补吗？"),
        yes=_l("愿意候补"),
        no=_l("不候补了") if invitation.said == "standby" else _l("不候补"),
        send_no=_l("告诉部门不候补"),
        until=_l("服务开始以前都可以改。") if is_taken else _l("有队接单以前都可以改。"),
    )


def standby_question(invitation: Invitation) -> str:
    """Why a team is asked to stand by; empty when it isn't, or does already."""
    if not invitation.is_held or invitation.said == "standby":
        return ""
    if invitation.order.status == Status.ACCEPTED:
        return _("另一支队已经接单。愿意候补的，万一他们去不成，先问您的队。")
    return _("另一支队已经答应，正在请人。愿意候补的，万一没成先问您的队。")


def question_words(invitation: Invitation, view: OrderView) -> dict[str, str]:
    """Of other times that are proposed: why they are, who asks, and what they say; empty for other questions."""
    asked = next(((event, text) for event, text in view.events if event.id == invitation.asked.about), None)
    if invitation.asked.purpose is not Purpose.OTHER_TIME or asked is None:
        return {}
    event, text = asked
    proposed = {window.starts_at for window in invitation.proposed}
    wished = [
        time_span(each.starts_at, each.ends_at) for each in view.windows
        if each.starts_at not in proposed and each.starts_at > event.happened_at
    ][:MOST_TOLD]  # fmt: skip
    why = _("您原来说的 %(times)s 没有排开，想问您别的时间行不行。", times=_("、").join(wished)) if wished else ""
    words = text if text and text != USUAL_QUESTION else ""
    return {"why_asked": why, "asked_words": words, "asked_by": f"{party_label(event.party)} {event.actor_name}"}


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
        return _("您的队已答应，正在请人；人齐了自动接单，并告诉您。")
    if invitation.said == "standby" and not invitation.is_held:
        return _("您的队在候补，现在没有队在办：能接的话，选个时间再点一次。")
    if invitation.said == "standby":
        return _("您的队愿意候补。前面的队没成，先问您的队。")
    if invitation.said == "yes" and invitation.ask is not None:
        return _("您已回复：能去。人齐了马上告诉您，谢谢！")
    if invitation.said == "yes":
        return _("您已回复：%(answer)s。谢谢！", answer=words.yes)
    if invitation.asked.purpose is Purpose.OFFER:
        words = WORDS[Purpose.OFFER]  # said when it was asked so
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
