"""An InfluxDB of any kind over HTTP: which one it is, found by asking, and how lines are written to it and queries asked.

    1.x      POST /write?db&rp          a name and a password, or nothing
    2.x      POST /api/v2/write?bucket  a token
    3 Core   POST /api/v2/write?bucket  a token, or nothing

Ref: docs.influxdata.com, API of each version. What each answers was seen or read: docs/influxdb.md.
"""

import base64
import errno
import http.client
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from paraat.texts import Phrase, reason

MEANS = "means"  # the retention policy, or the bucket <bucket>/means
_MAX_WORDS = 300
_MAX_ANSWER_BYTES = 64 << 20
_VERSION = "x-influxdb-version"


class Kind(IntEnum):
    """The major version, which says how it is spoken to."""

    V1 = 1
    V2 = 2
    V3 = 3


class InfluxError(Exception):
    """Raised when InfluxDB cannot do now what is asked. key tells one trouble from another; `said` is a Phrase that says what to do."""

    def __init__(self, key: str, said: Phrase, retry_after_s: float = 0.0) -> None:
        super().__init__(said)
        self.key = key
        self.said = said
        self.retry_after_s = retry_after_s


class RefusedError(Exception):
    """Raised when InfluxDB itself would not have these lines, or failed over them. status: of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Answer(NamedTuple):
    """An answer of HTTP; the names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it did what was asked."""
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """The body, None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def is_influx(self) -> bool:
        """Whether InfluxDB itself says this, and not a proxy, or whatever else listens there."""
        found = self.json
        said = isinstance(found, dict) and ("error" in found or {"code", "message"} <= set(found))
        return _VERSION in self.headers or said

    @property
    def message(self) -> str:
        """What it says, in short."""
        found = self.json
        if isinstance(found, dict):
            text = found.get("message") or found.get("error") or self.body.decode(errors="replace")
        else:
            text = self.body.decode(errors="replace")
        return " ".join(str(text).split())[:_MAX_WORDS]


class Found(NamedTuple):
    """Which InfluxDB listens there."""

    kind: Kind
    version: str


