"""What is asked about a volunteer: one form for oneself, for a team's leader and for the office, each with its part."""

from collections.abc import Collection
from datetime import date
from typing import Any

from wtforms import Field, FieldList, FormField, SelectChoice, StringField
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.directory.queries import get_division_names, list_terms, list_towns_with_communities
from qtxvol.orders.lifecycle import Label
from qtxvol.volunteers.availability import DAYS, PARTS
from qtxvol.volunteers.consent import CONSENT_VERSION
from qtxvol.volunteers.identity import KIND_LABELS
from qtxvol.volunteers.licences import LicenceCard
from qtxvol.volunteers.models import Volunteer
from qtxvol.volunteers.register import VolunteerCard, licence_cards
from qtxvol.volunteers.teams import list_team_names
from qtxvol.web.action_forms import ManyField
from qtxvol.web.display import is_english, pick, say
from qtxvol.web.forms import (
    BaseForm,
    PhoneField,
    Required,
    choice,
    choice_field,
    clean_text,
    number_field,
    parse_day,
    strip,
    text_field,
    tick_field,
)
from qtxvol.web.i18n import _, _l

SANZHANG_LABELS = {
    "hospital_head": Label("医院院长", "Head of a hospital"),
    "school_head": Label("学校校长", "Head of a school"),
    "agro_station_head": Label("农技站站长", "Head of an agro-technical station"),
}
#: So many licences fit on the form.
_MOST_LICENCES = 3


