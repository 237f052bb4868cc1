"""The signed link in a message: it acknowledges one alert for one person, without a login, once; or all of a list.

    <base url>/seen/<alert>.<expires>.<nonce>.<person>.<signature>
    <base url>/seen/L<row>.<expires>.<nonce>.<person>.<signature>      row: the last delivery that the message with the list carried

Nothing in it can be changed without the key. Who has used it stands in the journal (Acknowledged.link), so it stays used.
"""

import hashlib
import hmac
import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from paraat.alerts import base64url
from paraat.site.private import derived
from paraat.texts import Phrase

PATH = "/seen/"
# As long as the exercises and outages that points are made for: who reads his mail after that, calls.
VALID_S = 72 * 3600
_SIGNATURE_CHARS = 27  # 162 bits of HMAC-SHA256
_NONCE_CHARS = 12
_MAX_CHARS = 400
_LIST = "L"


class LinkError(ValueError):
    """Raised for a link that does not count. str() says why and what to do, in a Phrase."""


class Claim(NamedTuple):
    """What a link says: who acknowledges which alert, 0 for a list; row: then the last delivery of its message, else 0.

    nonce: names the link for ever; expires: unix seconds.
    """

    alert: int
    row: int
    person: str
    nonce: str
    expires: int


class Links:
    """key: the site's own secret (site.private.own_key). base_url: where people reach the page, without a / at its end."""

    def __init__(self, key: bytes, base_url: str) -> None:
        self._key = derived(key, "link")
        self._base_url = base_url.rstrip("/")

    def link(self, alert: int, person: str, message_key: str, now: float) -> str:
        """The link for one message to a person, by his id in the roster. One that is sent again, with the same key, has the same nonce: it works once too."""
        return self._made(str(alert), person, message_key, now)

    def list_link(self, row: int, person: str, now: float) -> str:
        """The link for a message with a list. row: the last delivery that it carries."""
        return self._made(f"{_LIST}{row}", person, f"{_LIST}{row}", now)

    def _made(self, what: str, person: str, message_key: str, now: float) -> str:
        nonce = base64url.encode(hmac.digest(self._key, f"nonce\n{message_key}".encode(), hashlib.sha256))[
            :_NONCE_CHARS
        ]
        said = f"{what}.{int(now) + VALID_S}.{nonce}.{base64url.encode(person.encode())}"
        return f"{self._base_url}{PATH}{said}.{self._signature(said)}"

    def read(self, token: str, now: float) -> Claim:
        """What the last part of a link's path says. Raises LinkError for an altered or an expired one."""
        said, _, signature = token[:_MAX_CHARS].rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(said).encode()):
            raise LinkError(
                Phrase(
                    "This link is not whole, or not from this coordination point. Open it again from the message itself, "
                    "all of it, or call the coordination point."
                )
            )
        what, expires, nonce, person = said.split(".")  # ours, so it has its form
        row = int(what[len(_LIST) :]) if what.startswith(_LIST) else 0
        alert = 0 if row else int(what)
        claim = Claim(alert=alert, row=row, person=base64url.decode(person), nonce=nonce, expires=int(expires))
        if now > claim.expires:
            raise LinkError(Phrase("This link is too old. Is it still so? Call the coordination point."))
        return claim

    def _signature(self, said: str) -> str:
        return base64url.encode(hmac.digest(self._key, f"link\n{said}".encode(), hashlib.sha256))[:_SIGNATURE_CHARS]


def reachable(base_url: str | None) -> bool:
    """Whether a link to there is of any use in a message: an address of loopback is none on a phone."""
    host = urlsplit(base_url or "").hostname
    if not host or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
