"""A host that we watch falls silent."""

import msgspec

from paraat.alerts.rules import Verdict
from paraat.alerts.rules.neighbour_silent import NeighbourSilentRule
from paraat.domain.neighbours import Neighbour, Neighbours
from paraat.domain.thresholds import Alerts, NeighbourSilent

T0 = 1764000000.0


def verdict(heard_ago: float | None, since_ago: float, alerts: Alerts | None = None) -> Verdict:
    heard_at = None if heard_ago is None else T0 - heard_ago
    view = Neighbour(name="regio-noord", now=T0, watched_since=T0 - since_ago, heard_at=heard_at)
    return NeighbourSilentRule(alerts or Alerts()).judge(view).verdict


def test_silence_raises_and_a_sign_clears() -> None:
    assert verdict(301, 9000) is Verdict.RAISE
    assert verdict(300, 9000) is Verdict.CLEAR
    assert verdict(0, 9000) is Verdict.CLEAR


def test_one_that_was_never_heard_gets_its_time_and_then_raises() -> None:
    assert verdict(None, 300) is Verdict.HOLD
    assert verdict(None, 301) is Verdict.RAISE


def test_while_we_could_not_listen_nobody_was_silent() -> None:
    assert verdict(5000, 100) is Verdict.HOLD, "silence clears nothing, and raises nothing that could not be heard"


def test_the_threshold_is_the_sites() -> None:
    alerts = msgspec.structs.replace(Alerts(), neighbour_silent=NeighbourSilent(after_s=60.0, hold_s=5.0))
    assert verdict(61, 9000, alerts) is Verdict.RAISE
    assert NeighbourSilentRule(alerts).hold_s == 5.0
    judged = NeighbourSilentRule(alerts).judge(
        Neighbour(name="regio-noord", now=T0, watched_since=0.0, heard_at=T0 - 61)
    )
    assert (judged.severity, judged.wording) == ("critical", "firing")
    never = Neighbour(name="regio-noord", now=T0, watched_since=T0 - 600)
    assert NeighbourSilentRule(Alerts()).judge(never).wording == "never"
    assert judged.detail == {"host": "regio-noord", "heard_at": T0 - 61}
    heard = NeighbourSilentRule(alerts).judge(
        Neighbour(name="regio-noord", now=T0, watched_since=0.0, heard_at=T0 - 60)
    )
    assert heard.detail == {"host": "regio-noord", "heard_at": T0 - 60}, "also what says that it is over"


def test_who_is_heard() -> None:
    neighbours = Neighbours(["regio-noord", "regio-oost"], T0)
    neighbours.heard("regio-noord", T0 + 60)
    neighbours.heard("regio-west", T0 + 60)  # nobody asked us to watch it
    neighbours.heard(None, T0 + 60)
    neighbours.began(T0 + 70)
    assert [(view.name, view.heard_at, view.watched_since) for view in neighbours.views(T0 + 90)] == [
        ("regio-noord", T0 + 60, T0 + 70),
        ("regio-oost", None, T0 + 70),
    ]
