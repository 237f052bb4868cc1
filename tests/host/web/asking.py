"""Asks a served page over a real socket, as any program would."""

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from paraat.web.server import Handle
from waiting import LIMIT_S


class Answer(msgspec.Struct):
    """What the page answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


Ask = Callable[..., Answer]


def fetch(web: Handle, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """One request to the page, over a real socket."""
    connection = http.client.HTTPConnection(urlsplit(web.url).netloc, timeout=LIMIT_S)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()
