"""What is shown is ready: asking costs no look at thousands of points, and misses nothing that somebody said."""

import random
import threading
from collections.abc import Iterable

import msgspec
import pytest

from host.web.scene import NOW, left, point
from paraat.domain.activation import Activation, Phase
from paraat.domain.model import PointView
from paraat.domain.readiness import Verdict
from paraat.web import ready
from paraat.web.ready import NotJudgedError, Ready
from paraat.web.roll import Roll
from waiting import LIMIT_S

IDS = ["nsp-1", "nsp-2", "nsp-3"]


class Looking:
    """Who looks at points, and at which."""

    def __init__(self) -> None:
        self.at: list[str] = []
        self.missing = 0

    def __call__(self, asked: Iterable[str]) -> list[PointView]:
        found = list(asked)
        self.at += found
        return [point(one, missing=self.missing) for one in found]


@pytest.fixture
def looking() -> Looking:
    return Looking()


@pytest.fixture
def many(looking: Looking, monkeypatch: pytest.MonkeyPatch) -> Ready:
    """Three points that are as many as a country's."""
    monkeypatch.setattr(ready, "AT_ONCE", 2)
    monkeypatch.setattr(ready, "_REMADE_S", 0.0)
    return Ready(IDS, looking, lambda: NOW)


def test_few_points_are_looked_at_when_somebody_asks(looking: Looking) -> None:
    few = Ready(IDS, looking, lambda: NOW)
    assert list(few.stand().views) == IDS
    looking.missing = 3
    assert few.stand().views["nsp-2"].missing == 3


def test_many_points_are_shown_as_the_judging_saw_them(many: Ready, looking: Looking) -> None:
    assert (many.stand().views, many.stand().waiting) == ({}, 3)
    many.take([point("nsp-1"), point("nsp-2")])
    assert (sorted(many.stand().views), many.stand().waiting) == (["nsp-1", "nsp-2"], 1)
    many.take([point("nsp-3")])
    stand = many.stand()
    assert stand.waiting == 0
    assert many.stand() is stand
    many.take([point("nsp-3", missing=2)])
    assert many.stand().views["nsp-3"].missing == 2
    assert stand.views["nsp-3"].missing == 0
    assert looking.at == []


def test_who_said_something_finds_it_told(many: Ready, looking: Looking) -> None:
    many.take([point(one) for one in IDS])
    many.stand()
    looking.missing = 7
    many.said("nsp-2")
    assert [view.missing for view in many.stand().views.values()] == [0, 7, 0]
    assert looking.at == ["nsp-2"]
    many.stand()
    assert looking.at == ["nsp-2"]


def test_many_points_are_not_told_anew_for_each_that_changes(looking: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "AT_ONCE", 2)
    monkeypatch.setattr(ready, "_REMADE_S", LIMIT_S)
    many = Ready(IDS, looking, lambda: NOW)
    stand = many.stand()
    many.take([point("nsp-1")])
    assert many.stand() is stand
    many.mark()
    assert many.stand() is not stand


def test_a_look_that_fails_is_taken_again(many: Ready, looking: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    many.take([point(one) for one in IDS])
    many.stand()
    many.said("nsp-1")
    monkeypatch.setattr(many, "_look", lambda _asked: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        many.stand()
    monkeypatch.setattr(many, "_look", looking)
    many.stand()
    assert looking.at == ["nsp-1"]


def test_who_asks_while_it_is_made_gets_the_one_before(
    many: Ready, looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.take([point(one) for one in IDS])
    before, begun, go_on = many.stand(), threading.Event(), threading.Event()

    def slowly(asked: Iterable[str]) -> list[PointView]:
        begun.set()
        assert go_on.wait(LIMIT_S)
        return looking(asked)

    monkeypatch.setattr(many, "_look", slowly)
    many.said("nsp-1")
    maker = threading.Thread(target=many.stand)
    maker.start()
    assert begun.wait(LIMIT_S)
    assert many.stand() is before
    go_on.set()
    maker.join(LIMIT_S)
    assert many.stand() is not before


def test_points_that_nobody_judges_any_more_are_not_shown(many: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    many.take([point(one) for one in IDS])
    many.stand()
    monkeypatch.setattr(ready, "_HUNG_S", -1.0)
    with pytest.raises(NotJudgedError):
        many.stand()
    monkeypatch.setattr(ready, "_HUNG_S", LIMIT_S)
    many.take([])  # judged, and nothing was new
    assert many.stand().waiting == 0


def test_a_roll_that_is_kept_says_what_a_new_one_says() -> None:
    chance, kept = random.Random(5), Roll()
    views = {f"p-{n}": point(f"p-{n}") for n in range(30)}
    for _ in range(40):
        for one in chance.sample(sorted(views), 6):
            views[one] = msgspec.structs.replace(
                views[one],
                verdict=chance.choice(list(Verdict)),
                autonomy=chance.choice([None, left(chance.uniform(1, 90))]),
                activation=Activation(phase=chance.choice(list(Phase)), late=chance.random() < 0.1),
            )
        views.pop(chance.choice(sorted(views)), None)
        new = f"p-{chance.randrange(40)}"
        views[new] = point(new, name=f"{chance.random()}")
        anew = Roll()
        kept.call(views, {})
        anew.call(views, {})
        assert kept.points == anew.points
        assert kept.counts() == anew.counts()
