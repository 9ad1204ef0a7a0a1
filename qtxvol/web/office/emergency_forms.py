"""Forms about emergencies: opening and changing one, facts, experts, closing, lessons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wtforms import HiddenField, RadioField, SelectChoice, SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.directory.queries import list_counties, list_menu, list_terms, list_towns_with_communities
from qtxvol.emergencies.events import Plan
from qtxvol.emergencies.facts import Statement
from qtxvol.emergencies.models import EmergencyFact
from qtxvol.emergencies.queries import TERM_KIND, Candidate, EmergencyView
from qtxvol.emergencies.rules import (
    LONGEST_ADVICE,
    LONGEST_CHECKER,
    LONGEST_FACT,
    LONGEST_HOTLINE,
    LONGEST_LESSONS,
    LONGEST_REASON,
    LONGEST_ROLE,
    LONGEST_SOURCE,
    LONGEST_TITLE,
    LONGEST_WHY,
)
from qtxvol.web.display import input_time, pick
from qtxvol.web.forms import (
    BaseForm,
    Required,
    StepForm,
    choice,
    choice_field,
    local_time_field,
    long_text_field,
    text_field,
)
from qtxvol.web.i18n import _, _l


class CodesField(SelectMultipleField):
    """Any number of boxes; says what to do when something else was sent."""

    widget = ListWidget()
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        known = {str(option.value) for option in self.choices or ()}
        if any(str(value) not in known for value in self.data or ()):
            raise ValidationError(_("请从列表里选。"))


@dataclass(frozen=True, slots=True)
class BoxGroup:
    """Boxes that stand folded together: their positions among the field's choices."""

    name: str
    boxes: Sequence[int]
    #: How many of them are ticked.
    ticked: int


