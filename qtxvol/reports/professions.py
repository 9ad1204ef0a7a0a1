"""What volunteers do for a living, as far as their skills tell; pure. Everybody is in the first group that fits."""

from collections.abc import Mapping
from dataclasses import dataclass

from qtxvol.orders.lifecycle import Label


@dataclass(frozen=True, slots=True)
class Profession:
    """A group of trades, and the skill codes that tell of it."""

    name: Label
    skills: tuple[str, ...]


#: In the order in which they are tried. Trades with a licence come first.
PROFESSIONS: Mapping[str, Profession] = {
    "medical": Profession(
        Label("医药卫生", "Medicine and health"),
        ("clinician", "pharmacist", "public_health", "counsellor", "nutrition"),
    ),
    "farming": Profession(
        Label("农林牧技术", "Farming, forestry, livestock"), ("agronomist", "viticulture", "veterinarian")
    ),
    "research": Profession(
        Label("科研与自然科学", "Research and natural science"), ("researcher", "ecology", "meteorology")
    ),
    "engineering": Profession(
        Label("工程、安全与技能", "Engineering, safety, trades"),
        ("safety_engineer", "fire_safety", "emergency_trainer", "quality", "vocational_trainer"),
    ),
    "education": Profession(
        Label("教育", "Education"), ("teacher", "experiment", "robotics", "innovation_coach", "fitness")
    ),
    "communication": Profession(
        Label("科普宣传与信息", "Science communication, IT"),
        ("speaker", "guide", "smartphone", "anti_fraud", "media_literacy", "app_promoter", "ecommerce",
         "business_mentor", "first_aid"),
    ),
}  # fmt: skip

#: Whoever has named no such skill.
OTHER = "other"
OTHER_NAME = Label("其他或未填", "Other or not said")


def name_of(code: str) -> Label:
    """The group's name."""
    return PROFESSIONS[code].name if code in PROFESSIONS else OTHER_NAME
