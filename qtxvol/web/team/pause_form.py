"""Until when a team is asked for emergencies only."""

from datetime import date
from typing import Any

from wtforms.validators import ValidationError

from qtxvol.volunteers.pausing import LONGEST
from qtxvol.web.forms import BaseForm, text_field
from qtxvol.web.i18n import _, _l


class PauseForm(BaseForm):
    until = text_field(
        _l("暂停到哪一天"), longest=10, required=_l("请选暂停到哪一天。"), description=_l("含这一天，最长 90 天。")
    )

    def offer(self, today: date) -> None:
        self.until.render_kw = {"type": "date", "min": today.isoformat(), "max": (today + LONGEST).isoformat()}

    def validate_until(self, field: Any) -> None:
        if field.data and self.day is None:
            raise ValidationError(_("这个日期不对，请重新选。"))

    @property
    def day(self) -> date | None:
        """What was chosen."""
        try:
            return date.fromisoformat(self.until.data or "")
        except ValueError:
            return None
