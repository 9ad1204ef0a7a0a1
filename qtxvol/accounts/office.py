"""What only the programme office may do, asked in one place by every service that says so."""

from qtxvol.accounts.actor import Actor
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import Refused


def check_office(actor: Actor) -> None:
    """:raise Refused: `wrong_party` (403)."""
    if actor.party is not Party.OFFICE:
        raise Refused("wrong_party", 403)
