"""What a simulated month says, line by line, beside what it should reach; pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtxvol.offers.fairness import Fairness

if TYPE_CHECKING:
    from qtxvol.simulate.run import Result


@dataclass(frozen=True, slots=True)
class Gate:
    """A figure and what it should reach. `least` and `most` in the figure's own unit; None: no bound on that side.

    The bounds are those of the core's own gates (`tests/matching/gates.py`), played in another city: to be looked at,
    not to be sworn by.
    """

    name: str
    value: float | None
    least: float | None = None
    most: float | None = None
    digits: int = 3

    @property
    def is_met(self) -> bool | None:
        """None where there is nothing to say."""
        if self.value is None or (self.least is None and self.most is None):
            return None
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def bound(self) -> str:
        parts = [f">= {self.least:g}"] if self.least is not None else []
        return " ".join([*parts, *([f"<= {self.most:g}"] if self.most is not None else [])])


def list_gates(found: Fairness, *, is_peak: bool) -> list[Gate]:
    """The figures of the fairness page beside their bounds of an ordinary month or a peak."""

    def of(month: float, peak: float) -> float:
        return peak if is_peak else month

    worst = found.worst_town
    return [
        Gate("orders served", found.share_of(), least=of(0.95, 0.58)),
        Gate("urgent orders served", found.share_of("urgent"), least=of(0.92, 0.62)),
        Gate("emergencies served", found.share_of("emergency"), least=of(1.0, 0.98)),
        Gate("worst town", worst.share if worst else None, least=of(0.88, 0.48)),
        Gate("hours to acceptance, median", found.hours(0.5), digits=1),
        Gate("hours to acceptance, 90 %", found.hours(0.9), digits=1),
        Gate("hours from claim, median", found.hours(0.5, lambda line: line.search), most=of(4.0, 5.0), digits=1),
        Gate("hours from claim, 90 %", found.hours(0.9, lambda line: line.search), most=of(17.5, 20.0), digits=1),
        Gate("emergency minutes, median", found.emergency_minutes(0.5), digits=0),
        Gate("emergency minutes, 90 %", found.emergency_minutes(0.9), digits=0),
        Gate("orders with a late step", found.late_share),
        Gate("messages per order served", found.messages_per_filled, most=of(14.0, 18.5), digits=1),
        Gate("waves per order", found.waves, digits=1),
        Gate("Gini of volunteers", found.volunteers.gini, most=of(0.57, 0.46)),
        Gate("Gini of teams", found.gini_teams, most=of(0.34, 0.16)),
        Gate("captains' yes", found.captains.rate),
        Gate("volunteers' yes", found.members.rate),
        Gate("captains asked", found.captains.asked, digits=0),
        Gate("volunteers asked", found.members.asked, digits=0),
        Gate("clerks' own choices", found.overridden("department"), digits=0),
    ]


def write_lines(result: "Result") -> Iterator[str]:
    """The whole report as a command prints it."""
    size, found = result.size, result.fairness
    kind = ("peak" if size.is_peak else "month") + (", nearest team first" if size.is_nearest else "")
    yield (
        f"{size.orders} orders in {size.days} days ({kind}), {size.teams} teams, {size.volunteers} volunteers, "
        f"seed {size.seed}"
    )
    yield f"  {'figure':<30} {'value':>9}   {'should be':<12}"
    for gate in list_gates(found, is_peak=size.is_peak):
        value = "-" if gate.value is None else f"{gate.value:.{gate.digits}f}"
        mark = {None: "", True: "ok", False: "missed"}[gate.is_met]
        yield f"  {gate.name:<30} {value:>9}   {gate.bound:<12} {mark}".rstrip()
    worst = sorted(found.towns, key=lambda town: (1.0 if town.share is None else town.share, -town.missed, town.key))
    yield "worst towns: " + ", ".join(f"{town.name.en} {_of(town.filled, town.missed)}" for town in worst[:3])
    holds, of_orders = sum(result.holds.values()), max(1, size.orders)
    yield (
        f"holds: {holds}, {result.holds.get('short', 0)} of them ended short of people; "
        f"{result.listed} people listed, {result.listed / of_orders:.1f} for each order"
    )
    yield "left as: " + ", ".join(f"{n} {status}" for status, n in sorted(result.left.items()))
    yield "done: " + ", ".join(f"{n} {act}" for act, n in sorted(result.record.acts.items()))
    codes: Counter[str] = Counter()
    for (_act, code), n in result.record.refusals.items():
        codes[code] += n
    yield "refused: " + (", ".join(f"{n} {code}" for code, n in sorted(codes.items())) or "nothing")
    for (act, code), n in sorted(result.record.refusals.items()):
        yield f"  {n} {act}: {code}"
    for fault in result.record.faults:
        yield f"FAULT {fault}"
    for finding in result.findings:
        yield f"CHECK {finding.number or '-'}: {finding.fault}"
    held = "everything holds together" if not result.findings else f"{len(result.findings)} things are off"
    each = 1000 * result.seconds / max(1, size.orders)
    yield f"{held}; {result.seconds:.1f} s, {each:.0f} ms per order"


def _of(filled: int, missed: int) -> str:
    return f"{filled}/{filled + missed}"
