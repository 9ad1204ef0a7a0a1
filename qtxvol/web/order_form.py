"""The order form: three screens for a resident, one page for a clerk who orders on somebody's behalf.

Nothing is kept on the server between the screens: what was typed travels in the form, so a lost session loses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from flask_babel import format_date
from wtforms import HiddenField, RadioField, SelectChoice, SelectMultipleField, StringField
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.accounts.actor import Actor, division_prefix
from qtxvol.accounts.phones import has_phone_inside
from qtxvol.base import CITY_TIME
from qtxvol.directory.queries import list_menu, list_terms, list_towns_with_communities
from qtxvol.directory.workdays import load_calendar
from qtxvol.emergencies.queries import list_open
from qtxvol.orders.half_days import ENOUGH_TIMES, HALF_DAYS, QUICK_CHOICES, expand_all
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.place import MOST_PEOPLE, Wish, place_order
from qtxvol.orders.popular import list_popular_items
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import FURTHEST, MOST_WINDOWS, Window, find_window_fault
from qtxvol.web.display import is_english, pick
from qtxvol.web.forms import (
    BaseForm,
    FormData,
    PhoneField,
    Required,
    choice,
    choice_field,
    city_moment,
    clean_text,
    long_text_field,
    number_field,
    parse_clock,
    parse_day,
    photos_field,
    strip,
    text_field,
    tick_field,
)
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.wording import WINDOW_FAULTS

#: Which privacy text is agreed to; a new text gets a new version.
CONSENT_VERSION = "2026-11"

#: The menu's own word for a wish in one's own words.
FREE_TEXT = "free"

SLOTS = HALF_DAYS
SLOT_LABELS = {"morning": _l("上午"), "afternoon": _l("下午"), "evening": _l("晚上")}

#: Items that 长辈版 shows before "更多".
SHOWN_ITEMS = 4

#: Coming days that can be ticked, from tomorrow on; other days are typed.
OFFERED_DAYS = 6
#: What 长辈版 offers of them.
FEW_DAYS, FEW_SLOTS = 4, ("morning", "afternoon")
#: One tap each, for many half-days at once.
QUICK_LABELS = {
    "work_morning": _l("工作日上午都行"),
    "work_afternoon": _l("工作日下午都行"),
    "evening": _l("晚上都行"),
    "weekend": _l("周末都行"),
    "any": _l("哪天都行"),
}
#: Rows for typed times that are shown at once.
SHOWN_WINDOWS = 4

WHAT = ("audience", "item", "wish", "phone_in_text_ok")
WHERE = (
    "division_code",
    "venue",
    "quick",
    "windows",
    *(f"{part}_{i}" for i in range(1, MOST_WINDOWS + 1) for part in ("day", "slot", "from", "to")),
)
WHO = (
    "requester_kind",
    "organisation",
    "headcount",
    "contact_name",
    "contact_phone",
    "second_name",
    "second_phone",
    "is_joint_ok",
    "urgency",
    "photos",
    "consent",
    "website",
)
#: The screens in order, each with its fields.
SCREENS = (WHAT, WHERE, WHO)


@dataclass(frozen=True, slots=True)
class OfferedDay:
    """A day of the grid: `11月28日`, `周三 明天`, and the positions of its boxes among the field's choices."""

    name: str
    note: str
    boxes: Sequence[int]


def _slot_field(label: Any) -> Any:
    options = [SelectChoice("", _l("请选时段")), *(SelectChoice(key, text) for key, text in SLOT_LABELS.items())]
    return choice_field(label, choices=options)


