"""Prints how long plans take, from 200 to 20,000 orders, and whether an order costs the same in a large city.

    python -m tests.matching.plan_times [ORDERS ...]

Teams grow with the orders. Time is that of the processor, so a busy machine doesn't matter.
"""

import sys
import time

from qtxvol.matching.needs import Urgency
from qtxvol.matching.plan import make_plan
from tests.matching.cities import NOW, make_needs, make_situation

SIZES = (200, 2000, 20_000)
_ORDERS_PER_TEAM = 13


def measure(orders: int) -> tuple[float, float, float]:
    """Seconds for a plan, share of the orders served, and share of the bound reached."""
    teams = orders // _ORDERS_PER_TEAM
    situation = make_situation(1, teams=teams, people=12)
    needs = make_needs(1, orders, teams, urgency=Urgency.ORDINARY)
    begun = time.process_time()
    plan = make_plan(situation, needs, NOW)
    return time.process_time() - begun, len(plan.lines) / orders, plan.value / max(1, plan.bound)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    print("| orders | seconds | ms per order | served | of the bound |\n|---|---|---|---|---|")
    costs = []
    for orders in sizes:
        seconds, served, share = measure(orders)
        costs.append(1000 * seconds / orders)
        print(f"| {orders} | {seconds:.2f} | {costs[-1]:.2f} | {served:.3f} | {share:.4f} |", flush=True)
    print(f"\nms per order, dearest over cheapest: {max(costs) / min(costs):.1f}")


if __name__ == "__main__":
    main()
