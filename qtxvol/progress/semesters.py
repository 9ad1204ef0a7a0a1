"""School terms: the usual first and last days, and which term a day counts for; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class TermSpan:
    """A school term, first and last day included."""

    id: str
    starts_on: date
    ends_on: date

    def elapsed(self, day: date) -> float:
        """The share of the term that is over at the end of `day`, 0.0 to 1.0."""
        whole = (self.ends_on - self.starts_on).days + 1
        return min(1.0, max(0.0, ((day - self.starts_on).days + 1) / whole))


def usual_terms(first_year: int, last_year: int) -> Iterator[TermSpan]:
    """Spring 1 March to 15 July, autumn 1 September to 15 January, of each year."""
    for year in range(first_year, last_year + 1):
        yield TermSpan(f"{year}-spring", date(year, 3, 1), date(year, 7, 15))
        yield TermSpan(f"{year}-autumn", date(year, 9, 1), date(year + 1, 1, 15))


def term_names(term_id: str) -> tuple[str, str]:
    """Chinese and English: "2025—2026学年第一学期", "Autumn term 2025-2026"."""
    year, season = int(term_id[:4]), term_id[5:]
    first = year if season == "autumn" else year - 1
    part, name = ("一", "Autumn") if season == "autumn" else ("二", "Spring")
    return f"{first}—{first + 1}学年第{part}学期", f"{name} term {first}-{first + 1}"


def term_of(day: date, terms: Iterable[TermSpan]) -> TermSpan | None:
    """The term that `day` lies in, or the one before when it lies in the holidays; None before the first."""
    begun = [term for term in terms if term.starts_on <= day]
    return max(begun, key=lambda term: term.starts_on, default=None)
