"""The base of all forms, and fields that several share. Shape and wording live here; rules are in capabilities."""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

from flask import g, request
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    IntegerField,
    MultipleFileField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, NumberRange, Optional, StopValidation, ValidationError

from qtxvol.accounts.phones import parse_phone
from qtxvol.base import CITY_TIME
from qtxvol.orders.pictures import LARGEST_BYTES, MOST_PICTURES, Picture, reencode
from qtxvol.refusals import Refused
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.wording import refusal_sentence

#: A form of a page or the body of an API call.
FormData = MultiDict[str, Any]


class BaseForm(FlaskForm):
    """A form whose CSRF token is checked for the whole app, before any view runs."""

    class Meta(FlaskForm.Meta):
        csrf = False
        locales = ("zh_Hans_CN", "zh")

    def refuse(self, refused: Refused, *, default: str = "") -> None:
        """Put a service's refusal where it belongs: at its field, or above the form."""
        sentence = refusal_sentence(refused)
        field = self._fields.get(str(refused.about.get("field") or default))
        if field is None:
            self.form_errors.append(sentence)
        else:
            field.errors = [*field.errors, sentence]


class StepForm(BaseForm):
    """A form that changes something: carries the version that its reader saw, and a key to know a repeat by."""

    version = HiddenField()
    key = HiddenField(default=lambda: uuid4().hex)

    @property
    def seen_version(self) -> int | None:
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else None

    @property
    def request_key(self) -> str | None:
        """At most 64 characters; a longer or empty one is none."""
        text = self.key.data or ""
        return text if 0 < len(text) <= 64 and text.isprintable() else None


def strip(value: Any) -> Any:
    """Trim, and let one kind of line end stand for all."""
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else value


def clean_text(form: Any, field: Field) -> None:
    """No control characters: a database or a printer would choke on them."""
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in field.data or ""):
        raise StopValidation(_("这里有无法显示的字符，请删掉后再提交。"))


class Required(InputRequired):
    """Must be filled in; the sentence says what to do."""

    def __init__(self, message: Any = None) -> None:
        super().__init__(message)
        self.text = message

    def __call__(self, form: Any, field: Field) -> None:
        if field.raw_data and any(not isinstance(value, str) or value.strip() for value in field.raw_data):
            return
        field.errors = []
        raise StopValidation(str(self.text) if self.text else _("这一项必须填写。"))


def at_most(length: int) -> Callable[[Any, Field], None]:
    """Not longer than `length` characters."""

    def check(form: Any, field: Field) -> None:
        over = len(field.data or "") - length
        if over > 0:
            raise ValidationError(
                ngettext(
                    "最多 %(most)s 个字，请删去 %(num)d 个。",
                    "最多 %(most)s 个字，请删去 %(num)d 个。",
                    over,
                    most=length,
                )
            )

    return check


def text_field(label: Any, *, longest: int, required: Any = None, **more: Any) -> StringField:
    """One line of text. `required` is the sentence for when it is missing; without it the field may stay empty."""
    return StringField(label, filters=[strip], validators=_text_rules(longest, required), **more)


def long_text_field(label: Any, *, longest: int = 500, required: Any = None, **more: Any) -> TextAreaField:
    """Several lines of text."""
    more.setdefault("render_kw", {"rows": 3})
    return TextAreaField(label, filters=[strip], validators=_text_rules(longest, required), **more)


def _text_rules(longest: int, required: Any) -> list[Any]:
    # no Optional() here: on an empty field it would also skip the form's own `validate_…`, which may ask for it
    return [clean_text, *([Required(required)] if required else []), at_most(longest)]