def ticks(label: Any, required: Any = None, hint: Any = "") -> ManyField:
    """Checkboxes whose choices are filled in later."""
    return ManyField(
        label,
        choices=[],
        validators=[Required(required)] if required else [],
        description=hint,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


def day_field(label: Any, hint: Any = "", required: Any = None) -> StringField:
    """A day; `day_of` reads it."""
    return text_field(label, longest=10, required=required, description=hint, render_kw={"type": "date"})


def check_day(form: Any, field: Field) -> None:
    """:raise ValidationError: what was typed is no day."""
    if field.data and parse_day(field.data) is None:
        raise ValidationError(_("请填日期，例如 2027-12-31。"))


def day_of(field: Any) -> date | None:
    """The day of a `day_field` that holds one."""
    return parse_day(field.data) if field.data else None


class LicenceForm(BaseForm):
    """One licence; a row without a skill is none."""

    skill = choice_field(_l("技能"))
    title = text_field(_l("证书名称"), longest=64)
    number = text_field(_l("证书编号"), longest=64, render_kw={"autocomplete": "off"})
    expires_on = day_field(_l("有效期到"), _l("长期有效的不用填。"))

    def validate_expires_on(self, field: Field) -> None:
        check_day(self, field)

    def validate(self, extra_validators: Any = None) -> bool:
        is_good = bool(super().validate(extra_validators))
        if not self.skill.data and (self.title.data or self.number.data or self.expires_on.data):
            self.skill.errors = [*self.skill.errors, _("填了证书，请选它是哪项技能的。")]
            return False
        return is_good


class PersonForm(BaseForm):
    """Everything that is asked about somebody."""

    name = text_field(
        _l("姓名"), longest=32, required=_l("请填写姓名。"), description=_l("和证件上一样"),
        render_kw={"autocomplete": "name"},
    )  # fmt: skip
    id_kind = choice_field(_l("证件类型"))
    id_number = text_field(
        _l("证件号码"),
        longest=40,
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )
    birth_on = day_field(_l("出生日期"), _l("居民身份证不用填，号码里有。"))
    phone = PhoneField(_l("手机号"), filters=[strip], validators=[clean_text], render_kw={"type": "tel"})
    division_code = choice_field(_l("所在社区或村"))
    skills = ticks(_l("会什么"))
    licences = FieldList(FormField(LicenceForm), min_entries=_MOST_LICENCES, max_entries=_MOST_LICENCES)
    employer = text_field(_l("工作单位"), longest=64, render_kw={"autocomplete": "organization"})
    job_title = text_field(_l("职务或职称"), longest=32, render_kw={"autocomplete": "organization-title"})
    sanzhang_role = choice_field(_l("“三长”身份"), description=_l("医院院长、学校校长、农技站站长"))
    institution = text_field(_l("所在的医院、学校或农技站"), longest=64)
    is_technology_envoy = tick_field(_l("是科技特派员"))
    preferred_team_id = choice_field(_l("想加入哪支服务队"))
    topics = ticks(_l("愿意讲的主题"))
    audiences = ticks(_l("愿意服务的人群"))
    availability = ticks(_l("一周里什么时候有空"))
    max_distance_km = number_field(_l("最远去多远（公里）"), low=1, high=200)
    weekly_load = number_field(_l("一周最多几次"), low=1, high=21)
    guardian_name = text_field(_l("监护人姓名"), longest=32, render_kw={"autocomplete": "off"})
    guardian_phone = PhoneField(
        _l("监护人电话"), filters=[strip], validators=[clean_text], render_kw={"type": "tel", "autocomplete": "off"}
    )
    has_guardian_consent = tick_field(_l("监护人同意其参加科普志愿服务（16、17 岁必填）"))

    def validate_birth_on(self, field: Field) -> None:
        check_day(self, field)

    def offer(self, old: Volunteer | None = None) -> None:
        """Fill the lists; what the person has already stays choosable."""
        self.id_kind.choices = [choice(kind, say(label)) for kind, label in KIND_LABELS.items()]
        self.division_code.choices = place_choices(old.division_code if old else None)
        self.skills.choices = term_choices("skill", old.skills if old else ())
        for row in self.licences:
            row.skill.choices = [choice("", _("没有")), *self.skills.choices]
        self.sanzhang_role.choices = [
            choice("", _("不是")),
            *(choice(role, say(label)) for role, label in SANZHANG_LABELS.items()),
        ]
        self.preferred_team_id.choices = team_choices(old.preferred_team_id if old else None, _("还没想好"))
        self.topics.choices = term_choices("theme", old.topics if old else ())
        self.audiences.choices = term_choices("audience", old.audiences if old else ())
        self.availability.choices = slot_choices()

    def card(self, **more: Any) -> VolunteerCard:
        """What was filled in; `more` what only this page knows."""
        return VolunteerCard(
            **{
                "name": self.name.data,
                "phone": self.phone.data or "",
                "id_kind": self.id_kind.data or "",
                "id_number": self.id_number.data or "",
                "birth_on": day_of(self.birth_on),
                "preferred_team_id": whole(self.preferred_team_id),
                "division_code": self.division_code.data or None,
                "employer": self.employer.data or "",
                "job_title": self.job_title.data or "",
                "skills": tuple(self.skills.data or ()),
                "licences": tuple(
                    LicenceCard(row.skill.data, row.title.data or "", row.number.data or "", day_of(row.expires_on))
                    for row in self.licences
                    if row.skill.data
                ),
                "topics": tuple(self.topics.data or ()),
                "audiences": tuple(self.audiences.data or ()),
                "availability": tuple(self.availability.data or ()),
                "max_distance_km": self.max_distance_km.data,
                "weekly_load": self.weekly_load.data,
                "sanzhang_role": self.sanzhang_role.data or None,
                "institution": self.institution.data or "",
                "is_technology_envoy": self.is_technology_envoy.data,
                "guardian_name": self.guardian_name.data or "",
                "guardian_phone": self.guardian_phone.data or "",
                "has_guardian_consent": self.has_guardian_consent.data,
                **more,
            }
        )


class JoinForm(PersonForm):
    """For oneself: who one is must be known, and one agrees."""

    id_kind = choice_field(_l("证件类型"), required=_l("请选择证件类型。"))

    id_number = text_field(
        _l("证件号码"), longest=40, required=_l("请填证件号码。"),
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )  # fmt: skip
    phone = PhoneField(
        _l("手机号"),
        filters=[strip],
        validators=[clean_text, Required(_l("请填手机号，服务队要能联系到您。"))],
        render_kw={"type": "tel", "inputmode": "tel", "autocomplete": "tel"},
    )
    consent = tick_field(_l("我已阅读并同意"), required=_l("请先阅读并勾选同意。"))
    #: A trap for robots: people never see it.
    website = StringField(_l("请留空"), validators=[Optional()])

    def agreed_card(self) -> VolunteerCard:
        return self.card(consent_version=CONSENT_VERSION)


class MemberForm(PersonForm):
    """For a leader who writes down one of the team's people."""

    id_kind = choice_field(_l("证件类型"), required=_l("请选择证件类型。"))

    id_number = text_field(
        _l("证件号码"),
        longest=40,
        required=_l("请填证件号码。"),
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    phone = PhoneField(
        _l("手机号"),
        filters=[strip],
        validators=[clean_text, Required(_l("请填手机号，服务队要能联系到本人。"))],
        render_kw={"type": "tel", "inputmode": "tel", "autocomplete": "off"},
    )
    consent = tick_field(_l("本人已看过个人信息说明并同意登记"), required=_l("请先征得本人同意，再勾选。"))


class VolunteerForm(PersonForm):
    """For the office: the document may follow, and nobody sees what is written down already."""

    team_id = choice_field(_l("服务队"))
    consent = tick_field(_l("本人已看过个人信息说明并同意登记"))

    def offer(self, old: Volunteer | None = None) -> None:
        super().offer(old)
        self.team_id.choices = team_choices(old.team_id if old else None, _("不在队里"))
        if old and old.masked_id:
            self.id_number.description = _("已登记 %(number)s；不改就留空。", number=old.masked_id)
        if old and old.masked_phone:
            self.phone.description = _("已登记 %(number)s；不改就留空。", number=old.masked_phone)

    def whole_card(self) -> VolunteerCard:
        return self.card(team_id=whole(self.team_id), consent_version=CONSENT_VERSION if self.consent.data else "")


def fill(form_class: type[VolunteerForm], person: Volunteer) -> VolunteerForm:
    """The office's form with what is known, but for what no page shows."""
    licences = [
        {"skill": each.skill, "title": each.title, "expires_on": str(each.expires_on or "")}
        for each in licence_cards(person.id)[:_MOST_LICENCES]
    ]
    names = (
        "name", "id_kind", "division_code", "skills", "employer", "job_title", "sanzhang_role", "institution",
        "is_technology_envoy", "preferred_team_id", "team_id", "topics", "audiences", "availability", "max_distance_km",
        "weekly_load",
    )  # fmt: skip
    data = {name: getattr(person, name) for name in names}
    data["birth_on"] = str(person.birth_on or "")
    data["consent"] = bool(person.consent_version)
    return form_class(formdata=None, data={**data, "licences": licences})


def whole(field: Any) -> int | None:
    """The id that was chosen from a list."""
    text = str(field.data or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def slot_choices() -> list[SelectChoice]:
    """Mornings, afternoons and evenings under their days."""
    return [
        choice(f"{day}-{part}", say(part_label), group=say(day_label))
        for day, day_label in DAYS.items()
        for part, part_label in PARTS.items()
    ]


def team_choices(kept: int | None, none: str) -> list[SelectChoice]:
    """Teams in use, and the one that is named already."""
    names = list_team_names(kept)
    return [choice("", none), *(choice(str(team_id), name) for team_id, name in names.items())]


def place_choices(kept: str | None) -> list[Any]:
    """Towns and communities, and the one that is named already."""
    names = get_division_names("en" if is_english() else "zh")
    choices = [choice("", _("不填"))]
    for group in list_towns_with_communities():
        town = pick(group.town.name, group.town.name_en)
        choices.append(choice(group.town.code, town, group=town))
        choices.extend(choice(each.code, pick(each.name, each.name_en), group=town) for each in group.communities)
    return with_kept(choices, kept, names.get(kept or "", ""))


def with_kept(choices: list[Any], kept: str | None, name: str = "") -> list[Any]:
    """The choices, and the one in force when it went out of use since."""
    if not kept or any(each.value == kept for each in choices):
        return choices
    return [*choices, choice(kept, _("%(name)s（已停用）", name=name or kept))]


def term_choices(kind: str, kept: Collection[str]) -> list[Any]:
    """The words of a kind, and those that are named already."""
    choices = [choice(each.code, pick(each.name, each.name_en)) for each in list_terms(kind)]
    for code in kept:
        choices = with_kept(choices, code)
    return choices