class OrderForm(BaseForm):
    """All three screens. `wished_times` holds the windows after validation: ticked ones, typed ones, and as many of the
    quick choices' as there is room for."""

    key = HiddenField(default=lambda: uuid4().hex)

    audience = RadioField(_l("给谁听"), choices=[], validators=[Required(_l("请选一类对象。"))], validate_choice=False)
    item = RadioField(
        _l("想听什么"),
        choices=[],
        validators=[Required(_l("请选一个项目；没有合适的，选“自己写”。"))],
        validate_choice=False,
    )
    wish = long_text_field(_l("用自己的话说说需求"), longest=500)
    phone_in_text_ok = tick_field(_l("我知道别人会看到这个号码，仍然这样提交"))

    division_code = choice_field(_l("在哪个社区或村"), required=_l("请选社区或村。"))
    venue = text_field(
        _l("具体地点"),
        longest=120,
        required=_l("请写具体地点，例如：社区二楼活动室。"),
        description=_l("例如：社区二楼活动室"),
    )

    quick = SelectMultipleField(
        _l("常用的，点一下就行"),
        choices=[SelectChoice(code, label) for code, label in QUICK_LABELS.items()],
        widget=ListWidget(),
        option_widget=CheckboxInput(),
        validate_choice=False,
        description=_l("从后天算起，一下选好几个时间。"),
    )
    windows = SelectMultipleField(
        _l("什么时间方便"),
        choices=[],
        widget=ListWidget(),
        option_widget=CheckboxInput(),
        validate_choice=False,
        description=_l("多选几个时间，更快有人来。至少选一个。"),
    )

    requester_kind = RadioField(
        _l("您是"),
        choices=[
            SelectChoice("resident", _l("居民个人")),
            SelectChoice("school", _l("学校")),
            SelectChoice("enterprise", _l("企业")),
            SelectChoice("organisation", _l("其他单位")),
        ],
        default="resident",
        validate_choice=False,
    )
    organisation = text_field(_l("单位名称"), longest=64, description=_l("单位点单时填写"))
    headcount = number_field(_l("大约多少人"), low=1, high=MOST_PEOPLE, required=_l("请填大约多少人，例如 30。"))
    contact_name = text_field(_l("怎么称呼您"), longest=32, required=_l("请填称呼，例如：王女士。"))
    contact_phone = PhoneField(
        _l("联系电话"),
        filters=[strip],
        validators=[clean_text, Required(_l("请填联系电话，志愿者要和您约时间。"))],
        render_kw={"type": "tel", "inputmode": "tel", "autocomplete": "tel"},
        description=_l("只给经办社区和接单队长看"),
    )
    second_name = text_field(_l("备用联系人怎么称呼"), longest=32, description=_l("例如：儿子、邻居张师傅"))
    second_phone = PhoneField(
        _l("备用电话"),
        filters=[strip],
        validators=[clean_text],
        render_kw={"type": "tel", "inputmode": "tel", "autocomplete": "off"},
        description=_l("打不通您的电话时才打这个。请先和他说一声。"),
    )
    is_joint_ok = tick_field(_l("愿意和邻居一起办"))
    urgency = RadioField(
        _l("急不急"),
        choices=[SelectChoice("normal", _l("不急")), SelectChoice("urgent", _l("急：一周内要办"))],
        default="normal",
        validate_choice=False,
    )
    photos = photos_field(_l("照片"))
    consent = tick_field(
        _l("我同意把联系方式提供给经办社区和接单的服务队，只用于这次服务"),
        required=_l("请先勾选同意，我们才能联系您。"),
    )
    #: A trap for robots: people never see it.
    website = StringField(_l("请留空"), validators=[Optional()])

    wished_times: Sequence[Window] = ()
    offered_days: Sequence[OfferedDay] = ()
    _quick_half_days: tuple[tuple[str, ...], list[tuple[date, str]]] | None = None
    now: datetime

    def offer(self, actor: Actor | None, *, now: datetime, few: bool = False) -> None:
        """Choices from the facts; `actor` narrows the places to what a clerk may order for, `few` the times to tick."""
        self.now = now
        self.audience.choices = [choice(term.code, pick(term.name, term.name_en)) for term in list_terms("audience")]
        within = (
            division_prefix(actor.division_code)
            if actor and actor.party is Party.COMMUNITY and actor.division_code
            else ""
        )
        self.division_code.choices = place_choices(within)
        if not self.audience.data and self.item.data not in (None, "", FREE_TEXT):
            self.audience.data = next(
                (e.audiences[0] for e in list_menu() if e.id == self.item.data and e.audiences), None
            )
        entries = list_menu(audience=self.audience.data) if self.audience.data else []
        first_of: dict[str, int] = {}  # items of one theme stand together, themes in the menu's order
        for position, entry in enumerate(entries):
            first_of.setdefault(entry.theme, position)
        entries.sort(key=lambda entry: first_of[entry.theme])
        self._offer_days(FEW_DAYS if few else OFFERED_DAYS, FEW_SLOTS if few else tuple(SLOTS))
        for field in (self.windows, self.requester_kind, self.urgency):
            field.flags.required = True  # the label's mark only: their own checks say what is needed
        self.item.choices = [
            *(
                choice(
                    entry.id,
                    pick(entry.name, entry.name_en),
                    _item_note(entry),
                    pick(entry.theme_name, entry.theme_name_en),
                )
                for entry in entries
            ),
            choice(FREE_TEXT, _("没有合适的，自己写"), _("在下面写清楚想要什么"), _("其他")),
        ]

    def _offer_days(self, count: int, slots: Sequence[str]) -> None:
        """The coming days as boxes, and whatever else was ticked on an older or fuller page."""
        today = self.now.astimezone(CITY_TIME).date()
        days = {today + timedelta(days=ahead) for ahead in range(1, count + 1)}
        ticked = [found for text in self.windows.data or () if (found := parse_tick(text))]
        days |= {day for day, _slot in ticked if timedelta(0) <= day - today <= FURTHEST}
        choices: list[SelectChoice] = []
        offered: list[OfferedDay] = []
        near = {today: _("今天"), today + timedelta(days=1): _("明天"), today + timedelta(days=2): _("后天")}
        for day in sorted(days):
            first = len(choices)
            choices.extend(
                choice(f"{day.isoformat()}:{slot}", label)
                for slot, label in SLOT_LABELS.items()
                if slot in slots or (day, slot) in ticked
            )
            name = str(format_date(day, "d MMM" if is_english() else "M月d日"))
            note = f"{format_date(day, 'EEE')} {near.get(day, '')}".strip()
            offered.append(OfferedDay(name, note, range(first, len(choices))))
        self.windows.choices, self.offered_days = choices, offered

    def wished_rows(self) -> list[tuple[Any, Any, Any, Any]]:
        """Fields of each wished time: day, slot, from, to; only as many as are shown or filled."""
        rows = [
            tuple(self[f"{part}_{i}"] for part in ("day", "slot", "from", "to")) for i in range(1, MOST_WINDOWS + 1)
        ]
        return [row for i, row in enumerate(rows, 1) if i <= SHOWN_WINDOWS or any(field.data for field in row)]

    def validate_audience(self, field: Any) -> None:
        if field.data not in {option.value for option in field.choices}:
            raise ValidationError(_("请选一类对象。"))

    def validate_item(self, field: Any) -> None:
        if field.data not in {option.value for option in field.choices}:
            raise ValidationError(_("请选一个项目；没有合适的，选“自己写”。"))

    def validate_wish(self, field: Any) -> None:
        if self.item.data == FREE_TEXT and not field.data:
            raise ValidationError(_("请用一两句话写清楚想要什么。"))
        if has_phone_inside(field.data or "") and not self.phone_in_text_ok.data:
            raise ValidationError(
                _("这里好像写了电话号码，很多人会看到。请删掉，电话填在最后一步；确实要写，请勾选下面的确认。")
            )

    def validate_venue(self, field: Any) -> None:
        if has_phone_inside(field.data or ""):
            raise ValidationError(_("地点里好像写了电话号码，很多人会看到。请删掉，电话填在最后一步。"))

    def validate_organisation(self, field: Any) -> None:
        if has_phone_inside(field.data or ""):
            raise ValidationError(_("单位名称里好像写了电话号码，请填到“联系电话”里。"))
        if self.requester_kind.data not in ("resident", None) and not field.data:
            raise ValidationError(_("请填单位名称。"))

    def validate_second_name(self, field: Any) -> None:
        if has_phone_inside(field.data or ""):
            raise ValidationError(_("称呼里好像写了电话号码，请填到“备用电话”里。"))

    def validate_second_phone(self, field: Any) -> None:
        if field.digits and field.digits == self.contact_phone.digits:
            raise ValidationError(_("备用电话和上面的联系电话一样，请换一个或留空。"))
        if self.second_name.data and not field.data:
            raise ValidationError(_("填了备用联系人，请把他的电话也填上；没有就都留空。"))

    def validate_requester_kind(self, field: Any) -> None:
        if field.data not in {option.value for option in field.choices}:
            raise ValidationError(_("请选一项。"))

    def validate_urgency(self, field: Any) -> None:
        if field.data not in {option.value for option in field.choices}:
            raise ValidationError(_("请选一项。"))

    def validate_screen(self, names: Sequence[str]) -> bool:
        """Check the fields of one screen only."""
        extra: dict[str, list[Any]] = {
            name: [check] for name in names if (check := getattr(type(self), f"validate_{name}", None))
        }
        is_good = True
        for name in names:
            if not self._fields[name].validate(self, extra.get(name, ())):
                is_good = False
        if "windows" in names:
            is_good = self._check_windows() and is_good
        return is_good

    def find_bad_screen(self) -> int | None:
        """The first screen with something wrong, from 1; None when all is well."""
        bad = [number for number, names in enumerate(SCREENS, 1) if not self.validate_screen(names)]
        return bad[0] if bad else None

    def _check_windows(self) -> bool:
        found: list[Window] = []
        is_good = self._check_ticks(found)
        for day, slot, start, end in self.wished_rows():
            if not any(field.data for field in (day, slot, start, end)):
                continue
            field, sentence = self._find_row_fault(day, slot, start, end, found)
            if field is not None:
                field.errors = [*field.errors, sentence]
                is_good = False
        if is_good and len(found) > MOST_WINDOWS:
            self.windows.errors = [*self.windows.errors, WINDOW_FAULTS["too_many"]()]
            is_good = False
        chosen = list(found)
        for day, slot in self.quick_half_days():  # what there is no room for is left out: any of them suits
            if len(chosen) < MOST_WINDOWS:
                self._add_window(day, *SLOTS[slot], chosen)
        found.extend(sorted(chosen[len(found) :]))
        if is_good and not found:
            self.windows.errors = [*self.windows.errors, WINDOW_FAULTS["none"]()]
            is_good = False
        self.wished_times = tuple(found)
        return is_good

    def quick_half_days(self) -> list[tuple[date, str]]:
        """The coming half-days that the quick choices stand for, each choice's in turn."""
        chosen = tuple(code for code in QUICK_CHOICES if code in (self.quick.data or ()))
        if self._quick_half_days is None or self._quick_half_days[0] != chosen:
            today = self.now.astimezone(CITY_TIME).date()
            found = expand_all(chosen, today, load_calendar().is_work) if chosen else []
            self._quick_half_days = chosen, found
        return self._quick_half_days[1]

    @property
    def gave_few_times(self) -> bool:
        """More would find somebody sooner."""
        return len(self.wished_times) < ENOUGH_TIMES

    def validate_quick(self, field: Any) -> None:
        if any(code not in QUICK_LABELS for code in field.data or ()):
            raise ValidationError(_("请从列表里选时间。"))

    def _check_ticks(self, found: list[Window]) -> bool:
        """Good ticks go to `found`, each once; a bad one is a sentence at the grid."""
        ticks = [parse_tick(text) for text in dict.fromkeys(self.windows.data or ())]
        faults = [_("请从列表里选时间。") for tick in ticks if tick is None]
        for day, slot in sorted(filter(None, ticks), key=lambda tick: (tick[0], list(SLOTS).index(tick[1]))):
            if fault := self._add_window(day, *SLOTS[slot], found):
                faults.append(WINDOW_FAULTS[fault]())
        self.windows.errors = [*self.windows.errors, *dict.fromkeys(faults)]
        return not faults

    def _add_window(self, day: date, opens: str, closes: str, found: list[Window]) -> str:
        """Add the time to `found`, or say what is wrong with it; clocks are good ones, `09:00`."""
        try:
            window = Window(*(city_moment(day, time.fromisoformat(clock)) for clock in (opens, closes)))
            fault = find_window_fault(window, self.now)
        except (OverflowError, ValueError):
            return "too_far"
        if not fault and window not in found:
            found.append(window)
            return ""
        return fault or "repeated"

    def _find_row_fault(self, day: Any, slot: Any, start: Any, end: Any, found: list[Window]) -> tuple[Any, str]:
        """The field that is wrong and why; adds a good window to `found`."""
        date = parse_day(day.data or "")
        if date is None:
            return day, _("请选日期。")
        if start.data or end.data:
            clocks = parse_clock(start.data or ""), parse_clock(end.data or "")
            if clocks[0] is None or clocks[1] is None:
                return (start if clocks[0] is None else end), _("请把开始和结束时间都填上，例如 09:30。")
            opens, closes = clocks[0].isoformat(), clocks[1].isoformat()
        elif slot.data in SLOTS:
            opens, closes = SLOTS[slot.data]
        else:
            return slot, _("请选上午、下午或晚上。")
        fault = self._add_window(date, opens, closes, found)
        if not fault:
            return None, ""
        return (end if fault in ("ends_first", "too_long") and end.data else day), WINDOW_FAULTS[fault]()

    def chosen_days(self) -> set[date]:
        """The days that were ticked or typed, good or not yet checked."""
        ticked = [tick[0] for text in self.windows.data or () if (tick := parse_tick(text))]
        typed = [parse_day(row[0].data or "") for row in self.wished_rows()]
        quick = [day for day, _half in self.quick_half_days()[:MOST_WINDOWS]]
        return {day for day in (*ticked, *typed, *quick) if day is not None}

    def wanted(self) -> Wish:
        """What was filled in, once all screens are good."""
        return Wish(
            audience=self.audience.data,
            headcount=self.headcount.data or 0,
            division_code=self.division_code.data,
            venue=self.venue.data,
            windows=self.wished_times,
            contact_name=self.contact_name.data,
            contact_phone=self.contact_phone.digits,
            consent_version=CONSENT_VERSION,
            menu_item_id=None if self.item.data == FREE_TEXT else self.item.data,
            wish=self.wish.data or "",
            requester_kind=self.requester_kind.data,
            organisation=(self.organisation.data or "") if self.requester_kind.data != "resident" else "",
            urgency=self.urgency.data,
            second_name=self.second_name.data or "",
            second_phone=self.second_phone.digits,
            is_joint_ok=bool(self.is_joint_ok.data),
        )

    def place(self, actor: Actor, browser_mark: str = "") -> Outcome:
        """Place the order that was filled in.

        :param browser_mark: see `Order.browser_mark`.

        :raise Refused: as `place_order`.
        """
        key = self.place_key or uuid4().hex
        wish = replace(self.wanted(), browser_mark=browser_mark)
        return place_order(wish, actor, key=key, now=self.now, pictures=self.photos.pictures)

    @property
    def place_key(self) -> str:
        """The form's key; empty when what was sent can't be one."""
        key = self.key.data or ""
        return key if 0 < len(key) <= 64 and key.isprintable() else ""


