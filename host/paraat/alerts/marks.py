"""The mark that a mail carries in a header, so that one which comes back later says which message it was.

    X-Paraat-Message: <key of the message, base64url>.<signature>

Only what we signed counts: a report that somebody makes up, or that is about a mail of another program, names none of ours.
"""

import hashlib
import hmac

from paraat.alerts import base64url
from paraat.site.private import derived

HEADER = "X-Paraat-Message"
_SIGNATURE_CHARS = 27  # 162 bits of HMAC-SHA256
_MOST_CHARS = 700  # a key holds a person's id or an address at most


class Marks:
    """key: the site's own secret (site.private.own_key)."""

    def __init__(self, key: bytes) -> None:
        self._key = derived(key, "mark of a mail")

    def mark(self, message: str) -> str:
        """Of a message, by its key."""
        said = base64url.encode(message.encode())
        return f"{said}.{self._signature(said)}"

    def read(self, mark: str) -> str | None:
        """The key of the message that has this mark; None: none of ours has it."""
        said, _, signature = mark.strip()[:_MOST_CHARS].rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(said).encode()):
            return None
        try:
            return base64url.decode(said)
        except ValueError:
            return None

    def _signature(self, said: str) -> str:
        return base64url.encode(hmac.digest(self._key, said.encode(), hashlib.sha256))[:_SIGNATURE_CHARS]
