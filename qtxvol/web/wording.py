"""Sentences for people: why something was refused, what an event meant, what happens next."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from qtxvol.orders.lifecycle import Action, Party, Rule, Status
from qtxvol.orders.numbers import spoken
from qtxvol.refusals import Refused
from qtxvol.web.display import day_time, pick, say, status_label, time_span
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.nobody_words import nobody_sentence

WINDOW_FAULTS: dict[str, Callable[[], str]] = {
    "ends_first": lambda: _("结束时间要晚于开始时间。"),
    "in_past": lambda: _("这个时间已经过去了，请选以后的时间。"),
    "too_early": lambda: _("比约定时间早了一天以上，请检查日期。"),
    "in_future": lambda: _("结束时间还没到，服务结束后再办结。"),
    "too_far": lambda: _("请选一年之内的时间。"),
    "too_long": lambda: _("一次服务不超过 12 小时，请检查开始和结束时间。"),
    "repeated": lambda: _("这个时间和前面的一样，请换一个或留空。"),
    "none": lambda: _("请至少选一个方便的时间。"),
    "too_many": lambda: _("最多选十二个时间。"),
}

SPAN_FAULTS: dict[str, Callable[[], str]] = {
    "in_future": lambda: _("开始时间不能晚于现在；还没开始的，到时再启动。"),
    "too_early": lambda: _("开始时间不能早于 30 天以前，请检查日期。"),
    "ends_first": lambda: _("计划结束时间要晚于开始时间。"),
    "over": lambda: _("计划结束时间已经过了，请填以后的时间。"),
    "too_long": lambda: _("计划最长一年，请填近一些的结束时间；需要时可以再延长。"),
}

PERIOD_FAULTS: dict[str, Callable[[], str]] = {
    "ends_first": lambda: _("结束日期不能早于开始日期。"),
    "too_early": lambda: _("开始日期太早了，请检查年份。"),
    "in_future": lambda: _("结束日期不能晚于今天。"),
}

MERGE_FAULTS: dict[str, Callable[[], str]] = {
    "unknown": lambda: _("没有找到这个单号，请核对后再填。只能并入本辖区的单。"),
    "itself": lambda: _("不能并入自己，请填另一张单的单号。"),
    "not_open": lambda: _("那张单已经结束，不能再并入。"),
    "drill": lambda: _("演练单和真的单不能并在一起。"),
}

#: Why orders can't be proposed as one session.
JOINT_FAULTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "too_few": lambda a: _("请至少选一张一起办的单。"),
    "too_many": lambda a: _("一次最多 %(most)s 张单一起办，请去掉几张。", most=a.get("most", 6)),
    "not_now": lambda a: _(
        "单号 %(number)s 现在不能并场：已经接单、结束、正在请人，或者正在问居民别的事。请去掉再试。",
        number=spoken(str(a.get("number", ""))),
    ),
    "other_item": lambda a: _("单号 %(number)s 不是同一个项目、同一类对象。", number=spoken(str(a.get("number", "")))),
    "settled": lambda a: _(
        "单号 %(number)s 已有服务队接单，只能做主场，请把它选成主场。", number=spoken(str(a.get("number", "")))
    ),
    "too_far": lambda a: _("单号 %(number)s 离主场太远，大家不好去。", number=spoken(str(a.get("number", "")))),
    "too_many_people": lambda a: _(
        "加起来约 %(count)s 人，这个项目一场最多 %(most)s 人，请去掉几张。", count=a.get("count"), most=a.get("most")
    ),
    "no_common_time": lambda a: _("这几张单在这个时间不是都方便，请换个时间或者去掉几张。"),
    "too_soon": lambda a: _("时间太近，来不及问大家，请选晚一些的时间。"),
}

PASSWORD_FAULTS: dict[str, Callable[[], str]] = {
    "too_short": lambda: _("密码至少 10 个字符。"),
    "too_long": lambda: _("密码最多 128 个字符。"),
    "too_simple": lambda: _("这个密码太容易猜到，请换一个。"),
    "like_username": lambda: _("密码里不要包含用户名。"),
    "unchanged": lambda: _("新密码和旧密码一样，请换一个。"),
}

_UNKNOWN: dict[str, Callable[[], str]] = {
    "department_id": lambda: _("请从列表里选一个部门。"),
    "suggested_department_id": lambda: _("请从列表里选一个部门。"),
    "reason": lambda: _("请从列表里选一个原因。"),
    "division_code": lambda: _("请从列表里选一个社区或村。"),
    "audience": lambda: _("请从列表里选一类对象。"),
    "menu_item_id": lambda: _("这个服务项目不在菜单里或已停用，请重新选择。"),
    "team_ids": lambda: _("请从列表里选服务队。"),
    "answer": lambda: _("请选一个抽查结果。"),
    "kind": lambda: _("请从列表里选应急类型。"),
    "areas": lambda: _("请从列表里选范围。"),
    "themes": lambda: _("请从列表里选主题。"),
    "items": lambda: _("请从列表里选项目。"),
    "places": lambda: _("请从列表里选社区或村，只能选应急范围之内的。"),
    "who": lambda: _("没有找到这位已核验的志愿者或在用的队，请核对编号。"),
    "emergency_id": lambda: _("这次应急已经结束，或者不包括这个地方，请重新选。"),
    "follows_id": lambda: _("没有找到要接着的那一次，请回到列表重新进入。"),
    "contact": lambda: _("请选打的是哪个号码；这张单没有留备用电话的，选“联系电话”。"),
    "outcome": lambda: _("请选打得怎么样。"),
    "result": lambda: _("请选一个回访结果。"),
}

_MISSING: dict[str, Callable[[], str]] = {
    "text": lambda: _("请写明情况。"),
    "reason": lambda: _("请选一个原因。"),
    "team_ids": lambda: _("请至少选一支服务队。"),
    "volunteer_ids": lambda: _("请至少选一名志愿者。"),
    "outcome": lambda: _("请写下回访结果。"),
    "areas": lambda: _("请选范围：全市都算的选“全市”，否则选镇、社区或村。"),
    "themes": lambda: _("请至少选一个相关主题，或者在下面选项目。"),
    "title": lambda: _("请写一个标题，例如：流感高发应对。"),
    "advice": lambda: _("请写明居民现在该怎么做。"),
    "places": lambda: _("请至少选一个社区或村。"),
    "who": lambda: _("请从上面选一位或一支队，或者填志愿者编号。"),
    "role": lambda: _("请写明担任什么，例如：流感防治顾问。"),
    "why": lambda: _("请写明为什么撤下。"),
    "lessons": lambda: _("请写下做得好的、没做好的和以后怎么改。"),
    "windows": lambda: _("请选一个方便的日期和时段，或者写一句话。"),
    "words": lambda: _("选了“其他情况”，请写一句是什么情况。"),
}

_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "wrong_party": lambda a: _("这一步不归您办理。"),
    "stale": lambda a: _("您打开页面之后，%(winner)s更新了这张单。请看最新情况后再办。", winner=_winner(a)),
    "moved_on": lambda a: _("这张单已经不在您这里，最近由%(winner)s办理。", winner=_winner(a)),
    "is_ruled": lambda a: _("这是纲要办裁定的单，不能退回，也不能收回；确有困难请联系纲要办。"),
    "no_working_day": lambda a: _("工作日历里接下来一年多都没有工作日，算不出期限。请纲要办先改好工作日历和办公时间。"),
    "must_know": lambda a: _("这类通知必须送达，不能关闭。"),
    "is_confirmed": lambda a: _("这个地址已经验证过，不用再发验证码。"),
    "wording_changed": lambda a: _("您打开页面之后，别的同事改了这一条。请看现在的写法，再改一次。"),
    "needs_no_ruling": lambda a: _("还没到裁定的时候：被退回两次或超时以后才能裁定。"),
    "has_started": lambda a: _("约定的服务时间已到，不能再这样办。"),
    "not_started": lambda a: _("约定的服务时间还没到。"),
    "too_late": lambda a: _("办结已超过 15 天，不能重办。"),
    "question_open": lambda a: _("还有一个问题等居民答复，请先等答复。"),
    "no_question": lambda a: _("现在没有等待答复的问题。"),
    "is_rated": lambda a: _("这次服务已经评价过了，谢谢。"),
    "own_push": lambda a: _("这张单是部门自己送的，部门不评价自己送的服务；来没来、办得怎么样，由社区回访。"),
    "claim_used": lambda a: _("领单以后已经有人接着办了，不能直接撤销；要退回请用“退领”，写明原因。"),
    "claim_settled": lambda a: _("领单已超过 30 分钟，不能直接撤销；要退回请用“退领”，写明原因。"),
    "rejection_settled": lambda a: _("不予受理已超过 15 天，不能恢复；居民需要时请重新点单。"),
    "reroute_used": lambda a: _("转派以后已经有人接着办了，不能直接撤销。"),
    "department_gone": lambda a: _("原来的部门已停用，不能退回；请改派，或由纲要办裁定。"),
    "former_team_inactive": lambda a: _("原来的服务队已停用，不能恢复；请另找服务队。"),
    "crew_gone": lambda a: _("原来的人有的已不在这支队里，不能恢复；请服务队重新接单。"),
    "time_passed": lambda a: _("约定的时间已经过了，不能恢复；请服务队重新接单，另约时间。"),
    "lapse_used": lambda a: _("收回以后已经有人接着办了，不能直接恢复；需要时请服务队重新接单。"),
    "tried_too_little": lambda a: _("联系的次数还不够：要在两天里打过三次，并试过备用联系方式。请先登记每次联系。"),
    "no_push": lambda a: _("只有应急期间由部门发起的单才能送单。"),
    "resume_settled": lambda a: _("联系不上结束已超过 90 天，不能重新受理；居民需要时请重新点单。"),
    "no_call_needed": lambda a: _("这张单现在不用等回电，请看最新情况。"),
    "same_phone": lambda a: (
        _("这个号码已经是备用电话了，请换一个，或者先不要备用联系人。")
        if a.get("field") == "phone"
        else _("备用电话和上面的联系电话一样，请换一个或留空。")
    ),
    "emergency_closed": lambda a: _("这次应急已经结束，不能再改；情况反复，可以另外再启动一次。"),
    "emergency_stale": lambda a: _("您打开页面之后，有同事改过这次应急。请看最新情况后再改。"),
    "not_closed_yet": lambda a: _("要接着的那一次还没有结束，直接在那一次里调整就行。"),
    "bad_span": lambda a: SPAN_FAULTS[str(a.get("fault"))](),
    "checked_in_future": lambda a: _("核实的时间不能晚于现在。"),
    "fact_over": lambda a: _("这一条已经更正或撤下了，请看最新情况。"),
    "is_drill": lambda a: _("演练不收启动前已有的单。"),
    "order_over": lambda a: _("这张单已经结束，不用再归入。"),
    "in_another": lambda a: _("这张单已经归入另一次应急。"),
    "too_many_places": lambda a: _("一次最多送 %(most)s 个社区和村，请分几次送。", most=a.get("most", 60)),
    "drill_hours": lambda a: _("这是演练单，不登记志愿服务时长。"),
    "joined_ended": lambda a: _("并入的那张单已经办结过或已经终止，不能再撤销并单。"),
    "handed_elsewhere": lambda a: _("部门已把这张单交给另一支服务队。"),
    "key_reused": lambda a: _("这张表已经提交过了。要再点一单，请重新打开点单页。"),
    "headcount": lambda a: _("请填 1 到 5000 之间的人数。"),
    "person_busy": lambda a: _("%(names)s在这个时间已有别的服务，请换人或改时间。", names=a.get("names", "")),
    "person_elsewhere": lambda a: _(
        "%(names)s在这段时间已登记了别的服务，请核对时间或把分钟数改为 0。", names=a.get("names", "")
    ),
    "over_check_in": lambda a: _(
        "%(names)s的分钟数超过了签到到签退的时间，只能改少，不能改多。", names=a.get("names", "")
    ),
    "wrong_code": lambda a: _("签到码不对或已经换了，请看现场正在显示的 6 位数字。"),
    "check_in_early": lambda a: _("还没到签到时间，约定开始前 1 小时起可以签到。"),
    "check_in_late": lambda a: _("约定的服务时间已经结束，不能再签到；请队长在办结时签认。"),
    "in_elsewhere": lambda a: _(
        "您在单号 %(number)s 的服务还没有签退，请先签退。", number=spoken(str(a.get("number", "")))
    ),
    "not_checked_in": lambda a: _("您还没有签到，不能签退；请队长在办结时签认。"),
    "not_closed": lambda a: _("这张单现在不是已办结，时长要在办结之后才能补录、更正或确认。"),
    "too_long_ago": lambda a: ngettext(
        "办结已超过 %(num)d 天，不再受理补录。", "办结已超过 %(num)d 天，不再受理补录。", int(a.get("days", 0))
    ),
    "has_hours": lambda a: _("这个人在这张单里已有时长，要改请用“更正”。"),
    "request_waiting": lambda a: _("这个人在这张单里已有一条申请等第二个人确认，请先办完那一条。"),
    "unchanged": lambda a: _("和现在的分钟数一样，没有要更正的。"),
    "crew_unchanged": lambda a: _("人员和现在的一样。要换人，请勾上来的人，去掉不来的人。"),
    "person_is_there": lambda a: _("%(names)s已经签到，不能换下。", names=a.get("names", "")),
    "too_many_times": lambda a: _("一次最多提 %(most)s 个时间，请去掉几个。", most=a.get("most", 4)),
    "already_wished": lambda a: _("有一个时间居民本来就说过方便，不用再问，请去掉。"),
    "joint": lambda a: _joint_fault(a),
    "joint_over": lambda a: _("这次一起办没有成，您的单照常单独办理，不用再回复。"),
    "joint_joined": lambda a: _("这张单已经并到一起办了。要单独办，请打社区电话，由社区撤销并单。"),
    "joint_others_in": lambda a: _("已经有邻居并到您这张单里一起办了，不能直接退出。请打社区电话商量。"),
    "joint_waits": lambda a: _("还在等主场那一家答复，他同意了才能并过去。"),
    "joint_moved": lambda a: _("主场那张单改到别的时间了，不能并过去；您的单照常单独办理。"),
    "joint_full": lambda a: _("加上您这张单就超过 %(most)s 人了，坐不下；您的单照常单独办理。", most=a.get("most", 0)),
    "joint_time": lambda a: _(
        "这是并场的单，几家说好了 %(when)s 一起办，请按这个时间接单；要改时间，接单以后再改期，几家都会收到通知。",
        when=time_span(a.get("start"), a.get("end")),
    ),
    "answer_early": lambda a: _("约定的服务时间还没到，到时候再请您回答。"),
    "answer_expired": lambda a: _("回复的时间已经过了，这个链接不能再用。"),
    "answer_moved": lambda a: _("这次服务的时间或者安排已经变了，不用再回复这一条；请看最新的通知。"),
    "answer_ended": lambda a: _("这张单已经结束（%(status)s），不用再回复。", status=status_label(a["stands_at"])),
    "not_named": lambda a: _("队长已经另外安排了人，这次您不用来，也不用回复。谢谢！"),
    "second_person": lambda a: _("提出的人不能自己确认，请换另一个账号的同事来办。"),
    "is_decided": lambda a: _("这一条已经有人办过了，请看最新情况。"),
    "changed_since": lambda a: _("提出之后这张单的时长又变了，请退回这条申请，按现在的情况重新提出。"),
    "notice_over": lambda a: _("公示期已过，不能再从这里提异议；请直接联系纲要办。"),
    "not_disputed": lambda a: _("这次服务没有待裁定的争议。"),
    "points_off": lambda a: _("积分没有启用。"),
    "too_few_points": lambda a: _("积分不够，现有 %(left)s 分。", left=a.get("left", 0)),
    "out_of_range": lambda a: _("请填 %(low)s 到 %(high)s 之间的整数。", low=a.get("low", 0), high=a.get("high", 0)),
    "skill_missing": lambda a: _("所选的人里没有这个项目需要的技能，请至少选一名具备的志愿者。"),
    "licence_missing": lambda a: _("这个项目要求有执业证的人到场，请至少选一名持有效证书的志愿者。"),
    "crew_too_small": lambda a: ngettext(
        "这个项目至少需要 %(num)d 名志愿者。", "这个项目至少需要 %(num)d 名志愿者。", int(a.get("least", 1))
    ),
    "not_in_team": lambda a: _("只能选本队已核验的志愿者。"),
    "bad_minutes": lambda a: _("服务分钟数要在 0 到 %(span)s 之间，每个人都要填。", span=a.get("span", 0)),
    "others_joined": lambda a: ngettext(
        "还有 %(num)d 位居民并入了这张单，不能撤单。确实办不了的，请联系纲要办说明。",
        "还有 %(num)d 位居民并入了这张单，不能撤单。确实办不了的，请联系纲要办说明。",
        int(a.get("count", 1)),
    ),
    "others_wait": lambda a: ngettext(
        "还有 %(num)d 位居民并入了这张单，不能因为一个人联系不上就结束。请先撤销他们的并单，或者联系纲要办。",
        "还有 %(num)d 位居民并入了这张单，不能因为一个人联系不上就结束。请先撤销他们的并单，或者联系纲要办。",
        int(a.get("count", 1)),
    ),
    "not_a_person": lambda a: _("没有提交成功，请再点一次“提交点单”。"),
    "repeat_differs": lambda a: _("这一页已经提交过一次，内容又改了。请核对现在的情况，再点一次。"),
    "undone_since": lambda a: _("这一步先前办过，后来又撤回了，这次没有再办。请看清现在的情况，再点一次。"),
    "not_asked": lambda a: _("这张单没有推给您的队，也不在本部门的待接单里。"),
    "team_full": lambda a: ngettext(
        "您的队同一时间最多 %(num)d 场服务，这个时间已经满了，请换个时间。",
        "您的队同一时间最多 %(num)d 场服务，这个时间已经满了，请换个时间。",
        a.get("most", 1),
    ),
    "team_week_full": lambda a: ngettext(
        "您的队每周最多 %(num)d 场服务，那一周已经排满。确实能去的，请用“我自己定时间和人”。",
        "您的队每周最多 %(num)d 场服务，那一周已经排满。确实能去的，请用“我自己定时间和人”。",
        a.get("most", 1),
    ),
    "naming_off": lambda a: _("纲要办现在由队长自己定人，系统不替您请人。请用“我自己定时间和人”选时间和队员。"),
    "no_crew": lambda a: _no_crew(str(a.get("why"))),
    "no_time_to_ask": lambda a: _(
        "离服务开始太近，来不及一个个问队员。请换个时间，或者打电话商量好，再用“我自己定时间和人”。"
    ),
    "lent_elsewhen": lambda a: _(
        "%(names)s是别的队来帮忙的，只答应了原来的时间。请先在“换人”里换成本队的人，再改时间。",
        names=a.get("names", ""),
    ),
    "held_elsewhere": lambda a: _("另一支服务队已经答应，正在请人；您的队可以候补，万一没成先问候补的队。"),
    "quiet_hours": lambda a: _("现在是休息时间，不打扰服务队；让系统逐批询问，明早会自动问。"),
    "unanswered_enough": lambda a: _unanswered_enough(a),
    "nobody_left": lambda a: nobody_sentence(a.get("left")),
    "pause_day": lambda a: _("请选今天以后、%(most)d 天以内的日子。", most=a["most"]),
    "is_held": lambda a: _("已有服务队答应，正在请人。要另作安排，请先点“不等这支队了”。"),
    "not_held": lambda a: _("现在没有服务队在为这张单请人。"),
    "join_over": lambda a: _("这次人已经够了，或者另外安排了，您不用去。谢谢您愿意帮忙！"),
    "join_booked": lambda a: _("您在这个时间已经答应了别的服务，不能再答应这一次。请点“去不了”，我们马上请别人。"),
    "team_inactive": lambda a: _("您的队已停用，不能接单；需要恢复请联系纲要办。"),
    "not_verified": lambda a: _("核验过的志愿者才能开服务证明，请先联系纲要办核验。"),
    "nothing_served": lambda a: _("这段时间没有登记过服务时长，不能开证明。请换一段时间，或等队长办结后再来。"),
    "bad_period": lambda a: PERIOD_FAULTS[str(a.get("fault"))](),
    "stars": lambda a: _("请选 1 到 5 星。"),
    "too_many_teams": lambda a: _("一次最多推给 %(most)s 支服务队。", most=a.get("most", 14)),
    "hand_to_one": lambda a: _("指定承接只能选一支服务队。"),
    "picture_too_big": lambda a: _("照片太大了，每张请不超过 8 MB。"),
    "not_a_picture": lambda a: _("这个文件不是照片。请上传 JPG、PNG 或 WebP 格式的照片。"),
    "picture_broken": lambda a: _("这张照片打不开，可能没有传完整，请换一张。"),
    "too_many_pictures": lambda a: _("最多上传 6 张照片。"),
    "settings_changed": lambda a: _("您打开页面之后，有人改过这里的设置。请核对；再点一次保存，就以您填的为准。"),
    "view_name_taken": lambda a: _("已经有一个叫“%(name)s”的视图了。", name=a.get("name", "")),
    "view_name_too_long": lambda a: _("视图名称最多 %(most)s 个字。", most=a.get("most", 24)),
    "view_too_long": lambda a: _("查找词太长，不能存成视图，请缩短查找词。"),
    "digits_in_view": lambda a: _("查找词里像电话号码，不能存。请去掉号码再存。"),
    "too_many_views": lambda a: _("最多存 %(most)s 个视图，请先删掉用不着的。", most=a.get("most", 12)),
    "too_many_at_once": lambda a: _("一次最多办 %(most)s 张单，请分几次办。", most=a.get("most", 50)),
    "nothing_to_plan": lambda a: _("现在没有等队伍的单，不用排。领了单、还没有队接的，才需要排。"),
    "plan_not_ready": lambda a: _("这次排班还没有算好，或者没有算成，先不能确认。"),
    "nothing_open": lambda a: _("现在没有能确认的行：都办过了，或者要等到早上。"),
    "no_such_order": lambda a: _("没有找到这张单，可能单号不对，或者它不归您这里办。"),
    "not_tried": lambda a: _("系统正忙，这张单没有办成，请过一会儿再办。"),
    "wrong_password": lambda a: _("用户名或密码不对，请再试一次。"),
    "wait": lambda a: _("试得太多了，请过 %(wait)s 再试。", wait=_seconds(int(a.get("seconds", 1)))),
    "bad_window": lambda a: WINDOW_FAULTS[str(a.get("fault"))](),
    "merge_target": lambda a: MERGE_FAULTS[str(a.get("fault"))](),
    "weak_password": lambda a: PASSWORD_FAULTS[str(a.get("fault"))](),
}


def _unanswered_enough(about: Mapping[str, Any]) -> str:
    """Asking by link has been in vain; what to do instead."""
    if about.get("is_team"):
        return _(
            "您的队已经问过 %(most)s 次别的时间，居民都没有答复，不再发了。请告诉部门，由部门请社区打电话和居民商量。"
            "能按原来的时间去的，还可以接单。",
            most=about.get("most", 2),
        )
    return _(
        "已经问过 %(most)s 次别的时间，居民都没有答复，不再发了。请社区打电话和居民商量；说好时间以后推单给合适的队，"
        "请队长接单时填“另外约定的时间”。",
        most=about.get("most", 2),
    )


def refusal_sentence(refused: Refused) -> str:
    """One sentence that says why not and what to do."""
    about = refused.about
    if refused.code == "wrong_status":
        return _(
            "晚了一步：%(winner)s已先办理，这张单现在是“%(status)s”。",
            winner=_winner(about),
            status=status_label(str(about.get("stands_at", Status.PLACED))),
        )
    if refused.code == "unknown" and about.get("field") in _UNKNOWN:
        return _UNKNOWN[about["field"]]()
    if about.get("message"):
        return pick(str(about["message"]), str(about.get("message_en") or ""))
    if refused.code == "missing":
        return _MISSING.get(str(about.get("field")), lambda: _("这一项必须填写。"))()
    sentence = _SENTENCES.get(refused.code)
    return sentence(about) if sentence else _("这一项不对，请检查后再提交。")


#: What stands on the button that takes a step.
CONFIRMATIONS: dict[Action, Any] = {
    Action.DISPATCH: _l("确认派单"),
    Action.CLAIM: _l("确认领单"),
    Action.OFFER: _l("确认推单"),
    Action.ACCEPT: _l("确认接单"),
    Action.CLOSE: _l("确认办结"),
    Action.RATE: _l("确认评单"),
    Action.ASK: _l("确认询问"),
    Action.ANSWER: _l("确认补充"),
    Action.REJECT: _l("确认不予受理"),
    Action.MERGE: _l("确认并单"),
    Action.RETURN: _l("确认退单"),
    Action.RULE: _l("确认裁定"),
    Action.RELEASE: _l("确认退领"),
    Action.RESCHEDULE: _l("确认改期"),
    Action.WITHDRAW: _l("确认撤回接单"),
    Action.NO_SHOW: _l("确认未到场"),
    Action.REOPEN: _l("确认重办"),
    Action.CANCEL: _l("确认撤单"),
    Action.GIVE_UP: _l("确认未能满足"),
    Action.RECALL: _l("收回派单"),
    Action.UNCLAIM: _l("撤销领单"),
    Action.RESTORE: _l("恢复受理"),
    Action.SPLIT: _l("撤销并单"),
    Action.CREW: _l("确认换人"),
    Action.TURN_BACK: _l("撤销转派"),
    Action.REINSTATE: _l("恢复接单"),
    Action.END_UNREACHABLE: _l("确认联系不上"),
    Action.RESUME: _l("重新受理"),
    Action.HOLD: _l("能接，请系统请人"),
    Action.LET_GO: _l("确认放手"),
}

#: Where somebody chooses between steps that sound alike: what they are called there, and what stands on the button.
_PLAIN: dict[tuple[Party, Action], tuple[Any, Any]] = {
    (Party.TEAM, Action.HOLD): (_l("能接，请系统请人"), CONFIRMATIONS[Action.HOLD]),
    (Party.TEAM, Action.ACCEPT): (_l("我自己定时间和人"), CONFIRMATIONS[Action.ACCEPT]),
    (Party.TEAM, Action.LET_GO): (_l("去不成了，让给别的队"), _l("确认让给别的队")),
    (Party.DEPARTMENT, Action.LET_GO): (_l("不等这支队了"), _l("确认不等了")),
}


def step_label(rule: Rule, party: Party, *, is_choice: bool = True) -> str:
    """What the step is called on a page.

    :param is_choice: the reader may also have the service find the people.
    """
    plain = _PLAIN.get((party, rule.action)) if is_choice or rule.action is not Action.ACCEPT else None
    return str(plain[0]) if plain else say(rule.label)


def step_confirmation(action: Action, party: Party) -> str:
    """What stands on the button that takes the step."""
    plain = _PLAIN.get((party, action))
    return str(plain[1] if plain else CONFIRMATIONS[action])


def obstacle_sentence(code: str) -> str:
    """Why a button can't be used just now."""
    return refusal_sentence(Refused(code))


