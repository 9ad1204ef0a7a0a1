"""Check that a coded reason exists for an action, and that words stand beside the code that asks for them."""

from qtxvol.directory.models import Reason
from qtxvol.extensions import db
from qtxvol.refusals import Refused

#: The code that explains nothing by itself.
OTHER = "other"


def check_reason(action: str, code: str, text: str) -> None:
    """:raise Refused: `unknown` reason, or `missing` text beside "other" (422)."""
    reason = db.session.get(Reason, (action, code))
    if reason is None or not reason.is_active:
        raise Refused("unknown", 422, field="reason")
    if code == OTHER and not text:
        raise Refused("missing", 422, field="text")
