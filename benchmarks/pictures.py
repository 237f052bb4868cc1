"""What a coordinator sees: the demo's screen at four moments, and sixty points in standby; as pictures for docs/pictures.md.

    python benchmarks/pictures.py docs/pictures          writes the five pictures, in some two minutes (`make pictures`)

The demo runs with points that are made up (its firmware would only add time), the sixty points without boards at all.
"""

import argparse
import base64
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from host.web.browser import Browser
from host.web.scene import FakeSource
from paraat.domain.model import PointView, SampleSet
from paraat.domain.points import Point, PointBoard, Tank
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from paraat.simulate.demo import T0_UNIX
from paraat.simulate.servers import free_port
from paraat.site.profiles import profile_of, read_profiles
from paraat.web.app import create_app
from paraat.web.server import serve

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT, SCALE = 1600, 880, 0.55
# Hours of the story: standby; the mains are out, two open and one waits; one is late; fuel runs low.
MOMENTS = (("demo-1-standby", 0.3), ("demo-2-opening", 1.0), ("demo-3-late", 2.8), ("demo-4-fuel", 4.7))
LIMIT_S = 240.0
POINTS, ENOUGH = 60, 3
T0 = 1764000000.0


def take(browser: Browser, url: str, path: Path) -> None:
    """A picture of the top of a page."""
    browser.open(url, WIDTH, HEIGHT)
    part = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": SCALE}
    taken = browser.command("Page.captureScreenshot", format="png", clip=part)
    path.write_bytes(base64.b64decode(taken["data"]))
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB", flush=True)


def follow_demo(browser: Browser, folder: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = [
        str(Path(sys.executable).with_name("paraat")),
        "demo",
        "--boards",
        "made-up",
        "--json",
        "--port",
        str(port),
    ]
    demo = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    try:
        until = time.monotonic() + LIMIT_S
        for name, at_h in MOMENTS:
            while (now := story_h(url)) is None or now < at_h:
                if demo.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"the demo was over before {at_h} h of its story")
                time.sleep(0.2)
            take(browser, url, folder / f"{name}.png")
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(LIMIT_S)


def story_h(url: str) -> float | None:
    """Hours of the story that have passed; None: nobody answers yet."""
    try:
        with urllib.request.urlopen(f"{url}api/v1/points", timeout=5) as answer:
            now = datetime.fromisoformat(json.load(answer)["now"])
    except (OSError, ValueError):
        return None
    return (now.timestamp() - T0_UNIX) / 3600


def standby() -> list[PointView]:
    """Sixty points of nl-pilot in standby, of which three have a tank that reaches the 72 hours."""
    chance = random.Random(1)
    points = {}
    for n in range(POINTS):
        large = n < ENOUGH
        tank = Tank(capacity_l=1000 if large else chance.choice((200, 400, 600)), burn_l_per_h=8, reserve_l=15)
        name = f"nsp-{n + 1:04d}"
        points[name] = Point(
            id=name, name=f"Steunpunt {n + 1}", municipality="Voorbeeldstad", capacity=150, tank=tank,
            board=PointBoard(type="esp32_devkitc_ve"),
        )  # fmt: skip
    profile = profile_of(Path(), next(iter(points.values())), read_profiles(Path("/nonexistent")))
    profiles = dict.fromkeys(points, profile)
    tracker = Tracker(points, Alerts(), profiles=profiles, since=T0, counts=lambda _: (10, 0))
    for name in points:
        level = 97.0 if points[name].tank.capacity_l == 1000 else chance.uniform(45, 98)
        for n in range(10):
            tracker.apply(a_set(name, n, level))
    return tracker.views(T0 + 600)


def a_set(point: str, n: int, level: float) -> SampleSet:
    t = T0 + 60 * n
    values = {
        "fuel/level": level, "power/mains": True, "power/generator": False, "battery/voltage": 12.7,
        "climate/temperature": 19.2, "people/present": 0,
    }  # fmt: skip
    return SampleSet(point=point, kind="telemetry", seq=n + 1, t=t, received_at=t + 1, values=values, faults={})


def show_standby(browser: Browser, folder: Path) -> None:
    views = standby()
    source = FakeSource(views)
    source.clock.t = T0 + 600
    short = [view for view in views if view.autonomy is not None and view.autonomy.hours_low < 72]
    print(f"{len(views)} points in standby, {len(short)} of which do not reach 72 hours")
    server = serve(create_app(source), "127.0.0.1", free_port())
    try:
        take(browser, f"http://127.0.0.1:{server.port}/", folder / "standby-60.png")
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of what a coordinator sees.")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, closing(Browser(Path(profile))) as browser:
        show_standby(browser, asked.folder)
        follow_demo(browser, asked.folder)


if __name__ == "__main__":
    main()
