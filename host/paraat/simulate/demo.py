"""`paraat demo`: a blackout in faster time, with the real firmware, a real broker and the real host, on loopback.

The story (story.py) takes seven hours; the clock of the host and of the boards runs so much faster that it is told in
less than two minutes. The broker goes away in the middle. At the end the boards' own journals are read from their
files, and every entry that was ever written must be in the host's journal.
"""

import json
import logging
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from paraat.boards.node_config import node_config
from paraat.domain.facts import Author
from paraat.domain.model import AlertState
from paraat.runtime.clock import ScaledClock
from paraat.service import Service, ServiceError
from paraat.simulate import boards, fleet, story
from paraat.simulate.screen import Screen
from paraat.simulate.servers import InfluxServer, LocalBroker, ServerError, find_broker, find_program
from paraat.simulate.summary import Summary
from paraat.site import paths
from paraat.site.site import Site, load_site
from paraat.texts import Phrase, Words, reason

_log = logging.getLogger(__name__)

STORY_REAL_S = 105.0  # what the story takes when nobody asks for another duration
MIN_DURATION_S = 20.0
_TAIL_REAL_S = 5.0  # of a duration: for what is under way to arrive, and the summary
T0_UNIX = 1796061600.0  # a Monday evening in the winter: 30 November 2026, 19:00 in Amsterdam
_FRAME_S = 0.25
_SETTLE_LIMIT_S = 60.0  # a machine that is slow needs it; nobody else comes near
_CALM_LIMIT_S = 120.0  # for boards that lag behind the story, because the processor cannot keep up
_SETTLED_S = 1.0  # so long nothing new has come
_REUNION_S = 7.0  # real seconds that boards and host get to meet again on a broker that has come back
_SEND_AGAIN_S = 2.0  # what the host has not acknowledged; real seconds
BUCKET = "paraat"
_SOMEBODY = Author(name="demo", way="cli")


class Points(Protocol):
    """The three points, as firmware or made up."""

    kind: str

    def start(self) -> None:
        """Power on."""
        ...

    def step(self, clock: ScaledClock) -> None:
        """A moment has passed."""
        ...

    def end_story(self, story_s: float) -> None:
        """From this second of the story on nothing new happens."""
        ...

    def stop(self) -> None:
        """Pull the plug."""
        ...

    def waiting(self) -> bool:
        """True while a point is known to hold something that the host has not acknowledged."""
        ...

    def made(self) -> dict[str, int]:
        """Entries (sets and events) that each point ever made. After stop."""
        ...

    def faults(self) -> list[str]:
        """What went wrong with a point itself."""
        ...


def run(
    *,
    duration_s: float | None,
    as_json: bool,
    language: str,
    web_port: int,
    broker_kind: str,
    boards_kind: str,
    keep: Path | None,
    stop: threading.Event,
) -> int:
    """Play the story. Returns 0, or 1 when a set is missing or was stored twice, or when something did not start."""
    screen = Screen(language, quiet=as_json)
    with ExitStack() as stack:
        try:
            _check_duration(duration_s)
            directory = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paraat-demo-")))
            _make_empty(directory)
        except ValueError as error:
            _complain(error, as_json, language)
            return 2
        stack.enter_context(_log_to(directory / "host.log"))
        try:
            summary = _play(directory, duration_s, language, web_port, broker_kind, boards_kind, stop, screen)
        except (ServerError, ServiceError, OSError) as error:
            _complain(Phrase("the demo cannot start: {error}", error=error), as_json, language)
            return 1
    if as_json:
        print(msgspec.json.encode(summary, enc_hook=str).decode())
    else:
        screen.summary(summary, keep)
    return 1 if summary.missing or summary.duplicates_stored or summary.problems else 0


def _check_duration(duration_s: float | None) -> None:
    if duration_s is not None and duration_s < MIN_DURATION_S:
        least, given = f"{MIN_DURATION_S:g}", f"{duration_s:g}"
        raise ValueError(
            Phrase("--duration {given}: the story needs at least {least} seconds", given=given, least=least)
        )


