"""The morning plan: all waiting orders at once, each with a team, a slot and a crew, for a person to confirm. Pure.

Emergencies are planned first, then urgent, then ordinary orders. Each part is an exact optimum over teams and slots
(`allotment`), above `plan_whole` orders found district by district (`districts`), and then crewed (`plan_part`).
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.plan_part import plan_part
from qtxvol.matching.plan_progress import Meter, Progress
from qtxvol.matching.proposal import Plan
from qtxvol.matching.situation import Situation


def make_plan(
    situation: Situation,
    needs: Sequence[Need],
    now: float,
    progress: Progress | None = None,
    *,
    without: Mapping[int, Container[int]] | None = None,
) -> Plan:
    """Propose who serves which order. Nothing is promised: `situation` stays as it is.

    :param needs: each order once, in any order; the plan doesn't depend on it.
    :param progress: told at every order and every piece; what it raises ends the planning.
    :param without: by order, the teams that have said no to it.
    """
    trial = replace(situation, ledger=situation.ledger.copy())
    meter = Meter(len(needs), progress)
    plans: list[Plan] = []
    for urgency in sorted(Urgency, reverse=True):
        part = [need for need in needs if need.urgency is urgency]
        part.sort(key=lambda need: (need.created_at, need.id))
        meter.begin(len(part))
        plans.append(plan_part(trial, part, now, meter, without or {}))
        meter.end()
    return _joined(plans)


def _joined(plans: Sequence[Plan]) -> Plan:
    return Plan(
        tuple(line for plan in plans for line in plan.lines),
        {need: why for plan in plans for need, why in plan.unserved.items()},
        sum(plan.value for plan in plans),
        sum(plan.bound for plan in plans),
    )
