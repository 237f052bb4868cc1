"""Signs of life of the hosts that we watch."""

from paraat.domain.neighbours import Neighbour, Neighbours
from paraat.domain.subjects import NEIGHBOUR, Subject


def test_each_is_watched_from_the_beginning_and_heard_by_its_own_name() -> None:
    found = Neighbours(("noord", "zuid"), since=100.0)
    found.heard("noord", 150.0)
    found.heard("oost", 160.0)  # whom we do not watch
    found.heard(None, 170.0)
    assert found.views(200.0) == [
        Neighbour(name="noord", now=200.0, watched_since=100.0, heard_at=150.0),
        Neighbour(name="zuid", now=200.0, watched_since=100.0),
    ]
    assert found.views(200.0)[0].subject == Subject(NEIGHBOUR, "noord")


def test_after_our_own_broker_was_away_we_listen_anew_and_remember_who_spoke() -> None:
    found = Neighbours(("noord",), since=100.0)
    found.heard("noord", 150.0)
    found.began(300.0)
    assert found.views(301.0) == [Neighbour(name="noord", now=301.0, watched_since=300.0, heard_at=150.0)]