class PlanForm(StepForm):
    """What an emergency is about. `groups` are the places under their towns, `items` the menu under its themes."""

    kind = choice_field(_l("类型"), required=_l("请选应急类型。"))
    title = text_field(
        _l("标题"),
        longest=LONGEST_TITLE,
        required=_l("请写一个标题，例如：流感高发应对。"),
        description=_l("居民会看到"),
    )
    areas = CodesField(
        _l("范围"), choices=[], description=_l("选全市，或者选镇、社区和村；选了镇，镇里的社区和村都算。")
    )
    themes = CodesField(
        _l("相关主题"), choices=[], description=_l("范围内点这些主题的单，都按应急办。主题和项目至少选一样。")
    )
    items = CodesField(_l("相关项目"), choices=[])
    advice = long_text_field(
        _l("请大家这样做"),
        longest=LONGEST_ADVICE,
        required=_l("请写明居民现在该怎么做。"),
        description=_l("居民会看到。一行一条，句子短一些。"),
        render_kw={"rows": 5},
    )
    hotline = text_field(
        _l("咨询电话"), longest=LONGEST_HOTLINE, description=_l("公布给居民的电话，例如 12320 或 0953 3051234")
    )
    starts_at = local_time_field(_l("开始时间"), required=_l("请填事件开始的时间。"))
    planned_end_at = local_time_field(_l("计划结束时间"), required=_l("请填计划结束的时间，到时仍由人来结束。"))
    reason = text_field(
        _l("依据"),
        longest=LONGEST_REASON,
        required=_l("请写明依据，例如：市应急指挥部第 3 号通知。"),
        description=_l("记入经过，不对居民公开"),
    )

    area_groups: Sequence[BoxGroup] = ()
    item_groups: Sequence[BoxGroup] = ()
    whole: Sequence[int] = ()

    def offer(self) -> None:
        """Choices from the facts."""
        self.kind.choices = [
            choice("", _("请选择")),
            *(choice(term.code, pick(term.name, term.name_en)) for term in list_terms(TERM_KIND)),
        ]
        self.themes.choices = [choice(term.code, pick(term.name, term.name_en)) for term in list_terms("theme")]
        for field in (self.areas, self.themes):
            field.flags.required = True  # the label's mark only: the service says what is needed
        self._offer_areas()
        self._offer_items()

    def _offer_areas(self) -> None:
        choices = [
            choice(each.code, _("全市（%(city)s）", city=pick(each.name, each.name_en))) for each in list_counties()
        ]
        self.whole = range(len(choices))
        groups = []
        for group in list_towns_with_communities():
            first, town = len(choices), pick(group.town.name, group.town.name_en)
            choices.append(choice(group.town.code, _("%(town)s全部", town=town)))
            choices += [choice(place.code, pick(place.name, place.name_en)) for place in group.communities]
            groups.append((town, range(first, len(choices))))
        self.areas.choices = choices
        self.area_groups = [BoxGroup(name, boxes, _ticked(self.areas, boxes)) for name, boxes in groups]

    def _offer_items(self) -> None:
        choices: list[SelectChoice] = []
        groups: dict[str, list[int]] = {}
        for entry in list_menu():
            groups.setdefault(pick(entry.theme_name, entry.theme_name_en), []).append(len(choices))
            choices.append(choice(entry.id, pick(entry.name, entry.name_en)))
        self.items.choices = choices
        self.item_groups = [BoxGroup(name, boxes, _ticked(self.items, boxes)) for name, boxes in groups.items()]

    def validate_areas(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(_("请选范围：全市都算的选“全市”，否则选镇、社区或村。"))

    def validate_themes(self, field: Any) -> None:
        if not field.data and not self.items.data:
            raise ValidationError(_("请至少选一个相关主题，或者在下面选项目。"))

    def plan(self) -> Plan:
        """What was filled in, after validation."""
        start, end = self.starts_at.moment, self.planned_end_at.moment
        if start is None or end is None:
            raise AssertionError("used before it was validated")
        return Plan(
            self.kind.data,
            self.title.data,
            self.advice.data,
            self.hotline.data or "",
            tuple(self.areas.data or ()),
            tuple(self.themes.data or ()),
            tuple(self.items.data or ()),
            start,
            end,
        )


class OpenForm(PlanForm):
    """A new one; whether it is an exercise is fixed from then on."""

    follows_id = HiddenField()
    is_drill = RadioField(
        _l("真的还是演练"),
        choices=[
            SelectChoice("no", _l("真实事件"), {"data-note": _l("横幅、时限、送单全部启用，夜里也通知")}),
            SelectChoice(
                "yes",
                _l("演练"),
                {"data-note": _l("处处标明“演练”；只收工作人员代点的演练单，不计入任何统计，不登记时长，夜里不打扰")},
            ),
        ],
        validators=[Required(_l("请选真实事件还是演练；启动以后不能改。"))],
        description=_l("启动以后不能改"),
        validate_choice=False,
    )

    def validate_is_drill(self, field: Any) -> None:
        if field.data not in ("yes", "no"):
            raise ValidationError(_("请选真实事件还是演练；启动以后不能改。"))

    @property
    def followed_id(self) -> int | None:
        text = self.follows_id.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


class FactForm(StepForm):
    text = text_field(
        _l("核实过的事实"),
        longest=LONGEST_FACT,
        required=_l("请用一句话写明事实。"),
        description=_l("居民会看到，横幅里也会出现。不要写个人的姓名、电话、住址。"),
    )
    source = text_field(_l("来源"), longest=LONGEST_SOURCE, required=_l("请写明来源，例如：市卫生健康局通报。"))
    checked_by = text_field(_l("谁核实的"), longest=LONGEST_CHECKER, required=_l("请写明由哪个单位核实。"))
    checked_at = local_time_field(_l("什么时候核实的"), required=_l("请填核实的时间。"))

    def statement(self) -> Statement:
        if self.checked_at.moment is None:
            raise AssertionError("used before it was validated")
        return Statement(self.text.data, self.source.data, self.checked_by.data, self.checked_at.moment)


class WithdrawFactForm(BaseForm):
    why = text_field(
        _l("为什么撤下"), longest=LONGEST_WHY, required=_l("请写明为什么撤下。"), description=_l("居民会看到")
    )


class ExpertForm(BaseForm):
    who = choice_field(_l("从合适的人和队里选"))
    number = text_field(_l("或者填志愿者编号"), longest=16)
    role = text_field(_l("担任"), longest=LONGEST_ROLE, required=_l("请写明担任什么，例如：流感防治顾问。"))

    def offer(self, candidates: Sequence[Candidate], skills: dict[str, str]) -> None:
        self.who.choices = [
            choice("", _("请选择")),
            *(
                choice(
                    each.key,
                    " ".join(filter(None, (each.name, each.note, _("、").join(skills.get(s, s) for s in each.skills)))),
                    group=_("服务队") if each.key.startswith("team:") else _("志愿者"),
                )
                for each in candidates
            ),
        ]

    def validate_number(self, field: Any) -> None:
        if not field.data and not self.who.data:
            raise ValidationError(_("请从上面选一位或一支队，或者填志愿者编号。"))

    @property
    def chosen(self) -> str:
        return self.number.data or self.who.data or ""


class CloseForm(BaseForm):
    reason = text_field(
        _l("结束的依据"), longest=LONGEST_REASON, required=_l("请写明依据，例如：连续两周病例数回到平常水平。")
    )


class LessonsForm(BaseForm):
    lessons = long_text_field(
        _l("经验教训"),
        longest=LONGEST_LESSONS,
        required=_l("请写下做得好的、没做好的和以后怎么改。"),
        render_kw={"rows": 8},
        description=_l("写单位和做法，不写个人。可以再改，改过会记入经过。"),
    )


def data_of(view: EmergencyView, *, is_again: bool = False) -> dict[str, Any]:
    """An emergency as a form shows it; of a closed one taken up again, without its times."""
    emergency = view.emergency
    times = {"starts_at": input_time(emergency.starts_at), "planned_end_at": input_time(emergency.planned_end_at)}
    return {
        "kind": emergency.kind,
        "title": emergency.title,
        "advice": emergency.advice,
        "hotline": emergency.hotline,
        "areas": sorted(view.cover.areas),
        "themes": sorted(view.cover.themes),
        "items": sorted(view.cover.items),
        **({} if is_again else {**times, "version": str(emergency.version)}),
    }


def data_of_fact(fact: EmergencyFact) -> dict[str, Any]:
    return {
        "text": fact.text,
        "source": fact.source,
        "checked_by": fact.checked_by,
        "checked_at": input_time(fact.checked_at),
    }


def name_apart(form: BaseForm, prefix: str) -> None:
    """Several forms stand on one page: ids must differ, names must not."""
    for field in form:
        field.id = f"{prefix}-{field.name}"
        field.label.field_id = field.id


def _ticked(field: Any, boxes: Sequence[int]) -> int:
    chosen = set(field.data or ())
    return sum(str(field.choices[index].value) in chosen for index in boxes)
