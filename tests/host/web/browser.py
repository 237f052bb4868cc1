"""A real chromium, and the few things that tests do with it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paraat.simulate.servers import free_port
from waiting import LIMIT_S

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",  # a container has little of it, and a page that finds none crashes
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class Browser:
    """One chromium, and the few things these tests do with it."""

    def __init__(self, profile: Path, *more_flags: str) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, *more_flags, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Selenium's own choice of a port may be somebody else's by the time chromedriver listens there.
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver", port=free_port()))

    def close(self) -> None:
        self.driver.quit()

    def open(self, url: str, width: int = 1600, height: int = 900, *, live: bool = True, **media: str) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        features = [{"name": name.replace("_", "-"), "value": to} for name, to in media.items()]
        self.command("Emulation.setEmulatedMedia", features=features)
        self.errors()  # of the page before
        self.driver.get(url)
        if live:
            self.until("return document.documentElement.classList.contains('is-live')")

    def command(self, name: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str = "body") -> str:
        """What can be seen of an element, without what CSS hides."""
        said: str = self.run("return document.querySelector(arguments[0]).innerText", selector)
        return said

    def until(self, script: str, *arguments: Any) -> Any:
        """Run a script until it returns something true."""
        return until(lambda: self.run(script, *arguments), script)

    def until_text(self, words: str, selector: str = "body") -> None:
        until(lambda: words in self.text(selector), f"{words!r} in {selector}")

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for what another process does; the time is only the limit of our patience."""
    end = time.monotonic() + LIMIT_S
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {LIMIT_S:g} s: {what}")
        time.sleep(0.05)
    return found


# The texts whose contrast is poorer than WCAG's AA asks, each with its ratio.
CONTRAST = """
const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const light = ([r, g, b]) => {
  const f = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
};
const over = (top, under) => {
  const a = top[3] ?? 1;
  return [0, 1, 2].map(i => top[i] * a + under[i] * (1 - a));
};
// The plain background, and the same under the darkest stripe of a hatching.
const backgrounds = e => {
  if (e === null) return [[255, 255, 255]];
  const style = getComputedStyle(e), colour = parse(style.backgroundColor);
  const below = colour[3] === undefined ? [[0, 0, 0]] : backgrounds(e.parentElement);
  const under = below.map(u => over(colour, u));
  const stripe = style.backgroundImage.match(/rgba?\\([^)]*\\)/g) || [];
  return under.concat(stripe.flatMap(s => under.map(u => over(parse(s), u))));
};
const poor = [];
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
  if (!e.getClientRects().length || e.closest('.unseen, .skip')) continue;
  const style = getComputedStyle(e), size = parseFloat(style.fontSize);
  if (size === 0) continue;
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  for (const background of backgrounds(e)) {
    const [a, b] = [light(parse(style.color)), light(background)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) poor.push([e.textContent.trim(), ratio.toFixed(2)]);
  }
}
return poor;
"""
