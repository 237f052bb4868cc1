"""A replay: what failed then fails again, and no more often. That all of it comes out the same is asked by `make long` (tests/long)."""

from typing import Any

import msgspec
import pytest

from paraat.alerts.channels import ChannelError, Message, RefusedError
from paraat.alerts.replay import _AsItWas, note_use
from paraat.domain.activation import Activation, Phase
from paraat.domain.facts import Author, CameBack, Fact
from paraat.domain.model import PointView
from paraat.domain.roster import Person
from paraat.domain.subjects import Subject
from paraat.journal.alerts import Attempt
from tracker_bench import POINT, T0, Bench

HOST = Author(name="", role="", way="host")


class Tried:
    """What a journal knows of tries. attempts: by delivery."""

    def __init__(self, **back: float) -> None:
        self.tried: dict[int, list[Attempt]] = {}
        self._back = back

    def attempts(self, delivery: int) -> list[Attempt]:
        return self.tried.get(delivery, [])

    def facts(self, kind: type) -> list[Fact]:
        assert kind is CameBack
        return [
            Fact(
                id=n,
                after=0,
                t=t,
                recorded_at=t,
                author=HOST,
                told=CameBack(
                    message=key.replace("_", "/"), alerts=(1,), person="cp", channel="email", address="a", why="5.1.1"
                ),
            )
            for n, (key, t) in enumerate(self._back.items(), 1)
        ]

    def add(self, ok: bool, at: float, *deliveries: int) -> None:
        for delivery in deliveries:
            self.tried.setdefault(delivery, []).append(Attempt(at=at, ok=ok, error=None if ok else f"away at {at}"))


class Way:
    """A channel that takes everything."""

    name = "email"

    def __init__(self) -> None:
        self.got: list[str] = []
        self.told: list[str] = []

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        self.got.append(message.key)
        return "kept"

    def rest(self) -> None:
        self.told.append("rest")

    def close(self) -> None:
        self.told.append("close")


def a_message(key: str) -> Message:
    return Message(to="a", subject="", body="", short="", severity="warning", key=key)


def as_it_was(live: Tried, into: Tried) -> tuple[Any, Way]:
    way = Way()
    return _AsItWas(way, live, into), way  # type: ignore[arg-type]


def test_a_delivery_fails_as_often_as_it_did_whatever_stood_behind_it_in_the_list() -> None:
    live, into = Tried(), Tried()
    live.add(False, 1.0, 7, 9)  # 9 stood behind it, and was overtaken
    live.add(False, 2.0, 7)
    live.add(True, 3.0, 7)
    channel, way = as_it_was(live, into)
    for at, key in ((1.0, "digest/cp/email/9/0"), (2.0, "digest/cp/email/7/3")):
        with pytest.raises(ChannelError, match=rf"^away at {at}$") as caught:
            channel.send(a_message(key))
        assert not isinstance(caught.value, RefusedError)
        into.add(False, at, *((7, 9) if at == 1.0 else (7,)))
    assert channel.send(a_message("digest/cp/email/7/4")) == "kept"
    assert channel.send(a_message("1/firing/cp/email/8")) == "kept", "of what was never tried it is taken"
    assert way.got == ["digest/cp/email/7/4", "1/firing/cp/email/8"]


def test_what_a_server_refused_at_once_is_refused_again() -> None:
    live = Tried(**{"1_firing_cp_email_7": 1.0})
    live.add(False, 1.0, 7)
    live.add(False, 2.0, 7)
    into = Tried()
    channel, _ = as_it_was(live, into)
    with pytest.raises(RefusedError, match=r"^away at 1.0$") as caught:
        channel.send(a_message("1/firing/cp/email/7"))
    assert caught.value.words == "", "that it came back is a fact of its own"
    into.add(False, 1.0, 7)
    with pytest.raises(ChannelError) as again:
        channel.send(a_message("1/firing/cp/email/7"))
    assert not isinstance(again.value, RefusedError), "at another moment"


def test_else_it_is_the_channel_that_there_is() -> None:
    channel, way = as_it_was(Tried(), Tried())
    channel.rest()
    channel.close()
    assert (channel.name, way.told) == ("email", ["rest", "close"])
    assert channel.addresses(Person(id="a", name="a", reach={"email": ("a@b.nl",)})) == ("a@b.nl",)
    assert list(_AsItWas.from_site(None)) == []  # type: ignore[arg-type]


def test_of_a_point_that_is_not_in_use_it_is_known_why_until_it_is() -> None:
    not_used: dict[Subject, str] = {}

    def seen(phase: Phase) -> PointView:
        return msgspec.structs.replace(Bench().view(T0), activation=Activation(phase=phase))

    subject = Subject("point", POINT.id)
    note_use([seen(Phase.BUILDING)], not_used)
    assert not_used == {subject: "building"}
    note_use([seen(Phase.OUT_OF_USE)], not_used)
    assert not_used == {subject: "out-of-use"}
    note_use([], not_used)
    assert subject in not_used
    note_use([seen(Phase.STANDBY)], not_used)
    assert not_used == {}
