"""The dead man's switch: an outside watcher hears from us as long as all goes on here, and raises an alarm when it does not.

No sign is given while a loop of ours hangs, or nothing can be stored: a host that only looks alive is the worst.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from paraat.alerts.helpers.aside import Aside, AsideError
from paraat.site.private import check_private, read_secret
from paraat.site.site import Site
from paraat.site.watcher import Watcher
from paraat.texts import Phrase
from paraat_wire import host_codec

_log = logging.getLogger(__name__)
_HELPER = "paraat.alerts.helpers.sign"


class _Way(NamedTuple):
    """One watcher. name: as people know it; it holds no secret."""

    name: str
    order: dict[str, Any]


class DeadMan:
    """hangs: what keeps us from working now; "": nothing. now: unix seconds.

    `run` belongs to one thread. Raises SettingsError when a secret cannot be read.
    """

    def __init__(self, site: Site, *, hangs: Callable[[], str], now: Callable[[], float]) -> None:
        self._settings = site.watcher
        self._hangs = hangs
        self._now = now
        self._ways = tuple(_ways(site, site.watcher))
        self._helper = Aside(_HELPER)
        self._failing: dict[str, tuple[float, str]] = {}  # way: since when, why
        self.reached_at: float | None = None  # when every watcher was last reached

    @property
    def is_there(self) -> bool:
        """Whether anybody watches us."""
        return bool(self._ways)

    @property
    def problem(self) -> str:
        """Which watcher was not reached, and why; "" when all were at the last try."""
        return "; ".join(f"{name}: {why}" for name, (_, why) in self._failing.items())

    @property
    def failing_since(self) -> float | None:
        """Since when a watcher was not reached, unix seconds; None: all were."""
        return min((since for since, _ in self._failing.values()), default=None)

    def run(self, stop: threading.Event) -> None:
        """Give signs until `stop`."""
        while not stop.is_set():
            began_s = time.monotonic()
            self.give()
            stop.wait(max(1.0, self._settings.every_s - (time.monotonic() - began_s)))

    def give(self) -> None:
        """One sign to each watcher, or none when something hangs."""
        hangs = self._hangs()
        for way in self._ways:
            why = Phrase("no sign of life was given, because {why}", why=hangs) if hangs else self._to(way)
            if not why:
                self._failing.pop(way.name, None)
            elif way.name in self._failing:
                self._failing[way.name] = (self._failing[way.name][0], why)
            else:
                _log.warning("watcher %s: %s", way.name, why)
                self._failing[way.name] = (self._now(), why)
        if not self._failing:
            self.reached_at = self._now()

    def close(self) -> None:
        """End a sign under way."""
        self._helper.close()

    def _to(self, way: _Way) -> str:
        """Why the sign did not arrive; "" when it did."""
        order = way.order
        if order["do"] == "broker":
            order = order | {"payload": host_codec.encode_time(self._now()).decode()}
        try:
            self._helper.ask(order, limit_s=self._settings.limit_s)
        except AsideError as error:
            return Phrase("the watcher cannot be reached: {why}", why=error.args[0])
        return ""


def _ways(site: Site, watcher: Watcher) -> list[_Way]:
    found = []
    if watcher.url_file is not None:
        url = read_secret(site.path(watcher.url_file), "watcher.url_file")
        found.append(_Way(watcher.url_file, {"do": "url", "url": url}))
    elif watcher.url is not None:
        found.append(_Way(watcher.url, {"do": "url", "url": watcher.url}))
    broker = watcher.broker
    if broker is None:
        return found
    password = broker.password_file and read_secret(site.path(broker.password_file), "watcher.broker.password_file")
    if broker.key_file is not None:
        check_private(site.path(broker.key_file), "watcher.broker.key_file")
    files = {
        kind: str(site.path(name)) if name else ""
        for kind, name in (("ca", broker.ca_file), ("cert", broker.cert_file), ("key", broker.key_file))
    }
    order = {
        "do": "broker",
        "host": broker.host,
        "port": broker.port,
        "name": broker.name,
        "password": password or "",
        "topic": host_codec.alive_topic(broker.name),
    }
    return [*found, _Way(f"{broker.host}:{broker.port}", order | files)]
