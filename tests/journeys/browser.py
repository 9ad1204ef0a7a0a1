"""Chromium as a person in the city has it: Chinese, Shanghai time, a phone or a desk; and what it must never show."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Response, WebError, expect, sync_playwright

#: A shared machine may be slow; nobody waits so long when it is not.
PATIENCE_MS = 20_000

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]

#: Says on the console when the page is wider than the screen, now or after something was unfolded.
#: On a phone `innerWidth` grows with a page that is too wide, `clientWidth` does not.
_MEASURE = """
(() => {
  const measure = () => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return;
    const wide = [...document.querySelectorAll('body *')]
      .filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1)
      .slice(0, 4)
      .map((one) => one.tagName + '.' + one.className);
    console.error(`too wide: ${root.scrollWidth} > ${root.clientWidth} ${wide.join(' ')}`);
  };
  addEventListener('load', measure);
  // what is open from the start toggles while the sheets are still on their way
  addEventListener('toggle', () => document.readyState === 'complete' && measure(), true);
  document.addEventListener('securitypolicyviolation', (event) => {
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
  });
})();
"""


@dataclass(frozen=True)
class Screen:
    """How large, and whether it is touched."""

    name: str
    width: int
    height: int
    is_phone: bool

    def options(self) -> dict[str, Any]:
        """For a browser context."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "is_mobile": self.is_phone,
            "has_touch": self.is_phone,
            "locale": "zh-CN",
            "timezone_id": "Asia/Shanghai",
        }


PHONE = Screen("390", 390, 844, is_phone=True)
DESKTOP = Screen("1280", 1280, 900, is_phone=False)


def find_chromium() -> str | None:
    """The path of Debian's Chromium: the one without windows, which needs a third less time, or the whole."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@contextmanager
def launch(executable: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=_ARGUMENTS, env={**os.environ, "LANGUAGE": "zh_CN"}
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """Looks over every visitor's shoulder. `faults` must stay empty."""

    faults: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        context.add_init_script(_MEASURE)
        context.on("console", self._hear)
        context.on("weberror", self._catch)
        context.on("response", self._read)

    def _hear(self, message: ConsoleMessage) -> None:
        # what could not be loaded is judged by its response, below: a page that refuses (409, 422) is no fault
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"{message.location.get('url', '')}: {message.text}")

    def _catch(self, error: WebError) -> None:
        self.faults.append(f"{error.page.url if error.page else ''}: {error.error}")

    def _read(self, response: Response) -> None:
        if response.request.service_worker:
            return  # what the worker has asked for on behalf of a page is judged as the page's, once
        is_part = response.request.resource_type != "document"
        if response.status >= 500 or (is_part and response.status >= 400):
            self.faults.append(f"{response.url}: {response.status}")