def _winner(about: Mapping[str, Any]) -> str:
    names = {"居民": _("居民"), "纲要办": _("纲要办")}  # kept in Chinese, and no proper names
    winner = str(about.get("winner") or _("别人"))
    return names.get(winner, winner)


def _joint_fault(about: Mapping[str, Any]) -> str:
    return JOINT_FAULTS[str(about.get("fault"))](about)


def _seconds(seconds: int) -> str:
    if seconds < 60:
        return ngettext("%(num)d 秒", "%(num)d 秒", seconds)
    return ngettext("%(num)d 分钟", "%(num)d 分钟", -(-seconds // 60))


def _no_crew(why: str) -> str:
    """:param why: as in `offers.holds.Choice.obstacle`."""
    if why == "left_alone":
        return _(
            "这个时间队员有空，但这周已请够次数，或者不想收到邀请，系统不再打扰他们。"
            "请打电话问好队员，再用“我自己定时间和人”。"
        )
    if why == "too_few":
        return _("这个时间有空的队员不够，系统排不出名单。请换个时间，或者打电话商量好，再用“我自己定时间和人”。")
    return _("这个时间队里没有能主讲又有空的人，系统排不出名单。请换个时间，或者打电话商量好，再用“我自己定时间和人”。")


#: Why the system took an order back (`orders/automatic.py`), as everybody reads it.
LAPSES: dict[str, Callable[[], str]] = {
    "no_call": lambda: _("服务队没有按时打电话联系，系统收回，另找服务队"),
    "no_show": lambda: _("约定时间已过，服务队没有到场或办结的登记，系统收回，另找服务队"),
}


#: What staff read in the timeline. The actor's name stands beside it.
def event_title(
    event: Any, departments: Mapping[str, str], teams: Mapping[int, str], reader: Party | None = None
) -> str:
    """One line for an event, in the words of the trade; to residents and volunteers in plain ones."""
    payload = event.payload
    if reader in (Party.RESIDENT, Party.VOLUNTEER) and event.action in _PLAIN_TITLES:
        return str(_PLAIN_TITLES[event.action])
    department = departments.get(str(payload.get("department_id", "")), "")
    match event.action:
        case Action.PLACE:
            return _("点单") if event.party == Party.RESIDENT else _("代居民点单")
        case Action.DISPATCH:
            return _("派单给%(department)s", department=department)
        case Action.RULE:
            return _("裁定由%(department)s承办", department=department)
        case Action.CLAIM:
            is_told = reader in (Party.COMMUNITY, Party.DEPARTMENT, Party.OFFICE) and payload.get("is_auto_asked")
            return _("领单，让系统逐批询问") if is_told else _("领单")
        case Action.OFFER:
            names = _("、").join(teams.get(team, "") for team in payload.get("team_ids", []))
            if payload.get("is_handed"):
                return _("指定%(teams)s承接", teams=names)
            return _("推单给%(teams)s", teams=names)
        case Action.ACCEPT:
            return _("接单，约定 %(when)s", when=_when(payload.get("agreed_start")))
        case Action.RESCHEDULE:
            return _("改期到 %(when)s", when=_when(payload.get("agreed_start")))
        case Action.CLOSE:
            return _("办结，到场 %(count)s 人次", count=payload.get("attendance", 0))
        case Action.RATE:
            stars = _("评价 %(stars)s 星", stars=payload.get("stars"))
            return stars if event.party == Party.RESIDENT else _("%(stars)s（电话回访代评）", stars=stars)
        case Action.MERGE:
            return _("并入 %(number)s", number=spoken(str(payload.get("into_number", ""))))
        case Action.REROUTE:
            return _("原来的部门没有按时领单，系统转给%(department)s", department=department)
        case Action.LAPSE:
            return LAPSES.get(str(payload.get("reason")), lambda: _("逾约未办，系统收回，另找服务队"))()
        case Action.PUSH:
            return _("送单上门，由%(department)s承办", department=department)
        case Action.LET_GO if payload.get("reason") == "team_inactive":
            return _("答应的队已停用，另找服务队（放手）")
        case Action.HOLD:
            return _("有服务队答应了，%(when)s，正在请人", when=_when(payload.get("agreed_start")))
        case Action.JOIN:
            return _("居民同意，并入 %(number)s 一起办", number=spoken(str(payload.get("into_number", ""))))
    return {
        Action.ASK: _("询问居民"),
        Action.ANSWER: _("答复询问"),
        Action.REJECT: _("不予受理"),
        Action.RETURN: _("退单"),
        Action.RELEASE: _("退领"),
        Action.WITHDRAW: _("撤回接单"),
        Action.NO_SHOW: _("报告服务队未到场"),
        Action.REOPEN: _("重办"),
        Action.CANCEL: _("撤单"),
        Action.GIVE_UP: _("说明未能满足"),
        Action.RECALL: _("收回派单，重新安排部门"),
        Action.UNCLAIM: _("撤销领单，等部门重新领单"),
        Action.RESTORE: _("恢复受理，重新安排部门"),
        Action.SPLIT: _("撤销并单，单独办理"),
        Action.CREW: _("换人"),
        Action.TURN_BACK: _("撤销转派，回到原来的部门"),
        Action.REINSTATE: _("恢复接单，仍由原来的服务队服务"),
        Action.END_UNREACHABLE: _("多次联系不上，先行结束"),
        Action.RESUME: _("重新受理，重新安排部门"),
        Action.LET_GO: _("答应的队没有成，另找服务队（放手）"),
    }[Action(event.action)]


_PLAIN_TITLES: dict[str, Any] = {
    Action.HOLD: _l("有一支队愿意来，正在安排人，还没有定下来"),
    Action.LET_GO: _l("这支队没有安排成，另找服务队"),
}


def _when(iso: Any) -> str:
    return day_time(datetime.fromisoformat(str(iso))) if iso else ""


#: Notes that were written for the resident's eyes; the others stay between offices.
PUBLIC_NOTES = frozenset(
    {
        Action.ASK,
        Action.ANSWER,
        Action.REJECT,
        Action.CANCEL,
        Action.GIVE_UP,
        Action.REOPEN,
        Action.RATE,
        Action.NO_SHOW,
        Action.CLOSE,
        Action.RESCHEDULE,
        Action.RESTORE,
        Action.SPLIT,
        Action.END_UNREACHABLE,
        Action.RESUME,
    }
)


def next_step(
    status: str, *, due: str, is_late: bool, agreed: str, is_paused: bool, is_rated: bool, is_held: bool = False
) -> str:
    """For the resident: what happens next and by when, in plain words."""
    if is_paused:
        return _("有一个问题等您答复，答复后继续办理。")
    match status:
        case Status.PLACED if is_late:
            return _("社区安排得慢了（应在 %(due)s 前），已列入督办。", due=due)
        case Status.DISPATCHED if is_late:
            return _("承办部门领单慢了（应在 %(due)s 前），已列入督办。", due=due)
        case Status.CLAIMED if is_held and is_late:
            return _("有一支队愿意来，正在安排人，还没有定下来（应在 %(due)s 前）。", due=due)
        case Status.CLAIMED if is_held:
            return _("有一支队愿意来，正在安排人，还没有定下来，预计 %(due)s 前有结果。", due=due)
        case Status.CLAIMED if is_late:
            return _("还没找到合适的服务队（应在 %(due)s 前），仍在联系。", due=due)
        case Status.ACCEPTED if is_late:
            return _("约定的服务时间已过，等服务队登记结果。没有来的话，请点“未到场”。")
        case Status.PLACED:
            return _("社区会在 %(due)s 前安排承办部门。", due=due)
        case Status.DISPATCHED:
            return _("承办部门会在 %(due)s 前领单。", due=due)
        case Status.CLAIMED:
            return _("正在找志愿服务队，预计 %(due)s 前有结果。", due=due)
        case Status.ACCEPTED:
            return _("志愿者会在 %(agreed)s 到场。到场后请看志愿者证件。", agreed=agreed)
        case Status.CLOSED if not is_rated:
            return _("服务已完成，请告诉我们做得怎么样。")
        case Status.CLOSED:
            return _("谢谢您的评价，欢迎再来点单。")
        case Status.REJECTED:
            return _("这次不能受理，原因写在下面。")
        case Status.CANCELLED:
            return _("这张单已撤销。需要时可以重新点单。")
        case Status.UNREACHABLE:
            return _("我们多次联系您都没有打通，这张单先停在这里。您仍然需要的话，请给社区打电话，可以重新受理。")
    return _("很抱歉，这次没能满足您的需求，原因写在下面。")
