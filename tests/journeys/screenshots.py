"""Pictures of every page, for README, handbooks and review: `.venv/bin/python -m tests.journeys.screenshots [NAME …]`.

Makes the demo city (fixed seed, fixed moment) in a temporary folder, serves it, and writes one PNG per entry of the
catalogue and screen to docs/screenshots/; with names, only those. Pictures of pages that are gone are deleted. Only
order numbers, codes and links differ from one run to the next.
"""

import io
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.journeys.browser import DESKTOP, PHONE, Screen, find_chromium, launch
from tests.journeys.catalogue import CATALOGUE, Entry
from tests.journeys.scene import make_city_file, stage, visitor

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"

#: Pages are flat colour and text: so many colours are enough, and a third of the bytes.
_COLOURS = 32
#: A phone's page may be long; more than this nobody looks at.
_HIGHEST = 1500


@dataclass
class Camera:
    """A window at the demo city, with a screen of this kind."""

    page: Page
    screen: Screen

    def take(self, name: str) -> None:
        """Write the page as it stands, nothing pointed at; on a phone down to its end."""
        self.page.mouse.move(0, 0)
        self.page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        if self.screen.is_phone:
            height = min(_HIGHEST, int(self.page.evaluate("document.documentElement.scrollHeight")))
            self.page.set_viewport_size({"width": self.screen.width, "height": max(height, self.screen.height)})
        raw = self.page.screenshot(animations="disabled")
        self.page.set_viewport_size({"width": self.screen.width, "height": self.screen.height})
        with Image.open(io.BytesIO(raw)) as picture:
            small = picture.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            small.save(FOLDER / f"{name}-{self.screen.name}.png", optimize=True)


def choose(names: Sequence[str]) -> list[Entry]:
    """Entries of these names; all without any.

    :raise SystemExit: a name that nothing has.
    """
    known = {entry.name for entry in CATALOGUE}
    if unknown := set(names) - known:
        raise SystemExit(f"no such page: {', '.join(sorted(unknown))}")
    return [entry for entry in CATALOGUE if not names or entry.name in names]


def delete_pictures_of_no_page() -> None:
    wanted = {f"{entry.name}-{screen.name}.png" for entry in CATALOGUE for screen in (PHONE, DESKTOP)}
    for file in FOLDER.glob("*.png"):
        if file.name not in wanted:
            file.unlink()


def main(names: Sequence[str] = ()) -> int:
    executable = find_chromium()
    if executable is None:
        print("no chromium on this machine", file=sys.stderr)
        return 1
    entries = choose(names)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        stage(make_city_file(Path(folder))) as scene,
        launch(executable) as browser,
    ):
        for screen in (PHONE, DESKTOP):
            with visitor(browser, scene, **screen.options()) as person:
                for entry in entries:
                    person.open(entry)
                    Camera(person.page, screen).take(entry.name)
                    print(f"{entry.name}-{screen.name}.png")
    if not names:
        delete_pictures_of_no_page()
    files = list(FOLDER.glob("*.png"))
    print(f"{len(files)} pictures, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
