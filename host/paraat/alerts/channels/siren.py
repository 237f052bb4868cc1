"""The lamp and the buzzer of a point's own board: who stands beside it needs no phone.

A board that alarms by itself sounds already, from the first reading on and without any network; the host learns it by an event.
For an alert that the board knows nothing of, the host has it call.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from paraat.alerts.channels.base import ChannelError, Message
from paraat.domain.model import PointView
from paraat.domain.roster import Person
from paraat.site.channels import SIREN, Siren
from paraat.site.site import Site
from paraat.texts import Phrase

_ALARMS = ("alarm/generator-down", "alarm/low-fuel", "alarm/low-battery")
_ACK = "button/ack"
_TEST_S = 3  # heard, and over before anybody comes running


class Ask(Protocol):
    """Has a board do something."""

    def __call__(self, point: str, do: str, args: dict[str, Any], *, limit_s: float) -> dict[str, Any]:
        """Its results. Raises an error whose words say why not."""
        ...


class SirenChannel:
    """The address is the point's id. It is silent until `connect`."""

    name = SIREN

    def __init__(self, settings: Siren) -> None:
        self._settings = settings
        self._ask: Ask | None = None
        self._view: Callable[[str], PointView | None] = lambda _point: None
        self._refusals: tuple[type[Exception], ...] = ()

    @classmethod
    def from_site(cls, site: Site) -> Sequence[Self]:
        return (cls(site.channels.siren),) if site.channels.siren.on else ()

    def connect(self, ask: Ask, view: Callable[[str], PointView | None], refusals: tuple[type[Exception], ...]) -> None:
        """ask: raises one of `refusals`. view: how a point stands now; None: not known."""
        self._ask, self._view, self._refusals = ask, view, refusals

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        """Call people to the board; a message with nothing to acknowledge ends that. Returns what the board answered."""
        if message.test:
            return self._call(message.to, _TEST_S)
        if not message.code:
            return self._call(message.to, 0)
        if sounding := by_itself(self._view(message.to)):
            return sounding
        return self._call(message.to, self._settings.seconds)

    def rest(self) -> None:
        """Nothing is kept for the next."""

    def close(self) -> None:
        """Who waits for a board is told by who asks it."""

    def _call(self, point: str, seconds: int) -> str:
        if self._ask is None:
            raise ChannelError(Phrase("no connection to the broker"))
        try:
            result = self._ask(point, "call", {"seconds": seconds}, limit_s=self._settings.answer_within_s)
        except self._refusals as error:
            raise ChannelError(error.args[0]) from error
        if not seconds:
            return Phrase("the board has stopped calling")
        if result.get("buzzer"):
            return Phrase("the board sounds and flashes, for {seconds} s", seconds=seconds)
        return Phrase("the board flashes, for {seconds} s; it has no buzzer", seconds=seconds)


def by_itself(view: PointView | None) -> str:
    """What the host knows of a local alarm, by its events; "": the board sounds none."""
    if view is None:
        return ""
    since = [view.latest[name].t for name in _ALARMS if view.value(name)]
    if not since:
        return ""
    pressed = view.latest.get(_ACK)
    if pressed is not None and pressed.t >= max(since):
        return Phrase("the board alarmed by itself, and somebody pressed its button")
    return Phrase("the board sounds and flashes by itself")
