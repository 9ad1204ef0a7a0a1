"""Prints how long plans take, from 200 to 20,000 orders, and whether an order costs the same in a large city.

    python -m tests.matching.plan_times [ORDERS ...]

Teams grow with the orders, from the 60 of a small city. An order costs what the teams cost that are weighed for it, and
a larger city has more of them, up to `most_teams`; so the ratio is printed per order, and per order and team weighed.
Time is that of the processor.
"""

import sys
import time

from qtxvol.matching.candidates import list_candidates
from qtxvol.matching.needs import Urgency
from qtxvol.matching.plan import make_plan
from tests.matching.cities import NOW, make_needs, make_situation

SIZES = (200, 2000, 20_000)
_ORDERS_PER_TEAM = 13
_FEWEST_TEAMS = 60
#: So many orders tell how many teams are weighed for one.
_SAMPLE = 200


def measure(orders: int) -> tuple[float, float, float, float]:
    """Seconds for a plan, teams weighed per order, share of the orders served, and share of the bound reached."""
    teams = max(_FEWEST_TEAMS, orders // _ORDERS_PER_TEAM)
    situation = make_situation(1, teams=teams, people=12)
    needs = make_needs(1, orders, teams, urgency=Urgency.ORDINARY)
    begun = time.process_time()
    plan = make_plan(situation, needs, NOW)
    seconds = time.process_time() - begun
    weighed = sum(len(list_candidates(situation, need, NOW)) for need in needs[:_SAMPLE]) / len(needs[:_SAMPLE])
    return seconds, weighed, len(plan.lines) / orders, plan.value / max(1, plan.bound)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    print("| orders | seconds | ms per order | teams weighed | served | of the bound |\n|---|---|---|---|---|---|")
    costs, per_team = [], []
    for orders in sizes:
        seconds, weighed, served, share = measure(orders)
        costs.append(1000 * seconds / orders)
        per_team.append(costs[-1] / max(1.0, weighed))
        figures = f"{seconds:.2f} | {costs[-1]:.2f} | {weighed:.1f} | {served:.3f} | {share:.4f}"
        print(f"| {orders} | {figures} |", flush=True)
    print(f"\nms per order, dearest over cheapest: {max(costs) / min(costs):.1f}")
    print(f"ms per order and team weighed, dearest over cheapest: {max(per_team) / min(per_team):.1f}")


if __name__ == "__main__":
    main()
