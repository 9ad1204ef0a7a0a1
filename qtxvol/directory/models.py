"""Tables of facts. Loaded from `qtxvol/data/`, edited by the office; `edited_at` protects a row from reloads."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.orders.deadlines import Unit

_UNITS = ", ".join(f"'{unit}'" for unit in Unit)
#: The category of a time limit that holds for every theme.
ALL_CATEGORIES = "all"
#: Monday first, as dates count them.
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Edited:
    """A fact that the office may change. The loader never overwrites a row with `edited_at`."""

    is_active: Mapped[bool] = mapped_column(default=True)
    edited_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Division(Edited, Base):
    """A province, prefecture, county, town or community. Attribution: qtxvol/data/README.md."""

    __tablename__ = "divisions"

    #: Twelve digits, statistical division code; also sorts towns and communities as the state does.
    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"), index=True)
    #: 1 province, 2 prefecture, 3 county, 4 town, 5 community or village.
    level: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    display_name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(96), default="")
    #: GCJ-02, not WGS-84; towns only.
    lon_gcj02: Mapped[float | None]
    lat_gcj02: Mapped[float | None]
    as_of: Mapped[str] = mapped_column(String(10), default="")
    source: Mapped[str] = mapped_column(String(32), default="")


class Department(Edited, Base):
    """A unit that the plan names, or one that the office added."""

    __tablename__ = "departments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    kind: Mapped[str] = mapped_column(String(32), default="government")
    aliases: Mapped[list[str]] = mapped_column(JSON, default=list)
    position: Mapped[int] = mapped_column(default=0)


class Programme(Edited, Base):
    """One of the plan's five actions (A1-A5) or five projects (P1-P5)."""

    __tablename__ = "programmes"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    section: Mapped[str] = mapped_column(String(16), default="")
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    #: The plan says "all members of the leading group" and lists none.
    is_for_all_members: Mapped[bool] = mapped_column(default=False)


class Route(Edited, Base):
    """Who leads what: a department's part in a programme."""

    __tablename__ = "routes"
    __table_args__ = (CheckConstraint("part IN ('lead', 'responsible', 'cooperating')", name="part"),)

    programme_id: Mapped[str] = mapped_column(ForeignKey("programmes.id"), primary_key=True)
    department_id: Mapped[str] = mapped_column(ForeignKey("departments.id"), primary_key=True)
    part: Mapped[str] = mapped_column(String(16))
    position: Mapped[int] = mapped_column(default=0)


class Term(Edited, Base):
    """A word of the menu: an audience, theme, skill or format, or a kind of emergency, in Chinese and English."""

    __tablename__ = "terms"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(96), default="")
    position: Mapped[int] = mapped_column(default=0)


class MenuItem(Edited, Base):
    """Something that can be ordered."""

    __tablename__ = "menu_items"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    audiences: Mapped[list[str]] = mapped_column(JSON, default=list)
    theme: Mapped[str] = mapped_column(String(32), index=True)
    format: Mapped[str] = mapped_column(String(16), default="lecture")
    needed_skills: Mapped[list[str]] = mapped_column(JSON, default=list)
    duration_minutes: Mapped[int] = mapped_column(default=60)
    headcount_min: Mapped[int] = mapped_column(default=1)
    headcount_max: Mapped[int] = mapped_column(default=200)
    min_volunteers: Mapped[int] = mapped_column(default=1)
    #: No acceptance without a volunteer who holds a needed skill under licence.
    is_licence_required: Mapped[bool] = mapped_column(default=False)
    has_minors_present: Mapped[bool] = mapped_column(default=False)
    #: The topic's natural owner is not named in the plan; the lead unit arranges the speaker.
    needs_outside_expert: Mapped[bool] = mapped_column(default=False)
    is_emergency_topic: Mapped[bool] = mapped_column(default=False)
    programme_id: Mapped[str | None] = mapped_column(ForeignKey("programmes.id"))
    department_id: Mapped[str] = mapped_column(ForeignKey("departments.id"))
    alternative_department_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    quote: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int] = mapped_column(default=0)