def _make_empty(path: Path) -> None:
    """Make the folder of --keep where it is not there. Raises ValueError where the demo cannot write into it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise ValueError(
                Phrase("--keep {path}: found a folder with files in it; expected a new or empty one", path=path)
            )
        (path / "host.log").touch()
    except OSError as error:
        raise ValueError(
            Phrase("--keep {path}: {why}; expected a folder to write into", path=path, why=reason(error))
        ) from error


def _complain(what: object, as_json: bool, language: str) -> None:
    """Why there is no summary: for a script where the summary would be, for people on stderr."""
    if as_json:
        print(json.dumps({"error": str(what)}))
    else:
        print(f"paraat: {Words(language).say(what)}", file=sys.stderr)


def _play(
    directory: Path,
    duration_s: float | None,
    language: str,
    web_port: int,
    broker_kind: str,
    boards_kind: str,
    stop: threading.Event,
    screen: Screen,
) -> Summary:
    began_s = time.monotonic()
    story_real_s = STORY_REAL_S if duration_s is None else min(STORY_REAL_S, duration_s - _TAIL_REAL_S)
    speed = story.STORY_S / story_real_s
    with ExitStack() as stack:
        broker = find_broker(broker_kind, directory / "broker")
        stack.enter_context(broker)
        influx = _influx(directory / "influx", stack)
        site = _site(directory / "site", broker.port, influx, web_port, language, speed)
        clock = ScaledClock(T0_UNIX, speed)
        points = _points(boards_kind, directory / "boards", site, speed, time.time())
        service = Service(site, clock=clock, next_free_port=True, sole_host=True)
        service.start()
        stack.callback(points.stop)
        stopped = ExitStack()
        stack.enter_context(stopped)
        stopped.callback(service.stop)
        stage = _Stage(broker, service, points, clock, screen)
        played = "no-wheel" if points.kind == "made-up" and boards.micropython() is None else points.kind
        screen.begin(service, played, broker.name, influx is not None, web_port)
        points.start()
        # The story is told whole, however long it took to set the stage.
        told_s = time.monotonic() + (story.STORY_S - clock.story_s()) / speed
        if duration_s is not None:
            stage.tell(stop, max(told_s, began_s + duration_s - _TAIL_REAL_S))
        else:  # without a terminal nobody is there to press Ctrl-C
            stage.tell(stop, None if screen.interactive else told_s + 1.0)
        points.stop()
        influx_points = _influx_points(service, influx)
        stopped.close()
        made = points.made()
        stored, duplicates = _stored(site.path(site.region.journal))
        per_point = {
            point: {"made": made[point], "stored": stored.get(point, 0), "missing": made[point] - stored.get(point, 0)}
            for point in site.points
        }
        return Summary(
            points=per_point,
            sets_made=sum(made.values()),
            sets_stored=sum(stored.values()),
            missing=sum(max(0, counts["missing"]) for counts in per_point.values()),
            duplicates_stored=duplicates,
            alerts_fired=sum(alert.state == "firing" for alert in stage.alerts),
            alerts_resolved=sum(alert.state == "resolved" for alert in stage.alerts),
            boards=points.kind,
            broker=broker.name,
            influx_points=influx_points,
            broker_outage_s=float(story.BROKER_UP_S - story.BROKER_DOWN_S),
            duration_s=round(time.monotonic() - began_s, 1),
            problems=[
                *points.faults(),
                # Nothing missing of nothing made: only who stopped it at once may take that for an answer.
                *(
                    Phrase("{point} measured nothing", point=point)
                    for point in site.points
                    if not made[point] and not stop.is_set()
                ),
            ],
        )


class _Stage:
    """What plays together while the story is told. alerts: those that were announced, in their order."""

    def __init__(
        self, broker: LocalBroker, service: Service, points: Points, clock: ScaledClock, screen: Screen
    ) -> None:
        self._broker = broker
        self._service = service
        self._points = points
        self._clock = clock
        self._screen = screen
        self._broker_up_s = float("-inf")  # time.monotonic()
        self.alerts: list[AlertState] = []
        service.on_alert(self.alerts.append)

    def tell(self, stop: threading.Event, real_end_s: float | None) -> None:
        """Until `stop` or that moment of time.monotonic(), and then until nothing more comes in."""
        chapters = list(story.CHAPTERS)
        deeds = story.deeds(T0_UNIX, _by_word(self._service.site))
        with self._screen:
            while not stop.is_set() and (real_end_s is None or time.monotonic() < real_end_s):
                for key in _due(chapters, self._clock.story_s()):
                    self._turn_to(key)
                while deeds and deeds[0].at_s <= self._clock.story_s():
                    self._service.keep(deeds.pop(0).told, _SOMEBODY)
                self._frame()
                stop.wait(_FRAME_S)
            deadline = time.monotonic() + _CALM_LIMIT_S
            while not stop.is_set() and self._alarming() and time.monotonic() < deadline:
                self._frame()
                stop.wait(_FRAME_S)
            if _is_down(chapters):  # Ctrl-C has come while it was away
                self._turn_to("broker-up")
            # Time to find each other again, while time still runs fast: the boards' waits are counted in it.
            while time.monotonic() < self._broker_up_s + _REUNION_S:
                self._frame()
                time.sleep(_FRAME_S)
            self._turn_to("settle")
            end_s = (
                self._clock.story_s() + self._clock.speed
            )  # a real second ahead: every board sees it before it comes
            self._clock.end_at(end_s)
            self._points.end_story(end_s)
            _settle(self._service, self._points, self._clock)
            self._show()

    def _turn_to(self, chapter: str) -> None:
        self._screen.chapter(chapter, self._clock.now())
        if chapter == "broker-down":
            self._broker.stop()
        elif chapter == "broker-up":
            self._broker.start()
            self._broker_up_s = time.monotonic()

    def _alarming(self) -> bool:
        """Whether an alert is under way that the story's end takes away; at its end so only where the boards lag behind."""
        alerts = self._service.alerts()
        return any(alert.rule in story.ENDED_BY_THE_END and alert.state != "resolved" for alert in alerts)

    def _frame(self) -> None:
        self._points.step(self._clock)
        self._show()

    def _show(self) -> None:
        now = self._clock.now()
        self._screen.show(self._service.views(now), self.alerts, now)


