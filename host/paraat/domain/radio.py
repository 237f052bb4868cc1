"""Short codes that are read aloud over voice radio, and the check letter that catches what was heard wrongly. Pure.

    M KXRTA 0084 Y        kind, tag, number (of some kinds), check letter

kind    what is said: A an alert is seen, M people counted, T litres that went into the tank, H help is wanted
tag     five letters that only the coordination point and the printed sheet know: they say of which point or alert, and
        that whoever reads them aloud has the sheet. Those of a point change every day and count for DAYS days; those of
        an alert count while it fires.
number  four digits: people, or litres
check   makes the weighted sum of all characters 0 (mod 17). Every place has another weight than its neighbour, and none is
        0 mod 17, a prime as large as the alphabet: one wrong character or two neighbours that changed places change the
        sum. Where a letter stands in place of a digit, or the reverse, the form is wrong.

The answer, two letters, goes the other way: the coordination point reads it aloud once the code is typed in, and whoever
holds the sheet finds it there. So each knows that the other is who he says.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal, NamedTuple, TypeVar

from paraat.domain.facts import Acknowledged, Counted, Delivered, Fact, HelpAsked

Kind = Literal["A", "M", "T", "H"]
ACKNOWLEDGE: Kind = "A"
COUNT: Kind = "M"
LITRES: Kind = "T"
HELP: Kind = "H"
KINDS: tuple[Kind, ...] = (ACKNOWLEDGE, COUNT, LITRES, HELP)
OF_POINTS: tuple[Kind, ...] = (COUNT, LITRES, HELP)
NUMBERED: tuple[Kind, ...] = (COUNT, LITRES)

# Without those that look like a digit or another letter in handwriting: B8, G6, I1, L1, O0, Q0, S5, UV, Z2.
LETTERS = "ACDEFHJKMNPRTVWXY"
DIGITS = "0123456789"
PRIME = 17
TAG_CHARS = 5
NUMBER_CHARS = 4
MOST = 10**NUMBER_CHARS - 1
ANSWER_CHARS = 2
# A sheet is printed when it begins, and exercises of an outage last up to 72 hours.
DAYS = 4

_IGNORED = re.compile(r"[\s.,·/–-]+")

# ICAO and NATO, as Dutch radio operators spell too; and the digits of the Dutch and the English voice procedure.
SPOKEN = {
    "A": "Alfa", "C": "Charlie", "D": "Delta", "E": "Echo", "F": "Foxtrot", "H": "Hotel", "J": "Juliett", "K": "Kilo",
    "M": "Mike", "N": "November", "P": "Papa", "R": "Romeo", "T": "Tango", "V": "Victor", "W": "Whiskey", "X": "X-ray",
    "Y": "Yankee",
}  # fmt: skip


class RadioError(ValueError):
    """Raised for a code that does not count. code: why, a word of the texts tables; str() is that word.

    "form": too short, too long, or of another form. "character": one that no code has, `found`. "check": one character
    is wrong, or two changed places. "unknown": nobody's, or too old. "several": of more than one point. "blocked": too many
    wrong ones; until: unix seconds.
    """

    def __init__(self, code: str, *, found: str = "", until: float | None = None) -> None:
        self.code = code
        self.found = found
        self.until = until
        super().__init__(code)


Said = Acknowledged | Counted | Delivered | HelpAsked


class Entered(NamedTuple):
    """What a code said, and what to read back. again: it was kept already, shortly ago. fact: as it is kept."""

    said: Said
    answer: str
    fact: Fact
    again: bool


class Code(NamedTuple):
    """A code that is whole. number: None of the kinds that have none."""

    kind: Kind
    tag: str
    number: int | None = None

    @property
    def body(self) -> str:
        """All but the check letter."""
        return self.kind + self.tag + ("" if self.number is None else f"{self.number:0{NUMBER_CHARS}d}")

    @property
    def check(self) -> str:
        """The check letter."""
        return check_letter(self.body)

    def __str__(self) -> str:
        number = "" if self.number is None else f"{self.number:0{NUMBER_CHARS}d} "
        return f"{self.kind} {self.tag} {number}{self.check}"


def check_letter(body: str) -> str:
    """The letter that makes the sum of a code 0."""
    total = sum(place * _value(character) for place, character in enumerate(body, start=1))
    # The letter's own weight is its place; its inverse exists because no code is PRIME long.
    return LETTERS[-total * pow(len(body) + 1, -1, PRIME) % PRIME]


def read(text: str) -> Code:
    """The code in what somebody typed; blanks and small letters do not matter. Raises RadioError."""
    typed = _IGNORED.sub("", text).upper()
    for character in typed:
        if character not in LETTERS + DIGITS:
            raise RadioError("character", found=character)
    kind = next((one for one in KINDS if typed.startswith(one)), None)
    if kind is None:
        raise RadioError("form")
    wants = NUMBER_CHARS if kind in NUMBERED else 0
    tag, number, check = typed[1 : 1 + TAG_CHARS], typed[1 + TAG_CHARS : -1], typed[-1:]
    if len(typed) != 1 + TAG_CHARS + wants + 1 or not _all(tag + check, LETTERS) or not _all(number, DIGITS):
        raise RadioError("form")
    code = Code(kind, tag, int(number) if wants else None)
    if code.check != check:
        raise RadioError("check")
    return code


class Book:
    """The tags of a site. key: one of its own for this purpose."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_alert(self, alert: int) -> Code:
        """What acknowledges an alert, while it fires."""
        return Code(ACKNOWLEDGE, self._letters(TAG_CHARS, "tag", ACKNOWLEDGE, str(alert)))

    def of_point(self, kind: Kind, point: str, day: date, number: int | None = None) -> Code:
        """What is said of a point, by a sheet that was printed on that day. number: people or litres, where it has one."""
        return Code(kind, self._letters(TAG_CHARS, "tag", kind, point, day.isoformat()), number)

    def answer(self, code: Code) -> str:
        """What the coordination point reads back."""
        return self._letters(ANSWER_CHARS, "answer", code.kind, code.tag)

    def alert(self, code: Code, alerts: Iterable[int]) -> int:
        """Which of these alerts (those that fire) a code acknowledges. Raises RadioError."""
        return _only([alert for alert in alerts if self.of_alert(alert).tag == code.tag])

    def point(self, code: Code, points: Iterable[str], today: date) -> str:
        """Of which of these points a code speaks. Raises RadioError."""
        days = [today - timedelta(days=back) for back in range(DAYS)]
        return _only([p for p in points if any(self.of_point(code.kind, p, day).tag == code.tag for day in days)])

    def _letters(self, count: int, *said: str) -> str:
        left = int.from_bytes(hmac.digest(self._key, "\n".join(said).encode(), hashlib.sha256)[:16])
        found = ""
        for _ in range(count):
            left, letter = divmod(left, len(LETTERS))
            found += LETTERS[letter]
        return found


def spelled(text: str) -> list[str]:
    """A code as it is read aloud: the words of its letters; a digit stands for itself."""
    return [SPOKEN.get(character, character) for character in text if not character.isspace()]


T = TypeVar("T")


def _only(found: list[T]) -> T:
    if not found:
        raise RadioError("unknown")
    if len(found) > 1:
        raise RadioError("several")
    return found[0]


def _value(character: str) -> int:
    return int(character) if character in DIGITS else LETTERS.index(character)


def _all(text: str, of: str) -> bool:
    return all(character in of for character in text)
