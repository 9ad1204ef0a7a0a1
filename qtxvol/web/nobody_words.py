"""Why nobody can be asked for an order, and what helps: the same words on its page, on a plan and for a button."""

from collections.abc import Mapping, Sequence
from typing import Any

from qtxvol.offers.nobody import NobodyLeft
from qtxvol.web.i18n import _, _l, ngettext

#: Why an order stays unserved, and what can be done: codes of `matching.words.UNSERVED`.
UNSERVED: Mapping[str, tuple[Any, Any]] = {
    "no_time": (
        _l("所选的时间都过了，或者来不及准备"),
        _l("打开这张单，问居民还有什么时间方便。"),
    ),
    "no_team": (
        _l("没有会这个主题、又能到那里的队伍"),
        _l("请本部门的队培训骨干，或者和别的部门商量。"),
    ),
    "all_declined": (
        _l("能问的队都问过了"),
        _l("打开这张单，看各队说的原因，给还没有答复的队长打个电话；也可以问居民换个时间。"),
    ),
    "all_quiet": (
        _l("能服务的队伍都谢绝询问，或本周已问过够多次"),
        _l("打电话问队长，或者等下周一再排。"),
    ),
    "no_hands": (
        _l("能服务的队伍在所选时间都没有空"),
        _l("打开这张单，问居民换个时间行不行。"),
    ),
    "no_room": (
        _l("能服务的队伍都排给了更早或更急的单"),
        _l("问居民换个时间行不行；同一主题的邻近单，可以一起办。"),
    ),
    "no_crew": (
        _l("队伍有空，但凑不齐人手"),
        _l("请队长问问队员，或者请附近的队同意借人。"),
    ),
}


def why_in_words(left: NobodyLeft) -> str:
    """Without a full stop; who said no and who has not answered are told apart."""
    why = str(UNSERVED[left.why][0])
    if left.is_told_of_all:
        return why
    if left.why == "all_declined":
        return _("%(why)s，%(answers)s", why=why, answers=_answers(left))
    return _("问过的队里，%(answers)s；其余的，%(why)s", answers=_answers(left), why=why)


def nobody_sentence(left: NobodyLeft | None) -> str:
    """One sentence that says that nobody can be asked, and why."""
    if left is None:
        return _("现在没有队可以问，原因和办法写在这张单的“询问服务队”里。")
    return _("现在没有队可以问：%(why)s。", why=why_in_words(left))


def todo_in_words(left: NobodyLeft) -> Sequence[str]:
    """What the department can do in this case, the most useful first: each a sentence."""
    another = _("在下面“推单”里另请一支队，或者请纲要办放开跨部门、借人。")
    if left.why == "no_time":
        return (_("问居民还有什么时间方便，有了新的时间再问服务队。"),)
    if left.why == "all_quiet":
        return (
            _("打电话问问队长；愿意来的，在下面“推单”里请这支队。"),
            _("每周最多请一支队几次，由纲要办定，每周一重新算。"),
        )
    if left.why == "no_team":
        return (another, str(UNSERVED["no_team"][1]))
    call = (_("给还没有答复的队长打个电话。"),) if left.unanswered else ()
    return (
        *call,
        _("问居民别的时间：时间多一个，能来的队就多几支。"),
        _("和附近同样的单合在一起办（并场）。"),
        another,
    )


def _answers(left: NobodyLeft) -> str:
    counts = []
    if left.said_no:
        counts.append(ngettext("%(num)d 支接不了", "%(num)d 支接不了", left.said_no))
    if left.unanswered:
        counts.append(ngettext("%(num)d 支还没有答复", "%(num)d 支还没有答复", left.unanswered))
    if left.had_it:
        counts.append(ngettext("%(num)d 支接过又退出", "%(num)d 支接过又退出", left.had_it))
    return _("，").join(counts)