def _by_word(site: Site) -> dict[str, list[str]]:
    """By point what is attested there."""
    return {
        point: [name for name, one in profile.resources.items() if one.by == "word" and one.need != "not-required"]
        for point, profile in site.profiles.items()
    }


def _due(chapters: list[tuple[int, str]], story_s: float) -> Iterator[str]:
    while chapters and chapters[0][0] <= story_s:
        yield chapters.pop(0)[1]


def _is_down(chapters: list[tuple[int, str]]) -> bool:
    """Whether the story, with these chapters still to come, has taken the broker away."""
    keys = [key for _, key in chapters]
    return "broker-up" in keys and "broker-down" not in keys


def _settle(service: Service, points: Points, clock: ScaledClock) -> None:
    """Wait until nothing new has come for a moment and nothing is missing below the highest seq."""
    deadline = time.monotonic() + _SETTLE_LIMIT_S
    before, since = -1, time.monotonic()
    while time.monotonic() < deadline:
        points.step(clock)
        stored = sum(service.journal.stored(point) for point in service.site.points)
        missing = sum(service.journal.missing(point) for point in service.site.points)
        if stored != before or missing:
            before, since = stored, time.monotonic()
        # The story's end lies a second ahead.
        elif time.monotonic() - since > _SETTLED_S + 1.0 and not points.waiting():
            return
        time.sleep(_FRAME_S)


# --- the parts of the stage ------------------------------------------------------------------------


