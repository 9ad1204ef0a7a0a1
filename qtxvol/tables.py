"""Every table module, imported in one place so that the metadata is complete for migrations and tests."""

from qtxvol.accounts import models as accounts
from qtxvol.channels import models as channels
from qtxvol.directory import models as directory
from qtxvol.emergencies import models as emergencies
from qtxvol.hours import models as hours
from qtxvol.jobs import models as jobs
from qtxvol.notices import models as notices
from qtxvol.notices import wording_models as wordings
from qtxvol.offers import models as offers
from qtxvol.orders import models as orders
from qtxvol.privacy import models as privacy
from qtxvol.progress import models as progress
from qtxvol.recognition import models as recognition
from qtxvol.reports import models as reports
from qtxvol.roster import models as roster
from qtxvol.volunteers import models as volunteers
from qtxvol.watch import models as watch

__all__ = [
    "accounts",
    "channels",
    "directory",
    "emergencies",
    "hours",
    "jobs",
    "notices",
    "offers",
    "orders",
    "privacy",
    "progress",
    "recognition",
    "reports",
    "roster",
    "volunteers",
    "watch",
    "wordings",
]
