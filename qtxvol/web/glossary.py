"""The words of the trade, explained to somebody who meets them for the first time.

One list for the page `/help/words` and for the toggletips on desk pages. `TAB_TERMS` says which word a list's heading
stands for. A word is explained by what happens and to whom, in one or two sentences.
"""

from dataclasses import dataclass
from typing import Any

from qtxvol.orders.lifecycle import Status
from qtxvol.web.i18n import _l


@dataclass(frozen=True, slots=True)
class Term:
    """A word and what it means. `key` is the word's anchor on the page of words."""

    key: str
    word: Any
    meaning: Any


@dataclass(frozen=True, slots=True)
class Chapter:
    """Words that belong together."""

    title: Any
    terms: tuple[Term, ...]


CHAPTERS = (
    Chapter(
        _l("五个主要动作"),
        (
            Term(
                "place",
                _l("点单"),
                _l("居民说出想要的科普服务：什么内容、什么时间、在哪里、多少人。点单不用账号，不花钱。"),
            ),
            Term(
                "dispatch", _l("派单"), _l("社区核对点单后，交给规划里负责这类内容的部门。菜单上的项目会自动建议部门。")
            ),
            Term("claim", _l("领单"), _l("部门把派来的单接到自己名下，从这时起由它负责找到服务队。")),
            Term("accept", _l("接单"), _l("服务队答应去：从居民给的时间里选一个，定下谁去。居民马上能看到。")),
            Term("close", _l("办结"), _l("服务结束后，服务队登记实际时间、到场人次和每个人的时长，这张单就办完了。")),
        ),
    ),
    Chapter(
        _l("居民还可以做的事"),
        (
            Term(
                "rate",
                _l("评价"),
                _l("办结之后居民打 1 到 5 星，每办结一次评一次。没有评的显示“未评价”，不会当作五星。"),
            ),
            Term("answer", _l("补充"), _l("回答社区、部门或服务队的询问。回答之后，时限继续计算。")),
            Term(
                "cancel", _l("撤单"), _l("不再需要了。服务开始之前，居民或社区都可以撤，已经安排的人会马上收到通知。")
            ),
            Term("no_show", _l("未到场"), _l("约定时间到了，服务队没有来。登记以后，这张单回到“待接单”，另找队伍。")),
            Term("reopen", _l("重办"), _l("办结之后 15 天内，居民反映没有办好，由社区或纲要办让它重新回到“待接单”。")),
        ),
    ),
    Chapter(
        _l("走不下去的时候"),
        (
            Term("ask", _l("询问"), _l("有一点不清楚，问居民一句。等答复的时候暂停计时；一次只能问一个问题。")),
            Term(
                "reject", _l("不予受理"), _l("社区不能接这张单，例如不属于科普服务。要选原因，写明理由，居民看得到。")
            ),
            Term("merge", _l("并单"), _l("几位居民想要同一件事，并成一张单一起办。每个人都能继续查看，也都可以评价。")),
            Term("return", _l("退单"), _l("部门领单之前，认为不该由自己办，选原因退回社区，可以建议改派给谁。")),
            Term("release", _l("退领"), _l("部门领单之后办不了，交回社区重新派。服务队接单之前可以退领。")),
            Term("offer", _l("推单"), _l("部门从排好的名单里选几支服务队，请它们接单；也可以指定一支队承接。")),
            Term("reschedule", _l("改期"), _l("服务队接单之后换一个时间，居民会看到新的时间。")),
            Term("withdraw", _l("撤回接单"), _l("服务队接了单却去不了，在开始之前撤回，由其他队伍接。")),
            Term(
                "undo",
                _l("撤销"),
                _l(
                    "刚办错的一步可以收回，系统自动办的一步也可以：收回派单、撤销转派、恢复接单等。记录里两步都看得到。"
                ),
            ),
            Term(
                "crew", _l("换人"), _l("服务开始之前，队长换下来不了的人，补上能来的人；换上和换下的人都会收到通知。")
            ),
            Term("reroute", _l("转派"), _l("部门领单超过时限一倍还没领，系统转给下一个责任部门，并写明原因。")),
            Term(
                "lapse",
                _l("逾约收回"),
                _l("接单以后没有联系居民，或者过了时间没有登记，问过仍没有回音，系统收回另找队伍。"),
            ),
            Term("hold", _l("应单"), _l("队长先答应下来、定好时间，系统按名单请人；人齐了自动接单，别的队可以候补。")),
            Term("let_go", _l("放手"), _l("应了单但是凑不齐人，或者情况有变，放开这张单，系统接着问别的队。")),
            Term("standby", _l("候补"), _l("愿意去但晚了一步的队，或者排在后面的人；前面的没成，先问候补。")),
            Term(
                "wave", _l("逐批询问"), _l("按排好的名单一次只问几支队，够用就不再打扰别人；不答或不接，再问下一批。")
            ),
            Term("lend", _l("借人"), _l("附近的队缺人手，请您的队员去帮一次。队长事先同意，去不去每次由本人决定。")),
            Term("plan", _l("排班建议"), _l("把等队伍的单放在一起，排好队伍、时间和人。人逐行确认了，才去问队长。")),
            Term("other_time", _l("换个时间"), _l("居民的时间都排不开，提几个有人的时间问他，他点一下就选定。")),
            Term(
                "join", _l("并场"), _l("附近几位居民点了同样的服务，各自同意后在一个地方一起办；不同意的照常单独办。")
            ),
            Term("push", _l("送单"), _l("应急期间，部门不等点单，直接把服务送到社区；社区可以撤单。")),
            Term("rule", _l("裁定"), _l("一张单被退回两次，或者超时了，纲要办决定由哪个部门办。裁定的单不能再退。")),
            Term("give_up", _l("未能满足"), _l("想了所有办法仍然办不成，由纲要办结束这张单，并给居民写明原因。")),
            Term(
                "end_unreachable",
                _l("联系不上"),
                _l("在两天里打过三次、也试过备用联系方式都没有打通，由社区先结束。居民回电后可以重新受理。"),
            ),
        ),
    ),
    Chapter(
        _l("单子走到了哪里"),
        (
            Term("placed", _l("待派单"), _l("居民已经点单，等社区派给部门。")),
            Term("dispatched", _l("待领单"), _l("社区已经派单，等部门领单。")),
            Term("claimed", _l("待接单"), _l("部门已经领单，等服务队接单。")),
            Term("accepted", _l("待服务"), _l("服务队已经接单，时间和人都定了，等到那一天上门。")),
            Term("closed", _l("已办结"), _l("服务已经结束并登记，等居民评价，或者已经评价。")),
            Term("ended", _l("已终止"), _l("没有办成就结束的单：撤单、不予受理、并单、联系不上，或者未能满足。")),
            Term("overdue", _l("超时"), _l("这一步该办的人没有在时限之内办。后来办了，也仍然记作超时过。")),
            Term(
                "due", _l("时限"), _l("每一步最晚什么时候办，按工作时间算。由纲要办设定，急单更短；等居民答复时暂停。")
            ),
            Term(
                "call_back",
                _l("电话回访"),
                _l("评价低、居民说没有来、有争议，或者抽查抽到，系统请社区打电话问清楚，把结果记下来。"),
            ),
        ),
    ),
    Chapter(
        _l("人和数字"),
        (
            Term(
                "on_behalf",
                _l("代点单"),
                _l("居民打电话或到站里来，工作人员替他点单。要先得到居民口头同意，单上会注明。"),
            ),
            Term(
                "headcount",
                _l("人和人次"),
                _l("一个人参加三次，是 1 人、3 人次。注册志愿者按人算，到场按人次算，两个数从不相加。"),
            ),
            Term("registered", _l("注册志愿者"), _l("身份已经核验的志愿者。批量导入的名字在核验之前不算。")),
            Term("active", _l("活跃志愿者"), _l("近 365 天里至少服务过一次的注册志愿者。总是和注册人数放在一起看。")),
            Term(
                "minutes",
                _l("服务时长"),
                _l("志愿者在一次服务里用的分钟数，办结时逐人登记。登记错了用冲销更正，不会悄悄改掉。"),
            ),
            Term(
                "check_in",
                _l("签到签退"),
                _l("到了现场和离开时，填队长手机上每分钟换一次的 6 位数字。时长按签到到签退算，只能改少。不记位置。"),
            ),
            Term(
                "late_entry",
                _l("补录"),
                _l("办结时漏记的时长事后补上。要写原因、由另一个人确认、公示没有异议，才计入，并且永远注明。"),
            ),
            Term(
                "spot_check",
                _l("抽查"),
                _l("每天从办结的单里随机抽一部分打电话核实。抽谁按公开的算法定，谁都能重抽。"),
            ),
            Term(
                "gini",
                _l("基尼系数"),
                _l("活儿分得匀不匀：0 是人人一样多，越近 1 越是少数人在干。一次没去的人也算在内。"),
            ),
            Term("licence", _l("持证"), _l("有些项目，例如看诊咨询，必须有执业证书还在有效期内的人到场，才能接单。")),
            Term(
                "number",
                _l("单号"),
                _l("以 QTX 开头，后面 8 位数字，方便在电话里说。只有单号打不开单，还要电话后四位。"),
            ),
            Term("link", _l("专属链接"), _l("点单之后得到的网址。谁有这个链接，谁就能看这张单，所以只发给家人。")),
        ),
    ),
    Chapter(
        _l("规划里的说法"),
        (
            Term("office", _l("纲要办"), _l("市全民科学素质纲要实施工作办公室，设在市科协，管理整个点单平台。")),
            Term(
                "station",
                _l("新时代文明实践站"),
                _l("每个社区和村为居民办事的地方。不会用手机的人，到站里就有人帮着点单。"),
            ),
            Term(
                "three_heads",
                _l("三长"),
                _l("医院院长、学校校长、农技站站长。他们在基层科协任职，带着自己的人为居民做科普。"),
            ),
            Term("envoy", _l("科技特派员"), _l("科技部门派到村里、企业里帮着解决生产技术问题的人。")),
            Term(
                "peace_emergency",
                _l("平战结合"),
                _l("平时做日常科普；发生疫情、灾害时，同一支队伍、同一套流程马上转为应急科普。"),
            ),
            Term(
                "team",
                _l("科技志愿服务队"),
                _l("学校、医院、农技站、企业或社区里愿意讲科学的人组成的队，由一个部门联系。"),
            ),
        ),
    ),
)

TERMS = {term.key: term for chapter in CHAPTERS for term in chapter.terms}

#: The word that the heading of a list stands for, by the list's Chinese name.
TAB_TERMS = {
    "待派单": "placed",
    "待领单": "dispatched",
    "待队伍接单": "claimed",
    "可接单": "claimed",
    "待服务": "accepted",
    "我队待服务": "accepted",
    "已办结": "closed",
    "我队已办结": "closed",
    "已服务": "closed",
    "待回访": "call_back",
    "待裁定": "rule",
    "已超时": "overdue",
    "已终止": "ended",
}

#: The word for each status.
STATUS_TERMS = {
    Status.PLACED: "placed",
    Status.DISPATCHED: "dispatched",
    Status.CLAIMED: "claimed",
    Status.ACCEPTED: "accepted",
    Status.CLOSED: "closed",
    Status.REJECTED: "reject",
    Status.MERGED: "merge",
    Status.CANCELLED: "cancel",
    Status.UNMET: "give_up",
    Status.UNREACHABLE: "end_unreachable",
}