def _site(
    directory: Path, broker_port: int, influx: InfluxServer | None, web_port: int, language: str, speed: float
) -> Site:
    """Three points of the example site, in a site of their own."""
    (directory / "points").mkdir(parents=True)
    for part in story.PARTS:
        text = (paths.example_site_dir() / "points" / f"{part.point}.toml").read_text(encoding="utf-8")
        if target_h := story.TARGET_H.get(part.point):
            text = f"target_h = {target_h}\n{text}"
        (directory / "points" / f"{part.point}.toml").write_text(text, encoding="utf-8")
    # Silence is judged on the story's clock: give a busy machine three real seconds before it counts as silence.
    lines = [
        "[site]",
        'region = "Veiligheidsregio Voorbeeld (demo)"',
        f'language = "{language}"',
        "[broker]",
        f"port = {broker_port}",
        "[web]",
        f"port = {web_port}",
        "[alerts.point_silent]",
        f"after_s = {max(900.0, 3 * speed)}",
    ]
    if influx is not None:
        lines += ["[influx]", f'url = "{influx.url}"', f'bucket = "{BUCKET}"']
        # So is whether it is behind: what waits for two real seconds is some six minutes of the story old.
        lines += [
            "[alerts.database_behind]",
            f"behind_s = {max(900.0, 20 * speed)}",
            f"caught_up_s = {max(120.0, 10 * speed)}",
        ]
    (directory / "site.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_site(directory)


def _influx(directory: Path, stack: ExitStack) -> InfluxServer | None:
    """Debian's InfluxDB where it is installed; the demo does without where it is not or does not start."""
    if find_program("influxd") is None:
        return None
    server = InfluxServer(directory)
    try:
        server.start()
    except ServerError as error:
        _log.warning("without InfluxDB: %s", error)
        server.stop()
        return None
    stack.callback(server.stop)
    server.create_database(BUCKET)
    return server


def _influx_points(service: Service, influx: InfluxServer | None) -> int | None:
    """Readings of fuel that InfluxDB holds, once the sink has caught up."""
    if influx is None:
        return None
    deadline = time.monotonic() + 5
    while service.journal.backlog("influx") and time.monotonic() < deadline:
        time.sleep(0.05)
    rows = influx.query("SELECT count(level_percent) FROM fuel", BUCKET)
    return int(rows[0]["count"]) if rows else 0


def _stored(path: Path) -> tuple[dict[str, int], int]:
    """(different seqs a point, rows that are there twice), counted in the journal's file itself."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        rows = db.execute(
            "SELECT point, count(DISTINCT seq), count(*) FROM entry WHERE seq IS NOT NULL GROUP BY point"
        ).fetchall()
    db.close()
    return {point: seqs for point, seqs, _ in rows}, sum(count - seqs for _, seqs, count in rows)


def _points(kind: str, directory: Path, site: Site, speed: float, real0_unix: float) -> Points:
    scenarios = {
        part.point: story.scenario(part, site.points[part.point], t0_unix=T0_UNIX, real0_unix=real0_unix, speed=speed)
        for part in story.PARTS
    }
    if kind == "made-up" or (kind == "auto" and boards.micropython() is None):
        return MadeUpPoints(site, scenarios)
    return FirmwarePoints(directory, site, scenarios, speed)


class FirmwarePoints:
    """The project's own firmware, under the real MicroPython, one process a board."""

    kind = "firmware"

    def __init__(self, directory: Path, site: Site, scenarios: dict[str, dict[str, Any]], speed: float) -> None:
        built = boards.build(directory / "built")
        # The network is real and does not run faster: its time limits stay what they are in real seconds.
        limits = {
            "keepalive_s": min(65535, int(30 * speed)),
            "timeout_s": int(10 * speed),
            "retry_min_s": max(1, int(0.3 * speed)),
            "retry_max_s": int(2 * speed),
            "ack_timeout_s": int(3 * speed),
        }
        self._boards = []
        for point in site.points:
            # A pause of this machine is minutes of the story: no hardware watchdog would wait for it.
            config = {**node_config(site, point, broker=limits), "watchdog_s": 0}
            self._boards.append(boards.SimulatedBoard(directory / point, config, scenarios[point], built))

    def start(self) -> None:
        for board in self._boards:
            board.start()

    def step(self, clock: ScaledClock) -> None:
        pass

    def end_story(self, story_s: float) -> None:
        for board in self._boards:
            board.end_story(story_s)

    def stop(self) -> None:
        self._died = [board.point for board in self._boards if board.ended]
        for board in self._boards:
            board.stop()

    def waiting(self) -> bool:
        return False  # only the boards know

    def made(self) -> dict[str, int]:
        return {board.point: board.journal()["made"] for board in self._boards}

    def faults(self) -> list[str]:
        return [
            Phrase("the board of {point} ended by itself; see console.txt (--keep DIR)", point=point)
            for point in self._died
        ]


class MadeUpPoints:
    """Where MicroPython's unix port has no wheel: the points are played by the fleet simulator."""

    kind = "made-up"

    def __init__(self, site: Site, scenarios: dict[str, dict[str, Any]]) -> None:
        sensors = {
            point: next((s for s in settings.sensors if s.get("driver") == "a02yyuw"), {})
            for point, settings in site.points.items()
        }
        self._fleet = fleet.Fleet(
            site.broker.host,
            site.broker.port,
            {
                point: fleet.MadeUpPoint(
                    point,
                    scenario,
                    empty_mm=sensors[point].get("empty_mm", 1200),
                    full_mm=sensors[point].get("full_mm", 100),
                )
                for point, scenario in scenarios.items()
            },
            keep=True,
        )
        self._due_s = 0.0
        self._end_s: float | None = None

    def start(self) -> None:
        self._fleet.start(10.0)

    def step(self, clock: ScaledClock) -> None:
        while self._due_s <= clock.story_s() and (self._end_s is None or self._due_s <= self._end_s):
            for point in self._fleet.points.values():
                self._fleet.sample(point, clock.t0_unix + self._due_s, self._due_s)
            self._due_s += 60.0
        self._fleet.send_again(_SEND_AGAIN_S)

    def end_story(self, story_s: float) -> None:
        self._end_s = story_s

    def stop(self) -> None:
        self._fleet.stop()

    def waiting(self) -> bool:
        return any(point.kept for point in self._fleet.points.values())

    def made(self) -> dict[str, int]:
        return {point.id: point.next - 1 for point in self._fleet.points.values()}

    def faults(self) -> list[str]:
        return []


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """All logging into a file, away from the live table."""
    root = logging.getLogger()
    before: Sequence[logging.Handler] = tuple(root.handlers)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.handlers[:] = [handler]
    try:
        yield
    finally:
        root.handlers[:] = before
        handler.close()