class Http:
    """One connection, kept open. For one thread. No request takes longer than timeout_s, whatever the server does."""

    def __init__(self, url: str, timeout_s: float, ca_file: Path | None = None) -> None:
        """ca_file: whose certificates are believed, in PEM; None: those that the system believes. Raises InfluxError."""
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self._base = parts.path.rstrip("/")
        self._host, self._secure = parts.netloc.rpartition("@")[2], parts.scheme == "https"
        self._timeout_s = timeout_s
        self._context: ssl.SSLContext | None = None
        if self._secure:
            try:
                self._context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
            except OSError as error:
                raise InfluxError(
                    "ca",
                    Phrase(
                        "influx.ca_file: {path} cannot be used ({why}); give the certificate of the CA, in PEM",
                        path=ca_file,
                        why=reason(error),
                    ),
                ) from error
        self._connection: http.client.HTTPConnection | None = None
        self._late = threading.Event()

    def hurry(self, within_s: float) -> None:
        """What is asked now has only so long yet. Called from another thread, which wants ours to end."""
        self._cut_in(within_s)

    def close(self) -> None:
        """Let go of the connection. Safe to call twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request and its answer. Raises InfluxError when there is none."""
        target = f"{self._base}{path}" + (f"?{urlencode(params)}" if params else "")
        used_before = self._connection is not None
        with self._explain():
            try:
                return self._once(method, target, body, headers or {})
            except (http.client.RemoteDisconnected, ConnectionError):
                self.close()
                if not used_before:
                    raise
            # The server let go of a connection that it had kept: that says nothing of how it does now.
            return self._once(method, target, body, headers or {})

    def _once(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        if self._connection is None:
            self._connection = (
                http.client.HTTPSConnection(self._host, timeout=self._timeout_s, context=self._context)
                if self._secure
                else http.client.HTTPConnection(self._host, timeout=self._timeout_s)
            )
        with self._in_time():
            self._connection.request(method, target, body=body, headers=dict(headers))
            with self._connection.getresponse() as found:
                text = found.read(_MAX_ANSWER_BYTES)
        return Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, text)

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Cut the connection at the limit: that of a socket begins anew with each byte, so one that drips would have none."""
        self._late.clear()
        timer = self._cut_in(self._timeout_s)
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError) as error:
            if self._late.is_set():
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from error
            raise
        finally:
            timer.cancel()
        if self._late.is_set():  # half an answer that looks like a whole one
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    def _cut_in(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        return timer

    def _cut(self) -> None:
        self._late.set()
        sock = None if self._connection is None else self._connection.sock
        if sock is not None:
            with suppress(OSError):  # it may be gone by itself
                sock.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _explain(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            self.close()
            said = Phrase(
                "InfluxDB {url}: its certificate is not believed ({why}); name its CA in influx.ca_file, and in influx.url the "
                "name that stands in the certificate",
                url=self.url,
                why=error.verify_message,
            )
            raise InfluxError("certificate", said) from error
        except ssl.SSLError as error:
            self.close()
            said = Phrase(
                "{url} does not speak TLS ({why}); is http:// meant in influx.url?",
                url=self.url,
                why=error.reason or error,
            )
            raise InfluxError("tls", said) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            why = reason(error) if isinstance(error, OSError) else Phrase.of(type(error).__name__)
            said = Phrase("InfluxDB {url} does not answer ({why}); waiting for it", url=self.url, why=why)
            raise InfluxError(type(error).__name__, said) from error


def identify(link: Http, token: str = "") -> Found:
    """Which InfluxDB listens there. Raises InfluxError, also when something else does."""
    answer = link.ask("GET", "/ping", headers=_token(token))
    version = answer.headers.get(_VERSION, "")
    if not version and isinstance(answer.json, dict):
        version = str(answer.json.get("version", ""))
    version = version.removeprefix("v")
    major = version.partition(".")[0]
    if version and major in {"0", "1", "2", "3"}:
        return Found(Kind(max(1, int(major))), version)
    if version:
        said = Phrase(
            "InfluxDB {url} is of version {version}, which Paraat does not know", url=link.url, version=version
        )
        raise InfluxError("version", said)
    health = link.ask("GET", "/health", headers=_token(token))
    told = health.json if isinstance(health.json, dict) else {}
    if told.get("name") == "influxdb" and str(told.get("version", "")).removeprefix("v")[:1] in {"1", "2", "3"}:
        version = str(told["version"]).removeprefix("v")  # a proxy took the header away
        return Found(Kind(int(version[0])), version)
    raise InfluxError("not-influx", _what_else(link, answer))


def _what_else(link: Http, answer: Answer) -> Phrase:
    """Who answers, where InfluxDB does not."""
    if "https" in answer.message.lower() and answer.status == http.HTTPStatus.BAD_REQUEST:
        return Phrase("{url}: the server there speaks https; write https:// in influx.url", url=link.url)
    if answer.status in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
        return Phrase(
            "{url} answers {status} before it says what it is; InfluxDB 3 does without a token that it knows, and so does a "
            "proxy: set influx.token_file, or correct influx.url",
            url=link.url,
            status=answer.status,
        )
    return Phrase(
        "{url} is no InfluxDB: /ping answers {status} ({message}); correct influx.url, or the proxy before it",
        url=link.url,
        status=answer.status,
        message=answer.message or "-",
    )


class Target(NamedTuple):
    """Where lines go. database, policy: in words of 1.x, "" is its default policy; bucket: in words of 2 and 3."""

    database: str
    policy: str
    bucket: str

    @classmethod
    def raw(cls, bucket: str) -> Self:
        """Of what is measured. bucket: as in influx.bucket, <database>/<policy> where it is not the default one."""
        database, _, policy = bucket.partition("/")
        return cls(database, policy, bucket)

    @classmethod
    def means(cls, bucket: str) -> Self:
        """Of the means of five minutes."""
        database = bucket.partition("/")[0]
        return cls(database, MEANS, f"{database}/{MEANS}")


class Server:
    """One InfluxDB, once it is known which it is."""

    def __init__(self, link: Http, found: Found, *, token: str = "", org: str = "", token_file: str = "") -> None:
        """token: of 1.x "<name>:<password>"; "": none. token_file: as the operator knows it, for what is said."""
        self.link = link
        self.kind, self.version = found
        self.token = token
        self.org = org
        self._token_file = token_file

    @property
    def headers(self) -> dict[str, str]:
        """Who asks."""
        if self.kind is Kind.V1:
            return _basic(self.token)
        return _token(self.token)

    def ask(self, method: str, path: str, params: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        """A request with our credentials; body: goes as JSON. Raises InfluxError when there is no answer."""
        headers = self.headers
        data = None
        if body is not None:
            data, headers = json.dumps(body).encode(), {**headers, "Content-Type": "application/json"}
        return self.link.ask(method, path, params, data, headers)

    def write(self, target: Target, lines: Sequence[bytes]) -> None:
        """Write lines. Raises RefusedError when InfluxDB itself would not have them, InfluxError when it takes nothing now."""
        path, params = "/api/v2/write", {"bucket": target.bucket, "org": self.org, "precision": "ns"}
        if self.kind is Kind.V1:
            path, params = "/write", {"db": target.database, "rp": target.policy, "precision": "ns"}
        answer = self.link.ask(
            "POST",
            path,
            {name: value for name, value in params.items() if value},
            b"\n".join(lines),
            {**self.headers, "Content-Type": "text/plain; charset=utf-8"},
        )
        if answer.ok:
            return
        if answer.is_influx and answer.status in _OF_LINES:
            raise RefusedError(answer.status, answer.message)
        raise self.trouble(answer, target)

    def query(self, influxql: str, database: str, policy: str = "") -> list[dict[str, Any]]:
        """The rows of a query in InfluxQL, tags included, times in seconds. Raises InfluxError, RefusedError for an error in it."""
        params = {"q": influxql, "db": database, "rp": policy, "epoch": "s"}
        answer = self.link.ask(
            "POST" if influxql.split(" ", 1)[0].upper() not in ("SELECT", "SHOW") else "GET",
            "/query",
            {name: value for name, value in params.items() if value},
            None,
            self.headers,
        )
        if not answer.ok:
            raise self.trouble(answer, Target(database, policy, database))
        return list(_rows(answer))

    def trouble(self, answer: Answer, target: Target) -> InfluxError:
        """Why it takes nothing now, and what to do about it."""
        try:
            retry_after_s = float(answer.headers.get("retry-after", "0"))
        except ValueError:  # a date
            retry_after_s = 0.0
        said = Phrase(
            "InfluxDB {version} at {url} answers {status}: {message}; {advice}",
            version=self.version,
            url=self.link.url,
            status=answer.status,
            message=answer.message or "-",
            advice=self._advice(answer, target),
        )
        return InfluxError(str(answer.status), said, retry_after_s)

    def _advice(self, answer: Answer, target: Target) -> Phrase:
        if not answer.is_influx:
            return Phrase("that is not InfluxDB's own answer: look at the proxy before it, and at influx.url")
        if answer.status == http.HTTPStatus.UNAUTHORIZED and not self.token:
            return Phrase(
                "it asks for a token, and there is no {file}: run `paraat influx setup`",
                file=self._token_file or "influx.token_file",
            )
        if answer.status == http.HTTPStatus.UNAUTHORIZED:
            return Phrase(
                "it does not know the token in {file}, or the token has expired: run `paraat influx setup`",
                file=self._token_file or "influx.token_file",
            )
        if answer.status == http.HTTPStatus.FORBIDDEN:
            return Phrase("the token may not do this: run `paraat influx setup`")
        if answer.status == http.HTTPStatus.NOT_FOUND:
            what = target.database if self.kind is Kind.V1 else target.bucket
            return Phrase(
                "it has no {bucket}, or not in this organisation: run `paraat influx setup`, or correct influx.bucket and "
                "influx.org",
                bucket=what,
            )
        return Phrase("waiting for it")


# 400, 422: some lines may be stored, some are not. 413: too much at once. 500: InfluxDB 2.0 says it of a line beyond retention.
_OF_LINES = (400, 413, 422, 500)


def _rows(answer: Answer) -> Iterator[dict[str, Any]]:
    found = answer.json
    for result in found.get("results", []) if isinstance(found, dict) else []:
        if "error" in result:
            raise RefusedError(answer.status, str(result["error"]))
        for series in result.get("series", []):
            for values in series.get("values", []):
                yield {**series.get("tags", {}), **dict(zip(series["columns"], values, strict=True))}


def _token(token: str) -> dict[str, str]:
    return {"Authorization": f"Token {token}"} if token else {}


def _basic(token: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(token.encode()).decode()}"} if token else {}
