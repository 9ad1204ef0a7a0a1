"""Who acts, as the services see it: a party, a name and the reach of the seat. Pure.

Services get an `Actor` as an argument and never look at a session, so that pages, the API, jobs and tests
call them alike.
"""

from dataclasses import dataclass

from qtxvol.orders.lifecycle import Party


@dataclass(frozen=True, slots=True)
class Actor:
    """One person (or the system) in one seat.

    :ivar account_id: None for a resident with a secret link and for the system.
    :ivar division_code: a community clerk's community or town (12 digits); a town reaches its communities.
    :ivar department_id: a liaison's department; for a team, the department it belongs to.
    :ivar themes: what a team can serve.
    :ivar order_id: the one order that a resident's secret link opens.
    """

    party: Party
    name: str
    account_id: int | None = None
    division_code: str | None = None
    department_id: str | None = None
    team_id: int | None = None
    themes: tuple[str, ...] = ()
    volunteer_id: int | None = None
    order_id: int | None = None

    @property
    def key(self) -> str:
        """Stable name of the one who asks; idempotency is per key."""
        if self.account_id is not None:
            return f"{self.party}:{self.account_id}"
        return f"{self.party}:link:{self.order_id}" if self.order_id is not None else str(self.party)


def system_actor(job: str) -> Actor:
    """The service itself, acting in `job`."""
    return Actor(Party.SYSTEM, f"系统（{job}）")


def division_prefix(code: str) -> str:
    """What the codes of `code` and everything below it start with.

    Statistical division codes are 2+2+2+3+3 digits: province, prefecture, county, town, community; the part
    that a level does not use is zero.
    """
    for length in (2, 4, 6, 9):
        if set(code[length:]) <= {"0"}:
            return code[:length]
    return code
