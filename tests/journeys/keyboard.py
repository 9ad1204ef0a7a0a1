"""Somebody who has no mouse: Tab, Shift+Tab, Space, Enter, arrows and letters, and a look at every stop on the way."""

from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, expect

#: Stops on the longest way between two things, or right around a page.
_MOST_STOPS = 250
#: A date has a stop for each of its parts, and one for the calendar.
_MOST_IN_ONE_FIELD = 8

#: What has the focus: its name, whether a ring stands around it, whether at least some of it can be seen. None when
#: nothing has. A card is its control's; whatever lies on top at a point is what the eye sees there, so that bars which
#: stick or float (WCAG 2.4.11) and frames which cut off are found alike. The calendar in a date field has the browser's
#: own ring; the field itself doesn't count as focused then.
_LOOK = """
() => {
  const here = document.activeElement;
  if (!here || here === document.body || here === document.documentElement) return null;
  window.stops = window.stops || new Set();
  const isSame = window.lastStop === here;
  const isOld = window.stops.has(here);
  window.lastStop = here;
  window.stops.add(here);
  const card = here.matches('input[type=radio], input[type=checkbox]') && here.closest('label');
  const shown = card || here;
  const styles = [getComputedStyle(here), getComputedStyle(here, '::after')];
  if (card && here.nextElementSibling) styles.push(getComputedStyle(here.nextElementSibling));
  const hasOutline = styles.some((one) => one.outlineStyle === 'solid' && parseFloat(one.outlineWidth) >= 2);
  const hasStroke = here instanceof SVGElement && [...here.querySelectorAll('*')].map((one) => getComputedStyle(one))
    .some((one) => one.stroke !== 'none' && parseFloat(one.strokeWidth) >= 2);
  const isAtCalendar = !here.matches(':focus');
  const parts = [.1, .3, .5, .7, .9];
  const isSeen = [...shown.getClientRects()].some((box) => parts.some((down) => parts.some((along) => shown.contains(
    document.elementFromPoint(box.left + box.width * along, box.top + box.height * down)))));
  const label = here.labels && here.labels.length ? here.labels[0].innerText : here.innerText || here.title;
  const name = `${here.tagName.toLowerCase()}${here.id ? '#' + here.id : ''} ${(label || '').trim().slice(0, 30)}`;
  const isInMain = !!here.closest('#main');
  const hasRing = hasOutline || hasStroke || isAtCalendar;
  return {name, is_same: isSame, is_old: isOld, has_ring: hasRing, is_seen: isSeen, is_in_main: isInMain};
}
"""

#: To where the page's own part begins, or to just behind its end; false where it has none.
_START = """
(isBackwards) => {
  const start = isBackwards ? document.querySelector('.foot a') : document.getElementById('main');
  if (start) start.focus();
  return !!start;
}
"""

#: What Tab should have come to and has not. The radios of a group are one stop.
_MISSED = """
(within) => {
  const stops = [...window.stops];
  const isVisited = (one) => window.stops.has(one) || (one.type === 'radio'
    && stops.some((other) => other.type === 'radio' && other.name === one.name && other.form === one.form));
  return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    .filter((one) => one.closest(within))
    .filter((one) => one.checkVisibility() && one.tabIndex >= 0 && !one.disabled && !isVisited(one))
    .map((one) => one.outerHTML.slice(0, 100));
}
"""


@dataclass(frozen=True)
class Stop:
    """Where the focus is.

    :ivar is_same: it was there one key before.
    :ivar is_old: it has been there before.
    :ivar is_in_main: in the page's own part, not in its frame.
    """

    name: str
    is_same: bool
    is_old: bool
    has_ring: bool
    is_seen: bool
    is_in_main: bool

    @property
    def faults(self) -> list[str]:
        return [
            *([] if self.has_ring else [f"no ring around {self.name}"]),
            *([] if self.is_seen else [f"hidden: {self.name}"]),
        ]


