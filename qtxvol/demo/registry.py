"""What a registration writes down about the invented people: documents, wishes, history, a few doubles."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME
from qtxvol.demo.people import People
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.vault import current_vault
from qtxvol.volunteers.consent import CONSENT_VERSION
from qtxvol.volunteers.models import Team, TeamRequest, Volunteer, VolunteerEvent, VolunteerRecord

#: What papers such people have.
LICENCE_TITLES = {"clinician": "医师执业证书", "pharmacist": "执业药师注册证"}

_HOST_WORDS = (
    ("school", ("中学", "小学", "学校", "学院", "一中", "高级中学", "幼儿园", "教育中心", "职教", "大学", "党校")),
    ("hospital", ("医院", "卫生院", "保健院", "疾病预防控制中心", "疾控", "红十字")),
    ("community", ("社区", "居委会", "村")),
    ("enterprise", ("公司", "集团", "企业", "厂", "酒庄", "合作社", "农场", "林场", "工业园")),
    ("society", ("协会", "学会", "联合会", "商会")),
    (
        "government",
        ("局", "站", "中心", "馆", "所", "大队", "机关", "办", "科协", "市委", "妇联", "工会", "街道", "镇"),
    ),
)
_SOURCES = ("team", "team", "office", "self", "import")
_OFFICE = Actor(Party.OFFICE, "纲要办")


def host_kind_of(host: str) -> str:
    """The kind of an institution, by its name."""
    return next((kind for kind, words in _HOST_WORDS if any(word in host for word in words)), "other")


def describe(people: People, person: Volunteer, team: Team, skills: Sequence[str], now: datetime) -> None:
    """Fill in what a registration asks; without a document for who came off a list and waits."""
    phone = person.phone or ""
    person.phone_digest = current_vault().digest("phone", phone)
    person.registered_by = people.pick(_SOURCES)
    person.birth_on = people.born(now.astimezone(CITY_TIME).date())
    if person.status != "applied" or person.registered_by != "import":
        number = people.resident_id(person.birth_on)
        person.birth_on = person.birth_on.replace(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        person.id_kind, person.id_number = "resident_id", number
        person.id_number_digest = current_vault().digest("id", number)
    person.employer, person.job_title = team.host, people.title(list(skills))
    person.availability = people.slots()
    person.weekly_load = 1 if people.chance(0.7) else 2
    person.max_distance_km = 5 if people.chance(0.5) else 20
    if person.registered_by != "import":
        person.consent_version, person.consented_at = CONSENT_VERSION, person.created_at
    if team.host_kind in _HEADS and people.chance(0.05):
        person.sanzhang_role, person.institution = _HEADS[team.host_kind], team.host
    person.is_technology_envoy = "agronomist" in skills and people.chance(0.4)


_HEADS = {"school": "school_head", "hospital": "hospital_head"}


def write_histories(persons: Sequence[Volunteer], teams: Sequence[Team]) -> None:
    """Who was registered, checked, paused, let go, and made a leader."""
    names = {team.id: team.name for team in teams}
    rows: list[dict[str, Any]] = []
    for person in persons:
        source = person.registered_by
        team = names.get(person.team_id or 0)
        rows.append(_line(person, "register", person.created_at, was=source, became="applied", team=team))
        if person.verified_at:
            rows.append(_line(person, "verify", person.verified_at, was="applied", became="verified"))
        if person.status in _ENDS:
            action, reason = _ENDS[person.status]
            when = (person.verified_at or person.created_at) + timedelta(days=5)
            was = "verified" if person.verified_at else "applied"
            rows.append(_line(person, action, when, was=was, became=person.status, reason=reason))
        if person.team_role and person.verified_at:
            led = names[person.team_id or 0]
            rows.append(_line(person, "role", person.verified_at, became=person.team_role, reason=led))
    db.session.execute(insert(VolunteerEvent), rows)


_ENDS = {
    "paused": ("pause", "外出学习，暂停几个月"),
    "left": ("leave", "调到外地工作"),
    "refused": ("refuse", "证件和本人对不上，请带原件来"),
}


def _line(
    person: Volunteer,
    action: str,
    at: datetime,
    *,
    was: str = "",
    became: str = "",
    reason: str = "",
    team: str | None = None,
) -> dict[str, Any]:
    by_team = team is not None and person.registered_by == "team"
    by_self = action == "register" and person.registered_by == "self"
    actor = Actor(Party.TEAM, team or "") if by_team else Actor(Party.RESIDENT, "本人") if by_self else _OFFICE
    return {
        "volunteer_id": person.id,
        "action": action,
        "was": was,
        "became": became,
        "reason": reason,
        "actor_key": actor.key,
        "party": str(actor.party),
        "actor_name": actor.name,
        "at": at,
    }


def make_doubles(persons: Sequence[Volunteer], members: Sequence[Volunteer]) -> None:
    """A few names off lists that are there already, as every roster brings them."""
    listed = [person for person in persons if person.status == "applied" and person.registered_by == "import"]
    for person, twin in zip(listed[:3], members[5:8], strict=False):
        person.name, person.phone, person.phone_digest = twin.name, twin.phone, twin.phone_digest
        person.birth_on = twin.birth_on


def make_wishes(persons: Sequence[Volunteer], team: Team, now: datetime) -> None:
    """Somebody would like to join the first team."""
    asking = [person for person in persons if person.status in ("applied", "paused") and person.team_id != team.id]
    db.session.add_all(
        TeamRequest(volunteer_id=person.id, team_id=team.id, text=text, asked_at=now - timedelta(days=days))
        for person, text, days in zip(asking[:2], ("想跟着讲慢病防治", ""), (2, 5), strict=False)
    )


def make_records(members: Sequence[Volunteer], now: datetime) -> None:
    """Insurances and trainings of some."""
    today = now.astimezone(CITY_TIME).date()
    for person in members[:12]:
        db.session.add(
            VolunteerRecord(
                volunteer_id=person.id,
                kind="insurance",
                title="志愿者意外伤害保险",
                from_on=today - timedelta(days=120),
                until_on=today + timedelta(days=244),
                entered_by="纲要办",
                created_at=now - timedelta(days=119),
            )
        )
        db.session.add(
            VolunteerRecord(
                volunteer_id=person.id,
                kind="training",
                title="科普讲解基础培训",
                from_on=today - timedelta(days=90),
                hours=6,
                entered_by="纲要办",
                created_at=now - timedelta(days=89),
            )
        )