for _i in range(1, MOST_WINDOWS + 1):
    _number = {"number": _i}
    setattr(
        OrderForm,
        f"day_{_i}",
        StringField(
            _l("方便的日期 %(number)s", **_number),
            filters=[strip],
            validators=[clean_text, Optional()],
            render_kw={"type": "date"},
        ),
    )
    setattr(OrderForm, f"slot_{_i}", _slot_field(_l("时段 %(number)s", **_number)))
    setattr(
        OrderForm,
        f"from_{_i}",
        StringField(
            _l("从 %(number)s", **_number),
            filters=[strip],
            validators=[clean_text, Optional()],
            render_kw={"type": "time"},
        ),
    )
    setattr(
        OrderForm,
        f"to_{_i}",
        StringField(
            _l("到 %(number)s", **_number),
            filters=[strip],
            validators=[clean_text, Optional()],
            render_kw={"type": "time"},
        ),
    )


class OnBehalfForm(OrderForm):
    """For a clerk with the resident on the phone: the same fields, consent asked for aloud."""

    consent = tick_field(
        _l("居民已口头同意把联系方式提供给经办社区和接单的服务队"), required=_l("请先征得居民同意，再勾选。")
    )
    emergency_id = choice_field(
        _l("归入应急"),
        description=_l("范围和主题对得上的会自动归入。演练单走完全部步骤，不计入任何统计，不登记志愿服务时长。"),
    )

    def offer(self, actor: Actor | None, *, now: datetime, few: bool = False) -> None:
        super().offer(actor, now=now, few=few)
        self.emergency_id.choices = [
            choice("", _("由系统判断")),
            *(
                choice(each.id, _("【演练】%(title)s", title=each.title) if each.is_drill else each.title)
                for each in list_open(now)
            ),
        ]

    def wanted(self) -> Wish:
        chosen = str(self.emergency_id.data or "")
        is_id = chosen.isascii() and chosen.isdecimal() and len(chosen) < 10
        return replace(super().wanted(), emergency_id=int(chosen) if is_id else None)