class WholeNumberField(IntegerField):
    """A whole number, also in full-width digits; anything else is a sentence."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = unicodedata.normalize("NFKC", str(valuelist[0] if valuelist else "")).strip()
        self.data = None
        if not text:
            return
        sign = text.removeprefix("-")
        if not (sign.isascii() and sign.isdecimal() and len(sign) <= 12):
            raise ValueError(_("请填整数，例如 30。"))
        self.data = int(text)


def number_field(label: Any, *, low: int, high: int, required: Any = None, **more: Any) -> WholeNumberField:
    """A whole number from `low` to `high`."""
    first = Required(required) if required else Optional(strip_whitespace=True)
    limits = NumberRange(low, high, _l("请填 %(low)s 到 %(high)s 之间的整数。", low=low, high=high))
    return WholeNumberField(label, validators=[first, limits], **more)


class PhoneField(StringField):
    """A telephone number; `digits` holds it in plain form after validation."""

    digits = ""

    def pre_validate(self, form: Any) -> None:
        if not self.data:
            return
        digits = parse_phone(self.data)
        if digits is None:
            raise StopValidation(_("电话号码不对。请填 11 位手机号，或带区号的座机号，例如 0953 3051234。"))
        self.digits = digits


class LocalTimeField(StringField):
    """A date and time on the city's clock, from a datetime-local field or ISO text; `moment` is aware."""

    moment: datetime | None = None

    def pre_validate(self, form: Any) -> None:
        if not self.data:
            return
        try:
            moment = datetime.fromisoformat(self.data.strip())
            self.moment = moment if moment.tzinfo else moment.replace(tzinfo=CITY_TIME)
            for zone in (CITY_TIME, UTC):
                self.moment.astimezone(zone)  # overflows at the ends of time
        except (ValueError, OverflowError):
            raise StopValidation(_("请填日期和时间，例如 2026-12-01 09:30。")) from None


def local_time_field(label: Any, *, required: Any = None, **more: Any) -> LocalTimeField:
    first = Required(required) if required else Optional(strip_whitespace=True)
    kw = {"type": "datetime-local", **more.pop("render_kw", {})}
    return LocalTimeField(label, validators=[clean_text, first], render_kw=kw, **more)


def parse_day(text: str) -> date | None:
    """A date as a form sends it."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def parse_clock(text: str) -> time | None:
    """A time of day as a form sends it."""
    try:
        return time.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return None


def city_moment(day: date, clock: time) -> datetime:
    """That time of that day in the city, aware."""
    return datetime.combine(day, clock, tzinfo=CITY_TIME)


def choice(value: Any, label: Any, note: str = "", group: str | None = None, lead: str = "") -> SelectChoice:
    """One option; `lead` is its second line, in bold, `note` the one below; `group` the heading it stands under."""
    lines = {"data-lead": lead, "data-note": note}
    return SelectChoice(value, str(label), {name: text for name, text in lines.items() if text}, group)


class ChoiceField(SelectField):
    """A select whose message says what to do when something else was sent."""

    def pre_validate(self, form: Any) -> None:
        if self.data in (None, "") and not self.flags.required:
            return
        if not any(str(option.value) == str(self.data) for option in self.iter_choices()):
            raise ValidationError(_("请从列表里选一项。"))


def choice_field(label: Any, *, required: Any = None, choices: Sequence[Any] = (), **more: Any) -> ChoiceField:
    rules = [Required(required)] if required else [Optional()]
    return ChoiceField(label, choices=list(choices), validators=rules, **more)


class PhotosField(MultipleFileField):
    """Up to six photos; `pictures` holds them re-encoded after validation."""

    pictures: Sequence[Picture] = ()

    def pre_validate(self, form: Any) -> None:
        files = [file for file in self.data or () if isinstance(file, FileStorage) and file.filename]
        try:
            if len(files) > MOST_PICTURES:
                raise Refused("too_many_pictures", 422)
            self.pictures = [reencode(file.stream) for file in files]
        except Refused as refused:
            raise ValidationError(refusal_sentence(refused)) from None


def photos_field(label: Any) -> PhotosField:
    kw = {
        "accept": "image/jpeg,image/png,image/webp",
        "data-max-mb": str(LARGEST_BYTES // 1024 // 1024),
        "data-max-files": str(MOST_PICTURES),
    }
    return PhotosField(
        label, render_kw=kw, description=_l("最多 6 张，每张不超过 8 MB。照片里的拍摄地点等信息会自动去掉。")
    )


def tick_field(label: Any, *, required: Any = None, **more: Any) -> BooleanField:
    return BooleanField(label, validators=[Required(required)] if required else [], **more)


def form_data() -> FormData:
    """What was sent, files included."""
    return MultiDict([*request.form.items(multi=True), *request.files.items(multi=True)])


def now() -> datetime:
    """The moment of this request."""
    moment: datetime = g.now
    return moment
