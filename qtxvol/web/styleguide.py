"""Every colour, size and component on one living page, for whoever works on pages; not there in production."""

from flask import Flask, abort, current_app, render_template
from flask.typing import ResponseReturnValue
from wtforms import RadioField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.paging import Page
from qtxvol.web.access import make_blueprint
from qtxvol.web.forms import (
    BaseForm,
    Required,
    choice,
    choice_field,
    long_text_field,
    number_field,
    text_field,
    tick_field,
)
from qtxvol.web.i18n import _, _l

#: Custom properties of `qtxvol.css` that hold a colour, in the groups that the page shows.
COLOURS = (
    (_l("纸与墨"), ("paper", "card", "sunk", "line", "edge", "ink", "soft")),
    (_l("青铜绿"), ("bronze", "bronze-over", "on-bronze", "bronze-wash", "deep", "on-deep", "deep-soft")),
    (_l("峡谷土"), ("ochre", "clay", "silt", "focus")),
    (
        _l("状态"),
        ("wait", "wait-wash", "busy", "busy-wash", "good", "good-wash", "ended", "ended-wash", "bad", "bad-wash"),
    ),
)
#: Steps of the space between things.
SPACES = ("s1", "s2", "s3", "s4", "s5", "s6")


def _only_while_developing() -> None:
    if not (current_app.debug or current_app.testing):
        abort(404)


bp = make_blueprint("styleguide", __name__, gate=_only_while_developing)


class SampleForm(BaseForm):
    """A field of every kind."""

    name = text_field(
        _l("怎么称呼您"), longest=32, required=_l("请填称呼，例如：王女士。"), description=_l("例如：王女士")
    )
    people = number_field(_l("大约多少人"), low=1, high=5000, required=_l("请填大约多少人，例如 30。"))
    place = choice_field(_l("在哪个社区或村"), required=_l("请选社区或村。"))
    wish = long_text_field(_l("用自己的话说说需求"))
    urgency = RadioField(_l("急不急"), validators=[Required(_l("请选一项。"))], validate_choice=False)
    times = SelectMultipleField(
        _l("什么时间方便"), widget=ListWidget(), option_widget=CheckboxInput(), validate_choice=False
    )
    consent = tick_field(_l("我同意把联系方式提供给经办社区"), required=_l("请先勾选同意，我们才能联系您。"))

    def offer(self) -> None:
        self.place.choices = [choice("", _("请选择")), choice("a", _("东街居委会")), choice("b", _("小坝村"))]
        self.urgency.choices = [choice("normal", _("不急")), choice("urgent", _("急：一周内要办"))]
        self.times.choices = [
            choice("morning", _("上午")),
            choice("afternoon", _("下午")),
            choice("evening", _("晚上")),
        ]


@bp.get("/styleguide")
def page() -> ResponseReturnValue:
    """The page: each component in good and in bad state."""
    good, bad = SampleForm(formdata=None, prefix="good-"), SampleForm(formdata=None, prefix="bad-")
    for form in (good, bad):
        form.offer()
    good.process(data={"name": "王女士", "people": 30, "place": "a", "urgency": "normal", "times": ["morning"]})
    bad.validate()
    return render_template(
        "styleguide.html",
        good=good,
        bad=bad,
        colours=COLOURS,
        spaces=SPACES,
        listing=Page([], total=57, number=2, pages=2),
        url_for_page=lambda number: "#",
    )


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
