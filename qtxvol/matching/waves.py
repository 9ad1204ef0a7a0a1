"""How many captains to ask at once: few while there is time, more as time runs out or while they are rested. Pure."""

import math
from collections.abc import Sequence

from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.score import Suggestion
from qtxvol.matching.settings import MatchSettings

#: A team is asked so often about one order and the same times: once, and once more (docs/adr/0022-asking.md).
MOST_ASKS = 2


def choose_wave(
    settings: MatchSettings,
    need: Need,
    ranking: Sequence[Suggestion],
    pending: Sequence[float],
    wave: int,
    now: float,
) -> list[Suggestion]:
    """The smallest head of the ranking with which somebody probably accepts.

    :param ranking: teams not asked yet, best first.
    :param pending: chances of those asked who have not answered.
    :param wave: 0 for the first wave of this order.
    :return: nobody when the pending ones suffice; at least one team when nobody is pending and somebody is left.
    """
    target = wave_target(settings, need, wave, now, is_rested=_are_rested(settings, ranking))
    nobody = math.prod(1 - settings.pending_share * chance for chance in pending)
    chosen: list[Suggestion] = []
    for suggestion in ranking[: settings.wave_limit[need.urgency]]:
        if nobody <= 1 - target:
            break
        chosen.append(suggestion)
        nobody *= 1 - suggestion.chance
    return chosen or list(ranking[: 0 if pending else 1])


def wave_target(settings: MatchSettings, need: Need, wave: int, now: float, *, is_rested: bool = False) -> float:
    """Chance that somebody accepts, which this wave aims at; never lower for a more urgent order.

    :param is_rested: whether those who would be asked first got few messages lately; then the order may hurry a little.
    """
    if need.urgency is Urgency.EMERGENCY:
        return settings.emergency_target
    hours_left = (need.start_in(need.slots[-1]) - now) / 60 if need.slots else 0.0
    steps = wave + settings.urgency_steps[need.urgency]
    steps += sum(hours_left < hours for hours in settings.short_hours)
    steps += now - need.created_at > settings.old_hours * 60
    target = settings.wave_targets[min(steps, len(settings.wave_targets) - 1)]
    return 1 - (1 - target) * settings.rested_doubt if is_rested else target


def _are_rested(settings: MatchSettings, ranking: Sequence[Suggestion]) -> bool:
    """On average of those whom the largest ordinary wave would ask; nobody to ask counts as rested."""
    head = ranking[: settings.wave_limit[Urgency.ORDINARY]]
    return sum(suggestion.asks for suggestion in head) <= settings.rested_asks * len(head)
