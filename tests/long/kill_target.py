"""A host of alerts that can be killed at any moment: engine, ladder, queue and a channel that only writes down what it got.

    kill_target.py DIRECTORY SEED [MOMENT PASSED]

It kills itself at a moment of that kind ("sending", "helper" or "journal") when so many have gone by. The story is the seed's. Its clock is kept in a file, so that a new process goes on where the killed one was; what a process
did after it last wrote the clock comes again. Says "done" when the story is over and nothing waits.
"""

import os
import signal
import sys
from pathlib import Path
from random import Random
from typing import Self

import msgspec

from paraat.alerts.channels import Message
from paraat.alerts.dispatch import Dispatcher
from paraat.alerts.helpers.aside import Aside
from paraat.alerts.rules import Judgement, Verdict
from paraat.alerts.watch import Watch
from paraat.domain.facts import Acknowledged, Author, Standing
from paraat.domain.roster import Duty, Person, Roster
from paraat.domain.subjects import Subject
from paraat.domain.telling import Telling
from paraat.journal import Departures, Journal
from paraat.site.site import Site, load_site

T0 = 1764000000.0
STEP_S = 60.0
STEPS = 600  # ten hours
POINTS = ("nsp-0101", "nsp-0102", "nsp-0103")
RUNGS = ("lead", "deputy", "coordination", "region")


FIGURES: dict[str, float | int | str | None] = {"percent": 5.0, "litres": 20.0, "data_t": T0}


class Period(msgspec.Struct, frozen=True):
    """A point is in trouble from step `begins` on, and worse from `worse` on, until `ends`."""

    point: str
    begins: int
    worse: int
    ends: int


def story(seed: int) -> list[Period]:
    """What happens: on each point one trouble after the other, each long enough to be told."""
    lots, found = Random(seed), []
    for point in POINTS:
        step = lots.randrange(10)
        while step < STEPS - 100:
            length = lots.randrange(20, 90)
            found.append(Period(point, step, step + lots.randrange(5, length), step + length))
            step += length + lots.randrange(10, 40)
    return found


class View(msgspec.Struct, frozen=True):
    """How a point stands."""

    subject: Subject
    rank: float | None


class Trouble:
    """Held for two minutes, so that a kill may fall while it is pending."""

    judges = View
    for_role = "lead"

    def hold_of(self, _point: str | None) -> float:
        return 120.0

    def judge(self, view: View) -> Judgement:
        """Judge a point by what the story says of it."""
        verdict = Verdict.CLEAR if view.rank is None else Verdict.RAISE
        return Judgement(verdict=verdict, rank=view.rank or 0.0, wording="level", detail=dict(FIGURES))


class Death:
    """The end of this process, at the moment of a kind when so many of them have gone by."""

    def __init__(self, moment: str, passed: int) -> None:
        self._moment, self._left = moment, passed

    def comes(self, moment: str) -> bool:
        """Whether it is now."""
        if moment != self._moment:
            return False
        self._left -= 1
        return self._left < 0

    def strike(self, moment: str) -> None:
        """End this process, if it is now."""
        if self.comes(moment):
            os.kill(os.getpid(), signal.SIGKILL)


class Paper:
    """A channel that has a helper write each message down, and may be killed before, while and after it does."""

    name = "email"

    def __init__(self, path: Path, death: Death, lots: Random) -> None:
        self._path, self._death, self._lots = path, death, lots
        self._helper = Aside("host.alerts.kill_paper")

    @classmethod
    def from_site(cls, site: Site) -> Self:
        return cls(site.directory / "received.txt", Death("", 0), Random(0))

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        self._death.strike("sending")
        kill = self._lots.choice(("before", "after")) if self._death.comes("helper") else ""
        self._helper.ask({"path": str(self._path), "line": message.key, "kill": kill}, limit_s=60.0)
        self._death.strike("sending")
        return "written"

    def rest(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        self._helper.close()


def roster() -> Roster:
    """One on each rung."""
    people = {name: Person(id=name, name=name, reach={"email": (f"{name}@example.org",)}) for name in RUNGS}
    return Roster(people=people, duties=tuple(Duty(rung=rung, who=(rung,)) for rung in RUNGS))


def main(directory: Path, seed: int, death: Death) -> None:
    """Play the story on from where it is."""
    site = msgspec.structs.replace(load_site(directory), roster=roster(), telling=Telling(flap_within_s=1.0))
    journal = Journal(directory / "journal.sqlite")
    journal._writer.set_trace_callback(lambda _: death.strike("journal"))
    standing = Standing()
    for fact in journal.facts(Acknowledged):
        standing.apply(fact)
    clock = directory / "clock.txt"
    step = int(clock.read_text()) if clock.exists() else 0
    channel = Paper(directory / "received.txt", death, Random(seed + step))
    record = Departures(journal.path)
    record.teach(journal)
    dispatcher = Dispatcher(site, journal, {"email": channel}, acknowledged=standing.acknowledged, record=record)
    watch = Watch(
        {"low_fuel": Trouble()},
        journal,
        roster=site.roster,
        telling=site.telling,
        ways=dispatcher.ways,
        acknowledged=standing.acknowledged,
    )
    dispatcher.begin(T0 + STEP_S * step)
    lots, periods = Random(seed + 1), story(seed)
    answered = {
        n: lots.randrange(30) for n in range(1000)
    }  # by alert the steps until somebody acknowledges; most never in time
    while step < STEPS or journal.due_deliveries("email"):
        now = T0 + STEP_S * step
        ranks = {p.point: float(step >= p.worse) for p in periods if p.begins <= step < p.ends}
        views = [View(Subject("point", point), ranks.get(point)) for point in POINTS]
        watch.step(now, views, expected={"point": POINTS}, holds={})
        dispatcher.note(watch.engine.active())
        for alert in watch.engine.active():
            if (
                alert.id
                and alert.fired_at == now - STEP_S * answered[alert.id]
                and standing.acknowledged(alert.id) is None
            ):
                author = Author(name="Anna", way="page")
                standing.apply(journal.record(Acknowledged(alert=alert.id), author, t=now, now=now))
        while dispatcher.send_next("email", now):
            pass
        step += 1
        new = clock.with_suffix(".new")
        new.write_text(str(step))
        new.replace(clock)
    channel.close()
    print("done", flush=True)


if __name__ == "__main__":
    where, number, kind, gone_by = [*sys.argv[1:], "", "0"][:4]
    main(Path(where), int(number), Death(kind, int(gone_by)))