def popular_first(form: OrderForm) -> list[int]:
    """Positions of the few items that 长辈版 shows at once, among the choices of `item`; the rest is one tap away."""
    known = [str(option.value) for option in form.item.choices if option.value != FREE_TEXT]
    asked_for = list_popular_items(form.audience.data or "", form.now, most=SHOWN_ITEMS) if known else ()
    shown = list(dict.fromkeys([*(item for item in asked_for if item in known), *known]))[:SHOWN_ITEMS]
    if form.item.data in known and form.item.data not in shown:
        shown.append(str(form.item.data))
    return [known.index(item) for item in shown]


def parse_tick(text: str) -> tuple[date, str] | None:
    """Day and half-day of a ticked box, `2026-11-28:morning`; None for anything else."""
    day_text, _colon, slot = text.partition(":")
    day = parse_day(day_text)
    return (day, slot) if day is not None and slot in SLOTS else None


def carried(data: FormData, shown: Sequence[str]) -> list[tuple[str, str]]:
    """What was typed on the other screens, to be carried along in hidden fields. Files can't be carried."""
    others = [name for names in SCREENS for name in names if name not in shown and name not in ("photos", "website")]
    return [(name, value) for name in others for value in data.getlist(name) if isinstance(value, str)]


def make_summary(form: OrderForm) -> list[tuple[str, str]]:
    """What was chosen on the first two screens, for the third."""

    def label_of(field: Any) -> str:
        return next((str(option.label) for option in field.choices if option.value == field.data), "")

    pattern = "EEE d MMM" if is_english() else "M月d日（EEE）"
    ticks = filter(None, map(parse_tick, dict.fromkeys(form.windows.data or ())))
    wished = [f"{format_date(day, pattern)} {SLOT_LABELS[slot]}" for day, slot in ticks]
    for day, slot, start, end in form.wished_rows():
        if date := parse_day(day.data or ""):
            clock = f"{start.data}–{end.data}" if start.data and end.data else str(SLOT_LABELS.get(slot.data, ""))
            wished.append(f"{format_date(date, pattern)} {clock}")
    wished.extend(_quick_in_words(form))
    return [
        (_("给谁听"), label_of(form.audience)),
        (_("想听什么"), (form.wish.data or "") if form.item.data == FREE_TEXT else label_of(form.item)),
        (_("在哪里"), " ".join(filter(None, (label_of(form.division_code), form.venue.data)))),
        (_("方便的时间"), _("；").join(wished)),
    ]