class Reason(Edited, Base):
    """A coded reason that an action must or may carry."""

    __tablename__ = "reasons"

    #: The action it belongs to: reject, return, release, withdraw, cancel.
    action: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    #: What the resident reads beside it, e.g. the 12345 hotline when the wish is out of scope.
    hint: Mapped[str] = mapped_column(String(200), default="")
    hint_en: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int] = mapped_column(default=0)


class ScienceDay(Edited, Base):
    """A day, week or month of the calendar on which science is made known. When it falls: `day_rules.py`."""

    __tablename__ = "science_days"
    __table_args__ = (
        CheckConstraint("month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31", name="date"),
        CheckConstraint("length_days BETWEEN 1 AND 62", name="length"),
        CheckConstraint("nudge_days BETWEEN 0 AND 120", name="nudge"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    #: One sentence for residents.
    note: Mapped[str] = mapped_column(String(120), default="")
    note_en: Mapped[str] = mapped_column(String(160), default="")
    month: Mapped[int]
    #: 0: always on `day`; 1 to 4: that `weekday` (1 Monday to 7 Sunday) of the month; 5: the last one.
    nth: Mapped[str] = mapped_column(String(1), default="0")
    weekday: Mapped[str] = mapped_column(String(1), default="1")
    day: Mapped[int] = mapped_column(default=1)
    length_days: Mapped[int] = mapped_column(default=1)
    #: Years that were announced otherwise: `2026-09-12`, or first and last day `2026-09-12/2026-09-20`.
    dates: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Themes of the menu that fit; empty: all.
    themes: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: The very items that fit, where a theme says too much; empty: all of the themes.
    menu_item_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: So many days before, departments with fitting items are told; 0: never.
    nudge_days: Mapped[int] = mapped_column(default=21)


class TimeLimit(Edited, Base):
    """How long a step (`lifecycle.STEPS`) may take at an urgency, for one theme or for all. The most specific row
    wins, urgency before theme. Clocks that run keep the limit of the day they started."""

    __tablename__ = "time_limits"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(f"unit IN ({_UNITS})", name="unit"),
    )

    step: Mapped[str] = mapped_column(String(16), primary_key=True)
    urgency: Mapped[str] = mapped_column(String(16), primary_key=True)
    #: A theme of the menu, or `ALL_CATEGORIES`.
    category: Mapped[str] = mapped_column(String(32), primary_key=True, default=ALL_CATEGORIES)
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(String(16))


class OfficeHours(Edited, Base):
    """Half a day of office hours on a weekday, half-open. A weekday without one in use is a day off."""

    __tablename__ = "office_hours"
    __table_args__ = (CheckConstraint("opens_at < closes_at", name="order"),)

    #: One of `WEEKDAYS`.
    weekday: Mapped[str] = mapped_column(String(3), primary_key=True)
    #: `am` or `pm`.
    half: Mapped[str] = mapped_column(String(2), primary_key=True)
    #: On the clock of the city, like 08:30; the end of the day is 24:00.
    opens_at: Mapped[str] = mapped_column(String(5))
    closes_at: Mapped[str] = mapped_column(String(5))


class WorkdayOverride(Edited, Base):
    """A day that differs from its weekday: a holiday, or a make-up workday. Out of use, it is an ordinary day."""

    __tablename__ = "workday_overrides"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_work: Mapped[bool]
    name: Mapped[str] = mapped_column(String(64), default="")
    name_en: Mapped[str] = mapped_column(String(96), default="")
    #: `holidays` (the library, and its version), `import` or `office`.
    source: Mapped[str] = mapped_column(String(32), default="office")


class CalendarYear(Base):
    """A year of the working calendar. Provisional until its make-up workdays are announced, or the office has looked
    at the year and confirmed it; what is confirmed is left alone by the library."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    is_provisional: Mapped[bool] = mapped_column(default=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    source: Mapped[str] = mapped_column(String(32), default="")
