"""Every weight of matching in one record. Pure.

Three numbers in a row are by urgency: ordinary, urgent, emergency. Points are the unit of the score: 1000 points are
the worth of one ordinary order served. Weights are flat: half or double of any of them moves the share of orders served
by about a point (docs/adr/0008-matching.md), so nobody need look for the last digit.
"""

from dataclasses import dataclass

ByUrgency = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """Weights with unit and meaning; the office may change any of them."""

    # ---- what an order is worth, and what a service costs those who give it
    #: Points for an order served.
    worth: ByUrgency = (1000.0, 2000.0, 6000.0)
    #: Points per kilometre from team to place, times the root of the crew's size.
    km_points: float = 3.0
    #: Points at full load, growing with the square: recent services over the weekly limit.
    load_points: float = 600.0
    #: Points per doubling-and-a-bit (natural logarithm) of recent messages over `asks_scale`.
    asks_points: float = 80.0
    #: Messages a week that a captain shrugs off.
    asks_scale: float = 3.0
    #: Points for a team of a responsible instead of the lead department.
    other_department_points: float = 30.0
    #: Points for a team on the list of experts of the order's emergency.
    expert_points: float = 500.0

    # ---- distances
    #: Road kilometres per kilometre as the crow flies.
    detour: float = 1.35
    #: Kilometres assumed where a home or a place is not on the map.
    unknown_km: float = 12.0

    # ---- who may be asked at all
    #: Minutes between the last promise and the start of the service.
    notice: ByUrgency = (720.0, 180.0, 20.0)
    #: Share of a team's weekly limit that ordinary orders leave free for urgent ones.
    kept_for_urgent: float = 0.1
    #: At most so many teams, the nearest, are looked at per order; only a very large city has more.
    most_teams: int = 40
    #: Services above the slot limit that a team takes on.
    extra_in_slot: tuple[int, int, int] = (0, 0, 1)
    #: Messages about ordinary and urgent orders that a captain gets in one calendar week, at most. Binds in peaks only,
    #: for the few captains whose topic everybody wants; lower, and more orders of a peak come too late.
    team_asks_a_week: int = 300
    #: The same for a volunteer.
    volunteer_asks_a_week: int = 12
    #: Whether teams of responsible departments are asked beside those of the lead department.
    is_pool_open: bool = True
    #: Whether volunteers of other teams nearby may complete a crew.
    is_lending_open: bool = True
    #: Whether people are asked by name once a captain says yes; otherwise the captain names them.
    is_naming_open: bool = True
    #: Kilometres from home within which a person is asked to lend a hand.
    lending_km: float = 10.0
    #: At most so many people per place are looked at for lending.
    lending_pool: int = 120
    #: Share of crews too short by their own members that lending saves (a forecast, used before anybody is asked).
    lending_rescue: float = 0.5

    # ---- waves of messages to captains
    #: Chance that somebody accepts, which the first, second … wave aims at.
    wave_targets: tuple[float, ...] = (0.3, 0.5, 0.65, 0.8, 0.9)
    #: Recent messages per captain up to which captains are rested.
    rested_asks: float = 30.0
    #: By how much the chance that nobody accepts is pressed down further while captains are rested: a second one asked
    #: at once saves hours in an ordinary week, and in a peak only tires whom the next order needs.
    rested_doubt: float = 0.85
    #: The same for emergencies, from the first wave on.
    emergency_target: float = 0.98
    #: Steps up the targets that each urgency begins with.
    urgency_steps: tuple[int, int, int] = (0, 2, 0)
    #: Hours left until the last wished slot, each of which climbs a step when it is fallen short of.
    short_hours: tuple[float, ...] = (60.0, 30.0)
    #: Hours after placing at which the target climbs a step.
    old_hours: float = 10.0
    #: Teams asked at once, at most.
    wave_limit: tuple[int, int, int] = (4, 7, 14)
    #: Minutes until the next wave goes out when nobody has said yes.
    wave_wait: ByUrgency = (240.0, 45.0, 6.0)
    #: Minutes until a person who has not answered counts as a no and the next one is asked.
    crew_wait: ByUrgency = (240.0, 45.0, 6.0)
    #: Minutes after midnight from which, and until which, nobody is asked; emergencies wake people.
    quiet_from: int = 22 * 60
    quiet_until: int = 7 * 60 + 30
    #: How much a team that has not answered yet counts towards the target.
    pending_share: float = 0.5

    # ---- crews
    #: Chance of a complete crew at which no further person is asked.
    crew_target: ByUrgency = (0.82, 0.9, 0.98)
    #: Loss of preference per kilometre from home; preference is in chance of a yes.
    crew_km: float = 0.012
    #: Loss per kilometre beyond what the person said.
    crew_beyond_km: float = 0.05
    #: Loss at full load: recent services over the person's weekly limit.
    crew_load: float = 0.35
    #: Loss per unit of the natural logarithm of recent messages.
    crew_asks: float = 0.03
    #: Loss for leaving one's own team.
    crew_lent: float = 0.1
    #: Loss while the person still owes an answer about the same slot.
    crew_owed: float = 0.15
    #: People of other teams kept in reserve, at most; those who may lead the topic come on top.
    lent_reserve: int = 40

    # ---- suggestion of a department
    #: Open orders that double a department's time to claim.
    department_backlog: float = 30.0
    #: How much longer a responsible department may take before the lead department is preferred.
    responsible_factor: float = 1.3

    # ---- morning plan
    #: Points an order is worth beyond its score, so that a served order beats an idle team; as a share of `worth`.
    served_share: float = 1.0
    #: Slots of a team that a plan considers per order.
    plan_slots: int = 3
    #: Times the plan is solved again because a crew turned out impossible.
    plan_rounds: int = 3
    #: Orders of one urgency above which a plan is made district by district.
    plan_whole: int = 400
    #: Orders of a district that are planned together, at most.
    plan_piece: int = 150
    #: Teams per order that a plan by districts looks at, the nearest.
    plan_look: int = 16
    #: Of these, the best that it considers; a smaller plan considers all.
    plan_teams: int = 8
    #: How often each district chooses.
    plan_sweeps: int = 2
