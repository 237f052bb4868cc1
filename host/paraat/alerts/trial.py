"""A test of every way to tell people: "DIT IS EEN TEST" down every rung, and what each answered.

It goes past alerts, deliveries and codes: nothing stands behind it that anybody could acknowledge, and no alert waits for it.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from paraat.alerts.channels import Channel, ChannelError, Message
from paraat.alerts.reach import RUNGS, ways
from paraat.domain.model import AlertState, PointView
from paraat.domain.roster import Person, Roster
from paraat.domain.told import BOARD, SCREEN, Tried
from paraat.site.channels import SIREN
from paraat.site.site import Site
from paraat.texts import Phrase, Words
from paraat.texts.gsm7 import SMS as ONE_PART
from paraat.texts.gsm7 import gsm7


class _Try(msgspec.Struct, frozen=True):
    rung: str
    who: str
    channel: str
    address: str
    language: str


class Trial:
    """alerts: as they stand; view: how a point stands now; screens: how many pages are open."""

    def __init__(
        self,
        site: Site,
        channels: Mapping[str, Channel],
        *,
        alerts: Callable[[], Iterable[AlertState]],
        view: Callable[[str], PointView | None],
        screens: Callable[[], int],
        roster: Callable[[], Roster] | None = None,
    ) -> None:
        self._site = site
        self._roster = roster or (lambda: site.roster)
        self._channels = channels
        self._alerts = alerts
        self._view = view
        self._screens = screens

    def of_point(self, point: str, key: str) -> list[Tried]:
        """Try everything by which somebody may be told of a point. May take as long as the slowest channel."""
        return self._run([point], key)

    def of_all(self, key: str) -> list[Tried]:
        """The same of all points: each address gets one message, however many points it is told of."""
        return self._run(list(self._site.points), key)

    def _run(self, points: Sequence[str], key: str) -> list[Tried]:
        rows: list[Tried | None] = []
        tries: dict[str, list[tuple[int, _Try]]] = {}
        for one in [*self._boards(points), *self._people(points)]:
            rows.append(one if isinstance(one, Tried) else None)
            if isinstance(one, _Try):
                tries.setdefault(one.channel, []).append((len(rows) - 1, one))

        def send(mine: list[tuple[int, _Try]]) -> None:
            for place, one in mine:
                rows[place] = self._send(one, key)

        # One thread a channel: none waits behind another.
        threads = [threading.Thread(target=send, args=(mine,), name=f"test {name}") for name, mine in tries.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [row for row in rows if row is not None]
        boards = sum(row.rung == BOARD for row in found)
        return [*found[:boards], self._screen(), *found[boards:]]

    def _boards(self, points: Sequence[str]) -> list[_Try | Tried]:
        if SIREN not in self._channels:
            return []
        firing = {alert.point for alert in self._alerts() if alert.state == "firing"}
        return [self._board(point, point in firing) for point in points]

    def _board(self, point: str, fires: bool) -> _Try | Tried:
        name = self._site.points[point].name
        view = self._view(point)
        why = ""
        if fires:  # whoever presses the button now means that one
            why = Phrase("not tried: an alert of this point fires")
        elif view is None or not view.online:
            why = Phrase("the board is not online")
        if why:
            return Tried(rung=BOARD, who=name, channel=SIREN, ok=False, answer=why)
        return _Try(BOARD, name, SIREN, point, self._site.region.language)

    def _screen(self) -> Tried:
        n = self._screens()
        answer = Phrase("open pages: {n}", n=n) if n else Phrase("nobody has the status page open")
        return Tried(rung=SCREEN, who=self._site.region.region, channel="page", ok=n > 0, answer=answer)

    def _people(self, points: Sequence[str]) -> list[_Try | Tried]:
        """Each address once, on the first rung on which it stands."""
        found: dict[tuple[str, str], _Try | Tried] = {}
        roster = self._roster()
        for rung in RUNGS:
            for point in points:
                for person in roster.everybody(rung, point):
                    found |= {way: one for way, one in self._tries(rung, person).items() if way not in found}
        return list(found.values())

    def _tries(self, rung: str, person: Person) -> dict[tuple[str, str], _Try | Tried]:
        language = person.language or self._site.region.language
        tries: dict[tuple[str, str], _Try | Tried] = {
            (name, address): _Try(rung, person.name, name, address, language)
            for name in ways(person, self._channels)
            for address in self._channels[name].addresses(person)
        }
        if not tries:
            why = Phrase("no channel of this site reaches them: {reach}", reach=", ".join(person.reach))
            tries["", person.id] = Tried(rung=rung, who=person.name, channel="-", ok=False, answer=why)
        return tries

    def _send(self, one: _Try, key: str) -> Tried:
        try:
            answer, ok = self._channels[one.channel].send(self._message(one, key)), True
        except ChannelError as error:
            answer, ok = error.args[0], False
        except Exception as error:  # noqa: BLE001 - a mistake in one channel must not end the test of the others
            answer, ok = Phrase("a mistake in the channel, {error}", error=type(error).__name__), False
        return Tried(rung=one.rung, who=one.who, channel=one.channel, ok=ok, answer=answer)

    def _message(self, one: _Try, key: str) -> Message:
        words, region = Words(one.language, "mail"), self._site.region.region
        subject = words("test.subject", region=region)
        return Message(
            to=one.address,
            subject=subject,
            body=words("test.body", region=region, name=one.who),
            short=gsm7(words("test.short", region=region))[:ONE_PART],
            severity="warning",
            key=f"test/{key}/{one.channel}/{one.address}",
            test=True,
        )
