"""Which department should get an order, with why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from qtxvol.matching.needs import Need
from qtxvol.matching.situation import Situation


@dataclass(frozen=True, slots=True)
class DepartmentChoice:
    """:ivar is_lead: leads the topic for this audience, rather than sharing the responsibility.

    :ivar open_orders: orders it has been sent and not claimed. :ivar claim_minutes: expected minutes until it claims.
    """

    code: str
    is_lead: bool
    open_orders: int
    claim_minutes: float


def suggest_departments(situation: Situation, need: Need, open_orders: Mapping[str, int]) -> list[DepartmentChoice]:
    """Departments that answer for the order, the one that probably claims first at the head; a person decides.

    A responsible department must be clearly quicker than the lead department to be preferred.
    :param open_orders: unclaimed orders by department; a department not in it has none.
    :return: empty when the rule table has no row for the topic and audience.
    """
    remit = situation.remit_of(need)
    if remit is None:
        return []
    choices = [
        _weigh(situation, code, code == remit.lead, open_orders.get(code, 0))
        for code in remit.departments
        if code in situation.city.departments
    ]
    factor = situation.settings.responsible_factor
    return sorted(choices, key=lambda choice: choice.claim_minutes * (1 if choice.is_lead else factor))


def _weigh(situation: Situation, code: str, is_lead: bool, open_orders: int) -> DepartmentChoice:
    usual = situation.city.departments[code].claim_minutes
    minutes = usual * (1 + open_orders / situation.settings.department_backlog)
    return DepartmentChoice(code, is_lead, open_orders, minutes)
