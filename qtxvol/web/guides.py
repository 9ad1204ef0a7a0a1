"""What each party does first, and what it asks most: the first-run guide of a desk and the party's page under `/help`.

Short on purpose: the whole handbook is in `docs/handbook/`. A step names the button or list that it is about and leads
there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qtxvol.orders.lifecycle import Party
from qtxvol.web.i18n import _l


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `label` is what stands on the button or list, `endpoint` and `values` lead there."""

    label: Any
    text: Any
    endpoint: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What people ask, and the answer."""

    question: Any
    answer: Any


@dataclass(frozen=True, slots=True)
class Guide:
    """For one party: what the desk is for, what to do first, what is asked most."""

    party: Party
    title: Any
    purpose: Any
    steps: tuple[Step, ...]
    questions: tuple[Question, ...]


GUIDES = {
    guide.party: guide
    for guide in (
        Guide(
            Party.RESIDENT,
            _l("居民：点单、查进度、评价"),
            _l("想听健康、防诈骗、种植、手机使用……点一单，志愿者免费上门。"),
            (
                Step(
                    _l("点单"),
                    _l("选一个项目，或者自己写；再说时间、地点和电话。一共三屏，不用账号。"),
                    "resident.order_form",
                ),
                Step(
                    _l("查进度"), _l("填单号和电话后四位，就能看到谁来、什么时候来、现在轮到谁办。"), "resident.track"
                ),
                Step(_l("服务菜单"), _l("先看看有哪些项目可以点，每一项多长时间、适合多少人。"), "public.menu"),
            ),
            (
                Question(_l("要花钱吗？"), _l("不花钱。志愿者也不会推销任何东西；有人收费或推销，请打社区电话。")),
                Question(
                    _l("单号忘了怎么办？"), _l("带上点单时留的电话，到社区或新时代文明实践站，工作人员能帮您查到。")
                ),
                Question(
                    _l("为什么还没有人来？"),
                    _l("打开您的单，第一行写着现在轮到谁办、最晚什么时候办。超时的单纲要办会看到。"),
                ),
                Question(
                    _l("怎样更快有人来？"),
                    _l("时间多选几个：“工作日上午都行”这样的按钮，点一下就是好几个。邻居点了同样的，也可以一起办。"),
                ),
                Question(
                    _l("时间变了怎么办？"),
                    _l("点短信里的“这个时间不行”告诉服务队；服务开始之前也可以撤单再点，或者打社区电话。"),
                ),
                Question(
                    _l("来的人没讲好，或者没来？"),
                    _l("没来的，打开您的单点“未到场”。讲得不好的，评价时打低分并写明，社区会打电话给您。"),
                ),
                Question(
                    _l("谁能看到我的电话？"),
                    _l("经办的社区，以及接单之后、办结之前的服务队队长。部门和别的志愿者都看不到。"),
                ),
            ),
        ),
        Guide(
            Party.COMMUNITY,
            _l("社区：派单、代点单、回访"),
            _l("居民的单先到您这里。看一眼，派给该办的部门；时限最近的总排在最前面。"),
            (
                Step(
                    _l("待派单"),
                    _l("从最上面一张开始。内容清楚，就点右边的“派给……”，部门会收到提醒。"),
                    "community.inbox",
                    {"tab": "waiting"},
                ),
                Step(_l("代点单"), _l("居民打电话或到站里来，您替他点。先征得口头同意。"), "community.order_form"),
                Step(
                    _l("待回访"),
                    _l("评价低的单在这里。打电话问清楚，把结果记下来。"),
                    "community.inbox",
                    {"tab": "call_back"},
                ),
                Step(_l("扫码点单海报"), _l("打印出来贴在站里，居民扫一扫就能点单。"), "community.poster"),
            ),
            (
                Question(
                    _l("为什么有的单没有“派给……”按钮？"), _l("菜单之外的单，或者被退回过的单，要打开看了再选部门。")
                ),
                Question(_l("单子写得不清楚怎么办？"), _l("打开单，点“询问”，写一句话。等居民答复的时候不计时。")),
                Question(
                    _l("不属于科普的单呢？"),
                    _l("打开单，点“不予受理”，选原因，写给居民一句话；别的诉求请告诉居民拨打 12345。"),
                ),
                Question(
                    _l("派错了部门怎么办？"),
                    _l("部门还没有领的时候，打开单点“收回派单”，再派给对的部门。已经领了的，请部门退领。"),
                ),
                Question(
                    _l("为什么推荐这个部门？"),
                    _l("菜单和规划写明的部门里，看手上有多少单、通常多久领单。您可以另派，愿意的话说一句原因。"),
                ),
                Question(
                    _l("能一次派好几张吗？"),
                    _l("在单的前面打勾，再点列表下面的“派单：选中的单”。先给您看一遍，确认了才派。"),
                ),
                Question(
                    _l("两位居民要的是同一件事？"),
                    _l("打开后来的那张，点“并单”，填先来的单号。两位居民都能继续查看和评价。"),
                ),
                Question(
                    _l("附近几家想听同样的内容？"),
                    _l("在“可以并场”里分别问各家，愿意的一起办，不愿意的照常单独办。"),
                ),
                Question(
                    _l("为什么不能撤单？"),
                    _l("约定的服务时间已经到了，或者还有别的居民并入了这张单。页面上写着是哪一种。"),
                ),
            ),
        ),
        Guide(
            Party.DEPARTMENT,
            _l("部门：领单、推单"),
            _l("社区派来的单在这里。领下来，系统替您一批一批请服务队。"),
            (
                Step(
                    _l("待领单"),
                    _l("是本部门的事，就点“领单”；不是，打开单点“退单”，写上建议的部门。"),
                    "department.inbox",
                    {"tab": "waiting"},
                ),
                Step(
                    _l("待队伍接单"),
                    _l("系统会逐批去问，不用您动手；单上写着“没有别的队可再问”或者“都问过了”时，再打开来办。"),
                    "department.inbox",
                    {"tab": "claimed"},
                ),
                Step(
                    _l("排班建议"),
                    _l("单多的时候放在一起排：哪支队、什么时间、去哪些人。您确认了才去问队长。"),
                    "department.plans",
                ),
                Step(_l("本部门服务队"), _l("每支队有多少人、前面排了几场、办结过多少单。"), "department.teams"),
            ),
            (
                Question(
                    _l("为什么不能退单？"), _l("纲要办裁定过的单不能退；已经领了的单用“退领”。确有困难请联系纲要办。")
                ),
                Question(
                    _l("不推单会怎样？"),
                    _l(
                        "系统替您逐批请队，想自己挑的才推。点过“改为自己挑队”的，队伍在“可接单”里看得到，但没有人去问它们。"
                    ),
                ),
                Question(
                    _l("没有队伍接怎么办？"),
                    _l("问居民别的时间，和附近的单并场，或者另请一支队。实在不行点“退领”，选原因，社区会重新派。"),
                ),
                Question(
                    _l("名单为什么这样排？"),
                    _l("每支队下面写着理由：多半答不答应、几个人有空、多远、近来做了多少。没看到的队，可以查为什么。"),
                ),
                Question(
                    _l("有队答应了，为什么还没接单？"),
                    _l("正在按名单请它的队员，人齐了自动接单；凑不齐，系统接着问别的队。"),
                ),
                Question(_l("领错了怎么办？"), _l("半小时之内、还没有人接着办，点“撤销领单”。过后用“退领”，选原因。")),
                Question(_l("时限从什么时候算？"), _l("从社区派单那一刻算起。等居民答复的时间不算。")),
            ),
        ),
        Guide(
            Party.TEAM,
            _l("服务队：接单、办结"),
            _l("能接的单在这里。选时间、选人，去了，回来登记。"),
            (
                Step(
                    _l("可接单"),
                    _l(
                        "打开一张单，选个时间，点“能接，请系统请人”，人齐了自动接单；想自己挑的，用“我自己定时间和人”。"
                    ),
                    "team.inbox",
                    {"tab": "waiting"},
                ),
                Step(_l("日程"), _l("今天和这一周要去哪儿。去之前看地点、人数和联系人，可以打印。"), "team.day"),
                Step(
                    _l("办结"),
                    _l("服务结束后打开这张单，登记到场人次和每个人的时长，可以加照片。"),
                    "team.inbox",
                    {"tab": "accepted"},
                ),
                Step(
                    _l("队员"),
                    _l("每个人的技能、证书和累计时长；登记队员、暂停询问、同意借人也在这里。"),
                    "team.members",
                ),
            ),
            (
                Question(
                    _l("为什么不能接这张单？"),
                    _l("要么这张单指定给了别的队，要么选的人里没有这个项目要的技能或证书，要么那个时间已有别的服务。"),
                ),
                Question(_l("答应了，人没凑齐怎么办？"), _l("系统放开这张单，接着问别的队。不怪您的队，不留记录。")),
                Question(
                    _l("问得太多怎么办？"),
                    _l("在“队员”里暂停接收普通询问，最长 90 天；应急单仍会来问。"),
                ),
                Question(
                    _l("接了却去不了？"), _l("开始之前：换时间点“改期”，去不了点“撤回接单”，选原因。居民会马上看到。")
                ),
                Question(_l("为什么还不能办结？"), _l("约定的开始时间还没有到。服务结束之后再登记。")),
                Question(
                    _l("时长登记错了？"),
                    _l(
                        "漏了人，在这张单的“时长和补录”里补录，纲要办的另一位同事确认并公示后计入。分钟数记错，请纲要办更正：原来的记录不改，只加一条更正。"
                    ),
                ),
                Question(
                    _l("居民说我们没去，可我们去了？"),
                    _l("请打社区电话说明，带上现场照片。这张单回到“可接单”，您的队可以再接。"),
                ),
            ),
        ),
        Guide(
            Party.VOLUNTEER,
            _l("志愿者：我的服务和时长"),
            _l("您要去的服务、去过的服务和累计的时长。"),
            (
                Step(
                    _l("待服务"),
                    _l("请您去的在最上面，点“能去”或“去不了”；下面是接下来要去的。带上志愿者证。"),
                    "volunteer.inbox",
                    {"tab": "accepted"},
                ),
                Step(_l("我的时长"), _l("每一次服务多少分钟，一行一行都在。"), "volunteer.hours"),
                Step(_l("服务证明"), _l("按登记的时长开证明，扫码就能验真假。"), "volunteer.person_certificates"),
                Step(_l("消息"), _l("改期、取消都在这里告诉您。"), "volunteer.notices"),
            ),
            (
                Question(
                    _l("为什么我不能自己接单？"),
                    _l("由队长替全队答应，免得一个人被约在两个地方；答应了就来请您。想去的服务，告诉队长。"),
                ),
                Question(
                    _l("为什么请我？不想被请呢？"),
                    _l("您自己说过那时有空、离得不远、做得来。不想被请，在“通知设置”里关掉；应急时仍会请。"),
                ),
                Question(_l("答应了，又说不用去？"), _l("有时一个位子请两个人，保证有人去。谢谢您，没有任何损失。")),
                Question(_l("时长不对怎么办？"), _l("告诉队长是哪一单、应该多少分钟。更正会留下记录，不会悄悄改掉。")),
                Question(_l("我换了队，以前的时长呢？"), _l("时长跟着人走，换队以后都还在。")),
                Question(_l("临时去不了？"), _l("马上点“来不了”，选一个原因，队长会收到；时间紧的再打个电话。")),
            ),
        ),
        Guide(
            Party.OFFICE,
            _l("纲要办：裁定、资料、账号"),
            _l("卡住的单、全市的数字、基础资料和账号都在这里。"),
            (
                Step(
                    _l("待裁定"),
                    _l("被退回两次或超时的单。打开单点“裁定”，定下部门，写明理由。"),
                    "office.inbox",
                    {"tab": "waiting"},
                ),
                Step(_l("已超时"), _l("谁那里超时了、超了多久。打电话比催单快。"), "office.inbox", {"tab": "overdue"}),
                Step(
                    _l("基础资料"), _l("菜单、部门、时限、原因都能改，改了马上生效；停用的可以恢复。"), "office.facts"
                ),
                Step(_l("账号"), _l("给社区、部门和服务队开账号。密码忘了在这里重置。"), "office.accounts"),
                Step(
                    _l("服务队与志愿者"),
                    _l("登记服务队和队员。志愿者核验身份以后，才算注册志愿者。"),
                    "office.volunteers",
                ),
            ),
            (
                Question(
                    _l("为什么有的单不能裁定？"), _l("还没有被退回两次，也没有超时。按时办理的人，不必替他们决定。")
                ),
                Question(
                    _l("什么时候用“未能满足”？"),
                    _l("想了所有办法仍办不成的时候。写给居民的话他会看到，请写清原因和别的去处。"),
                ),
                Question(
                    _l("推荐得不对怎么办？"),
                    _l("“推荐和询问”里有三个开关和每项理由值多少；“匹配与公平”里看人改了哪些建议、为什么。"),
                ),
                Question(
                    _l("导入的名单为什么不算人数？"),
                    _l("没有核验的名字不算。在“服务队与志愿者”里核验以后，下一次统计就会算上。"),
                ),
                Question(
                    _l("停用的项目去哪儿了？"), _l("还在“基础资料”里，标着已停用，随时可以恢复。用过它的单照样看得到。")
                ),
                Question(
                    _l("怎么知道记录没有被改过？"),
                    _l("每张单的每一步都连着上一步。请管理员运行 qtxvol check，有问题会给出单号。"),
                ),
            ),
        ),
    )
}
