"""When the site's certificates end, as the host reads it from SITE/pki/inventory.json. Without that file: not known."""

import logging
import threading
from pathlib import Path

from paraat.domain.model import OwnCertificate
from paraat.site import inventory
from paraat.site.inventory import InventoryError, Record

_log = logging.getLogger(__name__)

READ_EVERY_S = 60.0


class Certificates:
    """The newest inventory; read again when the file has changed. Safe to ask from any thread."""

    def __init__(self, site_dir: Path) -> None:
        self._site_dir = site_dir
        self._path = inventory.path_of(site_dir)
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._stamp: tuple[int, int] | None = None
        self._boards: dict[str, float] = {}
        self._others: list[Record] = []
        self._problem = ""

    def board_until(self, point: str, now: float) -> float | None:
        """When the certificate of a point's board ends, unix seconds; None when not known."""
        with self._lock:
            self._read(now)
            return self._boards.get(point)

    def own(self, now: float) -> list[OwnCertificate]:
        """Those of the coordination point itself; empty when not known."""
        with self._lock:
            self._read(now)
            return [OwnCertificate(kind=r.kind, now=now, until=r.not_after.timestamp()) for r in self._others]

    def problem(self, now: float, within_days: float) -> str:
        """Which certificate of the coordination point itself (authority, broker, hosts, desk) ends, and what to do; else empty."""
        with self._lock:
            self._read(now)
            soon = [r for r in self._others if r.not_after.timestamp() - now < within_days * 86400]
            found = [f"the certificate of the {r.kind} ({r.cn}) ends on {r.not_after:%Y-%m-%d}" for r in soon]
            if found:
                found.append(
                    "run `.venv/bin/paraat pki renew broker`, `host`, `watch`, `spare` or `desk`; for the authority see docs/pki.md"
                )
            return "; ".join([*found, *filter(None, [self._problem])])

    def _read(self, now: float) -> None:
        if self._asked_at is not None and 0 <= now - self._asked_at < READ_EVERY_S:
            return
        self._asked_at = now
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
        except OSError:
            # The authority may live on another machine; then `doctor` there says it.
            self._boards, self._others, self._stamp, self._problem = {}, [], None, ""
            return
        if stamp == self._stamp:
            return
        try:
            records = [r for r in inventory.load(self._site_dir).certificates if r.state == "valid"]
        except InventoryError as error:
            if str(error) != self._problem:
                _log.warning("%s", error)
            self._problem = str(error)
            return
        self._stamp, self._problem = stamp, ""
        self._boards = {r.cn: r.not_after.timestamp() for r in records if r.kind == "board"}
        self._others = [r for r in records if r.kind != "board"]
