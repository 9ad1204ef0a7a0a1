"""Why nobody can be asked for an order now, and what those have said who were asked. Pure.

The reasons are the core's, as plans give them (`matching.words.UNSERVED`), so that a plan, the order's page, the answer
to a button and the notice agree.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from qtxvol.matching.words import UNSERVED
from qtxvol.orders.lifecycle import Label

#: Reasons that new times of the resident's can help.
HELPED_BY_TIMES = frozenset({"no_time", "all_declined", "no_hands"})

#: For a notice, without full stop; the Chinese is the core's, the pages have theirs in `web.nobody_words`.
_ENGLISH = {
    "no_time": "all wished times are past or too near",
    "no_team": "no team knows the topic and comes there",
    "all_declined": "all were asked",
    "all_quiet": "all were asked enough or take a pause",
    "no_hands": "nobody is free at the wished times",
}
#: Of the reasons why an order stays unserved in a plan those that no other plan could help: no team could be asked.
ASKED_NOBODY = frozenset(_ENGLISH)


@dataclass(frozen=True, slots=True)
class NobodyLeft:
    """Nobody can be asked.

    :ivar why: a key of `matching.words.UNSERVED`. :ivar said_no: so many teams. :ivar unanswered: teams that were asked
        and have not answered, lately or for long. :ivar had_it: teams that said yes, or had the order, and gave it up.
    """

    why: str
    said_no: int = 0
    unanswered: int = 0
    had_it: int = 0

    @classmethod
    def of(cls, why: str, answers: Iterable[str]) -> "NobodyLeft":
        """:param answers: of each team that is not asked again: `declined`, `asked`, `asked_silent` or `had_it`."""
        counts = Counter(answers)
        return cls(why, counts["declined"], counts["asked"] + counts["asked_silent"], counts["had_it"])

    @property
    def asked(self) -> int:
        return self.said_no + self.unanswered + self.had_it

    @property
    def is_told_of_all(self) -> bool:
        """The reason is all there is to say: nobody was asked, or no time is left, whatever they said."""
        return self.why == "no_time" or not self.asked

    def as_about(self) -> dict[str, str]:
        """The reason in both languages, for `Notice.about`; short enough for its mask."""
        why = Label(UNSERVED[self.why], _ENGLISH[self.why])
        if self.is_told_of_all:
            return {"reason": why.zh, "reason_en": why.en}
        if self.why == "all_declined":
            return {"reason": f"{why.zh}，{self._answers_zh()}", "reason_en": f"{why.en}: {self._answers_en()}"}
        rest = f"问过的队里，{self._answers_zh()}；其余的，{why.zh}"
        return {"reason": rest, "reason_en": f"besides those asked, {why.en}"}

    def _answers_zh(self) -> str:
        counts = ((self.said_no, "接不了"), (self.unanswered, "还没有答复"), (self.had_it, "接过又退出"))
        return "，".join(f"{count} 支{what}" for count, what in counts if count)

    def _answers_en(self) -> str:
        counts = ((self.said_no, "said no"), (self.unanswered, "silent so far"), (self.had_it, "gave it up"))
        return ", ".join(f"{count} {what}" for count, what in counts if count)
