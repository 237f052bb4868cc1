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
        self._unconnected: type[Exception] = ChannelError
        self._refusals: type[Exception] = ChannelError

    @classmethod
    def from_site(cls, site: Site) -> Sequence[Self]:
        return (cls(site.channels.siren),) if site.channels.siren.on else ()

    def connect(
        self,
        ask: Ask,
        view: Callable[[str], PointView | None],
        *,
        unconnected: type[Exception],
        refusals: type[Exception],
    ) -> None:
        """ask: raises `unconnected` when no board can be asked, `refusals` when this one does not do it.

        view: how a point stands now; None: not known.
        """
        self._ask, self._view, self._unconnected, self._refusals = ask, view, unconnected, refusals

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        """Call people to the board; what is over ends that. Returns what the board answered, or that it did not.

        A board that is away is no failure of this channel: it alarms by itself, and the other rungs are climbed.
        """
        if message.test:
            return self._call(message.to, _TEST_S)
        if not message.firing:
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
        view = self._view(point)
        if view is not None and view.online is False:
            return Phrase("the board is not connected; it alarms only by itself")
        try:
            result = self._ask(point, "call", {"seconds": seconds}, limit_s=self._settings.answer_within_s)
        except self._unconnected as error:
            raise ChannelError(error.args[0]) from error
        except self._refusals as error:
            return str(error.args[0])
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
