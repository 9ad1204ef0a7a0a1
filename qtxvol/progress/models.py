"""Tables: targets of a period, and one snapshot of the volunteer count per day."""

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.directory.models import Edited


class Target(Edited, Base):
    """A number that the plan asks for. A target has a period; old periods stay readable."""

    __tablename__ = "targets"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(160), default="")
    value: Mapped[float]
    unit: Mapped[str] = mapped_column(String(16))
    unit_en: Mapped[str] = mapped_column(String(32), default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    measured_by: Mapped[str] = mapped_column(String(16), default="external")
    section: Mapped[str] = mapped_column(String(16), default="")
    quote: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int] = mapped_column(default=0)


class VolunteerCount(Base):
    """Distinct people on one day (city time). Registered and active always stand side by side."""

    __tablename__ = "volunteer_counts"

    day: Mapped[date] = mapped_column(primary_key=True)
    #: Status verified.
    registered: Mapped[int]
    #: Of these, with at least one confirmed service in the 365 days before.
    active: Mapped[int]
    #: Waiting to be verified; not counted towards the target.
    applied: Mapped[int]
    counted_at: Mapped[datetime] = mapped_column(UTCDateTime)
