"""What commands ask of the service that runs on this machine, over its own API."""

import argparse
from typing import Any

import msgspec

from paraat.cli.shared import complain
from paraat.runtime.typed import decode
from paraat.site.site import Site
from paraat.texts import Phrase, say

_LIMIT_S = 15.0


class AskError(Exception):
    """Raised when the service is there and does not do what it is asked. str() says why."""


def ask(
    site: Site, method: str, path: str, body: bytes | None = None, *, limit_s: float = _LIMIT_S
) -> tuple[int, bytes] | None:
    """(status, body) of the service's answer; None: it does not run. Raises AskError."""
    import http.client  # seldom needed, and half as long to read as all of ours

    web = site.web
    connection = http.client.HTTPConnection(web.host, web.port, timeout=limit_s)
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    except ConnectionRefusedError:
        return None
    except (OSError, http.client.HTTPException) as error:
        raise AskError(
            Phrase(
                "{host} port {port} does not answer ({error}); look at the log of `paraat serve`",
                host=web.host,
                port=web.port,
                error=error,
            )
        ) from error
    finally:
        connection.close()


def ask_all(site: Site, path: str, shape: type[Any]) -> Any:
    """All that the service lists at `path`, part after part, as one; None: it does not run. Raises AskError.

    shape: of the answer, one of those in api.ROWS.
    """
    from paraat.web.api import ROWS

    answer = ask(site, "GET", path)
    if answer is None:
        return None
    found, rows = read(answer, shape), ROWS[shape]
    listed, following = getattr(found, rows), found.next
    while following is not None:
        answer = ask(site, "GET", following)
        if answer is None:
            raise AskError(Phrase("the service has stopped meanwhile; try again"))
        part = read(answer, shape)
        listed, following = [*listed, *getattr(part, rows)], part.next
    return msgspec.structs.replace(found, **{rows: listed, "next": None})


def no_service(args: argparse.Namespace) -> None:
    """Say, for people and not for a script, that what follows comes from the journal."""
    complain(args.language, say("points.no-service", args.language, site=args.site))


def read(answer: tuple[int, bytes], shape: type[Any]) -> Any:
    """An answer as `shape`. Raises AskError for an answer that is none of the service's."""
    status, body = answer
    try:
        if status == 200:
            return decode(body, shape)
        why = decode(body, dict[str, Any])["error"]
    except (msgspec.MsgspecError, KeyError) as error:
        raise AskError(
            Phrase("what answers on the port of the status page is not `paraat serve` (status {status})", status=status)
        ) from error
    raise AskError(Phrase("the service refuses: {why}", why=why))