def _quick_in_words(form: OrderForm) -> list[str]:
    """Each quick choice as it was tapped; then how many times that makes with the others, and from when until when."""
    chosen = [str(QUICK_LABELS[code]) for code in QUICK_CHOICES if code in (form.quick.data or ())]
    days = sorted({window.starts_at.astimezone(CITY_TIME).date() for window in form.wished_times})
    if chosen and days:
        pattern, is_work = "d MMM" if is_english() else "M月d日", load_calendar().is_work
        about = {"first": format_date(days[0], pattern), "last": format_date(days[-1], pattern)}
        about["times"] = ngettext("共 %(num)d 个时间", "共 %(num)d 个时间", len(form.wished_times))
        if any(day.weekday() >= 5 and not is_work(day) for day in days):
            chosen.append(_("%(times)s，%(first)s到%(last)s，含周末", **about))
        else:
            chosen.append(_("%(times)s，%(first)s到%(last)s", **about))
    return chosen


def place_choices(within: str = "") -> list[SelectChoice]:
    """Towns and communities whose code starts with `within`, under their towns; "please choose" first."""
    options = [choice("", _("请选择"))]
    for group in list_towns_with_communities():
        town = pick(group.town.name, group.town.name_en)
        if group.town.code.startswith(within):
            options.append(choice(group.town.code, _("%(town)s（不分社区）", town=town), group=town))
        options.extend(
            choice(place.code, pick(place.name, place.name_en), group=town)
            for place in group.communities
            if place.code.startswith(within)
        )
    return options


def _item_note(entry: Any) -> str:
    return _(
        "%(format)s，约 %(minutes)s 分钟，%(low)s–%(high)s 人",
        format=pick(entry.format_name, entry.format_name_en),
        minutes=entry.duration_minutes,
        low=entry.headcount_min,
        high=entry.headcount_max,
    )
