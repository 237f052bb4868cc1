"""The code in an SMS: four digits that acknowledge one alert for one person, "OK 1234", while that alert stands; five do so
for all of a message with a list.

Two alerts of one person have two codes: the code is the alert's number, shuffled by a key of the person. It is no secret from
that person, and of no use to another: the number that an SMS comes from says whose code it must be.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import NamedTuple

from paraat.site.private import derived

_CODES = 10_000
_HALF = 100
_ROUNDS = 6
LIST_DIGITS = 5
# "OK 1234", "Oké: 12 34, dank u", "nee 1234". What asks or tells more than that is no answer.
_REPLY = re.compile(
    r"\W*(?:(ok|oke|oké|okay|ja|yes)|nee?|no|kan niet|lukt niet)[\W_]*([0-9](?:[ .-]?[0-9]){3,4})"
    r"\W*(?:bedankt|dank\s*u|dank\s*je|thanks|thank you)?\W*\Z",
    re.IGNORECASE,
)


class Codes:
    """key: the site's own secret (site.private.own_key). A person is named by his id in the roster."""

    def __init__(self, key: bytes) -> None:
        self._key = derived(key, "sms code")
        self._list_key = derived(key, "sms code of a list")

    def code(self, alert: int, person: str) -> str:
        """The code by which somebody acknowledges an alert."""
        return _shuffled(self._key, alert, person)

    def list_code(self, row: int, person: str) -> str:
        """The code by which somebody acknowledges all that a message lists. row: the last delivery that it carries."""
        first = hmac.digest(self._list_key, f"{row}\n{person}".encode(), hashlib.sha256)[0] % 10
        return f"{first}{_shuffled(self._list_key, row, person)}"

    def alert(self, person: str, code: str, alerts: Iterable[int]) -> int | None:
        """Which of these alerts (those that fire) the code of a person stands for; None: none of them."""
        return next((alert for alert in alerts if self.code(alert, person) == code), None)


def _shuffled(key: bytes, number: int, person: str) -> str:
    block, number = divmod(number, _CODES)
    left, right = divmod(number, _HALF)
    for turn in range(_ROUNDS):  # a Feistel network: each number goes to another one, and none is met twice
        said = f"{block}\n{turn}\n{right}\n{person}".encode()
        mixed = int.from_bytes(hmac.digest(key, said, hashlib.sha256)[:4])
        left, right = right, (left + mixed) % _HALF
    return f"{left * _HALF + right:04d}"


class Reply(NamedTuple):
    """What somebody sends back. sees_to_it: he does, else he cannot."""

    sees_to_it: bool
    code: str


def reply(text: str) -> Reply | None:
    """What somebody says, such as "OK 1234", "ok: 12 34." or "NEE 1234"; None: it is no such answer."""
    found = _REPLY.match(text.strip())
    return Reply(found[1] is not None, re.sub(r"\D", "", found[2])) if found else None