@dataclass
class Keyboard:
    """The keys of `page`'s reader. Every stop of Tab must be seen and marked."""

    page: Page
    _way: list[str] = field(default_factory=list)

    def go_to(self, what: Locator, key: str = "Tab") -> None:
        """Tab, or Shift+Tab, until it has the focus."""
        expect(what).to_be_attached()
        self._way = []
        for _ in range(_MOST_STOPS):
            if what.evaluate("element => element === document.activeElement"):
                return
            self._step(key)
        raise AssertionError(f"{key} never comes to {what}: {self._way}")

    def enter(self, what: Locator) -> None:
        """Follow a link, press a button, unfold."""
        self.go_to(what)
        self.page.keyboard.press("Enter")

    def press(self, name: str) -> None:
        """The button with exactly this on it."""
        self.enter(self.page.get_by_role("button", name=name, exact=True))

    def type(self, field: Locator, text: str) -> None:
        """Over what stands there: Tab into a field marks all of it. Chinese comes from an input method."""
        self.go_to(field)
        self.page.keyboard.insert_text(text)
        expect(field).to_have_value(text)

    def tick(self, box: Locator) -> None:
        self.go_to(box)
        self.page.keyboard.press("Space")
        expect(box).to_be_checked()

    def pick_card(self, group: str, name: str) -> None:
        """Into the group, then down to the card whose name contains `name`."""
        radios = self.page.get_by_role("group", name=group).get_by_role("radio")
        wanted = radios.and_(self.page.get_by_role("radio", name=name))
        self.go_to(radios.and_(self.page.locator(":checked")) if self._is_any_checked(radios) else radios.first)
        self.page.keyboard.press("Space")
        for _ in range(radios.count()):
            if wanted.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
            self._look()
        raise AssertionError(f"the arrows never come to {name}")

    def pick_option(self, field: Locator, name: str) -> None:
        """Down the list of a select."""
        self.go_to(field)
        for _ in range(field.locator("option").count()):
            if name in field.locator("option:checked").inner_text():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows never come to {name}")

    def type_date(self, field: Locator, day: str) -> None:
        """Part by part; their order is the browser's, which not every machine has in Chinese."""
        year, month, date = day.split("-")
        self.go_to(field)
        for parts in ((year, month, date), (month, date, year)):
            for position, part in enumerate(parts):
                if position:
                    self.page.keyboard.press("ArrowRight")
                self.page.keyboard.type(part)
            if field.input_value() == day:
                return
            self.page.keyboard.press("Shift+Tab")
            self.go_to(field)
        raise AssertionError(f"{day} can't be typed")

    def go_round(self, key: str = "Tab") -> list[str]:
        """Right around a fresh page: stops that can't be seen, and what is never reached."""
        faults: list[str] = []
        repeats = 0
        for _ in range(_MOST_STOPS):
            self.page.keyboard.press(key)
            stop = self._find_stop()
            if stop is None:
                continue  # between the end and the beginning the browser has stops of its own
            if stop.is_old and not stop.is_same:
                break
            repeats = repeats + 1 if stop.is_same else 0
            if repeats > _MOST_IN_ONE_FIELD:
                return [*faults, f"trapped in {stop.name}"]
            faults += stop.faults
        else:
            faults.append("no end")
        return [*faults, *(f"{key} never comes to {each}" for each in self.page.evaluate(_MISSED, "body"))]

    def go_through(self, key: str = "Tab") -> list[str]:
        """The same for the page's own part, where the frame around it is known."""
        faults: list[str] = []
        repeats = 0
        if not self.page.evaluate(_START, key != "Tab"):
            return self.go_round(key)
        for _ in range(_MOST_STOPS):
            self.page.keyboard.press(key)
            stop = self._find_stop()
            if stop is None or not stop.is_in_main:
                break
            repeats = repeats + 1 if stop.is_same else 0
            if repeats > _MOST_IN_ONE_FIELD or (stop.is_old and not stop.is_same):
                return [*faults, f"trapped in {stop.name}"]
            faults += stop.faults
        else:
            faults.append("no end")
        return [*faults, *(f"{key} never comes to {each}" for each in self.page.evaluate(_MISSED, "#main"))]

    def _step(self, key: str) -> None:
        self.page.keyboard.press(key)
        self._look()

    def _look(self) -> None:
        stop = self._find_stop()
        self._way.append(stop.name if stop else "the browser's own bar")
        faults = stop.faults if stop else []
        assert not faults, f"{faults} after {self._way}"

    def _find_stop(self) -> Stop | None:
        found = self.page.evaluate(_LOOK)
        return Stop(**found) if found else None

    @staticmethod
    def _is_any_checked(radios: Locator) -> bool:
        return bool(radios.evaluate_all("all => all.some((one) => one.checked)"))
