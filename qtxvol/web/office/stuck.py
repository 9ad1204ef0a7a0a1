"""What is stuck: orders by owner and age, late notices, jobs, disk and backups, on one page."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from qtxvol.channels.specs import CHANNELS
from qtxvol.directory.queries import list_departments
from qtxvol.jobs.health import JobState
from qtxvol.orders.lifecycle import Party
from qtxvol.progress.standing import list_towns
from qtxvol.watch.pulse import Pulse, read_pulse
from qtxvol.watch.stuck import Owner
from qtxvol.web.charts import heat_picture, unit_heat_picture
from qtxvol.web.desk import EXTRA_NAV, render_desk
from qtxvol.web.display import how_long, party_label, pick, say
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.office.views import bp

EXTRA_NAV[Party.OFFICE].insert(0, ("office.stuck", _l("哪里卡住了")))

#: So many of the owners stand open; the others lie folded.
SHOWN = 12
_GIGABYTE = 1 << 30


@bp.get("/stuck")
def stuck() -> ResponseReturnValue:
    """Who owes what for how long, and whether the service itself is well."""
    moment = now()
    pulse = read_pulse(moment)
    owners = [_line(owner, moment) for owner in pulse.owners]
    return render_desk(
        "office/stuck.html",
        pulse=pulse,
        sentences=[_WARNINGS[code](pulse) for code in pulse.warnings],
        owners=owners[:SHOWN],
        others=owners[SHOWN:],
        heats=[heat_picture(pulse.towns, list_towns()), unit_heat_picture(pulse.units, list_departments())],
        jobs=[(JOB_LABELS[job.name], _how_often(job), job, _job_words(job, moment)) for job in pulse.jobs],
        disk=_disk_words(pulse),
        backup=_backup_words(pulse, moment),
        channels=[(say(CHANNELS[channel.code].label), channel) for channel in pulse.backlog.channels],
        since=lambda then: how_long(moment - then) if then else "",
    )


def _line(owner: Owner, moment: datetime) -> dict[str, Any]:
    """One owner: who, how much, for how long, and the list behind it."""
    where: dict[str, Any] = {}
    if owner.party is Party.COMMUNITY:
        where = {"division": owner.scope, "status": "placed"}
    elif owner.party is Party.DEPARTMENT:
        where = {"department": owner.scope}
    where |= {"tab": "overdue" if owner.overdue else "open"} if where else {}
    return {
        "party": party_label(owner.party),
        "name": pick(owner.name, owner.name_en) or _UNNAMED.get(owner.party, lambda: party_label(owner.party))(),
        "owner": owner,
        "age": how_long(moment - owner.oldest_due_at) if owner.oldest_due_at else "",
        "url": url_for("office.inbox", **where) if where else "",
    }


#: Owners that are no single body.
_UNNAMED: dict[Party, Callable[[], str]] = {Party.TEAM: lambda: _("还没有队接单")}

#: What the jobs are called.
JOB_LABELS = {
    "count_targets": _l("清点目标数字"),
    "award_stars": _l("授予星级"),
    "draw_spot_checks": _l("抽取回访"),
    "credit_points": _l("记积分"),
    "sweep_attempts": _l("清理登录尝试"),
    "sweep_rosters": _l("清理名册"),
    "retain": _l("到期清除联系方式"),
    "climb_ladder": _l("催办和督办"),
    "learn_from_answers": _l("从答复里学习"),
    "nudge_science_days": _l("科普节日提醒"),
    "seed_calendar": _l("更新工作日历"),
}


def _how_often(job: JobState) -> str:
    if job.every is not None:
        return _("每 %(span)s", span=how_long(job.every))
    return _("每天 %(time)s", time=job.time)


def _job_words(job: JobState, moment: datetime) -> str:
    if job.done_at is None:
        return _("还没有运行过")
    ago = how_long(moment - job.done_at)
    return _("%(ago)s没有运行了", ago=ago) if job.is_late else _("%(ago)s前运行过", ago=ago)


def _disk_words(pulse: Pulse) -> str:
    if pulse.disk is None:
        return _("读不到数据所在的磁盘。")
    free, total = pulse.disk.free / _GIGABYTE, pulse.disk.total / _GIGABYTE
    return _("剩余 %(free)s GB，共 %(total)s GB", free=round(free, 1), total=round(total))


def _backup_words(pulse: Pulse, moment: datetime) -> str:
    if pulse.backup.made_at is None:
        return _("还没有备份过。请按运行手册设置每天备份。")
    ago = how_long(max(moment - pulse.backup.made_at, timedelta()))
    return _("%(ago)s前备份过", ago=ago)


#: One sentence for each code of `Pulse.warnings`: what is wrong and what to do.
_WARNINGS: dict[str, Callable[[Pulse], str]] = {
    "outbox": lambda pulse: _("通知发不出去，请管理员查看后台进程是否在运行。"),
    "jobs": lambda pulse: _("有定时任务没有按时运行，请管理员查看后台进程是否在运行。"),
    "ownerless": lambda pulse: _(
        "这些单没有责任人或时限，请报告给管理员：%(numbers)s", numbers=_("、").join(pulse.ownerless)
    ),
    "asking": lambda pulse: ngettext(
        "有 %(num)d 张单该由系统询问服务队，却一直没有问，请管理员查看后台进程是否在运行。",
        "有 %(num)d 张单该由系统询问服务队，却一直没有问，请管理员查看后台进程是否在运行。",
        pulse.asking.late,
    ),
    "dead": lambda pulse: ngettext(
        "有 %(num)d 条通知没有送达，请打电话告知。",
        "有 %(num)d 条通知没有送达，请打电话告知。",
        pulse.backlog.dead,
    ),
    "disk": lambda pulse: _("磁盘快满了，请管理员清理或扩容。"),
    "backup": lambda pulse: _("最近两天没有备份。"),
}
