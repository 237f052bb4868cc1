"""SMS by a GSM modem at the coordination point: the masts may carry it when nothing else does.

gammu may hang in a call for ever, so a helper process speaks to the modem, and is ended beyond a limit.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Self

from paraat.alerts.channels.base import ChannelError, Message
from paraat.alerts.helpers.aside import Answer, Aside, AsideError, TooLongError
from paraat.domain.roster import Person
from paraat.site.channels import SMS, Modem
from paraat.site.site import Site
from paraat.texts import Phrase
from paraat.texts.gsm7 import SMS as ONE_PART
from paraat.texts.gsm7 import gsm7

_HELPER = "paraat.alerts.helpers.modem"
REMEMBERED = 200  # messages whose delivery report may still come: references go up to 255 and begin anew


class Text(NamedTuple):
    """A message that came in. place: where it lies in the modem."""

    place: int
    number: str
    text: str


class Report(NamedTuple):
    """What the network says of a message of ours. key: as of Message, "" when it is not known any more. arrived: None while
    that is not known, because the network tries on.
    """

    place: int
    key: str
    arrived: bool | None


class Found(NamedTuple):
    """What lay in the modem."""

    texts: tuple[Text, ...]
    reports: tuple[Report, ...]
    signal_percent: int


class SmsChannel:
    """One modem. Its methods may be called from several threads."""

    name = SMS

    def __init__(self, settings: Modem) -> None:
        self.settings = settings
        self._port = {"connection": settings.connection, "device": settings.device, "model": settings.model}
        self._helper = Aside(_HELPER)
        self._lock = threading.Lock()
        self._sent: OrderedDict[int, str] = OrderedDict()  # reference: key
        self._keep: Callable[[int, str], None] = lambda _reference, _key: None
        self._problem = ""

    @classmethod
    def from_site(cls, site: Site) -> Sequence[Self]:
        return () if site.channels.sms is None else (cls(site.channels.sms),)

    @property
    def problem(self) -> str:
        """What is wrong with the modem, and what to do; "" when its last answer was in order."""
        return self._problem

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def connect(self, sent: Iterable[tuple[int, str]], keep: Callable[[int, str], None]) -> None:
        """sent: (reference, key) of what was sent before, the newest last; keep: is given those that follow, and raises nothing."""
        for reference, key in sent:
            self._remember(reference, key)
        self._keep = keep

    def send(self, message: Message) -> str:
        reference = self._send(message.to, message.short)
        self._remember(reference, message.key)
        self._keep(reference, message.key)
        return Phrase("taken by the network, not yet at the phone")

    def _remember(self, reference: int, key: str) -> None:
        with self._lock:
            self._sent.pop(reference, None)  # an older one with this reference
            self._sent[reference] = key
            while len(self._sent) > REMEMBERED:
                self._sent.popitem(last=False)

    def say(self, number: str, text: str) -> None:
        """A few words that are no alert: an answer to a reply, a test of the modem itself. Raises ChannelError."""
        self._send(number, text)

    def look(self) -> Found:
        """What came in, which stays in the modem until `forget`. Raises ChannelError."""
        answer = self._ask({"do": "look"})
        messages = answer["messages"]
        with self._lock:
            reports = tuple(
                Report(one["place"], self._sent.get(one["reference"], ""), _arrived(one["status"]))
                for one in messages
                if one["kind"] == "report"
            )
        texts = tuple(Text(one["place"], one["number"], one["text"]) for one in messages if one["kind"] == "message")
        return Found(texts, reports, int(answer["signal"]))

    def forget(self, places: Sequence[int]) -> None:
        """Delete what was dealt with. Raises ChannelError."""
        self._ask({"do": "forget", "places": list(places)})

    def rest(self) -> None:
        """The port stays open: replies come in by it."""

    def close(self) -> None:
        self._helper.close()

    def _send(self, number: str, text: str) -> int:
        return int(self._ask({"do": "send", "number": number, "text": gsm7(text)[:ONE_PART]})["reference"])

    def _ask(self, order: dict[str, object]) -> Answer:
        try:
            answer = self._helper.ask(order | {"port": self._port}, limit_s=self.settings.limit_s)
        except TooLongError as error:
            self._problem = Phrase(
                "the modem at {device} hangs: it did not answer within {limit} s. Pull it out, wait ten seconds, put it back",
                device=self.settings.device,
                limit=f"{self.settings.limit_s:g}",
            )
            raise ChannelError(self._problem) from error
        except AsideError as error:
            self._problem = Phrase(
                "the modem at {device}: {why}. Is it plugged in, and channels.sms.device its port?",
                device=self.settings.device,
                why=error.args[0],
            )
            raise ChannelError(self._problem) from error
        self._problem = ""
        return answer


def _arrived(status: int) -> bool | None:
    """By TP-Status (3GPP TS 23.040, 9.2.3.15)."""
    if 0 < status < 0x40:  # passed on without a word, or tried again
        return None
    return status == 0
