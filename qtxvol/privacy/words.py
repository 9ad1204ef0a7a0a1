"""Words that stay for good or that everybody may read: no number of a person may stand in them."""

from qtxvol.privacy.numbers import has_own_number
from qtxvol.refusals import Refused


def refuse_numbers(field: str, text: str) -> None:
    """:raise Refused: `invalid` (422) with `field`: a mobile or an identity number stands in the text."""
    if has_own_number(text):
        raise Refused(
            "invalid",
            422,
            field=field,
            message="这里不要写电话和证件号码：写下的话以后删不掉，或者别人都看得到。",
            message_en="No telephone or identity numbers here: these words stay for good, or anybody can read them.",
        )
