"""What every answer of the page goes through: who asks by which name, what a browser may do with
it, and errors.
"""

import logging
from collections.abc import Collection

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paraat.web.api import Failure

_log = logging.getLogger(__name__)

OUTSIDE = ("/seen/", "/static/")  # all that is answered to the name by which phones reach us

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


# The page of a link has a form, with one button and nothing to fill in. Its browser says where a press of it comes from
# only when it may say that to us.
# The page of a point has forms too.
LINK_HEADERS = FORM_HEADERS = {
    "content-security-policy": HEADERS["content-security-policy"].replace("form-action 'none'", "form-action 'self'"),
    "referrer-policy": "same-origin",
}


def failure(status: int, error: str) -> Response:
    """An error as JSON."""
    body = msgspec.json.encode(Failure(status=status, error=error))
    return Response(body, status_code=status, media_type="application/json")


class Guard:
    """Refuses names that are not the page's own: a page elsewhere whose DNS name was turned to
    127.0.0.1 sends its own.

    outside: the name by which phones reach the links of messages, and nothing else of the page; None: none does.
    Adds the security headers to every answer, and answers 500 in JSON where a handler raised.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], outside: str | None = None) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._outside = outside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        asked = Headers(scope=scope).get("host", "")
        name = _hostname(asked)
        if name not in self._hosts and not (name == self._outside and scope["path"].startswith(OUTSIDE)):
            expected = ", ".join(sorted(self._hosts))
            answer = failure(
                421,
                f"this page does not answer to the host name {asked[:80]!r}; it answers to: {expected}",
            )
            await answer(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, receive, send_guarded)
        except Exception:
            if started:
                raise
            _log.exception("status page: %s %s failed", scope["method"], scope["path"])
            await failure(500, "the service cannot answer this now; its log says why")(scope, receive, send_guarded)


class OneButton:
    """Around what a form of ours posts to: a page elsewhere may not post there, whatever it knows.

    allowed: the origins of the page itself, beside the name that it was asked by.
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        own = {f"http://{headers.get('host', '').lower()}", *self._allowed}
        answer: ASGIApp = self._app
        if scope["method"] == "POST" and origin is not None and origin.lower() not in own:
            answer = failure(403, "a page elsewhere may not act here")
        await answer(scope, receive, send)


class Action:
    """Around what changes something: a page elsewhere may not ask for it.

    A browser says where a request comes from, and sends JSON to another page only when that allows it, which this one
    never does.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        answer: ASGIApp = self._app
        if origin is not None and origin.lower() != f"http://{headers.get('host', '').lower()}":
            answer = failure(403, "a page elsewhere may not act here")
        elif headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            answer = failure(415, "an action is sent as JSON, with content-type: application/json")
        await answer(scope, receive, send)


def _hostname(host: str) -> str:
    """The name in a Host header, without the port; "[::1]:8080" gives "::1"."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
