"""Writes lines to one InfluxDB, and finds those that it would not have.

A line is to blame only when the answer is InfluxDB's own and another line was taken: a server that takes nothing at all (a full
disk, a limit of nothing, a proxy that says no) says nothing about a line.
"""

import http
import threading
from collections.abc import Sequence
from typing import NamedTuple

from paraat.sinks.server import Http, InfluxError, RefusedError, Server, Target, identify
from paraat.site.influx import InfluxSettings
from paraat.texts import Phrase

_DAY_S = 86400.0
_EDGE_S = 3600.0  # what InfluxDB will drop so soon is not written any more


class Written(NamedTuple):
    """What became of lines. refused: with why."""

    taken: int
    refused: list[tuple[bytes, str]]


class Writer:
    """Writes lines to one InfluxDB, which is asked first what it is, and finds the lines that it would not have."""

    def __init__(self, settings: InfluxSettings, link: Http, token: str, stop: threading.Event) -> None:
        self._settings = settings
        self._link = link
        self._token = token
        self._stop = stop
        self._server: Server | None = None

    def hurry(self, within_s: float) -> None:
        """What is written now has only so long yet."""
        self._link.hurry(within_s)

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()

    @property
    def server(self) -> Server:
        """The server, once it said what it is. Raises InfluxError."""
        if self._server is None:
            settings = self._settings
            self._server = Server(
                self._link,
                identify(self._link, self._token),
                token=self._token,
                org=settings.org,
                token_file=settings.token_file,
            )
        return self._server

    def write(self, target: Target, batch: Sequence[bytes]) -> Written:
        """Write lines. Raises InfluxError when InfluxDB takes nothing now."""
        try:
            refused = self._write(target, batch, probed=False)
        except InfluxError:
            self._server = None  # it may be another one when it is back
            raise
        return Written(len(batch) - len(refused), refused)

    def _write(self, target: Target, batch: Sequence[bytes], *, probed: bool) -> list[tuple[bytes, str]]:
        """Those that InfluxDB would not have, found by halving."""
        if not batch:
            return []
        if self._stop.is_set():
            raise InfluxError("stop", Phrase("the service stops"))
        try:
            self.server.write(target, batch)
        except RefusedError as error:
            if not probed:
                self._probe(target)
            if len(batch) > 1:
                half = len(batch) // 2
                return [
                    part for some in (batch[:half], batch[half:]) for part in self._write(target, some, probed=True)
                ]
            if error.status != http.HTTPStatus.INTERNAL_SERVER_ERROR:
                return [(batch[0], str(error))]
            return self._once_more(target, batch[0])
        return []

    def _once_more(self, target: Target, line: bytes) -> list[tuple[bytes, str]]:
        """A 500 may be a trouble of that moment: only a line that fails twice, with another one taken in between, is to blame."""
        self._probe(target)
        try:
            self.server.write(target, [line])
        except RefusedError as error:
            return [(line, str(error))]
        return []

    def _probe(self, target: Target) -> None:
        """Write a line that nothing can be wrong with. Raises InfluxError when InfluxDB does not take that either."""
        try:
            self.server.write(target, [PROBE_LINE])
        except RefusedError as error:
            said = Phrase(
                "InfluxDB {version} at {url} takes no line at all: {message}; look at its log and its disk",
                version=self.server.version,
                url=self._link.url,
                message=str(error),
            )
            if "not found" in str(error):  # InfluxDB 1 says 500 for a policy that is not there
                said = Phrase(
                    "InfluxDB {version} at {url} takes no line: {message}; run `paraat influx setup`",
                    version=self.server.version,
                    url=self._link.url,
                    message=str(error),
                )
            raise InfluxError(f"all-{error.status}", said) from error


# A line that every InfluxDB takes: without a time, which is then its own.
PROBE_LINE = b"probe n=1i"
PROBE_QUERY = 'SELECT last("n") FROM "probe"'


def oldest_kept(settings: InfluxSettings, now: float) -> float:
    """What was before, InfluxDB does not keep: it would refuse it or drop it. Unix seconds."""
    return now - settings.raw_days * _DAY_S + _EDGE_S if settings.raw_days else float("-inf")


def oldest_mean(settings: InfluxSettings, now: float) -> float:
    """As oldest_kept, of the means of five minutes."""
    return now - settings.means_days * _DAY_S + _EDGE_S if settings.means_days else float("-inf")
