"""The pulse in the words of Prometheus. Read from the database at each scrape, so that every web process answers the
same and none keeps counters of its own. No names of people, and nothing about one order."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from qtxvol.watch.pulse import Pulse


class PulseCollector:
    """Gives a pulse as metrics."""

    def __init__(self, pulse: Pulse, now: datetime) -> None:
        self._pulse, self._now = pulse, now

    def collect(self) -> Iterator[Metric]:
        yield from self._orders()
        yield from self._asking()
        yield from self._outbox()
        yield from self._jobs()
        yield from self._machine()

    def _orders(self) -> Iterator[Metric]:
        pulse = self._pulse
        orders = GaugeMetricFamily(
            "qtxvol_open_orders", "Open orders by town code and status.", labels=["town", "status"]
        )
        late = GaugeMetricFamily("qtxvol_overdue_orders", "Of these, overdue.", labels=["town", "status"])
        for (town, status), waiting in sorted(pulse.towns.waiting.items()):
            orders.add_metric([town, str(status)], waiting.count)
            late.add_metric([town, str(status)], waiting.overdue)
        unit_late = GaugeMetricFamily("qtxvol_unit_overdue_orders", "Overdue orders by department.", labels=["unit"])
        for unit in pulse.units.towns():
            unit_late.add_metric([unit], pulse.units.in_town(unit).overdue)
        owed = GaugeMetricFamily("qtxvol_owed_orders", "Orders by the party that owes a step.", labels=["party", "how"])
        for party in sorted({owner.party for owner in pulse.owners}):
            mine = [owner for owner in pulse.owners if owner.party == party]
            owed.add_metric([str(party), "all"], sum(owner.orders for owner in mine))
            owed.add_metric([str(party), "overdue"], sum(owner.overdue for owner in mine))
            owed.add_metric([str(party), "twice_overdue"], sum(owner.twice for owner in mine))
        yield from (orders, late, unit_late, owed)
        yield GaugeMetricFamily(
            "qtxvol_ownerless_orders", "Open orders without owner and clock; must be 0.", value=len(pulse.ownerless)
        )

    def _asking(self) -> Iterator[Metric]:
        asking = self._pulse.asking
        sent = GaugeMetricFamily("qtxvol_asked_day", "Asks of the last 24 hours.", labels=["who"])
        for who, count in (("teams", asking.offers), ("waves", asking.waves), ("people", asking.asks)):
            sent.add_metric([who], count)
        yield sent
        yield GaugeMetricFamily("qtxvol_open_holds", "Teams that are finding their people.", value=asking.holds)
        auto = GaugeMetricFamily("qtxvol_auto_asked_orders", "Orders whose teams the service asks.", labels=["how"])
        auto.add_metric(["all"], asking.auto)
        auto.add_metric(["late"], asking.late)
        yield auto
        hours = GaugeMetricFamily(
            "qtxvol_acceptance_hours", "From placing to the first acceptance, last 7 days.", labels=["quantile"]
        )
        for quantile, value in (("0.5", asking.median_hours), ("0.9", asking.p90_hours)):
            if value is not None:
                hours.add_metric([quantile], value)
        yield hours

    def _outbox(self) -> Iterator[Metric]:
        backlog = self._pulse.backlog
        yield GaugeMetricFamily(
            "qtxvol_unplanned_notices", "Due notices that no worker has taken.", value=backlog.unplanned
        )
        yield GaugeMetricFamily(
            "qtxvol_unplanned_notices_age_seconds", "Age of the oldest.", value=self._age(backlog.oldest_at)
        )
        states = GaugeMetricFamily("qtxvol_deliveries", "Deliveries by channel and state.", labels=["channel", "state"])
        ages = GaugeMetricFamily("qtxvol_delivery_age_seconds", "Age of the oldest late one.", labels=["channel"])
        for channel in backlog.channels:
            for state in ("late", "held", "dead", "unknown"):
                states.add_metric([channel.code, state], getattr(channel, state))
            ages.add_metric([channel.code], self._age(channel.oldest_at))
        yield from (states, ages)

    def _jobs(self) -> Iterator[Metric]:
        done = GaugeMetricFamily("qtxvol_job_done_timestamp_seconds", "When a job last came through.", labels=["job"])
        late = GaugeMetricFamily("qtxvol_job_late", "1: a job should have run by now.", labels=["job"])
        for job in self._pulse.jobs:
            if job.done_at is not None:
                done.add_metric([job.name], job.done_at.timestamp())
            late.add_metric([job.name], int(job.is_late))
        yield from (done, late)

    def _machine(self) -> Iterator[Metric]:
        disk, backup = self._pulse.disk, self._pulse.backup
        if disk is not None:
            yield GaugeMetricFamily("qtxvol_disk_free_bytes", "Free on the disk of the data.", value=disk.free)
            yield GaugeMetricFamily("qtxvol_disk_total_bytes", "Size of that disk.", value=disk.total)
        if backup.made_at is not None:
            yield GaugeMetricFamily(
                "qtxvol_backup_timestamp_seconds", "When the last backup was made.", value=backup.made_at.timestamp()
            )

    def _age(self, since: datetime | None) -> float:
        return (self._now - since).total_seconds() if since is not None else 0.0


def render_metrics(pulse: Pulse, now: datetime) -> bytes:
    """The text format that Prometheus scrapes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(PulseCollector(pulse, now))
    return generate_latest(registry)
