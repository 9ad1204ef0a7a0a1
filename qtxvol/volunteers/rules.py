"""Numbers that the office sets for volunteers and teams. What it never set has its usual value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label
from qtxvol.storage import transaction
from qtxvol.volunteers.models import VolunteerRule
from qtxvol.volunteers.refuse import refuse


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """:ivar usual: the value without a row; from `low` to `high`."""

    label: Label
    usual: int
    low: int
    high: int


RULES: Mapping[str, RuleSpec] = {
    "minors_allowed": RuleSpec(
        Label("16、17 岁经监护人同意可以登记（0 否，1 是）", "16 and 17 with a guardian's consent (0 no, 1 yes)"),
        0,
        0,
        1,
    ),
    "dormant_months": RuleSpec(
        Label("几个月没有办结服务算休眠", "Months without a closed service until a team counts as dormant"), 6, 1, 36
    ),
}


def get_rule_value(name: str) -> int:
    """The value in force."""
    value = db.session.scalar(select(VolunteerRule.value).where(VolunteerRule.name == name))
    return RULES[name].usual if value is None else value


def get_rule_values() -> dict[str, int]:
    """All values in force; one statement."""
    stored = {row.name: row.value for row in db.session.scalars(select(VolunteerRule))}
    return {name: stored.get(name, spec.usual) for name, spec in RULES.items()}


def set_rules(actor: Actor, values: Mapping[str, int], now: datetime) -> None:
    """Set some of the numbers.

    :raise Refused: `wrong_party` (403); `invalid` (422) with `field`.
    """
    check_office(actor)
    for name, value in values.items():
        spec = RULES[name]
        if not spec.low <= value <= spec.high:
            refuse(name, f"请填 {spec.low} 到 {spec.high}。", f"From {spec.low} to {spec.high}.")
    with transaction():
        for name, value in values.items():
            row = db.session.get(VolunteerRule, name, with_for_update=True)
            if row is None:
                db.session.add(VolunteerRule(name=name, value=value, edited_at=now))
            elif row.value != value:
                row.value, row.edited_at = value, now
