"""What a list shows, in words: the names behind the codes of its filters."""

from collections.abc import Sequence
from dataclasses import dataclass

from qtxvol.accounts.actor import Actor
from qtxvol.directory.queries import DepartmentEntry, get_division_names, list_departments, list_terms
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.queries import Filters, find_tab
from qtxvol.web.desk_frame import TAB_LABELS
from qtxvol.web.display import is_english, pick, status_label
from qtxvol.web.i18n import _
from qtxvol.web.list_filters import DUE_LABELS, SORT_LABELS, URGENCY_LABELS

#: Desks whose people see orders of many places and departments, and may narrow the list to one.
_SEES_PLACES = (Party.COMMUNITY, Party.OFFICE)


@dataclass(frozen=True, slots=True)
class ListWords:
    """The names that filters stand for; read once for all of them, in at most three statements."""

    departments: dict[str, DepartmentEntry]
    divisions: dict[str, str]
    themes: dict[str, str]

    @classmethod
    def read(cls, actor: Actor) -> "ListWords":
        sees_places = actor.party in _SEES_PLACES
        return cls(
            {each.id: each for each in list_departments()} if sees_places else {},
            get_division_names("en" if is_english() else "zh") if sees_places else {},
            {term.code: pick(term.name, term.name_en) for term in list_terms("theme")},
        )

    def of(self, filters: Filters) -> dict[str, str]:
        """Field of the filters → what it says; those that say nothing are left out."""
        words = {
            "text": _("“%(words)s”", words=filters.text) if filters.text else "",
            "division_code": self.divisions.get(filters.division_code, filters.division_code),
            "department_id": self._department_name(filters.department_id),
            "theme": self.themes.get(filters.theme, filters.theme),
            "urgency": str(URGENCY_LABELS[filters.urgency]) if filters.urgency else "",
            "due": str(DUE_LABELS[filters.due]) if filters.due else "",
            "status": status_label(filters.status) if filters.status else "",
            "only_on_behalf": _("代点单") if filters.only_on_behalf else "",
            "sort": str(SORT_LABELS[filters.sort]) if filters.sort else "",
        }
        return {field: text for field, text in words.items() if text}

    def _department_name(self, department_id: str) -> str:
        entry = self.departments.get(department_id)
        return pick(entry.short_name, entry.name_en) if entry else department_id


def words_of(lists: Sequence[Filters], actor: Actor) -> list[str]:
    """What each of several lists shows, in a line of words: the tab, then everything that it is narrowed to."""
    if not lists:
        return []
    words = ListWords.read(actor)
    tabs = [str(TAB_LABELS[find_tab(actor.party, filters.tab).zh]) for filters in lists]
    return [_("；").join([tab, *words.of(filters).values()]) for tab, filters in zip(tabs, lists, strict=True)]
